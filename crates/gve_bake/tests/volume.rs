//! The volume against the field it samples.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use gve_assets::{BRICK_CELLS, BRICK_SAMPLES, BrickCell, Volume};
use gve_bake::{BakeError, volume};
use gve_sdf::{Evaluator, Field, Vec3};
use support::{field, smooth_union_of_64};

const CUT_BALL: &str = r#"{"op": "subtract", "children": [
    {"op": "sphere", "radius": 0.8, "material": "ASTM_A36"},
    {"op": "translate", "offset": [0.5, 0.4, 0.2],
     "child": {"op": "box", "half_extents": [0.5, 0.3, 0.4], "material": "WOOD_OAK"}}]}"#;

fn sample_position(volume: &Volume, sample: [u32; 3]) -> Vec3 {
    Vec3::from(volume.origin) + Vec3::from_array(sample.map(|i| i as f32)) * volume.cell_size
}

/// Place in the atlas of a brick's sample.
fn texel(volume: &Volume, slot: u32, local: [u32; 3]) -> usize {
    let [ax, ay, _] = volume.atlas_bricks;
    let corner = [slot % ax, slot / ax % ay, slot / (ax * ay)];
    let [x, y, z] = [0, 1, 2].map(|i| (corner[i] * BRICK_SAMPLES + local[i]) as usize);
    let (width, height) = ((ax * BRICK_SAMPLES) as usize, (ay * BRICK_SAMPLES) as usize);
    x + width * (y + height * z)
}

fn bricks(volume: &Volume) -> impl Iterator<Item = ([u32; 3], BrickCell)> {
    let [bx, by, _] = volume.bricks;
    volume.grid.iter().enumerate().map(move |(i, cell)| {
        let i = i as u32;
        ([i % bx, i / bx % by, i / (bx * by)], *cell)
    })
}

/// The interpolated distance at a point, where a brick holds it.
fn interpolate(volume: &Volume, p: Vec3) -> Option<f32> {
    let cells = (p - Vec3::from(volume.origin)) / volume.cell_size;
    let cell = cells.floor().as_uvec3();
    let at = cell / BRICK_CELLS;
    let index = at.x + volume.bricks[0] * (at.y + volume.bricks[1] * at.z);
    let brick = volume.grid.get(index as usize).filter(|brick| brick.slot != BrickCell::EMPTY)?;
    let (local, t) = (cell % BRICK_CELLS, cells - cells.floor());
    Some((0..8u32).fold(0.0, |sum, corner| {
        let o = [corner & 1, corner >> 1 & 1, corner >> 2];
        let weight: f32 = (0..3).map(|i| if o[i] == 1 { t[i] } else { 1.0 - t[i] }).product();
        let value = volume.distances[texel(volume, brick.slot, [0, 1, 2].map(|i| local[i] + o[i]))];
        sum + weight * value.to_f32()
    }))
}

fn check_samples(field: &Field, volume: &Volume) {
    let mut evaluator = Evaluator::new(field);
    let root = evaluator.root();
    let mut kept = 0;
    for (at, brick) in bricks(volume).filter(|(_, brick)| brick.slot != BrickCell::EMPTY) {
        kept += 1;
        for local in [[0, 0, 0], [7, 7, 7], [3, 5, 1], [7, 0, 4], [2, 6, 7]] {
            let p = sample_position(volume, [0, 1, 2].map(|i| at[i] * BRICK_CELLS + local[i]));
            let (exact, i) = (evaluator.distance(&root, p), texel(volume, brick.slot, local));
            let stored = volume.distances[i].to_f32();
            // Half a unit in the last place of half precision.
            assert!((stored - exact).abs() <= exact.abs() / 2048.0 + 1e-7, "{stored} for {exact} at {p}");
            assert_eq!(volume.materials[i], evaluator.material(&root, p));
        }
    }
    assert!(kept > 0);
}

#[test]
fn samples_are_the_fields_own() {
    for field in [field(CUT_BALL), smooth_union_of_64()] {
        check_samples(&field, &volume::bake(&field, 40).unwrap());
    }
}

#[test]
fn the_grid_has_the_cells_that_were_asked_for_and_a_margin() {
    for resolution in [8, 33, 64, 128] {
        let field = field(r#"{"op": "box", "half_extents": [1.0, 0.8, 0.7]}"#);
        let volume = volume::bake(&field, resolution).unwrap();
        let margin = (field.bounds().min - Vec3::from(volume.origin)) / volume.cell_size;
        assert!(margin.min_element() >= 2.0, "{margin}");
        let cells = Vec3::from_array(volume.bricks.map(|i| (i * BRICK_CELLS) as f32));
        let margin = cells - (field.bounds().max - Vec3::from(volume.origin)) / volume.cell_size;
        assert!(margin.min_element() >= 2.0, "{margin}");
        let longest = field.bounds().size().x / volume.cell_size;
        assert!((longest - (resolution as f32 - 5.0)).abs() < 0.01, "{longest} of {resolution}");
        assert_eq!(volume.bricks[0], resolution.div_ceil(BRICK_CELLS));
    }
}

#[test]
fn near_the_surface_every_sample_is_there_and_interpolation_is_close() {
    let field = field(CUT_BALL);
    let volume = volume::bake(&field, 64).unwrap();
    let mut evaluator = Evaluator::new(&field);
    let root = evaluator.root();
    let (mut worst, mut checked) = (0f32, 0);
    for i in 0..20_000u32 {
        let scatter = [0.754_877_7f32, 0.569_840_3, 0.362_4].map(|k| 2.0 * (i as f32 * k).fract() - 1.0);
        let p = 0.85 * Vec3::from(scatter);
        let exact = evaluator.distance(&root, p);
        if exact.abs() < 1.2 * volume.cell_size {
            let stored =
                interpolate(&volume, p).unwrap_or_else(|| panic!("no samples at {p}, {exact} m off"));
            worst = worst.max((stored - exact).abs() / volume.cell_size);
            checked += 1;
        }
    }
    assert!(checked > 300, "{checked}");
    // On the sharp edges of the cut; elsewhere it is a hundredth.
    assert!(worst < 0.5, "{worst} cells");
}

#[test]
fn empty_bricks_promise_no_more_than_the_field_holds() {
    for field in [field(CUT_BALL), smooth_union_of_64()] {
        let volume = volume::bake(&field, 56).unwrap();
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let (mut positive, mut useful) = (0, 0);
        for (at, brick) in bricks(&volume) {
            if brick.slot != BrickCell::EMPTY {
                assert_eq!(brick.distance, 0.0);
                continue;
            }
            useful += usize::from(brick.distance.abs() > 0.5 * volume.cell_size);
            positive += 1;
            for i in 0..64u32 {
                let local = [0, 1, 2].map(|axis| (i >> (2 * axis) & 3) as f32 * BRICK_CELLS as f32 / 3.0);
                let p = Vec3::from(volume.origin)
                    + (Vec3::from_array(at.map(|i| (i * BRICK_CELLS) as f32)) + Vec3::from(local))
                        * volume.cell_size;
                let exact = evaluator.distance(&root, p);
                assert_eq!(exact < 0.0, brick.distance.is_sign_negative(), "{p}");
                // The field itself is never above the true distance times its bound.
                assert!(
                    brick.distance.abs() <= exact.abs() * 1.0001 + 1e-6,
                    "{} at {p}: {exact}",
                    brick.distance
                );
            }
        }
        assert!(useful * 2 > positive, "only {useful} of {positive} empty bricks say more than nothing");
    }
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    let field = smooth_union_of_64();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| volume::bake(&field, 70).unwrap())
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(5));
}

#[test]
fn a_bad_resolution_is_refused() {
    let field = field(r#"{"op": "sphere", "radius": 1.0}"#);
    for found in [0, 7, 513, u32::MAX] {
        let error = volume::bake(&field, found).unwrap_err();
        assert_eq!(error, BakeError::Resolution { found, range: 8..=512 });
        assert!(error.to_string().contains("8 to 512"), "{error}");
    }
}

#[test]
fn a_small_thing_far_away_is_refused() {
    let field = field(
        r#"{"op": "translate", "offset": [9000.0, 0.0, 0.0], "child": {"op": "sphere", "radius": 0.001}}"#,
    );
    assert!(matches!(volume::bake(&field, 128), Err(BakeError::TooFarFromOrigin { .. })));
}

#[test]
fn the_finest_resolution_stays_within_its_memory() {
    // A box fills its grid with as much surface as a simple body can have.
    let field = field(r#"{"op": "box", "half_extents": [1.0, 1.0, 1.0]}"#);
    let volume = volume::bake(&field, 512).unwrap();
    let bytes = volume.distances.len() * 3 + volume.grid.len() * 8;
    assert!(bytes < 128 << 20, "{} MiB", bytes >> 20);
}

#[test]
fn the_stored_slope_of_a_steep_field_is_bounded() {
    let steep = field(
        r#"{"op": "twist", "rate_rad_per_m": 1.5,
            "child": {"op": "displace", "pattern": "sine", "amplitude": 0.02, "wavelength": 0.1,
                      "child": {"op": "ellipsoid", "radii": [0.9, 0.3, 0.2]}}}"#,
    );
    for resolution in [40, 100] {
        let (field, volume) = (&steep, volume::bake(&steep, resolution).unwrap());
        assert!(volume.lipschitz >= 1.0 && volume.lipschitz <= field.lipschitz());
        let (mut steepest, step) = (0f32, 0.01 * volume.cell_size);
        for i in 0..60_000u32 {
            let scatter = [0.754_877_7f32, 0.569_840_3, 0.362_4].map(|k| (i as f32 * k).fract());
            let p = field.bounds().min + Vec3::from(scatter) * field.bounds().size();
            let Some(here) = interpolate(&volume, p) else { continue };
            for axis in [Vec3::X, Vec3::Y, Vec3::Z, Vec3::ONE.normalize()] {
                // Both ends in one brick: the bound is on what a brick holds.
                let cell = |p: Vec3| ((p - Vec3::from(volume.origin)) / volume.cell_size).floor();
                let q = p + step * axis;
                if cell(q) == cell(p) {
                    steepest = steepest.max((interpolate(&volume, q).unwrap() - here).abs() / step);
                }
            }
        }
        // Differences of numbers that are rounded themselves.
        assert!(
            steepest > 0.5 && steepest <= volume.lipschitz * 1.01,
            "{steepest} over {}",
            volume.lipschitz
        );
    }
}
