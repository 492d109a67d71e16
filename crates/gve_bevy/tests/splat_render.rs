//! Pictures of splats, drawn by whatever Vulkan driver there is, in software if need be.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells its figures")]

mod splat_support;

use bevy::{camera::Hdr, prelude::*};
use gve_assets::Splat;
use gve_bevy::prelude::*;
use splat_support::*;

const RED: [u8; 3] = [200, 40, 30];
const GREEN: [u8; 3] = [30, 180, 50];

fn matt(color: [u8; 3]) -> Vec<gve_types::MaterialSpec> {
    vec![material(color, 0.0, 0.9)]
}

fn spawn_mesh(
    app: &mut App,
    mesh: impl Into<Mesh>,
    look: &gve_types::MaterialSpec,
    transform: Transform,
) -> Entity {
    let [r, g, b] = look.base_color_srgb;
    let mesh = app.world_mut().resource_mut::<Assets<Mesh>>().add(mesh);
    let paint = app.world_mut().resource_mut::<Assets<StandardMaterial>>().add(StandardMaterial {
        base_color: Color::srgb_u8(r, g, b),
        metallic: look.metallic,
        perceptual_roughness: look.roughness,
        ..default()
    });
    app.world_mut().spawn((Mesh3d(mesh), MeshMaterial3d(paint), transform)).id()
}

/// Where an object is: every pixel that is not nearly as black as the background.
fn mask(picture: &Picture) -> Vec<bool> {
    picture.rgba.chunks_exact(4).map(|pixel| pixel[..3].iter().any(|&c| c > 40)).collect()
}

/// Intersection over union of two masks.
fn overlap(a: &[bool], b: &[bool]) -> f32 {
    let both = a.iter().zip(b).filter(|(a, b)| **a && **b).count();
    let either = a.iter().zip(b).filter(|(a, b)| **a || **b).count();
    both as f32 / either as f32
}

/// Mean difference of the channels where both pictures show something, away from contours.
fn difference(a: &Picture, b: &Picture) -> f32 {
    let (ma, mb) = (mask(a), mask(b));
    let inside = |i: usize| {
        let row = SIZE as usize;
        i >= 3 * row
            && i + 3 * row < ma.len()
            && [i - 3, i + 3, i - 3 * row, i + 3 * row, i].iter().all(|&j| ma[j] && mb[j])
    };
    let (mut sum, mut count) = (0.0, 0.0_f32);
    for i in (0..ma.len()).filter(|&i| inside(i)) {
        for c in 0..3 {
            sum += (f32::from(a.rgba[i * 4 + c]) - f32::from(b.rgba[i * 4 + c])).abs();
            count += 1.0;
        }
    }
    assert!(count > 1000.0, "hardly anything is drawn");
    sum / count
}

/// Whatever the camera, the lights and the transform: splats and a mesh of the same material show the same.
#[test]
fn splats_are_lit_like_a_mesh() {
    struct Case {
        name: &'static str,
        look: gve_types::MaterialSpec,
        hdr: bool,
        msaa: Msaa,
        orthographic: bool,
        transform: Transform,
    }
    let turned = Transform {
        translation: Vec3::new(0.2, -0.1, 0.3),
        rotation: Quat::from_euler(EulerRot::XYZ, 0.5, 0.7, 0.2),
        scale: Vec3::new(0.5, 1.1, 0.8),
    };
    let cases = [
        Case {
            name: "matt",
            look: material(RED, 0.0, 0.9),
            hdr: false,
            msaa: Msaa::Off,
            orthographic: false,
            transform: Transform::IDENTITY,
        },
        Case {
            name: "glossy_hdr",
            look: material(GREEN, 0.0, 0.35),
            hdr: true,
            msaa: Msaa::Off,
            orthographic: false,
            transform: Transform::IDENTITY,
        },
        Case {
            name: "metal_msaa_uneven_scale",
            look: material([200, 170, 110], 1.0, 0.45),
            hdr: false,
            msaa: Msaa::Sample4,
            orthographic: false,
            transform: turned,
        },
        Case {
            name: "orthographic_hdr_msaa",
            look: material(RED, 0.0, 0.6),
            hdr: true,
            msaa: Msaa::Sample4,
            orthographic: true,
            transform: turned,
        },
    ];
    let mut app = app();
    spawn_lights(&mut app);
    // Lamps of the other kinds, with shadows, and something that throws one.
    app.world_mut().spawn((
        PointLight { intensity: 150_000.0, shadow_maps_enabled: true, range: 20.0, ..default() },
        Transform::from_xyz(-2.0, 1.0, 2.0),
    ));
    app.world_mut().spawn((
        SpotLight { intensity: 300_000.0, shadow_maps_enabled: true, range: 20.0, ..default() },
        Transform::from_xyz(0.5, -3.0, 2.0).looking_at(Vec3::ZERO, Vec3::Y),
    ));
    spawn_mesh(
        &mut app,
        Cuboid::new(0.3, 0.3, 0.3),
        &material([255; 3], 0.0, 0.9),
        Transform::from_xyz(1.1, 1.5, 1.2),
    );
    let target = target(&mut app);
    for case in cases {
        let camera = app.world_mut().spawn((camera(&target, Vec3::new(0.0, 0.0, 3.2)), case.msaa)).id();
        if case.hdr {
            app.world_mut().entity_mut(camera).insert(Hdr);
        }
        if case.orthographic {
            app.world_mut().entity_mut(camera).insert(Projection::Orthographic(OrthographicProjection {
                scaling_mode: bevy::camera::ScalingMode::FixedVertical { viewport_height: 2.6 },
                ..OrthographicProjection::default_3d()
            }));
        }
        let color = case.look.base_color_srgb;
        let object =
            spawn(&mut app, asset(sphere(30_000, 1.0, color), vec![case.look.clone()]), case.transform);
        let splats = shoot(&mut app, &target);
        splats.keep(&format!("{}_splats", case.name));
        app.world_mut().despawn(object);
        let object = spawn_mesh(&mut app, Sphere::new(1.0).mesh().uv(128, 64), &case.look, case.transform);
        let mesh = shoot(&mut app, &target);
        mesh.keep(&format!("{}_mesh", case.name));
        app.world_mut().despawn(object);
        app.world_mut().despawn(camera);

        let overlap = overlap(&mask(&splats), &mask(&mesh));
        let difference = difference(&splats, &mesh);
        println!("{}: overlap {overlap:.4}, difference {difference:.2}", case.name);
        assert!(overlap > 0.975, "{}: the silhouettes overlap by {overlap}", case.name);
        assert!(difference < 4.0, "{}: the colours differ by {difference}", case.name);
    }
}

/// Opaque meshes hide splats behind them and are hidden by splats in front of them.
#[test]
fn splats_are_tested_against_depth() {
    let mut app = app();
    spawn_lights(&mut app);
    let target = target(&mut app);
    app.world_mut().spawn(camera(&target, Vec3::new(0.0, 0.0, 4.0)));
    spawn(&mut app, asset(sphere(20_000, 1.0, RED), matt(RED)), Transform::default());
    // A slab that cuts the sphere in half: its near face stands at z = 0.
    let slab = Cuboid::new(1.6, 3.0, 0.5);
    let green = material(GREEN, 0.0, 0.9);
    let wall = spawn_mesh(&mut app, slab, &green, Transform::from_xyz(0.0, 0.0, -0.25));
    let cut = shoot(&mut app, &target);
    cut.keep("depth_cut");
    let [r, g, _] = cut.mean(128, 128, 3);
    assert!(r > 2.0 * g, "the near half hides the slab: {r} {g}");
    let [r, g, _] = cut.mean(128, 20, 2);
    assert!(g > 2.0 * r, "the slab is seen above the sphere: {r} {g}");

    app.world_mut().entity_mut(wall).insert(Transform::from_xyz(0.0, 0.0, 1.5));
    let hidden = shoot(&mut app, &target);
    hidden.keep("depth_hidden");
    let [r, g, _] = hidden.mean(128, 128, 3);
    assert!(g > 2.0 * r, "the slab hides the sphere: {r} {g}");
}

/// A floor that cuts through a sphere cuts it along a line, not along the outlines of splats.
#[test]
fn a_floor_cuts_splats_where_it_cuts_a_mesh() {
    let mut app = app();
    spawn_lights(&mut app);
    let target = target(&mut app);
    app.world_mut().spawn((camera(&target, Vec3::new(0.0, 1.2, 3.4)), Msaa::Off));
    let floor = material([20, 20, 200], 0.0, 0.9);
    spawn_mesh(
        &mut app,
        Plane3d::default().mesh().size(6.0, 6.0),
        &floor,
        Transform::from_xyz(0.0, -0.4, 0.0),
    );
    // Few and large splats make it hard.
    let object = spawn(&mut app, asset(sphere(6000, 1.0, RED), matt(RED)), Transform::default());
    let splats = shoot(&mut app, &target);
    splats.keep("floor_splats");
    app.world_mut().despawn(object);
    spawn_mesh(&mut app, Sphere::new(1.0).mesh().uv(128, 64), &material(RED, 0.0, 0.9), Transform::default());
    let mesh = shoot(&mut app, &target);
    mesh.keep("floor_mesh");
    let red = |picture: &Picture| -> Vec<bool> {
        picture.rgba.chunks_exact(4).map(|pixel| pixel[0] > pixel[2]).collect()
    };
    let overlap = overlap(&red(&splats), &red(&mesh));
    println!("floor: overlap {overlap:.4}");
    assert!(overlap > 0.97, "{overlap}");
}

/// Of two objects the nearer one covers the farther one, from either side.
#[test]
fn objects_are_drawn_far_to_near() {
    let mut app = app();
    spawn_lights(&mut app);
    let target = target(&mut app);
    let eye = app.world_mut().spawn(camera(&target, Vec3::new(0.0, 0.0, 6.0))).id();
    spawn(&mut app, asset(sphere(5000, 1.0, RED), matt(RED)), Transform::from_xyz(0.0, 0.0, 1.5));
    spawn(&mut app, asset(sphere(5000, 1.0, GREEN), matt(GREEN)), Transform::from_xyz(0.0, 0.0, -1.5));
    let front = shoot(&mut app, &target);
    front.keep("objects_front");
    let [r, g, _] = front.mean(128, 128, 4);
    assert!(r > 2.0 * g, "red is nearer: {r} {g}");
    app.world_mut()
        .entity_mut(eye)
        .insert(Transform::from_xyz(0.0, 0.0, -6.0).looking_at(Vec3::ZERO, Vec3::Y));
    let back = shoot(&mut app, &target);
    back.keep("objects_back");
    let [r, g, _] = back.mean(128, 128, 4);
    assert!(g > 2.0 * r, "green is nearer: {r} {g}");
}

/// A red ball inside a green one stays hidden however the camera moves, and the file's own order, which draws
/// the red one last, never shows.
#[test]
fn the_order_follows_the_camera() {
    let mut splats = sphere(8000, 1.0, GREEN);
    splats.extend(sphere(4000, 0.8, RED));
    let mut app = app();
    spawn_lights(&mut app);
    let target = target(&mut app);
    let eye = app.world_mut().spawn(camera(&target, Vec3::new(0.0, 0.0, 4.0))).id();
    spawn(&mut app, asset(splats, matt(GREEN)), Transform::default());
    shoot(&mut app, &target);
    for step in 0..12 {
        let angle = step as f32 * 2.4;
        let place = Vec3::new(4.0 * angle.cos(), 2.0 * (angle * 0.7).sin(), 4.0 * angle.sin());
        app.world_mut()
            .entity_mut(eye)
            .insert(Transform::from_translation(place).looking_at(Vec3::ZERO, Vec3::Y));
        let picture = read(&mut app, &target);
        let [r, g, _] = picture.mean(128, 128, 10);
        assert!(g > 2.0 * r, "step {step}: red shows through: {r} {g}");
    }
}

/// Where a splat stands on the screen and its covariance there in pixels², y down: points along its axes,
/// projected one by one.
fn reference(splat: &Splat, object: &Transform, eye: Vec3) -> (Vec2, [f32; 3]) {
    let view = Transform::from_translation(eye).looking_at(Vec3::ZERO, Vec3::Y);
    let focal = 0.5 * SIZE as f32 / (std::f32::consts::FRAC_PI_4 * 0.5).tan();
    let project = |local: Vec3| {
        let p = view.to_matrix().inverse().transform_point3(object.transform_point(local));
        Vec2::new(p.x, -p.y) * focal / -p.z + 0.5 * SIZE as f32
    };
    let center = Vec3::from(splat.position);
    let mut covariance = [0.1, 0.0, 0.1];
    for k in 0..3 {
        let axis = Quat::from_array(splat.rotation) * Vec3::AXES[k] * splat.scale[k];
        let a = (project(center + axis * 1e-2) - project(center - axis * 1e-2)) / 2e-2;
        covariance = [covariance[0] + a.x * a.x, covariance[1] + a.x * a.y, covariance[2] + a.y * a.y];
    }
    (project(center), covariance)
}

/// The ellipse of one splat has the second moments that its covariance projects to.
#[test]
fn one_splat_covers_what_its_covariance_says() {
    let splat = Splat {
        position: [0.3, 0.2, 0.0],
        scale: [0.30, 0.12, 0.05],
        rotation: Quat::from_euler(EulerRot::XYZ, 0.6, -0.5, 0.4).to_array(),
        color: [255, 255, 255, 255],
        normal_oct: [0, 0],
        material: 0,
        reserved: 0,
    };
    let object =
        Transform { scale: Vec3::new(1.2, 0.7, 1.0), rotation: Quat::from_rotation_z(0.3), ..default() };
    let eye = Vec3::new(0.5, 0.3, 4.0);
    let (place, expected) = reference(&splat, &object, eye);
    let mut app = app();
    app.world_mut().insert_resource(GlobalAmbientLight { brightness: 800.0, ..default() });
    let target = target(&mut app);
    app.world_mut().spawn((
        camera(&target, eye),
        Msaa::Off,
        bevy::core_pipeline::tonemapping::Tonemapping::None,
        bevy::core_pipeline::tonemapping::DebandDither::Disabled,
    ));
    spawn(&mut app, asset(vec![splat], vec![material([255; 3], 0.0, 1.0)]), object);
    let picture = shoot(&mut app, &target);
    picture.keep("one_splat");

    let linear = |c: u8| Color::srgb_u8(c, c, c).to_linear().red;
    let pixels: Vec<_> = (0..SIZE * SIZE).map(|i| (i % SIZE, i / SIZE)).collect();
    let weight = |&(x, y): &(u32, u32)| linear(picture.at(x, y)[1]);
    let total: f32 = pixels.iter().map(weight).sum();
    let mean = pixels.iter().map(|p| Vec2::new(p.0 as f32 + 0.5, p.1 as f32 + 0.5) * weight(p)).sum::<Vec2>()
        / total;
    let found = pixels.iter().fold([0.0; 3], |m, p| {
        let d = Vec2::new(p.0 as f32 + 0.5, p.1 as f32 + 0.5) - mean;
        let w = weight(p) / total;
        [m[0] + w * d.x * d.x, m[1] + w * d.x * d.y, m[2] + w * d.y * d.y]
    });
    println!("expected {place} {expected:?}, found {mean} {found:?}");
    assert!(mean.distance(place) < 0.5, "{mean} is not {place}");
    // The quad ends at √8 deviations; a gaussian that ends there has 0.959 of its variance along each axis.
    let size = expected[0] + expected[2];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found / 0.959 - expected).abs() < 0.02 * size, "{found} is not 0.959 * {expected}");
    }
}

/// A reload swaps the splats without a frame that shows none.
#[test]
fn a_reload_leaves_no_gap() {
    let mut app = app();
    spawn_lights(&mut app);
    let target = target(&mut app);
    app.world_mut().spawn(camera(&target, Vec3::new(0.0, 0.0, 4.0)));
    let object = spawn(&mut app, asset(sphere(5000, 1.0, RED), matt(RED)), Transform::default());
    let [r, g, _] = shoot(&mut app, &target).mean(128, 128, 4);
    assert!(r > 2.0 * g, "{r} {g}");
    let id = app.world().get::<GveObject>(object).unwrap().id();
    app.world_mut()
        .resource_mut::<Assets<GveAsset>>()
        .insert(id, asset(sphere(7000, 1.2, GREEN), matt(GREEN)))
        .unwrap();
    let mut last = [0.0; 3];
    for frame in 0..4 {
        last = read(&mut app, &target).mean(128, 128, 4);
        assert!(last[0].max(last[1]) > 60.0, "frame {frame} shows {last:?}");
    }
    assert!(last[1] > 2.0 * last[0], "the new splats are shown: {last:?}");
    // The bounds follow: a camera that only sees the rim of the larger ball still draws it.
    let bounds = app.world().get::<bevy::camera::primitives::Aabb>(object).unwrap();
    assert!(bounds.half_extents.x > 1.15, "{bounds:?}");
}

/// Fewer splats still cover the surface, and every camera gets its own picture.
#[test]
fn fewer_splats_cover_as_much_and_cameras_do_not_disturb_each_other() {
    let mut app = app();
    spawn_lights(&mut app);
    let front = target(&mut app);
    let side = target(&mut app);
    app.world_mut().spawn(camera(&front, Vec3::new(0.0, 0.0, 4.0)));
    app.world_mut().spawn((camera(&side, Vec3::new(4.0, 0.0, 0.0)), Hdr, Msaa::Off));
    let mut splats = sphere(20_000, 1.0, RED);
    // Red in front, green at the side.
    for splat in &mut splats {
        if splat.position[0] > splat.position[2] {
            splat.color[..3].copy_from_slice(&GREEN);
        }
    }
    let object = spawn(&mut app, asset(splats, matt(RED)), Transform::from_xyz(0.0, 0.0, 0.0));
    let all = shoot(&mut app, &front);
    app.world_mut()
        .entity_mut(object)
        .insert(GveSplatSettings { max_splats: 2500, splats_per_pixel: f32::INFINITY });
    let few = shoot(&mut app, &front);
    all.keep("lod_all");
    few.keep("lod_few");
    let [r, g, _] = few.mean(100, 128, 8);
    assert!(r > 2.0 * g, "{r} {g}");
    let overlap = overlap(&mask(&all), &mask(&few));
    assert!(overlap > 0.95, "an eighth of the splats overlaps by {overlap}");
    for y in 80..176 {
        let pixel = few.at(90, y);
        assert!(pixel[0].max(pixel[1]) > 60, "a hole at (90, {y}): {pixel:?}");
    }
    let other = read(&mut app, &side);
    other.keep("lod_side");
    let [r, g, _] = other.mean(156, 128, 8);
    assert!(g > 2.0 * r, "{r} {g}");
}

/// An object can turn into splats and back while it is on screen.
#[test]
fn representations_are_switched() {
    let mut app = app();
    spawn_lights(&mut app);
    let target = target(&mut app);
    app.world_mut().spawn(camera(&target, Vec3::new(0.0, 0.0, 4.0)));
    let object = spawn(&mut app, asset(sphere(5000, 1.0, RED), matt(RED)), Transform::default());
    for _ in 0..2 {
        app.world_mut().entity_mut(object).insert(GveRepresentation::Splats);
        let shown = shoot(&mut app, &target).mean(128, 128, 4);
        assert!(shown[0] > 60.0, "{shown:?}");
        // The shell of a test asset is a speck.
        app.world_mut().entity_mut(object).insert(GveRepresentation::Shell);
        let gone = shoot(&mut app, &target).mean(128, 100, 4);
        assert!(gone[0] < 20.0, "{gone:?}");
    }
    app.world_mut().despawn(object);
    shoot(&mut app, &target);
}

/// The shell throws the shadow of the splats and is not seen itself.
#[test]
fn splats_throw_the_shadow_of_their_shell() {
    let mut app = app();
    app.world_mut().spawn((
        DirectionalLight { illuminance: 8000.0, shadow_maps_enabled: true, ..default() },
        Transform::from_xyz(0.0, 5.0, 0.0).looking_at(Vec3::ZERO, Vec3::Z),
    ));
    let target = target(&mut app);
    app.world_mut().spawn(camera(&target, Vec3::new(0.0, 3.0, 4.0)));
    let floor = material([200, 200, 200], 0.0, 0.9);
    let plane = Plane3d::default().mesh().size(6.0, 6.0);
    spawn_mesh(&mut app, plane, &floor, Transform::from_xyz(0.0, -0.5, 0.0));
    let few = asset_with_shell(sphere(500, 0.1, RED), matt(RED), 1.2);
    let object = spawn(&mut app, few, Transform::default());
    let shadowed = shoot(&mut app, &target);
    shadowed.keep("shadow");
    app.world_mut().entity_mut(object).insert(bevy::light::NotShadowCaster);
    let bright = shoot(&mut app, &target);
    bright.keep("shadow_none");
    // The floor is light where it is lit, grey in the shadow; the background is black.
    let dark =
        |picture: &Picture| picture.rgba.chunks_exact(4).filter(|pixel| (20..90).contains(&pixel[1])).count();
    let (with, without) = (dark(&shadowed), dark(&bright));
    assert!(with > without + 1000, "{with} dark pixels with a shadow, {without} without");
    // The upper corner of the shell stands before the background, where nothing is drawn.
    assert_eq!(shadowed.at(128, 20), bright.at(128, 20));
    app.world_mut().entity_mut(object).insert(GveRepresentation::Volume);
    app.update();
    let mut shadows = app.world_mut().query::<&gve_bevy::object::GvePart>();
    let is_shadow = |part: &&gve_bevy::object::GvePart| part.representation == GveRepresentation::Splats;
    assert_eq!(shadows.iter(app.world()).filter(is_shadow).count(), 0, "the shadow goes with the splats");
}
