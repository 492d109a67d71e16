//! What became of each object's load, for the app to show.

use bevy::prelude::*;

use super::GveObject;
use crate::asset::{ChangedAssets, GveAsset};

/// What became of the asset of a [`GveObject`]; appears by itself and is kept up to date.
///
/// Written in [`GveSystems::Status`](crate::systems::GveSystems::Status).
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
    /// The file is bad and the last good version stays in use; the text says what is wrong and where.
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

/// Keeps [`GveAssetStatus`] true: of the objects whose asset changed, and of those that show another one.
pub(super) fn follow(
    assets: Option<Res<Assets<GveAsset>>>,
    changes: Res<ChangedAssets>,
    mut objects: ParamSet<(
        Query<(&GveObject, &mut GveAssetStatus)>,
        Query<(&GveObject, &mut GveAssetStatus), Changed<GveObject>>,
    )>,
) {
    let Some(assets) = assets else { return };
    let status = |id| {
        let asset = assets.get(id);
        let refused = asset.and_then(GveAsset::refused);
        let reason = refused.or(changes.failure(id).map(|failure| failure.reason.as_str()));
        match (asset, reason) {
            (Some(_), Some(reason)) => GveAssetStatus::Stale(reason.to_owned()),
            (None, Some(reason)) => GveAssetStatus::Failed(reason.to_owned()),
            (Some(asset), None) => GveAssetStatus::Ready { warnings: asset.metadata().warnings.clone() },
            (None, None) => GveAssetStatus::Loading,
        }
    };
    if !changes.is_empty() {
        for (object, mut now) in objects.p0().iter_mut().filter(|(object, _)| changes.contains(object.id())) {
            now.set_if_neq(status(object.id()));
        }
    }
    for (object, mut now) in &mut objects.p1() {
        now.set_if_neq(status(object.id()));
    }
}
