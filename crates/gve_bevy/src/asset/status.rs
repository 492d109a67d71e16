//! What became of each load, for the app to show.

use std::sync::Arc;

use bevy::{
    asset::{AssetLoadError, AssetLoadFailedEvent, AssetPath, LoadState},
    platform::collections::HashMap,
    prelude::*,
};

use gve_types::text::shown;

use super::GveAsset;
use crate::{object::GveObject, systems::GveSystems};

/// What became of the asset of a [`GveObject`]; appears by itself and is kept up to date.
///
/// Written in [`GveSystems::Status`].
#[derive(Component, Reflect, Debug, Clone, Default, PartialEq, Eq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub enum GveAssetStatus {
    /// Not there yet.
    #[default]
    Loading,
    /// There, and what the file holds.
    Ready {
        /// What the bake found worth telling, each with the path of its node in the recipe, such as
        /// `$.root_node.children[2] (aerial): …`.
        warnings: Vec<String>,
    },
    /// The file is bad and there is nothing to show instead; the text says what is wrong and where.
    Failed(String),
    /// The file is bad and the last good version is still on screen; the text says what is wrong and where.
    Stale(String),
}

impl GveAssetStatus {
    /// Whether the file is there and good.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready { .. })
    }

    /// Why the file was not taken, if it was not.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Loading | Self::Ready { .. } => None,
            Self::Failed(reason) | Self::Stale(reason) => Some(reason),
        }
    }

    /// What the bake found worth telling about what the file holds.
    pub fn warnings(&self) -> &[String] {
        match self {
            Self::Ready { warnings } => warnings,
            _ => &[],
        }
    }
}

/// Sent once for every bad file: again only after the asset was good or bad in another way in between.
///
/// Bevy itself logs the failure; apps show it with this.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct GveAssetFailed {
    /// The asset.
    pub id: AssetId<GveAsset>,
    /// The file.
    pub path: AssetPath<'static>,
    /// What is wrong and where.
    pub reason: String,
    /// Whether an older, good version stays on screen.
    pub stale: bool,
}

pub(super) fn build(app: &mut App) {
    app.register_type::<GveAssetStatus>()
        .add_message::<GveAssetFailed>()
        .add_systems(PostUpdate, (report, tell_warnings, follow).chain().in_set(GveSystems::Status));
}

/// The loader's own words where it was the loader that failed: Bevy's name the loader's type as well.
fn reason(error: &AssetLoadError) -> String {
    match error {
        AssetLoadError::AssetLoaderError(error) => {
            // The debug text of a `BevyError` would hold a backtrace; this is the error alone.
            match error.error().downcast_ref::<super::GveLoadError>() {
                Some(error) => error.to_string(),
                None => error.error().to_string(),
            }
        }
        error => error.to_string(),
    }
}

fn report(
    mut failures: MessageReader<AssetLoadFailedEvent<GveAsset>>,
    mut events: MessageReader<AssetEvent<GveAsset>>,
    mut reported: Local<HashMap<AssetId<GveAsset>, String>>,
    mut failed: MessageWriter<GveAssetFailed>,
    assets: Res<Assets<GveAsset>>,
) {
    for event in events.read() {
        if let AssetEvent::Added { id } | AssetEvent::Modified { id } | AssetEvent::Unused { id } = event {
            reported.remove(id);
        }
    }
    // A failed reload is tried twice by the asset server, and comes twice.
    for failure in failures.read() {
        let reason = reason(&failure.error);
        if reported.get(&failure.id).is_some_and(|reported| *reported == reason) {
            continue;
        }
        reported.insert(failure.id, reason.clone());
        let stale = assets.contains(failure.id);
        failed.write(GveAssetFailed { id: failure.id, path: failure.path.clone(), reason, stale });
    }
}

/// Logs what the bakes of new files found worth telling: each sentence once, and again only after a reload
/// without it.
fn tell_warnings(
    mut events: MessageReader<AssetEvent<GveAsset>>,
    server: Res<AssetServer>,
    assets: Res<Assets<GveAsset>>,
    mut told: Local<HashMap<AssetId<GveAsset>, Vec<String>>>,
) {
    for event in events.read() {
        match event {
            AssetEvent::Added { id } | AssetEvent::Modified { id } => {
                let Some(asset) = assets.get(*id) else { continue };
                let warnings = &asset.metadata().warnings;
                let before = told.insert(*id, warnings.clone()).unwrap_or_default();
                for warning in warnings.iter().filter(|warning| !before.contains(warning)) {
                    match server.get_path(*id) {
                        Some(path) => warn!("{path}: {}", shown(warning)),
                        None => warn!("\"{}\": {}", shown(&asset.metadata().name), shown(warning)),
                    }
                }
            }
            AssetEvent::Removed { id } | AssetEvent::Unused { id } => drop(told.remove(id)),
            AssetEvent::LoadedWithDependencies { .. } => {}
        }
    }
}

fn follow(
    server: Res<AssetServer>,
    assets: Res<Assets<GveAsset>>,
    mut reasons: Local<HashMap<AssetId<GveAsset>, (Arc<AssetLoadError>, String)>>,
    mut objects: Query<(&GveObject, &mut GveAssetStatus)>,
) {
    for (object, mut status) in &mut objects {
        let id = object.id();
        let asset = assets.get(id);
        let now = match server.get_load_state(id) {
            Some(LoadState::Failed(error)) => {
                let known = reasons.get(&id).filter(|(known, _)| Arc::ptr_eq(known, &error));
                let reason = match known {
                    Some((_, reason)) => reason.clone(),
                    None => {
                        let reason = reason(&error);
                        reasons.insert(id, (error, reason.clone()));
                        reason
                    }
                };
                if asset.is_some() { GveAssetStatus::Stale(reason) } else { GveAssetStatus::Failed(reason) }
            }
            _ => match asset.map(|asset| &asset.metadata().warnings) {
                Some(warnings) if status.is_ready() && status.warnings() == warnings => continue,
                Some(warnings) => GveAssetStatus::Ready { warnings: warnings.clone() },
                None => GveAssetStatus::Loading,
            },
        };
        status.set_if_neq(now);
    }
    if !objects.is_empty() || !reasons.is_empty() {
        reasons.retain(|id, _| matches!(server.get_load_state(*id), Some(LoadState::Failed(_))));
    }
}
