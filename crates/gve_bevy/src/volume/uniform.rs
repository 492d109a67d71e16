//! The uniforms of a volume: `Volume` and `Surface` in `tree.wgsl`.

use bevy::{prelude::*, render::render_resource::ShaderType};
use gve_assets::{BRICK_CELLS, VolumeView};
use gve_types::{
    FileMetadata, MaterialSpec,
    limits::{MAX_MATERIALS, MAX_VOLUME_LEVELS},
};

use super::upload::rows;
use crate::asset::GveAsset;

/// Levels that the shader has room for.
pub(super) const LEVELS: usize = MAX_VOLUME_LEVELS as usize;
/// Entries of the palette in the shader: 8 KiB of uniforms, half of what every GPU takes.
pub(super) const PALETTE: usize = MAX_MATERIALS + 1;

/// `Volume` in `tree.wgsl`.
#[derive(ShaderType, Debug, Clone, Copy)]
pub(super) struct VolumeUniform {
    pub(super) origin: Vec3,
    pub(super) cell_size: f32,
    pub(super) box_min: Vec3,
    inverse_lipschitz: f32,
    pub(super) box_max: Vec3,
    max_visits: u32,
    bricks: UVec3,
    depth: u32,
    atlas_bricks: UVec3,
    levels: [UVec4; LEVELS],
}

impl VolumeUniform {
    pub(super) fn new(asset: &GveAsset) -> Self {
        let volume = asset.volume();
        let bounds = asset.aabb();
        let origin = Vec3::from(volume.origin);
        let bricks = UVec3::from(volume.bricks);
        let end = (bricks * BRICK_CELLS).as_vec3();
        let to_grid = |point: Vec3A| (Vec3::from(point) - origin) / volume.cell_size;
        // The bounds hold the whole surface; half a cell more holds also its rounding to the grid.
        let box_min = (to_grid(bounds.min()) - 0.5).clamp(Vec3::ZERO, end);
        let box_max = (to_grid(bounds.max()) + 0.5).clamp(box_min, end);
        let mut levels = [UVec4::ZERO; LEVELS];
        let (mut cell_rows, mut scale_rows) = (0, 0);
        for (number, (to, level)) in levels.iter_mut().zip(volume.levels()).enumerate() {
            let first = |rows: u32| rows * super::upload::ROW;
            *to = UVec4::new(first(cell_rows), first(scale_rows), volume.first_layer(number), 0);
            cell_rows += rows(level.cells.len());
            scale_rows += rows(level.scales.len());
        }
        Self {
            origin,
            cell_size: volume.cell_size,
            box_min,
            inverse_lipschitz: 1.0 / volume.lipschitz.max(1.0),
            box_max,
            max_visits: max_visits(&volume),
            bricks,
            depth: depth(&volume),
            atlas_bricks: atlas_bricks(&volume).into(),
            levels,
        }
    }
}

/// The number of the finest level.
fn depth(volume: &VolumeView) -> u32 {
    (volume.levels().len() as u32).saturating_sub(1)
}

/// Bricks along x, y and z of the atlas of all levels.
pub(super) fn atlas_bricks(volume: &VolumeView) -> [u32; 3] {
    let [x, y] = volume.slab;
    [x, y, volume.first_layer(volume.levels().len())]
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

/// `Surface` in `tree.wgsl`.
#[derive(ShaderType, Debug, Clone, Copy, Default)]
struct Surface {
    base_color: Vec3,
    perceptual_roughness: f32,
    metallic: f32,
}

impl From<&MaterialSpec> for Surface {
    fn from(spec: &MaterialSpec) -> Self {
        let [red, green, blue] = spec.base_color_srgb;
        Self {
            base_color: Color::srgb_u8(red, green, blue).to_linear().to_vec3(),
            perceptual_roughness: spec.roughness,
            metallic: spec.metallic,
        }
    }
}

/// The materials of an asset, by index.
#[derive(ShaderType)]
pub(super) struct Palette {
    surfaces: [Surface; PALETTE],
}

impl Palette {
    pub(super) fn new(materials: &[MaterialSpec]) -> Self {
        let mut surfaces = [Surface::default(); PALETTE];
        for (surface, spec) in surfaces.iter_mut().zip(materials) {
            *surface = spec.into();
        }
        Self { surfaces }
    }
}

/// The material of each part. In files that name no parts, part ids are indices of materials.
pub(super) fn part_materials(metadata: &FileMetadata) -> Vec<u8> {
    let as_byte = |material: u32| u8::try_from(material).unwrap_or(u8::MAX);
    if metadata.parts.is_empty() {
        (0..metadata.materials.len() as u32).map(as_byte).collect()
    } else {
        metadata.parts.iter().map(|part| as_byte(part.material)).collect()
    }
}

#[cfg(test)]
mod tests {
    use gve_assets::{BrickCell, PartIds, Volume, VolumeLevel};

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
}
