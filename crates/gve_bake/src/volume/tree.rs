//! The tree of bricks while it grows, level by level.
#![allow(clippy::needless_range_loop, reason = "octants are walked by number")]

use glam::UVec3;
use gve_assets::BRICK_CELLS;
use gve_sdf::{Aabb, Evaluator, Field, Interval};
use rayon::prelude::*;

use super::{
    brick::{Brick, Candidate, Child, Level, Outcome, Programs, Scratch},
    ladder::Ladder,
    look::{SAMPLES, SIDE},
    source::Source,
};
use crate::{
    BakeError, Watch,
    walk::{self, Task, Walk},
    watch::{Meter, check},
};

/// What straight lines between the samples of a brick may miss of the surface before it is refined, twice over
/// (see [`Look`](super::look::Look)), in asked cells.
const MISS_CELLS: f32 = 0.55;
/// How far beside a brick its thin parts are looked for, in cells: that far a program has to hold.
const BESIDE_CELLS: f32 = 2.2;
/// Programs of at most this many operations are not shortened for a single brick of the asked level: that would
/// take longer than it saves.
const LEAF_OPS: usize = 400;

/// The bricks of all levels.
pub(super) struct Tree<'a> {
    pub(super) field: &'a Field,
    pub(super) ladder: &'a Ladder,
    pub(super) watch: &'a dyn Watch,
    /// The grid of level 0, x fastest.
    pub(super) roots: Vec<Child>,
    pub(super) levels: Vec<Vec<Brick>>,
}

impl<'a> Tree<'a> {
    /// The tree down to the level that was asked for, refined where the surface is not nearly straight.
    pub(super) fn grow(
        field: &'a Field,
        ladder: &'a Ladder,
        source: &mut Source<'_>,
        max_bricks: usize,
        watch: &'a dyn Watch,
    ) -> Result<Self, BakeError> {
        let mut tree = Self { field, ladder, watch, roots: vec![], levels: vec![] };
        // Each level has about four times the bricks of the one before.
        let share = |level: i32| 0.03 + 0.87 * 4f32.powi(level - ladder.asked as i32);
        tree.plant(source, max_bricks, [0.0, share(0)])?;
        for level in 0..ladder.asked {
            let enough = MISS_CELLS * ladder.cell_size_m(ladder.asked);
            let is_coarse = |brick: &Brick| {
                let look = &brick.look;
                let kink = if brick.touches_only { look.convex } else { look.convex.max(look.concave) };
                kink > enough * look.slope.min(1.0) || brick.has_seam || brick.thin.missing.is_some()
            };
            let coarse = numbered(&tree.levels[level]).filter(|(_, brick)| is_coarse(brick)).map(|(i, _)| i);
            let coarse: Vec<u32> = coarse.collect();
            if coarse.is_empty() {
                break;
            }
            let left = max_bricks.saturating_sub(tree.stored());
            let shares = [share(level as i32), share(level as i32 + 1)];
            if tree.refine(level, &coarse, source, left, shares)?.is_none() {
                return Err(BakeError::VolumeTooLarge { max: max_bricks as u64 });
            }
            tree.levels[level].iter_mut().for_each(|brick| brick.programs = None);
        }
        Ok(tree)
    }

    /// Bricks of all levels.
    pub(super) fn stored(&self) -> usize {
        self.levels.iter().map(Vec::len).sum()
    }

    /// Makes level 0.
    fn plant(
        &mut self,
        source: &mut Source<'_>,
        max_bricks: usize,
        shares: [f32; 2],
    ) -> Result<(), BakeError> {
        let level = Level::new(self.ladder, 0, self.field);
        let lattice = &level.lattice;
        let walk = Walk::new(*lattice, level.cell_size_m(), self.watch);
        let tasks = walk::tasks(self.field, &walk);
        check(self.watch)?;
        let root = Evaluator::new(self.field).root();
        let fresh = || (Evaluator::new(self.field), vec![]);
        let parts: Vec<(Vec<Candidate>, Vec<(u32, f32)>)> = tasks
            .par_iter()
            .map_init(fresh, |(evaluator, buffer), task| {
                let mut found = (vec![], vec![]);
                walk::descend(
                    evaluator,
                    &walk,
                    task,
                    &mut (&mut found, buffer),
                    &mut |(found, buffer), evaluator, task| {
                        bound(evaluator, buffer, &level, task, &mut found.1);
                    },
                    &mut |(found, _), _, task| {
                        let programs = Programs { own: task.region.clone(), wide: root.clone() };
                        found.0.push(Candidate { at: task.block.at, programs });
                    },
                );
                found
            })
            .collect();
        check(self.watch)?;
        self.roots = vec![Child::Empty(0.0); lattice.brick_count()];
        let mut candidates = vec![];
        for (found, empty) in parts {
            empty.into_iter().for_each(|(index, bound)| self.roots[index as usize] = Child::Empty(bound));
            candidates.extend(found);
        }
        let places: Vec<usize> =
            candidates.iter().map(|candidate| lattice.brick_index(candidate.at)).collect();
        let meter = Meter::new(self.watch, candidates.len(), shares);
        let outcomes = source.look_at(self.field, &level, candidates, max_bricks, &meter)?;
        let Some(outcomes) = outcomes else {
            return Err(BakeError::VolumeTooLarge { max: max_bricks as u64 });
        };
        let mut bricks = vec![];
        for (place, outcome) in places.into_iter().zip(outcomes) {
            self.roots[place] = keep(&mut bricks, outcome);
        }
        self.levels.push(bricks);
        Ok(())
    }

    /// Gives bricks of a level children, and returns the first new brick of the next level. When the children
    /// were more than `max`, nothing has changed and there is none.
    pub(super) fn refine(
        &mut self,
        level: usize,
        bricks: &[u32],
        source: &mut Source<'_>,
        max: usize,
        shares: [f32; 2],
    ) -> Result<Option<u32>, BakeError> {
        let (coarse, fine) =
            (Level::new(self.ladder, level, self.field), Level::new(self.ladder, level + 1, self.field));
        let parents = &self.levels[level];
        let families: Vec<[Result<Candidate, f32>; 8]> = bricks
            .par_iter()
            .map_init(
                || Scratch::new(self.field),
                |scratch, &i| children(scratch, &coarse, &fine, &parents[i as usize]),
            )
            .collect();
        check(self.watch)?;
        let mut candidates = vec![];
        let mut all: Vec<[Option<f32>; 8]> = Vec::with_capacity(families.len());
        for family in families {
            all.push(family.map(|child| match child {
                Ok(candidate) => {
                    candidates.push(candidate);
                    None
                }
                Err(bound) => Some(bound),
            }));
        }
        let meter = Meter::new(self.watch, candidates.len(), shares);
        let Some(outcomes) = source.look_at(self.field, &fine, candidates, max, &meter)? else {
            return Ok(None);
        };
        if self.levels.len() == level + 1 {
            self.levels.push(vec![]);
        }
        let first = self.levels[level + 1].len() as u32;
        let mut outcomes = outcomes.into_iter();
        for (&i, bounds) in bricks.iter().zip(all) {
            let finer = &mut self.levels[level + 1];
            let family = bounds.map(|bound| match bound {
                Some(bound) => Child::Empty(bound),
                None => outcomes.next().map_or(Child::Empty(0.0), |outcome| keep(finer, outcome)),
            });
            // The surface was near enough for the brick, and is not for any of its children.
            let any = family.iter().any(|child| matches!(child, Child::Stored(_)));
            self.levels[level][i as usize].children = any.then(|| Box::new(family));
        }
        Ok(Some(first))
    }
}

/// Bricks with their numbers.
pub(super) fn numbered(bricks: &[Brick]) -> impl Iterator<Item = (u32, &Brick)> {
    (0..).zip(bricks)
}

fn keep(bricks: &mut Vec<Brick>, outcome: Outcome) -> Child {
    match outcome {
        Outcome::Empty(bound) => Child::Empty(bound),
        Outcome::Stored(brick) => {
            bricks.push(*brick);
            Child::Stored(bricks.len() as u32 - 1)
        }
    }
}

/// The children of a brick that the surface may be near, and the bounds of the others.
fn children(
    scratch: &mut Scratch,
    coarse: &Level<'_>,
    fine: &Level<'_>,
    parent: &Brick,
) -> [Result<Candidate, f32>; 8] {
    let at = |octant: usize| {
        2 * parent.at + UVec3::new(octant as u32 & 1, octant as u32 >> 1 & 1, octant as u32 >> 2)
    };
    let signed = |octant: usize, bound: f32| {
        let corner = [0, 1, 2].map(|axis| (octant >> axis & 1) * (SIDE - 1));
        let sample = parent.distances[corner[0] + SIDE * (corner[1] + SIDE * corner[2])];
        if sample.is_sign_negative() { -bound } else { bound }
    };
    let mut family: [Result<Candidate, f32>; 8] = [const { Err(0.0) }; 8];
    let (mut open, mut boxes) = ([0; 8], [Aabb::EMPTY; 8]);
    let mut count = 0;
    for octant in 0..8 {
        let bound = coarse.bound(parent.look.octants[octant], coarse.cell_size_m(), Interval::ALL);
        if bound > fine.cell_size_m() {
            family[octant] = Err(signed(octant, bound));
        } else {
            (open[count], boxes[count]) = (octant, fine.bounds(at(octant)));
            count += 1;
        }
    }
    let Some(programs) = parent.programs.as_ref().filter(|_| count > 0) else { return family };
    let region = &programs.own;
    let own = coarse.bounds(parent.at);
    let pruned;
    let region = if region.bounds() == own {
        region
    } else {
        pruned = scratch.evaluator.prune(region, own).0;
        &pruned
    };
    let slack = fine.cell_size_m();
    let is_near = |interval: Interval| !(interval.lo > slack || interval.hi < -slack);
    let parent_own = region.clone();
    let is_worth_it = fine.level < fine.ladder.asked || region.len() > LEAF_OPS;
    let wanted = |_, interval| is_worth_it && is_near(interval);
    let found = scratch.evaluator.prune_many(region, &boxes[..count], wanted);
    for (&octant, (region, interval)) in open.iter().zip(found) {
        family[octant] = if is_near(interval) {
            // As far as its points look beside it.
            let around = fine.bounds(at(octant)).padded(BESIDE_CELLS * fine.cell_size_m());
            let wide = if own.contains_box(&around) { &parent_own } else { &programs.wide };
            Ok(Candidate { at: at(octant), programs: Programs { own: region, wide: wide.clone() } })
        } else {
            let bound = coarse.bound(parent.look.octants[octant], coarse.cell_size_m(), interval);
            Err(if interval.lo > 0.0 { bound } else { -bound })
        };
    }
    family
}

/// Gives each brick of a block that the surface does not touch the largest bound known to be safe: that of the
/// whole block, or the distance at its own centre less its half diagonal.
fn bound(
    evaluator: &mut Evaluator,
    buffer: &mut Vec<f32>,
    level: &Level<'_>,
    task: &Task,
    out: &mut Vec<(u32, f32)>,
) {
    let sign = if task.interval.lo > 0.0 { 1.0 } else { -1.0 };
    let side = BRICK_CELLS as f32 * level.cell_size_m();
    let bricks: Vec<UVec3> = task.block.bricks(&level.lattice).collect();
    for bricks in bricks.chunks(SAMPLES) {
        let centres = bricks.iter().map(|&at| level.lattice.position(at * BRICK_CELLS) + 0.5 * side);
        let [xs, ys, zs] = {
            let mut points = crate::points::Points::default();
            centres.for_each(|centre| points.push(centre));
            [points.xs, points.ys, points.zs]
        };
        crate::points::resize(buffer, bricks.len());
        evaluator.distances(&task.region, &xs, &ys, &zs, buffer);
        for (&at, distance) in bricks.iter().zip(buffer.iter()) {
            let bound = level.bound(distance.abs(), side, task.interval);
            out.push((level.lattice.brick_index(at) as u32, sign * bound));
        }
    }
}
