//! A tape's distance at many points, for the lowering itself.

use glam::{Vec3, Vec4};

use super::{
    batch::BatchScratch,
    gradient::GradientScratch,
    program::{Program, Wanted},
};
use crate::tape::Tape;

/// Evaluates the distance of a tape that is no field yet.
#[derive(Debug)]
pub(crate) struct Sampler {
    program: Program,
    batch: BatchScratch,
    gradient: GradientScratch,
}

impl Sampler {
    pub(crate) fn new(tape: &Tape) -> Self {
        Self {
            program: Program::of_distance(tape),
            batch: BatchScratch::default(),
            gradient: GradientScratch::default(),
        }
    }

    /// Distances at some points.
    pub(crate) fn distances(&mut self, points: &[Vec3]) -> Vec<f32> {
        let [xs, ys, zs] = columns(points);
        let mut out = vec![0.0; points.len()];
        let code = self.program.code(Wanted::Distance);
        self.batch.run(code, [&xs, &ys, &zs], out.len(), |start, [distances, _]| {
            out[start..start + distances.len()].copy_from_slice(distances);
        });
        out
    }

    /// Gradients and distances at some points, as `Evaluator::gradients` gives them.
    pub(crate) fn gradients(&mut self, points: &[Vec3]) -> Vec<Vec4> {
        let [xs, ys, zs] = columns(points);
        let mut out = vec![Vec4::ZERO; points.len()];
        self.gradient.run(self.program.code(Wanted::Distance), [&xs, &ys, &zs], &mut out);
        out
    }
}

fn columns(points: &[Vec3]) -> [Vec<f32>; 3] {
    [0, 1, 2].map(|axis| points.iter().map(|p| p[axis]).collect())
}
