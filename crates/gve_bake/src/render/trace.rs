//! Where the rays of a tile of the picture first meet the surface.
//!
//! The bricks that the surface may pass through are visited front to back; in each, all rays of the
//! tile that cross it march together with the brick's own short program (sphere tracing, Hart 1996).

use glam::{Vec2, Vec3};

use super::{
    camera::{Basis, Camera, corners},
    query::{Query, Space},
};
use crate::points::{Points, resize};

/// Pixels along one side of a tile.
pub(super) const TILE: u32 = 16;
/// Steps of one ray in one brick; a ray that grazes the surface longer goes on to the next brick.
const MAX_STEPS: u32 = 96;

/// The bricks of each tile, nearest first.
pub(super) struct TileBins {
    pub(super) tiles: [u32; 2],
    bins: Vec<Vec<u32>>,
}

impl TileBins {
    pub(super) fn new(space: &Space, camera: &Camera, size: [u32; 2]) -> Self {
        let tiles = size.map(|n| n.div_ceil(TILE));
        let mut bins = vec![vec![]; tiles[0] as usize * tiles[1] as usize];
        let basis = camera.basis();
        let half = camera.half_extents(size);
        let eye = ((camera.position - space.grid.origin) / space.grid.brick).floor();
        let mut order: Vec<(i64, u32)> = vec![];
        for (index, block) in space.blocks.iter().enumerate() {
            if block.has_surface() {
                // For boxes of a regular grid the distance in steps from the eye's own box is a front to
                // back order for every ray.
                let steps: i64 = (0..3).map(|a| (i64::from(block.first[a]) - eye[a] as i64).abs()).sum();
                order.push((steps, index as u32));
            }
        }
        order.sort_unstable();
        for (_, index) in order {
            let block = &space.blocks[index as usize];
            let bounds = space.grid.aabb(block.first, block.size);
            let (min, max) = screen_bounds(&basis, camera.position, half, size, corners(bounds));
            let tile = |v: Vec2| (v / TILE as f32).floor();
            let last = Vec2::new(tiles[0] as f32 - 1.0, tiles[1] as f32 - 1.0);
            let (min, max) = (tile(min).max(Vec2::ZERO), tile(max).min(last));
            if min.cmpgt(max).any() {
                continue;
            }
            for ty in min.y as u32..=max.y as u32 {
                for tx in min.x as u32..=max.x as u32 {
                    bins[(ty * tiles[0] + tx) as usize].push(index);
                }
            }
        }
        Self { tiles, bins }
    }

    pub(super) fn bin(&self, tile: u32) -> &[u32] {
        &self.bins[tile as usize]
    }
}

/// Pixels that the points may cover; everything when one is behind the camera.
fn screen_bounds(basis: &Basis, eye: Vec3, half: Vec2, size: [u32; 2], points: [Vec3; 8]) -> (Vec2, Vec2) {
    let (mut min, mut max) = (Vec2::INFINITY, Vec2::NEG_INFINITY);
    for p in points {
        let v = p - eye;
        let depth = v.dot(basis.forward);
        if depth < 1e-6 {
            return (Vec2::ZERO, Vec2::new(size[0] as f32, size[1] as f32));
        }
        let ndc = Vec2::new(v.dot(basis.right), -v.dot(basis.up)) / (half * depth);
        let pixel = (ndc * 0.5 + 0.5) * Vec2::new(size[0] as f32, size[1] as f32);
        min = min.min(pixel);
        max = max.max(pixel);
    }
    (min - 1.0, max + 1.0)
}

/// What a ray met.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// Which ray of the tile.
    pub(super) ray: u32,
    pub(super) position: Vec3,
    /// Unit normal out of the solid.
    pub(super) normal: Vec3,
    pub(super) material: u8,
}

/// One thread's scratch for tracing tiles.
#[derive(Default)]
pub(super) struct Tracer {
    /// Unit directions of the tile's rays.
    pub(super) rays: Vec<Vec3>,
    /// Where along each ray the surface is, in metres; infinite where there is none.
    found: Vec<f32>,
    pub(super) hits: Vec<Hit>,
    active: Vec<Segment>,
    points: Points,
    distances: Vec<f32>,
    positions: Vec<Vec3>,
    gradients: Vec<glam::Vec4>,
    materials: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Segment {
    ray: u32,
    t: f32,
    end: f32,
}

impl Tracer {
    /// Finds the first hit of every ray in `self.rays`; `footprint` is the distance between rays at
    /// distance 1.
    pub(super) fn trace(&mut self, query: &mut Query<'_>, eye: Vec3, bin: &[u32], footprint: f32) {
        let space = query.space;
        let per_lipschitz = 1.0 / space.field.lipschitz().max(1.0);
        self.found.clear();
        self.found.resize(self.rays.len(), f32::INFINITY);
        let mut open = self.rays.len();
        for &index in bin {
            if open == 0 {
                break;
            }
            let block = &space.blocks[index as usize];
            let bounds = space.grid.aabb(block.first, block.size);
            self.enter(bounds.min - eye, bounds.max - eye);
            for _ in 0..MAX_STEPS {
                if self.active.is_empty() {
                    break;
                }
                self.points.clear();
                for segment in &self.active {
                    self.points.push(eye + self.rays[segment.ray as usize] * segment.t);
                }
                resize(&mut self.distances, self.active.len());
                let p = &self.points;
                query.evaluator.distances(&block.region, &p.xs, &p.ys, &p.zs, &mut self.distances);
                let mut kept = 0;
                for i in 0..self.active.len() {
                    let mut segment = self.active[i];
                    let tolerance = 0.2 * footprint * segment.t;
                    let step = self.distances[i] * per_lipschitz;
                    if step < tolerance {
                        self.found[segment.ray as usize] = segment.t;
                        open -= 1;
                        continue;
                    }
                    segment.t += step;
                    if segment.t < segment.end {
                        self.active[kept] = segment;
                        kept += 1;
                    }
                }
                self.active.truncate(kept);
            }
        }
        self.resolve(query, eye, footprint);
    }

    /// Lists the open rays that cross the box (its corners relative to the eye).
    fn enter(&mut self, min: Vec3, max: Vec3) {
        self.active.clear();
        for (ray, (&direction, found)) in self.rays.iter().zip(&self.found).enumerate() {
            if found.is_finite() {
                continue;
            }
            let inverse = direction.recip();
            let (a, b) = (min * inverse, max * inverse);
            let start = a.min(b).max_element().max(0.0);
            let end = a.max(b).min_element();
            if start <= end {
                // A ray that steps just over the end of a brick must not lose a hit in the gap.
                let slack = 1e-4 * (end - start) + 1e-6 * end;
                self.active.push(Segment { ray: ray as u32, t: start, end: end + slack });
            }
        }
    }

    /// Moves the hits onto the surface and looks up their normals and materials.
    fn resolve(&mut self, query: &mut Query<'_>, eye: Vec3, footprint: f32) {
        self.hits.clear();
        self.positions.clear();
        let mut rays = vec![];
        for (ray, &t) in self.found.iter().enumerate() {
            if t.is_finite() {
                rays.push(ray as u32);
                self.positions.push(eye + self.rays[ray] * t);
            }
        }
        query.gradients(&self.positions, &mut self.gradients);
        query.materials(&self.positions, &mut self.materials);
        for (i, &ray) in rays.iter().enumerate() {
            let direction = self.rays[ray as usize];
            let (gradient, distance) = (self.gradients[i].truncate(), self.gradients[i].w);
            let slope = gradient.dot(direction);
            let limit = 2.0 * footprint * self.found[ray as usize];
            let step = if slope < -1e-3 { (-distance / slope).clamp(-limit, limit) } else { 0.0 };
            self.hits.push(Hit {
                ray,
                position: self.positions[i] + direction * step,
                normal: gradient.try_normalize().unwrap_or(-direction),
                material: self.materials[i],
            });
        }
    }
}
