//! Fewer triangles where the surface is flat or gently curved.
//!
//! Vertices are moved into a neighbour, one by one, the cheapest first (Garland and Heckbert, "Surface
//! Simplification Using Quadric Error Metrics", SIGGRAPH 1997, with vertices that stay where they are on
//! the surface). What may not change is guarded: the mesh stays a closed manifold (the link condition of
//! Dey et al., 1999), edges between normals and between materials stay edges, no triangle turns over.
//!
//! The mesh is cut into blocks that are worked on side by side: only points whose triangles are all in one
//! block are moved, and only into such points. Then the same is done with other blocks, half a block on, and at
//! last with what was at the sides of both. Blocks stand fast in the asset's frame, and among equals the place
//! decides, not the number, so that a part comes out the same whatever stands elsewhere.

mod patch;
mod quadric;

use glam::Vec3;
use rayon::prelude::*;

use super::{
    key::{KeyHasher, Map},
    mesh::{Mesh, Triangle},
};
use patch::{Outcome, Patch, Standing};
use quadric::Quadric;

/// A block's side, in cells of the grid.
const BLOCK_CELLS: f32 = 24.0;
/// Where blocks begin, in blocks: once for every time that the mesh is cut.
const CUTS: [f32; 2] = [0.0, 0.5];
/// Marks points that belong to several blocks, or that stay where they are.
const SHARED: u32 = u32::MAX;
/// Marks points without a triangle.
const UNSEEN: u32 = u32::MAX - 1;

/// How a mesh may be simplified.
pub(super) struct Leave<'a> {
    /// Squares of how far the surface may be off, by vertex.
    pub(super) allowed: &'a [f32],
    /// Whether the point of each vertex stays, with all its triangles.
    pub(super) is_fixed: &'a [bool],
    /// Side of the grid's cells, metres.
    pub(super) cell_size_m: f32,
}

/// Simplifies a mesh, and once more when something in it was changed: blocks that are as they were are not worked
/// on again.
#[derive(Default)]
pub(super) struct Simplifier {
    /// What became of each block, by what was in it.
    known: Map<u64, Outcome>,
}

/// A part of the mesh.
struct Block {
    /// Numbers of its triangles.
    numbers: Vec<u32>,
    outcome: Outcome,
    /// Tells blocks from others with something else in them.
    print: u64,
}

/// What the points are like while the mesh is simplified.
struct State<'a> {
    mesh: &'a Mesh,
    leave: &'a Leave<'a>,
    triangles: Vec<Triangle>,
    quadrics: Option<Vec<Quadric>>,
    is_open: Vec<bool>,
}

impl Simplifier {
    /// Triangles with vertices moved into neighbours where the surface is not off by more than is allowed then.
    pub(super) fn simplify(&mut self, mesh: &Mesh, leave: &Leave<'_>) -> Vec<Triangle> {
        let is_open = vec![true; mesh.positions.len()];
        let mut state = State { mesh, leave, triangles: mesh.triangles.clone(), quadrics: None, is_open };
        let mut known = Map::default();
        for shift in CUTS {
            let numbers = state.blocks(shift);
            let owners = state.owners(&numbers);
            let blocks: Vec<Block> = (0u32..)
                .zip(numbers)
                .collect::<Vec<_>>()
                .into_par_iter()
                .map(|(block, numbers)| state.work(block, numbers, &owners, &self.known))
                .collect();
            let triangles = std::mem::take(&mut state.triangles);
            for block in &blocks {
                let left = block.outcome.triangles.iter();
                state.triangles.extend(left.map(|&(i, vertices)| Triangle {
                    vertices,
                    ..triangles[block.numbers[i as usize] as usize]
                }));
            }
            state.take(blocks.iter().map(|block| &block.outcome));
            known.extend(blocks.into_iter().map(|block| (block.print, block.outcome)));
        }
        self.known = known;
        state.finish();
        state.triangles
    }
}

impl State<'_> {
    fn points(&self, t: u32) -> [u32; 3] {
        self.mesh.points(&self.triangles[t as usize])
    }

    /// Numbers of the triangles of each block.
    fn blocks(&self, shift: f32) -> Vec<Vec<u32>> {
        let scale = 1.0 / (BLOCK_CELLS * self.leave.cell_size_m);
        let mut keys: Vec<(u64, u32)> = (self.triangles.par_iter().enumerate())
            .with_min_len(1024)
            .map(|(t, triangle)| {
                let sum: Vec3 = self.mesh.corners(triangle).iter().sum();
                let at = (sum * (scale / 3.0) + shift).floor().as_ivec3() + (1 << 20);
                let key = at.to_array().iter().fold(0, |key, &i| key << 21 | u64::from(i as u32 & 0x1f_ffff));
                (key, t as u32)
            })
            .collect();
        keys.par_sort_unstable();
        keys.chunk_by(|a, b| a.0 == b.0).map(|block| block.iter().map(|&(_, t)| t).collect()).collect()
    }

    /// For each point the block that holds all its triangles.
    fn owners(&self, blocks: &[Vec<u32>]) -> Vec<u32> {
        let mut owners = vec![UNSEEN; self.mesh.positions.len()];
        for (block, numbers) in (0..).zip(blocks) {
            for point in numbers.iter().flat_map(|&t| self.points(t)) {
                let owner = &mut owners[point as usize];
                if *owner == UNSEEN && !self.leave.is_fixed[point as usize] {
                    *owner = block;
                } else if *owner != block {
                    *owner = SHARED;
                }
            }
        }
        owners
    }

    fn work(&self, block: u32, numbers: Vec<u32>, owners: &[u32], known: &Map<u64, Outcome>) -> Block {
        let print = self.print(block, &numbers, owners);
        let outcome = known.get(&print).cloned().unwrap_or_else(|| {
            let standing = |point: u32| {
                if owners[point as usize] == block { Standing::Inner } else { Standing::Fixed }
            };
            self.patch(&numbers, standing).simplify(|point| self.is_open[point as usize])
        });
        Block { numbers, outcome, print }
    }

    fn patch(&self, numbers: &[u32], standing: impl Fn(u32) -> Standing) -> Patch<'_> {
        let State { mesh, leave, triangles, quadrics, .. } = self;
        Patch::new(mesh, leave, triangles, numbers, standing, quadrics.as_deref())
    }

    /// A hash of all that decides about what becomes of a block.
    fn print(&self, block: u32, numbers: &[u32], owners: &[u32]) -> u64 {
        use std::hash::Hasher;
        let mut hasher = KeyHasher::default();
        hasher.write_u64(numbers.len() as u64 | u64::from(self.quadrics.is_some()) << 32);
        for &t in numbers {
            for vertex in self.triangles[t as usize].vertices {
                let point = self.mesh.weld[vertex as usize] as usize;
                let is_inner = owners[point] == block;
                hasher.write_u64(
                    u64::from(vertex) << 2 | u64::from(is_inner) << 1 | u64::from(self.is_open[point]),
                );
                let [x, y, z] = self.mesh.positions[point].to_array().map(f32::to_bits);
                hasher.write_u64(u64::from(x) | u64::from(y ^ z.rotate_left(16)) << 32);
                if let Some(quadrics) = self.quadrics.as_ref().filter(|_| is_inner) {
                    hasher.write_u32(quadrics[point].print());
                }
            }
        }
        hasher.finish()
    }

    /// Takes over what the blocks know about their points.
    fn take<'o>(&mut self, outcomes: impl Iterator<Item = &'o Outcome>) {
        let is_known = self.quadrics.is_some();
        let count = self.mesh.positions.len();
        let quadrics = self.quadrics.get_or_insert_with(|| vec![Quadric::default(); count]);
        self.is_open.fill(false);
        for outcome in outcomes {
            outcome.open.iter().for_each(|&point| self.is_open[point as usize] = true);
            for &(point, standing, quadric) in &outcome.quadrics {
                let own = &mut quadrics[point as usize];
                match standing {
                    Standing::Inner => *own = quadric,
                    Standing::Fixed if is_known => {}
                    Standing::Fixed => *own = own.plus(&quadric),
                }
            }
        }
    }

    /// Works on what is still open, wherever it is.
    fn finish(&mut self) {
        let mut is_near = self.is_open.clone();
        for t in 0..self.triangles.len() as u32 {
            let points = self.points(t);
            if points.iter().any(|&point| self.is_open[point as usize]) {
                points.iter().for_each(|&point| is_near[point as usize] = true);
            }
        }
        let (near, far): (Vec<u32>, Vec<u32>) = (0..self.triangles.len() as u32)
            .partition(|&t| self.points(t).iter().any(|&point| is_near[point as usize]));
        let mut stays = self.leave.is_fixed.to_vec();
        for point in far.iter().flat_map(|&t| self.points(t)) {
            stays[point as usize] = true;
        }
        let standing = |point: u32| if stays[point as usize] { Standing::Fixed } else { Standing::Inner };
        let outcome = self.patch(&near, standing).simplify(|point| self.is_open[point as usize]);
        let left = outcome.triangles.iter();
        let near =
            left.map(|&(i, vertices)| Triangle { vertices, ..self.triangles[near[i as usize] as usize] });
        self.triangles = far.iter().map(|&t| self.triangles[t as usize]).chain(near).collect();
    }
}
