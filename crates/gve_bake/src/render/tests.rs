#![allow(clippy::unwrap_used, reason = "a test may panic")]

use glam::Quat;
use gve_assets::Splat;
use gve_sdf::Aabb;
use gve_types::MaterialTable;

use super::*;
use crate::test_recipes::{STILL_LIFE, field};

fn flat(size: u32, samples_per_side: u32) -> RenderOptions {
    RenderOptions { size: [size, size], look: Look::Flat, samples_per_side }
}

fn front(distance: f32) -> Camera {
    Camera { position: Vec3::new(0.0, 0.0, distance), target: Vec3::ZERO, up: Vec3::Y, vertical_fov_rad: 0.8 }
}

#[test]
fn a_sphere_covers_the_disc_that_geometry_says() {
    let scene = FieldScene::new(&field(r#"{"op": "sphere", "radius": 0.5}"#));
    let image = scene.render(&front(2.0), flat(128, 4));
    let covered: f32 = image.pixels.iter().map(|p| p[3]).sum();
    // The tangent cone of a sphere at distance d has the sine r / d.
    let radius = (0.25f32).asin().tan() / (0.4f32).tan() * 64.0;
    let wanted = std::f32::consts::PI * radius * radius;
    assert!((covered / wanted - 1.0).abs() < 0.003, "{covered} pixels instead of {wanted}");
    let albedo = Paint::palette(&[MaterialTable::builtin().get("ASTM_A36").unwrap().clone()])[0].albedo;
    let middle = Vec3::from_slice(&image.pixels[64 * 128 + 64]);
    assert!(middle.distance(lights::flat(albedo, Vec3::Z)) < 0.01, "{middle}");
    let corner = Vec3::from_slice(&image.pixels[0]);
    assert!(corner.distance(lights::flat_background()) < 1e-5, "{corner}");
}

#[test]
fn a_thin_edge_on_plate_has_no_holes() {
    let scene = FieldScene::new(&field(
        r#"{"op": "rotate", "axis": [0, 0, 1], "angle_rad": 0.4,
            "child": {"op": "box", "half_extents": [0.5, 0.004, 0.5]}}"#,
    ));
    let image = scene.render(&front(2.0), flat(200, 1));
    // Along the plate every column of pixels meets it.
    for x in 60..140 {
        let hits = (0..200).filter(|y| image.pixels[y * 200 + x][3] > 0.0).count();
        assert!((1..=6).contains(&hits), "column {x}: {hits}");
    }
}

#[test]
fn framing_shows_the_whole_box() {
    let bounds = Aabb { min: Vec3::new(1.0, 0.0, -3.0), max: Vec3::new(2.0, 0.2, 3.0) };
    for (azimuth, elevation, aspect) in [(0.6, 0.4, 1.0), (2.0, -0.9, 1.6), (0.0, 1.57, 0.7)] {
        let camera = Camera::framing(bounds, azimuth, elevation, 0.6, aspect);
        let basis = camera.basis();
        let tan = (0.3f32).tan();
        let mut widest = 0f32;
        for corner in camera::corners(bounds) {
            let v = corner - camera.position;
            let depth = v.dot(basis.forward);
            assert!(depth > 0.0);
            widest = widest.max((v.dot(basis.right) / (depth * tan * aspect)).abs());
            widest = widest.max((v.dot(basis.up) / (depth * tan)).abs());
        }
        assert!((0.85..=0.93).contains(&widest), "{widest}");
    }
}

#[test]
fn pictures_depend_on_the_field_alone() {
    let field = field(STILL_LIFE);
    let camera = Camera::three_quarter(field.bounds(), 1.5);
    let options = RenderOptions { size: [90, 60], ..RenderOptions::default() };
    let draw = || FieldScene::new(&field).render(&camera, options);
    let first = draw();
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(first == one_thread.install(draw));
    assert!(first.pixels.iter().flatten().all(|x| x.is_finite() && *x >= 0.0));
    let covered = first.pixels.iter().filter(|p| p[3] > 0.5).count();
    assert!(covered > 90 * 60 / 8, "{covered} pixels show the object");
    assert_eq!(first.to_rgba8().len(), 90 * 60 * 4);
}

fn splat(position: Vec3, sigma: f32) -> Splat {
    Splat {
        position: position.into(),
        scale: [sigma, sigma, 0.01 * sigma],
        rotation: Quat::IDENTITY.into(),
        color: [200, 100, 50, 255],
        normal_oct: [0, 0],
        material: 0,
        reserved: 0,
    }
}

#[test]
fn a_splat_is_where_it_projects_and_as_wide_as_its_sigma() {
    let at = Vec3::new(0.2, 0.1, 0.0);
    let splats = [splat(at, 0.1)];
    let style = SplatStyle { low_pass_px2: 0.0, ..SplatStyle::default() };
    let image = SplatScene { splats: &splats, materials: &[] }.render(&front(2.0), flat(256, 1), &style);
    let pixel_per_metre = 128.0 / (2.0 * (0.4f32).tan());
    let (x, y) = (128.0 + at.x * pixel_per_metre, 128.0 - at.y * pixel_per_metre);
    let peak = image.pixels[y as usize * 256 + x as usize][3];
    assert!(peak > 0.97, "{peak}");
    let one_sigma = image.pixels[y as usize * 256 + (x + 0.1 * pixel_per_metre) as usize][3];
    assert!((one_sigma - (-0.5f32).exp()).abs() < 0.06, "{one_sigma}");
}

#[test]
fn broken_and_averted_splats_are_left_out() {
    let mut nan = splat(Vec3::ZERO, 0.1);
    nan.position[0] = f32::NAN;
    let mut huge = splat(Vec3::ZERO, 0.1);
    huge.scale[0] = f32::INFINITY;
    let mut averted = splat(Vec3::ZERO, 0.1);
    averted.rotation = Quat::from_rotation_y(std::f32::consts::PI).into();
    let splats = [nan, huge, averted, splat(Vec3::new(0.0, 0.0, 5.0), 0.1)];
    let image = SplatScene { splats: &splats, materials: &[] }.render(
        &front(2.0),
        flat(64, 1),
        &SplatStyle::default(),
    );
    assert!(image.pixels.iter().all(|p| p[3] == 0.0));
}

#[test]
fn nearer_splats_hide_farther_ones() {
    let mut near = splat(Vec3::new(0.0, 0.0, 0.5), 0.3);
    near.color = [0, 0, 0, 255];
    let splats = [splat(Vec3::ZERO, 0.3), near];
    let image = SplatScene { splats: &splats, materials: &[] }.render(
        &front(2.0),
        flat(64, 1),
        &SplatStyle::default(),
    );
    let middle = Vec3::from_slice(&image.pixels[32 * 64 + 32]);
    assert!(middle.distance(lights::flat(Vec3::ZERO, Vec3::Z)) < 0.02, "{middle}");
}

#[test]
fn the_noise_measure_knows_its_closed_forms() {
    let grey = |code: f32| Image::filled([4, 4], image::grey(code / 255.0).extend(1.0).into());
    assert_eq!(psnr_db(&grey(100.0), &grey(100.0)), Some(f32::INFINITY));
    // An error of one code everywhere: 20 log10(255).
    assert!((psnr_db(&grey(100.0), &grey(101.0)).unwrap() - 48.13).abs() < 0.01);
    assert_eq!(psnr_db(&grey(1.0), &Image::filled([2, 2], [0.0; 4])), None);
    let first = |n: usize| {
        let mut image = Image::filled([4, 1], [0.0; 4]);
        image.pixels[..n].fill([0.0, 0.0, 0.0, 1.0]);
        image
    };
    assert_eq!(mask_overlap(&first(1), &first(3)), [1, 3]);
}
