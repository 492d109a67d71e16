//! What the samples of one brick tell about it.

use gve_assets::BRICK_SAMPLES;
use gve_sdf::math::{max, min};

/// Samples along one side of a brick.
pub(super) const SIDE: usize = BRICK_SAMPLES as usize;
/// Samples in a brick.
pub(super) const SAMPLES: usize = SIDE * SIDE * SIDE;

/// The distances of a brick in metres, x fastest.
pub(super) type Samples = [f32; SAMPLES];
type Row = [f32; SIDE];

/// What a brick's samples tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// Whether there are samples on both sides of the surface.
    pub(super) crosses: bool,
    /// Whether the first sample is inside.
    pub(super) inside: bool,
    /// The smallest and the largest distance, signs left out.
    pub(super) nearest: f32,
    pub(super) largest: f32,
    /// The largest distance.
    pub(super) highest: f32,
    /// The smallest distance of each octant, signs left out; octant x + 2 y + 4 z. The middle samples
    /// belong to both sides.
    pub(super) octants: [f32; 8],
    /// The steepest that the interpolated distance gets, per metre.
    pub(super) slope: f32,
    /// How far a sample near the surface lies below and above the middle of its neighbours, in metres: what
    /// straight lines between the samples may miss, twice over.
    pub(super) convex: f32,
    pub(super) concave: f32,
}

impl Look {
    /// Looks at a brick with cells of `cell` metres.
    pub(super) fn at(samples: &Samples, cell: f32) -> Self {
        let (rows, _) = samples.as_chunks::<SIDE>();
        let (mut low, mut high) = ([f32::INFINITY; SIDE], [f32::NEG_INFINITY; SIDE]);
        let mut steepest = [0.0; SIDE];
        let mut quarters = [[f32::INFINITY; SIDE]; 4];
        for (index, row) in rows.iter().enumerate() {
            let (y, z) = (index % SIDE, index / SIDE);
            fold(&mut low, row, min);
            fold(&mut high, row, max);
            let distance = row.map(f32::abs);
            let halves = |i: usize| usize::from(i > SIDE / 2)..2 - usize::from(i + 1 < SIDE / 2);
            for half_z in halves(z) {
                for half_y in halves(y) {
                    fold(&mut quarters[half_y + 2 * half_z], &distance, min);
                }
            }
            let along_y = [y.checked_sub(1).map(|_| index - 1), (y + 1 < SIDE).then_some(index + 1)];
            let along_z = [z.checked_sub(1).map(|_| index - SIDE), (z + 1 < SIDE).then_some(index + SIDE)];
            let [left, right] = beside(row);
            let mut squares = [0.0; SIDE];
            add_square(&mut squares, row, [&left, &right]);
            for neighbours in [along_y, along_z] {
                add_square(&mut squares, row, neighbours.map(|at| at.map_or(row, |at| &rows[at])));
            }
            fold(&mut steepest, &squares, max);
        }
        let slope = steepest.into_iter().fold(0.0, max).sqrt() / cell;
        let (low, high) =
            (low.into_iter().fold(f32::INFINITY, min), high.into_iter().fold(f32::NEG_INFINITY, max));
        let octant = |i: usize| {
            let row = &quarters[i >> 1];
            let half = if i & 1 == 0 { &row[..=SIDE / 2] } else { &row[SIDE / 2 - 1..] };
            half.iter().copied().fold(f32::INFINITY, min)
        };
        let octants = std::array::from_fn(octant);
        let nearest = octants.into_iter().fold(f32::INFINITY, min);
        let near = cell * slope;
        let [convex, concave] = if nearest <= near { kinks(rows, near) } else { [0.0; 2] };
        Self {
            crosses: low < 0.0 && high >= 0.0,
            inside: samples[0] < 0.0,
            nearest,
            largest: max(high, -low),
            highest: high,
            octants,
            slope,
            convex,
            concave,
        }
    }
}

fn fold(into: &mut Row, row: &Row, f: impl Fn(f32, f32) -> f32) {
    for (into, &value) in into.iter_mut().zip(row) {
        *into = f(*into, value);
    }
}

/// Each sample's neighbours along x; the row's ends stand beside themselves.
fn beside(row: &Row) -> [Row; 2] {
    let (mut left, mut right) = (*row, *row);
    left[1..].copy_from_slice(&row[..SIDE - 1]);
    right[..SIDE - 1].copy_from_slice(&row[1..]);
    [left, right]
}

/// Adds the square of the larger step to one of the neighbours.
///
/// Along one axis the slope of a trilinear cell is that of its edges, and at a corner of the cell all three
/// are those of the corner's own edges. In between, the square of the slope is convex along each axis, so that
/// it is largest at a corner.
fn add_square(squares: &mut Row, row: &Row, [a, b]: [&Row; 2]) {
    for i in 0..SIDE {
        let step = max((a[i] - row[i]).abs(), (b[i] - row[i]).abs());
        squares[i] += step * step;
    }
}

/// The largest kinks, convex and concave, at samples that are at most `near` from the surface. The samples
/// on the brick's sides have no neighbours beyond; along the side they count.
fn kinks(rows: &[Row], near: f32) -> [f32; 2] {
    let (mut convex, mut concave) = ([0.0; SIDE], [0.0; SIDE]);
    for (index, row) in rows.iter().enumerate() {
        if row.iter().fold(f32::INFINITY, |low, d| min(low, d.abs())) > near {
            continue;
        }
        let (y, z) = (index % SIDE, index / SIDE);
        let mut widen = |a: &Row, b: &Row| {
            for i in 0..SIDE {
                let kink = if row[i].abs() <= near { a[i] + b[i] - 2.0 * row[i] } else { 0.0 };
                convex[i] = max(convex[i], kink);
                concave[i] = max(concave[i], -kink);
            }
        };
        let [mut left, mut right] = beside(row);
        // Straight on beyond the ends.
        left[0] = 2.0 * row[0] - row[1];
        right[SIDE - 1] = 2.0 * row[SIDE - 1] - row[SIDE - 2];
        widen(&left, &right);
        if (1..SIDE - 1).contains(&y) {
            widen(&rows[index - 1], &rows[index + 1]);
        }
        if (1..SIDE - 1).contains(&z) {
            widen(&rows[index - SIDE], &rows[index + SIDE]);
        }
    }
    [convex, concave].map(|kinks| kinks.into_iter().fold(0.0, max))
}

/// The trilinear distance at a point in cells from the brick's smallest corner, 0 to 7 each.
pub(super) fn interpolate(samples: &Samples, local: [f32; 3]) -> f32 {
    let low = local.map(|x| (x.max(0.0) as usize).min(SIDE - 2));
    let t: [f32; 3] = std::array::from_fn(|axis| local[axis] - low[axis] as f32);
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let at = |y: usize, z: usize| {
        let row = (low[2] + z) * SIDE * SIDE + (low[1] + y) * SIDE + low[0];
        mix(samples[row], samples[row + 1], t[0])
    };
    mix(mix(at(0, 0), at(1, 0), t[1]), mix(at(0, 1), at(1, 1), t[1]), t[2])
}

#[cfg(test)]
mod tests {
    use glam::Vec3;

    use super::*;

    fn sampled(f: impl Fn(Vec3) -> f32) -> Samples {
        std::array::from_fn(|i| f(Vec3::from([i % SIDE, i / SIDE % SIDE, i / SIDE / SIDE].map(|c| c as f32))))
    }

    #[test]
    fn a_plane_is_as_steep_as_it_is_and_has_no_kinks() {
        let normal = Vec3::new(0.6, 0.48, 0.64);
        let look = Look::at(&sampled(|p| 0.5 * (p.dot(normal) - 4.0)), 0.5);
        assert!((look.slope - 1.0).abs() < 1e-5, "{}", look.slope);
        assert!(look.crosses && look.inside);
        assert!(look.convex.max(look.concave) < 1e-5);
        assert!(look.nearest < 0.1 && (look.largest - 0.5 * (7.0 * 1.72 - 4.0)).abs() < 1e-5);
    }

    #[test]
    fn the_slope_bounds_the_interpolated_field() {
        let samples = sampled(|p| (p - Vec3::new(3.2, 2.9, 4.4)).length() - 0.3);
        let bound = Look::at(&samples, 1.0).slope;
        let mut steepest = 0.0f32;
        for i in 0..40_000u32 {
            let p = [0.754_877_7f32, 0.569_840_3, 0.362_4].map(|k| 6.99 * (i as f32 * k).fract());
            let slope: f32 = (0..3)
                .map(|axis| {
                    let (mut a, mut b) = (p, p);
                    // Within the cell, in which the field is linear along each axis.
                    (a[axis], b[axis]) = (p[axis].floor(), p[axis].floor() + 0.999);
                    ((interpolate(&samples, b) - interpolate(&samples, a)) / 0.999).powi(2)
                })
                .sum();
            steepest = steepest.max(slope.sqrt());
        }
        assert!(steepest <= bound * 1.001 && steepest > 0.85 * bound, "{steepest} within {bound}");
    }

    #[test]
    fn thin_sheets_and_gaps_are_kinks_and_octants_are_told_apart() {
        let sheet = Look::at(&sampled(|p| (p.y - 2.3).abs() - 0.01), 1.0);
        assert!(!sheet.crosses && sheet.convex > 1.0 && sheet.concave < 1e-5, "{sheet:?}");
        let gap = Look::at(&sampled(|p| 0.01 - (p.y - 2.3).abs()), 1.0);
        assert!(gap.inside && gap.concave > 1.0 && gap.convex < 1e-5, "{gap:?}");
        let [low, high] = [sheet.octants[0], sheet.octants[2]];
        assert!((low - 0.29).abs() < 1e-5 && (high - 0.69).abs() < 1e-5, "{:?}", sheet.octants);
    }
}
