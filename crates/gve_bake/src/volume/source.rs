//! Where distances come from: the native evaluator, or somebody else, such as a graph on a GPU.

use std::sync::atomic::{AtomicUsize, Ordering};

use gve_sdf::Field;
use rayon::prelude::*;

use super::{
    brick::{Candidate, Level, Outcome, Scratch},
    look::SAMPLES,
};
use crate::{BakeError, watch::Meter};

/// How many points are evaluated together when nothing else is asked for: a few fill a processor's caches.
pub const DEFAULT_POINTS_PER_CALL: usize = 1 << 17;
/// More points are never evaluated together; with their distances they take 64 MiB.
pub const MAX_POINTS_PER_CALL: usize = 1 << 22;

/// Writes the distances in metres, negative inside, at points in metres; both slices are equally long.
pub type Evaluate<'a> = dyn FnMut(&[[f32; 3]], &mut [f32]) -> Result<(), BakeError> + 'a;

/// Who computes the distances of the bricks.
pub(super) enum Source<'e> {
    /// The evaluator of the field.
    Native,
    /// Somebody who is given the points.
    Outside(Outside<'e>),
}

/// Points on their way to and from somebody else.
pub(super) struct Outside<'e> {
    evaluate: &'e mut Evaluate<'e>,
    bricks_per_call: usize,
    points: Vec<[f32; 3]>,
    distances: Vec<f32>,
}

impl<'e> Source<'e> {
    /// Distances from `evaluate`, at most `points_per_call` at a time, in whole bricks.
    pub(super) fn outside(evaluate: &'e mut Evaluate<'e>, points_per_call: usize) -> Self {
        let bricks_per_call = points_per_call.clamp(SAMPLES, MAX_POINTS_PER_CALL) / SAMPLES;
        Self::Outside(Outside { evaluate, bricks_per_call, points: vec![], distances: vec![] })
    }

    /// Takes the candidates' samples; `None` as soon as more than `max` of them are kept.
    pub(super) fn look_at(
        &mut self,
        field: &Field,
        level: &Level<'_>,
        mut candidates: Vec<Candidate>,
        max: usize,
        meter: &Meter<'_>,
    ) -> Result<Option<Vec<Outcome>>, BakeError> {
        // Counted along the way, so that a surface in every brick cannot use up the memory.
        let kept = AtomicUsize::new(0);
        let keep = |outcome: Outcome| {
            if matches!(outcome, Outcome::Stored(_)) {
                kept.fetch_add(1, Ordering::Relaxed);
            }
            outcome
        };
        let go_on = || kept.load(Ordering::Relaxed) <= max && !meter.is_cancelled();
        let fresh = || Scratch::new(field);
        let outcomes: Vec<Outcome> = match self {
            Self::Native => candidates
                .into_par_iter()
                .map_init(fresh, |scratch, candidate| {
                    if !go_on() {
                        return Outcome::Empty(0.0);
                    }
                    meter.count();
                    keep(scratch.sample(level, candidate))
                })
                .collect(),
            Self::Outside(outside) => {
                let mut outcomes = Vec::with_capacity(candidates.len());
                while !candidates.is_empty() && go_on() {
                    let rest = candidates.split_off(outside.bricks_per_call.min(candidates.len()));
                    let slab = std::mem::replace(&mut candidates, rest);
                    let distances = outside.evaluate(field, level, &slab)?;
                    // Told by the thread that called in, which is the one that may talk to whoever looks on.
                    slab.iter().for_each(|_| meter.count());
                    let taken = slab
                        .into_par_iter()
                        .zip(distances.par_chunks_exact(SAMPLES))
                        .map_init(fresh, |scratch, (candidate, distances)| {
                            keep(scratch.take(level, candidate, distances))
                        });
                    outcomes.par_extend(taken);
                }
                outcomes
            }
        };
        if meter.is_cancelled() {
            return Err(BakeError::Cancelled);
        }
        Ok((kept.into_inner() <= max).then_some(outcomes))
    }
}

impl Outside<'_> {
    /// The distances of a slab of bricks.
    fn evaluate(
        &mut self,
        field: &Field,
        level: &Level<'_>,
        slab: &[Candidate],
    ) -> Result<&[f32], BakeError> {
        let mut scratch = Scratch::new(field);
        self.points.clear();
        for candidate in slab {
            scratch.fill_positions(&level.lattice, candidate.at);
            self.points.extend(scratch.positions());
        }
        // Not-a-number stays where `evaluate` writes nothing.
        self.distances.clear();
        self.distances.resize(self.points.len(), f32::NAN);
        (self.evaluate)(&self.points, &mut self.distances)?;
        match self.distances.iter().position(|distance| !distance.is_finite()) {
            Some(i) => Err(BakeError::NotFinite { found: self.distances[i], position: self.points[i] }),
            None => Ok(&self.distances),
        }
    }
}
