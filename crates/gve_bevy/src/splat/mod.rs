//! Gaussian splats, sorted, tested against the depth of everything opaque, lit by Bevy's lights.
//!
//! Three steps a frame for each object and camera:
//!
//! 1. the order of the splats is found on the CPU, far to near ([`DepthSorter`]), unless neither
//!    the object nor the eye has moved against the other; all objects and cameras share the time that a frame
//!    gives to it, and what does not fit is sorted beside the frames;
//! 2. each splat is lit once, by Bevy's own `apply_pbr_lighting`, in a small off-screen pass that draws one
//!    pixel per splat: the same code with the same inputs as an ordinary mesh with a
//!    [`StandardMaterial`], shadows, light probes, fog and tone mapping included;
//! 3. the splats are projected and blended as ellipses in the [`Transparent3d`] phase.
//!
//! Their shadows are cast by the shell, drawn into shadow maps alone.
//!
//! Projection: Zwicker et al., "EWA Splatting", TVCG 2002; Kerbl et al., "3D Gaussian Splatting for Real-Time
//! Radiance Field Rendering", SIGGRAPH 2023.
//!
//! [`Transparent3d`]: bevy::core_pipeline::core_3d::Transparent3d

mod draw;
mod extract;
mod lod;
mod pipeline;
mod prepare;
mod shadow;
mod sort;
mod sorting;
mod upload;
mod visibility;

use bevy::{
    asset::embedded_asset,
    core_pipeline::{
        Core3d, Core3dSystems,
        core_3d::{Transparent3d, main_transparent_pass_3d},
    },
    pbr::MeshPipelineSystems,
    prelude::*,
    render::{
        ExtractSchedule, GpuResourceAppExt, Render, RenderApp, RenderStartup, RenderSystems,
        render_phase::{AddRenderCommand, DrawFunctions},
        render_resource::{DownlevelFlags, SpecializedRenderPipelines},
        renderer::{RenderAdapter, RenderDevice},
    },
    shader::load_shader_library,
};

use crate::{
    object::{GveRenderers, GveRepresentation},
    systems::{self, GveSystems},
};

pub use lod::GveSplatSettings;
pub use sort::{DepthSorter, Eye, SortPoints, decode_octahedral};

/// Draws every [`GveObject`](crate::object::GveObject) whose [`GveRepresentation`] is `Splats`.
///
/// Where the GPU has no storage buffers in vertex shaders (WebGL 2), such objects are drawn as shells;
/// [`GveDrawnAs::reason`](crate::object::GveDrawnAs::reason) says so.
///
/// Splats are blended far to near within an object, and objects far to near by the centres of their bounds, as
/// Bevy does with transparent meshes; objects that cut through each other are blended one after the other.
/// They are tested against depth and do not write it.
#[derive(Debug, Default, Clone, Copy)]
pub struct GveSplatPlugin {
    /// How many splats are drawn of an object that has no [`GveSplatSettings`] of its own.
    pub settings: GveSplatSettings,
}

/// The settings of objects that have none of their own.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Deref, DerefMut)]
pub struct GveSplatDefaults(pub GveSplatSettings);

impl Plugin for GveSplatPlugin {
    fn build(&self, app: &mut App) {
        systems::configure(app);
        app.register_type::<GveSplatSettings>().insert_resource(GveSplatDefaults(self.settings));
        if app.get_sub_app(RenderApp).is_none() {
            return;
        }
        load_shader_library!(app, "splat.wgsl");
        embedded_asset!(app, "light.wgsl");
        embedded_asset!(app, "draw.wgsl");
        embedded_asset!(app, "shadow.wgsl");
        app.add_systems(PostUpdate, visibility::mark_visible.in_set(GveSystems::Apply));
        if app.world().contains_resource::<Assets<StandardMaterial>>() {
            shadow::build(app);
        }
    }

    fn finish(&self, app: &mut App) {
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else { return };
        let world = render_app.world();
        let (Some(device), Some(adapter)) =
            (world.get_resource::<RenderDevice>(), world.get_resource::<RenderAdapter>())
        else {
            return; // No GPU was found; nothing will be drawn at all.
        };
        if !world.contains_resource::<DrawFunctions<Transparent3d>>() {
            warn!(
                "GveSplatPlugin draws in Bevy's 3D pipeline: add CorePipelinePlugin (or DefaultPlugins) before GvePlugin"
            );
            return;
        }
        let flags = adapter.get_downlevel_capabilities().flags;
        let buffers = device.limits().max_storage_buffers_per_shader_stage;
        let supported = check_support(flags, buffers);
        // Nothing is made on a GPU that cannot take it: a layout that is refused there would end the app.
        if supported.is_ok() {
            add_to_renderer(render_app);
        }
        app.world_mut()
            .get_resource_or_init::<GveRenderers>()
            .register(GveRepresentation::Splats, move |_| supported.clone());
    }
}

fn add_to_renderer(render_app: &mut SubApp) {
    render_app
        .init_resource::<extract::ExtractedSplats>()
        .init_gpu_resource::<upload::SplatClouds>()
        .init_gpu_resource::<prepare::SplatViews>()
        .init_gpu_resource::<SpecializedRenderPipelines<pipeline::SplatPipelines>>()
        .add_render_command::<Transparent3d, draw::DrawSplats>()
        .add_systems(RenderStartup, pipeline::init.after(MeshPipelineSystems))
        .add_systems(ExtractSchedule, extract::extract)
        .add_systems(
            Render,
            (
                (upload::upload, prepare::begin_frame).in_set(RenderSystems::PrepareAssets),
                draw::queue.in_set(RenderSystems::Queue),
                prepare::prepare.in_set(RenderSystems::PrepareResources),
                prepare::bind.in_set(RenderSystems::PrepareBindGroups),
            ),
        )
        .add_systems(Core3d, draw::light.before(main_transparent_pass_3d).in_set(Core3dSystems::MainPass));
}

/// Storage buffers that the lighting of splats binds, at most: two of its own beside Bevy's. It is what WebGPU has
/// everywhere.
const STORAGE_BUFFERS: u32 = 8;

/// Whether a GPU can draw splats, and if not, what it lacks.
fn check_support(flags: DownlevelFlags, storage_buffers: u32) -> Result<(), String> {
    let storage_buffers = if flags.contains(DownlevelFlags::VERTEX_STORAGE) { storage_buffers } else { 0 };
    if storage_buffers < STORAGE_BUFFERS {
        return Err(format!(
            "splats need {STORAGE_BUFFERS} storage buffers in vertex and fragment shaders; this GPU has {storage_buffers}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_gpu_lacks_is_named() {
        assert_eq!(check_support(DownlevelFlags::all(), 8), Ok(()));
        let webgl = DownlevelFlags::all() - DownlevelFlags::VERTEX_STORAGE;
        let reason = check_support(webgl, 8).expect_err("no storage buffers in vertex shaders");
        assert!(reason.contains("this GPU has 0"), "{reason}");
        assert!(check_support(DownlevelFlags::all(), 7).is_err());
    }

    #[test]
    fn without_a_renderer_the_plugin_draws_nothing() {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, GveSplatPlugin::default()));
        app.finish();
        app.cleanup();
        app.update();
        assert_eq!(app.world().resource::<GveSplatDefaults>().0, GveSplatSettings::default());
        assert!(!app.world().contains_resource::<GveRenderers>());
    }
}
