//! Clouds that are larger than what one binding of the GPU takes.
//!
//! Alone in its process: Bevy keeps what the first app of a process found out about its GPU.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod splat_support;

use bevy::{
    prelude::*,
    render::{
        RenderPlugin,
        settings::{WgpuLimits, WgpuSettings},
    },
};
use gve_bevy::prelude::*;
use splat_support::*;

const RED: [u8; 3] = [200, 40, 30];

/// Bindings of 4 MiB take 2^16 splats; a cloud of 120,000 lies in two pages, the northern half in one and the
/// southern in the other.
#[test]
fn a_cloud_larger_than_a_binding_is_whole() {
    let limits = WgpuLimits { max_storage_buffer_binding_size: 4 << 20, ..default() };
    let settings = WgpuSettings { constrained_limits: Some(limits), ..default() };
    let renderer = RenderPlugin {
        render_creation: settings.into(),
        synchronous_pipeline_compilation: true,
        ..default()
    };
    let mut app = app_on(renderer, GvePlugin.build());
    app.world_mut().insert_resource(GlobalAmbientLight { brightness: 800.0, ..default() });
    let target = target(&mut app);
    let camera = app.world_mut().spawn((camera(&target, Vec3::new(0.0, 0.0, 3.2)), Msaa::Off)).id();
    let mut splats = sphere(120_000, 1.0, RED);
    splats.sort_by(|a, b| b.position[1].total_cmp(&a.position[1]));
    let look = || vec![material(RED, 0.0, 0.9)];
    let object = spawn(&mut app, asset(splats, look()), Transform::default());
    let large = shoot(&mut app, &target);
    large.keep("two_pages");
    app.world_mut().despawn(object);
    spawn(&mut app, asset(sphere(40_000, 1.0, RED), look()), Transform::default());
    let small = shoot(&mut app, &target);
    let is_shown = |picture: &Picture, x, y| picture.at(x, y)[0] > 40;
    let pixels = || (0..SIZE).flat_map(|y| (0..SIZE).map(move |x| (x, y)));
    let differing = pixels().filter(|&(x, y)| is_shown(&large, x, y) != is_shown(&small, x, y)).count();
    let shown = pixels().filter(|&(x, y)| is_shown(&small, x, y)).count();
    assert!(shown > 10_000, "hardly anything is drawn");
    // The contour of a ball of 130 pixels is 400 pixels long.
    assert!(differing < 200, "{differing} pixels differ of {shown}");
    app.world_mut().despawn(camera);
}
