//! The cubes that volumes are drawn on.

use bevy::{
    asset::RenderAssetUsages,
    camera::{primitives::Aabb, visibility::NoAutoAabb},
    mesh::MeshTag,
    prelude::*,
    render::renderer::RenderDevice,
};

use super::{
    limits::ShaderSupport,
    material::GveVolumeMaterial,
    residents::{Residents, VolumeSlot},
    settings::{GveVolumeProgress, GveVolumeSettings},
};
use crate::{
    asset::{GveAsset, WeakHandle},
    object::{
        GveDrawnAs, GveObject, GvePart, GveRenderers, GveRepresentation, Lingering, parts_of, spawn_part,
    },
};

/// The cube and the material that all volumes share; they go with the last volume.
#[derive(Resource)]
pub(super) struct Looks {
    shared: Option<(WeakHandle<Mesh>, WeakHandle<GveVolumeMaterial>)>,
    support: ShaderSupport,
}

impl Looks {
    pub(super) fn new(support: ShaderSupport) -> Self {
        Self { shared: None, support }
    }

    fn get(
        &mut self,
        meshes: &mut Assets<Mesh>,
        materials: &mut Assets<GveVolumeMaterial>,
    ) -> (Mesh3d, MeshMaterial3d<GveVolumeMaterial>) {
        let in_use =
            self.shared.as_ref().and_then(|(mesh, material)| Some((mesh.upgrade()?, material.upgrade()?)));
        let (mesh, material) = in_use.unwrap_or_else(|| {
            let new = (meshes.add(cube()), materials.add(GveVolumeMaterial::new(self.support)));
            self.shared = Some((WeakHandle::new(&new.0), WeakHandle::new(&new.1)));
            new
        });
        (Mesh3d(mesh), MeshMaterial3d(material))
    }
}

/// A cube of corners alone; the shader puts it around each asset.
fn cube() -> Mesh {
    let mut mesh = Mesh::from(Cuboid::from_length(1.0));
    // Not in the main world: whoever casts rays at meshes would hit it instead of the surface.
    mesh.asset_usage = RenderAssetUsages::RENDER_WORLD;
    mesh.remove_attribute(Mesh::ATTRIBUTE_NORMAL);
    mesh.remove_attribute(Mesh::ATTRIBUTE_UV_0);
    mesh
}

/// Gives every object that is drawn as a volume its cube.
pub(super) fn follow(
    mut commands: Commands,
    assets: Option<Res<Assets<GveAsset>>>,
    settings: Res<GveVolumeSettings>,
    mut residents: ResMut<Residents>,
    mut lingering: ResMut<Lingering>,
    mut looks: ResMut<Looks>,
    mut renderers: ResMut<GveRenderers>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<GveVolumeMaterial>>,
    objects: Query<
        (Entity, &GveObject, &GveDrawnAs, Option<&Children>, Has<GveVolumeProgress>),
        Changed<GveDrawnAs>,
    >,
    parts: Query<&GvePart>,
) {
    let Some(assets) = assets.filter(|_| !objects.is_empty()) else { return };
    for (entity, object, drawn_as, children, has_progress) in &objects {
        if !drawn_as.draws(GveRepresentation::Volume) {
            if has_progress {
                commands.entity(entity).try_remove::<GveVolumeProgress>();
            }
            continue;
        }
        let id = object.id();
        let Some(asset) = assets.get(id) else { continue };
        let mut request = || residents.request(id, asset, settings.pool_bytes);
        let Some(slot) = request().or_else(|| if lingering.clear() { request() } else { None }) else {
            // Something else is chosen in the next frame; what is drawn now stays until then.
            renderers.set_changed();
            continue;
        };
        let Some((progress, bounds)) = residents.shown(id) else { continue };
        let part_looks =
            (looks.get(&mut meshes, &mut materials), MeshTag(slot.tag()), slot, bounds, NoAutoAabb);
        let mut parts = parts_of(GveRepresentation::Volume, children, &parts);
        match parts.next() {
            Some((part, _)) => drop(commands.entity(part).try_insert(part_looks)),
            None => {
                let part = GvePart { representation: GveRepresentation::Volume, index: 0 };
                spawn_part(&mut commands, entity, part, part_looks);
            }
        }
        for (surplus, _) in parts {
            commands.entity(surplus).try_despawn();
        }
        commands.entity(entity).try_insert(progress);
    }
}

/// Decides what goes to the GPU in this frame, and lets objects know.
pub(super) fn plan(
    device: Option<Res<RenderDevice>>,
    settings: Res<GveVolumeSettings>,
    mut residents: ResMut<Residents>,
    looks: Res<Looks>,
    mut renderers: ResMut<GveRenderers>,
    mut materials: ResMut<Assets<GveVolumeMaterial>>,
    mut parts: Query<(&VolumeSlot, &ChildOf, &mut Aabb)>,
    mut objects: Query<&mut GveVolumeProgress, With<GveObject>>,
) {
    if device.is_some_and(|device| device.is_changed()) {
        // Another one after the first was lost.
        residents.start_again();
    }
    if !residents.is_busy() {
        return;
    }
    let changes = residents.plan(settings.upload_bytes_per_frame, settings.pool_bytes);
    if changes.is_resized
        && let Some(material) = looks.shared.as_ref().and_then(|(_, material)| material.upgrade())
        && let Some(mut material) = materials.get_mut(&material)
    {
        // So that it is bound anew.
        material.generation = material.generation.wrapping_add(1);
    }
    if changes.has_room_again {
        renderers.set_changed();
    }
    if changes.progress.is_empty() {
        return;
    }
    for (slot, child_of, mut bounds) in &mut parts {
        let Some((progress, new_bounds)) = changes.progress.get(&slot.asset()) else { continue };
        let is_other = bounds.center != new_bounds.center || bounds.half_extents != new_bounds.half_extents;
        if is_other {
            *bounds = *new_bounds;
        }
        if let Ok(mut of_object) = objects.get_mut(child_of.parent()) {
            of_object.set_if_neq(*progress);
        }
    }
}

/// What is no object any more has no progress.
pub(super) fn forget(removed: On<Remove, GveObject>, mut commands: Commands) {
    commands.entity(removed.entity).try_remove::<GveVolumeProgress>();
}
