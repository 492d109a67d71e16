//! Decides what each object is drawn as.

use bevy::{camera::primitives::Aabb, platform::collections::HashSet, prelude::*};
use gve_types::text::shown;

use super::{GveDrawnAs, GveObject, GveRenderers, GveRepresentation};
use crate::asset::{ChangedAssets, GveAsset};

/// The load of the asset that an object shows now.
#[derive(Component)]
pub(super) struct Shown(GveAsset);

/// Decides anew for the objects whose asset or wish has changed, and for all of them when a plugin has come.
pub(super) fn choose(
    mut commands: Commands,
    assets: Option<Res<Assets<GveAsset>>>,
    changes: Res<ChangedAssets>,
    renderers: Res<GveRenderers>,
    mut warned: Local<HashSet<(AssetId<GveAsset>, GveRepresentation, String)>>,
    mut due: Local<Vec<Entity>>,
    changed: Query<Entity, Or<(Changed<GveObject>, Changed<GveRepresentation>)>>,
    mut objects: Query<(Entity, &GveObject, &GveRepresentation, &mut GveDrawnAs, Option<&Shown>)>,
) {
    let Some(assets) = assets else { return };
    due.extend(&changed);
    if renderers.is_changed() || !changes.is_empty() {
        let is_due = |id| renderers.is_changed() || changes.contains(id);
        due.extend(objects.iter().filter(|object| is_due(object.1.id())).map(|object| object.0));
    }
    for entity in due.drain(..) {
        let Ok((_, object, wanted, mut drawn_as, shown_now)) = objects.get_mut(entity) else { continue };
        let Some(asset) = assets.get(object.id()) else {
            // The handle points at something not loaded yet, or that is gone.
            drawn_as.set_if_neq(GveDrawnAs::default());
            if shown_now.is_some() {
                commands.entity(entity).try_remove::<(Shown, Aabb)>();
            }
            continue;
        };
        let drawn = renderers.choose(*wanted, asset);
        if let Some(reason) = drawn.reason().filter(|_| !renderers.is_empty()) {
            let instead = match drawn.what {
                None => "not drawn".into(),
                Some(what) if what == *wanted => format!("drawn as {what} all the same"),
                Some(what) => format!("drawn as {what} instead"),
            };
            if warned.insert((object.id(), *wanted, reason.to_owned())) {
                warn!("\"{}\" is {instead}: {}", shown(&asset.metadata().name), shown(reason));
            }
        }
        if shown_now.is_some_and(|Shown(now)| now.is_same(asset)) {
            drawn_as.set_if_neq(drawn);
        } else {
            *drawn_as = drawn;
            commands.entity(entity).try_insert((Shown(asset.clone()), asset.aabb()));
        }
    }
}

/// An entity that is no object any more shows nothing.
pub(super) fn forget(removed: On<Remove, GveObject>, mut commands: Commands) {
    commands.entity(removed.entity).try_remove::<(Shown, Aabb)>().queue_silenced(
        |mut entity: EntityWorldMut| {
            if let Some(mut drawn_as) = entity.get_mut::<GveDrawnAs>() {
                drawn_as.set_if_neq(GveDrawnAs::default());
            }
        },
    );
}
