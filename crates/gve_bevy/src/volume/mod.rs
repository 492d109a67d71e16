//! The distance volume, raymarched as an opaque and lit object.
//!
//! Volumes are drawn by an ordinary Bevy [`Material`](bevy::pbr::Material) on the boxes around them. Its fragment
//! shader marches the sparse bricks of a volume, writes the depth of what it hits, and hands the surface to Bevy's own
//! lighting. So a volume is culled, batched, lit, fogged and tone mapped as a mesh is, hides and is hidden by meshes
//! and other volumes, and casts and receives shadows.
//!
//! The bricks of all assets lie in one pool of textures, and all volumes share one material and one mesh: a camera or a
//! light draws them all at once, whatever their number. Which asset an instance shows is told by its
//! [`MeshTag`](bevy::mesh::MeshTag).
//!
//! A volume is a tree of bricks: coarse ones everywhere near the surface, finer ones where it needs them. A ray
//! goes from brick to brick, each time down to the finest one. Empty bricks are skipped by the distance stored for
//! them; in a stored one the ray steps by the interpolated distance (Hart, "Sphere Tracing", The Visual Computer
//! 1996), and the crossing is refined. Bricks of 8³ samples in an atlas: Hansson-Söderlund, Evans and
//! Akenine-Möller, "Ray Tracing of Signed Distance Function Grids", JCGT 2022.
//!
//! | file | holds |
//! |---|---|
//! | `tree.wgsl` | an asset's record and its tree on the GPU: descent, samples, gradient, materials |
//! | `march.wgsl` | rays, and where they hit |
//! | `walls.wgsl` | the box, and the depth that its walls are tested with |
//! | `coverage.wgsl` | which samples of a pixel are covered |
//! | `limits` | what a GPU must be able to do |
//! | `space` | who has which places in the pool |
//! | `load` | one load of an asset on its way to the GPU |
//! | `residents` | which assets are in the pool, and what is sent in each frame |
//! | `record` | what the shader is told of an asset |
//! | `textures` | the textures of the pool, on the side of the renderer |
//! | `material`, `parts` | the one material, and the cubes that volumes are drawn on |

mod limits;
mod load;
mod material;
mod parts;
mod record;
mod residents;
mod settings;
mod space;
mod textures;

use bevy::{
    asset::embedded_asset,
    pbr::MaterialPlugin,
    prelude::*,
    render::{
        ExtractSchedule, Render, RenderApp, RenderStartup, RenderSystems,
        erased_render_asset::prepare_erased_assets,
        renderer::{RenderAdapter, RenderDevice},
    },
    shader::load_shader_library,
};

use crate::{
    object::{GveRenderers, GveRepresentation, keep},
    systems::{self, GveSystems},
};

pub use material::GveVolumeMaterial;
pub use settings::{GveVolumeProgress, GveVolumeSettings};

/// Draws volumes.
///
/// # Requires
/// [`PbrPlugin`](bevy::pbr::PbrPlugin) before it (part of `DefaultPlugins`), and a GPU that takes the volume's
/// textures: 3D textures of 16-bit floats that can be filtered and of bytes, 2D textures of four 32-bit integers. Where
/// something is missing it warns once and objects are drawn as shells.
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
            .init_resource::<GveVolumeSettings>()
            .register_type::<GveVolumeSettings>()
            .register_type::<GveVolumeProgress>()
            .add_observer(parts::forget)
            .add_observer(keep::<residents::VolumeSlot>)
            .add_systems(
                PostUpdate,
                (parts::follow, parts::plan)
                    .chain()
                    .in_set(GveSystems::Apply)
                    .run_if(resource_exists::<residents::Residents>),
            );
    }

    fn finish(&self, app: &mut App) {
        if !can_render(app) {
            debug!("GveVolumePlugin has no renderer; volumes are not drawn");
            return;
        }
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else { return };
        let (Some(device), Some(adapter)) = (
            render_app.world().get_resource::<RenderDevice>(),
            render_app.world().get_resource::<RenderAdapter>(),
        ) else {
            return;
        };
        let limits = limits::pool_limits(device);
        let support = limits::ShaderSupport::of(device, adapter);
        let missing = limits::missing(device, adapter);
        // The material asks for it whether there are volumes or not.
        render_app.insert_resource(textures::PoolTextures::new(limits.column_layers));
        if let Some(missing) = missing {
            warn!("volumes are drawn as shells: this GPU lacks {missing}");
            return;
        }
        let material_is_bound = prepare_erased_assets::<MeshMaterial3d<GveVolumeMaterial>>;
        render_app
            .add_systems(RenderStartup, textures::forget)
            .add_systems(ExtractSchedule, textures::extract)
            .add_systems(
                Render,
                textures::fill.in_set(RenderSystems::PrepareAssets).before(material_is_bound),
            );
        let residents = residents::Residents::new(limits);
        let (refusals, arrived) = (residents.refusals(), residents.arrived());
        app.insert_resource(parts::Looks::new(support)).insert_resource(residents);
        let mut renderers = app.world_mut().resource_mut::<GveRenderers>();
        renderers.register(GveRepresentation::Volume, move |asset| {
            residents::accept(limits, asset.metadata(), &asset.volume())?;
            refusals.reason(asset).map_or(Ok(()), Err)
        });
        renderers.set_ready(GveRepresentation::Volume, move |id, _| arrived.has(id));
    }
}

/// Whether this app has what a material needs.
fn can_render(app: &App) -> bool {
    app.get_sub_app(RenderApp).is_some() && app.is_plugin_added::<bevy::pbr::PbrPlugin>()
}
