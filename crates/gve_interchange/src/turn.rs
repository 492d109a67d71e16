//! Turning splats: quaternions, half turns, and what a turn does to spherical harmonics.

/// Product of two quaternions x, y, z, w: the turn `b`, then the turn `a`.
pub(crate) fn times(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
    let ([ax, ay, az, aw], [bx, by, bz, bw]) = (a, b);
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

/// A vector turned by a unit quaternion.
pub(crate) fn rotate([x, y, z, w]: [f32; 4], v: [f32; 3]) -> [f32; 3] {
    let cross = |a: [f32; 3], b: [f32; 3]| {
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    };
    let axis = [x, y, z];
    let t = cross(axis, v).map(|c| 2.0 * c);
    let u = cross(axis, t);
    std::array::from_fn(|i| v[i] + w * t[i] + u[i])
}

/// The quaternion with length 1; 0 and what is not finite stay what they are.
pub(crate) fn normalized(q: [f32; 4]) -> [f32; 4] {
    // In double precision, so that no length is 0 or infinite that need not be.
    let wide = q.map(f64::from);
    let length = wide.iter().map(|c| c * c).sum::<f64>().sqrt();
    if length > 0.0 && length.is_finite() { wide.map(|c| (c / length) as f32) } else { q }
}

/// What a half turn about x multiplies the coefficients of degree 1 to 3 with: y and z become -y and -z.
const HALF_TURN_X: [f32; 15] =
    [-1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0];

/// A half turn about x of a position or direction.
pub(crate) fn half_turn_position([x, y, z]: [f32; 3]) -> [f32; 3] {
    [x, -y, -z]
}

/// A half turn about x of a splat's rotation. The splat's own axes turn as well, which changes nothing: it is
/// the same the other way round.
pub(crate) fn half_turn_rotation([x, y, z, w]: [f32; 4]) -> [f32; 4] {
    [x, -y, -z, w]
}

/// A half turn about x of the coefficients of one splat from degree 1 on.
pub(crate) fn half_turn_harmonics(coefficients: &mut [[f32; 3]]) {
    for (coefficient, sign) in coefficients.iter_mut().zip(HALF_TURN_X) {
        *coefficient = coefficient.map(|c| c * sign);
    }
}

/// What a turn does to spherical harmonics: for each degree from 1 on a square matrix.
#[derive(Debug, Clone)]
pub(crate) struct HarmonicTurn {
    bands: [Vec<Vec<f64>>; 3],
}

impl HarmonicTurn {
    /// Of a turn by a unit quaternion.
    ///
    /// The turned function has in direction d the value that the old one has in the direction that is turned
    /// into d. So many directions as there are coefficients fix the matrix.
    pub(crate) fn new([x, y, z, w]: [f32; 4]) -> Self {
        let back = |d: [f64; 3]| rotate([-x, -y, -z, w], d.map(|c| c as f32)).map(f64::from);
        let bands = [1, 2, 3].map(|degree| {
            let directions = directions(degree);
            let here = directions.iter().map(|d| basis(degree, *d)).collect();
            let there = directions.iter().map(|d| basis(degree, back(*d))).collect();
            solve(here, there)
        });
        Self { bands }
    }

    /// Turns the coefficients of one splat from degree 1 on.
    pub(crate) fn apply(&self, coefficients: &mut [[f32; 3]]) {
        let mut rest = coefficients;
        for band in &self.bands {
            let Some((now, later)) = rest.split_at_mut_checked(band.len()) else { return };
            let before = now.to_vec();
            for (out, row) in now.iter_mut().zip(band) {
                *out = std::array::from_fn(|channel| {
                    row.iter().zip(&before).map(|(m, c)| m * f64::from(c[channel])).sum::<f64>() as f32
                });
            }
            rest = later;
        }
    }
}

/// Directions in which the harmonics of a degree are far from depending on each other.
fn directions(degree: usize) -> Vec<[f64; 3]> {
    let count = 2 * degree + 1;
    (0..count)
        .map(|i| {
            // A spiral over one half of the sphere: opposite directions say the same.
            let z = (i as f64 + 0.5) / count as f64;
            let angle = 2.399_963 * i as f64;
            let r = (1.0 - z * z).sqrt();
            [r * angle.cos(), r * angle.sin(), z]
        })
        .collect()
}

/// The real spherical harmonics of one degree, order -degree to degree, with the Condon-Shortley phase.
fn basis(degree: usize, [x, y, z]: [f64; 3]) -> Vec<f64> {
    let (xx, yy, zz) = (x * x, y * y, z * z);
    match degree {
        1 => [-y, z, -x].map(|b| 0.488_602_511_902_919_9 * b).to_vec(),
        2 => vec![
            1.092_548_430_592_079 * x * y,
            -1.092_548_430_592_079 * y * z,
            0.315_391_565_252_520 * (2.0 * zz - xx - yy),
            -1.092_548_430_592_079 * x * z,
            0.546_274_215_296_039_5 * (xx - yy),
        ],
        _ => vec![
            -0.590_043_589_926_643_5 * y * (3.0 * xx - yy),
            2.890_611_442_640_554 * x * y * z,
            -0.457_045_799_464_465_7 * y * (4.0 * zz - xx - yy),
            0.373_176_332_590_115_4 * z * (2.0 * zz - 3.0 * xx - 3.0 * yy),
            -0.457_045_799_464_465_7 * x * (4.0 * zz - xx - yy),
            1.445_305_721_320_277 * z * (xx - yy),
            -0.590_043_589_926_643_5 * x * (xx - 3.0 * yy),
        ],
    }
}

/// The matrix m with `a m = b`, by elimination.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = a.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs()));
        let pivot = pivot.unwrap_or(column);
        a.swap(column, pivot);
        b.swap(column, pivot);
        let scale = 1.0 / a[column][column];
        a[column].iter_mut().chain(&mut b[column]).for_each(|c| *c *= scale);
        let (row_a, row_b) = (a[column].clone(), b[column].clone());
        for row in (0..n).filter(|&row| row != column) {
            let factor = a[row][column];
            a[row].iter_mut().zip(&row_a).for_each(|(c, p)| *c -= factor * p);
            b[row].iter_mut().zip(&row_b).for_each(|(c, p)| *c -= factor * p);
        }
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn color(coefficients: &[[f32; 3]], d: [f64; 3]) -> f64 {
        let basis: Vec<f64> = [1, 2, 3].into_iter().flat_map(|degree| basis(degree, d)).collect();
        coefficients.iter().zip(basis).map(|(c, b)| f64::from(c[0]) * b).sum()
    }

    fn coefficients() -> Vec<[f32; 3]> {
        (0..15).map(|i| [0.1 + 0.07 * i as f32 * (-1f32).powi(i), 0.0, 1.0]).collect()
    }

    #[test]
    fn turned_harmonics_look_the_same_from_turned_directions() {
        let q = normalized([0.3, -0.5, 0.2, 0.7]);
        let before = coefficients();
        let mut after = before.clone();
        HarmonicTurn::new(q).apply(&mut after);
        for d in directions(3).into_iter().chain([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]) {
            let turned = rotate(q, d.map(|c| c as f32)).map(f64::from);
            assert!((color(&after, turned) - color(&before, d)).abs() < 1e-5, "{d:?}");
        }
    }

    #[test]
    fn the_half_turn_is_a_turn() {
        let mut signs = coefficients();
        let mut turned = signs.clone();
        half_turn_harmonics(&mut signs);
        HarmonicTurn::new([1.0, 0.0, 0.0, 0.0]).apply(&mut turned);
        for (a, b) in signs.iter().zip(&turned) {
            assert!((0..3).all(|i| (a[i] - b[i]).abs() < 1e-5), "{a:?} {b:?}");
        }
        // The splat's long axis goes where its points go.
        let q = normalized([0.3, -0.5, 0.2, 0.7]);
        let long = half_turn_position(rotate(q, [1.0, 0.0, 0.0]));
        let turned = rotate(half_turn_rotation(q), [1.0, 0.0, 0.0]);
        assert!((0..3).all(|i| (long[i] - turned[i]).abs() < 1e-6));
    }

    #[test]
    fn products_turn_twice() {
        let (a, b) = (normalized([0.1, 0.2, -0.3, 0.9]), normalized([-0.6, 0.1, 0.2, 0.5]));
        let v = [0.3, -1.0, 2.0];
        let (once, twice) = (rotate(times(a, b), v), rotate(a, rotate(b, v)));
        assert!((0..3).all(|i| (once[i] - twice[i]).abs() < 1e-5));
        assert_eq!(normalized([0.0; 4]), [0.0; 4]);
    }
}
