//! The asset, its loader, and what became of a load.

mod loader;
mod source;
mod status;

use std::sync::Arc;

use bevy::{camera::primitives::Aabb, prelude::*, reflect::TypePath};
use gve_assets::{AssetFile, ShellView, Splat, VolumeView};
use gve_types::{FileMetadata, MaterialSpec, dna::AudioPatch};

pub use loader::{GveAssetLoader, GveLoadError};
pub use source::GveAssetSourcePlugin;
pub use status::{GveAssetFailed, GveAssetStatus};

/// A validated `.gve_bin`, mapped into memory; cloning it shares the mapping.
///
/// Every slice that it hands out lies in the mapped file: nothing is copied until it goes to the GPU.
#[derive(Asset, TypePath, Debug, Clone)]
pub struct GveAsset {
    file: Arc<AssetFile>,
}

impl GveAsset {
    /// The asset in an open file.
    pub fn new(file: Arc<AssetFile>) -> Self {
        Self { file }
    }

    /// The file.
    pub fn file(&self) -> &Arc<AssetFile> {
        &self.file
    }

    /// Distance volume with material channel.
    pub fn volume(&self) -> VolumeView<'_> {
        self.file.volume()
    }

    /// Splats, most important first.
    pub fn splats(&self) -> &[Splat] {
        self.file.splats()
    }

    /// Surface mesh.
    pub fn shell(&self) -> ShellView<'_> {
        self.file.shell()
    }

    /// How it sounds.
    pub fn audio_patch(&self) -> &AudioPatch {
        self.file.audio_patch()
    }

    /// Name, bounds, materials, mass and the rest.
    pub fn metadata(&self) -> &FileMetadata {
        self.file.metadata()
    }

    /// The palette that splats, volume and shell index.
    pub fn materials(&self) -> &[MaterialSpec] {
        &self.file.metadata().materials
    }

    /// The bounds of the surface in the asset's own space, in metres.
    pub fn aabb(&self) -> Aabb {
        let bounds = &self.metadata().bounds;
        Aabb::from_min_max(Vec3::from(bounds.min), Vec3::from(bounds.max))
    }

    /// Whether both are the same load of the same file, not merely equal.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file)
    }
}

/// The asset type, its loader, and what became of each load.
///
/// # Ordering
/// Add it after [`AssetPlugin`]; without one it warns and does nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct GveAssetPlugin;

impl Plugin for GveAssetPlugin {
    fn build(&self, app: &mut App) {
        if !app.world().contains_resource::<AssetServer>() {
            warn!(
                "GveAssetPlugin needs an AssetServer: add AssetPlugin (or DefaultPlugins) before GvePlugin; GVE assets will not load"
            );
            return;
        }
        crate::systems::configure(app);
        app.init_asset::<GveAsset>();
        let loader = GveAssetLoader::for_app(app);
        app.register_asset_loader(loader);
        status::build(app);
    }
}
