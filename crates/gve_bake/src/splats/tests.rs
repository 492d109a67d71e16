#![allow(clippy::unwrap_used, reason = "a test may panic")]

use glam::{Quat, Vec3};
use gve_sdf::Evaluator;

use super::*;
use crate::{
    render::SplatStyle,
    test_recipes::{STILL_LIFE, field},
};

const TURNED_BOX: &str = r#"{"op": "rotate", "axis": [1, 2, 0.5], "angle_rad": 0.7,
    "child": {"op": "box", "half_extents": [0.5, 0.3, 0.4]}}"#;
const RING: &str = r#"{"op": "torus", "major_radius": 0.4, "minor_radius": 0.15}"#;

/// The spacing that even splats of this number have on a surface of this area.
fn spacing(splats: &[Splat]) -> f32 {
    let mut scales: Vec<f32> = splats.iter().map(|s| s.scale[1]).collect();
    scales.sort_by(f32::total_cmp);
    scales[scales.len() / 2] / shape::SIGMA_PER_CELL
}

#[test]
fn seeded_splats_look_like_the_field() {
    for root in [STILL_LIFE, TURNED_BOX, RING] {
        let field = field(root);
        // As many per pixel as 100,000 have at 256².
        let splats = seed(&field, 25_000).unwrap();
        let views = held_out_views(field.bounds(), 8);
        let quality = evaluate(&field, &splats, &SplatStyle::default(), &views, 128);
        assert!(quality.mean_psnr_db >= 30.0, "{quality:?}");
        assert!(quality.silhouette_iou >= 0.97, "{quality:?}");
    }
}

#[test]
fn a_prefix_is_a_coarser_picture() {
    let field = field(STILL_LIFE);
    let splats = seed(&field, 40_000).unwrap();
    let views = held_out_views(field.bounds(), 4);
    let mut last = f32::INFINITY;
    for (share, least) in [(1, 30.0), (4, 27.0), (16, 23.0)] {
        let prefix = &splats[..splats.len() / share];
        let style = SplatStyle::for_prefix(prefix.len(), splats.len());
        let quality = evaluate(&field, prefix, &style, &views, 128);
        assert!(quality.mean_psnr_db >= least && quality.mean_psnr_db <= last, "1/{share}: {quality:?}");
        last = quality.mean_psnr_db;
    }
}

#[test]
fn splats_lie_on_the_surface_and_face_out() {
    let field = field(STILL_LIFE);
    let splats = seed(&field, 10_000).unwrap();
    let step = spacing(&splats);
    let mut evaluator = Evaluator::new(&field);
    let root = evaluator.root();
    for splat in &splats {
        let value = evaluator.gradient(&root, splat.position.into());
        assert!(value.w.abs() < 0.1 * step, "{} m off the surface: {splat:?}", value.w);
        let rotation = Quat::from_array(splat.rotation);
        assert!(rotation.is_normalized());
        let normal = rotation * Vec3::Z;
        assert!(decoded(splat.normal_oct).dot(normal) > 0.999, "{splat:?}");
        assert!(splat.scale.iter().all(|&s| s > 0.0 && s < 2.0 * step), "{splat:?}");
        assert!(splat.scale[2] < 0.2 * splat.scale[0] && splat.color[3] == 255);
        assert!(usize::from(splat.material) < field.materials().len());
    }
}

/// The unit vector of two octahedral bytes.
fn decoded(oct: [i8; 2]) -> Vec3 {
    let [x, y] = oct.map(|code| f32::from(code) / 127.0);
    let z = 1.0 - x.abs() - y.abs();
    let fold = (-z).max(0.0);
    Vec3::new(x - fold.copysign(x), y - fold.copysign(y), z).normalize()
}

#[test]
fn no_part_of_the_surface_is_bare() {
    let field = field(RING);
    let splats = seed(&field, 6000).unwrap();
    let step = spacing(&splats);
    for i in 0..40 {
        for j in 0..20 {
            let (a, b) = (i as f32 * 0.157, j as f32 * 0.314);
            let r = 0.4 + 0.15 * b.cos();
            let p = Vec3::new(r * a.cos(), 0.15 * b.sin(), r * a.sin());
            let nearest = splats.iter().map(|s| p.distance(s.position.into())).fold(f32::INFINITY, f32::min);
            assert!(nearest < 1.5 * step, "nothing within {nearest} of {p}, spacing {step}");
        }
    }
}

#[test]
fn a_wall_thinner_than_the_spacing_has_two_sides() {
    let field = field(r#"{"op": "box", "half_extents": [0.5, 0.001, 0.4]}"#);
    let splats = seed(&field, 4000).unwrap();
    let facing =
        |sign: f32| splats.iter().filter(|s| (Quat::from_array(s.rotation) * Vec3::Z).y * sign > 0.9).count();
    assert!(facing(1.0) > 1500 && facing(-1.0) > 1500, "{} up, {} down", facing(1.0), facing(-1.0));
}

#[test]
fn the_count_is_a_limit_that_is_nearly_reached() {
    let field = field(STILL_LIFE);
    for count in [1, 100, 3000, 30_000] {
        let found = seed(&field, count).unwrap().len();
        assert!(found <= count as usize && found >= 1, "{found} of {count}");
        assert!(count < 3000 || found as f32 >= ENOUGH * count as f32, "{found} of {count}");
    }
    for count in [0, MAX_SPLATS + 1] {
        assert!(matches!(seed(&field, count), Err(BakeError::SplatCount { .. })));
    }
}

#[test]
fn the_same_field_gives_the_same_splats() {
    let field = field(STILL_LIFE);
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(seed(&field, 5000).unwrap() == one_thread.install(|| seed(&field, 5000)).unwrap());
}
