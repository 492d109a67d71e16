//! Decides what each object is drawn as.

use bevy::{
    camera::{primitives::Aabb, visibility::RenderLayers},
    ecs::system::SystemParam,
    platform::collections::HashSet,
    prelude::*,
    transform::helper::TransformHelper,
};
use gve_types::text::shown;

use super::{
    GveDrawnAs, GveObject, GveRenderers, GveRepresentation,
    lod::{Ball, Fade, Forms, GveLodSettings, Lod},
};
use crate::asset::{ChangedAssets, GveAsset};

/// The load of the asset that an object shows now.
#[derive(Component)]
pub(super) struct Shown(GveAsset);

/// Where objects stand that choose for themselves.
#[derive(SystemParam)]
pub(super) struct Sizes<'w, 's> {
    lod: ResMut<'w, Lod>,
    settings: Res<'w, GveLodSettings>,
    transforms: TransformHelper<'w, 's>,
    layers: Query<'w, 's, &'static RenderLayers>,
}

impl Sizes<'_, '_> {
    /// Lets an object be drawn by its size.
    fn put(&mut self, entity: Entity, asset: &GveAsset, forms: Forms) {
        // In its first frame nobody else has worked out yet where it is.
        let place = self.transforms.compute_global_transform(entity).unwrap_or_default();
        let sphere = Ball::around(&asset.aabb(), &place.affine());
        let layers = self.layers.get(entity).ok();
        self.lod.bypass_change_detection().put(entity, sphere, layers, forms, &self.settings);
    }

    /// Lets an object not be drawn by its size any more.
    fn remove(&mut self, entity: Entity, commands: &mut Commands) {
        if self.lod.bypass_change_detection().remove(entity) {
            commands.entity(entity).try_remove::<Fade>();
        }
    }
}

/// Decides anew for the objects whose asset or wish has changed, and for all of them when a plugin has come.
pub(super) fn choose(
    mut commands: Commands,
    assets: Option<Res<Assets<GveAsset>>>,
    changes: Res<ChangedAssets>,
    renderers: Res<GveRenderers>,
    mut sizes: Sizes,
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
            sizes.remove(entity, &mut commands);
            if shown_now.is_some() {
                commands.entity(entity).try_remove::<(Shown, Aabb)>();
            }
            continue;
        };
        let is_same = shown_now.is_some_and(|Shown(now)| now.is_same(asset));
        if !is_same {
            commands.entity(entity).try_insert((Shown(asset.clone()), asset.aabb()));
        }
        if *wanted == GveRepresentation::Auto {
            let forms = renderers.forms(asset);
            if forms.near.is_some() || forms.splats > 0 {
                sizes.put(entity, asset, forms);
                if !is_same {
                    // Another version is drawn, however small it is.
                    drawn_as.set_changed();
                }
                continue;
            }
        }
        sizes.remove(entity, &mut commands);
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
        if is_same {
            drawn_as.set_if_neq(drawn);
        } else {
            *drawn_as = drawn;
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
