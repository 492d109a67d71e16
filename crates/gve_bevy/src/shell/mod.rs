//! The surface mesh with ordinary materials.
//!
//! An object drawn as its shell has one child entity for each material, with a [`Mesh3d`] and a
//! [`StandardMaterial`]: everything that works with Bevy's meshes works with it.

mod mesh;

use bevy::{
    platform::collections::{HashMap, HashSet},
    prelude::*,
};
use gve_types::MaterialSpec;

use crate::{
    asset::GveAsset,
    object::{GveDrawnAs, GveObject, GveRenderers, GveRepresentation},
    systems::{self, GveSystems},
};

pub use mesh::part_mesh;

/// Draws shells.
///
/// # Requires
/// [`PbrPlugin`](bevy::pbr::PbrPlugin) before it (part of `DefaultPlugins`); without a renderer it does nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct GveShellPlugin;

impl Plugin for GveShellPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<GveRenderers>();
        systems::configure(app);
        if !app.world().contains_resource::<Assets<StandardMaterial>>() {
            debug!("GveShellPlugin has no renderer; shells are not drawn");
            return;
        }
        app.init_resource::<Shells>()
            .add_systems(PostUpdate, (forget_unused, follow).chain().in_set(GveSystems::Apply));
        let accept = |asset: &GveAsset| {
            if asset.shell().indices.is_empty() { Err("its shell is empty".to_owned()) } else { Ok(()) }
        };
        app.world_mut().resource_mut::<GveRenderers>().register(GveRepresentation::Shell, accept);
    }
}

/// Marks a child entity that draws a part of the shell of a [`GveObject`].
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct GveShellPartOf {
    /// The object.
    pub object: Entity,
    /// Which of the shell's parts: an index into [`ShellView::parts`](gve_assets::ShellView::parts).
    pub part: usize,
}

/// The meshes and materials of each asset that is drawn; all its objects share them.
#[derive(Resource, Default)]
struct Shells {
    by_asset: HashMap<AssetId<GveAsset>, Shell>,
}

struct Shell {
    asset: GveAsset,
    parts: Vec<(Mesh3d, MeshMaterial3d<StandardMaterial>)>,
}

impl Shells {
    /// The parts of an asset as it is now.
    fn get(
        &mut self,
        id: AssetId<GveAsset>,
        asset: &GveAsset,
        meshes: &mut Assets<Mesh>,
        materials: &mut Assets<StandardMaterial>,
    ) -> &[(Mesh3d, MeshMaterial3d<StandardMaterial>)] {
        let mut build = || Shell { asset: asset.clone(), parts: build_parts(asset, meshes, materials) };
        let shell = self.by_asset.entry(id).or_insert_with(&mut build);
        if !shell.asset.is_same(asset) {
            *shell = build();
        }
        &shell.parts
    }
}

fn build_parts(
    asset: &GveAsset,
    meshes: &mut Assets<Mesh>,
    materials: &mut Assets<StandardMaterial>,
) -> Vec<(Mesh3d, MeshMaterial3d<StandardMaterial>)> {
    let shell = asset.shell();
    let parts = shell.parts.iter().map(|part| {
        let material = asset.materials().get(part.material as usize).map_or_else(default, standard_material);
        (Mesh3d(meshes.add(part_mesh(&shell, part))), MeshMaterial3d(materials.add(material)))
    });
    parts.collect()
}

/// The Bevy material that looks like an engineering material.
pub fn standard_material(spec: &MaterialSpec) -> StandardMaterial {
    let [red, green, blue] = spec.base_color_srgb;
    StandardMaterial {
        base_color: Color::srgb_u8(red, green, blue),
        metallic: spec.metallic,
        perceptual_roughness: spec.roughness,
        ..default()
    }
}

/// Drops what belongs to assets that are gone.
fn forget_unused(mut shells: ResMut<Shells>, assets: Option<Res<Assets<GveAsset>>>) {
    let Some(assets) = assets else { return };
    if shells.by_asset.keys().any(|id| !assets.contains(*id)) {
        shells.by_asset.retain(|id, _| assets.contains(*id));
    }
}

/// Gives every object that is drawn as its shell one child for each part.
fn follow(
    mut commands: Commands,
    assets: Option<Res<Assets<GveAsset>>>,
    mut shells: ResMut<Shells>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    objects: Query<(Entity, &GveObject, &GveDrawnAs)>,
    mut children: Query<(Entity, &GveShellPartOf, &mut Mesh3d, &mut MeshMaterial3d<StandardMaterial>)>,
) {
    let Some(assets) = assets else { return };
    let draws_shell = |drawn_as: &GveDrawnAs| **drawn_as == Some(GveRepresentation::Shell);
    let mut drawn = HashSet::new();
    for (entity, child, mut mesh, mut material) in &mut children {
        let object = objects.get(child.object).ok().filter(|(_, _, drawn_as)| draws_shell(drawn_as));
        let asset = object.and_then(|(_, object, _)| Some((object.id(), assets.get(object.id())?)));
        let part = asset.and_then(|(id, asset)| {
            shells.get(id, asset, &mut meshes, &mut materials).get(child.part).cloned()
        });
        let Some(part) = part else {
            commands.entity(entity).try_despawn();
            continue;
        };
        drawn.insert((child.object, child.part));
        mesh.set_if_neq(part.0);
        material.set_if_neq(part.1);
    }
    for (object, GveObject(handle), drawn_as) in &objects {
        let Some(asset) = assets.get(handle).filter(|_| draws_shell(drawn_as)) else { continue };
        let parts = shells.get(handle.id(), asset, &mut meshes, &mut materials);
        for (part, looks) in parts.iter().enumerate() {
            if !drawn.contains(&(object, part)) {
                commands.spawn((GveShellPartOf { object, part }, looks.clone(), ChildOf(object)));
            }
        }
    }
}
