//! What a GPU must be able to do to march volumes, asked before anything is created on it.

use bevy::render::{
    render_resource::{
        DownlevelFlags, TextureFormat, TextureFormatFeatureFlags, TextureFormatFeatures, TextureUsages,
    },
    renderer::{RenderAdapter, RenderDevice},
    settings::WgpuFeatures,
};
use gve_assets::{BRICK_SAMPLES, VolumeView};

use super::{uniform::atlas_bricks, upload};

/// Cells of bricks: slot and link.
pub(super) const CELL_FORMAT: TextureFormat = TextureFormat::Rg32Uint;
/// Metres per unit of a brick's distances.
pub(super) const SCALE_FORMAT: TextureFormat = TextureFormat::R32Float;
/// Distances.
pub(super) const DISTANCE_FORMAT: TextureFormat = TextureFormat::R16Float;
/// Palette indices of parts.
pub(super) const MATERIAL_FORMAT: TextureFormat = TextureFormat::R8Uint;
/// What the atlas of part ids may be.
const PART_FORMATS: [TextureFormat; 2] = [TextureFormat::R8Uint, TextureFormat::R16Uint];

/// What the shaders of volumes may do on one GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShaderSupport {
    /// Say which samples of a pixel they cover. WebGL's class of GPUs has no such masks: there the outlines of
    /// volumes have hard edges.
    pub(super) sample_masks: bool,
    /// Promise how the depths that they write compare with those that are tested, so that hidden pixels are dropped
    /// before they are marched.
    pub(super) early_depth: bool,
}

impl ShaderSupport {
    pub(super) fn of(device: &RenderDevice, adapter: &RenderAdapter) -> Self {
        let downlevel = adapter.get_downlevel_capabilities().flags;
        Self {
            sample_masks: downlevel.contains(DownlevelFlags::MULTISAMPLED_SHADING),
            early_depth: device.features().contains(WgpuFeatures::SHADER_EARLY_DEPTH_TEST),
        }
    }
}

/// The limits of one GPU that volumes depend on.
#[derive(Debug, Clone)]
pub(super) struct VolumeLimits {
    max_texture_3d_side: u32,
    max_texture_2d_side: u32,
    missing: Option<String>,
}

impl VolumeLimits {
    pub(super) fn of(device: &RenderDevice, adapter: &RenderAdapter) -> Self {
        Self {
            max_texture_3d_side: device.limits().max_texture_dimension_3d,
            max_texture_2d_side: device.limits().max_texture_dimension_2d,
            missing: missing(|format| adapter.get_texture_format_features(format)),
        }
    }

    /// What every volume needs and this GPU lacks.
    pub(super) fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// Whether this GPU takes a volume's textures, and if not, why.
    pub(super) fn accept(&self, volume: &VolumeView) -> Result<(), String> {
        let atlas = atlas_bricks(volume).map(|bricks| bricks.saturating_mul(BRICK_SAMPLES));
        if atlas.into_iter().chain(volume.bricks).any(|side| side == 0) {
            return Err("its volume is empty".into());
        }
        let longest = atlas.into_iter().max().unwrap_or(0);
        let rows = volume.levels().iter().map(|level| upload::rows(level.cells.len())).sum();
        for (dimensions, side, limit) in
            [(3, longest, self.max_texture_3d_side), (2, rows, self.max_texture_2d_side)]
        {
            if side > limit {
                return Err(format!(
                    "its volume needs a {dimensions}D texture of {side} texels along a side, this GPU takes \
                     {limit}; bake it at a lower resolution"
                ));
            }
        }
        Ok(())
    }
}

/// What a GPU with such textures lacks.
fn missing(features: impl Fn(TextureFormat) -> TextureFormatFeatures) -> Option<String> {
    let mut missing = Vec::new();
    let formats = [CELL_FORMAT, SCALE_FORMAT, DISTANCE_FORMAT].into_iter().chain(PART_FORMATS);
    for format in formats {
        let features = features(format);
        if !features.allowed_usages.contains(TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST) {
            missing.push(format!("{format:?} textures"));
        } else if format == DISTANCE_FORMAT && !features.flags.contains(TextureFormatFeatureFlags::FILTERABLE)
        {
            missing.push(format!("filtering of {format:?} textures"));
        }
    }
    (!missing.is_empty()).then(|| missing.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use gve_assets::{BrickCell, PartIds, Volume, VolumeLevel};

    use super::*;

    /// A volume whose levels have so many cells and stored bricks.
    fn volume(slab: [u32; 2], levels: &[(usize, usize)]) -> Volume {
        let level = |&(cells, stored): &(usize, usize)| VolumeLevel {
            cells: vec![BrickCell::empty(1.0); cells],
            scales: vec![1.0; stored],
            distances: Vec::new(),
            parts: PartIds::U8(Vec::new()),
        };
        Volume {
            origin: [0.0; 3],
            cell_size: 0.1,
            lipschitz: 1.0,
            bricks: [1; 3],
            slab,
            levels: levels.iter().map(level).collect(),
        }
    }

    #[test]
    fn a_gpu_needs_textures_and_nothing_else() {
        let all = |_| TextureFormatFeatures {
            allowed_usages: TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST,
            flags: TextureFormatFeatureFlags::FILTERABLE,
        };
        assert_eq!(missing(all), None);
        let unfiltered =
            |format| TextureFormatFeatures { flags: TextureFormatFeatureFlags::empty(), ..all(format) };
        assert_eq!(missing(unfiltered).as_deref(), Some("filtering of R16Float textures"));
        let no_integers = |format| match format {
            TextureFormat::Rg32Uint => {
                TextureFormatFeatures { allowed_usages: TextureUsages::COPY_DST, ..all(format) }
            }
            format => all(format),
        };
        assert_eq!(missing(no_integers).as_deref(), Some("Rg32Uint textures"));
    }

    #[test]
    fn a_volume_is_taken_up_to_the_longest_texture_side() {
        let limits = VolumeLimits { max_texture_3d_side: 256, max_texture_2d_side: 4, missing: None };
        let accept = |slab, levels: &[_]| limits.accept(&(&volume(slab, levels)).into());
        assert_eq!(accept([32, 1], &[(1, 32)]), Ok(()));
        let reason = accept([33, 1], &[(1, 32)]).unwrap_err();
        assert!(reason.contains("3D") && reason.contains("264") && reason.contains("256"), "{reason}");
        // Levels stack: each of these takes 16 layers and a little more.
        assert_eq!(accept([1, 2], &[(1, 32), (8, 32)]), Ok(()));
        let reason = accept([1, 2], &[(1, 32), (8, 33)]).unwrap_err();
        assert!(reason.contains("264"), "{reason}");
        let row = upload::ROW as usize;
        assert_eq!(accept([1, 1], &[(row, 1), (3 * row, 1)]), Ok(()));
        let reason = accept([1, 1], &[(row, 1), (3 * row + 1, 1)]).unwrap_err();
        assert!(reason.contains("2D") && reason.contains(" 5 ") && reason.contains(" 4;"), "{reason}");
        assert!(accept([0, 1], &[(1, 0)]).unwrap_err().contains("empty"));
        assert!(accept([1, 1], &[(1, 0)]).unwrap_err().contains("empty"));
    }
}
