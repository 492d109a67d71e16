//! The distance volume, raymarched as an opaque and lit object.
//!
//! An object's volume is drawn by an ordinary Bevy [`Material`](bevy::pbr::Material) on the box around it. Its
//! fragment shader marches the sparse bricks of the volume, writes the depth of what it hits, and hands the
//! surface to Bevy's own lighting. So a volume is culled, batched, lit, fogged and tone mapped as a mesh is, hides
//! and is hidden by meshes and other volumes, and casts and receives shadows.
//!
//! A volume is a tree of bricks: coarse ones everywhere near the surface, finer ones where it needs them. A ray
//! goes from brick to brick, each time down to the finest one. Empty bricks are skipped by the distance stored for
//! them; in a stored one the ray steps by the interpolated distance (Hart, "Sphere Tracing", The Visual Computer
//! 1996), and the crossing is refined. Bricks of 8³ samples in an atlas: Hansson-Söderlund, Evans and
//! Akenine-Möller, "Ray Tracing of Signed Distance Function Grids", JCGT 2022.
//!
//! | file | holds |
//! |---|---|
//! | `tree.wgsl` | the tree on the GPU: descent, samples, gradient, materials |
//! | `march.wgsl` | rays, and where they hit |
//! | `walls.wgsl` | the box, and the depth that its walls are tested with |
//! | `coverage.wgsl` | which samples of a pixel are covered |
//! | `uniform`, `upload` | the same tree's uniforms and textures, filled level by level from the mapped file |
//! | `limits` | what a GPU must be able to do |
//! | `proxy` | the boxes that volumes are drawn on |

mod limits;
mod material;
mod proxy;
mod uniform;
mod upload;

use bevy::{
    asset::embedded_asset,
    pbr::MaterialPlugin,
    prelude::*,
    render::{
        RenderApp,
        renderer::{RenderAdapter, RenderDevice},
    },
    shader::load_shader_library,
};

use crate::{
    object::{GveRenderers, GveRepresentation},
    systems::{self, GveSystems},
};

pub use material::GveVolumeMaterial;

/// Draws volumes.
///
/// # Requires
/// [`PbrPlugin`](bevy::pbr::PbrPlugin) before it (part of `DefaultPlugins`), and a GPU that takes the volume's
/// textures: 3D textures of 16-bit floats that can be filtered and of integers of one and two bytes, 2D textures of
/// two 32-bit integers and of 32-bit floats. Where something is missing it warns once and objects are drawn as
/// shells.
#[derive(Debug, Default, Clone, Copy)]
pub struct GveVolumePlugin;

impl Plugin for GveVolumePlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<GveRenderers>();
        systems::configure(app);
        if !can_render(app) {
            return;
        }
        load_shader_library!(app, "tree.wgsl");
        load_shader_library!(app, "march.wgsl");
        load_shader_library!(app, "coverage.wgsl");
        load_shader_library!(app, "walls.wgsl");
        embedded_asset!(app, "volume.wgsl");
        embedded_asset!(app, "volume_prepass.wgsl");
        app.add_plugins(MaterialPlugin::<GveVolumeMaterial>::default())
            .add_systems(PostUpdate, proxy::follow.in_set(GveSystems::Apply));
    }

    fn finish(&self, app: &mut App) {
        if !can_render(app) {
            debug!("GveVolumePlugin has no renderer; volumes are not drawn");
            return;
        }
        let Some(render_app) = app.get_sub_app(RenderApp) else { return };
        let (Some(device), Some(adapter)) = (
            render_app.world().get_resource::<RenderDevice>(),
            render_app.world().get_resource::<RenderAdapter>(),
        ) else {
            return;
        };
        let limits = limits::VolumeLimits::of(device, adapter);
        let support = limits::ShaderSupport::of(device, adapter);
        if let Some(missing) = limits.missing() {
            warn!("volumes are drawn as shells: this GPU lacks {missing}");
            return;
        }
        app.insert_resource(proxy::Proxies::new(support));
        app.world_mut()
            .resource_mut::<GveRenderers>()
            .register(GveRepresentation::Volume, move |asset| limits.accept(&asset.volume()));
    }
}

/// Whether this app has what a material needs.
fn can_render(app: &App) -> bool {
    app.get_sub_app(RenderApp).is_some() && app.is_plugin_added::<bevy::pbr::PbrPlugin>()
}
