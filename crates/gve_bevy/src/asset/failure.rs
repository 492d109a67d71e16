//! What is told of bad files, and of what their bakes found.

use bevy::{asset::AssetPath, platform::collections::HashMap, prelude::*};
use gve_types::text::shown;

use super::{
    GveAsset,
    changes::{ChangedAssets, TrackAssets},
};
use crate::systems::GveSystems;

/// Sent once for every bad file: again only after the asset was good or bad in another way in between.
///
/// A bad file is one line in the log as well. Bevy writes it when nothing of the asset was there before, and this
/// crate when an older version stays in use.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct GveAssetFailed {
    /// The asset.
    pub id: AssetId<GveAsset>,
    /// The file.
    pub path: AssetPath<'static>,
    /// What is wrong and where.
    pub reason: String,
    /// Whether an older, good version stays in use.
    pub stale: bool,
}

pub(super) fn build(app: &mut App) {
    app.add_message::<GveAssetFailed>().add_systems(
        PostUpdate,
        (report, tell_warnings)
            .chain()
            .after(TrackAssets)
            .in_set(GveSystems::Status)
            .run_if(|changes: Res<ChangedAssets>| !changes.is_empty()),
    );
}

fn report(
    changes: Res<ChangedAssets>,
    server: Res<AssetServer>,
    assets: Res<Assets<GveAsset>>,
    mut reported: Local<HashMap<AssetId<GveAsset>, String>>,
    mut failed: MessageWriter<GveAssetFailed>,
) {
    for id in changes.iter() {
        let asset = assets.get(id);
        let refused = asset.and_then(GveAsset::refused);
        let failure = changes.failure(id);
        let Some(reason) = refused.or(failure.map(|failure| failure.reason.as_str())) else {
            reported.remove(&id);
            continue;
        };
        // The asset server tries a reload that failed a second time.
        if reported.get(&id).is_some_and(|reported| reported == reason) {
            continue;
        }
        reported.insert(id, reason.to_owned());
        let path = server.get_path(id).map(AssetPath::into_owned);
        let path = path.or(failure.map(|failure| failure.path.clone())).unwrap_or_default();
        if refused.is_some() {
            error!("{path}: {}; the last good version stays in use", shown(reason));
        }
        failed.write(GveAssetFailed { id, path, reason: reason.to_owned(), stale: asset.is_some() });
    }
}

/// Logs what the bakes of new files found worth telling: each sentence once, and again only after a reload
/// without it.
fn tell_warnings(
    changes: Res<ChangedAssets>,
    server: Res<AssetServer>,
    assets: Res<Assets<GveAsset>>,
    mut told: Local<HashMap<AssetId<GveAsset>, Vec<String>>>,
) {
    for id in changes.iter() {
        let Some(asset) = assets.get(id) else {
            told.remove(&id);
            continue;
        };
        let warnings = &asset.metadata().warnings;
        let before = told.insert(id, warnings.clone()).unwrap_or_default();
        for warning in warnings.iter().filter(|warning| !before.contains(warning)) {
            match server.get_path(id) {
                Some(path) => warn!("{path}: {}", shown(warning)),
                None => warn!("\"{}\": {}", shown(&asset.metadata().name), shown(warning)),
            }
        }
    }
}
