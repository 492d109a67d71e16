//! Tips and chamfers: the mesh reaches what is sharp and does not go beyond it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells its figures")]

mod support;

use gve_bake::shell::{self, ShellReport};
use gve_sdf::{Field, Vec3};
use gve_types::limits::DEFAULT_VOLUME_RESOLUTION;
use support::{Faults, faults, field, pieces};

/// How far from a tip's corner the nearest vertex may be, in the finest cells: tips of 5 degrees end between the cells' edges.
const MAX_TIP_CELLS: f32 = 2.5;

fn mesh(field: &Field) -> ShellReport {
    let report = shell::generate(field, DEFAULT_VOLUME_RESOLUTION).unwrap();
    assert_eq!(faults(&report.shell), Faults::default());
    report
}

/// The smallest cells are no larger than this: half of the thinnest part that is drawn whole.
fn finest_m(field: &Field) -> f32 {
    0.5e-3 * field.bounds().size().max_element()
}

/// Distance from a place to the nearest vertex.
fn nearest_m(report: &ShellReport, place: Vec3) -> f32 {
    report.shell.positions.iter().map(|&p| place.distance(p.into())).fold(f32::INFINITY, f32::min)
}

#[test]
fn the_tips_of_stars_do_not_break_off() {
    // Tips of 40, 17, 7 and 3 degrees; the last is thinner than an eighth of a thousandth at two of the cells.
    for (tips, inner, half_depth, tilt) in
        [(5, 0.38, 0.1, 0.0), (5, 0.2, 0.05, 0.4), (7, 0.12, 0.03, 0.0), (9, 0.08, 0.02, 1.1)]
    {
        let corner = |i: usize| {
            let turn = std::f32::consts::PI * i as f32 / tips as f32;
            let radius = if i.is_multiple_of(2) { 0.5 } else { 0.5 * inner };
            [radius * turn.sin(), radius * turn.cos()]
        };
        let corners: Vec<[f32; 2]> = (0..2 * tips).map(corner).collect();
        let axis = Vec3::new(0.3, 1.0, -0.2);
        let star = field(&format!(
            r#"{{"op": "rotate", "axis": [{}, {}, {}], "angle_rad": {tilt}, "child":
                {{"op": "extruded_polygon", "points": {corners:?}, "half_depth": {half_depth}}}}}"#,
            axis.x, axis.y, axis.z
        ));
        let report = mesh(&star);
        assert_eq!(pieces(&report.shell), [2], "{tips} tips");
        let turn = glam::Quat::from_axis_angle(axis.normalize(), tilt);
        let mut worst = 0f32;
        for [x, y] in corners {
            for z in [-half_depth, half_depth] {
                let off = nearest_m(&report, turn * Vec3::new(x, y, z)) / finest_m(&star);
                worst = worst.max(off);
                assert!(off < MAX_TIP_CELLS, "{tips} tips: {off} cells off at ({x}, {y}, {z})");
            }
        }
        println!("{tips} tips: {worst} of the finest cells off");
    }
}

#[test]
fn the_vertices_of_chamfers_stay_within_their_boxes() {
    let boxes =
        r#"{"op": "box", "half_extents": [0.6, 0.1, 0.6]}, {"op": "box", "half_extents": [0.2, 0.6, 0.2]}"#;
    for (op, radius) in [("union", 0.1), ("union", 0.02), ("subtract", 0.05), ("intersect", 0.03)] {
        for (angle_rad, offset) in [(0.0, [0.0, 0.0, 0.0]), (0.5, [0.013, -0.007, 0.021])] {
            let shape = field(&format!(
                r#"{{"op": "translate", "offset": {offset:?}, "child": {{"op": "rotate", "axis": [1.0, 0.4, 0.2],
                    "angle_rad": {angle_rad}, "child": {{"op": "{op}", "blend": {{"kind": "chamfer", "radius": {radius}}},
                    "children": [{boxes}]}}}}}}"#
            ));
            let report = mesh(&shape);
            let turn = glam::Quat::from_axis_angle(Vec3::new(1.0, 0.4, 0.2).normalize(), angle_rad).inverse();
            let half = match op {
                "union" => Vec3::new(0.6, 0.6, 0.6),
                "subtract" => Vec3::new(0.6, 0.1, 0.6),
                _ => Vec3::new(0.2, 0.1, 0.2),
            };
            for &p in &report.shell.positions {
                let local = turn * (Vec3::from(p) - Vec3::from(offset));
                let beyond = (local.abs() - half).max_element();
                assert!(
                    beyond < 0.5 * finest_m(&shape),
                    "{op} {radius}: {beyond} m beyond the box at {local}"
                );
            }
        }
    }
}
