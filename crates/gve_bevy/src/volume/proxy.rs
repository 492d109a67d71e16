//! The boxes that volumes are drawn on.

use bevy::{asset::RenderAssetUsages, platform::collections::HashMap, prelude::*};

use super::{limits::ShaderSupport, material::GveVolumeMaterial, uniform::VolumeUniform};
use crate::{
    asset::{GveAsset, WeakHandle, WeakLoad},
    object::{GveDrawnAs, GveObject, GvePart, GveRepresentation, parts_of, spawn_part},
};

/// The box and the material of each asset that is drawn; all its objects share them, and they go with the last of
/// these.
#[derive(Resource)]
pub(super) struct Proxies {
    by_asset: HashMap<AssetId<GveAsset>, Proxy>,
    support: ShaderSupport,
}

struct Proxy {
    load: WeakLoad,
    mesh: WeakHandle<Mesh>,
    material: WeakHandle<GveVolumeMaterial>,
}

type Looks = (Mesh3d, MeshMaterial3d<GveVolumeMaterial>);

impl Proxies {
    pub(super) fn new(support: ShaderSupport) -> Self {
        Self { by_asset: HashMap::default(), support }
    }

    /// The box and the material of an asset as it is now.
    fn get(
        &mut self,
        id: AssetId<GveAsset>,
        asset: &GveAsset,
        meshes: &mut Assets<Mesh>,
        materials: &mut Assets<GveVolumeMaterial>,
    ) -> Looks {
        let support = self.support;
        let material = || GveVolumeMaterial::on(asset.clone(), support);
        let in_use = self.by_asset.get_mut(&id).and_then(|proxy| {
            let (mesh, handle) = (proxy.mesh.upgrade()?, proxy.material.upgrade()?);
            Some((proxy, mesh, handle))
        });
        if let Some((proxy, mesh, handle)) = in_use {
            if !proxy.load.is_of(asset) {
                proxy.load = asset.weak_load();
                // What the handles name is in use, so both inserts replace what is there.
                let _ = meshes.insert(&mesh, box_mesh(asset));
                let _ = materials.insert(&handle, material());
            }
            return (Mesh3d(mesh), MeshMaterial3d(handle));
        }
        let (mesh, material) = (meshes.add(box_mesh(asset)), materials.add(material()));
        let proxy = Proxy {
            load: asset.weak_load(),
            mesh: WeakHandle::new(&mesh),
            material: WeakHandle::new(&material),
        };
        self.by_asset.insert(id, proxy);
        (Mesh3d(mesh), MeshMaterial3d(material))
    }
}

fn box_mesh(asset: &GveAsset) -> Mesh {
    let volume = VolumeUniform::new(asset);
    let to_local = |point: Vec3| volume.origin + point * volume.cell_size;
    let (min, max) = (to_local(volume.box_min), to_local(volume.box_max));
    let mut mesh = Mesh::from(Cuboid::from_corners(min, max)).translated_by(0.5 * (min + max));
    // Not in the main world: whoever casts rays at meshes would hit the box instead of the surface.
    mesh.asset_usage = RenderAssetUsages::RENDER_WORLD;
    mesh.remove_attribute(Mesh::ATTRIBUTE_NORMAL);
    mesh.remove_attribute(Mesh::ATTRIBUTE_UV_0);
    mesh
}

/// Gives every object that is drawn as a volume its box.
pub(super) fn follow(
    mut commands: Commands,
    assets: Option<Res<Assets<GveAsset>>>,
    proxies: Option<ResMut<Proxies>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<GveVolumeMaterial>>,
    objects: Query<(Entity, &GveObject, &GveDrawnAs, Option<&Children>), Changed<GveDrawnAs>>,
    parts: Query<&GvePart>,
) {
    let (Some(assets), Some(mut proxies)) = (assets, proxies) else { return };
    if objects.is_empty() {
        return;
    }
    for (entity, object, drawn_as, children) in &objects {
        if **drawn_as != Some(GveRepresentation::Volume) {
            continue;
        }
        let Some(asset) = assets.get(object.id()) else { continue };
        let looks = proxies.get(object.id(), asset, &mut meshes, &mut materials);
        let mut parts = parts_of(GveRepresentation::Volume, children, &parts);
        match parts.next() {
            Some((part, _)) => drop(commands.entity(part).try_insert(looks)),
            None => {
                let part = GvePart { representation: GveRepresentation::Volume, index: 0 };
                spawn_part(&mut commands, entity, part, looks);
            }
        }
        for (surplus, _) in parts {
            commands.entity(surplus).try_despawn();
        }
    }
    proxies.by_asset.retain(|_, proxy| proxy.material.is_used());
}
