//! The shadows of splats: cast by the shell, which lights see and cameras do not.

use bevy::{
    asset::{AssetPath, RenderAssetUsages},
    mesh::{Indices, PrimitiveTopology},
    pbr::MaterialPlugin,
    platform::collections::HashMap,
    prelude::*,
    reflect::TypePath,
    render::render_resource::AsBindGroup,
    shader::ShaderRef,
};

use crate::{
    asset::{GveAsset, WeakHandle, WeakLoad},
    object::{GveDrawnAs, GveObject, GvePart, GveRepresentation, parts_of, spawn_part},
    systems::GveSystems,
};

/// Draws into shadow maps only.
#[derive(Asset, TypePath, AsBindGroup, Debug, Clone, Default)]
pub(super) struct ShadowOnly {}

impl Material for ShadowOnly {
    fn vertex_shader() -> ShaderRef {
        AssetPath::from("embedded://gve_bevy/splat/shadow.wgsl").into()
    }

    fn fragment_shader() -> ShaderRef {
        AssetPath::from("embedded://gve_bevy/splat/shadow.wgsl").into()
    }

    fn enable_prepass() -> bool {
        false // A camera's prepass would write its depth.
    }

    fn enable_shadows() -> bool {
        true
    }
}

/// The mesh of each asset that is drawn as splats, which goes with the last of its objects, and the one material.
#[derive(Resource, Default)]
struct ShadowMeshes {
    by_asset: HashMap<AssetId<GveAsset>, (WeakLoad, WeakHandle<Mesh>)>,
    material: Handle<ShadowOnly>,
}

impl ShadowMeshes {
    /// The mesh of an asset as it is now.
    fn get(&mut self, id: AssetId<GveAsset>, asset: &GveAsset, meshes: &mut Assets<Mesh>) -> Handle<Mesh> {
        let known = self.by_asset.get(&id).filter(|(load, _)| load.is_of(asset));
        if let Some(mesh) = known.and_then(|(_, mesh)| mesh.upgrade()) {
            return mesh;
        }
        let mesh = meshes.add(mesh(asset));
        self.by_asset.insert(id, (asset.weak_load(), WeakHandle::new(&mesh)));
        mesh
    }
}

fn mesh(asset: &GveAsset) -> Mesh {
    let shell = asset.shell();
    // Not in the main world: nobody needs it there, and whoever casts rays at meshes would hit it.
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, shell.positions.to_vec())
        .with_inserted_indices(Indices::U32(shell.indices.to_vec()))
}

pub(super) fn build(app: &mut App) {
    app.add_plugins(MaterialPlugin::<ShadowOnly>::default())
        .init_resource::<ShadowMeshes>()
        .add_systems(PostUpdate, follow.in_set(GveSystems::Apply));
    let material = app.world_mut().resource_mut::<Assets<ShadowOnly>>().add(ShadowOnly {});
    app.world_mut().resource_mut::<ShadowMeshes>().material = material;
}

/// Gives every object that is drawn as splats the child that casts its shadow.
fn follow(
    mut commands: Commands,
    assets: Option<Res<Assets<GveAsset>>>,
    mut shadows: ResMut<ShadowMeshes>,
    mut meshes: ResMut<Assets<Mesh>>,
    objects: Query<(Entity, &GveObject, &GveDrawnAs, Option<&Children>), Changed<GveDrawnAs>>,
    parts: Query<&GvePart>,
) {
    let Some(assets) = assets.filter(|_| !objects.is_empty()) else { return };
    for (entity, object, drawn_as, children) in &objects {
        if !drawn_as.draws(GveRepresentation::Splats) {
            continue;
        }
        let mut parts = parts_of(GveRepresentation::Splats, children, &parts);
        if let Some(asset) = assets.get(object.id()).filter(|asset| !asset.shell().indices.is_empty()) {
            let mesh = Mesh3d(shadows.get(object.id(), asset, &mut meshes));
            let looks = (mesh, MeshMaterial3d(shadows.material.clone()));
            match parts.next() {
                Some((part, _)) => drop(commands.entity(part).try_insert(looks)),
                None => {
                    let part = GvePart { representation: GveRepresentation::Splats, index: 0 };
                    spawn_part(&mut commands, entity, part, looks);
                }
            }
        }
        for (surplus, _) in parts {
            commands.entity(surplus).try_despawn();
        }
    }
    shadows.by_asset.retain(|_, (_, mesh)| mesh.is_used());
}
