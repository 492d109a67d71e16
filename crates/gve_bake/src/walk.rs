//! The way from the whole grid down to the bricks that the surface may touch, the program of the field
//! shortened at every step.

use gve_sdf::{Evaluator, Field, Interval, Region};
use rayon::prelude::*;

use crate::{
    Watch,
    lattice::{Block, Lattice},
};

/// Bricks along one side of the blocks that are handed to the threads.
const TASK_SIDE: u32 = 4;

/// Programs of at most this many operations are not shortened for a single brick: that would take longer
/// than it saves.
const LEAF_OPS: usize = 64;

/// What the search for bricks needs to know.
pub(crate) struct Walk<'a> {
    /// The grid.
    pub(crate) lattice: Lattice,
    /// The field's bound on its gradient.
    lipschitz: f32,
    /// No distance in a block that is left out is smaller than this.
    slack: f32,
    /// Who may end the search early; its results are thrown away then.
    watch: &'a dyn Watch,
}

/// A block with the program that is valid in it.
pub(crate) struct Task {
    /// Which bricks.
    pub(crate) block: Block,
    /// Agrees with the field inside the block.
    pub(crate) region: Region,
    /// Holds every distance in the block.
    pub(crate) interval: Interval,
}

impl<'a> Walk<'a> {
    /// A search for all bricks that hold a distance of at most `slack` metres, or more if in doubt.
    pub(crate) fn new(field: &Field, lattice: Lattice, slack: f32, watch: &'a dyn Watch) -> Self {
        Self { lattice, lipschitz: field.lipschitz(), slack, watch }
    }

    /// Whether the surface may be near a task's block. Not-a-number counts as "may".
    pub(crate) fn is_near(&self, task: &Task) -> bool {
        !(task.interval.lo > self.slack || task.interval.hi < -self.slack)
    }
}

/// Cuts the grid into independent tasks: blocks of at most 4³ bricks near the surface, and larger ones
/// that it does not touch. Their order does not depend on the number of threads.
pub(crate) fn tasks(field: &Field, walk: &Walk<'_>) -> Vec<Task> {
    let lattice = &walk.lattice;
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
                    if walk.watch.is_cancelled() {
                        return None;
                    }
                    let (region, interval) = evaluator.prune(&task.region, lattice.block_bounds(block));
                    Some(Task { block, region, interval })
                },
            )
            .flatten_iter()
            .collect();
        open = next;
        done.extend(open.extract_if(.., |task| !walk.is_near(task)));
    }
    done.append(&mut open);
    done
}

/// Distances at the middles of up to eight blocks.
#[derive(Default)]
struct Middles {
    x: [f32; 8],
    y: [f32; 8],
    z: [f32; 8],
    distances: [f32; 8],
}

/// Calls `brick` for each brick of the task that the surface may come near, and `empty` for each
/// block of bricks of which this is not so.
pub(crate) fn descend<S>(
    evaluator: &mut Evaluator,
    walk: &Walk<'_>,
    task: &Task,
    state: &mut S,
    empty: &mut impl FnMut(&mut S, &mut Evaluator, &Task),
    brick: &mut impl FnMut(&mut S, &mut Evaluator, &Task),
) {
    if walk.watch.is_cancelled() {
        return;
    }
    if !walk.is_near(task) {
        return empty(state, evaluator, task);
    }
    if task.block.side == 1 {
        return brick(state, evaluator, task);
    }
    // The distance in the middle of a child tells most of the empty ones apart, eight for the price of one.
    let lattice = &walk.lattice;
    let mut middles = Middles::default();
    let mut count = 0;
    for (i, block) in task.block.children(lattice).enumerate() {
        let bounds = lattice.block_bounds(block);
        (middles.x[i], middles.y[i], middles.z[i]) = bounds.center().into();
        count = i + 1;
    }
    let Middles { x, y, z, distances } = &mut middles;
    evaluator.distances(&task.region, &x[..count], &y[..count], &z[..count], &mut distances[..count]);
    for (block, &middle) in task.block.children(lattice).zip(distances.iter()) {
        let bounds = lattice.block_bounds(block);
        let reach = walk.lipschitz * bounds.half_size().length();
        let mut child = Task {
            block,
            region: task.region.clone(),
            // Rounding in the field's own arithmetic is far below this.
            interval: Interval { lo: middle - 1.0001 * reach, hi: middle + 1.0001 * reach },
        };
        if walk.is_near(&child) && (block.side > 1 || task.region.len() > LEAF_OPS) {
            (child.region, child.interval) = evaluator.prune(&task.region, bounds);
        }
        descend(evaluator, walk, &child, state, empty, brick);
    }
}
