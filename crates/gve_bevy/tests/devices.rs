//! Which pipelines are made, and what they tell the GPU.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bevy::{
    core_pipeline::prepass::DepthPrepass,
    prelude::*,
    render::{
        RenderApp,
        render_resource::{CachedPipeline, PipelineCache, PipelineDescriptor},
        renderer::RenderDevice,
        settings::WgpuFeatures,
    },
    shader::ShaderDefVal,
};
use common::{
    asset::{Shape, asset, material},
    *,
};
use gve_bevy::prelude::*;

fn ball() -> GveAsset {
    asset(&Shape::sphere(1.0, material([200, 40, 30], 0.0, 0.5)), 24)
}

/// The labels of the pipelines that were asked for.
fn pipelines(app: &App) -> Vec<String> {
    let cache = app.get_sub_app(RenderApp).unwrap().world().resource::<PipelineCache>();
    let label = |pipeline: &CachedPipeline| match &pipeline.descriptor {
        PipelineDescriptor::RenderPipelineDescriptor(of) => of.label.clone(),
        PipelineDescriptor::ComputePipelineDescriptor(of) => of.label.clone(),
    };
    cache.pipelines().filter_map(label).map(std::borrow::Cow::into_owned).collect()
}

#[test]
fn who_shows_no_splats_makes_no_pipelines_for_them() {
    let mut app = app();
    let target = target(&mut app);
    app.world_mut().spawn((camera(&target, Vec3::new(0.0, 0.0, 4.0)), Msaa::Off));
    let object = spawn(&mut app, ball(), GveRepresentation::Shell, Transform::default());
    (0..4).for_each(|_| app.update());
    let of_splats =
        |app: &App| pipelines(app).into_iter().filter(|label| label.starts_with("gve splat")).count();
    assert!(!pipelines(&app).is_empty());
    assert_eq!(of_splats(&app), 0);
    app.world_mut().entity_mut(object).insert(GveRepresentation::Splats);
    (0..4).for_each(|_| app.update());
    // Seven that cull, project and sort, one that lights, four that find tiles, one that blends them, one that draws.
    assert_eq!(of_splats(&app), 14);
}

/// Hidden pixels are dropped before they are marched: in the main pass, in prepasses and in shadow maps.
#[test]
fn volumes_promise_their_depths_where_the_gpu_listens() {
    let mut app = app();
    spawn_lights(&mut app);
    let target = target(&mut app);
    app.world_mut().spawn((camera(&target, Vec3::new(0.0, 0.0, 4.0)), Msaa::Off, DepthPrepass));
    spawn(&mut app, ball(), GveRepresentation::Volume, Transform::default());
    (0..4).for_each(|_| app.update());
    let world = app.get_sub_app(RenderApp).unwrap().world();
    let listens = world.resource::<RenderDevice>().features().contains(WgpuFeatures::SHADER_EARLY_DEPTH_TEST);
    let defs = |pipeline: &CachedPipeline| match &pipeline.descriptor {
        PipelineDescriptor::RenderPipelineDescriptor(of) => {
            of.fragment.as_ref().map(|fragment| fragment.shader_defs.clone())
        }
        PipelineDescriptor::ComputePipelineDescriptor(_) => None,
    };
    let promises: Vec<bool> = world
        .resource::<PipelineCache>()
        .pipelines()
        .filter_map(defs)
        .filter(|defs| {
            defs.iter().any(|def| matches!(def, ShaderDefVal::UInt(name, _) if name == "GVE_COLUMN_LAYERS"))
        })
        .map(|defs| defs.contains(&"GVE_EARLY_DEPTH".into()))
        .collect();
    assert!(promises.len() >= 3, "{} pipelines march volumes", promises.len());
    assert!(promises.iter().all(|promise| *promise == listens), "{promises:?}, the GPU listens: {listens}");
}
