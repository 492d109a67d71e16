//! The sparse distance volume.

mod atlas;
mod brick;
mod outside;

use std::sync::atomic::{AtomicU64, Ordering};

use glam::{UVec3, Vec3};
use gve_assets::{BRICK_CELLS, BrickCell, Volume};
use gve_sdf::{Aabb, Evaluator, Field};
use gve_types::limits;
use rayon::prelude::*;

use crate::{
    BakeError, Watch,
    lattice::{Block, Lattice},
    walk::{self, Task, Walk},
    watch::{Meter, check},
};
use brick::TaskBricks;
pub use outside::{DEFAULT_POINTS_PER_CALL, Evaluate, MAX_POINTS_PER_CALL, bake_with};

/// Width in cells of the band about the surface in which bricks are kept, so that central differences
/// and interpolation next to the surface find their samples.
const BAND_CELLS: u32 = 2;
/// What half precision may add to the slope of the samples: they are within about ten cells of the surface,
/// and each is off by a part in 2048.
const ROUNDING: f32 = 1.02;
/// Most bricks in an atlas: a quarter of the largest file.
const MAX_BRICKS: u64 = limits::MAX_FILE_BYTES / 4 / (brick::SAMPLES as u64 * 3);

/// Samples the field on a grid of `resolution` cubic cells along its longest side, bricks away from the
/// surface left out.
///
/// The grid leaves at least two cells about the field's bounds. A brick is kept when a cell that the
/// surface crosses lies in it, or within two cells of it. The bytes depend on the field and the
/// resolution alone.
///
/// # Errors
/// When the resolution is outside [`limits::VOLUME_RESOLUTION`], the field has no surface or no finite
/// bounds, or more bricks would be kept than a file may hold.
pub fn bake(field: &Field, resolution: u32) -> Result<Volume, BakeError> {
    bake_watched(field, resolution, &())
}

/// [`bake`] for somebody who looks on.
///
/// # Errors
/// Those of [`bake`], and [`BakeError::Cancelled`].
pub fn bake_watched(field: &Field, resolution: u32, watch: &dyn Watch) -> Result<Volume, BakeError> {
    bake_within(field, resolution, MAX_BRICKS, watch)
}

/// The search for the bricks near the surface. Where the field changes as fast as distance itself, as most
/// do, it finds all bricks of the band; the rest are sampled afterwards.
fn search<'a>(field: &Field, resolution: u32, watch: &'a dyn Watch) -> Result<Walk<'a>, BakeError> {
    let lattice = Lattice::around(field.bounds(), resolution, BRICK_CELLS, Vec3::ZERO)?;
    Ok(Walk::new(lattice, BAND_CELLS as f32 * lattice.cell_size_m, watch))
}

fn bake_within(
    field: &Field,
    resolution: u32,
    max_bricks: u64,
    watch: &dyn Watch,
) -> Result<Volume, BakeError> {
    let walk = search(field, resolution, watch)?;
    let tasks = walk::tasks(field, &walk);
    check(watch)?;
    let meter = Meter::new(watch, tasks.len(), [0.05, 0.9]);
    // Counted along the way, so that a surface in every brick cannot use up the memory.
    let crossed = AtomicU64::new(0);
    let mut baked: Vec<TaskBricks> = tasks
        .par_iter()
        .map_init(
            || (Evaluator::new(field), brick::Scratch::new(field)),
            |(evaluator, scratch), task| {
                if crossed.load(Ordering::Relaxed) > max_bricks {
                    return TaskBricks::default();
                }
                let bricks = bake_task(evaluator, scratch, &walk, task, TaskBricks::sample);
                crossed.fetch_add(bricks.touched(), Ordering::Relaxed);
                meter.count();
                bricks
            },
        )
        .collect();
    drop(tasks);
    check(watch)?;
    if crossed.into_inner() > max_bricks {
        return Err(BakeError::VolumeTooLarge { max: max_bricks });
    }
    let wanted = wanted(&walk.lattice, &baked);
    let missing = missing(&walk.lattice, &baked, &wanted);
    let missing = take_missing(field, &walk.lattice, &missing, watch, TaskBricks::sample);
    check(watch)?;
    baked.extend(missing);
    assemble(field, &walk.lattice, &baked, &wanted, max_bricks)
}

/// Puts the wanted bricks into an atlas and says of the others how far from the surface they are.
fn assemble(
    field: &Field,
    lattice: &Lattice,
    baked: &[TaskBricks],
    wanted: &[bool],
    max_bricks: u64,
) -> Result<Volume, BakeError> {
    let mut grid = vec![BrickCell { slot: BrickCell::EMPTY, distance: 0.0 }; lattice.brick_count()];
    for part in baked {
        for &(index, distance) in &part.empty {
            grid[index as usize].distance = distance;
        }
        for sampled in &part.sampled {
            grid[lattice.brick_index(sampled.at)].distance = sampled.bound;
        }
    }
    let mut kept = Vec::new();
    let mut steepest = 1f32;
    for part in baked {
        for (i, sampled) in part.sampled.iter().enumerate() {
            let index = lattice.brick_index(sampled.at);
            if wanted[index] {
                grid[index] = BrickCell { slot: kept.len() as u32, distance: 0.0 };
                kept.push(part.samples_of(i));
                steepest = steepest.max(sampled.slope);
            }
        }
    }
    if kept.is_empty() {
        return Err(BakeError::NoSurface { cell_size_m: lattice.cell_size_m });
    }
    if kept.len() as u64 > max_bricks {
        return Err(BakeError::VolumeTooLarge { max: max_bricks });
    }
    let atlas_bricks = atlas::layout(kept.len() as u32);
    let (distances, materials) = atlas::assemble(&kept, atlas_bricks);
    Ok(Volume {
        origin: lattice.origin.into(),
        cell_size: lattice.cell_size_m,
        // The field's own bound holds everywhere and is often far too careful for what was stored.
        lipschitz: field.lipschitz().min(ROUNDING * steepest),
        bricks: lattice.bricks.into(),
        grid,
        atlas_bricks,
        distances,
        materials,
    })
}

/// What is done with a brick that the surface may be near: [`TaskBricks::sample`] or [`TaskBricks::reserve`].
type Take = fn(&mut TaskBricks, &mut Evaluator, &mut brick::Scratch, &Lattice, &Task);

fn bake_task(
    evaluator: &mut Evaluator,
    scratch: &mut brick::Scratch,
    walk: &Walk<'_>,
    task: &Task,
    take: Take,
) -> TaskBricks {
    let mut bricks = TaskBricks::default();
    walk::descend(
        evaluator,
        walk,
        task,
        &mut (&mut bricks, scratch),
        &mut |(bricks, scratch), evaluator, task| bricks.bound(evaluator, scratch, &walk.lattice, task),
        &mut |(bricks, scratch), evaluator, task| take(bricks, evaluator, scratch, &walk.lattice, task),
    );
    bricks
}

/// The bricks within the band of the surface.
fn wanted(lattice: &Lattice, baked: &[TaskBricks]) -> Vec<bool> {
    let mut wanted = vec![false; lattice.brick_count()];
    for sampled in baked.iter().flat_map(|part| &part.sampled) {
        mark_neighbours(lattice, sampled.at, sampled.near, &mut wanted);
    }
    wanted
}

/// The wanted bricks that the search has left out.
fn missing(lattice: &Lattice, baked: &[TaskBricks], wanted: &[bool]) -> Vec<UVec3> {
    let mut is_missing = wanted.to_vec();
    for sampled in baked.iter().flat_map(|part| &part.sampled) {
        is_missing[lattice.brick_index(sampled.at)] = false;
    }
    let whole = Block { at: UVec3::ZERO, side: lattice.bricks.max_element() };
    whole.bricks(lattice).filter(|&at| is_missing[lattice.brick_index(at)]).collect()
}

/// Samples or reserves bricks that the search has left out.
fn take_missing(
    field: &Field,
    lattice: &Lattice,
    missing: &[UVec3],
    watch: &dyn Watch,
    take: Take,
) -> Vec<TaskBricks> {
    /// As many as are pruned at once.
    const GROUP: usize = 8;
    let meter = Meter::new(watch, missing.len().div_ceil(GROUP), [0.9, 0.98]);
    let fresh = || (Evaluator::new(field), brick::Scratch::new(field));
    let group = |(evaluator, scratch): &mut (Evaluator, brick::Scratch), group: &[UVec3]| {
        let mut bricks = TaskBricks::default();
        if !meter.is_cancelled() {
            let blocks = group.iter().map(|&at| Block { at, side: 1 });
            let boxes: Vec<Aabb> = blocks.clone().map(|block| lattice.block_bounds(block)).collect();
            let root = evaluator.root();
            let parts: Vec<_> = evaluator.prune_many(&root, &boxes, |_, _| true).collect();
            for (block, (region, interval)) in blocks.zip(parts) {
                take(&mut bricks, evaluator, scratch, lattice, &Task { block, region, interval });
            }
        }
        meter.count();
        bricks
    };
    missing.par_chunks(GROUP).map_init(fresh, group).collect()
}

/// Marks those of the 27 bricks around `at` whose bit is set in `near`.
fn mark_neighbours(lattice: &Lattice, at: UVec3, near: u32, wanted: &mut [bool]) {
    for direction in 0..27 {
        if near >> direction & 1 == 1 {
            let offset = UVec3::new(direction % 3, direction / 3 % 3, direction / 9);
            // Shifted by one so that the subtraction below cannot wrap inside the grid.
            let shifted = at + offset;
            if shifted.cmpge(UVec3::ONE).all() && (shifted - 1).cmplt(lattice.bricks).all() {
                wanted[lattice.brick_index(shifted - 1)] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn more_bricks_than_allowed_are_an_error_and_not_a_volume() {
        let materials = gve_types::MaterialTable::builtin();
        let ball = r#"{"op": "sphere", "radius": 1.0}"#;
        let ball = gve_sdf::testing::recipe(serde_json::from_str(ball).unwrap());
        let field = Field::lower(&ball, materials).unwrap();
        let bricks =
            bake(&field, 64).unwrap().grid.iter().filter(|cell| cell.slot != BrickCell::EMPTY).count();
        assert!(bake_within(&field, 64, bricks as u64, &()).is_ok());
        for max in [0, 1, 50, bricks as u64 - 1] {
            assert_eq!(bake_within(&field, 64, max, &()), Err(BakeError::VolumeTooLarge { max }));
        }
    }
}
