//! What Bevy's diagnostics are told.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bevy::{
    diagnostic::{DiagnosticPath, DiagnosticsStore},
    prelude::*,
};
use common::{
    asset::{Shape, asset, material},
    *,
};
use gve_bevy::{diagnostics::*, prelude::*};

fn value(app: &App, path: &DiagnosticPath) -> Option<f64> {
    app.world().resource::<DiagnosticsStore>().get(path).unwrap().value()
}

#[test]
fn objects_and_splats_are_counted() {
    let mut app = app_with(GvePlugin.build().add(GveDiagnosticsPlugin));
    let target = target(&mut app);
    let camera = app.world_mut().spawn(camera(&target, Vec3::Z * 4.0)).id();
    let ball = || asset(&Shape::sphere(0.5, material([200, 40, 30], 0.0, 0.5)), 12);
    for (count, what) in
        [(3, GveRepresentation::Volume), (2, GveRepresentation::Splats), (1, GveRepresentation::Shell)]
    {
        for _ in 0..count {
            spawn(&mut app, ball(), what, Transform::default());
        }
    }
    // Loading: there, and not drawn.
    let loading = app.world().resource::<Assets<GveAsset>>().reserve_handle();
    app.world_mut().spawn(GveObject(loading));
    shoot(&mut app, &target);
    for (path, wanted) in [(OBJECTS, 7.0), (OBJECTS_VOLUME, 3.0), (OBJECTS_SPLATS, 2.0), (OBJECTS_SHELL, 1.0)]
    {
        assert_eq!(value(&app, &path), Some(wanted), "{path}");
    }
    // Each of the two has one splat, and nothing has moved for some frames.
    assert_eq!((value(&app, &SPLATS_DRAWN), value(&app, &SPLATS_SORTED)), (Some(2.0), Some(0.0)));
    assert!(value(&app, &SPLATS_BYTES).unwrap() >= 2.0 * 48.0);
    assert_eq!(value(&app, &SPLATS_BYTES).unwrap() as u64, gpu_bytes_of_splats(&app));
    let mut sorted = 0.0_f64;
    for step in 1..6 {
        app.world_mut().get_mut::<Transform>(camera).unwrap().translation.x = 0.05 * step as f32;
        app.update();
        sorted = sorted.max(value(&app, &SPLATS_SORTED).unwrap());
    }
    assert_eq!(sorted, 2.0);
}

fn gpu_bytes_of_splats(app: &App) -> u64 {
    // The pages alone: other buffers of theirs have longer names.
    let device = app
        .get_sub_app(bevy::render::RenderApp)
        .unwrap()
        .world()
        .resource::<bevy::render::renderer::RenderDevice>();
    let report = device.wgpu_device().generate_allocator_report().unwrap();
    report.allocations.iter().filter(|of| of.name == "gve splats").map(|of| of.size).sum()
}
