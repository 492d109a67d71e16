//! Pictures of splats whose object changes: mirrored, reloaded, far away, lit otherwise, culled otherwise.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod splat_support;

use bevy::{
    camera::visibility::{NoCpuCulling, RenderLayers, VisibilityRange},
    light::NotShadowReceiver,
    prelude::*,
};
use gve_bevy::prelude::*;
use splat_support::*;

const RED: [u8; 3] = [200, 40, 30];
const GREEN: [u8; 3] = [30, 180, 50];

fn matt(color: [u8; 3]) -> Vec<gve_types::MaterialSpec> {
    vec![material(color, 0.0, 0.9)]
}

/// An app, its camera and its picture, in light from everywhere.
fn stage(eye: Vec3) -> (App, Entity, Handle<Image>) {
    stage_with(GvePlugin.build(), eye)
}

/// The same with these plugins.
fn stage_with(plugins: impl PluginGroup, eye: Vec3) -> (App, Entity, Handle<Image>) {
    let mut app = app_with(plugins);
    app.world_mut().insert_resource(GlobalAmbientLight { brightness: 800.0, ..default() });
    let target = target(&mut app);
    let camera = app.world_mut().spawn((camera(&target, eye), Msaa::Off)).id();
    (app, camera, target)
}

/// How much of a colour a picture shows in the middle.
fn middle(picture: &Picture) -> [f32; 3] {
    picture.mean(SIZE / 2, SIZE / 2, 4)
}

fn is_red([red, green, _]: [f32; 3]) -> bool {
    red > 60.0 && red > 2.0 * green
}

fn is_green([red, green, _]: [f32; 3]) -> bool {
    green > 60.0 && green > 2.0 * red
}

/// A mirroring transform shows the mirrored picture, to the contour.
#[test]
fn mirrored_splats_are_a_mirror_image() {
    let (mut app, _, target) = stage(Vec3::new(0.0, 0.0, 3.2));
    let object = spawn(&mut app, asset(sphere(20_000, 1.0, RED), matt(RED)), Transform::default());
    let straight = shoot(&mut app, &target);
    app.world_mut().entity_mut(object).insert(Transform::from_scale(Vec3::new(-1.0, 1.0, 1.0)));
    let mirrored = shoot(&mut app, &target);
    straight.keep("straight");
    mirrored.keep("mirrored");
    let pairs = (0..SIZE).flat_map(|y| (0..SIZE).map(move |x| (x, y)));
    let difference = |(x, y)| i64::from(straight.at(x, y)[0]) - i64::from(mirrored.at(SIZE - 1 - x, y)[0]);
    let differences: Vec<i64> = pairs.map(difference).collect();
    let brightness: i64 = straight.rgba.chunks_exact(4).map(|pixel| i64::from(pixel[0])).sum();
    let balance = differences.iter().sum::<i64>() as f64 / brightness as f64;
    // A quarter of a pixel around the ball is 0.6 % of its area.
    assert!(balance.abs() < 0.001, "{:.2} % more is covered without the mirror", 100.0 * balance);
    let other = differences.iter().filter(|difference| difference.abs() > 24).count();
    assert!(other < 100, "{other} pixels differ");
}

/// A reload to as many splats takes no buffer of the old ones along.
#[test]
fn a_reload_to_as_many_splats_shows_the_new_ones() {
    let (mut app, _, target) = stage(Vec3::new(0.0, 0.0, 4.0));
    let object = spawn(&mut app, asset(sphere(5000, 1.0, RED), matt(RED)), Transform::default());
    assert!(is_red(middle(&shoot(&mut app, &target))));
    let id = app.world().get::<GveObject>(object).unwrap().id();
    let new = asset(sphere(5000, 1.0, GREEN), matt(GREEN));
    app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, new).unwrap();
    let shown = middle(&shoot(&mut app, &target));
    assert!(is_green(shown), "{shown:?}");
}

/// Far away the first splats stand for all, and nearby all are drawn.
#[test]
fn the_number_of_splats_follows_the_size_on_the_screen() {
    // The first 1200 are red and inside; the rest hides them.
    let mut splats = sphere(1200, 0.9, RED);
    splats.extend(sphere(20_000, 1.0, GREEN));
    let (mut app, camera, target) = stage(Vec3::new(0.0, 0.0, 4.0));
    let object = spawn(&mut app, asset(splats, matt(GREEN)), Transform::default());
    app.world_mut()
        .entity_mut(object)
        .insert(GveSplatSettings { max_splats: u32::MAX, splats_per_pixel: 1.0 });
    let near = middle(&shoot(&mut app, &target));
    assert!(is_green(near), "{near:?}");
    app.world_mut().entity_mut(camera).insert(Transform::from_xyz(0.0, 0.0, 40.0));
    let far = shoot(&mut app, &target);
    far.keep("far");
    let far = far.mean(SIZE / 2, SIZE / 2, 1);
    assert!(far[0] > far[1], "{far:?}");
}

/// Splats that receive no shadows are as bright as where none falls.
#[test]
fn splats_without_shadows_are_not_shaded() {
    let (mut app, _, target) = stage(Vec3::new(0.0, 0.0, 4.0));
    app.world_mut().insert_resource(GlobalAmbientLight { brightness: 50.0, ..default() });
    app.world_mut().spawn((
        DirectionalLight { illuminance: 8000.0, shadow_maps_enabled: true, ..default() },
        Transform::from_xyz(0.0, 0.0, 5.0).looking_at(Vec3::ZERO, Vec3::Y),
    ));
    // A wall between the light and the ball, beside the camera's view of it.
    let mesh = app.world_mut().resource_mut::<Assets<Mesh>>().add(Cuboid::new(8.0, 8.0, 0.1));
    let paint = app.world_mut().resource_mut::<Assets<StandardMaterial>>().add(Color::WHITE);
    let wall = (Mesh3d(mesh), MeshMaterial3d(paint), Transform::from_xyz(0.0, 0.0, 8.0));
    app.world_mut().spawn(wall);
    let object = spawn(&mut app, asset(sphere(5000, 1.0, RED), matt(RED)), Transform::default());
    let shaded = middle(&shoot(&mut app, &target));
    app.world_mut().entity_mut(object).insert(NotShadowReceiver);
    let bright = middle(&shoot(&mut app, &target));
    assert!(bright[0] > 2.0 * shaded[0], "{bright:?} without a shadow, {shaded:?} with one");
}

/// Marks about visibility work on splats as on a mesh.
#[test]
fn splats_are_seen_as_their_marks_say() {
    let (mut app, camera, target) = stage(Vec3::new(0.0, 0.0, 4.0));
    let object = spawn(&mut app, asset(sphere(5000, 1.0, RED), matt(RED)), Transform::default());
    let seen = |app: &mut App| is_red(middle(&shoot(app, &target)));
    assert!(seen(&mut app));
    app.world_mut().entity_mut(object).insert(NoCpuCulling);
    assert!(seen(&mut app), "without culling on the CPU");
    app.world_mut().entity_mut(object).insert(RenderLayers::layer(1));
    assert!(!seen(&mut app), "another layer, without culling");
    app.world_mut().entity_mut(camera).insert(RenderLayers::layer(1));
    assert!(seen(&mut app), "the camera's layer");
    app.world_mut().entity_mut(object).insert(Visibility::Hidden);
    assert!(!seen(&mut app), "hidden, without culling");
    app.world_mut().entity_mut(object).insert(Visibility::Inherited).remove::<NoCpuCulling>();
    assert!(seen(&mut app), "the camera's layer, culled");
    app.world_mut().entity_mut(camera).remove::<RenderLayers>();
    assert!(!seen(&mut app), "another layer");
    app.world_mut().entity_mut(object).remove::<RenderLayers>();
    app.world_mut().entity_mut(object).insert(VisibilityRange::abrupt(10.0, 20.0));
    assert!(!seen(&mut app), "too near");
    app.world_mut().entity_mut(object).insert(VisibilityRange::abrupt(2.0, 20.0));
    assert!(seen(&mut app), "in range");
}

/// The shadow is that of the asset as it is now.
#[test]
fn a_reload_brings_another_shadow() {
    let (mut app, _, target) = stage(Vec3::new(0.0, 3.0, 4.0));
    app.world_mut().insert_resource(GlobalAmbientLight { brightness: 50.0, ..default() });
    app.world_mut().spawn((
        DirectionalLight { illuminance: 8000.0, shadow_maps_enabled: true, ..default() },
        Transform::from_xyz(0.0, 5.0, 0.0).looking_at(Vec3::ZERO, Vec3::Z),
    ));
    let mesh = app.world_mut().resource_mut::<Assets<Mesh>>().add(Plane3d::default().mesh().size(6.0, 6.0));
    let paint = app.world_mut().resource_mut::<Assets<StandardMaterial>>().add(Color::srgb_u8(200, 200, 200));
    app.world_mut().spawn((Mesh3d(mesh), MeshMaterial3d(paint), Transform::from_xyz(0.0, -0.5, 0.0)));
    let with_shell = |reach| asset_with_shell(sphere(500, 0.1, RED), matt(RED), reach);
    let object = spawn(&mut app, with_shell(1.2), Transform::default());
    let dark =
        |picture: &Picture| picture.rgba.chunks_exact(4).filter(|pixel| (20..90).contains(&pixel[1])).count();
    let large = dark(&shoot(&mut app, &target));
    let id = app.world().get::<GveObject>(object).unwrap().id();
    app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, with_shell(0.2)).unwrap();
    let small = dark(&shoot(&mut app, &target));
    assert!(large > 4 * small && large > 1000, "{large} dark pixels, then {small}");
}

/// Orders and colours that cameras needed of an object that is gone go after a while.
#[test]
fn what_cameras_needed_of_an_object_goes_after_it() {
    let (mut app, _, target) = stage(Vec3::new(0.0, 0.0, 4.0));
    let object = spawn(&mut app, asset(sphere(5000, 1.0, RED), matt(RED)), Transform::default());
    shoot(&mut app, &target);
    let bytes = |app: &App| ["gve splat order", "gve splat lit colours"].map(|label| gpu_bytes(app, label));
    assert!(bytes(&app).iter().all(|bytes| *bytes > 1000), "{:?}", bytes(&app));
    app.world_mut().despawn(object);
    for _ in 0..70 {
        app.update();
    }
    assert_eq!(bytes(&app), [0, 0]);
}

/// Large clouds are made ready beside the frames: the old one stays until then.
#[test]
fn a_large_cloud_comes_without_a_gap() {
    let (mut app, _, target) = stage(Vec3::new(0.0, 0.0, 4.0));
    let object = spawn(&mut app, asset(sphere(60_000, 1.0, RED), matt(RED)), Transform::default());
    assert!(is_red(middle(&shoot(&mut app, &target))));
    let id = app.world().get::<GveObject>(object).unwrap().id();
    let new = asset(sphere(70_000, 1.0, GREEN), matt(GREEN));
    app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, new).unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let shown = middle(&read(&mut app, &target));
        if is_green(shown) {
            break;
        }
        assert!(is_red(shown), "neither the old nor the new one: {shown:?}");
        assert!(std::time::Instant::now() < deadline, "the new one never comes");
    }
    // Gone before it is ready.
    let late = asset(sphere(60_000, 1.0, RED), matt(RED));
    app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, late).unwrap();
    app.update();
    app.world_mut().despawn(object);
    for _ in 0..130 {
        app.update();
    }
    assert_eq!(gpu_bytes(&app, "gve splats"), 0);
}

/// When a pass has run last, by the diagnostics of the renderer.
fn times_run(app: &App, pass: &str) -> Option<std::time::Instant> {
    let path = bevy::diagnostic::DiagnosticPath::new(format!("render/{pass}/elapsed_cpu"));
    app.world().resource::<bevy::diagnostic::DiagnosticsStore>().get_measurement(&path).map(|last| last.time)
}

/// While neither an object nor the camera moves nothing is projected, sorted or listed; then it is again.
#[test]
fn nothing_is_sorted_while_nothing_moves() {
    let plugins = GvePlugin.build().add(bevy::render::diagnostic::RenderDiagnosticsPlugin);
    let (mut app, camera, target) = stage_with(plugins, Vec3::new(0.0, 0.0, 4.0));
    let object = spawn(&mut app, asset(sphere(2000, 1.0, RED), matt(RED)), Transform::default());
    shoot(&mut app, &target);
    let passes = ["gve_splat_project", "gve_splat_sort", "gve_splat_tiles"];
    let run = |app: &App| passes.map(|pass| times_run(app, pass));
    // What the GPU has measured arrives some frames later, and of some frames never.
    let rest = |app: &mut App| {
        for _ in 0..12 {
            app.update();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        run(app)
    };
    let move_until_run = |app: &mut App, who: Entity| {
        let before = run(app);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while run(app).iter().zip(&before).any(|(now, then)| now <= then) {
            assert!(std::time::Instant::now() < deadline, "a move of {who} sorts nothing: {:?}", run(app));
            app.world_mut().get_mut::<Transform>(who).unwrap().translation.x += 0.001;
            app.update();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    };
    for who in [camera, object] {
        move_until_run(&mut app, who);
        let before = rest(&mut app);
        let lit = times_run(&app, "gve_splat_light");
        assert_eq!(rest(&mut app), before, "something was sorted though nothing moved");
        assert_ne!(times_run(&app, "gve_splat_light"), lit, "light may change at any time");
    }
}
