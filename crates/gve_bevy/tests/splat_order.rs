//! Splats of several objects, and other transparent things among them, are blended in one order.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells its figures")]

mod splat_support;

use bevy::{
    camera::{Hdr, ScalingMode},
    core_pipeline::tonemapping::{DebandDither, Tonemapping},
    prelude::*,
};
use gve_assets::Splat;
use gve_bevy::prelude::*;
use splat_support::*;

const RED: [u8; 3] = [200, 40, 30];
const GREEN: [u8; 3] = [30, 180, 50];
const BLUE: [u8; 3] = [40, 60, 220];
/// Metres that an orthographic picture shows from side to side.
const SIDE: f32 = 4.0;

/// A small generator of random numbers, the same in every run.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }
}

/// Half-transparent splats at random places of a ball, all facing +z: under light from everywhere and seen from there
/// each has the same colour.
fn cloud(count: usize, seed: u64, color: [u8; 3]) -> Vec<Splat> {
    let mut random = Random(seed);
    (0..count)
        .map(|_| {
            let mut at = || Vec3::from_array(core::array::from_fn(|_| random.between(-1.0, 1.0)));
            let position = loop {
                let position = at();
                if position.length() < 1.0 {
                    break position;
                }
            };
            let turn = Quat::from_rotation_z(random.between(0.0, 3.0));
            Splat {
                position: position.to_array(),
                scale: [random.between(0.04, 0.15), random.between(0.04, 0.15), 0.01],
                rotation: turn.to_array(),
                color: [color[0], color[1], color[2], random.between(60.0, 200.0) as u8],
                normal_oct: encode_octahedral(Vec3::Z),
                material: 0,
                reserved: 0,
            }
        })
        .collect()
}

fn matt(color: [u8; 3]) -> Vec<gve_types::MaterialSpec> {
    vec![material(color, 0.0, 1.0)]
}

fn app_with_light() -> App {
    let mut app = app();
    app.world_mut().insert_resource(GlobalAmbientLight { brightness: 800.0, ..default() });
    app
}

/// A camera that looks along -z without perspective and shows colours as they are blended.
fn orthographic(app: &mut App) -> Handle<Image> {
    let target = target(app);
    let mut projection = OrthographicProjection::default_3d();
    projection.scaling_mode = ScalingMode::Fixed { width: SIDE, height: SIDE };
    app.world_mut().spawn((
        camera(&target, Vec3::new(0.0, 0.0, 10.0)),
        Projection::Orthographic(projection),
        Hdr,
        Msaa::Off,
        Tonemapping::None,
        DebandDither::Disabled,
    ));
    target
}

fn linear(picture: &Picture) -> Vec<[f32; 3]> {
    let channel = |c: u8| Color::srgb_u8(c, c, c).to_linear().red;
    picture.rgba.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2]].map(channel)).collect()
}

/// The colour in which a splat of a paint is shown: what a wall of it looks like.
fn shown_color(app: &mut App, target: &Handle<Image>, color: [u8; 3]) -> [f32; 3] {
    let wall = Splat {
        position: [0.0; 3],
        scale: [50.0, 50.0, 0.01],
        rotation: [0.0, 0.0, 0.0, 1.0],
        color: [color[0], color[1], color[2], 255],
        normal_oct: encode_octahedral(Vec3::Z),
        material: 0,
        reserved: 0,
    };
    let object = spawn(app, asset(vec![wall], matt(color)), Transform::default());
    let shown = linear(&shoot(app, target))[(SIZE * SIZE / 2 + SIZE / 2) as usize];
    println!("{color:?} is shown as {shown:?}");
    app.world_mut().despawn(object);
    shown
}

/// What a picture of the splats should be, one pixel after the other: all of them, far to near.
fn composite(splats: &[(Splat, [f32; 3], Vec3)]) -> Vec<[f32; 3]> {
    let mut order: Vec<_> = splats.iter().collect();
    order.sort_by(|a, b| (a.0.position[2] + a.2.z).total_cmp(&(b.0.position[2] + b.2.z)));
    let per_metre = SIZE as f32 / SIDE;
    let mut pixels = vec![[0.0_f32; 3]; (SIZE * SIZE) as usize];
    for (splat, color, offset) in order {
        let center = Vec3::from(splat.position) + *offset;
        let on_screen = Vec2::new(center.x, -center.y) * per_metre + SIZE as f32 * 0.5;
        let turn = Quat::from_array(splat.rotation);
        let axes = [Vec3::X, Vec3::Y].map(|axis| (turn * axis).truncate() * Vec2::new(1.0, -1.0));
        let opacity = f32::from(splat.color[3]) / 255.0;
        // The quad ends where the splat fades below what 8 bits show, or at √8 deviations.
        let extent = (2.0 * (opacity * 255.0).ln()).min(8.0).sqrt();
        for y in 0..SIZE {
            for x in 0..SIZE {
                let from_center = Vec2::new(x as f32 + 0.5, y as f32 + 0.5) - on_screen;
                let deviations: [f32; 2] =
                    core::array::from_fn(|k| from_center.dot(axes[k]) / (splat.scale[k] * per_metre));
                if deviations.iter().any(|d| d.abs() > extent) {
                    continue;
                }
                let alpha = opacity * (-0.5 * deviations.iter().map(|d| d * d).sum::<f32>()).exp();
                if alpha >= 1.0 / 255.0 {
                    let pixel = &mut pixels[(y * SIZE + x) as usize];
                    *pixel = core::array::from_fn(|c| pixel[c] * (1.0 - alpha) + color[c] * alpha);
                }
            }
        }
    }
    pixels
}

/// Peak signal to noise of sRGB values, in decibels.
fn psnr(a: &[[f32; 3]], b: &[[f32; 3]]) -> f32 {
    let srgb = |c: f32| Color::linear_rgb(c, c, c).to_srgba().red;
    let squares = a.iter().zip(b).flat_map(|(a, b)| (0..3).map(move |c| (srgb(a[c]) - srgb(b[c])).powi(2)));
    let mean = squares.sum::<f32>() / (3 * a.len()) as f32;
    -10.0 * mean.log10()
}

/// Clouds that cut through each other, against splats blended one after the other in the order of their depths.
#[test]
fn clouds_that_cut_through_each_other_are_one_picture() {
    let mut app = app_with_light();
    let target = orthographic(&mut app);
    let colors = [RED, GREEN, BLUE].map(|paint| (paint, shown_color(&mut app, &target, paint)));
    let offsets = [Vec3::new(-0.4, 0.0, 0.1), Vec3::new(0.4, 0.1, 0.0), Vec3::new(0.0, -0.3, -0.2)];
    let mut all = Vec::new();
    for (i, ((paint, shown), offset)) in colors.into_iter().zip(offsets).enumerate() {
        let splats = cloud(700, 7 + i as u64, paint);
        all.extend(splats.iter().map(|splat| (*splat, shown, offset)));
        spawn(&mut app, asset(splats, matt(paint)), Transform::from_translation(offset));
    }
    let picture = shoot(&mut app, &target);
    picture.keep("clouds");
    let expected = composite(&all);
    let found = psnr(&linear(&picture), &expected);
    println!("clouds: {found:.1} dB");
    // 8 bits alone leave 59 dB; half floats, in which the picture is blended, some less.
    assert!(found > 45.0, "{found:.1} dB");
    // Were the clouds blended one after the other, the picture would be another one.
    let mut in_turn: Vec<_> = all.clone();
    for (i, (_, _, offset)) in in_turn.iter_mut().enumerate() {
        offset.z += 10.0 * (i / 700) as f32;
    }
    let apart = psnr(&composite(&in_turn), &expected);
    assert!(apart < 30.0, "the scene tells nothing: {apart:.1} dB");
}

/// Two objects, or one that holds the splats of both: the same picture, from anywhere.
#[test]
fn two_clouds_look_like_one_of_both() {
    let both = [cloud(3000, 1, RED), cloud(3000, 2, GREEN)];
    let picture = |clouds: &[Vec<Splat>], eye: Vec3| {
        let mut app = app_with_light();
        let target = target(&mut app);
        app.world_mut().spawn((camera(&target, eye), Msaa::Off, Hdr));
        for splats in clouds {
            spawn(&mut app, asset(splats.clone(), matt(RED)), Transform::default());
        }
        shoot(&mut app, &target)
    };
    for eye in [Vec3::new(1.0, 1.0, 4.0), Vec3::new(-2.0, 0.3, 1.8)] {
        let two = picture(&both, eye);
        let one = picture(&[both.concat()], eye);
        let found = psnr(&linear(&two), &linear(&one));
        println!("from {eye}: {found:.1} dB");
        assert!(found > 50.0, "{found:.1} dB");
    }
}

/// A sheet of splats that faces +z.
fn sheet(z: f32, half: f32, color: [u8; 3]) -> Vec<Splat> {
    let cells = 40;
    let step = 2.0 * half / cells as f32;
    (0..cells * cells)
        .map(|i| {
            let at = |k: i32| -half + (k as f32 + 0.5) * step;
            surfel(Vec3::new(at(i % cells), at(i / cells), z), Vec3::Z, step * step, color, 0)
        })
        .collect()
}

/// Panes of glass stand between the splats of one object: each tints what is behind it and nothing else.
#[test]
fn panes_stand_between_the_splats_of_one_object() {
    let mut app = app_with_light();
    let target = orthographic(&mut app);
    // A small sheet before a large one, as one object.
    let splats = [sheet(-1.0, 1.8, RED), sheet(1.0, 0.8, GREEN)].concat();
    spawn(&mut app, asset(splats, matt(RED)), Transform::default());
    let bare = shoot(&mut app, &target);
    let pane = |app: &mut App, z: f32, width: f32| {
        let mesh = app.world_mut().resource_mut::<Assets<Mesh>>().add(Rectangle::new(width, 4.0));
        let glass = app.world_mut().resource_mut::<Assets<StandardMaterial>>().add(StandardMaterial {
            base_color: Color::srgba(0.0, 0.0, 0.0, 0.5),
            alpha_mode: AlphaMode::Blend,
            unlit: true,
            ..default()
        });
        app.world_mut().spawn((Mesh3d(mesh), MeshMaterial3d(glass), Transform::from_xyz(0.0, 0.0, z))).id()
    };
    let middle = |picture: &Picture| picture.mean(SIZE / 2, SIZE / 2, 4);
    let edge = |picture: &Picture| picture.mean(SIZE / 2, SIZE / 8 + 4, 4);
    let is_dimmed = |shown: [f32; 3], bare: [f32; 3], by: f32| {
        let linear = |c: f32| Color::srgb(c / 255.0, 0.0, 0.0).to_linear().red;
        let strongest = if bare[0] > bare[1] { 0 } else { 1 };
        (linear(shown[strongest]) / linear(bare[strongest]) - by).abs() < 0.03
    };
    let between = pane(&mut app, 0.0, 4.0);
    let picture = shoot(&mut app, &target);
    picture.keep("pane");
    assert!(is_dimmed(middle(&picture), middle(&bare), 1.0), "before the pane: {:?}", middle(&picture));
    assert!(is_dimmed(edge(&picture), edge(&bare), 0.5), "behind it: {:?}", edge(&picture));
    // More panes, before, between and behind; each counts where it stands.
    pane(&mut app, 2.0, 4.0);
    pane(&mut app, 0.3, 4.0);
    pane(&mut app, -3.0, 4.0);
    let picture = shoot(&mut app, &target);
    picture.keep("panes");
    assert!(is_dimmed(middle(&picture), middle(&bare), 0.5), "one pane: {:?}", middle(&picture));
    assert!(is_dimmed(edge(&picture), edge(&bare), 0.125), "three panes: {:?}", edge(&picture));
    app.world_mut().despawn(between);
    let picture = shoot(&mut app, &target);
    assert!(is_dimmed(edge(&picture), edge(&bare), 0.25), "two panes: {:?}", edge(&picture));
}

/// Tiles or quads: the same picture, with and without samples, in a part of the target, behind and before meshes, and
/// with glass in between.
#[test]
fn tiles_and_quads_draw_the_same_picture() {
    for msaa in [Msaa::Off, Msaa::Sample4] {
        let picture = |raster| {
            let plugins = GvePlugin.build().set(GveSplatPlugin { raster, ..default() });
            let mut app = app_with(plugins);
            spawn_lights(&mut app);
            let target = target(&mut app);
            let viewport = bevy::camera::Viewport {
                physical_position: UVec2::new(24, 8),
                physical_size: UVec2::new(210, 230),
                ..default()
            };
            let mut view = Camera { viewport: Some(viewport), ..default() };
            view.clear_color = ClearColorConfig::Custom(Color::BLACK);
            app.world_mut().spawn((camera(&target, Vec3::new(1.0, 1.0, 3.0)), msaa, Hdr)).insert(view);
            for (x, color) in [(-0.4, RED), (0.4, GREEN)] {
                let ball = sphere(10_000, 0.8, color);
                spawn(&mut app, asset(ball, matt(color)), Transform::from_xyz(x, 0.0, 0.0));
            }
            let mut solid = |mesh: Mesh, paint: StandardMaterial, transform: Transform| {
                let mesh = app.world_mut().resource_mut::<Assets<Mesh>>().add(mesh);
                let paint = app.world_mut().resource_mut::<Assets<StandardMaterial>>().add(paint);
                app.world_mut().spawn((Mesh3d(mesh), MeshMaterial3d(paint), transform));
            };
            let blue = StandardMaterial { base_color: Color::srgb_u8(40, 60, 220), ..default() };
            let slab = Transform::from_rotation(Quat::from_rotation_y(0.4));
            solid(Cuboid::new(3.0, 0.3, 0.3).into(), blue, slab);
            let glass = StandardMaterial {
                base_color: Color::srgba(0.9, 0.9, 0.2, 0.4),
                alpha_mode: AlphaMode::Blend,
                ..default()
            };
            solid(Rectangle::new(1.0, 1.0).into(), glass, Transform::from_xyz(0.3, 0.4, 0.2));
            shoot(&mut app, &target)
        };
        let [tiles, quads] = [GveSplatRaster::Tiles, GveSplatRaster::Quads].map(picture);
        tiles.keep(&format!("tiles_{msaa:?}"));
        quads.keep(&format!("quads_{msaa:?}"));
        let found = psnr(&linear(&tiles), &linear(&quads));
        println!("{msaa:?}: {found:.1} dB");
        // Blended in another order and rounded to half floats; with samples, contours against meshes differ a little
        // more: a splat is blended at the middle of a pixel instead of at each sample that its quad covers.
        let least = if msaa == Msaa::Off { 55.0 } else { 45.0 };
        assert!(found > least, "{msaa:?}: {found:.1} dB");
    }
}

/// Where the processor sorts the picture is the same, while objects do not cut through each other.
#[test]
fn the_processor_draws_the_same_picture() {
    let on_cpu = GveSplatPlugin { sort: GveSplatSort::Cpu, ..default() };
    let picture = |plugins: bevy::app::PluginGroupBuilder| {
        let mut app = app_with(plugins);
        spawn_lights(&mut app);
        let target = target(&mut app);
        app.world_mut().spawn((camera(&target, Vec3::new(1.0, 1.0, 4.0)), Msaa::Off, Hdr));
        for (x, color) in [(-0.9, RED), (0.9, GREEN)] {
            let ball = sphere(10_000, 0.8, color);
            spawn(&mut app, asset(ball, matt(color)), Transform::from_xyz(x, 0.0, 0.0));
        }
        shoot(&mut app, &target)
    };
    let on_gpu = picture(GvePlugin.build());
    let on_cpu = picture(GvePlugin.build().set(on_cpu));
    on_gpu.keep("sorted_by_gpu");
    let found = psnr(&linear(&on_gpu), &linear(&on_cpu));
    println!("{found:.1} dB");
    assert!(found > 45.0, "{found:.1} dB");
}
