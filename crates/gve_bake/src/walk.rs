//! The way from the whole grid down to the bricks that the surface may touch, the program of the field
//! shortened at every step.

use gve_sdf::{Evaluator, Field, Interval, Region};
use rayon::prelude::*;

use crate::lattice::{Block, Lattice};

/// Bricks along one side of the blocks that are handed to the threads.
const TASK_SIDE: u32 = 4;

/// A block with the program that is valid in it.
pub(crate) struct Task {
    /// Which bricks.
    pub(crate) block: Block,
    /// Agrees with the field inside the padded block.
    pub(crate) region: Region,
    /// Holds every distance in the padded block.
    pub(crate) interval: Interval,
}

impl Task {
    /// Whether the surface may pass through the padded block. Not-a-number counts as "may".
    pub(crate) fn is_near(&self) -> bool {
        !(self.interval.lo > 0.0 || self.interval.hi < 0.0)
    }
}

/// Cuts the grid into independent tasks: blocks of at most 4³ bricks near the surface, and larger ones
/// that it does not touch. Their order does not depend on the number of threads.
pub(crate) fn tasks(field: &Field, lattice: &Lattice, pad: f32) -> Vec<Task> {
    let side = lattice.bricks.max_element().next_power_of_two().max(TASK_SIDE);
    let root = Evaluator::new(field).root();
    let whole = Block { at: glam::UVec3::ZERO, side };
    let mut done = Vec::new();
    let mut open = vec![Task {
        block: whole,
        region: root,
        interval: Interval { lo: f32::NEG_INFINITY, hi: f32::INFINITY },
    }];
    for _ in 0..(side / TASK_SIDE).trailing_zeros() {
        let next: Vec<Task> = open
            .par_iter()
            .flat_map_iter(|task| task.block.children(lattice).map(move |block| (task, block)))
            .map_init(
                || Evaluator::new(field),
                |evaluator, (task, block)| {
                    let (region, interval) = evaluator.prune(&task.region, lattice.block_bounds(block, pad));
                    Task { block, region, interval }
                },
            )
            .collect();
        open = next;
        done.extend(open.extract_if(.., |task| !task.is_near()));
    }
    done.append(&mut open);
    done
}

/// Calls `brick` for each brick of the task that the surface may touch, and `empty` for each block of
/// bricks that it does not touch.
pub(crate) fn descend<S>(
    evaluator: &mut Evaluator,
    lattice: &Lattice,
    task: &Task,
    pad: f32,
    state: &mut S,
    empty: &mut impl FnMut(&mut S, &mut Evaluator, &Task),
    brick: &mut impl FnMut(&mut S, &mut Evaluator, &Task),
) {
    if !task.is_near() {
        empty(state, evaluator, task);
    } else if task.block.side == 1 {
        brick(state, evaluator, task);
    } else {
        for block in task.block.children(lattice) {
            let (region, interval) = evaluator.prune(&task.region, lattice.block_bounds(block, pad));
            descend(evaluator, lattice, &Task { block, region, interval }, pad, state, empty, brick);
        }
    }
}
