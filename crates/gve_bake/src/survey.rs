//! A regular grid of bricks over a field, and a walk that finds where in it the surface passes.
//!
//! The walk starts with the whole grid and halves boxes until they are single bricks or an interval
//! proves that the surface is not in them. Each box keeps the program pruned for it, so that the
//! bricks at the end carry programs of a few operations (Duff 1992; Barbier et al., "Lipschitz
//! Pruning", 2025).

use glam::Vec3;
use gve_sdf::{Aabb, Evaluator, Field, Interval, Region};
use rayon::prelude::*;

/// A regular grid of cubic bricks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    /// Smallest corner in metres.
    pub(crate) origin: Vec3,
    /// Side of a brick in metres.
    pub(crate) brick: f32,
    /// Bricks along x, y and z.
    pub(crate) counts: [u32; 3],
}

impl Grid {
    /// The smallest grid of bricks of this size that holds `bounds`, centred on it.
    pub(crate) fn covering(bounds: Aabb, brick: f32) -> Self {
        let counts = (bounds.half_size() * 2.0 / brick).to_array().map(|n| (n.ceil() as u32).max(1));
        let size = Vec3::from(counts.map(|n| n as f32)) * brick;
        Self { origin: bounds.center() - 0.5 * size, brick, counts }
    }

    /// The box of the bricks from `first` on.
    pub(crate) fn aabb(&self, first: [u32; 3], size: [u32; 3]) -> Aabb {
        let min = self.origin + Vec3::from(first.map(|i| i as f32)) * self.brick;
        let max = self.origin + Vec3::from([0, 1, 2].map(|a| (first[a] + size[a]) as f32)) * self.brick;
        Aabb { min, max }
    }
}

/// A box of bricks with the program that holds inside it.
pub(crate) struct Block {
    /// Its first brick.
    pub(crate) first: [u32; 3],
    /// Bricks along each side; all 1 where the surface may pass.
    pub(crate) size: [u32; 3],
    /// Valid in the box grown by the survey's margin.
    pub(crate) region: Region,
    /// Holds every distance in the box, and for boxes of several bricks in its margin.
    pub(crate) interval: Interval,
}

impl Block {
    /// Whether the surface may pass through it. Not-a-number counts as "may".
    pub(crate) fn has_surface(&self) -> bool {
        may_cross(self.interval)
    }

    /// Whether all of it is solid.
    pub(crate) fn is_inside(&self) -> bool {
        self.interval.hi < 0.0
    }
}

/// What to keep of boxes that hold no surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Only bricks that the surface may pass through.
    Surface,
    /// Also boxes wholly inside the solid.
    SurfaceAndInside,
    /// Everything; the blocks then fill the grid.
    All,
}

impl Keep {
    /// Whether a box in which distances have this range stays.
    fn wants(self, interval: Interval) -> bool {
        match self {
            Self::Surface => may_cross(interval),
            Self::SurfaceAndInside => may_cross(interval) || interval.hi < 0.0,
            Self::All => true,
        }
    }
}

/// Whether distances may be on both sides of 0. Not-a-number counts as "may".
fn may_cross(interval: Interval) -> bool {
    !(interval.lo > 0.0 || interval.hi < 0.0)
}

/// Walks the grid; the programs of the blocks hold in the block grown by `margin` metres.
///
/// The order of the blocks depends on the field and the grid alone.
pub(crate) fn survey(field: &Field, grid: &Grid, margin: f32, keep: Keep) -> Vec<Block> {
    let mut evaluator = Evaluator::new(field);
    let grown = grid.aabb([0; 3], grid.counts).padded(margin);
    let (region, interval) = evaluator.prune(&evaluator.root(), grown);
    let mut open = vec![Block { first: [0; 3], size: grid.counts, region, interval }];
    let mut done = vec![];
    // Level by level, so that every level is spread over all threads.
    loop {
        let is_open = |block: &mut Block| block.has_surface() && block.size != [1; 3];
        done.extend(open.extract_if(.., |block| !is_open(block)).filter(|block| keep.wants(block.interval)));
        if open.is_empty() {
            break;
        }
        open = open
            .par_iter()
            .map_init(
                || Evaluator::new(field),
                |evaluator, block| split(evaluator, grid, margin, keep, block),
            )
            .flat_map_iter(|blocks| blocks.into_iter().flatten())
            .collect();
    }
    done.sort_unstable_by_key(|block| [block.first[2], block.first[1], block.first[0]]);
    done
}

/// The parts of a block.
pub(crate) fn split(
    evaluator: &mut Evaluator,
    grid: &Grid,
    margin: f32,
    keep: Keep,
    block: &Block,
) -> [Option<Block>; 8] {
    let mut parts = [(block.first, block.size); 8];
    let mut count = 0;
    for part in octants(block.first, block.size) {
        parts[count] = part;
        count += 1;
    }
    let boxes = parts.map(|(first, size)| grid.aabb(first, size));
    let grown = boxes.map(|bounds| bounds.padded(margin));
    // Whether the surface passes through a single brick is asked of the brick alone, without its margin.
    let mut own = [None; 8];
    if margin > 0.0 && parts[..count].iter().any(|&(_, size)| size == [1; 3]) {
        let intervals = evaluator.prune_many(&block.region, &boxes[..count], |_, _| false);
        for ((own, (_, interval)), (_, size)) in own.iter_mut().zip(intervals).zip(parts) {
            *own = (size == [1; 3]).then_some(interval);
        }
    }
    let is_wanted = |lane: usize, interval| keep.wants(own[lane].unwrap_or(interval));
    let mut blocks = [const { None }; 8];
    let pruned = evaluator.prune_many(&block.region, &grown[..count], is_wanted);
    for (lane, (region, interval)) in pruned.enumerate() {
        let (first, size) = parts[lane];
        blocks[lane] = Some(Block { first, size, region, interval: own[lane].unwrap_or(interval) });
    }
    blocks
}

/// Halves a box along every side that has more than one brick.
fn octants(first: [u32; 3], size: [u32; 3]) -> impl Iterator<Item = ([u32; 3], [u32; 3])> {
    (0..8u32).filter_map(move |corner| {
        let (mut start, mut extent) = (first, size);
        for axis in 0..3 {
            let lower = size[axis].div_ceil(2);
            if corner >> axis & 1 == 0 {
                extent[axis] = lower;
            } else {
                start[axis] += lower;
                extent[axis] -= lower;
            }
        }
        extent.iter().all(|&n| n > 0).then_some((start, extent))
    })
}
