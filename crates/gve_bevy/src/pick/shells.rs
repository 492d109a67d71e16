//! The sorted triangles of the assets that are hit as shells.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use bevy::{platform::collections::HashMap, prelude::*, tasks::AsyncComputeTaskPool};
use gve_assets::query::ShellTree;

use super::shape::Shape;
use crate::{
    asset::{ChangedAssets, GveAsset, WeakLoad},
    object::{GveDrawnAs, GveObject, GveRepresentation},
};

/// One tree for each asset, made when it is first needed; it goes with the asset.
#[derive(Resource, Default)]
pub(super) struct Shells {
    by_asset: Mutex<HashMap<AssetId<GveAsset>, (WeakLoad, Arc<OnceLock<ShellTree>>)>>,
    /// Whether anybody has asked for one.
    is_used: AtomicBool,
}

impl Shells {
    /// The tree of an asset as it is now; whoever comes first makes it, and others wait.
    pub(super) fn get(&self, id: AssetId<GveAsset>, asset: &GveAsset) -> Arc<OnceLock<ShellTree>> {
        self.is_used.store(true, Ordering::Relaxed);
        let cell = self.cell(id, asset);
        cell.get_or_init(|| ShellTree::new(&asset.shell()));
        cell
    }

    fn cell(&self, id: AssetId<GveAsset>, asset: &GveAsset) -> Arc<OnceLock<ShellTree>> {
        // Nothing that panics is done while it is locked.
        let mut by_asset = self.by_asset.lock().unwrap_or_else(PoisonError::into_inner);
        match by_asset.get(&id).filter(|(load, _)| load.is_of(asset)) {
            Some((_, cell)) => cell.clone(),
            None => {
                let cell = Arc::default();
                by_asset.insert(id, (asset.weak_load(), Arc::clone(&cell)));
                cell
            }
        }
    }
}

/// Lets trees go with their assets. Once somebody casts rays, those of new assets are made in the background.
pub(super) fn follow(
    shells: ResMut<Shells>,
    assets: Option<Res<Assets<GveAsset>>>,
    changes: Res<ChangedAssets>,
    changed: Query<(&GveObject, &GveDrawnAs, &GveRepresentation), Changed<GveDrawnAs>>,
) {
    let Some(assets) = assets else { return };
    if !changes.is_empty() {
        let mut by_asset = shells.by_asset.lock().unwrap_or_else(PoisonError::into_inner);
        by_asset.retain(|id, (load, _)| assets.get(*id).is_some_and(|asset| load.is_of(asset)));
    }
    if !shells.is_used.load(Ordering::Relaxed) {
        return;
    }
    let Some(pool) = AsyncComputeTaskPool::try_get() else { return };
    for (object, drawn_as, wanted) in &changed {
        let Some(asset) = assets.get(object.id()) else { continue };
        if Shape::of(asset, **drawn_as, *wanted) != Some(Shape::Shell) {
            continue;
        }
        let cell = shells.cell(object.id(), asset);
        if cell.get().is_none() {
            let asset = asset.clone();
            pool.spawn(async move {
                cell.get_or_init(|| ShellTree::new(&asset.shell()));
            })
            .detach();
        }
    }
}
