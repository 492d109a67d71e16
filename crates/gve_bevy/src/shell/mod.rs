//! The surface mesh with ordinary materials.
//!
//! An object drawn as its shell has one child entity for each material, with a [`Mesh3d`] and a
//! [`StandardMaterial`]: everything that works with Bevy's meshes works with it.

mod mesh;

use bevy::{platform::collections::HashMap, prelude::*};
use gve_types::MaterialSpec;

use crate::{
    asset::{GveAsset, WeakHandle, WeakLoad},
    object::{GveDrawnAs, GveObject, GvePart, GveRenderers, GveRepresentation, keep, parts_of, spawn_part},
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
            .add_observer(keep::<Mesh3d>)
            .add_observer(keep::<MeshMaterial3d<StandardMaterial>>)
            .add_systems(PostUpdate, follow.in_set(GveSystems::Apply));
        let accept = |asset: &GveAsset| {
            if asset.shell().indices.is_empty() { Err("its shell is empty".to_owned()) } else { Ok(()) }
        };
        app.world_mut().resource_mut::<GveRenderers>().register(GveRepresentation::Shell, accept);
    }
}

/// The meshes and materials of each asset that is drawn; all its objects share them, and they go with the last of
/// these.
#[derive(Resource, Default)]
struct Shells {
    by_asset: HashMap<AssetId<GveAsset>, Shell>,
}

struct Shell {
    load: WeakLoad,
    parts: Vec<(WeakHandle<Mesh>, WeakHandle<StandardMaterial>)>,
}

type Looks = (Mesh3d, MeshMaterial3d<StandardMaterial>);

impl Shells {
    /// The parts of an asset as it is now.
    fn get(
        &mut self,
        id: AssetId<GveAsset>,
        asset: &GveAsset,
        meshes: &mut Assets<Mesh>,
        materials: &mut Assets<StandardMaterial>,
    ) -> Vec<Looks> {
        if let Some(looks) =
            self.by_asset.get(&id).filter(|shell| shell.load.is_of(asset)).and_then(Shell::looks)
        {
            return looks;
        }
        let looks = build_parts(asset, meshes, materials);
        let weak = |looks: &Looks| (WeakHandle::new(&looks.0.0), WeakHandle::new(&looks.1.0));
        let shell = Shell { load: asset.weak_load(), parts: looks.iter().map(weak).collect() };
        self.by_asset.insert(id, shell);
        looks
    }
}

impl Shell {
    /// All the parts, if they are still used.
    fn looks(&self) -> Option<Vec<Looks>> {
        let part = |(mesh, material): &(WeakHandle<Mesh>, WeakHandle<StandardMaterial>)| {
            Some((Mesh3d(mesh.upgrade()?), MeshMaterial3d(material.upgrade()?)))
        };
        self.parts.iter().map(part).collect()
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

/// Gives every object that is drawn as its shell one child for each part.
fn follow(
    mut commands: Commands,
    assets: Option<Res<Assets<GveAsset>>>,
    mut shells: ResMut<Shells>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    objects: Query<(Entity, &GveObject, &GveDrawnAs, Option<&Children>), Changed<GveDrawnAs>>,
    parts: Query<&GvePart>,
) {
    let Some(assets) = assets.filter(|_| !objects.is_empty()) else { return };
    for (entity, object, drawn_as, children) in &objects {
        if !drawn_as.draws(GveRepresentation::Shell) {
            continue;
        }
        let Some(asset) = assets.get(object.id()) else { continue };
        let looks = shells.get(object.id(), asset, &mut meshes, &mut materials);
        let mut there = vec![false; looks.len()];
        for (part, index) in parts_of(GveRepresentation::Shell, children, &parts) {
            match there.get_mut(index as usize) {
                Some(there) if !*there => {
                    *there = true;
                    commands.entity(part).try_insert(looks[index as usize].clone());
                }
                // One too many: another version had more parts, or somebody made a copy.
                _ => commands.entity(part).try_despawn(),
            }
        }
        for (index, looks) in (0..).zip(looks).filter(|(index, _)| !there[*index as usize]) {
            let part = GvePart { representation: GveRepresentation::Shell, index };
            spawn_part(&mut commands, entity, part, looks);
        }
    }
    shells.by_asset.retain(|_, shell| shell.parts.iter().any(|(mesh, _)| mesh.is_used()));
}
