//! All splats of a lattice, finer where its lines miss the surface.
//!
//! The base lattice covers everything. A brick whose surface it did not find whole (a wire between its
//! lines, a part with hardly a splat) is sampled again on a lattice of half the spacing, and so on. What
//! is found in a brick depends on the field near it and on the spacing alone.

use glam::{Quat, Vec3};
use gve_sdf::{Evaluator, Field};
use rayon::prelude::*;

use super::{
    brick::{Brick, Paint, Seed, Worker},
    order,
    parts::find_parts,
    sample::{CELLS, Lattice, Sampler, Suspect},
};
use crate::{
    BakeError, Watch,
    survey::{Block, Keep, split, survey},
    watch::{Meter, check},
};

/// How far programs hold around a brick, in lattice steps: probes look one step along a tangent.
pub(super) const MARGIN: f32 = 1.1;
/// How far from a point of the surface its splat may be, in lattice steps.
const REACH: f32 = 1.6;
/// The same on a wire, where splats lie in a row.
const CLOSE: f32 = 0.9;
/// Cosine between the normals of a point and a splat that covers it.
const FACING_COS: f32 = 0.3;
/// The same on the rim of something thick: its sides cover the rim.
const RIM_COS: f32 = -0.5;
/// Splats that a part should have.
pub(super) const FLOOR: usize = 12;
/// Farther than so many of the finest steps from any splat something is missing.
const FAR: f32 = 8.0;
/// The finest spacing: so many steps along the longest side.
const FINEST_STEPS: f32 = 4096.0;

/// The splats of one spacing.
pub(super) struct Cloud {
    /// Those of each brick of the base lattice.
    pub(super) groups: Vec<Vec<Seed>>,
    /// How many splats there are.
    pub(super) count: usize,
    /// How many of them are on finer lattices.
    pub(super) fine: usize,
    /// Where not even the finest lattice found the surface.
    pub(super) missed: Vec<Suspect>,
}

/// What one lattice gave.
pub(super) struct Level {
    pub(super) lattice: Lattice,
    /// In the order of z, y, x.
    pub(super) blocks: Vec<Block>,
    /// The base brick that each block lies in.
    roots: Vec<u32>,
    bricks: Vec<Brick>,
    /// Those that the next level replaces.
    replaced: Vec<bool>,
}

impl Level {
    fn new(
        field: &Field,
        paints: &[Paint],
        lattice: Lattice,
        blocks: Vec<Block>,
        roots: Vec<u32>,
        meter: &Meter<'_>,
    ) -> Self {
        let bricks: Vec<Brick> = blocks
            .par_iter()
            .with_min_len(2)
            .map_init(
                || Worker::new(field, paints),
                |worker, block| {
                    meter.count();
                    if meter.is_cancelled() { Brick::default() } else { worker.brick(&lattice, block) }
                },
            )
            .collect();
        let replaced = vec![false; blocks.len()];
        Self { lattice, blocks, roots, bricks, replaced }
    }

    /// Every seed of the bricks that reach into a ball, of those that stay.
    fn near(&self, center: Vec3, radius: f32) -> impl Iterator<Item = &Seed> {
        let grid = &self.lattice.grid;
        let [low, high] =
            [-radius, radius].map(|by| ((center + by - grid.origin) / grid.brick).floor().as_ivec3());
        (low.z..=high.z)
            .flat_map(move |z| (low.y..=high.y).flat_map(move |y| (low.x..=high.x).map(move |x| [x, y, z])))
            .filter_map(|at| self.brick(at.map(|i| u32::try_from(i).unwrap_or(u32::MAX))))
            .filter(|&index| !self.replaced[index])
            .flat_map(|index| &self.bricks[index].seeds)
    }

    fn brick(&self, at: [u32; 3]) -> Option<usize> {
        let key = |first: [u32; 3]| [first[2], first[1], first[0]];
        self.blocks.binary_search_by_key(&key(at), |block| key(block.first)).ok()
    }
}

impl Cloud {
    /// Samples the field. Finer lattices stop when they would give more than about `most` splats.
    pub(super) fn sample(
        field: &Field,
        paints: &[Paint],
        spacing: f32,
        most: usize,
        watch: &dyn Watch,
        [from, to]: [f32; 2],
    ) -> Result<Self, BakeError> {
        check(watch)?;
        let lattice = Lattice::new(field.bounds(), spacing);
        let blocks = survey(field, &lattice.grid, MARGIN * spacing, Keep::Surface);
        let roots = (0..blocks.len() as u32).collect();
        let share = |done: f32| from + (to - from) * done;
        let meter = Meter::new(watch, blocks.len(), [from, share(0.8)]);
        let mut levels = vec![Level::new(field, paints, lattice, blocks, roots, &meter)];
        let bounds = field.bounds();
        let finest = (bounds.max - bounds.min).max_element() / FINEST_STEPS;
        let mut missed = vec![];
        loop {
            check(watch)?;
            let (bare, part_counts) = (bare_places(field, &levels), part_counts(&levels, paints.len()));
            let holders =
                levels.last().map(|level| find_parts(field, level, &part_counts)).unwrap_or_default();
            let Some((level, coarser)) = levels.split_last_mut() else { break };
            let is_sparse = |seed: &Seed| part_counts[usize::from(seed.part)] < FLOOR;
            level.replaced = (level.bricks.par_iter().zip(&bare))
                .map(|(brick, bare)| !bare.is_empty() || brick.seeds.iter().any(is_sparse))
                .collect();
            holders.into_iter().for_each(|index| level.replaced[index] = true);
            let wanted = level.replaced.iter().filter(|&&replaced| replaced).count();
            let is_last = 0.5 * level.lattice.spacing < finest || wanted * 4 * CELLS * CELLS > most;
            if wanted == 0 || is_last {
                level.replaced.fill(false);
                missed = far_from_all(&levels, bare);
                break;
            }
            let done = share(1.0 - 0.2 * 0.5f32.powi(coarser.len() as i32));
            let next = halved(field, paints, level, watch, [done, done])?;
            levels.push(next);
        }
        check(watch)?;
        Ok(Self::gathered(levels, missed))
    }

    fn gathered(levels: Vec<Level>, missed: Vec<Suspect>) -> Self {
        let mut groups: Vec<Vec<Seed>> = vec![];
        let mut fine = 0;
        let mut is_mixed: Vec<bool> = vec![];
        for (depth, level) in levels.into_iter().enumerate() {
            let kept = level.bricks.into_iter().zip(level.roots).zip(level.replaced);
            for ((brick, root), replaced) in kept {
                let seeds = if replaced { vec![] } else { brick.seeds };
                if depth == 0 {
                    groups.push(seeds);
                    is_mixed.push(replaced);
                } else {
                    fine += seeds.len();
                    groups[root as usize].extend(seeds);
                }
            }
        }
        let mixed = groups.par_iter_mut().zip(&is_mixed).filter(|(_, is_mixed)| **is_mixed);
        mixed.for_each(|(group, _)| order::spread(group));
        let count = groups.iter().map(Vec::len).sum();
        Self { groups, count, fine, missed }
    }
}

/// The next level: the replaced bricks of this one on a lattice of half the spacing.
fn halved(
    field: &Field,
    paints: &[Paint],
    level: &Level,
    watch: &dyn Watch,
    shares: [f32; 2],
) -> Result<Level, BakeError> {
    let lattice = level.lattice.halved();
    let replaced: Vec<usize> = (0..level.blocks.len()).filter(|&index| level.replaced[index]).collect();
    let mut children: Vec<(Block, u32)> = replaced
        .par_iter()
        .map_init(
            || Evaluator::new(field),
            |evaluator, &index| {
                let parent = &level.blocks[index];
                let block = Block {
                    first: parent.first.map(|i| 2 * i),
                    size: [2; 3],
                    region: parent.region.clone(),
                    interval: parent.interval,
                };
                let margin = MARGIN * lattice.spacing;
                let children = split(evaluator, &lattice.grid, margin, Keep::Surface, &block);
                children.map(|child| child.map(|child| (child, level.roots[index])))
            },
        )
        .flat_map_iter(|children| children.into_iter().flatten())
        .collect();
    children.sort_unstable_by_key(|(block, _)| [block.first[2], block.first[1], block.first[0]]);
    check(watch)?;
    let (blocks, roots): (Vec<_>, Vec<_>) = children.into_iter().unzip();
    let meter = Meter::new(watch, blocks.len(), shares);
    Ok(Level::new(field, paints, lattice, blocks, roots, &meter))
}

/// How many splats each part has.
fn part_counts(levels: &[Level], parts: usize) -> Vec<usize> {
    let mut counts = vec![0; parts.max(1)];
    for level in levels {
        for (brick, _) in level.bricks.iter().zip(&level.replaced).filter(|(_, replaced)| !**replaced) {
            for seed in &brick.seeds {
                counts[usize::from(seed.part)] += 1;
            }
        }
    }
    counts
}

/// The places that are far from all splats: not where something thin ends, but where it is missing.
fn far_from_all(levels: &[Level], bare: Vec<Vec<Suspect>>) -> Vec<Suspect> {
    let radius = levels.last().map_or(0.0, |level| FAR * level.lattice.spacing);
    let is_far = |suspect: &Suspect| {
        let mut near = levels.iter().flat_map(|level| level.near(suspect.position, radius));
        near.all(|seed| Vec3::from(seed.splat.position).distance(suspect.position) > radius)
    };
    bare.into_iter().flatten().filter(is_far).collect()
}

/// The suspects of the last level that no splat covers, by brick.
fn bare_places(field: &Field, levels: &[Level]) -> Vec<Vec<Suspect>> {
    let Some(level) = levels.last() else { return vec![] };
    (level.bricks.par_iter().zip(&level.blocks))
        .with_min_len(16)
        .map_init(
            || Sampler::new(field),
            |sampler, (brick, block)| {
                let is_bare = |suspect: &&Suspect| {
                    let neighbours = Neighbours::of(levels, suspect);
                    if neighbours.facing_steps < REACH {
                        neighbours.facing_steps > CLOSE
                            && sampler.is_wire(&level.lattice, block, suspect)
                            && !sampler.is_thick(&level.lattice, block, suspect)
                    } else {
                        neighbours.best_cos < RIM_COS || !sampler.is_thick(&level.lattice, block, suspect)
                    }
                };
                brick.suspects.iter().filter(is_bare).copied().collect()
            },
        )
        .collect()
}

/// The splats near a suspect.
struct Neighbours {
    /// How far the nearest one is that faces the same way, in steps of its lattice.
    facing_steps: f32,
    /// Largest cosine between the normals; below -1 if there are none.
    best_cos: f32,
}

impl Neighbours {
    fn of(levels: &[Level], suspect: &Suspect) -> Self {
        let mut found = Self { facing_steps: f32::INFINITY, best_cos: -2.0 };
        for level in levels {
            let spacing = level.lattice.spacing;
            for seed in level.near(suspect.position, REACH * spacing) {
                let steps = Vec3::from(seed.splat.position).distance(suspect.position) / spacing;
                if steps < REACH {
                    let cos = (Quat::from_array(seed.splat.rotation) * Vec3::Z).dot(suspect.normal);
                    found.best_cos = found.best_cos.max(cos);
                    if cos > FACING_COS {
                        found.facing_steps = found.facing_steps.min(steps);
                        if steps < CLOSE {
                            return found;
                        }
                    }
                }
            }
        }
        found
    }
}
