//! Small parts of a thousandth of the longest side or more are in the mesh, wherever they lie on the grid.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells its figures")]

mod support;

use gve_bake::shell;
use gve_sdf::testing::Random;
use gve_types::limits::DEFAULT_VOLUME_RESOLUTION;
use support::{Faults, faults, field, pieces};

/// A box in the middle of the asset and balls in two corners of it, a metre apart along each axis.
const FRAME: &str = r#"{"op": "box", "half_extents": [0.1, 0.1, 0.1]},
    {"op": "sphere", "radius": 0.01, "center": [-0.49, -0.49, -0.49]},
    {"op": "sphere", "radius": 0.01, "center": [0.49, 0.49, 0.49]}"#;
const FRAME_PIECES: usize = 3;
/// Assets of 40 parts of each kind.
const SEEDS: u64 = 12;

/// Meshes parts at random places around the box. Returns how many are there, of how many.
fn found(part: &str, count: usize, seed: u64) -> [usize; 2] {
    found_of(|_| part.to_owned(), count, seed)
}

/// The same with parts that are made one by one.
fn found_of(part: impl Fn(&mut Random) -> String, count: usize, seed: u64) -> [usize; 2] {
    let mut random = Random::new(seed);
    let mut parts = String::new();
    // One in each of 4 by 4 by 4 boxes, so that none touch.
    let mut free: Vec<usize> = (0..64)
        .filter(|i| ![i % 4, i / 4 % 4, i / 16].map(|c| (1..3).contains(&c)).iter().all(|&b| b))
        .collect();
    for _ in 0..count {
        let i = free.swap_remove(random.below(free.len()));
        let at = [i % 4, i / 4 % 4, i / 16].map(|c| 0.24 * c as f32 - 0.46 + 0.2 * random.unit());
        let part = part(&mut random);
        parts += &format!(r#", {{"op": "translate", "offset": {at:?}, "child": {part}}}"#);
    }
    let shape = field(&format!(r#"{{"op": "union", "children": [{FRAME}{parts}]}}"#));
    let report = shell::generate(&shape, DEFAULT_VOLUME_RESOLUTION).unwrap();
    assert_eq!(faults(&report.shell), Faults::default(), "{seed}");
    let found = pieces(&report.shell);
    assert!(found.iter().all(|&piece| piece == 2), "{seed}: {found:?}");
    assert!(report.thin.is_empty(), "{seed}: {:?}", report.warnings());
    [found.len().saturating_sub(FRAME_PIECES), count]
}

#[test]
fn small_balls_wherever_they_are() {
    let mut lost = vec![];
    for radius in [0.00052f32, 0.0007, 0.001, 0.002] {
        for seed in 0..3 {
            let [there, of] = found(&format!(r#"{{"op": "sphere", "radius": {radius}}}"#), 40, seed);
            if there != of {
                lost.push(format!("{} of {of} balls of {radius} m, {seed}", of - there));
            }
        }
    }
    assert!(lost.is_empty(), "lost: {lost:#?}");
}

#[test]
fn small_cubes_and_pins() {
    for part in [
        r#"{"op": "rotate", "axis": [1, 2, 3], "angle_rad": 0.7, "child": {"op": "box", "half_extents": [0.0007, 0.0007, 0.0007]}}"#,
        r#"{"op": "rotate", "axis": [3, 2, 1], "angle_rad": 0.5, "child": {"op": "capsule", "radius": 0.0006, "half_height": 0.003}}"#,
    ] {
        let [there, of] = found(part, 40, 7);
        assert_eq!(there, of, "{part}");
    }
}

/// A part between one and four thousandths of the asset thick, turned somehow.
fn turned_part(kind: usize, random: &mut Random) -> String {
    // More of the smallest ones.
    let half = 0.00051 + 0.0015 * random.unit().powi(3);
    let shape = match kind {
        0 => format!(r#"{{"op": "sphere", "radius": {half}}}"#),
        1 => format!(r#"{{"op": "box", "half_extents": [{half}, {half}, {half}]}}"#),
        2 => format!(
            r#"{{"op": "capsule", "radius": {half}, "half_height": {}}}"#,
            half * (0.5 + 5.0 * random.unit())
        ),
        3 => format!(
            r#"{{"op": "cylinder", "radius": {}, "half_height": {half}}}"#,
            half * (1.0 + 3.0 * random.unit())
        ),
        _ => format!(
            r#"{{"op": "box", "half_extents": [{half}, {}, {}]}}"#,
            half * (1.0 + 3.0 * random.unit()),
            half * (1.0 + 3.0 * random.unit())
        ),
    };
    let axis = [0, 1, 2].map(|_| random.unit() - 0.5);
    let angle = 3.0 * random.unit();
    format!(r#"{{"op": "rotate", "axis": {axis:?}, "angle_rad": {angle}, "child": {shape}}}"#)
}

#[test]
fn turned_parts_of_every_kind() {
    let mut lost = vec![];
    for kind in 0..5 {
        for seed in 0..SEEDS {
            let [there, of] = found_of(|random| turned_part(kind, random), 40, 1000 + seed);
            if there != of {
                lost.push(format!("{} of {of} of kind {kind}, {seed}", of - there));
            }
        }
    }
    println!("lost: {lost:#?}");
    assert!(lost.is_empty(), "lost: {lost:#?}");
}
