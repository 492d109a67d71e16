//! The atlas: the bricks of each level laid out as layers of one 3D texture.

use gve_assets::{BRICK_SAMPLES, BrickCell, PartIds, Volume, VolumeLevel, layer_count, texel_count};
use gve_types::limits;
use half::f16;
use rayon::prelude::*;

use super::{
    brick::{Brick, Child, Parts},
    look::SAMPLES,
    tree::Tree,
};

const SIDE: usize = BRICK_SAMPLES as usize;
/// What half precision may add to the slope of the samples: those of a brick are within about a dozen cells of the
/// surface, and each is off by a part in 2048 at most.
const ROUNDING: f32 = 1.02;
/// How much of the atlas may be left empty at the ends of the levels.
const WASTE: f32 = 0.02;

/// The tree as a file holds it.
pub(super) fn volume(tree: &Tree<'_>) -> Volume {
    let orders = orders(tree);
    let counts: Vec<usize> = orders.iter().map(Vec::len).collect();
    let slab = slab(&counts);
    let mut levels = Vec::with_capacity(orders.len());
    let mut steepest = 1f32;
    for (level, order) in orders.iter().enumerate() {
        // Slots count up along the cells, so that groups of children follow each other in the same order.
        let mut slots = vec![0; tree.levels[level].len()];
        order.iter().zip(0..).for_each(|(&i, slot)| slots[i as usize] = slot);
        let mut groups = 0;
        let mut cell = |&child: &Child| match child {
            Child::Empty(bound) => BrickCell::empty(bound),
            Child::Stored(i) if tree.levels[level][i as usize].children.is_some() => {
                groups += 1;
                BrickCell::refined(slots[i as usize], groups - 1)
            }
            Child::Stored(i) => BrickCell::stored(slots[i as usize]),
        };
        let cells: Vec<BrickCell> = match level.checked_sub(1) {
            None => tree.roots.iter().map(&mut cell).collect(),
            Some(coarser) => {
                let parents = orders[coarser].iter().map(|&i| &tree.levels[coarser][i as usize]);
                parents.filter_map(|parent| parent.children.as_deref()).flatten().map(&mut cell).collect()
            }
        };
        let bricks: Vec<&Brick> = order.iter().map(|&i| &tree.levels[level][i as usize]).collect();
        steepest = bricks.iter().fold(steepest, |steepest, brick| steepest.max(brick.look.slope * ROUNDING));
        levels.push(fill(&bricks, cells, slab, tree.field.parts().len()));
    }
    Volume {
        origin: tree.ladder.origin.into(),
        cell_size: tree.ladder.cell_size_m(0),
        lipschitz: steepest,
        bricks: tree.ladder.bricks.into(),
        slab,
        levels,
    }
}

/// The bricks of each level in the order of their cells.
fn orders(tree: &Tree<'_>) -> Vec<Vec<u32>> {
    let stored = |child: &Child| match child {
        Child::Stored(i) => Some(*i),
        Child::Empty(_) => None,
    };
    let mut orders: Vec<Vec<u32>> = vec![tree.roots.iter().filter_map(stored).collect()];
    for bricks in &tree.levels[..tree.levels.len() - 1] {
        let parents = &orders[orders.len() - 1];
        let families = parents.iter().filter_map(|&i| bricks[i as usize].children.as_deref());
        let order: Vec<u32> = families.flatten().filter_map(stored).collect();
        if order.is_empty() {
            break;
        }
        orders.push(order);
    }
    orders
}

/// Bricks along x and y of an atlas for levels of these sizes: as many as leave little empty at the ends of the
/// levels, and enough that all layers fit a texture.
fn slab(counts: &[usize]) -> [u32; 2] {
    let total: usize = counts.iter().sum();
    let per_layer = WASTE * 2.0 * total as f32 / counts.len().max(1) as f32;
    let cube = (total as f32).cbrt();
    let side = per_layer.sqrt().min(cube).floor().max(1.0) as u32;
    let fits = |side: u32| {
        let layers: usize = counts.iter().map(|&count| layer_count([side, side], count)).sum();
        layers <= limits::MAX_ATLAS_BRICKS as usize
    };
    let side = (side..limits::MAX_ATLAS_BRICKS).find(|&side| fits(side)).unwrap_or(limits::MAX_ATLAS_BRICKS);
    [side, side]
}

/// Copies the bricks of a level to their places; places without a brick are zero.
fn fill(bricks: &[&Brick], cells: Vec<BrickCell>, slab: [u32; 2], parts: usize) -> VolumeLevel {
    let texels = texel_count(slab, bricks.len());
    let mut distances = vec![f16::ZERO; texels];
    let [sx, sy] = slab.map(|side| side as usize);
    // A layer of bricks is one contiguous stretch of 8 texel layers.
    let layer = sx * sy * SAMPLES;
    (distances.par_chunks_mut(layer), bricks.par_chunks(sx * sy)).into_par_iter().for_each(
        |(layer, bricks)| {
            for (slot, brick) in bricks.iter().enumerate() {
                for_rows(slot, [sx, sy], |row, at| {
                    layer[at..at + SIDE].copy_from_slice(&brick.distances[row * SIDE..(row + 1) * SIDE]);
                });
            }
        },
    );
    let parts = match PartIds::zeros(texels, parts) {
        PartIds::U8(mut ids) => {
            fill_parts(&mut ids, bricks, [sx, sy], |part| part as u8);
            PartIds::U8(ids)
        }
        PartIds::U16(mut ids) => {
            fill_parts(&mut ids, bricks, [sx, sy], |part| part);
            PartIds::U16(ids)
        }
    };
    let scales = bricks.iter().map(|brick| brick.scale).collect();
    VolumeLevel { cells, scales, distances, parts }
}

fn fill_parts<T: Copy + Send>(
    ids: &mut [T],
    bricks: &[&Brick],
    [sx, sy]: [usize; 2],
    narrow: impl Fn(u16) -> T + Sync,
) {
    let layer = sx * sy * SAMPLES;
    (ids.par_chunks_mut(layer), bricks.par_chunks(sx * sy)).into_par_iter().for_each(|(layer, bricks)| {
        for (slot, brick) in bricks.iter().enumerate() {
            match &brick.parts {
                // What zeros are already.
                Parts::One(0) => {}
                Parts::One(part) => {
                    for_rows(slot, [sx, sy], |_, at| layer[at..at + SIDE].fill(narrow(*part)));
                }
                Parts::Each(parts) => for_rows(slot, [sx, sy], |row, at| {
                    let row = &parts[row * SIDE..(row + 1) * SIDE];
                    layer[at..at + SIDE].iter_mut().zip(row).for_each(|(id, &part)| *id = narrow(part));
                }),
            }
        }
    });
}

/// Calls `f` for each row of a brick with the row's first texel in its layer.
fn for_rows(slot: usize, [sx, sy]: [usize; 2], mut f: impl FnMut(usize, usize)) {
    let start = slot % sx * SIDE + slot / sx * SIDE * sx * SIDE;
    for row in 0..SIDE * SIDE {
        f(row, start + row % SIDE * sx * SIDE + row / SIDE * sx * SIDE * sy * SIDE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slab_wastes_little_and_its_layers_fit_a_texture() {
        let large = super::super::MAX_BRICKS;
        for counts in
            [vec![1], vec![3, 9], vec![60, 250, 1100], vec![100, 400, 1600, 20_000], vec![large / 4, large]]
        {
            let slab = slab(&counts);
            let layers: usize = counts.iter().map(|&count| layer_count(slab, count)).sum();
            assert!(layers <= 256 && slab[0] <= 256, "{slab:?} with {layers} layers");
            let (total, used) = (counts.iter().sum::<usize>(), layers * (slab[0] * slab[1]) as usize);
            assert!(used as f32 <= 1.06 * total as f32 + 1.0, "{used} places for {total} bricks");
        }
    }
}
