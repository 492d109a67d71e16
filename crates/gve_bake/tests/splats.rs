//! Splats on thin and small parts: all there, on every side, however few are asked for.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::HashSet;

use glam::Quat;
use gve_assets::Splat;
use gve_bake::{
    BakeError,
    render::SplatStyle,
    splats::{self, seed},
};
use gve_sdf::{Field, Vec3};
use support::field;

const SHEET: &str = r#"{"op": "box", "half_extents": [0.5, 0.0005, 0.5]}"#;
const WIRE: &str = r#"{"op": "cylinder", "radius": 0.0005, "half_height": 0.5}"#;
const POLE: &str = r#"{"op": "cylinder", "radius": 0.01, "half_height": 1}"#;
const TUBE: &str = r#"{"op": "rotate", "axis": [1, 0.2, 0.4], "angle_rad": 1.1,
    "child": {"op": "subtract", "children": [
        {"op": "cylinder", "radius": 0.02, "half_height": 1},
        {"op": "cylinder", "radius": 0.018, "half_height": 1.1}]}}"#;
/// A bottle of 2 mm glass.
const BOTTLE: &str = r#"{"op": "shell", "thickness": 0.002, "child":
    {"op": "union", "blend": {"kind": "smooth", "radius": 0.03}, "children": [
        {"op": "cylinder", "radius": 0.04, "half_height": 0.09},
        {"op": "translate", "offset": [0, 0.12, 0],
         "child": {"op": "cylinder", "radius": 0.013, "half_height": 0.05}}]}}"#;

fn turned(child: &str, axis: [f32; 3], angle_rad: f32) -> (String, Quat) {
    let json = format!(r#"{{"op": "rotate", "axis": {axis:?}, "angle_rad": {angle_rad}, "child": {child}}}"#);
    (json, Quat::from_axis_angle(Vec3::from(axis).normalize(), angle_rad))
}

fn moved(child: &str, offset: [f32; 3]) -> String {
    format!(r#"{{"op": "translate", "offset": {offset:?}, "child": {child}}}"#)
}

fn union(children: &[String]) -> String {
    format!(r#"{{"op": "union", "children": [{}]}}"#, children.join(","))
}

fn place(splat: &Splat) -> Vec3 {
    splat.position.into()
}

fn normal(splat: &Splat) -> Vec3 {
    Quat::from_array(splat.rotation) * Vec3::Z
}

/// Farthest that any of the points is from a splat that faces its way.
fn widest_gap(splats: &[Splat], points: impl Iterator<Item = (Vec3, Vec3)>) -> f32 {
    points
        .map(|(point, facing)| {
            let near = splats.iter().filter(|splat| normal(splat).dot(facing) > 0.3);
            near.map(|splat| place(splat).distance(point)).fold(f32::INFINITY, f32::min)
        })
        .fold(0.0, f32::max)
}

/// Points all along a round bar about y, with their normals.
fn bar(radius: f32, half_height: f32, turn: Quat, at: Vec3) -> impl Iterator<Item = (Vec3, Vec3)> {
    (0..200).flat_map(move |i| {
        let y = half_height * (0.99 * (i as f32 / 99.5 - 1.0));
        (0..8).map(move |j| {
            let (sin, cos) = (j as f32 * 0.785 + 0.1).sin_cos();
            let out = Vec3::new(cos, 0.0, sin);
            (at + turn * (out * radius + Vec3::Y * y), turn * out)
        })
    })
}

#[test]
fn a_sheet_of_a_thousandth_has_both_sides() {
    for (axis, angle) in [([1.0, 0.0, 0.0], 0.0), ([1.0, 2.0, 3.0], 0.5), ([1.0, 0.0, 0.0], 0.785)] {
        let (json, turn) = turned(SHEET, axis, angle);
        for count in [100_000, 2000] {
            let splats = seed(&field(&json), count).unwrap();
            let facing =
                |sign: f32| splats.iter().filter(|s| normal(s).dot(turn * Vec3::Y) * sign > 0.9).count();
            let (up, down) = (facing(1.0), facing(-1.0));
            let even = 0.42 * splats.len() as f32;
            assert!(
                up as f32 > even && down as f32 > even,
                "{angle}: {up} up, {down} down of {}",
                splats.len()
            );
            let step = (2.0 / splats.len() as f32).sqrt();
            let points = (0..900)
                .map(|i| Vec3::new((i % 30) as f32 / 30.2 - 0.48, 0.0, (i / 30) as f32 / 30.2 - 0.48));
            let sides = points.flat_map(|p| [(turn * p, turn * Vec3::Y), (turn * p, turn * -Vec3::Y)]);
            let gap = widest_gap(&splats, sides);
            assert!(gap < 1.7 * step, "{angle}: a gap of {gap} m between splats {step} m apart");
        }
    }
}

#[test]
fn wires_and_poles_are_covered_all_around() {
    for (root, radius, half_height) in [(WIRE, 0.0005, 0.5), (POLE, 0.01, 1.0)] {
        for (axis, angle) in [([1.0, 0.0, 0.4], 0.8), ([1.0, 0.0, 0.0], 0.0)] {
            let (json, turn) = turned(root, axis, angle);
            let splats = seed(&field(&json), 100_000).unwrap();
            assert!(splats.len() > 85_000, "{}", splats.len());
            let gap = widest_gap(&splats, bar(radius, half_height, turn, Vec3::ZERO));
            assert!(gap < radius, "{angle}: a gap of {gap} m on a bar of radius {radius}");
        }
    }
}

#[test]
fn an_aerial_on_a_ball_is_covered_all_around() {
    let ball = r#"{"op": "sphere", "radius": 0.15}"#;
    for (radius, lean) in [(0.001, 0.0), (0.001, 0.5), (0.00025, 0.0), (0.00025, 0.3)] {
        let aerial = format!(r#"{{"op": "cylinder", "radius": {radius}, "half_height": 0.06}}"#);
        let at = Vec3::new(0.03, 0.2, 0.02);
        let (json, turn) = turned(&aerial, [1.0, 0.0, 0.3], lean);
        let field = field(&union(&[ball.into(), moved(&json, at.into())]));
        let splats = seed(&field, 100_000).unwrap();
        assert!(splats.len() > 85_000 && splats.len() <= 100_000, "{}", splats.len());
        let outside = bar(radius, 0.06, turn, at).filter(|(p, _)| p.length() > 0.154);
        let gap = widest_gap(&splats, outside);
        // A wire that is thinner than the spacing has a row of splats.
        let most = (3.0 * radius).max(0.0022);
        assert!(gap < most, "a gap of {gap} m on an aerial of radius {radius} that leans by {lean}");
    }
}

#[test]
fn a_bottle_has_an_inside_and_an_outside() {
    let splats = seed(&field(BOTTLE), 100_000).unwrap();
    let (mut outside, mut inside) = (0, 0);
    for splat in splats.iter().filter(|splat| splat.position[1].abs() < 0.05) {
        let out = place(splat).with_y(0.0);
        if normal(splat).dot(out) > 0.0 {
            outside += 1;
        } else {
            inside += 1;
        }
        assert!((0.038..0.042).contains(&out.length()) || out.length() < 0.02, "{out}");
    }
    let share = inside as f32 / outside as f32;
    assert!((0.85..1.0).contains(&share), "{inside} inside, {outside} outside");
}

#[test]
fn few_splats_are_few_splats() {
    for (root, least) in [(TUBE, [0.45, 0.5, 0.6]), (SHEET, [0.3, 0.6, 0.8]), (BOTTLE, [0.4, 0.6, 0.8])] {
        let field = field(root);
        for (count, least) in [10, 100, 1000].into_iter().zip(least) {
            let splats = seed(&field, count).unwrap();
            let enough = (0.7 * count as f32) as usize..=count as usize;
            assert!(enough.contains(&splats.len()), "{} of {count}", splats.len());
            let views = splats::held_out_views(field.bounds(), 6);
            let quality = splats::evaluate(&field, &splats, &SplatStyle::default(), &views, 96);
            assert!(quality.silhouette_iou > least, "{root} {count}: {quality:?}");
        }
        assert_eq!(seed(&field, 1).unwrap().len(), 1);
    }
}

/// A ball with forty studs, a wire and a small flag on it, each a part.
fn studded() -> (Field, Vec<Vec3>) {
    let mut children = vec![r#"{"op": "sphere", "radius": 0.5, "name": "ball"}"#.to_owned()];
    let mut places = vec![];
    for i in 0..40 {
        let y = 0.95 - i as f32 * 0.048;
        let (sin, cos) = (i as f32 * 2.4).sin_cos();
        let out = Vec3::new(cos * (1.0 - y * y).sqrt(), y, sin * (1.0 - y * y).sqrt());
        let radius = if i % 2 == 0 { 0.0007 } else { 0.002 };
        places.push(out * (0.5 + radius));
        let stud = format!(r#"{{"op": "sphere", "radius": {radius}, "name": "stud {i}"}}"#);
        children.push(moved(&stud, (out * (0.5 + 0.5 * radius)).into()));
    }
    let flag = r#"{"op": "box", "half_extents": [0.03, 0.02, 0.0006], "name": "flag"}"#;
    children.push(moved(flag, [0.0, 0.7, 0.0]));
    places.push(Vec3::new(0.0, 0.7, 0.0));
    let pole = r#"{"op": "cylinder", "radius": 0.0006, "half_height": 0.15, "name": "mast"}"#;
    children.push(moved(pole, [-0.03, 0.6, 0.0]));
    places.push(Vec3::new(-0.03, 0.6, 0.0));
    (field(&union(&children)), places)
}

#[test]
fn every_part_has_splats_and_shows_them_early() {
    let (field, places) = studded();
    assert_eq!(field.parts().len(), places.len() + 1);
    let splats = seed(&field, 100_000).unwrap();
    let mut evaluator = gve_sdf::Evaluator::new(&field);
    let root = evaluator.root();
    let mut counts = vec![0; field.parts().len()];
    let mut early = HashSet::new();
    for (index, splat) in splats.iter().enumerate() {
        let [x, y, z] = splat.position.map(|x| [x]);
        let mut part = [0];
        evaluator.parts(&root, &x, &y, &z, &mut part);
        counts[usize::from(part[0])] += 1;
        if index < 1000 {
            early.insert(part[0]);
        }
    }
    let lacking: Vec<_> =
        (field.parts().iter().map(|part| &part.name).zip(&counts)).filter(|(_, count)| **count < 4).collect();
    assert!(lacking.is_empty(), "{} parts: {lacking:?}", lacking.len());
    assert_eq!(early.len(), counts.len(), "the first 1000 splats leave parts out");
    for place in places {
        let near =
            splats.iter().map(|s| Vec3::from(s.position).distance(place)).fold(f32::INFINITY, f32::min);
        assert!(near < 0.0025, "nothing within {near} of {place}");
    }
}

#[test]
fn moving_a_part_leaves_the_splats_of_the_others() {
    let stay = [
        r#"{"op": "box", "half_extents": [0.5, 0.05, 0.5], "name": "table"}"#.to_owned(),
        moved(
            r#"{"op": "torus", "major_radius": 0.2, "minor_radius": 0.05, "name": "ring"}"#,
            [0.1, 0.3, 0.0],
        ),
        moved(r#"{"op": "cylinder", "radius": 0.001, "half_height": 0.3, "name": "mast"}"#, [-0.3, 0.3, 0.1]),
    ];
    let ball = r#"{"op": "sphere", "radius": 0.06, "name": "ball"}"#;
    let splats = |at: [f32; 3]| {
        let mut children = stay.to_vec();
        children.push(moved(ball, at));
        seed(&field(&union(&children)), 30_000).unwrap()
    };
    let (first, second) = ([0.35, 0.35, 0.35], [0.371, 0.393, 0.328]);
    let rest = |splats: &[Splat], at: [f32; 3]| {
        let others = splats.iter().filter(|splat| place(splat).distance(at.into()) > 0.065);
        let mut bits: Vec<[u32; 10]> = others
            .map(|splat| {
                let numbers = [&splat.position[..], &splat.scale, &splat.rotation].concat();
                std::array::from_fn(|i| numbers[i].to_bits())
            })
            .collect();
        bits.sort_unstable();
        bits
    };
    let (before, after) = (splats(first), splats(second));
    assert!(before != after);
    assert!(
        rest(&before, first) == rest(&after, second),
        "splats of parts that stayed where they were differ"
    );
}

#[test]
fn nothing_to_lay_splats_on_is_told_with_its_place() {
    let hair = r#"{"op": "cylinder", "radius": 0.00001, "half_height": 2}"#;
    match seed(&field(&turned(hair, [1.0, 0.0, 0.4], 0.8).0), 1000) {
        Err(BakeError::TooThinForSplats { thickness_m, limit_m, .. }) => {
            assert!(thickness_m < 1e-5 && limit_m > 5e-4, "{thickness_m} {limit_m}");
        }
        Ok(splats) => assert!(splats.len() > 700),
        Err(error) => panic!("{error}"),
    }
}
