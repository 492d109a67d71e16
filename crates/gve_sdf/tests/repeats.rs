//! Repeats give what their copies give one by one, whatever stands in them and wherever: turned, off centre,
//! deformed. Each is compared with the child's own field at the points moved into every copy.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{field, refusal};
use gve_sdf::{Evaluator, Field, Region, Vec3, testing::Random};

struct Solid {
    field: Field,
    evaluator: Evaluator,
    root: Region,
}

impl Solid {
    fn new(shape: &str) -> Self {
        let field = field(shape);
        let evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        Self { field, evaluator, root }
    }

    fn at(&mut self, points: &[Vec3]) -> Vec<f32> {
        let [xs, ys, zs] = [0, 1, 2].map(|axis| points.iter().map(|p| p[axis]).collect::<Vec<_>>());
        let mut out = vec![0.0; points.len()];
        self.evaluator.distances(&self.root, &xs, &ys, &zs, &mut out);
        out
    }
}

/// From a point to what it is in each copy's own space.
type Copies = Vec<Box<dyn Fn(Vec3) -> Vec3>>;

fn on_a_grid(counts: [u32; 3], spacing: [f32; 3]) -> Copies {
    let mut copies: Copies = Vec::new();
    for i in 0..counts[0] {
        for j in 0..counts[1] {
            for k in 0..counts[2] {
                let index = [i, j, k];
                let at = [0, 1, 2].map(|a| (index[a] as f32 - 0.5 * (counts[a] - 1) as f32) * spacing[a]);
                copies.push(Box::new(move |p| p - Vec3::from(at)));
            }
        }
    }
    copies
}

fn around(count: u32) -> Copies {
    let angle = |i: u32| std::f64::consts::TAU * f64::from(i) / f64::from(count);
    let back = |angle: f64| {
        let (sin, cos) = ((angle.sin()) as f32, (angle.cos()) as f32);
        move |p: Vec3| Vec3::new(cos * p.x - sin * p.z, p.y, sin * p.x + cos * p.z)
    };
    (0..count).map(|i| Box::new(back(angle(i))) as Box<dyn Fn(Vec3) -> Vec3>).collect()
}

/// The sign is right everywhere; the field divided by its bound never exceeds the distance to the surface; and
/// where the child's field is a true distance, so is that of its copies, outside.
fn assert_copies(repeat: &str, child: &str, copies: &Copies, is_exact: bool) {
    let (mut repeated, mut alone) = (Solid::new(repeat), Solid::new(child));
    let bounds = repeated.field.bounds();
    let margin = 0.1 * bounds.size().max_element();
    let mut random = Random::new(copies.len() as u64);
    let around = bounds.padded(margin);
    let mut points: Vec<Vec3> =
        (0..1200).map(|_| around.min + around.size() * random.point(0.0, 1.0)).collect();
    // And many near the copies, where signs change.
    let own = alone.field.bounds().padded(0.1 * alone.field.bounds().size().max_element());
    let forth = |p: Vec3, copy: &dyn Fn(Vec3) -> Vec3| {
        // The inverse of a rigid motion, from where it takes the origin and the axes.
        let origin = copy(Vec3::ZERO);
        let columns = [Vec3::X, Vec3::Y, Vec3::Z].map(|axis| copy(axis) - origin);
        Vec3::from_array(columns.map(|column| column.dot(p - origin)))
    };
    for _ in 0..1200 {
        let copy = &copies[random.below(copies.len())];
        points.push(forth(own.min + own.size() * random.point(0.0, 1.0), copy));
    }
    let found = repeated.at(&points);
    let mut expected = vec![f32::INFINITY; points.len()];
    for copy in copies {
        let moved: Vec<Vec3> = points.iter().map(|&p| copy(p)).collect();
        for (smallest, distance) in expected.iter_mut().zip(alone.at(&moved)) {
            *smallest = smallest.min(distance);
        }
    }
    let slack = 1e-5 * (1.0 + around.size().max_element());
    let lipschitz = repeated.field.lipschitz();
    let inside: Vec<Vec3> =
        points.iter().zip(&expected).filter(|(_, d)| **d < -slack).map(|(p, _)| *p).collect();
    assert!(inside.len() > 50, "{repeat}: {} points inside", inside.len());
    for ((&p, &found), &expected) in points.iter().zip(&found).zip(&expected) {
        if expected.abs() > slack {
            assert_eq!(found < 0.0, expected < 0.0, "{repeat} at {p}: {found}, expected {expected}");
        }
        if expected < 0.0 {
            assert!(bounds.padded(slack).contains(p), "{repeat}: {p} is inside, out of bounds");
            continue;
        }
        if is_exact {
            assert!((found - expected).abs() < slack, "{repeat} at {p}: {found}, expected {expected}");
        }
        let free = inside.iter().map(|q| (*q - p).length()).fold(f32::INFINITY, f32::min);
        assert!(found / lipschitz <= free + slack, "{repeat} at {p}: {found}, but {free} m to a copy");
    }
}

fn grid(counts: [u32; 3], spacing: [f32; 3], child: &str) -> String {
    format!(r#"{{"op": "linear_repeat", "counts": {counts:?}, "spacing": {spacing:?}, "child": {child}}}"#)
}

fn ring(count: u32, child: &str) -> String {
    format!(r#"{{"op": "polar_repeat", "count": {count}, "child": {child}}}"#)
}

fn moved(offset: [f32; 3], child: &str) -> String {
    format!(r#"{{"op": "translate", "offset": {offset:?}, "child": {child}}}"#)
}

fn turned(axis: [f32; 3], angle: f32, child: &str) -> String {
    format!(r#"{{"op": "rotate", "axis": {axis:?}, "angle_rad": {angle}, "child": {child}}}"#)
}

const BALL: &str = r#"{"op": "sphere", "radius": 0.4}"#;

/// Boxes about turned children are larger than the children.
#[test]
fn turned_children_fit_by_what_they_are() {
    let many = [10, 10, 1];
    for (child, spacing) in [
        (BALL, 0.9),
        // Touching its neighbours: no number of boxes would show that it fits.
        (BALL, 0.8),
        (r#"{"op": "capsule", "radius": 0.1, "half_height": 0.2}"#, 0.5),
        (r#"{"op": "cylinder", "radius": 0.2, "half_height": 0.05}"#, 0.38),
        (r#"{"op": "torus", "major_radius": 0.2, "minor_radius": 0.05}"#, 0.5),
        (r#"{"op": "cone", "radius_bottom": 0.2, "radius_top": 0.01, "half_height": 0.3}"#, 0.59),
        (r#"{"op": "hexagonal_prism", "apothem": 0.2, "half_height": 0.1}"#, 0.5),
        (r#"{"op": "rounded_box", "half_extents": [0.2, 0.2, 0.2], "radius": 0.19}"#, 0.42),
        (
            r#"{"op": "extruded_polygon", "points": [[-0.2, -0.2], [0.2, -0.2], [0, 0.3]], "half_depth": 0.1}"#,
            0.52,
        ),
        (r#"{"op": "revolved_polygon", "points": [[0, -0.2], [0.3, 0], [0, 0.2]]}"#, 0.61),
        (
            r#"{"op": "union", "children": [{"op": "sphere", "radius": 0.2}, {"op": "torus", "major_radius": 0.3, "minor_radius": 0.05}]}"#,
            0.71,
        ),
        (r#"{"op": "round", "radius": 0.1, "child": {"op": "sphere", "radius": 0.2}}"#, 0.61),
        (r#"{"op": "scale", "factor": 0.5, "child": {"op": "sphere", "radius": 0.8}}"#, 0.81),
        (r#"{"op": "elongate", "half_extents": [0, 0.2, 0], "child": {"op": "sphere", "radius": 0.1}}"#, 0.5),
    ] {
        let child = turned([0.0, 0.0, 1.0], 0.785, &turned([1.0, 0.0, 0.0], 0.5, child));
        let spacing = [spacing, spacing, 0.0];
        assert_copies(&grid(many, spacing, &child), &child, &on_a_grid(many, spacing), true);
    }
}

/// A hundred balls of 0.4 m in cells of 0.9 m: turned, their boxes would overlap.
#[test]
fn turned_balls_fit() {
    let child = turned([0.0, 0.0, 1.0], 0.785, BALL);
    let (counts, spacing) = ([10, 10, 1], [0.9, 0.9, 0.0]);
    assert_copies(&grid(counts, spacing, &child), &child, &on_a_grid(counts, spacing), true);
}

/// Cells stand about the child, not about the origin.
#[test]
fn children_may_stand_off_centre() {
    let post = moved([0.37, 0.0, -0.23], r#"{"op": "cylinder", "radius": 0.05, "half_height": 0.1}"#);
    let (counts, spacing) = ([9, 1, 9], [0.2, 0.0, 0.2]);
    assert_copies(&grid(counts, spacing, &post), &post, &on_a_grid(counts, spacing), true);
    let far = moved([-7.0, 3.0, 0.05], BALL);
    let (counts, spacing) = ([3, 5, 7], [0.8, 1.0, 0.9]);
    assert_copies(&grid(counts, spacing, &far), &far, &on_a_grid(counts, spacing), true);
    let pair = format!(
        r#"{{"op": "union", "children": [{}, {}]}}"#,
        moved([0.2, 0.0, 0.0], r#"{"op": "box", "half_extents": [0.1, 0.3, 0.1]}"#),
        moved([0.6, 0.2, 0.1], r#"{"op": "sphere", "radius": 0.15}"#)
    );
    let (counts, spacing) = ([90, 1, 1], [0.66, 0.0, 0.0]);
    assert_copies(&grid(counts, spacing, &pair), &pair, &on_a_grid(counts, spacing), true);
}

/// Where no formula tells how far a child reaches, its field does.
#[test]
fn deformed_children_fit_by_what_they_are() {
    let (counts, bar) = ([9, 1, 9], r#"{"op": "box", "half_extents": [0.04, 0.3, 0.12]}"#);
    for (child, spacing) in [
        // The box about a twisted bar is the square about its circle, turned or not.
        (format!(r#"{{"op": "twist", "rate_rad_per_m": 5, "child": {bar}}}"#), 0.27),
        (
            format!(
                r#"{{"op": "taper", "half_height": 0.3, "scale_bottom": 0.5, "scale_top": 1.5, "child": {bar}}}"#
            ),
            0.38,
        ),
        (
            format!(
                r#"{{"op": "displace", "pattern": "gyroid", "amplitude": 0.02, "wavelength": 0.2, "child": {bar}}}"#
            ),
            0.3,
        ),
        (
            format!(
                r#"{{"op": "bend", "curvature_per_m": 1, "child": {}}}"#,
                turned([0.0, 0.0, 1.0], 1.5707964, bar)
            ),
            0.65,
        ),
        (
            r#"{"op": "union", "blend": {"kind": "smooth", "radius": 0.1}, "children": [
                {"op": "sphere", "radius": 0.15}, {"op": "box", "half_extents": [0.05, 0.2, 0.05]}]}"#
                .to_owned(),
            0.32,
        ),
    ] {
        let child = moved([0.3, 0.0, 0.2], &turned([0.0, 1.0, 0.0], 0.6, &child));
        let spacing = [spacing, 0.0, spacing];
        assert_copies(&grid(counts, spacing, &child), &child, &on_a_grid(counts, spacing), false);
    }
}

/// The share of the turn is measured about the child's own direction, by what it is.
#[test]
fn children_around_an_axis_fit_by_what_they_are() {
    let blade = r#"{"op": "box", "half_extents": [0.1, 0.05, 0.025]}"#;
    let ball = r#"{"op": "sphere", "radius": 0.033}"#;
    let lens = r#"{"op": "ellipsoid", "radii": [0.3, 0.017, 0.017]}"#;
    for (count, child, is_exact) in [
        (72, turned([0.0, 1.0, 0.0], 1.0, &moved([0.8, 0.0, 0.0], blade)), true),
        (72, turned([0.0, 1.0, 0.0], -2.5, &moved([0.8, 0.0, 0.0], blade)), true),
        (
            72,
            turned([0.0, 1.0, 0.0], 3.1, &moved([0.0, 0.1, 0.8], &turned([1.0, 1.0, 1.0], 0.9, ball))),
            true,
        ),
        (90, turned([0.0, 1.0, 0.0], 0.7, &moved([0.6, 0.0, 0.0], lens)), false),
        // Narrow at the axis and wide outside, where its box is wide everywhere.
        (
            66,
            turned(
                [0.0, 1.0, 0.0],
                0.9,
                r#"{"op": "rotate", "axis": [1, 0, 0], "angle_rad": 1.5707964, "child":
                    {"op": "extruded_polygon", "points": [[0.1, -0.004], [1, -0.045], [1, 0.045], [0.1, 0.004]], "half_depth": 0.05}}"#,
            ),
            true,
        ),
        (
            66,
            turned(
                [0.0, 1.0, 0.0],
                0.9,
                &moved(
                    [1.0, 0.0, 0.0],
                    r#"{"op": "twist", "rate_rad_per_m": 3, "child": {"op": "box", "half_extents": [0.04, 0.2, 0.01]}}"#,
                ),
            ),
            false,
        ),
    ] {
        assert_copies(&ring(count, &child), &child, &around(count), is_exact);
    }
}

/// A repeat within a repeat is measured by what it is, too.
#[test]
fn nested_repeats_fit_by_what_they_are() {
    let child = turned(
        [0.0, 1.0, 0.0],
        0.785,
        &grid([1, 3, 1], [0.0, 0.5, 0.0], r#"{"op": "cylinder", "radius": 0.4, "half_height": 0.2}"#),
    );
    let (counts, spacing) = ([9, 1, 8], [0.85, 0.0, 0.81]);
    assert_copies(&grid(counts, spacing, &child), &child, &on_a_grid(counts, spacing), true);
}

/// What overlaps in truth is refused, with the true width.
#[test]
fn copies_that_overlap_in_truth_are_refused() {
    let refused = |shape: &str, path: &str, words: &[&str]| {
        let found = refusal(shape);
        let is_it = |(p, message): &(String, String)| p == path && words.iter().all(|w| message.contains(w));
        assert!(found.iter().any(is_it), "expected {path} with {words:?}, found {found:?}");
    };
    let ball = turned([0.0, 0.0, 1.0], 0.785, &moved([0.2, 0.0, 0.0], BALL));
    refused(
        &grid([10, 10, 1], [0.79, 0.9, 0.0], &ball),
        "$.root_node.spacing[0]",
        &["along x", "0.8 m wide", "cell 0.79 m", "found 100"],
    );
    let twisted =
        r#"{"op": "twist", "rate_rad_per_m": 8, "child": {"op": "box", "half_extents": [0.3, 0.5, 0.1]}}"#;
    refused(&grid([70, 1, 1], [0.5, 0.0, 0.0], twisted), "$.root_node.spacing[0]", &["0.63", "cell 0.5 m"]);
    // Seen from the axis, a ball of radius r at distance d is 2 asin(r / d) wide.
    let away = turned([0.0, 1.0, 0.0], 1.0, &moved([1.0, 0.0, 0.0], r#"{"op": "sphere", "radius": 0.05}"#));
    refused(&ring(72, &away), "$.root_node.count", &["0.1000", "rad wide", "0.0872", "found 72"]);
    refused(&ring(72, BALL), "$.root_node.count", &["all around", "found 72"]);
}
