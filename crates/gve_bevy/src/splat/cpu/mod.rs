//! Splats where the GPU does not compute: one order for each object, sorted on the processor.
//!
//! Three steps a frame for each object and camera:
//!
//! 1. the order of the splats is found, far to near ([`DepthSorter`](sort::DepthSorter)), unless neither the object
//!    nor the eye has moved against the other; all objects and cameras share the time that a frame gives to it, and
//!    what does not fit is sorted beside the frames;
//! 2. each splat is lit once, in a small off-screen pass that draws one pixel per splat;
//! 3. the splats are projected and blended as ellipses in the transparent phase.
//!
//! Objects are blended one after the other, far to near by the centres of their bounds.

mod draw;
mod pipeline;
mod prepare;
pub(super) mod sort;
mod sorting;
mod upload;

use bevy::{
    asset::embedded_asset,
    core_pipeline::{
        Core3d, Core3dSystems,
        core_3d::{Transparent3d, main_transparent_pass_3d},
    },
    pbr::MeshPipelineSystems,
    prelude::*,
    render::{
        GpuResourceAppExt, Render, RenderStartup, RenderSystems,
        render_phase::AddRenderCommand,
        render_resource::{DownlevelFlags, SpecializedRenderPipelines},
    },
    shader::load_shader_library,
};

/// Storage buffers that the lighting of splats binds, at most: two of its own beside Bevy's. It is what WebGPU has
/// everywhere.
const STORAGE_BUFFERS: u32 = 8;

/// Whether a GPU can draw splats, and if not, what it lacks.
pub(super) fn check_support(flags: DownlevelFlags, storage_buffers: u32) -> Result<(), String> {
    let storage_buffers = if flags.contains(DownlevelFlags::VERTEX_STORAGE) { storage_buffers } else { 0 };
    if storage_buffers < STORAGE_BUFFERS {
        return Err(format!(
            "splats need {STORAGE_BUFFERS} storage buffers in vertex and fragment shaders; this GPU has {storage_buffers}"
        ));
    }
    Ok(())
}

pub(super) fn add_shaders(app: &mut App) {
    load_shader_library!(app, "object.wgsl");
    embedded_asset!(app, "light.wgsl");
    embedded_asset!(app, "draw.wgsl");
}

pub(super) fn add_to_renderer(render_app: &mut SubApp) {
    render_app
        .init_gpu_resource::<upload::SplatClouds>()
        .init_gpu_resource::<prepare::SplatViews>()
        .init_gpu_resource::<SpecializedRenderPipelines<pipeline::SplatPipelines>>()
        .add_render_command::<Transparent3d, draw::DrawSplats>()
        .add_systems(RenderStartup, pipeline::init.after(MeshPipelineSystems))
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
}
