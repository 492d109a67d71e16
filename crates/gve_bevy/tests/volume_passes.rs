//! Pictures of what volumes write beside colours: coverage, normals, motion vectors; and of who sees them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bevy::{
    asset::uuid_handle,
    camera::visibility::{RenderLayers, VisibilityRange},
    core_pipeline::{
        prepass::{DepthPrepass, MotionVectorPrepass, NormalPrepass},
        tonemapping::{DebandDither, Tonemapping},
    },
    light::NotShadowReceiver,
    pbr::{MaterialPlugin, ScreenSpaceAmbientOcclusion},
    prelude::*,
    reflect::TypePath,
    render::render_resource::AsBindGroup,
    shader::ShaderRef,
};
use common::{
    asset::{Shape, asset, material},
    stage::{BLUE, RED, Stage},
    *,
};
use gve_bevy::prelude::*;

const RESOLUTION: u32 = 48;

fn sphere(radius: f32) -> GveAsset {
    asset(&Shape::sphere(radius, material(RED, 0.0, 0.5)), RESOLUTION)
}

/// Shows what the prepass has written, on a screen in front of everything.
#[derive(Asset, TypePath, AsBindGroup, Debug, Clone)]
struct ShowPrepass {
    /// 0 for normals, 1 for motion vectors.
    #[uniform(0)]
    what: u32,
}

const SHOW: Handle<Shader> = uuid_handle!("6c3cf1a7-6f5e-4b7e-8d7e-3f3c4bd0a6a1");

impl Material for ShowPrepass {
    fn fragment_shader() -> ShaderRef {
        SHOW.into()
    }

    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Blend
    }
}

const SHOW_SOURCE: &str = "
    #import bevy_pbr::{forward_io::VertexOutput, prepass_utils}
    @group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> what: u32;
    @fragment
    fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
        if what == 0u {
            return vec4(0.5 * prepass_utils::prepass_normal(in.position, 0u) + 0.5, 1.0);
        }
        // A pixel of the picture is 1/256.
        let pixels = 256.0 * prepass_utils::prepass_motion_vector(in.position, 0u);
        return vec4(0.5 + pixels / 64.0, 0.5, 1.0);
    }
";

/// A stage on which the screen stands.
fn stage_with_screen(what: u32) -> Stage {
    let app = app_with(GvePlugin.build().add(MaterialPlugin::<ShowPrepass>::default()));
    let mut stage = Stage::on(app, Msaa::Off);
    let shader = Shader::from_wgsl(SHOW_SOURCE, "show_prepass.wgsl");
    stage.app.world_mut().resource_mut::<Assets<Shader>>().insert(&SHOW, shader).unwrap();
    stage.replace_camera((
        DepthPrepass,
        NormalPrepass,
        MotionVectorPrepass,
        Tonemapping::None,
        DebandDither::Disabled,
    ));
    let mesh = stage.app.world_mut().resource_mut::<Assets<Mesh>>().add(Rectangle::new(4.0, 4.0));
    let material = stage.app.world_mut().resource_mut::<Assets<ShowPrepass>>().add(ShowPrepass { what });
    let place = Transform::from_translation(stage::EYE * 0.6).looking_at(stage::EYE * 1.2, Vec3::Y);
    let place = place.with_rotation(place.rotation * Quat::from_rotation_y(std::f32::consts::PI));
    stage.add((Mesh3d(mesh), MeshMaterial3d(material), place));
    stage
}

/// The share of the pixels in which the surface is that differ by more than `tolerance` of 255.
fn differing(volume: &Picture, shell: &Picture, tolerance: u8) -> f32 {
    let (a, b) = (volume.mask_of_change(), shell.mask_of_change());
    let both: Vec<usize> = (0..a.len()).filter(|&i| a[i] && b[i]).collect();
    assert!(both.len() > 4_000, "{} pixels show something in both", both.len());
    let (a, b): (Vec<_>, Vec<_>) = (volume.pixels().collect(), shell.pixels().collect());
    let differ = |i: &&usize| (0..3).any(|c| a[**i][c].abs_diff(b[**i][c]) > tolerance);
    both.iter().filter(differ).count() as f32 / both.len() as f32
}

trait Changed {
    /// Pixels that differ from the corner's.
    fn mask_of_change(&self) -> Vec<bool>;
}

impl Changed for Picture {
    fn mask_of_change(&self) -> Vec<bool> {
        let corner = self.at(2, 2);
        self.pixels().map(|pixel| (0..3).any(|c| pixel[c].abs_diff(corner[c]) > 12)).collect()
    }
}

#[test]
fn normals_of_the_prepass_are_those_of_the_mesh() {
    let mut stage = stage_with_screen(0);
    stage.object(
        sphere(1.0),
        Transform::from_rotation(Quat::from_rotation_z(0.5)).with_scale(Vec3::new(1.2, 0.7, 0.9)),
    );
    let (volume, shell) = (stage.shoot(GveRepresentation::Volume), stage.shoot(GveRepresentation::Shell));
    volume.keep("normals_volume");
    shell.keep("normals_shell");
    let differ = differing(&volume, &shell, 10);
    assert!(differ < 0.02, "{:.1} % of the normals differ", 100.0 * differ);
}

#[test]
fn motion_vectors_of_the_prepass_are_those_of_the_mesh() {
    let mut stage = stage_with_screen(1);
    stage.object(sphere(1.0), Transform::default());
    let mut pictures = [GveRepresentation::Volume, GveRepresentation::Shell].map(|what| {
        let object = stage.objects[0];
        stage.app.world_mut().entity_mut(object).insert((what, Transform::default()));
        let still = shoot(&mut stage.app, &stage.target);
        let frames = watch(&mut stage.app, &stage.target);
        // It turns and moves to the right.
        for step in 0..6 {
            let place = Transform::from_xyz(0.04 * step as f32, 0.0, 0.0)
                .with_rotation(Quat::from_rotation_y(0.03 * step as f32));
            stage.app.world_mut().entity_mut(object).insert(place);
            stage.app.update();
        }
        for _ in 0..4 {
            stage.app.update();
        }
        (still, frames.take(&mut stage.app))
    });
    for (still, frames) in &mut pictures {
        assert!(still.mask_of_change().iter().all(|changed| !changed), "what stands still does not move");
        frames.retain(|frame| frame.mask_of_change().iter().filter(|changed| **changed).count() > 4_000);
        assert!(frames.len() >= 3, "{} frames show that it moves", frames.len());
    }
    let [volume, shell] = pictures.map(|(_, frames)| frames);
    volume[2].keep("motion_volume");
    shell[2].keep("motion_shell");
    let differ = differing(&volume[2], &shell[2], 10);
    assert!(differ < 0.02, "{:.1} % of the motion vectors differ", 100.0 * differ);
}

/// With one brightness all over the surface, the brightness of a picture says how much of it is covered.
#[test]
fn a_multisampled_outline_covers_as_much_as_the_meshs() {
    let mut stage = Stage::new(Msaa::Sample4);
    for (name, more) in [("forward", false), ("after_a_prepass", true)] {
        stage.replace_camera((Tonemapping::None, DebandDither::Disabled));
        stage.app.world_mut().entity_mut(stage.camera).insert(Msaa::Sample4);
        if more {
            stage.app.world_mut().entity_mut(stage.camera).insert(DepthPrepass);
        }
        stage.app.insert_resource(GlobalAmbientLight { brightness: 1500.0, ..default() });
        stage.object(
            asset(&Shape::sphere(1.0, material([255; 3], 0.0, 1.0)), RESOLUTION),
            Transform::default(),
        );
        let linear = |picture: &Picture| -> f64 {
            let channel = |c: u8| f64::from(Color::srgb_u8(c, c, c).to_linear().red);
            picture.pixels().map(|pixel| channel(pixel[1])).sum()
        };
        let (volume, shell) = (stage.shoot(GveRepresentation::Volume), stage.shoot(GveRepresentation::Shell));
        volume.keep(&format!("coverage_volume_{name}"));
        shell.keep(&format!("coverage_shell_{name}"));
        let ratio = linear(&volume) / linear(&shell);
        // A quarter of a pixel around this ball is 0.6 % of its area.
        assert!((ratio - 1.0).abs() < 0.0015, "{name}: the volume covers {ratio:.4} of what the mesh covers");
        stage.clear();
    }
}

/// Marks of an object about visibility, layers and shadows work on its volume.
#[test]
fn volumes_are_seen_and_shaded_as_their_marks_say() {
    let mut stage = Stage::new(Msaa::Off);
    stage.object(sphere(1.0), Transform::default());
    let object = stage.objects[0];
    let seen = |stage: &mut Stage| stage.shoot(GveRepresentation::Volume).covered() > 4_000;
    let whole = stage.shoot(GveRepresentation::Volume).covered();
    stage.app.world_mut().entity_mut(object).insert(RenderLayers::layer(1));
    assert!(!seen(&mut stage), "another layer");
    stage.app.world_mut().entity_mut(object).remove::<RenderLayers>();
    stage.app.world_mut().entity_mut(object).insert(VisibilityRange::abrupt(10.0, 20.0));
    assert!(!seen(&mut stage), "too near");
    stage.app.world_mut().entity_mut(object).insert(VisibilityRange::abrupt(1.0, 20.0));
    assert!(seen(&mut stage), "in range");
    // Half gone, in a pattern.
    let fading = VisibilityRange { start_margin: 2.0..4.4, end_margin: 50.0..60.0, use_aabb: false };
    stage.app.world_mut().entity_mut(object).insert(fading);
    // Bevy asks whether a mesh fades when it first sees it.
    let shell = stage.shoot(GveRepresentation::Shell);
    let faded = stage.shoot(GveRepresentation::Volume);
    faded.keep("faded");
    let share = faded.covered() as f32 / shell.covered() as f32;
    assert!((0.9..1.1).contains(&share), "as many pixels as of the shell: {share}");
    assert!((0.3..0.7).contains(&(faded.covered() as f32 / whole as f32)), "half of it is gone");
    stage.app.world_mut().entity_mut(object).remove::<VisibilityRange>();
    stage.shoot(GveRepresentation::Shell);

    stage.sun();
    stage.mesh(Cuboid::new(3.0, 0.1, 3.0), Color::WHITE, Transform::from_xyz(1.3, 1.9, 1.6));
    let shaded = stage.shoot(GveRepresentation::Volume);
    stage.app.world_mut().entity_mut(object).insert(NotShadowReceiver);
    let bright = stage.shoot(GveRepresentation::Volume);
    shaded.keep("in_the_shadow");
    let brightness = |picture: &Picture| picture.brightness(SIZE / 2, SIZE / 2 + 20, 8);
    assert!(
        brightness(&bright) > 1.5 * brightness(&shaded),
        "{} {}",
        brightness(&bright),
        brightness(&shaded)
    );
}

/// Neighbouring materials are mixed over a pixel, so that their border has no steps.
#[test]
fn borders_between_materials_are_smooth() {
    let mut stage = Stage::new(Msaa::Off);
    stage.app.insert_resource(GlobalAmbientLight { brightness: 1500.0, ..default() });
    let cube = Shape {
        part: Box::new(|p| u16::from(p.x + 0.3 * p.y > 0.1)),
        parts: vec![0, 1],
        materials: vec![material(RED, 0.0, 1.0), material(BLUE, 0.0, 1.0)],
        ..Shape::cube(0.8, 0.05, material(RED, 0.0, 1.0))
    };
    stage.object(asset(&cube, 24), Transform::from_scale(Vec3::splat(0.6)));
    stage.look_from(Vec3::new(0.0, 0.0, 3.0));
    let picture = stage.shoot(GveRepresentation::Volume);
    picture.keep("border");
    let mut mixed = 0;
    let mut rows = 0;
    for y in SIZE / 2 - 30..SIZE / 2 + 30 {
        let row: Vec<[u8; 3]> = (0..SIZE).map(|x| picture.at(x, y)).collect();
        rows += 1;
        // Between red and blue: less red than the one, less blue than the other.
        let is_mixed = |p: &&[u8; 3]| p[0] > 70 && p[2] > 70;
        mixed += usize::from(row.iter().any(|p| is_mixed(&p)));
    }
    assert!(2 * mixed > rows, "{mixed} of {rows} rows have a pixel between the two colours");
}

/// Ambient occlusion of the screen darkens a volume in a corner as it does a mesh.
#[test]
fn ambient_occlusion_sees_volumes() {
    let mut stage = Stage::new(Msaa::Off);
    stage.replace_camera((ScreenSpaceAmbientOcclusion::default(), DepthPrepass, NormalPrepass));
    stage.app.insert_resource(GlobalAmbientLight { brightness: 1500.0, ..default() });
    stage.object(sphere(0.8), Transform::from_xyz(0.0, 0.2, 0.0));
    stage.mesh(
        Plane3d::default().mesh().size(6.0, 6.0),
        Color::srgb_u8(200, 200, 200),
        Transform::from_xyz(0.0, -0.5, 0.0),
    );
    stage.compare("ambient_occlusion");
}
