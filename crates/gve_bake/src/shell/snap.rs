//! The shell's lattice: snapped, so that a part's samples stay where they are whatever else changes.

use glam::{IVec3, UVec3, Vec3};
use gve_sdf::Aabb;
use gve_types::limits;

use super::signs::SIDE;
use crate::{BakeError, lattice::Lattice};

/// Cells that the asset's longest side must leave free at its two ends together, when a resolution is
/// turned into the side of a cell.
const MARGIN_CELLS: f64 = 5.0;
/// Cells between the surface and the outermost samples, at least.
const RIM_CELLS: f64 = 1.5;
/// Where the samples stand against whole cells from the asset's origin. Without it faces at round numbers
/// would run exactly through samples, where a rounding decides about in and out. Sums of powers of two, so
/// that positions are exact wherever the grid begins.
const SHIFT_CELLS: Vec3 = Vec3::new(35.0 / 256.0, -56.0 / 256.0, 74.0 / 256.0);
/// The thinnest part that is drawn whole, as a share of the asset's longest side.
pub(super) const THINNEST_SHARE: f32 = 1.0 / 1000.0;
/// Most times that a cell is halved.
const MAX_DEPTH: u32 = 11;

/// A grid whose cell is a power of two of a metre and which starts at a whole brick in the asset's frame, so
/// that its samples are those of every other grid of that cell. `distance_m` is the largest coordinate that is
/// written.
pub(super) fn lattice(bounds: Aabb, resolution: u32, distance_m: f32) -> Result<Lattice, BakeError> {
    let range = limits::VOLUME_RESOLUTION;
    if !range.contains(&resolution) {
        return Err(BakeError::Resolution { found: resolution, range });
    }
    if !(bounds.min.is_finite() && bounds.max.is_finite()) {
        return Err(BakeError::Unbounded { min: bounds.min.into(), max: bounds.max.into() });
    }
    let extent = bounds.max - bounds.min;
    let wanted = f64::from(extent.max_element()) / (f64::from(resolution) - MARGIN_CELLS);
    if extent.min_element() < 0.0 || wanted <= f64::from(f32::MIN_POSITIVE) {
        return Err(BakeError::NoSurface { cell_size_m: wanted.max(0.0) as f32 });
    }
    // The nearest step of the ladder: in the mean over all sizes as fine as was asked for.
    let cell = wanted.log2().round().exp2();
    let cell_size_m = cell as f32;
    if cell_size_m < 64.0 * f32::EPSILON * distance_m {
        return Err(BakeError::TooFarFromOrigin { cell_size_m, distance_m });
    }
    let side = SIDE as f64;
    let in_cells = |metres: f32, axis: usize| f64::from(metres) / cell - f64::from(SHIFT_CELLS[axis]);
    let (mut first, mut bricks) = (IVec3::ZERO, UVec3::ZERO);
    for axis in 0..3 {
        let low = ((in_cells(bounds.min[axis], axis) - RIM_CELLS) / side).floor();
        let high = ((in_cells(bounds.max[axis], axis) + RIM_CELLS) / side).ceil();
        first[axis] = low as i32;
        bricks[axis] = ((high - low) as u32).max(1);
    }
    let origin = ((first * SIDE as i32).as_vec3() + SHIFT_CELLS) * cell_size_m;
    Ok(Lattice { origin, cell_size_m, bricks, brick_cells: SIDE as u32 })
}

/// How often cells are halved to hold the thinnest part that is drawn: down to half its thickness, as far as points
/// that are `reach_m` from the origin can be told apart.
pub(super) fn depth(bounds: Aabb, lattice: &Lattice, reach_m: f32) -> u32 {
    let size = bounds.size().max_element();
    let finest = (0.5 * THINNEST_SHARE * size).max(64.0 * f32::EPSILON * reach_m);
    let steps = (lattice.cell_size_m / finest).log2().ceil();
    if steps > 0.0 { (steps as u32).min(MAX_DEPTH) } else { 0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn samples_are_those_of_every_grid_of_the_same_cell() {
        let small =
            lattice(Aabb::new(Vec3::new(-0.4, 0.1, 0.0), Vec3::new(0.9, 0.7, 0.3)), 100, 1.0).unwrap();
        let large =
            lattice(Aabb::new(Vec3::new(-0.7, -0.31, -0.5), Vec3::new(0.91, 0.9, 0.4)), 120, 1.0).unwrap();
        assert_eq!(small.cell_size_m, large.cell_size_m);
        assert_eq!(small.cell_size_m.log2().fract(), 0.0);
        let steps = (small.origin - large.origin) / (small.cell_size_m * SIDE as f32);
        assert_eq!(steps, steps.round());
        let step = (steps * SIDE as f32).as_uvec3();
        for sample in [UVec3::new(3, 4, 5), UVec3::new(17, 0, 9)] {
            assert_eq!(small.position(sample), large.position(sample + step));
        }
    }

    #[test]
    fn the_finest_cell_is_half_of_the_thinnest_part() {
        for size in [0.013, 0.7, 1.0, 1.9, 30.0] {
            for resolution in [8, 31, 128, 512] {
                let bounds = Aabb::new(Vec3::splat(-0.5 * size), Vec3::splat(0.5 * size));
                let lattice = lattice(bounds, resolution, size).unwrap();
                let finest = lattice.cell_size_m / (1 << depth(bounds, &lattice, size)) as f32;
                assert!(finest <= 0.5 * THINNEST_SHARE * size, "{size} at {resolution}: {finest}");
            }
        }
    }
}
