//! Which assets are new, reloaded, refused or gone since the last frame.

use bevy::{
    asset::{AssetLoadError, AssetLoadFailedEvent, AssetPath, LoadState},
    platform::collections::{HashMap, HashSet},
    prelude::*,
};

use super::{GveAsset, GveLoadError};
use crate::systems::{self, GveSystems};

/// What happened to the assets; found out once a frame, so that no other system compares assets while nothing
/// happens to them.
///
/// Bevy's own events come too late for this: they are sent at the end of the frame, and a reload must be drawn in
/// the frame in which it arrives.
#[derive(Resource, Default)]
pub(crate) struct ChangedAssets {
    known: HashMap<AssetId<GveAsset>, GveAsset>,
    failures: HashMap<AssetId<GveAsset>, Failure>,
    changed: HashSet<AssetId<GveAsset>>,
}

/// Why the newest file of an asset was not taken.
pub(crate) struct Failure {
    pub(crate) path: AssetPath<'static>,
    pub(crate) reason: String,
}

impl ChangedAssets {
    /// Whether nothing happened to any asset in this frame.
    pub(crate) fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// Whether something happened to this asset in this frame.
    pub(crate) fn contains(&self, id: AssetId<GveAsset>) -> bool {
        self.changed.contains(&id)
    }

    /// The assets to which something happened in this frame.
    pub(crate) fn iter(&self) -> impl Iterator<Item = AssetId<GveAsset>> {
        self.changed.iter().copied()
    }

    /// Why the last load of an asset failed, if it did.
    pub(crate) fn failure(&self, id: AssetId<GveAsset>) -> Option<&Failure> {
        self.failures.get(&id)
    }
}

/// The set in which [`ChangedAssets`] is brought up to date.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TrackAssets;

/// Every member that reads [`ChangedAssets`] calls this, so that any of them can be left out.
pub(crate) fn build(app: &mut App) {
    if app.world().contains_resource::<ChangedAssets>() {
        return;
    }
    systems::configure(app);
    app.init_resource::<ChangedAssets>().add_systems(
        PostUpdate,
        track
            .in_set(TrackAssets)
            .in_set(GveSystems::Status)
            .run_if(resource_exists::<Assets<GveAsset>>.and_then(resource_exists::<AssetServer>)),
    );
}

fn track(
    assets: Res<Assets<GveAsset>>,
    server: Res<AssetServer>,
    mut failures: MessageReader<AssetLoadFailedEvent<GveAsset>>,
    mut changes: ResMut<ChangedAssets>,
) {
    if !changes.changed.is_empty() {
        changes.changed.clear();
    }
    if assets.is_changed() {
        let ChangedAssets { known, changed, .. } = &mut *changes;
        for (id, asset) in assets.iter() {
            if known.get(&id).is_none_or(|known| !known.is_same_load(asset)) {
                known.insert(id, asset.clone());
                changed.insert(id);
            }
        }
        known.retain(|id, _| {
            let is_there = assets.contains(*id);
            if !is_there {
                changed.insert(*id);
            }
            is_there
        });
    }
    for AssetLoadFailedEvent { id, path, error } in failures.read() {
        let failure = Failure { path: path.clone(), reason: reason(error) };
        changes.failures.insert(*id, failure);
        changes.changed.insert(*id);
    }
    if !changes.failures.is_empty() {
        let ChangedAssets { failures, changed, .. } = &mut *changes;
        failures.retain(|id, _| {
            let is_failed = matches!(server.get_load_state(*id), Some(LoadState::Failed(_)));
            if !is_failed {
                changed.insert(*id);
            }
            is_failed
        });
    }
}

/// The loader's own words where it was the loader that failed: Bevy's name the loader's type as well.
fn reason(error: &AssetLoadError) -> String {
    match error {
        AssetLoadError::AssetLoaderError(error) => {
            // The text of a `BevyError` may hold a backtrace; this is the error alone.
            match error.error().downcast_ref::<GveLoadError>() {
                Some(error) => error.to_string(),
                None => error.error().to_string(),
            }
        }
        error => error.to_string(),
    }
}
