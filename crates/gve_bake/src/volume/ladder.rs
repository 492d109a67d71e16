//! Where the samples of a volume stand: cells from a fixed ladder, snapped to the asset's origin.
//!
//! Cells are powers of two of a metre, and the grid begins at a whole number of its coarsest bricks from
//! the origin. Moving one part of an asset therefore leaves the samples of the others where they were.

use glam::{DVec3, UVec3, Vec3};
use gve_assets::BRICK_CELLS;
use gve_sdf::Aabb;
use gve_types::limits;

use crate::{BakeError, lattice::Lattice};

/// Cells between the surface and the outermost samples, on each side, that a resolution counts.
const MARGIN_CELLS: f64 = 2.5;
/// Bricks of the coarsest level along the longest side: at most this many, and more than half as many.
const COARSEST_BRICKS: f64 = 6.0;
/// The finest cells are at least the longest side over this: four to a part of a thousandth, rounded to the ladder.
const FINEST_CELLS: f64 = 4500.0;
/// A coordinate has room for this many cells: single precision then still tells a sixty-fourth of a cell.
pub(crate) const MAX_CELLS_AWAY: f32 = 1.0 / (64.0 * f32::EPSILON);
/// Smaller cells would come near the smallest numbers of single precision.
const SMALLEST_EXPONENT: i32 = -100;

/// The levels that a volume may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ladder {
    /// Position of sample (0, 0, 0) of every level.
    pub(super) origin: Vec3,
    /// Bricks of level 0.
    pub(super) bricks: UVec3,
    /// Level whose cells are those that were asked for.
    pub(super) asked: usize,
    /// Finest level that there may be.
    pub(super) finest: usize,
    /// Longest side of the asset in metres.
    pub(super) size_m: f32,
    /// Power of two of the cells of level 0.
    exponent: i32,
}

impl Ladder {
    /// The ladder for about `resolution` cells along the longest side of `bounds` and its margin: their size
    /// is the nearest power of two of a metre, so that in the mean over all sizes they are as fine as was asked for.
    /// `distance_m` is the largest coordinate that is written.
    pub(super) fn around(bounds: Aabb, resolution: u32, distance_m: f32) -> Result<Self, BakeError> {
        let range = limits::VOLUME_RESOLUTION;
        if !range.contains(&resolution) {
            return Err(BakeError::Resolution { found: resolution, range });
        }
        if !(bounds.min.is_finite() && bounds.max.is_finite()) {
            return Err(BakeError::Unbounded { min: bounds.min.into(), max: bounds.max.into() });
        }
        let (min, max) = (bounds.min.as_dvec3(), bounds.max.as_dvec3());
        let longest = (max - min).max_element();
        let wanted = longest / (f64::from(resolution) - 2.0 * MARGIN_CELLS);
        let asked_exponent = nearest_exponent(wanted);
        if (max - min).min_element() < 0.0 || asked_exponent < SMALLEST_EXPONENT {
            return Err(BakeError::NoSurface { cell_size_m: wanted.max(0.0) as f32 });
        }
        if wanted as f32 * MAX_CELLS_AWAY < distance_m {
            return Err(BakeError::TooFarFromOrigin { cell_size_m: wanted as f32, distance_m });
        }
        let brick = |exponent: i32| f64::from(BRICK_CELLS) * f64::from(power_of_two(exponent));
        let mut exponent = asked_exponent;
        while longest > COARSEST_BRICKS * brick(exponent) {
            exponent += 1;
        }
        let margin = MARGIN_CELLS * f64::from(power_of_two(asked_exponent));
        let first = ((min - margin) / brick(exponent)).floor();
        let bricks = ((max + margin) / brick(exponent)).ceil() - first;
        let asked = (exponent - asked_exponent) as usize;
        let finest = (asked..limits::MAX_VOLUME_LEVELS as usize)
            .take_while(|&level| {
                let cell = power_of_two(exponent - level as i32);
                level == asked
                    || f64::from(cell) * FINEST_CELLS >= longest && cell * MAX_CELLS_AWAY >= distance_m
            })
            .last()
            .unwrap_or(asked);
        Ok(Self {
            origin: (first * brick(exponent)).as_vec3(),
            bricks: bricks.max(DVec3::ONE).as_uvec3(),
            asked,
            finest,
            size_m: longest as f32,
            exponent,
        })
    }

    /// Side of a cell in metres.
    pub(super) fn cell_size_m(&self, level: usize) -> f32 {
        power_of_two(self.exponent - level as i32)
    }

    /// All bricks of a level as one grid.
    pub(super) fn lattice(&self, level: usize) -> Lattice {
        Lattice {
            origin: self.origin,
            cell_size_m: self.cell_size_m(level),
            bricks: self.bricks << level as u32,
            brick_cells: BRICK_CELLS,
        }
    }
}

/// The largest power of two that is no larger than a positive number, as an exponent.
fn exponent_below(x: f64) -> i32 {
    // The exponent as it is stored: a logarithm may round to the next whole number.
    (x.to_bits() >> 52 & 0x7ff) as i32 - 1023
}

/// The power of two that is nearest to a positive number by their ratio, as an exponent.
fn nearest_exponent(x: f64) -> i32 {
    exponent_below(std::f64::consts::SQRT_2 * x)
}

/// 2^exponent, to the last bit.
fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits(((exponent.clamp(-126, 127) + 127) as u32) << 23)
}

/// The largest power of two that is no larger than `x`; the smallest that can be told from 0 for 0.
pub(super) fn power_below(x: f32) -> f32 {
    power_of_two(exponent_below(f64::from(x)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn cells_are_the_nearest_power_of_two_and_the_origin_is_whole_bricks() {
        for (size, resolution) in
            [(1.0f32, 128), (0.93, 128), (7.3, 40), (2e-5, 128), (300.0, 512), (1e-9, 8)]
        {
            let corner = Vec3::new(0.37, -0.11, 0.05) * size;
            let bounds = Aabb::new(corner, corner + Vec3::new(size, 0.5 * size, 0.2 * size));
            let ladder = Ladder::around(bounds, resolution, 2.0 * size).unwrap();
            let (wanted, cell) = (size / (resolution as f32 - 5.0), ladder.cell_size_m(ladder.asked));
            let ratio = cell / wanted * std::f32::consts::SQRT_2;
            assert!((0.99999..2.00001).contains(&ratio), "{cell} for {wanted}");
            assert_eq!(cell, power_below(cell));
            let brick = 7.0 * ladder.cell_size_m(0);
            assert_eq!((ladder.origin / brick).fract(), Vec3::ZERO);
            let far = ladder.origin + ladder.bricks.as_vec3() * brick;
            let low = (bounds.min - ladder.origin).min_element().min((far - bounds.max).min_element());
            assert!(low >= 2.4 * cell, "a margin of {} cells", low / cell);
            assert!(ladder.bricks.max_element() <= 8, "{}", ladder.bricks);
            assert!(ladder.finest >= ladder.asked);
            assert!(ladder.cell_size_m(ladder.finest) * 4500.0 >= size);
        }
    }

    #[test]
    fn powers_of_two_are_exact() {
        assert_eq!([power_below(1.0), power_below(0.75), power_below(3.99)], [1.0, 0.5, 2.0]);
        assert!(power_below(0.0) > 0.0);
    }
}
