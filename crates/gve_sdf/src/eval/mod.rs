//! The fast native evaluator.
//!
//! A [`Region`] is a program that agrees with the whole field inside one box; [`Evaluator::prune`]
//! shortens it for a smaller box. Batches run a region's program over many points at once.

mod batch;
mod bounds;
mod code;
mod gradient;
mod level;
mod program;
mod sampler;
mod simplify;
mod visit;

use std::sync::Arc;

use glam::{Vec3, Vec4};

pub(crate) use bounds::{tight_bounds, tight_extent};
pub(crate) use program::Program;
pub(crate) use sampler::Sampler;

use self::{
    batch::BatchScratch,
    gradient::GradientScratch,
    program::{PruneScratch, Wanted},
};
use crate::{aabb::Aabb, interval::Interval};

/// A program valid inside one box; the root is valid everywhere. Cheap to clone, may cross threads.
#[derive(Debug, Clone)]
pub struct Region(Arc<RegionInner>);

#[derive(Debug)]
struct RegionInner {
    bounds: Aabb,
    program: Arc<Program>,
}

impl Region {
    /// Operations of the program.
    #[expect(clippy::len_without_is_empty, reason = "a program always has its results")]
    pub fn len(&self) -> usize {
        self.0.program.len()
    }

    /// A bound on the change of the distance per metre inside the region's box; infinite where none is known.
    pub fn lipschitz(&self) -> f32 {
        self.0.program.distance_lipschitz()
    }

    /// Where the program is valid.
    pub fn bounds(&self) -> Aabb {
        self.0.bounds
    }

    /// The one part in the region's box, if it is known to have only one.
    pub fn uniform_part(&self) -> Option<u16> {
        self.0.program.uniform_part().map(|value| value as u16)
    }

    /// The parts that may be in the region's box; all others are not.
    pub fn possible_parts(&self) -> Vec<u16> {
        self.0.program.possible_parts()
    }

    fn new(bounds: Aabb, program: Arc<Program>) -> Self {
        Self(Arc::new(RegionInner { bounds, program }))
    }
}

/// Evaluates one field. Holds scratch memory, so each thread needs its own; cheap to make.
#[derive(Debug)]
pub struct Evaluator {
    program: Arc<Program>,
    /// The material of each part.
    part_materials: Arc<[u8]>,
    prune: PruneScratch,
    batch: BatchScratch,
    gradient: GradientScratch,
}

impl Evaluator {
    /// An evaluator of a program whose parts have these materials.
    pub(crate) fn of_program(program: Arc<Program>, part_materials: Arc<[u8]>) -> Self {
        Self {
            program,
            part_materials,
            prune: PruneScratch::default(),
            batch: BatchScratch::default(),
            gradient: GradientScratch::default(),
        }
    }

    /// The whole field.
    pub fn root(&self) -> Region {
        Region::new(Aabb::UNBOUNDED, Arc::clone(&self.program))
    }

    /// The shortest program found that agrees with `parent` inside `bounds`, and an interval that holds
    /// every distance in there. `bounds` lies within the parent's. For an infinite or empty box nothing is
    /// shortened and the interval holds every number.
    pub fn prune(&mut self, parent: &Region, bounds: Aabb) -> (Region, Interval) {
        let (program, interval) = self.prune.prune(&parent.0.program, bounds);
        (Region::new(bounds, program), interval)
    }

    /// [`Evaluator::prune`] for the first eight boxes at once, which costs little more than for one. Where
    /// `is_wanted`, asked with a box's place and interval, says no, the region is the parent's own.
    pub fn prune_many(
        &mut self,
        parent: &Region,
        boxes: &[Aabb],
        is_wanted: impl Fn(usize, Interval) -> bool,
    ) -> impl Iterator<Item = (Region, Interval)> {
        let programs = self.prune.prune_many(&parent.0.program, boxes, is_wanted);
        programs.zip(boxes).map(|((program, interval), &bounds)| match program {
            Some(program) => (Region::new(bounds, program), interval),
            None => (parent.clone(), interval),
        })
    }

    /// An interval that holds every distance inside `bounds`, which lies within the region's. For an
    /// infinite or empty box it holds every number.
    pub fn interval(&mut self, region: &Region, bounds: Aabb) -> Interval {
        self.prune.interval(&region.0.program, bounds)
    }

    /// Distances in metres at points given coordinate by coordinate.
    ///
    /// All slices have the same length; points beyond the shortest are left out. The points lie within
    /// the region's bounds.
    pub fn distances(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: &mut [f32]) {
        let code = region.0.program.code(Wanted::Distance);
        self.batch.run(code, [xs, ys, zs], out.len(), |start, [distances, _]| {
            out[start..start + distances.len()].copy_from_slice(distances);
        });
    }

    /// Gradients and distances: `(d/dx, d/dy, d/dz, distance)`. Slices as in [`Evaluator::distances`].
    pub fn gradients(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: &mut [Vec4]) {
        self.gradient.run(region.0.program.code(Wanted::Distance), [xs, ys, zs], out);
    }

    /// Index of the nearest part. Slices as in [`Evaluator::distances`].
    pub fn parts(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: &mut [u16]) {
        let code = region.0.program.code(Wanted::Part);
        self.batch.run(code, [xs, ys, zs], out.len(), |start, [parts, _]| {
            for (out, &part) in out[start..].iter_mut().zip(parts) {
                *out = part as u16;
            }
        });
    }

    /// Palette index of the nearest part's material. Slices as in [`Evaluator::distances`].
    pub fn materials(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: &mut [u8]) {
        let code = region.0.program.code(Wanted::Part);
        let all = &self.part_materials;
        self.batch.run(code, [xs, ys, zs], out.len(), |start, [parts, _]| {
            for (out, &part) in out[start..].iter_mut().zip(parts) {
                *out = all[part as usize];
            }
        });
    }

    /// The one material of a region, if it is known to have only one.
    pub fn uniform_material(&self, region: &Region) -> Option<u8> {
        region.uniform_part().map(|part| self.part_materials[usize::from(part)])
    }

    /// [`Evaluator::distances`] and [`Evaluator::parts`] of the same points, for less than the price of
    /// both.
    pub fn distances_and_parts(
        &mut self,
        region: &Region,
        xs: &[f32],
        ys: &[f32],
        zs: &[f32],
        out: (&mut [f32], &mut [u16]),
    ) {
        let code = region.0.program.code(Wanted::Both);
        let (out_distances, out_parts) = out;
        let count = out_distances.len().min(out_parts.len());
        self.batch.run(code, [xs, ys, zs], count, |start, [distances, parts]| {
            out_distances[start..start + distances.len()].copy_from_slice(distances);
            for (out, &part) in out_parts[start..].iter_mut().zip(parts) {
                *out = part as u16;
            }
        });
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
}
