//! The way from the whole grid down to the bricks that the surface may touch, the program of the field
//! shortened at every step.

use gve_sdf::{Aabb, Evaluator, Field, Interval, Region};
use rayon::prelude::*;

use crate::{
    Watch,
    lattice::{Block, Lattice},
};

/// Bricks along one side of the blocks that are handed to the threads.
const TASK_SIDE: u32 = 4;

/// Programs of at most this many operations are not shortened for a single brick: that would take longer
/// than it saves.
const LEAF_OPS: usize = 400;

/// What the search for bricks needs to know.
pub(crate) struct Walk<'a> {
    /// The grid.
    pub(crate) lattice: Lattice,
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
    pub(crate) fn new(lattice: Lattice, slack: f32, watch: &'a dyn Watch) -> Self {
        Self { lattice, slack, watch }
    }

    /// Whether the surface may be near a block with these distances. Not-a-number counts as "may".
    pub(crate) fn is_near(&self, interval: Interval) -> bool {
        !(interval.lo > self.slack || interval.hi < -self.slack)
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
            .map_init(
                || Evaluator::new(field),
                |evaluator, task| {
                    let is_wanted = |_, interval| walk.is_near(interval);
                    let go_on = !walk.watch.is_cancelled();
                    go_on.then(|| children(evaluator, lattice, task, is_wanted))
                },
            )
            .flat_map_iter(|tasks| tasks.into_iter().flatten().flatten())
            .collect();
        open = next;
        done.extend(open.extract_if(.., |task| !walk.is_near(task.interval)));
    }
    done.append(&mut open);
    done
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
    if !walk.is_near(task.interval) {
        return empty(state, evaluator, task);
    }
    if task.block.side == 1 {
        return brick(state, evaluator, task);
    }
    let lattice = &walk.lattice;
    let is_wanted =
        |_, interval| walk.is_near(interval) && (task.block.side > 2 || task.region.len() > LEAF_OPS);
    for child in children(evaluator, lattice, task, is_wanted).into_iter().flatten() {
        descend(evaluator, walk, &child, state, empty, brick);
    }
}

/// The eight blocks of half the side, each with the program that is left there where it is wanted.
fn children(
    evaluator: &mut Evaluator,
    lattice: &Lattice,
    task: &Task,
    is_wanted: impl Fn(usize, Interval) -> bool,
) -> [Option<Task>; 8] {
    let mut blocks = [task.block; 8];
    let mut boxes = [Aabb::EMPTY; 8];
    let mut count = 0;
    for block in task.block.children(lattice) {
        (blocks[count], boxes[count]) = (block, lattice.block_bounds(block));
        count += 1;
    }
    let mut tasks = [const { None }; 8];
    let parts = evaluator.prune_many(&task.region, &boxes[..count], is_wanted);
    for ((task, block), (region, interval)) in tasks.iter_mut().zip(blocks).zip(parts) {
        *task = Some(Task { block, region, interval });
    }
    tasks
}
