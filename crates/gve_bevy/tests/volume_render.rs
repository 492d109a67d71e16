//! Pictures of volumes, drawn by whatever Vulkan driver there is, in software if need be.
//!
//! The measure is Bevy's own mesh of the same shape in the same scene: the shell. Compiling the shaders takes longer
//! than drawing, so one app draws many scenes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::f32::consts::{FRAC_PI_3, FRAC_PI_4};

use bevy::{
    core_pipeline::prepass::{DepthPrepass, MotionVectorPrepass, NormalPrepass},
    prelude::*,
    render::{RenderPlugin, settings::WgpuSettings},
};
use common::{
    asset::{Shape, asset, material},
    stage::{BLUE, RED, Stage},
    *,
};
use gve_bevy::prelude::*;

/// Coarse enough to be quick, fine enough to be exact to a tenth of a pixel.
const RESOLUTION: u32 = 48;

fn sphere(radius: f32, color: [u8; 3]) -> GveAsset {
    asset(&Shape::sphere(radius, material(color, 0.0, 0.5)), RESOLUTION)
}

#[test]
fn volumes_and_meshes_look_alike() {
    let mut stage = Stage::new(Msaa::Off);

    stage.sun();
    stage.object(sphere(1.0, RED), Transform::default());
    stage.compare("sphere");
    stage.clear();

    stage.sun();
    stage.object(
        asset(&Shape::sphere(1.0, material([180, 140, 60], 1.0, 0.3)), RESOLUTION),
        Transform::from_rotation(Quat::from_rotation_z(0.5)).with_scale(Vec3::new(1.3, 0.6, 0.8)),
    );
    let (squashed, _) = stage.compare("squashed_metal");
    // A mirroring transform turns triangles around, not volumes.
    let mirrored = Transform::from_rotation(Quat::from_rotation_z(0.5)).with_scale(Vec3::new(1.3, -0.6, 0.8));
    let object = stage.objects[0];
    stage.app.world_mut().entity_mut(object).insert(mirrored);
    let picture = stage.shoot(GveRepresentation::Volume);
    assert!(picture.other_pixels(&squashed, 8) < 0.002);
    stage.clear();

    stage.sun();
    stage.object(sphere(1.0, RED), Transform::from_xyz(0.2, 0.0, 0.0));
    stage.mesh(Cuboid::from_length(1.5), Color::srgb_u8(40, 160, 60), Transform::default());
    let (picture, _) = stage.compare("cube_through_sphere");
    let green = picture.pixels().filter(|p| p[1] > p[0]).count();
    let red = picture.pixels().filter(|p| p[0] > p[1] + 20).count();
    assert!(green > 2_000 && red > 2_000, "{green} green and {red} red pixels");
    stage.clear();

    stage.sun();
    stage.object(sphere(0.8, RED), Transform::from_xyz(-0.4, 0.0, 0.0));
    stage.object(sphere(0.8, BLUE), Transform::from_xyz(0.4, 0.1, 0.3));
    stage.compare("two_volumes");
    stage.clear();

    stage.sun();
    stage.object(sphere(0.6, RED), Transform::from_xyz(0.0, 0.4, 0.0));
    stage.mesh(
        Plane3d::default().mesh().size(6.0, 6.0),
        Color::srgb_u8(200, 200, 200),
        Transform::from_xyz(0.0, -0.6, 0.0),
    );
    let (with, _) = stage.compare("shadow_of_the_sun");
    let object = stage.objects.pop().unwrap();
    stage.app.world_mut().despawn(object);
    let without = stage.shoot(GveRepresentation::Volume);
    let shaded = with.pixels().zip(without.pixels()).filter(|(with, without)| {
        // Grey ground that became darker.
        with[0].abs_diff(with[2]) < 12 && u16::from(with[0]) * 10 < u16::from(without[0]) * 8
    });
    let shaded = shaded.count();
    assert!(shaded > 1_000, "{shaded} pixels of the ground are in the shadow");
    stage.clear();

    stage.add((
        PointLight { intensity: 300_000.0, shadow_maps_enabled: true, ..default() },
        Transform::from_xyz(1.5, 2.0, 1.5),
    ));
    stage.add((
        SpotLight {
            intensity: 600_000.0,
            color: Color::srgb(0.6, 0.8, 1.0),
            shadow_maps_enabled: true,
            outer_angle: FRAC_PI_4,
            ..default()
        },
        Transform::from_xyz(-2.0, 2.5, 1.0).looking_at(Vec3::ZERO, Vec3::Y),
    ));
    stage.object(sphere(0.6, RED), Transform::from_xyz(0.0, 0.3, 0.0));
    stage.mesh(
        Plane3d::default().mesh().size(6.0, 6.0),
        Color::srgb_u8(200, 200, 200),
        Transform::from_xyz(0.0, -0.6, 0.0),
    );
    stage.compare("point_and_spot_light");
    stage.clear();

    // In the box and outside the solid, then inside the solid.
    stage.sun();
    stage.object(sphere(1.0, RED), Transform::from_scale(Vec3::splat(2.0)));
    stage.look_from(Vec3::splat(1.5));
    stage.compare("eye_in_the_box");
    stage.look_from(Vec3::new(0.3, 0.2, 0.4));
    let picture = stage.shoot(GveRepresentation::Volume);
    assert_eq!(picture.covered(), 0, "a solid is not seen from inside, as a mesh is not");
    stage.clear();

    stage.sun();
    stage.object(sphere(1.0, RED), Transform::default());
    stage.replace_camera((DepthPrepass, NormalPrepass, MotionVectorPrepass));
    stage.compare("prepass");
    stage.replace_camera(DepthPrepass);
    stage.compare("depth_prepass");
    let orthographic = OrthographicProjection { scale: 0.012, ..OrthographicProjection::default_3d() };
    stage.replace_camera(Projection::from(orthographic));
    stage.compare("orthographic");
    stage.clear();
    stage.replace_camera(());

    for what in [GveRepresentation::Volume, GveRepresentation::Shell] {
        a_reload_never_leaves_a_blank_frame(&mut stage, what);
    }
}

/// Replaces an asset as a reload does and looks at every frame.
fn a_reload_never_leaves_a_blank_frame(stage: &mut Stage, what: GveRepresentation) {
    stage.sun();
    stage.object(sphere(1.0, RED), Transform::default());
    let before = stage.shoot(what);
    let frames = watch(&mut stage.app, &stage.target);
    stage.app.update();
    let object = stage.objects[0];
    let id = stage.app.world().get::<GveObject>(object).unwrap().id();
    stage.app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, sphere(0.5, BLUE)).unwrap();
    stage.app.update();
    let updates_after = 8;
    for _ in 0..updates_after {
        stage.app.update();
    }
    let frames = frames.take(&mut stage.app);
    let after = stage.shoot(what);
    assert!(
        after.covered() * 3 < before.covered() && after.covered() > 1_000,
        "{what}: the new one is smaller"
    );
    let is = |frame: &Picture, other: &Picture| frame.other_pixels(other, 8) < 0.001;
    let old = frames.iter().take_while(|frame| is(frame, &before)).count();
    let new = frames.iter().skip(old).take_while(|frame| is(frame, &after)).count();
    assert!(old >= 1 && new >= 3, "{what}: {old} old frames, then {new} new ones");
    if let Some(other) = frames.get(old + new) {
        panic!("{what}: frame {} shows neither: {} pixels are covered", old + new, other.covered());
    }
    stage.clear();
}

/// A representation that no plugin draws is drawn as the shell.
#[test]
fn without_the_volume_plugin_there_is_the_shell() {
    let mut app = app_with(GvePlugin.build().disable::<GveVolumePlugin>());
    let object = spawn(&mut app, sphere(1.0, RED), GveRepresentation::Volume, Transform::default());
    app.update();
    assert_eq!(**app.world().get::<GveDrawnAs>(object).unwrap(), Some(GveRepresentation::Shell));
    let parts = app.world().get::<Children>(object).unwrap();
    assert!(app.world().get::<Mesh3d>(parts[0]).is_some());
    app.world_mut().despawn(object);
    app.update();
}

/// Bevy without a GPU: the assets are there, nothing is drawn, nothing panics.
#[test]
fn without_a_gpu_nothing_is_drawn() {
    let settings = WgpuSettings { backends: None, ..default() };
    let mut app = app_on(RenderPlugin { render_creation: settings.into(), ..default() }, GvePlugin.build());
    let object = spawn(&mut app, sphere(1.0, RED), GveRepresentation::Volume, Transform::default());
    app.update();
    app.update();
    assert_eq!(app.world().get::<GveAssetStatus>(object), Some(&GveAssetStatus::Ready { warnings: vec![] }));
}

#[test]
fn outlines_are_smooth_with_multisampling() {
    let mut stage = Stage::new(Msaa::Sample4);
    stage.sun();
    stage.object(sphere(1.0, RED), Transform::default());
    let (picture, shell) = stage.compare("multisampled");
    // Pixels that are neither full nor empty, where the row through the middle leaves the sphere.
    let partial = |picture: &Picture| {
        let rows = (40..216).filter(|&y| {
            let row: Vec<u8> = (0..SIZE).map(|x| picture.at(x, y)[0]).collect();
            row.windows(3).any(|w| w[0] < 8 && w[1] > 12 && w[1] + 30 < w[2])
        });
        rows.count()
    };
    let (volume, mesh) = (partial(&picture), partial(&shell));
    assert!(mesh > 60, "{mesh} rows of the mesh begin with a partly covered pixel");
    assert!(volume * 3 > mesh, "{volume} rows of the volume begin so, {mesh} of the mesh");
    stage.clear();

    // For the eye: sharp edges, thin parts and two materials.
    stage.sun();
    let cube = Shape {
        part: Box::new(|p| u16::from(p.x + 0.3 * p.y > 0.1)),
        parts: vec![0, 1],
        materials: vec![material(RED, 0.0, 0.4), material([190, 190, 200], 1.0, 0.35)],
        ..Shape::cube(0.8, 0.05, material(RED, 0.0, 0.4))
    };
    stage.object(asset(&cube, 96), Transform::from_rotation(Quat::from_rotation_y(FRAC_PI_3)));
    let picture = stage.shoot(GveRepresentation::Volume);
    picture.keep("two_materials");
    let grey = picture.pixels().filter(|p| p[0] > 40 && p[0].abs_diff(p[2]) < 25).count();
    let red = picture.pixels().filter(|p| p[0] > 60 && p[0] > p[2].saturating_mul(2)).count();
    assert!(grey > 3_000 && red > 3_000, "{grey} grey and {red} red pixels");
}
