//! The sparse distance volume.

mod atlas;
mod brick;

use glam::{UVec3, Vec3};
use gve_assets::{BRICK_CELLS, BrickCell, Volume};
use gve_sdf::{Evaluator, Field};
use gve_types::limits;
use rayon::prelude::*;

use crate::{
    BakeError,
    lattice::Lattice,
    walk::{self, Task},
};
use brick::TaskBricks;

/// Width in cells of the band about the surface in which bricks are kept, so that central differences
/// and interpolation next to the surface find their samples.
const BAND_CELLS: u32 = 2;
/// Most bricks in an atlas: a quarter of the largest file.
const MAX_BRICKS: u64 = limits::MAX_FILE_BYTES / 4 / (brick::SAMPLES as u64 * 3);

/// Samples the field on a grid of `resolution` cubic cells along its longest side, bricks away from the
/// surface left out.
///
/// The grid leaves at least two cells about the field's bounds. A brick is kept when a cell that the
/// surface crosses lies in it or within two cells of it. The bytes depend on the field and the
/// resolution alone.
///
/// # Errors
/// When the resolution is outside [`limits::VOLUME_RESOLUTION`], the field has no surface or no finite
/// bounds, or more bricks would be kept than a file may hold.
pub fn bake(field: &Field, resolution: u32) -> Result<Volume, BakeError> {
    let lattice = Lattice::around(field.bounds(), resolution, BRICK_CELLS, Vec3::ZERO)?;
    let tasks = walk::tasks(field, &lattice, BAND_CELLS as f32);
    let baked: Vec<TaskBricks> = tasks
        .par_iter()
        .map_init(
            || (Evaluator::new(field), brick::Scratch::new(field)),
            |(evaluator, scratch), task| bake_task(evaluator, scratch, &lattice, task),
        )
        .collect();
    drop(tasks);

    let mut wanted = vec![false; lattice.brick_count()];
    for sampled in baked.iter().flat_map(|part| &part.sampled) {
        mark_neighbours(&lattice, sampled.at, sampled.near, &mut wanted);
    }
    let mut grid = vec![BrickCell { slot: BrickCell::EMPTY, distance: 0.0 }; lattice.brick_count()];
    for part in &baked {
        for &(index, distance) in &part.empty {
            grid[index as usize].distance = distance;
        }
        for sampled in &part.sampled {
            grid[lattice.brick_index(sampled.at)].distance = sampled.bound;
        }
    }
    let mut kept = Vec::new();
    for part in &baked {
        for (i, sampled) in part.sampled.iter().enumerate() {
            let index = lattice.brick_index(sampled.at);
            if wanted[index] {
                grid[index] = BrickCell { slot: kept.len() as u32, distance: 0.0 };
                kept.push(part.samples_of(i));
            }
        }
    }
    if kept.is_empty() {
        return Err(BakeError::NoSurface { cell_size_m: lattice.cell_size_m });
    }
    let found = kept.len() as u64;
    if found > MAX_BRICKS {
        return Err(BakeError::VolumeTooLarge { found, max: MAX_BRICKS });
    }
    let atlas_bricks = atlas::layout(kept.len() as u32);
    let (distances, materials) = atlas::assemble(&kept, atlas_bricks);
    Ok(Volume {
        origin: lattice.origin.into(),
        cell_size: lattice.cell_size_m,
        lipschitz: field.lipschitz(),
        bricks: lattice.bricks.into(),
        grid,
        atlas_bricks,
        distances,
        materials,
    })
}

fn bake_task(
    evaluator: &mut Evaluator,
    scratch: &mut brick::Scratch,
    lattice: &Lattice,
    task: &Task,
) -> TaskBricks {
    let mut bricks = TaskBricks::default();
    walk::descend(
        evaluator,
        lattice,
        task,
        BAND_CELLS as f32,
        &mut (&mut bricks, scratch),
        &mut |(bricks, scratch), evaluator, task| bricks.bound(evaluator, scratch, lattice, task),
        &mut |(bricks, scratch), evaluator, task| bricks.sample(evaluator, scratch, lattice, task),
    );
    bricks
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
