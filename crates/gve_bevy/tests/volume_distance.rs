//! Which level of a volume is marched at which distance.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Instant;

use bevy::prelude::*;
use common::{
    asset::{Shape, asset_with, material, tree},
    stage::Stage,
    *,
};
use gve_assets::{PartIds, Volume};
use gve_bevy::prelude::*;

/// Metres that a pixel is wide at a metre's distance.
const PIXEL: f32 = 2.0 * 0.414_213_57 / SIZE as f32;

/// A ball that is red where level 0 is marched, green in level 1, blue in level 2.
fn traffic_light() -> GveAsset {
    let shape = Shape {
        parts: vec![0, 1, 2],
        materials: [[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(|color| material(color, 0.0, 1.0)).to_vec(),
        ..Shape::sphere(1.0, material([0; 3], 0.0, 1.0))
    };
    let mut volume = tree(&shape, 20, 3, |_| true);
    for (number, level) in volume.levels.iter_mut().enumerate() {
        if let PartIds::U8(ids) = &mut level.parts {
            ids.fill(number as u8);
        }
    }
    asset_with(&shape, volume)
}

/// How many pixels are rather red, green and blue.
fn levels(picture: &Picture) -> [usize; 3] {
    [0, 1, 2].map(|level| {
        let is_most =
            |p: &[u8; 3]| (0..3).all(|c| c == level || 3 * u16::from(p[level]) > 5 * u16::from(p[c]));
        picture.pixels().filter(|p| p[level] > 20 && is_most(p)).count()
    })
}

/// A level is left out when the one before has cells that are no wider than a pixel.
#[test]
fn what_is_far_is_marched_in_coarse_levels() {
    let mut stage = Stage::new(Msaa::Off);
    stage.app.insert_resource(GlobalAmbientLight { brightness: 3000.0, ..default() });
    stage.object(traffic_light(), Transform::default());
    let cell = 2.0 / 20.0;
    let mut expect = |name: &str, level: usize, pixels_per_cell_0: f32, scale: Vec3| {
        let object = stage.objects[0];
        stage.app.world_mut().entity_mut(object).insert(Transform::from_scale(scale));
        let distance = cell / (pixels_per_cell_0 * PIXEL) + 1.0;
        stage.look_from(Vec3::new(0.0, 0.0, distance));
        let picture = stage.shoot(GveRepresentation::Volume);
        picture.keep(&format!("distance_{name}"));
        let found = levels(&picture);
        let all: usize = found.iter().sum();
        // The outline of a ball, as it is seen from there.
        let wanted = std::f32::consts::PI / (PIXEL * PIXEL * (distance * distance - 1.0));
        assert!(
            (0.9..1.1).contains(&(picture.covered() as f32 / wanted)),
            "{name}: {} pixels, {wanted} wanted",
            picture.covered()
        );
        assert!(found[level] * 100 >= 98 * all && all > 100, "{name}: levels {found:?}");
    };
    // A camera at this distance sees the front of the ball a little nearer than its middle.
    expect("near", 2, 8.0, Vec3::ONE);
    expect("cells_of_level_1_are_larger_than_pixels", 2, 2.5, Vec3::ONE);
    expect("cells_of_level_1_are_pixels", 1, 1.7, Vec3::ONE);
    expect("cells_of_level_0_are_pixels", 0, 0.85, Vec3::ONE);
    // Flat along the ray: what counts is how wide a pixel is, not how long.
    expect("flat", 2, 2.5, Vec3::new(1.0, 1.0, 0.1));
    expect("flat_and_far", 1, 1.7, Vec3::new(1.0, 1.0, 0.1));
}

/// For the eye and for people who measure: `GVE_MEASURE=1`.
#[test]
fn many_far_volumes() {
    let mut stage = Stage::new(Msaa::Off);
    stage.app.insert_resource(GlobalAmbientLight { brightness: 3000.0, ..default() });
    let shape = Shape::cube(0.8, 0.1, material([200, 120, 40], 0.0, 0.5));
    let volume: Volume = tree(&shape, 12, 4, |_| true);
    let asset = asset_with(&shape, volume);
    for i in 0..36_u32 {
        let place = Vec3::new((i % 6) as f32 - 2.5, 0.0, (i / 6) as f32 - 2.5) * 0.4;
        let turn = Quat::from_rotation_y(i as f32);
        stage.object(
            asset.clone(),
            Transform::from_translation(place).with_rotation(turn).with_scale(Vec3::splat(0.16)),
        );
    }
    stage.look_from(Vec3::new(0.0, 2.0, 3.0));
    let picture = stage.shoot(GveRepresentation::Volume);
    picture.keep("distance_many");
    assert!(picture.covered() > 2_000);
    if std::env::var_os("GVE_MEASURE").is_some() {
        let started = Instant::now();
        for i in 0..40 {
            stage.look_from(Vec3::new(0.01 * i as f32, 2.0, 3.0));
            read(&mut stage.app, &stage.target.clone());
        }
        eprintln!("{:.1} ms a frame", started.elapsed().as_secs_f64() * 1e3 / 40.0);
    }
}
