//! The volume against the field it samples.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::HashMap;

use gve_assets::{BRICK_CELLS, Lookup, Volume, VolumeView};
use gve_bake::{
    BakeError,
    volume::{self, BakedVolume, VolumeOptions},
};
use gve_sdf::{Evaluator, Field, Vec3};
use support::{field, smooth_union_of_64};

const CUT_BALL: &str = r#"{"op": "subtract", "children": [
    {"op": "sphere", "radius": 0.8, "material": "ASTM_A36"},
    {"op": "translate", "offset": [0.5, 0.4, 0.2],
     "child": {"op": "box", "half_extents": [0.5, 0.3, 0.4], "material": "WOOD_OAK"}}]}"#;
const STEEP: &str = r#"{"op": "twist", "rate_rad_per_m": 1.5,
    "child": {"op": "displace", "pattern": "sine", "amplitude": 0.02, "wavelength": 0.1,
              "child": {"op": "ellipsoid", "radii": [0.9, 0.3, 0.2]}}}"#;

fn bake(field: &Field, resolution: u32) -> Volume {
    volume::bake(field, resolution).unwrap().volume
}

fn within(field: &Field, resolution: u32, budget_bytes: u64) -> BakedVolume {
    volume::bake_watched(field, VolumeOptions { resolution, budget_bytes }, &()).unwrap()
}

/// Numbers between 0 and 1, scattered evenly.
fn scatter(i: u32) -> Vec3 {
    Vec3::from([0.754_877_7f32, 0.569_840_3, 0.362_4].map(|k| (i as f32 * k).fract()))
}

/// The bricks of a level with their places in it.
fn places(view: &VolumeView<'_>, level: usize) -> Vec<[u32; 3]> {
    let [bx, by, bz] = view.bricks;
    let grid = (0..bx * by * bz).map(|i| [i % bx, i / bx % by, i / (bx * by)]);
    let mut places: Vec<[u32; 3]> = grid.collect();
    for coarser in 0..level {
        let mut finer = vec![[0; 3]; view.levels()[coarser + 1].cells.len()];
        for (cell, at) in view.levels()[coarser].cells.iter().zip(places) {
            for child in cell.group().into_iter().flat_map(|group| (0..8).map(move |child| (group, child))) {
                let (group, child) = child;
                finer[(8 * group + child) as usize] =
                    [0, 1, 2].map(|axis| 2 * at[axis] + (child >> axis & 1));
            }
        }
        places = finer;
    }
    places
}

/// Calls `f` with the level, the place and the slot of every stored brick.
fn for_stored(view: &VolumeView<'_>, mut f: impl FnMut(usize, [u32; 3], u32)) {
    for level in 0..view.levels().len() {
        for (cell, at) in view.levels()[level].cells.iter().zip(places(view, level)) {
            if cell.is_stored() {
                f(level, at, cell.slot);
            }
        }
    }
}

fn sample_position(view: &VolumeView<'_>, level: usize, at: [u32; 3], local: [u32; 3]) -> Vec3 {
    let sample = [0, 1, 2].map(|axis| (at[axis] * BRICK_CELLS + local[axis]) as f32);
    Vec3::from(view.origin) + Vec3::from(sample) * view.cell_size_at(level)
}

/// Points on the surface, each with its unit normal.
fn surface_points(field: &Field, count: u32) -> Vec<(Vec3, Vec3)> {
    let mut evaluator = Evaluator::new(field);
    let root = evaluator.root();
    let bounds = field.bounds();
    let mut found = vec![];
    for i in 0..count {
        let mut p = bounds.min + scatter(i) * bounds.size();
        for _ in 0..40 {
            let g = evaluator.gradient(&root, p);
            p -= g.truncate() * g.w / g.truncate().length_squared().max(1e-6);
        }
        let g = evaluator.gradient(&root, p);
        if g.w.abs() < 1e-5 * bounds.size().max_element() {
            found.push((p, g.truncate().normalize_or_zero()));
        }
    }
    assert!(found.len() as u32 > count / 3, "{} of {count}", found.len());
    found
}

#[test]
fn every_sample_is_the_fields_own() {
    // All samples of all bricks.
    for field in [field(CUT_BALL), smooth_union_of_64(), field(STEEP)] {
        let volume = bake(&field, 64);
        let view = VolumeView::from(&volume);
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let mut levels = vec![0; view.levels().len()];
        for_stored(&view, |level, at, slot| {
            levels[level] += 1;
            let scale = view.levels()[level].scales[slot as usize];
            for i in 0..512 {
                let local = [i % 8, i / 8 % 8, i / 64];
                let p = sample_position(&view, level, at, local);
                let exact = evaluator.distance(&root, p);
                let texel = view.texel(slot, local);
                let stored = view.levels()[level].distances[texel].to_f32() * scale;
                // Half a unit in the last place of half precision.
                let slack = exact.abs() / 2048.0 + scale * 6e-8 + 1e-7;
                assert!((stored - exact).abs() <= slack, "{stored} for {exact} at {p}");
                let part = view.levels()[level].parts.get(texel).unwrap();
                let mut parts = [0];
                evaluator.parts(&root, &[p.x], &[p.y], &[p.z], &mut parts);
                assert_eq!(part, parts[0], "at {p}");
            }
        });
        assert!(levels.iter().all(|&count| count > 0) && levels.len() > 1, "{levels:?}");
    }
}

#[test]
fn each_level_holds_all_of_the_surface() {
    for (field, worst_allowed) in [(field(CUT_BALL), 0.6), (smooth_union_of_64(), 0.6)] {
        let volume = bake(&field, 64);
        let view = VolumeView::from(&volume);
        let wanted = field.bounds().size().max_element() / 59.0;
        let points = surface_points(&field, 6000);
        for levels in 1..=view.levels().len() {
            let view = view.first_levels(levels);
            // Down to the asked level the error shrinks with the cells, on edges too; it is never more than half a
            // cell of what is looked at.
            let cell = view.cell_size_at(levels - 1).max(wanted);
            let (mut worst, mut sum) = (0f32, 0f32);
            for &(p, _) in &points {
                let sample = view.sample(p.to_array()).unwrap();
                assert!(sample.stored, "nothing stored at {p} in {levels} levels");
                worst = worst.max(sample.distance.abs() / cell);
                sum += sample.distance.abs() / cell;
            }
            assert!(worst < worst_allowed, "{worst} cells off in {levels} levels");
            assert!(sum / (points.len() as f32) < 0.12, "{} cells off", sum / points.len() as f32);
        }
    }
}

#[test]
fn both_sides_of_the_surface_have_their_sign() {
    for field in [field(CUT_BALL), smooth_union_of_64()] {
        let volume = bake(&field, 64);
        let view = VolumeView::from(&volume);
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let bounds = field.bounds();
        let step = field.bounds().size().max_element() / 59.0;
        let mut near = 0;
        for i in 0..40_000 {
            let p = bounds.min + scatter(i) * bounds.size();
            let exact = evaluator.distance(&root, p);
            if exact.abs() < 0.5 * step {
                continue;
            }
            near += u32::from(exact.abs() < 2.0 * step);
            let sample = view.sample(p.to_array()).unwrap();
            assert_eq!(sample.distance.is_sign_negative(), exact < 0.0, "{exact} at {p}: {sample:?}");
        }
        assert!(near > 500, "{near}");
    }
}

#[test]
fn empty_bricks_promise_no_more_than_the_field_holds() {
    for field in [field(CUT_BALL), smooth_union_of_64()] {
        let volume = bake(&field, 56);
        let view = VolumeView::from(&volume);
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let (mut empty, mut useful) = (0, 0);
        for level in 0..view.levels().len() {
            let cell_size = view.cell_size_at(level);
            for (cell, at) in view.levels()[level].cells.iter().zip(places(&view, level)) {
                let Some(bound) = cell.bound() else { continue };
                useful += usize::from(bound.abs() > 0.2 * cell_size);
                empty += 1;
                for i in 0..64u32 {
                    let local = [0, 1, 2].map(|axis| (i >> (2 * axis) & 3) as f32 * BRICK_CELLS as f32 / 3.0);
                    let p = sample_position(&view, level, at, [0; 3]) + Vec3::from(local) * cell_size;
                    let exact = evaluator.distance(&root, p);
                    assert_eq!(exact < 0.0, bound.is_sign_negative(), "{p}");
                    assert!(bound.abs() <= exact.abs() * 1.0001 + 1e-6, "{bound} at {p}: {exact}");
                }
            }
        }
        assert!(useful * 2 > empty, "only {useful} of {empty} empty bricks say more than nothing");
    }
}

#[test]
fn the_stored_slope_is_bounded() {
    for field in [field(STEEP), field(CUT_BALL), smooth_union_of_64()] {
        let volume = bake(&field, 60);
        let view = VolumeView::from(&volume);
        let mut steepest = 0f32;
        for_stored(&view, |level, at, slot| {
            for i in 0..24u32 {
                let p = 6.98 * scatter(i + 31 * slot + at[0]);
                let slope = |axis: usize| {
                    // Within the cell, where the distance is straight along each axis.
                    let (mut low, mut high) = (p, p);
                    (low[axis], high[axis]) = (p[axis].floor(), p[axis].floor() + 0.99);
                    let [low, high] =
                        [low, high].map(|p| view.interpolate(level, slot, p.to_array()).unwrap());
                    (high - low) / (0.99 * view.cell_size_at(level))
                };
                steepest = steepest.max(Vec3::new(slope(0), slope(1), slope(2)).length());
            }
        });
        assert!(steepest <= view.lipschitz, "{steepest} above {}", view.lipschitz);
        assert!(steepest > 0.6 * view.lipschitz, "{steepest} far below {}", view.lipschitz);
    }
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    let thin = field(r#"{"op": "shell", "thickness": 0.01, "child": {"op": "sphere", "radius": 0.5}}"#);
    for (field, resolution) in [(smooth_union_of_64(), 70), (thin, 40)] {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| volume::bake(&field, resolution).unwrap())
        };
        let one = with(1);
        assert!(one == with(2) && one == with(5));
    }
}

#[test]
fn moving_one_part_leaves_the_samples_of_the_others() {
    let scene = |x: f32| {
        field(&format!(
            r#"{{"op": "union", "children": [
            {{"op": "translate", "offset": [-0.9, 0.3, 0.1], "child": {{"op": "box", "half_extents": [0.3, 0.21, 0.2]}}}},
            {{"op": "translate", "offset": [{x}, 0.2, -0.3], "child": {{"op": "sphere", "radius": 0.2}}}}]}}"#
        ))
    };
    // The longest side changes, and with it the number of bricks.
    let volumes = [bake(&scene(0.93), 64), bake(&scene(1.2), 64)];
    let bricks = volumes.each_ref().map(|volume| {
        let view = VolumeView::from(volume);
        let mut bricks: HashMap<[u32; 4], (u32, Vec<u16>)> = HashMap::new();
        for_stored(&view, |level, at, slot| {
            let corner = sample_position(&view, level, at, [0; 3]);
            if corner.x < -0.4 {
                let place = [corner.x, corner.y, corner.z, view.cell_size_at(level)].map(f32::to_bits);
                let samples = (0..512).map(|i| view.texel(slot, [i % 8, i / 8 % 8, i / 64]));
                let samples = samples.map(|i| view.levels()[level].distances[i].to_bits()).collect();
                bricks.insert(place, (view.levels()[level].scales[slot as usize].to_bits(), samples));
            }
        });
        bricks
    });
    assert!(bricks[0].len() > 30, "{}", bricks[0].len());
    assert!(bricks[0] == bricks[1], "{} and {} bricks", bricks[0].len(), bricks[1].len());
}

#[test]
fn distances_from_outside_give_the_same_volume() {
    let thin = field(r#"{"op": "shell", "thickness": 0.012, "child": {"op": "sphere", "radius": 0.5}}"#);
    for (field, resolution) in [(field(CUT_BALL), 40), (thin, 32)] {
        let native = volume::bake(&field, resolution).unwrap();
        let mut most = 0;
        for points in [1, 5000, volume::DEFAULT_POINTS_PER_CALL] {
            let mut evaluate = |points: &[[f32; 3]], out: &mut [f32]| {
                most = most.max(points.len());
                for (out, &p) in out.iter_mut().zip(points) {
                    *out = gve_sdf::interpret::distance(field.tape(), Vec3::from(p));
                }
                Ok(())
            };
            let options = VolumeOptions::new(resolution);
            let outside = volume::bake_with(&field, options, points, &mut evaluate, &()).unwrap();
            assert!(most <= points.max(512), "{most} points at once");
            assert!(native == outside, "{points}");
        }
    }
}

#[test]
fn what_is_no_number_is_refused_where_it_was_found() {
    let field = field(CUT_BALL);
    let mut spoiled = |points: &[[f32; 3]], out: &mut [f32]| {
        out.fill(1.0);
        out[points.len() - 7] = f32::NAN;
        Ok(())
    };
    let error = volume::bake_with(&field, VolumeOptions::new(24), 1024, &mut spoiled, &()).unwrap_err();
    assert!(matches!(error, BakeError::NotFinite { .. }), "{error}");
    let idle = volume::bake_with(&field, VolumeOptions::new(24), 1024, &mut |_, _| Ok(()), &());
    assert!(matches!(idle, Err(BakeError::NotFinite { .. })), "{idle:?}");
    let ended =
        volume::bake_with(&field, VolumeOptions::new(24), 1024, &mut |_, _| Err(BakeError::Cancelled), &());
    assert_eq!(ended, Err(BakeError::Cancelled));
}

/// Points half way through whatever has the distance of a thin sheet, found along the normals.
fn shown_share(field: &Field, volume: &Volume, thickness: f32, count: u32) -> f32 {
    let view = VolumeView::from(volume);
    let mut evaluator = Evaluator::new(field);
    let root = evaluator.root();
    let middles: Vec<Vec3> = surface_points(field, count)
        .into_iter()
        .map(|(p, normal)| p - 0.5 * thickness * normal)
        .filter(|&p| evaluator.distance(&root, p) < -0.45 * thickness)
        .collect();
    assert!(middles.len() as u32 > count / 4, "{}", middles.len());
    let shown =
        middles.iter().filter(|p| view.sample(p.to_array()).is_some_and(|s| s.stored && s.distance < 0.0));
    shown.count() as f32 / middles.len() as f32
}

#[test]
fn thin_parts_are_whole_within_the_budget() {
    let turned = |child: &str| {
        field(&format!(r#"{{"op": "rotate", "axis": [1, 2, 3], "angle_rad": 0.5, "child": {child}}}"#))
    };
    let cases = [
        (turned(r#"{"op": "cylinder", "radius": 0.01, "half_height": 1.0}"#), 0.02, 384),
        (turned(r#"{"op": "cylinder", "radius": 0.0005, "half_height": 0.5}"#), 0.001, 384),
        (turned(r#"{"op": "box", "half_extents": [0.5, 0.0025, 0.5]}"#), 0.005, 384),
        (
            field(r#"{"op": "shell", "thickness": 0.005, "child": {"op": "sphere", "radius": 0.5}}"#),
            0.005,
            128,
        ),
    ];
    for (case, (field, thickness, resolution)) in cases.iter().enumerate() {
        let baked = volume::bake(field, *resolution).unwrap();
        assert_eq!(baked.lacks, [], "case {case}");
        let share = shown_share(field, &baked.volume, *thickness, 3000);
        assert!(share == 1.0, "{share} of case {case} is shown");
        let bricks: usize = baked.volume.levels.iter().map(|level| level.scales.len()).sum();
        assert!(bricks * 1536 < 60 << 20, "{bricks} bricks of case {case}");
    }
}

#[test]
fn what_the_budget_does_not_pay_for_is_named() {
    let sheet = field(
        r#"{"op": "union", "children": [
        {"op": "sphere", "radius": 0.2},
        {"op": "rotate", "name": "Pane", "axis": [1, 2, 3], "angle_rad": 0.5,
         "child": {"op": "box", "half_extents": [0.5, 0.0005, 0.5]}}]}"#,
    );
    let baked = within(&sheet, 128, volume::DEFAULT_BUDGET_BYTES);
    let missing = baked.missing(&sheet);
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].path, "$.root_node.children[1]");
    assert!((missing[0].thickness_m - 0.001).abs() < 2e-5, "{missing:?}");
    let [warning] = &baked.warnings(&sheet)[..] else { panic!("one warning") };
    let parts = ["$.root_node.children[1] (Pane): ", " mm thick at (", "draw the shell", "larger budget"];
    assert!(parts.iter().all(|part| warning.contains(part)), "{warning}");
    let mut evaluator = Evaluator::new(&sheet);
    let root = evaluator.root();
    let depth = evaluator.distance(&root, Vec3::from(missing[0].place));
    assert!((depth + 0.0005).abs() < 5e-5, "{depth}");
    // A wire of the same thickness costs next to nothing, but not nothing.
    let wire = field(
        r#"{"op": "rotate", "axis": [1, 2, 3], "angle_rad": 0.5,
            "child": {"op": "cylinder", "radius": 0.0005, "half_height": 0.5}}"#,
    );
    assert_eq!(within(&wire, 128, 8 << 20).lacks, []);
    assert_eq!(within(&wire, 128, 0).lacks.len(), 1);
    let plain = within(&wire, 128, 0).volume.levels.len();
    assert!(within(&wire, 128, 8 << 20).volume.levels.len() > plain);
}

#[test]
fn a_sheet_that_lies_beside_a_side_of_the_bricks_is_found() {
    // From the ground up: without a sample in it, and no kink at the samples beside it.
    for (low, thickness) in [(0.0, 0.004), (1e-4, 0.004), (-0.0039, 0.004)] {
        let middle = low + 0.5 * thickness;
        let sheet = field(&format!(
            r#"{{"op": "translate", "offset": [0, {middle}, 0],
                "child": {{"op": "box", "half_extents": [0.5, {}, 0.5]}}}}"#,
            0.5 * thickness
        ));
        let baked = volume::bake(&sheet, 128).unwrap();
        assert!(baked.lacks.is_empty(), "{:?}", baked.lacks);
        assert!(shown_share(&sheet, &baked.volume, thickness, 2000) > 0.99);
    }
}

#[test]
fn a_lookup_ends_in_the_finest_brick_of_its_place() {
    let field = field(CUT_BALL);
    let volume = bake(&field, 64);
    let view = VolumeView::from(&volume);
    for (p, _) in surface_points(&field, 500) {
        let Lookup::Stored { brick, slot, .. } = view.lookup(p.to_array()) else { panic!("nothing at {p}") };
        let cell = view.levels()[brick.level].cells[brick.cell as usize];
        assert_eq!((cell.slot, cell.group()), (slot, None));
        let low = Vec3::from(brick.min);
        assert!((p - low).min_element() >= -1e-5 && (p - low).max_element() <= brick.side + 1e-5);
    }
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
fn sizes_and_places_are_right_or_refused() {
    let at = |offset: f64, radius: f64| {
        field(&format!(
            r#"{{"op": "translate", "offset": [{offset}, 0, 0], "child": {{"op": "sphere", "radius": {radius}}}}}"#
        ))
    };
    assert!(matches!(volume::bake(&at(9000.0, 0.001), 128), Err(BakeError::TooFarFromOrigin { .. })));
    for (offset, radius) in [(0.0, 1e-5), (0.3, 0.01), (9000.0, 100.0), (0.0, 400.0)] {
        let field = at(offset, radius);
        let volume = bake(&field, 64);
        let view = VolumeView::from(&volume);
        for i in 0..300 {
            let normal = (scatter(i) - 0.5).normalize();
            let p = Vec3::new(offset as f32, 0.0, 0.0) + normal * radius as f32;
            let sample = view.sample(p.to_array()).unwrap();
            let slack = 0.02 * radius as f32;
            assert!(sample.stored && sample.distance.abs() < slack, "{sample:?} on a ball of {radius} m");
        }
    }
}

#[test]
fn the_finest_resolution_stays_within_its_memory() {
    // A box fills its grid with as much surface as a simple body can have; nearly all of it is flat.
    let volume = bake(&field(r#"{"op": "box", "half_extents": [1.0, 1.0, 1.0]}"#), 512);
    let bricks: usize = volume.levels.iter().map(|level| level.scales.len()).sum();
    assert!(bricks < 20_000, "{bricks} bricks");
}
