//! One brick: where its samples are, what they are, and what follows from them.

use glam::{UVec3, Vec3};
use gve_assets::BRICK_CELLS;
use gve_sdf::{Aabb, Evaluator, Field, Interval, Region};
use half::{f16, slice::HalfFloatSliceExt};

use super::{
    ladder::{Ladder, power_below},
    look::{Look, SAMPLES, SIDE, Samples},
    thin::{self, Thin},
};
use crate::lattice::{Block, Lattice};

/// A brick whose largest distance is this many cells of the surface is kept though it holds no surface itself, so
/// that central differences next to the surface find their samples.
const BAND_CELLS: f32 = 1.0;
/// Where parts touch, samples between them are at most this far outside, in cells.
const TOUCHING_CELLS: f32 = 1e-3;
/// The largest distance of a brick is at least this many of its units and less than twice as many: half
/// precision then has its full number of digits down to a millionth of it.
const UNITS: f32 = 512.0;

/// A brick that may hold the surface, before its samples are taken.
pub(super) struct Candidate {
    /// Its place among the bricks of its level.
    pub(super) at: UVec3,
    pub(super) programs: Programs,
}

/// Programs for a brick and what is beside it.
#[derive(Clone)]
pub(super) struct Programs {
    /// Holds in the brick.
    pub(super) own: Region,
    /// Holds around it too: the shortest known.
    pub(super) wide: Region,
}

impl Programs {
    /// The shortest of them that holds in a box; `root` holds everywhere.
    pub(super) fn within<'a>(&'a self, root: &'a Region, bounds: &Aabb) -> &'a Region {
        let holds = |region: &&Region| region.bounds().contains_box(bounds);
        [&self.own, &self.wide].into_iter().find(holds).unwrap_or(root)
    }
}

/// What became of a candidate.
pub(super) enum Outcome {
    /// The surface does not touch it; a bound on its distance, negative inside.
    Empty(f32),
    /// It is kept.
    Stored(Box<Brick>),
}

/// A child of a refined brick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Child {
    /// Without samples; the bound of its distance.
    Empty(f32),
    /// The place among the bricks of the next level.
    Stored(u32),
}

/// A brick with its samples.
pub(super) struct Brick {
    /// Its place among the bricks of its level.
    pub(super) at: UVec3,
    /// Until its level is done.
    pub(super) programs: Option<Programs>,
    /// What its samples tell.
    pub(super) look: Look,
    /// Metres per unit of distance.
    pub(super) scale: f32,
    pub(super) distances: Box<[f16; SAMPLES]>,
    pub(super) parts: Parts,
    /// What it may be too coarse for.
    pub(super) thin: Thin,
    /// Whether its concave kinks are only where parts touch: nothing of them is seen.
    pub(super) touches_only: bool,
    /// Whether materials meet on the surface, and the cells are too coarse to draw their border.
    pub(super) has_seam: bool,
    pub(super) children: Option<Box<[Child; 8]>>,
}

/// The parts of a brick's samples.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Parts {
    /// All the same.
    One(u16),
    /// One for each sample.
    Each(Box<[u16; SAMPLES]>),
}

/// What is the same for all bricks of a level.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    pub(super) ladder: &'a Ladder,
    pub(super) level: usize,
    pub(super) lattice: Lattice,
    /// Bound on the gradient of the field itself.
    pub(super) lipschitz: f32,
}

impl<'a> Level<'a> {
    pub(super) fn new(ladder: &'a Ladder, level: usize, field: &Field) -> Self {
        Self { ladder, level, lattice: ladder.lattice(level), lipschitz: field.lipschitz() }
    }

    pub(super) fn cell_size_m(&self) -> f32 {
        self.lattice.cell_size_m
    }

    /// Cells of the size that was asked for, in metres.
    pub(super) fn asked_cell_size_m(&self) -> f32 {
        self.ladder.cell_size_m(self.ladder.asked)
    }

    pub(super) fn bounds(&self, at: UVec3) -> Aabb {
        self.lattice.block_bounds(Block { at, side: 1 })
    }

    /// Where a sample of a brick stands.
    pub(super) fn sample_position(&self, at: UVec3, sample: usize) -> Vec3 {
        let local = [sample % SIDE, sample / SIDE % SIDE, sample / SIDE / SIDE].map(|c| c as u32);
        self.lattice.position(at * BRICK_CELLS + UVec3::from(local))
    }

    /// A point in cells from the corner of a brick.
    pub(super) fn local(&self, at: UVec3, p: Vec3) -> [f32; 3] {
        ((p - self.lattice.position(at * BRICK_CELLS)) / self.cell_size_m()).into()
    }

    /// A bound on the distance in a box of which these are the smallest distance of a lattice of samples that
    /// cover it, and an interval that holds all distances.
    pub(super) fn bound(&self, nearest: f32, sample_spacing_m: f32, interval: Interval) -> f32 {
        // No point is farther from the nearest sample than half a cell's diagonal.
        let by_samples = nearest / self.lipschitz - 0.5 * 3f32.sqrt() * sample_spacing_m;
        // `max` also drops what is not a number.
        let by_interval = interval.lo.max(-interval.hi) / self.lipschitz;
        by_samples.max(by_interval).max(0.0)
    }
}

/// Buffers of one thread.
pub(super) struct Scratch {
    pub(super) evaluator: Evaluator,
    pub(super) root: Region,
    /// The material of each part.
    materials: Vec<u8>,
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    pub(super) distances: Samples,
    parts: [u16; SAMPLES],
}

impl Scratch {
    pub(super) fn new(field: &Field) -> Self {
        let zeros = || vec![0.0; SAMPLES];
        let evaluator = Evaluator::new(field);
        Self {
            root: evaluator.root(),
            evaluator,
            materials: field.parts().iter().map(|part| part.material).collect(),
            x: zeros(),
            y: zeros(),
            z: zeros(),
            distances: [0.0; SAMPLES],
            parts: [0; SAMPLES],
        }
    }

    /// The positions of a brick's samples, x fastest.
    pub(super) fn fill_positions(&mut self, lattice: &Lattice, at: UVec3) {
        lattice.fill_positions(at * BRICK_CELLS, SIDE, [&mut self.x, &mut self.y, &mut self.z]);
    }

    /// The same as points.
    pub(super) fn positions(&self) -> impl Iterator<Item = [f32; 3]> {
        self.x.iter().zip(&self.y).zip(&self.z).map(|((&x, &y), &z)| [x, y, z])
    }

    /// Takes a candidate's samples and decides on it.
    pub(super) fn sample(&mut self, level: &Level<'_>, candidate: Candidate) -> Outcome {
        self.fill_positions(&level.lattice, candidate.at);
        let Self { evaluator, x, y, z, distances, .. } = self;
        let fused = self.materials.len() > 1 && candidate.programs.own.uniform_part().is_none();
        if fused {
            let out = (&mut distances[..], &mut self.parts[..]);
            evaluator.distances_and_parts(&candidate.programs.own, x, y, z, out);
        } else {
            evaluator.distances(&candidate.programs.own, x, y, z, distances);
        }
        self.decide(level, candidate, fused)
    }

    /// Decides on a candidate whose distances somebody else has computed.
    pub(super) fn take(&mut self, level: &Level<'_>, candidate: Candidate, distances: &[f32]) -> Outcome {
        self.distances.copy_from_slice(distances);
        self.decide(level, candidate, false)
    }

    /// Keeps a candidate or not, by the distances in the scratch.
    fn decide(&mut self, level: &Level<'_>, candidate: Candidate, has_parts: bool) -> Outcome {
        let cell = level.cell_size_m();
        let look = Look::at(&self.distances, cell);
        if !look.crosses && look.nearest > BAND_CELLS * cell * look.slope {
            let bound = level.bound(look.nearest, cell, Interval::ALL);
            return Outcome::Empty(if look.inside { -bound } else { bound });
        }
        let Candidate { at, programs } = candidate;
        let thin = Thin::of(self, level, at, &programs, &look);
        let touches_only = level.level < level.ladder.asked
            && look.concave > 0.0
            && look.highest <= TOUCHING_CELLS * cell
            && !thin::has_gap(self, level, at, &programs, &look);
        let scale = power_below(look.largest.max(f32::MIN_POSITIVE)) / UNITS;
        let scale = scale.max(f32::MIN_POSITIVE);
        let parts = match programs.own.uniform_part() {
            _ if self.materials.len() <= 1 => Parts::One(0),
            Some(part) => Parts::One(part),
            None => {
                if !has_parts {
                    self.fill_positions(&level.lattice, at);
                    let Self { evaluator, x, y, z, parts, .. } = self;
                    evaluator.parts(&programs.own, x, y, z, parts);
                }
                let first = self.parts[0];
                let is_one = self.parts.iter().all(|&part| part == first);
                if is_one { Parts::One(first) } else { Parts::Each(Box::new(self.parts)) }
            }
        };
        let is_coarse = level.level < level.ladder.asked;
        let has_seam = is_coarse && self.has_seam(&parts, cell * look.slope);
        let mut distances = Box::new([f16::ZERO; SAMPLES]);
        let scaled = self.distances.map(|distance| distance / scale);
        distances.convert_from_f32_slice(&scaled);
        let brick = Brick {
            at,
            programs: Some(programs),
            look,
            scale,
            distances,
            parts,
            thin,
            touches_only,
            has_seam,
            children: None,
        };
        Outcome::Stored(Box::new(brick))
    }

    /// Whether samples within `near` of the surface have different materials.
    fn has_seam(&self, parts: &Parts, near: f32) -> bool {
        let Parts::Each(parts) = parts else { return false };
        let beside = parts.iter().zip(&self.distances).filter(|(_, distance)| distance.abs() <= near);
        let mut materials = beside.map(|(&part, _)| self.materials.get(usize::from(part)));
        materials.next().is_some_and(|first| materials.any(|material| material != first))
    }
}
