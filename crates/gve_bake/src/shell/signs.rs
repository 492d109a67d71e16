//! Inside or outside, at every sample of the grid.
//!
//! Each sample belongs to one brick and is judged once, so that bricks agree about the samples between
//! them whatever the rounding of their shortened programs.

use glam::{IVec3, UVec3};
use gve_sdf::{Evaluator, Field, Region};
use rayon::prelude::*;

use crate::{
    Watch,
    lattice::{Block, Lattice},
    walk::{self, Walk},
    watch::Meter,
};

/// Cells, and samples of its own, along one side of a brick.
pub(super) const SIDE: usize = 8;
/// Samples of its own in a brick.
pub(super) const SAMPLES: usize = SIDE * SIDE * SIDE;

/// A brick without samples, outside.
const OUTSIDE: u32 = u32::MAX - 1;
/// A brick without samples, inside.
const INSIDE: u32 = u32::MAX;

/// A brick that the surface may touch. It owns the samples at its low corner and those up to, but not on,
/// its high faces; and the edges and cells that start at them.
pub(super) struct Brick {
    /// Which brick.
    pub(super) at: UVec3,
    /// The field inside the brick, faces included.
    pub(super) region: Region,
    /// A bit per sample, set inside: word `z`, bit `x + 8 y`.
    pub(super) signs: [u64; SIDE],
    /// Distances of its samples, x fastest; `None` where the interval alone told the sign.
    pub(super) values: Option<Box<[f32; SAMPLES]>>,
}

/// All samples of a grid.
pub(super) struct SignGrid {
    pub(super) lattice: Lattice,
    pub(super) bricks: Vec<Brick>,
    /// For each brick of the lattice its place in `bricks`, or one of the two marks.
    slots: Vec<u32>,
}

impl SignGrid {
    /// Samples the field wherever its surface may be.
    ///
    /// Once the watch is cancelled it leaves out the rest; then the grid is good for nothing.
    pub(super) fn sample(field: &Field, lattice: Lattice, watch: &dyn Watch) -> Self {
        let walk = Walk::new(lattice, 0.0, watch);
        let tasks = walk::tasks(field, &walk);
        let meter = Meter::new(watch, tasks.len(), [0.0, 0.35]);
        let parts: Vec<Part> = tasks
            .par_iter()
            .map_init(
                || (Evaluator::new(field), Scratch::new()),
                |(evaluator, scratch), task| {
                    let mut part = Part::default();
                    walk::descend(
                        evaluator,
                        &walk,
                        task,
                        &mut (&mut part, scratch),
                        &mut |(part, _), _, task| part.uniform.push((task.block, task.interval.hi < 0.0)),
                        &mut |(part, scratch), evaluator, task| {
                            part.sample(evaluator, scratch, &lattice, task);
                        },
                    );
                    meter.count();
                    part
                },
            )
            .collect();
        let mut grid = Self { lattice, bricks: Vec::new(), slots: vec![OUTSIDE; lattice.brick_count()] };
        for part in parts {
            for (block, inside) in part.uniform {
                if inside {
                    for at in block.bricks(&lattice) {
                        grid.slots[lattice.brick_index(at)] = INSIDE;
                    }
                }
            }
            for brick in part.bricks {
                grid.slots[lattice.brick_index(brick.at)] = grid.bricks.len() as u32;
                grid.bricks.push(brick);
            }
        }
        grid.close();
        let root = Evaluator::new(field).root();
        grid.add_seams(&root);
        grid
    }

    /// Puts the outermost samples outside, so that the mesh is closed even if the bounds were wrong.
    fn close(&mut self) {
        for brick in &mut self.bricks {
            // The samples on the grid's high faces belong to no brick and count as outside already.
            if brick.at.x == 0 {
                brick.signs.iter_mut().for_each(|word| *word &= !X_LOW);
            }
            if brick.at.y == 0 {
                brick.signs.iter_mut().for_each(|word| *word &= !Y_LOW);
            }
            if brick.at.z == 0 {
                brick.signs[0] = 0;
            }
        }
    }

    /// Adds the bricks without samples that differ from a neighbour: there the bounds of the field or of
    /// its intervals were wrong by a rounding, or the grid ends inside the solid.
    fn add_seams(&mut self, root: &Region) {
        let lattice = self.lattice;
        let whole = Block { at: UVec3::ZERO, side: lattice.bricks.max_element() };
        let mut found = Vec::new();
        for at in whole.bricks(&lattice) {
            let slot = self.slots[lattice.brick_index(at)];
            if slot < OUTSIDE {
                continue;
            }
            let own = if slot == INSIDE { u64::MAX } else { 0 };
            let differs = |offset: u32| {
                let offset = UVec3::new(offset & 1, offset >> 1 & 1, offset >> 2);
                let mut mask = u64::MAX;
                if offset.x == 1 {
                    mask &= X_LOW;
                }
                if offset.y == 1 {
                    mask &= Y_LOW;
                }
                let depth = if offset.z == 1 { 1 } else { SIDE };
                let neighbour = self.slot((at + offset).as_ivec3());
                (0..depth).any(|z| (self.word(neighbour, z) ^ own) & mask != 0)
            };
            let at_low_face = slot == INSIDE && at.cmpeq(UVec3::ZERO).any();
            if at_low_face || (1..8).any(differs) {
                found.push(Brick { at, region: root.clone(), signs: [own; SIDE], values: None });
            }
        }
        for brick in found {
            self.slots[lattice.brick_index(brick.at)] = self.bricks.len() as u32;
            self.bricks.push(brick);
        }
        self.close();
    }

    /// The place of a brick, or the mark of one without samples; beyond the grid everything is outside.
    pub(super) fn slot(&self, at: IVec3) -> u32 {
        let bricks = self.lattice.bricks.as_ivec3();
        if at.cmplt(IVec3::ZERO).any() || at.cmpge(bricks).any() {
            return OUTSIDE;
        }
        self.slots[self.lattice.brick_index(at.as_uvec3())]
    }

    /// Signs of one slice of the brick in a slot.
    pub(super) fn word(&self, slot: u32, z: usize) -> u64 {
        match slot {
            OUTSIDE => 0,
            INSIDE => u64::MAX,
            slot => self.bricks[slot as usize].signs[z],
        }
    }

    /// Whether a sample is inside.
    pub(super) fn is_inside(&self, sample: IVec3) -> bool {
        let side = SIDE as i32;
        let slot = self.slot(sample.div_euclid(IVec3::splat(side)));
        let local = sample.rem_euclid(IVec3::splat(side));
        self.word(slot, local.z as usize) >> (local.x + side * local.y) & 1 == 1
    }

    /// Corner signs of a cell, as [`super::table::TABLE`] wants them.
    pub(super) fn cell_signs(&self, cell: IVec3) -> u8 {
        (0..8).fold(0, |signs, corner| {
            let offset = IVec3::new(corner & 1, corner >> 1 & 1, corner >> 2);
            signs | u8::from(self.is_inside(cell + offset)) << corner
        })
    }

    /// Places of the eight bricks that hold the samples of a brick's cells: bit 0 of the index is a step
    /// along x, bit 1 along y, bit 2 along z.
    pub(super) fn upper_slots(&self, at: UVec3) -> [u32; 8] {
        std::array::from_fn(|i| {
            self.slot(at.as_ivec3() + IVec3::new(i as i32 & 1, i as i32 >> 1 & 1, i as i32 >> 2))
        })
    }

    /// Places of the eight bricks whose cells touch a brick's samples, as [`Self::upper_slots`] but downwards.
    pub(super) fn lower_slots(&self, at: UVec3) -> [u32; 8] {
        std::array::from_fn(|i| {
            self.slot(at.as_ivec3() - IVec3::new(i as i32 & 1, i as i32 >> 1 & 1, i as i32 >> 2))
        })
    }

    /// Signs of the 9³ samples of a brick's cells: row `[z][y]`, bit `x`.
    pub(super) fn rows(&self, upper: &[u32; 8]) -> [[u16; SIDE + 1]; SIDE + 1] {
        let mut rows = [[0; SIDE + 1]; SIDE + 1];
        for (z, slice) in rows.iter_mut().enumerate() {
            for step_y in 0..2 {
                let words = [0, 1].map(|step_x| {
                    let slot = upper[step_x + 2 * step_y + 4 * (z / SIDE)];
                    self.word(slot, z % SIDE)
                });
                if step_y == 0 {
                    for (y, row) in slice.iter_mut().take(SIDE).enumerate() {
                        *row = (words[0] >> (8 * y) & 0xff) as u16 | ((words[1] >> (8 * y) & 1) as u16) << 8;
                    }
                } else {
                    slice[SIDE] = (words[0] & 0xff) as u16 | ((words[1] & 1) as u16) << 8;
                }
            }
        }
        rows
    }
}

/// Samples at x = 0.
const X_LOW: u64 = 0x0101_0101_0101_0101;
/// Samples at y = 0.
const Y_LOW: u64 = 0xff;

/// Number of a sample in its brick.
pub(super) const fn sample_index(x: usize, y: usize, z: usize) -> usize {
    x + SIDE * (y + SIDE * z)
}

/// What one task made.
#[derive(Default)]
struct Part {
    uniform: Vec<(Block, bool)>,
    bricks: Vec<Brick>,
}

struct Scratch {
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
}

impl Scratch {
    fn new() -> Self {
        let zeros = || vec![0.0; SAMPLES];
        Self { x: zeros(), y: zeros(), z: zeros() }
    }
}

impl Part {
    fn sample(
        &mut self,
        evaluator: &mut Evaluator,
        scratch: &mut Scratch,
        lattice: &Lattice,
        task: &walk::Task,
    ) {
        let at = task.block.at;
        let first = at * SIDE as u32;
        lattice.fill_positions(first, SIDE, [&mut scratch.x, &mut scratch.y, &mut scratch.z]);
        let mut values = Box::new([0.0; SAMPLES]);
        evaluator.distances(&task.region, &scratch.x, &scratch.y, &scratch.z, values.as_mut_slice());
        let mut signs = [0u64; SIDE];
        for (word, slice) in signs.iter_mut().zip(values.chunks_exact(SIDE * SIDE)) {
            *word = slice.iter().enumerate().fold(0, |word, (bit, &d)| word | u64::from(d < 0.0) << bit);
        }
        self.bricks.push(Brick { at, region: task.region.clone(), signs, values: Some(values) });
    }
}
