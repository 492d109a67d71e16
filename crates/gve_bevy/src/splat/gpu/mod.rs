//! Splats where the GPU computes: one pool, one order, one draw.
//!
//! The splats of all assets lie in one [pool](pool). For each camera the objects that it sees become rows of one
//! [table](table); compute shaders then find out which splats are seen, project them once and sort them by
//! distance, all objects together, so that objects that cut through each other are blended right. Nothing of that
//! happens while neither an object nor the camera has moved. What is seen is lit in one pass, one pixel for each
//! splat, and drawn with one indirect call, or with one for each [range](split) between other transparent objects.

mod buffers;
mod groups;
mod passes;
mod pipelines;
mod pool;
mod queue;
mod raster;
mod split;
mod table;
mod views;

use bevy::{
    asset::embedded_asset,
    core_pipeline::{
        Core3d, Core3dSystems,
        core_3d::{Transparent3d, main_opaque_pass_3d, main_transparent_pass_3d},
    },
    pbr::MeshPipelineSystems,
    prelude::*,
    render::{
        GpuResourceAppExt, Render, RenderStartup, RenderSystems,
        render_phase::{AddRenderCommand, sort_phase_system},
        render_resource::{DownlevelFlags, SpecializedRenderPipelines, WgpuLimits},
    },
    shader::load_shader_library,
};

use super::{GveSplatCounts, ready::ReadySplats};

/// Texels along x of a texture of lit colours.
const LIT_WIDTH: u32 = 1024;
/// Splats of a group, and threads of a workgroup.
const GROUP: u32 = 256;
/// Storage buffers of the shader that projects, which has most; it is what WebGPU has everywhere.
const STORAGE_BUFFERS: u32 = 8;
/// Bytes that the threads of a workgroup share when they sort.
const SHARED_BYTES: u32 = 10_240;

/// Whether a GPU can do this, and if not, what it lacks.
pub(super) fn check_support(flags: DownlevelFlags, limits: &WgpuLimits) -> Result<(), String> {
    if !flags.contains(DownlevelFlags::COMPUTE_SHADERS) {
        return Err("this GPU has no compute shaders".into());
    }
    let needs = [
        ("storage buffers for each shader", STORAGE_BUFFERS, limits.max_storage_buffers_per_shader_stage),
        ("threads in a workgroup", GROUP, limits.max_compute_invocations_per_workgroup),
        ("bytes shared by a workgroup", SHARED_BYTES, limits.max_compute_workgroup_storage_size),
    ];
    match needs.into_iter().find(|(_, needed, found)| found < needed) {
        Some((of, needed, found)) => Err(format!("splats need {needed} {of}; this GPU has {found}")),
        None => Ok(()),
    }
}

pub(super) fn add_shaders(app: &mut App) {
    load_shader_library!(app, "scene.wgsl");
    embedded_asset!(app, "cull.wgsl");
    embedded_asset!(app, "scan.wgsl");
    embedded_asset!(app, "radix.wgsl");
    embedded_asset!(app, "light.wgsl");
    embedded_asset!(app, "draw.wgsl");
    raster::add_shaders(app);
}

/// What blends splats.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raster {
    /// The rasteriser, quad by quad, far to near.
    Quads,
    /// Compute shaders, tile by tile, near to far.
    Tiles,
}

pub(super) fn add_to_renderer(
    render_app: &mut SubApp,
    raster: Raster,
    counts: GveSplatCounts,
    ready: ReadySplats,
) {
    raster::add_to_renderer(render_app);
    render_app
        .insert_resource(raster)
        .insert_resource(counts)
        .insert_resource(ready)
        .init_gpu_resource::<pool::SplatPool>()
        .init_gpu_resource::<views::SplatViews>()
        .init_gpu_resource::<SpecializedRenderPipelines<pipelines::SplatPipelines>>()
        .add_render_command::<Transparent3d, passes::DrawSplats>()
        .add_systems(RenderStartup, pipelines::init.after(MeshPipelineSystems))
        .add_systems(
            Render,
            (
                pool::upload.in_set(RenderSystems::PrepareAssets),
                queue::queue.in_set(RenderSystems::Queue),
                split::split.in_set(RenderSystems::PhaseSort).before(sort_phase_system::<Transparent3d>),
                views::prepare.in_set(RenderSystems::PrepareResources),
                views::bind.in_set(RenderSystems::PrepareBindGroups),
                views::tell.in_set(RenderSystems::Cleanup),
            ),
        )
        .add_systems(
            Core3d,
            (passes::sort, passes::light, raster::blend)
                .chain()
                .after(main_opaque_pass_3d)
                .before(main_transparent_pass_3d)
                .in_set(Core3dSystems::MainPass),
        );
}
