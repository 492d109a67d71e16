//! What the shader is told of an asset, as texels of the node texture: see `tree.wgsl`.

use bevy::{camera::primitives::Aabb, prelude::*};
use gve_assets::{BRICK_CELLS, BrickCell, LevelView, VolumeView};
use gve_types::{FileMetadata, MaterialSpec};

use crate::asset::GveAsset;

/// A texel of the node texture.
pub(super) type Texel = [u32; 4];

/// Texels of a record.
pub(super) const RECORD_TEXELS: u32 = 5;
/// Texels of the materials of parts: one byte for each id that a texel of the atlas can hold.
const PART_TEXELS: u32 = 16;
/// Texels of the node texture beside cells: the materials of parts, and how each material looks.
pub(super) fn look_texels(metadata: &FileMetadata) -> u32 {
    PART_TEXELS + surfaces(metadata)
}

/// Surfaces in the palette: one for each material, and one for materials that are missing.
fn surfaces(metadata: &FileMetadata) -> u32 {
    metadata.materials.len() as u32 + 1
}

/// Where the shader finds an asset's lists, as indices of texels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lists {
    /// The cells of level 0.
    pub(super) cells: u32,
    /// The materials of parts, then the palette.
    pub(super) looks: u32,
}

/// The record of an asset whose first levels are there.
pub(super) fn record(asset: &GveAsset, levels: usize, lists: Lists) -> [Texel; RECORD_TEXELS as usize] {
    let volume = asset.volume().first_levels(levels);
    let grid = Grid::new(asset);
    let [origin, low, high] = [grid.origin, grid.low, grid.high].map(|v| v.to_array().map(f32::to_bits));
    let with = |[x, y, z]: [u32; 3], w| [x, y, z, w];
    [
        with(origin, grid.cell_size.to_bits()),
        with(low, (1.0 / volume.lipschitz.max(1.0)).to_bits()),
        with(high, max_visits(&volume)),
        with(volume.bricks, depth(&volume)),
        [lists.cells, lists.looks, lists.looks + PART_TEXELS, 0],
    ]
}

/// The record of an asset of which nothing is there: a box without extent.
pub(super) const EMPTY_RECORD: [Texel; RECORD_TEXELS as usize] = [[0; 4]; RECORD_TEXELS as usize];

/// The box that is marched, in the asset's own space.
pub(super) fn marched_box(asset: &GveAsset) -> Aabb {
    let grid = Grid::new(asset);
    let at = |point: Vec3| grid.origin + point * grid.cell_size;
    Aabb::from_min_max(at(grid.low), at(grid.high))
}

struct Grid {
    origin: Vec3,
    cell_size: f32,
    /// Corners of the box that is marched, in cells of level 0.
    low: Vec3,
    high: Vec3,
}

impl Grid {
    fn new(asset: &GveAsset) -> Self {
        let volume = asset.volume();
        let bounds = asset.aabb();
        let origin = Vec3::from(volume.origin);
        let end = (UVec3::from(volume.bricks) * BRICK_CELLS).as_vec3();
        let to_grid = |point: Vec3A| (Vec3::from(point) - origin) / volume.cell_size;
        // The bounds hold the whole surface; half a cell more holds also its rounding to the grid.
        let low = (to_grid(bounds.min()) - 0.5).clamp(Vec3::ZERO, end);
        let high = (to_grid(bounds.max()) + 0.5).clamp(low, end);
        Self { origin, cell_size: volume.cell_size, low, high }
    }
}

/// The number of the finest level.
fn depth(volume: &VolumeView) -> u32 {
    (volume.levels().len() as u32).saturating_sub(1)
}

/// More bricks than any ray visits.
///
/// A ray goes through the bricks of a grid along a staircase, never back: through no more than there are, and
/// through no more than its finest level has along x, y and z together. It may come to each a second time, when
/// it has leapt over empty ones and rounding set it back.
fn max_visits(volume: &VolumeView) -> u32 {
    let along: u64 = volume.bricks.iter().map(|&bricks| u64::from(bricks) << depth(volume)).sum();
    let cells: u64 = volume.levels().iter().map(|level| level.cells.len() as u64).sum();
    u32::try_from(2 * along.min(cells) + 2).unwrap_or(u32::MAX)
}

/// Where the bricks of a level and the cells of the next one lie in the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LevelPlace {
    pub(super) first_brick: u32,
    /// `None` for the finest level.
    pub(super) next_cells: Option<u32>,
}

/// The cells of a level as the shader reads them: place of the brick, first of its children, scale.
pub(super) fn cells<'a>(
    level: &'a LevelView<'_>,
    cells: &'a [BrickCell],
    place: LevelPlace,
) -> impl Iterator<Item = Texel> + 'a {
    cells.iter().map(move |cell| {
        if !cell.is_stored() {
            return [BrickCell::EMPTY, cell.link, 0, 0];
        }
        let scale = level.scales.get(cell.slot as usize).copied().unwrap_or_default();
        let children = match (cell.group(), place.next_cells) {
            (Some(group), Some(first)) => first.wrapping_add(group.wrapping_mul(8)),
            _ => BrickCell::NONE,
        };
        [place.first_brick.wrapping_add(cell.slot), children, scale.to_bits(), 0]
    })
}

/// The materials of parts, then the palette.
pub(super) fn looks(metadata: &FileMetadata, is_wide: bool) -> Vec<Texel> {
    let last = surfaces(metadata) - 1;
    let mut ids = [last as u8; 4 * 4 * PART_TEXELS as usize];
    if is_wide {
        // What the atlas holds are materials already.
        for (material, id) in (0..last).zip(&mut ids) {
            *id = material as u8;
        }
    } else {
        for (material, id) in part_materials(metadata).zip(&mut ids) {
            *id = material;
        }
    }
    let words: Vec<u32> = ids.as_chunks::<4>().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
    let mut texels: Vec<Texel> = words.as_chunks::<4>().0.to_vec();
    texels.extend(metadata.materials.iter().map(surface));
    texels.push([0; 4]);
    texels
}

/// The material of each part, or where a file has less materials, the palette's last entry. In files that name no
/// parts, part ids are indices of materials.
pub(super) fn part_materials(metadata: &FileMetadata) -> impl Iterator<Item = u8> {
    let last = surfaces(metadata) - 1;
    let of_parts = metadata.parts.iter().map(|part| part.material);
    let themselves = if metadata.parts.is_empty() { 0..last } else { 0..0 };
    // There are at most 255 materials.
    of_parts.chain(themselves).map(move |material| u8::try_from(material.min(last)).unwrap_or(u8::MAX))
}

/// How a material looks: linear colour and roughness in 16 bits each, metallic.
fn surface(spec: &MaterialSpec) -> Texel {
    let [red, green, blue] = spec.base_color_srgb;
    let [red, green, blue] = Color::srgb_u8(red, green, blue).to_linear().to_f32_array_no_alpha();
    let pair = |low: f32, high: f32| unorm(low) | unorm(high) << 16;
    [pair(red, green), pair(blue, spec.roughness), spec.metallic.to_bits(), 0]
}

fn unorm(value: f32) -> u32 {
    (value.clamp(0.0, 1.0) * 65535.0).round() as u32
}

#[cfg(test)]
mod tests {
    use gve_assets::{PartIds, Volume, VolumeLevel};

    use super::*;

    fn level(cells: usize) -> VolumeLevel {
        VolumeLevel {
            cells: vec![BrickCell::empty(1.0); cells],
            scales: Vec::new(),
            distances: Vec::new(),
            parts: PartIds::U8(Vec::new()),
        }
    }

    #[test]
    fn a_ray_may_visit_every_brick_along_its_way() {
        let visits = |bricks: [u32; 3], levels: &[usize]| {
            let levels = levels.iter().map(|&cells| level(cells)).collect();
            let volume =
                Volume { origin: [0.0; 3], cell_size: 1.0, lipschitz: 1.0, bricks, slab: [1; 2], levels };
            max_visits(&(&volume).into())
        };
        // The diagonal of a grid, and of one whose bricks are all refined twice.
        assert!(visits([74; 3], &[74 * 74 * 74]) >= 3 * 74);
        assert!(visits([30; 3], &[27_000, 8 * 27_000, 64 * 27_000]) >= 3 * 30 * 4);
        // No more than there are, however deep.
        assert_eq!(visits([1; 3], &[1, 8]), 2 * 6 + 2);
        assert_eq!(visits([1; 3], &[1, 8, 8, 8, 8, 8, 8]), 2 * 49 + 2);
        assert_eq!(visits([1; 3], &[1; 16]), 2 * 16 + 2);
    }

    #[test]
    fn cells_name_places_in_the_pool() {
        let stored = VolumeLevel {
            cells: vec![BrickCell::empty(-0.5), BrickCell::stored(1), BrickCell::refined(0, 3)],
            scales: vec![2.0, 4.0],
            distances: Vec::new(),
            parts: PartIds::U8(Vec::new()),
        };
        let volume = Volume {
            origin: [0.0; 3],
            cell_size: 1.0,
            lipschitz: 1.0,
            bricks: [3, 1, 1],
            slab: [1; 2],
            levels: vec![stored],
        };
        let view = VolumeView::from(&volume);
        let level = view.levels()[0];
        let texels = |next_cells| -> Vec<Texel> {
            cells(&level, level.cells, LevelPlace { first_brick: 100, next_cells }).collect()
        };
        let empty = [u32::MAX, (-0.5_f32).to_bits(), 0, 0];
        let whole = [101, u32::MAX, 4.0_f32.to_bits(), 0];
        assert_eq!(texels(Some(1000)), [empty, whole, [100, 1024, 2.0_f32.to_bits(), 0]]);
        // Nothing is refined in the finest level, whatever its links say.
        assert_eq!(texels(None), [empty, whole, [100, u32::MAX, 2.0_f32.to_bits(), 0]]);
    }
}
