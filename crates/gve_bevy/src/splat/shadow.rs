//! The shadows of splats: thrown by the shell, which lamps see and cameras do not.

use bevy::{
    asset::{AssetPath, RenderAssetUsages},
    mesh::{Indices, PrimitiveTopology},
    pbr::MaterialPlugin,
    platform::collections::{HashMap, HashSet},
    prelude::*,
    reflect::TypePath,
    render::render_resource::AsBindGroup,
    shader::ShaderRef,
};

use crate::{
    asset::GveAsset,
    object::{GveDrawnAs, GveObject, GveRepresentation},
    systems::GveSystems,
};

/// Marks the child entity that throws the shadow of an object drawn as splats.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct GveSplatShadowOf(pub Entity);

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

/// The mesh of each asset that is shown, and the one material.
#[derive(Resource, Default)]
struct ShadowMeshes {
    by_asset: HashMap<AssetId<GveAsset>, (GveAsset, Handle<Mesh>)>,
    material: Handle<ShadowOnly>,
}

impl ShadowMeshes {
    /// The mesh of an asset as it is now.
    fn get(&mut self, id: AssetId<GveAsset>, asset: &GveAsset, meshes: &mut Assets<Mesh>) -> Handle<Mesh> {
        let mut build = || (asset.clone(), meshes.add(mesh(asset)));
        let entry = self.by_asset.entry(id).or_insert_with(&mut build);
        if !entry.0.is_same(asset) {
            *entry = build();
        }
        entry.1.clone()
    }
}

fn mesh(asset: &GveAsset) -> Mesh {
    let shell = asset.shell();
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default())
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

/// Gives every object that is drawn as splats the child that throws its shadow, and takes it from the others.
fn follow(
    mut commands: Commands,
    assets: Option<Res<Assets<GveAsset>>>,
    mut shadows: ResMut<ShadowMeshes>,
    mut meshes: ResMut<Assets<Mesh>>,
    objects: Query<(Entity, &GveObject, &GveDrawnAs)>,
    mut children: Query<(Entity, &GveSplatShadowOf, &mut Mesh3d)>,
) {
    let Some(assets) = assets else { return };
    shadows.by_asset.retain(|id, _| assets.contains(*id));
    let shown = |object: &GveObject, drawn_as: &GveDrawnAs| {
        let asset = assets.get(object.id()).filter(|asset| !asset.shell().indices.is_empty())?;
        (**drawn_as == Some(GveRepresentation::Splats)).then_some((object.id(), asset))
    };
    let mut has_child = HashSet::new();
    for (child, &GveSplatShadowOf(object), mut mesh) in &mut children {
        let shown = objects.get(object).ok().and_then(|(_, object, drawn_as)| shown(object, drawn_as));
        let Some((id, asset)) = shown else {
            commands.entity(child).try_despawn();
            continue;
        };
        has_child.insert(object);
        mesh.set_if_neq(Mesh3d(shadows.get(id, asset, &mut meshes)));
    }
    for (entity, object, drawn_as) in &objects {
        if has_child.contains(&entity) {
            continue;
        }
        let Some((id, asset)) = shown(object, drawn_as) else { continue };
        let mesh = Mesh3d(shadows.get(id, asset, &mut meshes));
        let material = MeshMaterial3d(shadows.material.clone());
        commands.spawn((GveSplatShadowOf(entity), mesh, material, ChildOf(entity)));
    }
}
