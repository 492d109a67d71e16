//! What a GPU must be able to do to march volumes, asked before anything is created on it.

use bevy::render::{
    render_resource::{
        DownlevelFlags, TextureFormat, TextureFormatFeatureFlags, TextureFormatFeatures, TextureUsages,
    },
    renderer::{RenderAdapter, RenderDevice},
    settings::WgpuFeatures,
};

use super::space::Limits;

/// Records, cells and looks.
pub(super) const NODE_FORMAT: TextureFormat = TextureFormat::Rgba32Uint;
/// Distances.
pub(super) const DISTANCE_FORMAT: TextureFormat = TextureFormat::R16Float;
/// Parts.
pub(super) const PART_FORMAT: TextureFormat = TextureFormat::R8Uint;

/// What the shaders of volumes may do on one GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShaderSupport {
    /// Say which samples of a pixel they cover. WebGL's class of GPUs has no such masks: there the outlines of
    /// volumes have hard edges.
    pub(super) sample_masks: bool,
    /// Promise how the depths that they write compare with those that are tested, so that hidden pixels are dropped
    /// before they are marched.
    pub(super) early_depth: bool,
    /// Layers of bricks that a column of the atlas has.
    pub(super) column_layers: u32,
}

impl ShaderSupport {
    pub(super) fn of(device: &RenderDevice, adapter: &RenderAdapter) -> Self {
        let downlevel = adapter.get_downlevel_capabilities().flags;
        Self {
            sample_masks: downlevel.contains(DownlevelFlags::MULTISAMPLED_SHADING),
            early_depth: device.features().contains(WgpuFeatures::SHADER_EARLY_DEPTH_TEST),
            column_layers: pool_limits(device).column_layers,
        }
    }
}

/// How large the pool may become on a GPU.
pub(super) fn pool_limits(device: &RenderDevice) -> Limits {
    let limits = device.limits();
    Limits::new(limits.max_texture_dimension_2d, limits.max_texture_dimension_3d)
}

/// What every volume needs and a GPU lacks.
pub(super) fn missing(device: &RenderDevice, adapter: &RenderAdapter) -> Option<String> {
    if pool_limits(device).layers() == 0 {
        return Some("3D textures of 256 texels along a side".into());
    }
    missing_formats(|format| adapter.get_texture_format_features(format))
}

/// What a GPU with such textures lacks.
fn missing_formats(features: impl Fn(TextureFormat) -> TextureFormatFeatures) -> Option<String> {
    let mut missing = Vec::new();
    for format in [NODE_FORMAT, DISTANCE_FORMAT, PART_FORMAT] {
        let features = features(format);
        let usages = TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST | TextureUsages::COPY_SRC;
        if !features.allowed_usages.contains(usages) {
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
    use super::*;

    #[test]
    fn a_gpu_needs_textures_and_nothing_else() {
        let all = |_| TextureFormatFeatures {
            allowed_usages: TextureUsages::TEXTURE_BINDING
                | TextureUsages::COPY_DST
                | TextureUsages::COPY_SRC,
            flags: TextureFormatFeatureFlags::FILTERABLE,
        };
        assert_eq!(missing_formats(all), None);
        let unfiltered =
            |format| TextureFormatFeatures { flags: TextureFormatFeatureFlags::empty(), ..all(format) };
        assert_eq!(missing_formats(unfiltered).as_deref(), Some("filtering of R16Float textures"));
        let no_integers = |format| match format {
            TextureFormat::Rgba32Uint => {
                TextureFormatFeatures { allowed_usages: TextureUsages::COPY_DST, ..all(format) }
            }
            format => all(format),
        };
        assert_eq!(missing_formats(no_integers).as_deref(), Some("Rgba32Uint textures"));
    }
}
