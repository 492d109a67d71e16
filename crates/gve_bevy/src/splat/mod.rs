//! Gaussian splats in one order, tested against the depth of everything opaque, lit by Bevy's lights.
//!
//! Each splat that is seen is lit once, by Bevy's own `apply_pbr_lighting`, in a small off-screen pass that draws one
//! pixel per splat: the same code with the same inputs as an ordinary mesh with a [`StandardMaterial`], shadows,
//! light probes, fog and tone mapping included. Splats are then blended as ellipses, far to near, in the
//! [`Transparent3d`] phase. Their shadows are cast by the shell, drawn into shadow maps alone.
//!
//! Where the GPU computes, it culls, projects and sorts the splats of all objects together ([`gpu`]); elsewhere the
//! processor sorts those of each object ([`cpu`]).
//!
//! Projection: Zwicker et al., "EWA Splatting", TVCG 2002; Kerbl et al., "3D Gaussian Splatting for Real-Time
//! Radiance Field Rendering", SIGGRAPH 2023.
//!
//! [`Transparent3d`]: bevy::core_pipeline::core_3d::Transparent3d

mod budget;
mod counts;
mod cpu;
mod extract;
mod gpu;
mod lod;
mod ready;
mod shadow;
mod visibility;

use bevy::{
    asset::embedded_asset,
    core_pipeline::core_3d::Transparent3d,
    prelude::*,
    render::{
        ExtractSchedule, RenderApp,
        render_phase::DrawFunctions,
        renderer::{RenderAdapter, RenderDevice},
    },
    shader::load_shader_library,
};

use crate::{
    object::{GveRenderers, GveRepresentation},
    systems::{self, GveSystems},
};

pub use budget::GveSplatBudget;
pub use counts::GveSplatCounts;
pub use cpu::sort::{DepthSorter, Eye, SortPoints, decode_octahedral};
pub use lod::GveSplatSettings;

/// Draws every [`GveObject`](crate::object::GveObject) whose [`GveRepresentation`] is `Splats`.
///
/// Where the GPU has no storage buffers in vertex shaders (WebGL 2), such objects are drawn as shells;
/// [`GveDrawnAs::reason`](crate::object::GveDrawnAs::reason) says so.
///
/// The splats of all objects are blended in one order, far to near, so that objects may cut through each other. Other
/// transparent objects are drawn between them, each at the distance of its centre, as Bevy does; up to 15 of them
/// part the splats. Splats are tested against depth and do not write it.
#[derive(Debug, Default, Clone, Copy)]
pub struct GveSplatPlugin {
    /// How many splats are drawn of an object that has no [`GveSplatSettings`] of its own.
    pub settings: GveSplatSettings,
    /// Where splats are sorted.
    pub sort: GveSplatSort,
    /// What blends splats that the GPU has sorted.
    pub raster: GveSplatRaster,
}

/// Where splats are sorted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GveSplatSort {
    /// On the GPU where it has compute shaders, else on the processor.
    #[default]
    Auto,
    /// On the processor, each object for itself: objects that cut through each other are blended one after the other,
    /// far to near by the centres of their bounds.
    Cpu,
}

/// What blends splats that the GPU has sorted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GveSplatRaster {
    /// What is likely to be faster on this GPU.
    #[default]
    Auto,
    /// The GPU's rasteriser, one quad for each splat, far to near.
    Quads,
    /// Compute shaders, tile by tile, near to far, until a pixel is covered.
    Tiles,
}

/// The settings of objects that have none of their own.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Deref, DerefMut)]
pub struct GveSplatDefaults(pub GveSplatSettings);

impl Plugin for GveSplatPlugin {
    fn build(&self, app: &mut App) {
        systems::configure(app);
        app.register_type::<GveSplatSettings>()
            .register_type::<GveSplatBudget>()
            .init_resource::<GveSplatBudget>()
            .insert_resource(GveSplatDefaults(self.settings));
        if app.get_sub_app(RenderApp).is_none() {
            return;
        }
        load_shader_library!(app, "splat.wgsl");
        load_shader_library!(app, "lighting.wgsl");
        cpu::add_shaders(app);
        gpu::add_shaders(app);
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
        let limits = device.limits();
        let on_gpu = self.sort == GveSplatSort::Auto && gpu::check_support(flags, &limits).is_ok();
        let supported = if on_gpu {
            Ok(())
        } else {
            cpu::check_support(flags, limits.max_storage_buffers_per_shader_stage)
        };
        let raster = match self.raster {
            GveSplatRaster::Quads => gpu::Raster::Quads,
            GveSplatRaster::Auto | GveSplatRaster::Tiles => gpu::Raster::Tiles,
        };
        // Nothing is made on a GPU that cannot take it: a layout that is refused there would end the app.
        let ready = ready::ReadySplats::default();
        if supported.is_ok() {
            render_app
                .init_resource::<extract::ExtractedSplats>()
                .add_systems(ExtractSchedule, extract::extract);
            if on_gpu {
                let counts = GveSplatCounts::default();
                gpu::add_to_renderer(render_app, raster, counts.clone(), ready.clone());
                app.insert_resource(counts);
            } else {
                cpu::add_to_renderer(render_app);
            }
        }
        let mut renderers = app.world_mut().get_resource_or_init::<GveRenderers>();
        renderers.register(GveRepresentation::Splats, move |_| supported.clone());
        if on_gpu {
            renderers.set_ready(GveRepresentation::Splats, move |id, _| ready.has(id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
