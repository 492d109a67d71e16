//! Objects under the pointer: a backend of Bevy's own picking.

use bevy::{camera::visibility::RenderLayers, prelude::*};
use bevy_picking::{
    Pickable, PickingSystems,
    backend::{HitData, PointerHits, ray::RayMap},
};

use super::{GveRayHit, GveRayVisibility, GveRaycast, GveRaycastSettings};
use crate::object::GvePart;

/// Lets pointers find every [`GveObject`](crate::object::GveObject): observers such as `On<Pointer<Over>>` and
/// `On<Pointer<Click>>` are called for the object itself.
///
/// What is under a pointer is what is drawn there, as with [`GveRaycast`]. The [`GveRayHit`] of an event is its
/// `hit.extra_as::<GveRayHit>()`: material and part are there. [`Pickable`] on an object works as on a mesh.
///
/// # Requires
/// [`GveRaycastPlugin`](super::GveRaycastPlugin), and Bevy's [`DefaultPickingPlugins`](bevy_picking::DefaultPickingPlugins):
/// `DefaultPlugins` has them where Bevy's feature `bevy_picking` is on. Without them nothing is found.
///
/// # Beside Bevy's own mesh picking
/// Parts that draw objects are ordinary meshes, or boxes around what is drawn. They are marked with
/// [`Pickable::IGNORE`], so that an object is found once, and where its surface is.
#[derive(Debug, Default, Clone, Copy)]
pub struct GvePickingPlugin;

impl Plugin for GvePickingPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<GvePickingSettings>()
            .register_type::<GvePickingSettings>()
            .register_type::<GvePickingCamera>()
            .add_observer(ignore_part)
            .add_systems(PreUpdate, find.in_set(PickingSystems::Backend).run_if(resource_exists::<RayMap>));
    }
}

/// How objects are found under pointers.
#[derive(Resource, Reflect, Debug, Clone, Copy, PartialEq, Eq)]
#[reflect(Resource, Default, Clone, PartialEq)]
pub struct GvePickingSettings {
    /// Whether only cameras with a [`GvePickingCamera`] and objects with a [`Pickable`] take part; no by default.
    pub require_markers: bool,
    /// Which objects are found: by default those that some camera or light saw in the last frame.
    pub visibility: GveRayVisibility,
}

impl Default for GvePickingSettings {
    fn default() -> Self {
        Self { require_markers: false, visibility: GveRayVisibility::VisibleInView }
    }
}

/// A camera through which objects are found where [`GvePickingSettings::require_markers`] is set.
#[derive(Component, Reflect, Debug, Clone, Copy, Default)]
#[reflect(Component, Default, Clone)]
pub struct GvePickingCamera;

/// What draws an object is not what is found.
fn ignore_part(added: On<Add, GvePart>, mut commands: Commands) {
    commands.entity(added.entity).try_insert(Pickable::IGNORE);
}

fn find(
    settings: Res<GvePickingSettings>,
    rays: Res<RayMap>,
    cameras: Query<(&Camera, Has<GvePickingCamera>, Option<&RenderLayers>)>,
    pickables: Query<&Pickable>,
    mut raycast: GveRaycast,
    mut output: MessageWriter<PointerHits>,
) {
    for (id, ray) in rays.iter() {
        let Ok((camera, is_marked, layers)) = cameras.get(id.camera) else { continue };
        if settings.require_markers && !is_marked {
            continue;
        }
        let filter = |entity| match pickables.get(entity) {
            Ok(pickable) => pickable.is_hoverable,
            Err(_) => !settings.require_markers,
        };
        // An object without the component hides what is behind it, as Bevy takes it too.
        let early_exit_test =
            |entity| pickables.get(entity).map_or(true, |pickable| pickable.should_block_lower);
        let cast = GveRaycastSettings {
            visibility: settings.visibility,
            layers: Some(layers.unwrap_or_default()),
            filter: &filter,
            early_exit_test: &early_exit_test,
            ..default()
        };
        let data = |hit: &GveRayHit| {
            HitData::new_with_extra(id.camera, hit.distance, Some(hit.point), Some(hit.normal), *hit)
        };
        let hits = raycast.cast_ray(ray.origin, *ray.direction, &cast);
        let picks: Vec<_> = hits.iter().map(|hit| (hit.entity, data(hit))).collect();
        if !picks.is_empty() {
            output.write(PointerHits::new(id.pointer, picks, camera.order as f32));
        }
    }
}
