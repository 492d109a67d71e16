//! Whether a polygon is one that a solid can be made from.

type Point = [f32; 2];

/// Twice the signed area of a triangle, in double precision so that nearly parallel edges count.
fn orient(a: Point, b: Point, c: Point) -> f64 {
    let [ax, ay] = a.map(f64::from);
    let [bx, by] = b.map(f64::from);
    let [cx, cy] = c.map(f64::from);
    (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
}

fn within(a: Point, b: Point, p: Point) -> bool {
    (0..2).all(|i| p[i] >= a[i].min(b[i]) && p[i] <= a[i].max(b[i]))
}

fn touch(a: Point, b: Point, c: Point, d: Point) -> bool {
    let [o1, o2, o3, o4] = [orient(a, b, c), orient(a, b, d), orient(c, d, a), orient(c, d, b)];
    if (o1 > 0.0) != (o2 > 0.0)
        && (o3 > 0.0) != (o4 > 0.0)
        && o1 != 0.0
        && o2 != 0.0
        && o3 != 0.0
        && o4 != 0.0
    {
        return true;
    }
    (o1 == 0.0 && within(a, b, c))
        || (o2 == 0.0 && within(a, b, d))
        || (o3 == 0.0 && within(c, d, a))
        || (o4 == 0.0 && within(c, d, b))
}

/// The first thing wrong with the polygon: `(index of the point, what)`.
pub(super) fn fault(points: &[Point]) -> Option<(usize, String)> {
    let n = points.len();
    for i in 0..n {
        if points[i] == points[(i + 1) % n] {
            return Some((i, format!("points {i} and {} are the same", (i + 1) % n)));
        }
    }
    for i in 0..n {
        let (a, b) = (points[i], points[(i + 1) % n]);
        let next = points[(i + 2) % n];
        if orient(a, b, next) == 0.0 && within(a, b, next) {
            return Some((i, format!("the edge from point {i} is folded back by the next edge")));
        }
        for j in i + 2..n {
            if (j + 1) % n != i && touch(a, b, points[j], points[(j + 1) % n]) {
                return Some((
                    i,
                    format!("the edges from points {i} and {j} cross or touch: the polygon crosses itself"),
                ));
            }
        }
    }
    let area: f64 = (0..n).map(|i| orient([0.0; 2], points[i], points[(i + 1) % n])).sum();
    (area.abs() < 1e-12).then(|| (0, "the polygon has no area".to_owned()))
}
