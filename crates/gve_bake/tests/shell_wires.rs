//! Wires and bars of a thousandth of the longest side come out whole, however they lie on the grid.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells its figures")]

mod support;

use std::f32::consts::TAU;

use gve_bake::shell;
use gve_sdf::{Field, Vec3};
use gve_types::limits::DEFAULT_VOLUME_RESOLUTION;
use support::{Faults, faults, field, pieces};

/// Axes and angles that have nothing to do with the grid: spread evenly, from multiples of irrational numbers.
fn turns(count: u32) -> impl Iterator<Item = (Vec3, f32)> {
    (0..count).map(|i| {
        let scatter = |k: f32| ((i as f32 + 0.5) * k).fract();
        let (height, around) = (2.0 * scatter(0.618_034) - 1.0, TAU * scatter(0.754_877_7));
        let flat = (1.0 - height * height).sqrt();
        (Vec3::new(flat * around.cos(), height, flat * around.sin()), 3.0 * scatter(0.569_840_3))
    })
}

fn turned((axis, angle_rad): (Vec3, f32), child: &str) -> String {
    let [x, y, z] = axis.to_array();
    format!(r#"{{"op": "rotate", "axis": [{x}, {y}, {z}], "angle_rad": {angle_rad}, "child": {child}}}"#)
}

fn union(children: &[&str]) -> String {
    format!(r#"{{"op": "union", "children": [{}]}}"#, children.join(","))
}

/// Meshes a shape and compares its pieces with the truth. Returns what is wrong.
fn wrong(name: &str, shape: &Field, right: &[i64]) -> Option<String> {
    let report = shell::generate(shape, DEFAULT_VOLUME_RESOLUTION).unwrap();
    assert_eq!(faults(&report.shell), Faults::default(), "{name}");
    let found = pieces(&report.shell);
    let is_right = found == right && report.thin.is_empty();
    (!is_right).then(|| format!("{name}: pieces {found:?}, not {right:?}; {:?}", report.warnings()))
}

/// Fails with the names of those that are wrong.
fn all_right(wrong: impl IntoIterator<Item = Option<String>>) {
    let mut count = 0;
    let wrong: Vec<String> = wrong.into_iter().inspect(|_| count += 1).flatten().collect();
    println!("{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(wrong.len(), 0, "of {count}:\n{}", wrong.join("\n"));
}

const BALL: &str = r#"{"op": "sphere", "radius": 0.02}"#;

/// A part on a ball, turned in many ways.
fn on_a_ball(count: u32, part: &str) -> impl Iterator<Item = Option<String>> {
    turns(count).map(move |turn| {
        let shape = field(&turned(turn, &union(&[BALL, part])));
        wrong(&format!("{part} turned by {turn:?}"), &shape, &[2])
    })
}

#[test]
fn a_wire_of_a_thousandth_however_it_is_turned() {
    let wire = r#"{"op": "cylinder", "radius": 0.0005, "half_height": 0.495}"#;
    let turn = (Vec3::new(0.3, 0.2, 1.0), 0.7);
    let one = wrong("the first", &field(&turned(turn, &union(&[BALL, wire]))), &[2]);
    all_right(on_a_ball(14, wire).chain([one]));
}

#[test]
fn wires_that_are_thicker_up_to_a_cell_of_the_grid() {
    let wires = [0.0007f32, 0.001, 0.0014, 0.002, 0.0028, 0.004]
        .map(|radius| format!(r#"{{"op": "cylinder", "radius": {radius}, "half_height": 0.49}}"#));
    all_right(wires.iter().flat_map(|wire| on_a_ball(4, wire)));
}

#[test]
fn bars_and_capsules() {
    let bars =
        [(0.0005f32, 0.0005f32), (0.00055, 0.0005), (0.0006, 0.0006), (0.0005, 0.002), (0.0006, 0.004)]
            .map(|(a, b)| format!(r#"{{"op": "box", "half_extents": [{a}, 0.495, {b}]}}"#));
    let capsule = r#"{"op": "capsule", "radius": 0.0005, "half_height": 0.495}"#;
    all_right(bars.iter().flat_map(|bar| on_a_ball(5, bar)).chain(on_a_ball(5, capsule)));
}

#[test]
fn rings() {
    let ring = r#"{"op": "torus", "major_radius": 0.495, "minor_radius": 0.0005}"#;
    all_right(turns(5).map(|turn| wrong(&format!("ring {turn:?}"), &field(&turned(turn, ring)), &[0])));
}

#[test]
fn aerials_on_a_large_ball() {
    // Also one that grows out of it at a flat angle.
    let ball = r#"{"op": "sphere", "radius": 0.2}"#;
    let aerials = [0.0, 0.19].map(|beside: f32| {
        format!(
            r#"{{"op": "translate", "offset": [{beside}, 0.4, 0],
                "child": {{"op": "cylinder", "radius": 0.0005, "half_height": 0.4}}}}"#
        )
    });
    all_right(aerials.iter().flat_map(|aerial| {
        let body = union(&[ball, aerial]);
        turns(3).map(move |turn| {
            wrong(&format!("{aerial} turned by {turn:?}"), &field(&turned(turn, &body)), &[2])
        })
    }));
}

#[test]
fn wires_that_leave_a_ball_at_a_flat_angle() {
    let ball = r#"{"op": "sphere", "radius": 0.2}"#;
    let shapes = [0.19f32, 0.195, 0.199].map(|beside| {
        let wire = r#"{"op": "cylinder", "radius": 0.0005, "half_height": 0.36}"#;
        union(&[ball, &format!(r#"{{"op": "translate", "offset": [{beside}, 0.36, 0], "child": {wire}}}"#)])
    });
    all_right(shapes.iter().flat_map(|shape| {
        turns(15).map(move |turn| {
            wrong(&format!("{shape} turned by {turn:?}"), &field(&turned(turn, shape)), &[2])
        })
    }));
}

/// All cells that the wire passes are cells of the plate too, or next to them.
#[test]
fn wires_beside_a_plate() {
    let plate = r#"{"op": "box", "half_extents": [0.1, 0.495, 0.01]}"#;
    let beside = |gap: f32| {
        let wire = r#"{"op": "cylinder", "radius": 0.0005, "half_height": 0.49}"#;
        let from = 0.0105 + gap;
        union(&[plate, &format!(r#"{{"op": "translate", "offset": [0.03, 0, {from}], "child": {wire}}}"#)])
    };
    let shapes: Vec<String> = [0.0015f32, 0.003, 0.005, 0.008].map(beside).to_vec();
    let still = (Vec3::Y, 0.0);
    all_right(shapes.iter().flat_map(|shape| {
        (turns(15).chain([still])).map(move |turn| {
            wrong(&format!("{shape} turned by {turn:?}"), &field(&turned(turn, shape)), &[2, 2])
        })
    }));
}

#[test]
fn bent_wires_and_spokes() {
    let wire = r#"{"op": "rotate", "axis": [0, 0, 1], "angle_rad": 1.5707963,
        "child": {"op": "capsule", "radius": 0.0005, "half_height": 0.49}}"#;
    let bent = format!(r#"{{"op": "bend", "curvature_per_m": 2.5, "child": {wire}}}"#);
    // Twelve spokes join a ball and a ring.
    let spoke = r#"{"op": "translate", "offset": [0.25, 0, 0], "child": {"op": "rotate", "axis": [0, 0, 1],
        "angle_rad": 1.5707963, "child": {"op": "cylinder", "radius": 0.0005, "half_height": 0.2}}}"#;
    let wheel = union(&[
        r#"{"op": "sphere", "radius": 0.1}"#,
        r#"{"op": "torus", "major_radius": 0.45, "minor_radius": 0.02}"#,
        &format!(r#"{{"op": "polar_repeat", "count": 12, "child": {spoke}}}"#),
    ]);
    all_right(turns(3).flat_map(|turn| {
        [
            wrong(&format!("bent by {turn:?}"), &field(&turned(turn, &bent)), &[2]),
            wrong(&format!("wheel turned by {turn:?}"), &field(&turned(turn, &wheel)), &[2 - 2 * 12]),
        ]
    }));
}

/// A bar that is thinner than a thousandth one way and wider the other is whole or reported, along the axes too.
#[test]
fn flat_bars_that_are_too_thin_are_whole_or_reported() {
    let (mut whole, mut count) = (0, 0);
    for [a, b] in [[0.3f32, 0.9], [0.3, 0.5], [0.3, 1.5], [0.35, 0.7], [0.4, 0.9], [0.45, 0.6], [0.3, 2.5]] {
        for along in 0..3 {
            for by in [0.0f32, 0.0013, 0.0037] {
                let mut half = [a * 1e-3, b * 1e-3, 0.5];
                half.rotate_right(along);
                let bar = format!(r#"{{"op": "box", "half_extents": {half:?}}}"#);
                let name = format!("{bar} at {by}");
                let shape = format!(
                    r#"{{"op": "translate", "offset": [{by}, {by}, {by}], "child": {}}}"#,
                    union(&[BALL, &bar])
                );
                let report = shell::generate(&field(&shape), DEFAULT_VOLUME_RESOLUTION).unwrap();
                assert_eq!(faults(&report.shell), Faults::default(), "{name}");
                let found = pieces(&report.shell);
                let reach = report.shell.positions.iter().map(|&p| (Vec3::from(p) - by).abs().max_element());
                let reach = reach.fold(0.0, f32::max);
                let is_whole = found == [2] && reach > 0.499;
                count += 1;
                whole += usize::from(is_whole);
                assert!(is_whole || !report.thin.is_empty(), "{name}: {found:?}, {reach}");
            }
        }
    }
    println!("{whole} of {count} are whole");
}

/// Wires thinner than what is promised are whole, or reported with their node, a place on them and their thickness.
#[test]
fn wires_that_are_too_thin_are_whole_or_reported() {
    let (mut whole, mut count) = (0, 0);
    for radius in [0.0001f32, 0.00018, 0.0003] {
        let wire =
            format!(r#"{{"op": "cylinder", "name": "wire", "radius": {radius}, "half_height": 0.495}}"#);
        for turn in turns(4) {
            let name = format!("{wire} turned by {turn:?}");
            let report =
                shell::generate(&field(&turned(turn, &union(&[BALL, &wire]))), DEFAULT_VOLUME_RESOLUTION)
                    .unwrap();
            assert_eq!(faults(&report.shell), Faults::default(), "{name}");
            let found = pieces(&report.shell);
            let reach = report.shell.positions.iter().map(|&p| Vec3::from(p).length()).fold(0.0, f32::max);
            count += 1;
            if found == [2] && reach > 0.494 {
                whole += 1;
                continue;
            }
            assert!(!report.thin.is_empty(), "{name}: {found:?}, {reach}");
            let axis = gve_sdf::Quat::from_axis_angle(turn.0.normalize(), turn.1) * Vec3::Y;
            for thin in &report.thin {
                assert!(thin.node.ends_with("(wire)"), "{name}: {thin:?}");
                let off = thin.position.reject_from_normalized(axis).length();
                assert!(off < radius, "{name}: {thin:?} is {off} m off the wire");
                let share = thin.thickness_m / (2.0 * radius);
                assert!((0.5..1.1).contains(&share), "{name}: {thin:?}");
            }
        }
    }
    println!("{whole} of {count} are whole");
    assert!(whole < count, "nothing had to be reported");
}
