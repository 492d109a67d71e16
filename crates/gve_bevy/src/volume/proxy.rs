//! The boxes that volumes are drawn on.

use bevy::{
    platform::collections::{HashMap, HashSet},
    prelude::*,
};

use super::{material::GveVolumeMaterial, uniform::VolumeUniform};
use crate::{
    asset::GveAsset,
    object::{GveDrawnAs, GveObject, GveRepresentation},
};

/// Marks the child entity that draws the volume of a [`GveObject`], and names the object.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Deref)]
pub struct GveVolumeOf(pub Entity);

/// The box and the material of each asset that is drawn; all its objects share them.
#[derive(Resource, Default)]
pub(super) struct Proxies {
    by_asset: HashMap<AssetId<GveAsset>, Proxy>,
}

struct Proxy {
    asset: GveAsset,
    mesh: Handle<Mesh>,
    material: Handle<GveVolumeMaterial>,
}

impl Proxies {
    /// The box and the material of an asset as it is now.
    fn get(
        &mut self,
        id: AssetId<GveAsset>,
        asset: &GveAsset,
        meshes: &mut Assets<Mesh>,
        materials: &mut Assets<GveVolumeMaterial>,
    ) -> &Proxy {
        let proxy = self.by_asset.entry(id).or_insert_with(|| Proxy {
            asset: asset.clone(),
            mesh: meshes.add(box_mesh(asset)),
            material: materials.add(GveVolumeMaterial::new(asset.clone())),
        });
        if !proxy.asset.is_same(asset) {
            proxy.asset = asset.clone();
            // The handles live as long as this entry, so both inserts replace what is there.
            let _ = meshes.insert(&proxy.mesh, box_mesh(asset));
            let _ = materials.insert(&proxy.material, GveVolumeMaterial::new(asset.clone()));
        }
        proxy
    }
}

fn box_mesh(asset: &GveAsset) -> Mesh {
    let volume = VolumeUniform::new(asset);
    let to_local = |point: Vec3| volume.origin + point * volume.cell_size;
    let (min, max) = (to_local(volume.box_min), to_local(volume.box_max));
    Mesh::from(Cuboid::from_corners(min, max)).translated_by(0.5 * (min + max))
}

/// Drops what belongs to assets that are gone.
pub(super) fn forget_unused(mut proxies: ResMut<Proxies>, assets: Option<Res<Assets<GveAsset>>>) {
    let Some(assets) = assets else { return };
    if proxies.by_asset.keys().any(|id| !assets.contains(*id)) {
        proxies.by_asset.retain(|id, _| assets.contains(*id));
    }
}

/// Gives every object that is drawn as a volume its box.
pub(super) fn follow(
    mut commands: Commands,
    assets: Option<Res<Assets<GveAsset>>>,
    mut proxies: ResMut<Proxies>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<GveVolumeMaterial>>,
    objects: Query<(Entity, &GveObject, &GveDrawnAs)>,
    mut parts: Query<(Entity, &GveVolumeOf, &mut Mesh3d, &mut MeshMaterial3d<GveVolumeMaterial>)>,
) {
    let Some(assets) = assets else { return };
    let mut drawn = HashSet::new();
    for (entity, part, mut mesh, mut material) in &mut parts {
        let object = objects.get(part.0).ok().filter(|(_, _, drawn_as)| draws_volume(drawn_as));
        let asset = object.and_then(|(_, object, _)| Some((object.id(), assets.get(object.id())?)));
        let Some((id, asset)) = asset else {
            commands.entity(entity).try_despawn();
            continue;
        };
        drawn.insert(part.0);
        let proxy = proxies.get(id, asset, &mut meshes, &mut materials);
        mesh.set_if_neq(Mesh3d(proxy.mesh.clone()));
        material.set_if_neq(MeshMaterial3d(proxy.material.clone()));
    }
    for (entity, object, drawn_as) in &objects {
        let Some(asset) = assets.get(object.id()) else { continue };
        if draws_volume(drawn_as) && !drawn.contains(&entity) {
            let proxy = proxies.get(object.id(), asset, &mut meshes, &mut materials);
            commands.spawn((
                GveVolumeOf(entity),
                Mesh3d(proxy.mesh.clone()),
                MeshMaterial3d(proxy.material.clone()),
                ChildOf(entity),
            ));
        }
    }
}

fn draws_volume(drawn_as: &GveDrawnAs) -> bool {
    **drawn_as == Some(GveRepresentation::Volume)
}
