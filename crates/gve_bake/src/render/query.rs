//! The field cut into bricks, and evaluation of scattered points with the program of their brick.

use glam::{Vec3, Vec4};
use gve_sdf::{Aabb, Evaluator, Field, Region};

use crate::{
    points::{Points, resize},
    survey::{Block, Grid, Keep, survey},
};

/// Bricks along the longest side. Finer bricks have shorter programs, but rays cross more of them.
const LONGEST_SIDE: f32 = 28.0;

/// A field whose bricks each have their own program.
pub(super) struct Space {
    pub(super) field: Field,
    pub(super) grid: Grid,
    pub(super) blocks: Vec<Block>,
    /// The block of every brick, x fastest.
    owner: Vec<u32>,
}

impl Space {
    pub(super) fn new(field: &Field) -> Self {
        let bounds = field.bounds();
        let longest = (bounds.half_size() * 2.0).max_element().max(1e-6);
        // Shadows and occlusion look at the field a little outside of the surface's own box.
        let margin = Vec3::splat(0.04 * longest);
        let padded = Aabb { min: bounds.min - margin, max: bounds.max + margin };
        let grid = Grid::covering(padded, longest / LONGEST_SIDE);
        let blocks = survey(field, &grid, 1e-3 * grid.brick, Keep::All);
        let [nx, ny, nz] = grid.counts.map(|n| n as usize);
        let mut owner = vec![0; nx * ny * nz];
        for (index, block) in blocks.iter().enumerate() {
            let [x0, y0, z0] = block.first.map(|i| i as usize);
            let [sx, sy, sz] = block.size.map(|i| i as usize);
            for z in z0..z0 + sz {
                for y in y0..y0 + sy {
                    owner[(z * ny + y) * nx + x0..][..sx].fill(index as u32);
                }
            }
        }
        Self { field: field.clone(), grid, blocks, owner }
    }

    /// The box that the bricks fill.
    pub(super) fn aabb(&self) -> Aabb {
        self.grid.aabb([0; 3], self.grid.counts)
    }

    /// The block that holds a point, or that is nearest to it.
    fn block_at(&self, p: Vec3) -> u32 {
        let counts = Vec3::from(self.grid.counts.map(|n| n as f32));
        let cell = ((p - self.grid.origin) / self.grid.brick).clamp(Vec3::ZERO, counts - 1.0);
        let [x, y, z] = cell.to_array().map(|c| c as usize);
        let [nx, ny, _] = self.grid.counts.map(|n| n as usize);
        self.owner[(z * ny + y) * nx + x]
    }
}

/// One thread's evaluator and scratch for scattered points.
pub(super) struct Query<'a> {
    pub(super) space: &'a Space,
    pub(super) evaluator: Evaluator,
    owners: Vec<u32>,
    /// How many points of the batch each block has, then where its run ends.
    counts: Vec<u32>,
    touched: Vec<u32>,
    order: Vec<u32>,
    batch: Points,
    distances: Vec<f32>,
    gradients: Vec<Vec4>,
    materials: Vec<u8>,
}

impl<'a> Query<'a> {
    pub(super) fn new(space: &'a Space) -> Self {
        Self {
            space,
            evaluator: Evaluator::new(&space.field),
            owners: vec![],
            counts: vec![0; space.blocks.len()],
            touched: vec![],
            order: vec![],
            batch: Points::default(),
            distances: vec![],
            gradients: vec![],
            materials: vec![],
        }
    }

    /// Distances in metres. Outside of the bricks the distance to their box is added to the value at
    /// its nearest point, which is never too little by much and never jumps.
    pub(super) fn distances(&mut self, points: &[Vec3], out: &mut Vec<f32>) {
        resize(out, points.len());
        let bounds = self.space.aabb();
        self.for_runs(points, |query, region, run| {
            resize(&mut query.distances, run.len());
            let batch = &query.batch;
            query.evaluator.distances(region, &batch.xs, &batch.ys, &batch.zs, &mut query.distances);
            for (&index, &distance) in run.iter().zip(&query.distances) {
                let p = points[index as usize];
                out[index as usize] = distance + p.distance(p.clamp(bounds.min, bounds.max));
            }
        });
    }

    /// Gradient and distance of points inside the bricks.
    pub(super) fn gradients(&mut self, points: &[Vec3], out: &mut Vec<Vec4>) {
        resize(out, points.len());
        self.for_runs(points, |query, region, run| {
            resize(&mut query.gradients, run.len());
            let batch = &query.batch;
            query.evaluator.gradients(region, &batch.xs, &batch.ys, &batch.zs, &mut query.gradients);
            for (&index, &gradient) in run.iter().zip(&query.gradients) {
                out[index as usize] = gradient;
            }
        });
    }

    /// Palette indices of points inside the bricks.
    pub(super) fn materials(&mut self, points: &[Vec3], out: &mut Vec<u8>) {
        resize(out, points.len());
        self.for_runs(points, |query, region, run| {
            resize(&mut query.materials, run.len());
            let batch = &query.batch;
            query.evaluator.materials(region, &batch.xs, &batch.ys, &batch.zs, &mut query.materials);
            for (&index, &material) in run.iter().zip(&query.materials) {
                out[index as usize] = material;
            }
        });
    }

    /// Sorts the points by block and hands over one run per block: its program and the indices of its
    /// points, whose coordinates are in `batch`.
    fn for_runs(&mut self, points: &[Vec3], mut run: impl FnMut(&mut Self, &Region, &[u32])) {
        let space = self.space;
        let bounds = space.aabb();
        self.owners.clear();
        self.touched.clear();
        for &p in points {
            let block = space.block_at(p);
            self.owners.push(block);
            let count = &mut self.counts[block as usize];
            if *count == 0 {
                self.touched.push(block);
            }
            *count += 1;
        }
        let mut end = 0;
        for &block in &self.touched {
            let count = &mut self.counts[block as usize];
            end += *count;
            *count = end;
        }
        let mut order = std::mem::take(&mut self.order);
        resize(&mut order, points.len());
        for (index, &block) in self.owners.iter().enumerate().rev() {
            let slot = &mut self.counts[block as usize];
            *slot -= 1;
            order[*slot as usize] = index as u32;
        }
        let touched = std::mem::take(&mut self.touched);
        for (number, &block) in touched.iter().enumerate() {
            let start = self.counts[block as usize] as usize;
            let next = touched.get(number + 1).map_or(points.len(), |&b| self.counts[b as usize] as usize);
            self.batch.clear();
            for &index in &order[start..next] {
                self.batch.push(points[index as usize].clamp(bounds.min, bounds.max));
            }
            run(self, &space.blocks[block as usize].region, &order[start..next]);
        }
        for &block in &touched {
            self.counts[block as usize] = 0;
        }
        self.touched = touched;
        self.order = order;
    }
}
