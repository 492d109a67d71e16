//! Baking with distances that somebody else computes, such as a graph on a GPU.

use gve_assets::Volume;
use gve_sdf::{Evaluator, Field};
use rayon::prelude::*;

use super::{
    MAX_BRICKS, assemble, bake_task,
    brick::{self, SAMPLES, TaskBricks},
    missing, search, take_missing, wanted,
};
use crate::{BakeError, Watch, lattice::Lattice, walk, watch::check};

/// How many points are evaluated together when nothing else is asked for: a few fill a processor's caches.
pub const DEFAULT_POINTS_PER_CALL: usize = 1 << 17;
/// More points are never evaluated together; with their distances they take 64 MiB.
pub const MAX_POINTS_PER_CALL: usize = 1 << 22;

/// Writes the distances in metres, negative inside, at points in metres; both slices are equally long.
pub type Evaluate<'a> = dyn FnMut(&[[f32; 3]], &mut [f32]) -> Result<(), BakeError> + 'a;

/// [`bake`](super::bake()) with distances from `evaluate` instead of the native evaluator.
///
/// Which bricks are looked at, and the materials, come from the field itself; the field's lipschitz
/// bound must hold for `evaluate` too. Where it gives the native distances to the last bit, so is the
/// volume. `evaluate` is called on this thread, with at most `points_per_call` points at a time, in whole
/// bricks of 512: at least one, at most [`MAX_POINTS_PER_CALL`] points.
///
/// # Errors
/// Those of [`bake`](super::bake()), [`BakeError::NotFinite`] for a distance that is no number, and
/// whatever `evaluate` returns.
pub fn bake_with(
    field: &Field,
    resolution: u32,
    points_per_call: usize,
    evaluate: &mut Evaluate<'_>,
    watch: &dyn Watch,
) -> Result<Volume, BakeError> {
    let walk = search(field, resolution, watch)?;
    let lattice = &walk.lattice;
    let tasks = walk::tasks(field, &walk);
    let fresh = || (Evaluator::new(field), brick::Scratch::new(field));
    let mut baked: Vec<TaskBricks> = tasks
        .par_iter()
        .map_init(fresh, |(evaluator, scratch), task| {
            bake_task(evaluator, scratch, &walk, task, TaskBricks::reserve)
        })
        .collect();
    drop(tasks);
    check(watch)?;
    let mut slabs = Slabs {
        field,
        lattice,
        bricks_per_call: points_per_call.clamp(SAMPLES, MAX_POINTS_PER_CALL) / SAMPLES,
        evaluate,
        watch,
        points: vec![],
        distances: vec![],
    };
    slabs.fill(&mut baked, [0.1, 0.9])?;
    if baked.iter().map(TaskBricks::touched).sum::<u64>() > MAX_BRICKS {
        return Err(BakeError::VolumeTooLarge { max: MAX_BRICKS });
    }
    let wanted = wanted(lattice, &baked);
    let missing = missing(lattice, &baked, &wanted);
    let mut late = take_missing(field, lattice, &missing, watch, TaskBricks::reserve);
    check(watch)?;
    slabs.fill(&mut late, [0.9, 0.98])?;
    baked.append(&mut late);
    assemble(field, lattice, &baked, &wanted, MAX_BRICKS)
}

/// Bricks on their way through `evaluate`.
struct Slabs<'a, 'e> {
    field: &'a Field,
    lattice: &'a Lattice,
    bricks_per_call: usize,
    evaluate: &'a mut Evaluate<'e>,
    watch: &'a dyn Watch,
    points: Vec<[f32; 3]>,
    distances: Vec<f32>,
}

impl Slabs<'_, '_> {
    /// Gives all reserved bricks their distances, slab by slab.
    fn fill(&mut self, parts: &mut [TaskBricks], [from, to]: [f32; 2]) -> Result<(), BakeError> {
        let all: Vec<(usize, usize)> = (0..parts.len())
            .flat_map(|part| (0..parts[part].sampled.len()).map(move |brick| (part, brick)))
            .collect();
        let mut scratch = brick::Scratch::new(self.field);
        let lipschitz = self.field.lipschitz();
        for (slab, places) in all.chunks(self.bricks_per_call).enumerate() {
            check(self.watch)?;
            self.points.clear();
            for &(part, brick) in places {
                scratch.fill_positions(self.lattice, parts[part].sampled[brick].at);
                self.points.extend(scratch.positions());
            }
            // Not-a-number stays where `evaluate` wrote nothing.
            self.distances.clear();
            self.distances.resize(self.points.len(), f32::NAN);
            (self.evaluate)(&self.points, &mut self.distances)?;
            if let Some(i) = self.distances.iter().position(|distance| !distance.is_finite()) {
                return Err(BakeError::NotFinite { found: self.distances[i], position: self.points[i] });
            }
            for (&(part, brick), distances) in places.iter().zip(self.distances.chunks_exact(SAMPLES)) {
                parts[part].fill(brick, distances, lipschitz, self.lattice.cell_size_m);
            }
            let share = ((slab + 1) * self.bricks_per_call) as f32 / all.len() as f32;
            self.watch.progress(from + (to - from) * share.min(1.0));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use gve_sdf::Vec3;

    use super::*;
    use crate::test_recipes::{STILL_LIFE, recipe};

    fn field() -> Field {
        Field::lower(&recipe(STILL_LIFE), gve_types::MaterialTable::builtin()).unwrap()
    }

    fn interpreted(field: &Field) -> impl FnMut(&[[f32; 3]], &mut [f32]) -> Result<(), BakeError> + '_ {
        |points, out| {
            for (out, &p) in out.iter_mut().zip(points) {
                *out = gve_sdf::interpret::distance(field.tape(), Vec3::from(p));
            }
            Ok(())
        }
    }

    #[test]
    fn the_same_distances_give_the_same_volume() {
        let field = field();
        let native = super::super::bake(&field, 40).unwrap();
        for points in [1, 5000, DEFAULT_POINTS_PER_CALL, usize::MAX] {
            let outside = bake_with(&field, 40, points, &mut interpreted(&field), &()).unwrap();
            assert!(native == outside, "{points}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_where_it_was_found() {
        let field = field();
        let mut spoiled = |points: &[[f32; 3]], out: &mut [f32]| {
            interpreted(&field)(points, out)?;
            out[700] = f32::NAN;
            Ok(())
        };
        let error = bake_with(&field, 24, 1024, &mut spoiled, &()).unwrap_err();
        assert!(matches!(error, BakeError::NotFinite { .. }), "{error}");
        let idle = bake_with(&field, 24, 1024, &mut |_, _| Ok(()), &()).unwrap_err();
        assert!(matches!(idle, BakeError::NotFinite { .. }), "{idle}");
        let ended = bake_with(&field, 24, 1024, &mut |_, _| Err(BakeError::Cancelled), &());
        assert_eq!(ended, Err(BakeError::Cancelled));
    }
}
