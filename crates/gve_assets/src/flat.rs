//! A volume without levels, as format version 1 has it and simple makers make it.

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::volume::{
    BRICK_SAMPLES, BRICK_TEXELS, BrickCell, PartIds, Volume, VolumeLevel, layer_count, slot_texel,
    texel_count,
};

/// One grid of bricks and one atlas, distances in metres.
#[derive(Debug, Clone, PartialEq)]
pub struct FlatVolume {
    /// Position of sample (0, 0, 0) in metres.
    pub origin: [f32; 3],
    /// Distance between samples in metres.
    pub cell_size: f32,
    /// Bound on the slope of the stored field.
    pub lipschitz: f32,
    /// Bricks along x, y and z.
    pub bricks: [u32; 3],
    /// One entry per brick, x fastest.
    pub grid: Vec<FlatCell>,
    /// Bricks along x, y and z of the atlas.
    pub atlas_bricks: [u32; 3],
    /// The atlas as a 3D texture, x fastest: distances in metres, negative inside. Brick `slot` starts
    /// at texel `8 * (slot % ax, slot / ax % ay, slot / (ax * ay))`.
    pub distances: Vec<f16>,
    /// The part of each atlas texel.
    pub parts: PartIds,
}

/// A brick of a [`FlatVolume`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct FlatCell {
    /// Its place in the atlas, or [`BrickCell::EMPTY`].
    pub slot: u32,
    /// For an empty brick a distance, negative inside, that no point of the brick is nearer to the
    /// surface than; 0 for a brick in the atlas.
    pub distance: f32,
}

impl Volume {
    /// A tree of one level that holds the same samples in the same order.
    ///
    /// # Panics
    /// When a slot lies outside the atlas, or the arrays are not as long as the counts say.
    pub fn single_level(flat: FlatVolume) -> Self {
        let FlatVolume { origin, cell_size, lipschitz, bricks, grid, atlas_bricks, distances, parts } = flat;
        let slab = [atlas_bricks[0], atlas_bricks[1]];
        let mut slots: Vec<u32> =
            grid.iter().map(|cell| cell.slot).filter(|&slot| slot != BrickCell::EMPTY).collect();
        slots.sort_unstable();
        let texels = texel_count(slab, slots.len());
        let is_dense = slots.iter().zip(0_u32..).all(|(&slot, i)| slot == i);
        let place = |slot: u32| match slots.binary_search(&slot) {
            Ok(place) => place as u32,
            Err(_) => slot, // not reached: every slot of the grid is in the list
        };
        let cells = grid
            .iter()
            .map(|cell| match cell.slot {
                BrickCell::EMPTY => BrickCell::empty(cell.distance),
                slot => BrickCell::stored(place(slot)),
            })
            .collect();
        let (distances, parts) = if is_dense {
            first_bricks(slab, slots.len(), distances, parts, texels)
        } else {
            repack(slab, &slots, &distances, &parts, texels)
        };
        let scales = vec![1.0; slots.len()];
        let level = VolumeLevel { cells, scales, distances, parts };
        Self { origin, cell_size, lipschitz, bricks, slab, levels: vec![level] }
    }
}

/// The atlas up to its last layer with a brick, places without a brick cleared.
fn first_bricks(
    slab: [u32; 2],
    stored: usize,
    mut distances: Vec<f16>,
    mut parts: PartIds,
    texels: usize,
) -> (Vec<f16>, PartIds) {
    distances.truncate(texels);
    match &mut parts {
        PartIds::U8(ids) => ids.truncate(texels),
        PartIds::U16(ids) => ids.truncate(texels),
    }
    let places = layer_count(slab, stored) * slab[0] as usize * slab[1] as usize;
    for slot in stored..places {
        for texel in brick_rows(slab, slot as u32).flat_map(|start| start..start + BRICK_SAMPLES as usize) {
            distances[texel] = f16::ZERO;
            parts.set(texel, 0);
        }
    }
    (distances, parts)
}

/// The bricks at `slots` moved together, in their order.
fn repack(
    slab: [u32; 2],
    slots: &[u32],
    distances: &[f16],
    parts: &PartIds,
    texels: usize,
) -> (Vec<f16>, PartIds) {
    let mut to_distances = vec![f16::ZERO; texels];
    let mut to_parts = match parts {
        PartIds::U8(_) => PartIds::U8(vec![0; texels]),
        PartIds::U16(_) => PartIds::U16(vec![0; texels]),
    };
    let side = BRICK_SAMPLES as usize;
    for (place, &slot) in slots.iter().enumerate() {
        for (to, from) in brick_rows(slab, place as u32).zip(brick_rows(slab, slot)) {
            to_distances[to..to + side].copy_from_slice(&distances[from..from + side]);
            match (&mut to_parts, parts) {
                (PartIds::U8(to_ids), PartIds::U8(ids)) => {
                    to_ids[to..to + side].copy_from_slice(&ids[from..from + side]);
                }
                (PartIds::U16(to_ids), PartIds::U16(ids)) => {
                    to_ids[to..to + side].copy_from_slice(&ids[from..from + side]);
                }
                _ => {}
            }
        }
    }
    (to_distances, to_parts)
}

/// The first texel of each of a brick's 64 rows.
fn brick_rows(slab: [u32; 2], slot: u32) -> impl Iterator<Item = usize> {
    const { assert!(BRICK_TEXELS == 512) };
    let [width, height] = slab.map(|side| (side * BRICK_SAMPLES) as usize);
    let [x, y, z] = slot_texel(slab, slot).map(|texel| texel as usize);
    (0..BRICK_SAMPLES as usize)
        .flat_map(move |k| (0..BRICK_SAMPLES as usize).map(move |j| x + width * (y + j + height * (z + k))))
}
