//! A GPU as browsers without WebGPU have it: what cannot be drawn is drawn otherwise, and nothing ends the app.
//!
//! Alone in its process: Bevy keeps what the first app of a process found out about its GPU.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bevy::{
    prelude::*,
    render::{
        RenderPlugin,
        settings::{WgpuLimits, WgpuSettings, WgpuSettingsPriority},
    },
};
use common::{
    asset::{Shape, asset, material},
    *,
};
use gve_bevy::prelude::*;

fn ball() -> GveAsset {
    asset(&Shape::sphere(1.0, material([200, 40, 30], 0.0, 0.5)), 24)
}

/// An app on a GPU as browsers without WebGPU have it: no storage buffers, no compute.
fn webgl2() -> App {
    let settings = WgpuSettings {
        priority: WgpuSettingsPriority::WebGL2,
        limits: WgpuLimits::downlevel_webgl2_defaults(),
        ..default()
    };
    let renderer = RenderPlugin {
        render_creation: settings.into(),
        synchronous_pipeline_compilation: true,
        ..default()
    };
    app_on(renderer, GvePlugin.build())
}

#[test]
fn without_storage_buffers_splats_are_shells_and_volumes_are_volumes() {
    let mut app = webgl2();
    app.insert_resource(GlobalAmbientLight { brightness: 300.0, ..default() });
    let target = target(&mut app);
    app.world_mut().spawn((camera(&target, Vec3::new(0.0, 0.0, 4.0)), Msaa::Off));
    let object = spawn(&mut app, ball(), GveRepresentation::Splats, Transform::default());
    let as_splats = shoot(&mut app, &target);
    let drawn_as = app.world().get::<GveDrawnAs>(object).unwrap().clone();
    assert_eq!(*drawn_as, Some(GveRepresentation::Shell));
    let reason = drawn_as.reason().unwrap();
    assert!(reason.contains("storage buffers") && reason.contains("has 0"), "{reason}");
    assert!(as_splats.covered() > 4_000);

    app.world_mut().entity_mut(object).insert(GveRepresentation::Volume);
    let as_volume = shoot(&mut app, &target);
    assert_eq!(app.world().get::<GveDrawnAs>(object).unwrap().reason(), None);
    let iou = as_volume.iou(&as_splats);
    assert!(iou > 0.98, "the volume covers what the shell covers to {iou}");
    assert_eq!(app.should_exit(), None);
}
