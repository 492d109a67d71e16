//! The gaussian of a surface point: it stands for the point's cell of the lattice.
//!
//! The cell is a parallelogram in the tangent plane. Four probes look at the field one lattice step
//! away. Where the surface has turned by then (a crease), the cell is cut at the crease or drawn out
//! to it; where the neighbour belongs to another patch, the cell is drawn out half a step. Mean and
//! covariance of the cell are those of its gaussian.

use glam::{Mat2, Mat3, Quat, Vec2, Vec3, Vec4, Vec4Swizzles as _};

use super::sample::{DOMINANCE, Surfel};

/// Standard deviation of a gaussian over the side of its cell.
pub(super) const SIGMA_PER_CELL: f32 = 0.61;
/// Thickness across the surface over the spacing of the lattice.
const THICKNESS: f32 = 0.02;
/// Cosine of the turn between neighbours that counts as a crease.
const CREASE_COS: f32 = 0.90;
/// Smallest extent of a cut cell, in cells.
const MIN_EXTENT: f32 = 0.12;

/// The lattice steps in the tangent plane of a surfel.
pub(super) fn tangents(surfel: &Surfel, spacing: f32) -> [Vec3; 2] {
    let (a, b, c) = (surfel.axis, (surfel.axis + 1) % 3, (surfel.axis + 2) % 3);
    let n = surfel.normal;
    [b, c].map(|step| {
        let mut t = Vec3::ZERO;
        t[step] = spacing;
        // The dominant component is never near zero.
        t[a] = -n[step] / n[a] * spacing;
        t
    })
}

/// The four points that are looked at: one step along each tangent, both ways.
pub(super) fn probes(surfel: &Surfel, tangents: [Vec3; 2]) -> [Vec3; 4] {
    let [u, v] = tangents;
    [surfel.position + u, surfel.position - u, surfel.position + v, surfel.position - v]
}

/// Centre, standard deviations and axes of a gaussian.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gaussian {
    pub(super) position: Vec3,
    pub(super) scale: Vec3,
    pub(super) rotation: Quat,
}

/// The gaussian of a surfel, given gradient and distance at its [`probes`].
pub(super) fn gaussian(surfel: &Surfel, tangents: [Vec3; 2], probed: &[Vec4], spacing: f32) -> Gaussian {
    let mut reach = [0.5f32; 4];
    let mut cuts = [(0.0f32, Vec2::ZERO); 4];
    let mut cut_count = 0;
    for (side, &value) in probed.iter().enumerate() {
        let gradient = value.xyz();
        let along = gradient.dot(surfel.normal);
        if along > 0.0 && along * along >= CREASE_COS * CREASE_COS * gradient.length_squared() {
            if gradient[surfel.axis].abs() < DOMINANCE * gradient.abs().max_element() {
                reach[side] = 0.9;
            }
            continue;
        }
        let sign = if side % 2 == 0 { 1.0 } else { -1.0 };
        let step = tangents[side / 2] * sign;
        // The surface beyond the crease, as a linear function of lattice steps from the surfel.
        let slope = Vec2::new(gradient.dot(tangents[0]), gradient.dot(tangents[1]));
        let rise = gradient.dot(step);
        let here = value.w - rise;
        // Where the two planes meet on the way to the probe. On a rough surface they may not.
        let meet = -here / rise;
        if !(meet > 0.02 && meet < 1.05) {
            continue;
        }
        reach[side] = meet.max(0.5);
        // Convex edges are left from inside, concave ones from outside.
        let side_sign = rise.signum();
        let steepness = slope.length();
        cuts[cut_count] = (side_sign * here / steepness, side_sign * slope / steepness);
        cut_count += 1;
    }
    let (mean, covariance) = if reach == [0.5; 4] {
        (Vec2::ZERO, [1.0 / 12.0, 0.0, 1.0 / 12.0])
    } else {
        Cell::new(reach, &cuts[..cut_count]).moments()
    };
    oriented(surfel, tangents, mean, covariance, spacing)
}

/// A gaussian of a mean and covariance in lattice steps.
pub(super) fn oriented(
    surfel: &Surfel,
    [u, v]: [Vec3; 2],
    mean: Vec2,
    covariance: [f32; 3],
    spacing: f32,
) -> Gaussian {
    let n = surfel.normal;
    let t1 = (u - n * u.dot(n)).normalize_or(n.any_orthonormal_vector());
    let t2 = n.cross(t1);
    let to_plane = Mat2::from_cols(Vec2::new(u.dot(t1), u.dot(t2)), Vec2::new(v.dot(t1), v.dot(t2)));
    let [aa, ab, bb] = covariance;
    let c = to_plane * Mat2::from_cols_array(&[aa, ab, ab, bb]) * to_plane.transpose();
    let (xx, xy, yy) = (c.x_axis.x, c.x_axis.y, c.y_axis.y);
    // Eigenvalues and the direction of the larger one, whose double angle has the tangent xy / half_difference.
    let (half_sum, half_difference) = (0.5 * (xx + yy), 0.5 * (xx - yy));
    let root = (half_difference * half_difference + xy * xy).sqrt();
    let (sin, cos) = if root > 1e-3 * half_sum {
        let double_cos = half_difference / root;
        let half = |c: f32| (0.5 * c.max(0.0)).sqrt();
        (half(1.0 - double_cos).copysign(xy), half(1.0 + double_cos))
    } else {
        (0.0, 1.0)
    };
    let (x, y) = (t1 * cos + t2 * sin, t2 * cos - t1 * sin);
    // An even cell of side w has variance w²/12.
    let sigma = |variance: f32| (12.0 * variance.max(0.0)).sqrt() * SIGMA_PER_CELL;
    Gaussian {
        position: surfel.position + u * mean.x + v * mean.y,
        scale: Vec3::new(
            sigma(half_sum + root),
            sigma(half_sum - root).max(MIN_EXTENT * SIGMA_PER_CELL * spacing),
            THICKNESS * spacing,
        ),
        rotation: Quat::from_mat3(&Mat3::from_cols(x, y, n)).normalize(),
    }
}

/// A convex polygon in lattice steps about a surfel.
struct Cell {
    corners: [Vec2; 12],
    count: usize,
}

impl Cell {
    /// The rectangle that reaches so far to +u, -u, +v and -v, where `distance + normal · x <= 0` for
    /// every cut.
    fn new(reach: [f32; 4], cuts: &[(f32, Vec2)]) -> Self {
        let [right, left, top, bottom] = reach;
        let mut cell = Self { corners: [Vec2::ZERO; 12], count: 4 };
        cell.corners[..4].copy_from_slice(&[
            Vec2::new(-left, -bottom),
            Vec2::new(right, -bottom),
            Vec2::new(right, top),
            Vec2::new(-left, top),
        ]);
        for &(distance, normal) in cuts {
            cell.cut(distance, normal);
        }
        cell
    }

    /// Sutherland and Hodgman's clip by one line.
    fn cut(&mut self, distance: f32, normal: Vec2) {
        let before = self.corners;
        let count = std::mem::take(&mut self.count);
        for i in 0..count {
            let (a, b) = (before[i], before[(i + 1) % count]);
            let (fa, fb) = (distance + normal.dot(a), distance + normal.dot(b));
            if fa <= 0.0 {
                self.push(a);
            }
            if (fa <= 0.0) != (fb <= 0.0) {
                self.push(a + (b - a) * (fa / (fa - fb)));
            }
        }
    }

    fn push(&mut self, corner: Vec2) {
        if let Some(slot) = self.corners.get_mut(self.count) {
            *slot = corner;
            self.count += 1;
        }
    }

    /// Mean and covariance (xx, xy, yy) of the polygon's area.
    fn moments(&self) -> (Vec2, [f32; 3]) {
        let (mut area, mut first, mut second) = (0.0, Vec2::ZERO, [0.0f32; 3]);
        for i in 0..self.count {
            let (a, b) = (self.corners[i], self.corners[(i + 1) % self.count]);
            let cross = a.perp_dot(b);
            area += cross / 2.0;
            first += (a + b) * (cross / 6.0);
            second[0] += cross * (a.x * a.x + a.x * b.x + b.x * b.x) / 12.0;
            second[1] += cross * (a.x * b.y + 2.0 * a.x * a.y + 2.0 * b.x * b.y + b.x * a.y) / 24.0;
            second[2] += cross * (a.y * a.y + a.y * b.y + b.y * b.y) / 12.0;
        }
        if area < 1e-3 {
            // Cut away by several creases at once: a speck that stays where the surfel is.
            let small = MIN_EXTENT * MIN_EXTENT / 12.0;
            return (Vec2::ZERO, [small, 0.0, small]);
        }
        let mean = first / area;
        let covariance = [
            second[0] / area - mean.x * mean.x,
            second[1] / area - mean.x * mean.y,
            second[2] / area - mean.y * mean.y,
        ];
        (mean, covariance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_cell_has_the_variance_of_a_square() {
        let (mean, [xx, xy, yy]) = Cell::new([0.5; 4], &[]).moments();
        assert!(mean.length() < 1e-6 && xy.abs() < 1e-6);
        assert!((xx - 1.0 / 12.0).abs() < 1e-6 && (yy - 1.0 / 12.0).abs() < 1e-6);
    }

    #[test]
    fn a_cell_ends_at_a_crease() {
        // The crease stands at u = 0.8; the cell is drawn out to it.
        let (mean, [xx, _, yy]) = Cell::new([1.0, 0.5, 0.5, 0.5], &[(-0.8, Vec2::X)]).moments();
        assert!((mean.x - 0.15).abs() < 1e-5, "{mean}");
        assert!((xx - 1.3 * 1.3 / 12.0).abs() < 1e-5 && (yy - 1.0 / 12.0).abs() < 1e-5);
    }
}
