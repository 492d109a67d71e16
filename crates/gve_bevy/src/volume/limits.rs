//! What a GPU must be able to do to march volumes, asked before anything is created on it.

use bevy::render::{
    render_resource::{DownlevelFlags, Extent3d, TextureFormat, TextureFormatFeatureFlags, TextureUsages},
    renderer::{RenderAdapter, RenderDevice},
};
use gve_assets::{BRICK_SAMPLES, VolumeView};

/// Coarse bricks: slot and distance.
pub(super) const GRID_FORMAT: TextureFormat = TextureFormat::Rg32Uint;
/// Distances in metres.
pub(super) const DISTANCE_FORMAT: TextureFormat = TextureFormat::R16Float;
/// Palette indices.
pub(super) const MATERIAL_FORMAT: TextureFormat = TextureFormat::R8Uint;

/// The limits of one GPU that volumes depend on.
#[derive(Debug, Clone)]
pub(super) struct VolumeLimits {
    max_texture_side: u32,
    missing: Option<String>,
}

impl VolumeLimits {
    pub(super) fn of(device: &RenderDevice, adapter: &RenderAdapter) -> Self {
        let mut missing = Vec::new();
        for format in [GRID_FORMAT, DISTANCE_FORMAT, MATERIAL_FORMAT] {
            let features = adapter.get_texture_format_features(format);
            if !features.allowed_usages.contains(TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST) {
                missing.push(format!("{format:?} textures"));
            } else if format == DISTANCE_FORMAT
                && !features.flags.contains(TextureFormatFeatureFlags::FILTERABLE)
            {
                missing.push(format!("filtering of {format:?} textures"));
            }
        }
        let downlevel = adapter.get_downlevel_capabilities().flags;
        if !downlevel.contains(DownlevelFlags::MULTISAMPLED_SHADING) {
            // WebGL's class of GPUs: no sample masks.
            missing.push("sample masks".into());
        }
        Self {
            max_texture_side: device.limits().max_texture_dimension_3d,
            missing: (!missing.is_empty()).then(|| missing.join(", ")),
        }
    }

    /// What every volume needs and this GPU lacks.
    pub(super) fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// Whether this GPU takes a volume's textures, and if not, why.
    pub(super) fn accept(&self, volume: &VolumeView) -> Result<(), String> {
        let [atlas, grid] =
            [volume.atlas_bricks.map(|bricks| bricks.saturating_mul(BRICK_SAMPLES)), volume.bricks];
        if [atlas, grid].into_iter().flatten().any(|side| side == 0) {
            return Err("its volume is empty".into());
        }
        let longest = [atlas, grid].into_iter().flatten().max().unwrap_or(0);
        if longest > self.max_texture_side {
            return Err(format!(
                "its volume needs a 3D texture of {longest} texels along a side, this GPU takes {}; bake it at \
                 a lower resolution",
                self.max_texture_side
            ));
        }
        Ok(())
    }
}

/// The size of a texture.
pub(super) fn extent([width, height, depth_or_array_layers]: [u32; 3]) -> Extent3d {
    Extent3d { width, height, depth_or_array_layers }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn volume(bricks: [u32; 3], atlas_bricks: [u32; 3]) -> VolumeView<'static> {
        VolumeView {
            origin: [0.0; 3],
            cell_size: 0.1,
            lipschitz: 1.0,
            bricks,
            grid: &[],
            atlas_bricks,
            distances: &[],
            materials: &[],
        }
    }

    #[test]
    fn a_volume_is_taken_up_to_the_longest_texture_side() {
        let limits = VolumeLimits { max_texture_side: 256, missing: None };
        assert_eq!(limits.accept(&volume([10, 10, 10], [32, 1, 1])), Ok(()));
        let reason = limits.accept(&volume([10, 10, 10], [33, 1, 1])).unwrap_err();
        assert!(reason.contains("264") && reason.contains("256"), "{reason}");
        assert!(limits.accept(&volume([257, 1, 1], [1, 1, 1])).is_err());
        assert!(limits.accept(&volume([1, 1, 1], [0, 0, 0])).is_err());
    }
}
