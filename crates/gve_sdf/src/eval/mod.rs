//! The fast native evaluator.
//!
//! A [`Region`] is a program that agrees with the whole field inside one box; [`Evaluator::prune`]
//! shortens it for a smaller box. Batches run a region's program over many points at once.

mod batch;
mod bounds;
mod code;
mod gradient;
mod program;
mod visit;

use std::sync::{Arc, OnceLock};

use glam::{Vec3, Vec4};

pub(crate) use bounds::tight_bounds;
pub(crate) use program::Program;

use self::{batch::BatchScratch, gradient::GradientScratch, program::PruneScratch};
use crate::{aabb::Aabb, field::Field, interval::Interval};

/// A program valid inside one box; the root is valid everywhere. Cheap to clone, may cross threads.
#[derive(Debug, Clone)]
pub struct Region(Arc<RegionInner>);

#[derive(Debug)]
struct RegionInner {
    bounds: Aabb,
    distance: Arc<Program>,
    /// The program of the material, pruned when it is first asked for: most boxes never are.
    material: OnceLock<Arc<Program>>,
    parent: Option<Region>,
}

impl Region {
    /// Operations per distance.
    #[expect(clippy::len_without_is_empty, reason = "a program always has its result")]
    pub fn len(&self) -> usize {
        self.0.distance.len()
    }

    /// Where the program is valid.
    pub fn bounds(&self) -> Aabb {
        self.0.bounds
    }
}

/// Evaluates one field. Holds scratch memory, so each thread needs its own; cheap to make.
#[derive(Debug)]
pub struct Evaluator {
    field: Field,
    prune: PruneScratch,
    batch: BatchScratch,
    gradient: GradientScratch,
}

impl Evaluator {
    /// An evaluator of `field`.
    pub fn new(field: &Field) -> Self {
        Self {
            field: field.clone(),
            prune: PruneScratch::default(),
            batch: BatchScratch::default(),
            gradient: GradientScratch::default(),
        }
    }

    /// The whole field.
    pub fn root(&self) -> Region {
        Region(Arc::new(RegionInner {
            bounds: Aabb::UNBOUNDED,
            distance: Arc::clone(self.field.distance_program()),
            material: OnceLock::from(Arc::clone(self.field.material_program())),
            parent: None,
        }))
    }

    /// The shortest program found that agrees with `parent` inside `bounds`, and an interval that holds
    /// every distance in there. `bounds` lies within the parent's. For an infinite or empty box nothing is
    /// shortened and the interval holds every number.
    pub fn prune(&mut self, parent: &Region, bounds: Aabb) -> (Region, Interval) {
        let (distance, interval) = self.prune.prune(&parent.0.distance, bounds);
        let region =
            RegionInner { bounds, distance, material: OnceLock::new(), parent: Some(parent.clone()) };
        (Region(Arc::new(region)), interval)
    }

    /// An interval that holds every distance inside `bounds`, which lies within the region's. For an
    /// infinite or empty box it holds every number.
    pub fn interval(&mut self, region: &Region, bounds: Aabb) -> Interval {
        self.prune.interval(&region.0.distance, bounds)
    }

    /// Distances in metres at points given coordinate by coordinate.
    ///
    /// All slices have the same length; points beyond the shortest are left out. The points lie within
    /// the region's bounds.
    pub fn distances(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: &mut [f32]) {
        self.batch.run(region.0.distance.code(), [xs, ys, zs], out, |value| value);
    }

    /// Gradients and distances: `(d/dx, d/dy, d/dz, distance)`. Slices as in [`Evaluator::distances`].
    pub fn gradients(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: &mut [Vec4]) {
        self.gradient.run(region.0.distance.code(), [xs, ys, zs], out);
    }

    /// Palette index of the nearest part's material. Slices as in [`Evaluator::distances`].
    pub fn materials(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: &mut [u8]) {
        let program = self.material_program(region);
        self.batch.run(program.code(), [xs, ys, zs], out, |value| value as u8);
    }

    /// The one material of the region's box, if it is known to have only one.
    pub fn uniform_material(&mut self, region: &Region) -> Option<u8> {
        self.material_program(region).constant().map(|value| value as u8)
    }

    /// Distance at one point. Batches are many times faster per point.
    pub fn distance(&mut self, region: &Region, p: Vec3) -> f32 {
        let mut out = [0.0];
        self.distances(region, &[p.x], &[p.y], &[p.z], &mut out);
        out[0]
    }

    /// Gradient and distance at one point.
    pub fn gradient(&mut self, region: &Region, p: Vec3) -> Vec4 {
        let mut out = [Vec4::ZERO];
        self.gradients(region, &[p.x], &[p.y], &[p.z], &mut out);
        out[0]
    }

    /// Palette index of the material at one point.
    pub fn material(&mut self, region: &Region, p: Vec3) -> u8 {
        let mut out = [0];
        self.materials(region, &[p.x], &[p.y], &[p.z], &mut out);
        out[0]
    }

    fn material_program(&mut self, region: &Region) -> Arc<Program> {
        if let Some(program) = region.0.material.get() {
            return Arc::clone(program);
        }
        let parent = match &region.0.parent {
            Some(parent) => self.material_program(parent),
            None => Arc::clone(self.field.material_program()),
        };
        let pruned = self.prune.prune(&parent, region.0.bounds).0;
        Arc::clone(region.0.material.get_or_init(|| pruned))
    }
}
