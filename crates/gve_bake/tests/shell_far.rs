//! What stands far from the origin is there as it is near to it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells its figures")]

mod support;

use std::collections::BTreeSet;

use gve_bake::{shell, splats, volume};
use gve_sdf::{Field, Vec3};
use gve_types::limits::DEFAULT_VOLUME_RESOLUTION;
use support::{Faults, faults, field, pieces};

/// A plate of a metre, and a ball, a cube, a pin and a disc of 1 to 3 mm that touch nothing.
const PARTS: [&str; 5] = [
    r#"{"op": "box", "half_extents": [0.5, 0.01, 0.5]}"#,
    r#"{"op": "sphere", "radius": 0.0006, "center": [0.3, 0.2, 0.1]}"#,
    r#"{"op": "rotate", "axis": [1, 2, 3], "angle_rad": 0.7, "child":
        {"op": "box", "half_extents": [0.0006, 0.0006, 0.0006], "center": [-0.2, 0.2, 0.3]}}"#,
    r#"{"op": "translate", "offset": [0.1, 0.3, -0.35], "child":
        {"op": "rotate", "axis": [1, 0, 1], "angle_rad": 1.1, "child":
        {"op": "capsule", "radius": 0.0006, "half_height": 0.0015}}}"#,
    r#"{"op": "cylinder", "radius": 0.0015, "half_height": 0.0006, "center": [-0.4, 0.1, -0.3]}"#,
];

fn at(offset: [f32; 3]) -> Field {
    field(&format!(
        r#"{{"op": "translate", "offset": {offset:?}, "child": {{"op": "union", "children": [{}]}}}}"#,
        PARTS.join(",")
    ))
}

const FAR: [[f32; 3]; 4] = [[500.0, 0.0, 0.0], [300.0, -200.0, 350.0], [-17.3, 0.0, 40.1], [0.1, 900.0, 0.0]];

#[test]
fn small_parts_are_there_far_from_the_origin() {
    let near = shell::generate(&at([0.0; 3]), DEFAULT_VOLUME_RESOLUTION).unwrap();
    for offset in FAR {
        let report = shell::generate(&at(offset), DEFAULT_VOLUME_RESOLUTION).unwrap();
        assert_eq!(faults(&report.shell), Faults::default(), "{offset:?}");
        assert_eq!(pieces(&report.shell), [2; PARTS.len()], "{offset:?}");
        assert_eq!(report.warnings(), Vec::<String>::new(), "{offset:?}");
        let [here, there] = [&near, &report].map(|report| report.shell.indices.len() / 3);
        println!("{offset:?}: {there} triangles, {here} at the origin");
        assert!(there < here + here / 4, "{offset:?}: {there} triangles, {here} at the origin");
        // Nothing is off the surface by more than single precision says there and the mesh is off at the origin.
        let ulp = f32::EPSILON * offset.iter().fold(0.0f32, |most, x| most.max(x.abs()));
        let off = |report: &shell::ShellReport, offset: [f32; 3]| {
            let field = at([0.0; 3]);
            let mut evaluator = gve_sdf::Evaluator::new(&field);
            let root = evaluator.root();
            let moved = report.shell.positions.iter().map(|&p| Vec3::from(p) - Vec3::from(offset));
            moved.map(|p| evaluator.distance(&root, p).abs()).fold(0.0, f32::max)
        };
        let (most, allowed) = (off(&report, offset), 1.5 * off(&near, [0.0; 3]) + 2.0 * ulp);
        assert!(most < allowed, "{offset:?}: {most} m off, {allowed} m allowed");
    }
}

/// Whoever joins vertices by their place must not find other pieces: rounding leaves no two vertices in one place.
#[test]
fn no_two_points_are_rounded_to_one() {
    for offset in FAR {
        let shell = shell::generate(&at(offset), DEFAULT_VOLUME_RESOLUTION).unwrap().shell;
        let points = (0..shell.weld.len()).filter(|&i| shell.weld[i] as usize == i);
        let (mut places, mut count) = (BTreeSet::new(), 0);
        for i in points {
            places.insert(shell.positions[i].map(f32::to_bits));
            count += 1;
        }
        assert_eq!(count - places.len(), 0, "{offset:?}: of {count} points");
    }
}

#[test]
fn small_parts_have_splats_far_from_the_origin() {
    let middles =
        [[0.3, 0.2, 0.1], [0.1, 0.3, -0.35], [-0.4, 0.1, -0.3]].map(|middle: [f32; 3]| Vec3::from(middle));
    let counts = |offset: [f32; 3]| {
        let seeding = splats::seed_reported(&at(offset), 20_000, &()).unwrap();
        assert!(seeding.missing.is_empty(), "{offset:?}: {:?}", seeding.missing);
        middles.map(|middle| {
            let is_near = |splat: &&gve_assets::Splat| {
                (Vec3::from(splat.position) - Vec3::from(offset)).distance(middle) < 0.003
            };
            seeding.splats.iter().filter(is_near).count()
        })
    };
    let here = counts([0.0; 3]);
    println!("splats of the parts at the origin: {here:?}");
    for offset in FAR {
        // As many as at the origin, but for where the parts happen to lie on the lattice.
        let there = counts(offset);
        let is_right = here.iter().zip(there).all(|(&here, there)| there >= 2 && 5 * there >= here);
        assert!(is_right, "{offset:?}: {there:?} splats, {here:?} at the origin");
    }
}

/// The volume's samples are those of the field, wherever its origin is.
#[test]
fn volumes_agree_with_the_shell_far_from_the_origin() {
    for offset in FAR {
        let volume = volume::bake(&at(offset), DEFAULT_VOLUME_RESOLUTION).unwrap().volume;
        let brick = 7.0 * volume.cell_size;
        for axis in 0..3 {
            let bricks = volume.origin[axis] / brick;
            assert_eq!(bricks, bricks.round(), "{offset:?}: the grid begins at whole bricks");
            let [low, high] = [-0.5, 0.5].map(|side| offset[axis] + side);
            let end = volume.origin[axis] + brick * volume.bricks[axis] as f32;
            assert!(volume.origin[axis] <= low + 0.5 && end >= high - 0.5, "{offset:?}");
            assert!(end - volume.origin[axis] < 2.0, "{offset:?}");
        }
    }
}

#[test]
fn what_is_too_far_away_is_refused_by_name() {
    for offset in [[10_000.0, 0.0, 0.0], [0.0, -9000.0, 3000.0]] {
        let error = shell::generate(&at(offset), DEFAULT_VOLUME_RESOLUTION).unwrap_err().to_string();
        assert!(error.contains("too small for its distance from the origin"), "{error}");
    }
    let large = field(
        r#"{"op": "translate", "offset": [10000, 0, 0], "child": {"op": "union", "children": [
            {"op": "box", "half_extents": [20, 0.4, 20]},
            {"op": "sphere", "radius": 0.025, "center": [12, 8, 4]}]}}"#,
    );
    let report = shell::generate(&large, DEFAULT_VOLUME_RESOLUTION).unwrap();
    assert_eq!(faults(&report.shell), Faults::default());
    assert_eq!(pieces(&report.shell), [2, 2]);
}

/// Moving one part moves neither the origin nor a sample of the others.
#[test]
fn the_origin_stays_where_it_is_while_a_part_moves() {
    let with = |x: f32| {
        field(&format!(
            r#"{{"op": "translate", "offset": [500, 3, 0], "child": {{"op": "union", "children": [
                {{"op": "box", "half_extents": [0.5, 0.1, 0.5]}},
                {{"op": "sphere", "radius": 0.1, "center": [{x}, 0.3, 0]}}]}}}}"#
        ))
    };
    let origins: BTreeSet<String> =
        (0..20).map(|i| format!("{:?}", with(-0.38 + 0.04 * i as f32).near().1)).collect();
    assert_eq!(origins.len(), 1, "{origins:?}");
    assert!(with(0.0).near().0.bounds().center().length() < 16.0);
}
