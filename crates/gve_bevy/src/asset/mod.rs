//! The asset, its loader, what changed, and what is told of bad files.

mod changes;
mod failure;
mod loader;
#[cfg(not(target_arch = "wasm32"))]
mod source;
mod weak;

use std::sync::{Arc, Weak};

use bevy::{camera::primitives::Aabb, prelude::*, reflect::TypePath};
use gve_assets::{AssetFile, ShellView, Splat, VolumeView};
use gve_types::{FileMetadata, MaterialSpec, dna::AudioPatch};

pub(crate) use changes::{ChangedAssets, TrackAssets, build as track_changes};
pub use failure::GveAssetFailed;
pub use loader::{GveAssetLoader, GveLoadError};
#[cfg(not(target_arch = "wasm32"))]
pub use source::GveAssetSourcePlugin;
pub(crate) use weak::WeakHandle;

/// A validated `.gve_bin`, mapped into memory; cloning it shares the mapping.
///
/// Every slice that it hands out lies in the mapped file: nothing is copied until it goes to the GPU.
#[derive(Asset, TypePath, Debug, Clone)]
pub struct GveAsset {
    file: Arc<AssetFile>,
    refused: Option<Arc<str>>,
}

impl GveAsset {
    /// The asset in an open file.
    pub fn new(file: Arc<AssetFile>) -> Self {
        Self { file, refused: None }
    }

    /// The same asset, after a newer version of its file was refused.
    pub(crate) fn with_refused(self, reason: &str) -> Self {
        Self { refused: Some(reason.into()), ..self }
    }

    /// Why the newest version of the file was not taken, when this is an older one: what is wrong and where.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
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

    /// Names this load without keeping the file.
    pub(crate) fn weak_load(&self) -> WeakLoad {
        WeakLoad(Arc::downgrade(&self.file))
    }

    /// The same, and nothing newer was refused in between.
    pub(crate) fn is_same_load(&self, other: &Self) -> bool {
        self.is_same(other) && self.refused == other.refused
    }
}

/// Names one load of an asset, for caches that must not keep the file mapped.
pub(crate) struct WeakLoad(Weak<AssetFile>);

impl WeakLoad {
    /// Whether this names the load of `asset`.
    pub(crate) fn is_of(&self, asset: &GveAsset) -> bool {
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(&asset.file))
    }

    /// Whether somebody still has the file.
    pub(crate) fn is_there(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// The asset type, its loader, and messages about bad files.
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
        changes::build(app);
        failure::build(app);
    }
}
