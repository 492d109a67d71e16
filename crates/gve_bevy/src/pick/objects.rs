//! What is asked of the world.

use bevy::{
    camera::visibility::{DEFAULT_LAYERS, RenderLayers, ViewVisibility},
    ecs::system::SystemParam,
    prelude::*,
};

use super::{GveRayVisibility, scene::Scene, shells::Shells};
use crate::{
    asset::GveAsset,
    object::{GveDrawnAs, GveObject, GvePart, GveRepresentation},
};

/// What decides about where an object is.
pub(super) type Shown =
    (&'static GveObject, &'static GveDrawnAs, &'static GveRepresentation, &'static GlobalTransform);

/// Deeper hierarchies are none.
const MAX_DEPTH: u32 = 10_000;

/// The objects, and where they are. Resources are missing where their plugin is.
#[derive(SystemParam)]
pub(super) struct Objects<'w, 's> {
    pub(super) scene: Option<Res<'w, Scene>>,
    pub(super) shells: Option<Res<'w, Shells>>,
    pub(super) assets: Option<Res<'w, Assets<GveAsset>>>,
    pub(super) shown: Query<'w, 's, Shown>,
    visible: Query<'w, 's, (Option<&'static ViewVisibility>, Option<&'static Children>)>,
    parts: Query<'w, 's, &'static ViewVisibility, With<GvePart>>,
    hierarchy: Query<'w, 's, (Option<&'static Visibility>, Option<&'static ChildOf>)>,
    layers: Query<'w, 's, &'static RenderLayers>,
}

impl Objects<'_, '_> {
    /// Whether a ray that asks for this sees an object.
    pub(super) fn is_visible(&self, entity: Entity, asked: GveRayVisibility) -> bool {
        match asked {
            GveRayVisibility::Any => true,
            GveRayVisibility::Visible => self.is_shown(entity),
            GveRayVisibility::VisibleInView => self.visible.get(entity).is_ok_and(|(of_object, children)| {
                let mut children = children.into_iter().flat_map(Children::iter);
                of_object.is_some_and(|visibility| visibility.get())
                    || children.any(|child| self.parts.get(child).is_ok_and(|visibility| visibility.get()))
            }),
        }
    }

    /// Whether neither an entity nor what it hangs from hides it; read from the app's own words, so that it holds
    /// without a renderer too.
    fn is_shown(&self, entity: Entity) -> bool {
        let mut at = entity;
        for _ in 0..MAX_DEPTH {
            match self.hierarchy.get(at) {
                Ok((Some(Visibility::Hidden), _)) => return false,
                Ok((Some(Visibility::Inherited), Some(child_of))) => at = child_of.parent(),
                _ => return true,
            }
        }
        // Entities in a circle hang from nothing that is visible.
        false
    }

    /// Whether an object is in one of these layers; without any of its own it is in the first.
    pub(super) fn is_in(&self, entity: Entity, layers: &RenderLayers) -> bool {
        match self.layers.get(entity) {
            Ok(of_object) => layers.intersects(of_object),
            Err(_) => layers.intersects(DEFAULT_LAYERS),
        }
    }
}
