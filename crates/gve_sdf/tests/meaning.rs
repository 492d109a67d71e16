//! What the operations mean: each against its definition.

mod common;

use common::field;
use gve_sdf::{Aabb, Evaluator, Field, Region, Vec3, testing::Random};

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

    fn at(&mut self, p: Vec3) -> f32 {
        self.evaluator.distance(&self.root, p)
    }

    fn material(&mut self, p: Vec3) -> String {
        let index = self.evaluator.material(&self.root, p);
        self.field.materials()[usize::from(index)].spec_id.clone()
    }
}

fn points(count: usize, reach: f32) -> impl Iterator<Item = Vec3> {
    let mut random = Random::new(11);
    (0..count).map(move |_| random.point(-reach, reach))
}

const BALL: &str = r#"{"op": "sphere", "radius": 0.5}"#;
const BOX: &str = r#"{"op": "translate", "offset": [0.3, 0.1, 0], "child": {"op": "box", "half_extents": [0.4, 0.3, 0.2]}}"#;
/// Has no symmetry that would hide a wrong direction.
const ODD: &str = r#"{"op": "union", "children": [
    {"op": "translate", "offset": [0.25, 0.1, 0.05], "child": {"op": "box", "half_extents": [0.3, 0.4, 0.1]}},
    {"op": "translate", "offset": [-0.2, -0.3, 0.2], "child": {"op": "sphere", "radius": 0.2}}]}"#;

fn group(op: &str, blend: &str, a: &str, b: &str) -> String {
    format!(r#"{{"op": "{op}", "children": [{a}, {b}]{blend}}}"#)
}

#[test]
fn hard_groups_are_minima_and_maxima() {
    let (mut a, mut b) = (Solid::new(BALL), Solid::new(BOX));
    let mut union = Solid::new(&group("union", "", BALL, BOX));
    let mut subtract = Solid::new(&group("subtract", "", BALL, BOX));
    let mut intersect = Solid::new(&group("intersect", "", BALL, BOX));
    for p in points(500, 1.0) {
        let (a, b) = (a.at(p), b.at(p));
        assert_eq!(union.at(p), a.min(b));
        assert_eq!(subtract.at(p), a.max(-b));
        assert_eq!(intersect.at(p), a.max(b));
    }
}

#[test]
fn blends_change_only_the_seam() {
    let (mut a, mut b) = (Solid::new(BALL), Solid::new(BOX));
    for (kind, deepest) in [("smooth", 0.2 / 4.0), ("chamfer", 0.2)] {
        let blend = format!(r#", "blend": {{"kind": "{kind}", "radius": 0.2}}"#);
        let mut union = Solid::new(&group("union", &blend, BALL, BOX));
        let mut subtract = Solid::new(&group("subtract", &blend, BALL, BOX));
        let mut intersect = Solid::new(&group("intersect", &blend, BALL, BOX));
        let mut changed = 0;
        for p in points(2000, 1.0) {
            let (a, b) = (a.at(p), b.at(p));
            // Added to unions, cut away from the others; never more than the seam is deep (near the surface).
            let added = a.min(b) - union.at(p);
            assert!(added >= 0.0, "{kind} at {p}: {added}");
            assert!(subtract.at(p) >= a.max(-b) && intersect.at(p) >= a.max(b), "{kind} at {p}");
            if a.min(b).abs() < 0.05 {
                assert!(added <= deepest, "{kind} at {p}: {added}");
                if (a - b).abs() > 0.4 {
                    assert_eq!(added, 0.0, "{kind} at {p}");
                }
                changed += usize::from(added > 0.0);
            }
        }
        assert!(changed > 20);
    }
}

#[test]
fn level_sets() {
    let mut child = Solid::new(BOX);
    let mut shell = Solid::new(&format!(r#"{{"op": "shell", "thickness": 0.1, "child": {BOX}}}"#));
    let mut round = Solid::new(&format!(r#"{{"op": "round", "radius": 0.1, "child": {BOX}}}"#));
    let mut morph = Solid::new(&format!(r#"{{"op": "morph", "factor": 0.25, "from": {BOX}, "to": {BALL}}}"#));
    let mut ball = Solid::new(BALL);
    for p in points(500, 1.0) {
        let d = child.at(p);
        assert!((shell.at(p) - (d.abs() - 0.05)).abs() < 1e-6);
        assert!((round.at(p) - (d - 0.1)).abs() < 1e-6);
        assert!((morph.at(p) - (0.75 * d + 0.25 * ball.at(p))).abs() < 1e-6);
    }
}

/// The deformed solid is the child's solid, point by point carried along by `map`.
fn assert_carried(deformed: &str, child: &str, map: impl Fn(Vec3) -> Vec3) {
    let (mut deformed_solid, mut child_solid) = (Solid::new(deformed), Solid::new(child));
    let bounds = child_solid.field.bounds().padded(0.05);
    let mut random = Random::new(5);
    let mut inside = 0;
    for _ in 0..4000 {
        let q = bounds.min + bounds.size() * random.point(0.0, 1.0);
        let d = child_solid.at(q);
        let p = map(q);
        let found = deformed_solid.at(p);
        if d.abs() > 1e-4 {
            assert_eq!(d < 0.0, found < 0.0, "{deformed}: {q} -> {p}: {d}, found {found}");
        }
        if d < 0.0 {
            inside += 1;
            assert!(deformed_solid.field.bounds().contains(p), "{deformed}: {p} outside the bounds");
        }
    }
    assert!(inside > 200);
}

fn turned_y(q: Vec3, angle: f32) -> Vec3 {
    let (s, c) = angle.sin_cos();
    Vec3::new(c * q.x + s * q.z, q.y, c * q.z - s * q.x)
}

#[test]
fn rigid_motions_and_scale() {
    let moved = format!(r#"{{"op": "translate", "offset": [1, -2, 3], "child": {ODD}}}"#);
    assert_carried(&moved, ODD, |q| q + Vec3::new(1.0, -2.0, 3.0));
    let turned = format!(r#"{{"op": "rotate", "axis": [0, 2, 0], "angle_rad": 0.7, "child": {ODD}}}"#);
    assert_carried(&turned, ODD, |q| turned_y(q, 0.7));
    let about_z = format!(r#"{{"op": "rotate", "axis": [0, 0, 1], "angle_rad": 1.5707964, "child": {ODD}}}"#);
    assert_carried(&about_z, ODD, |q| Vec3::new(-q.y, q.x, q.z));
    let scaled = format!(r#"{{"op": "scale", "factor": 2.5, "child": {ODD}}}"#);
    assert_carried(&scaled, ODD, |q| 2.5 * q);
}

/// The same values, bounds and materials as with a `translate` above it.
#[test]
fn a_center_moves_any_primitive() {
    for fields in [
        r#""op": "sphere", "radius": 0.5"#,
        r#""op": "ellipsoid", "radii": [0.5, 0.3, 0.2]"#,
        r#""op": "box", "half_extents": [0.5, 0.3, 0.2]"#,
        r#""op": "rounded_box", "half_extents": [0.5, 0.3, 0.2], "radius": 0.1"#,
        r#""op": "cylinder", "radius": 0.3, "half_height": 0.5"#,
        r#""op": "capsule", "radius": 0.3, "half_height": 0.5"#,
        r#""op": "cone", "radius_bottom": 0.4, "radius_top": 0.1, "half_height": 0.5"#,
        r#""op": "torus", "major_radius": 0.4, "minor_radius": 0.1"#,
        r#""op": "hexagonal_prism", "apothem": 0.4, "half_height": 0.2"#,
        r#""op": "extruded_polygon", "points": [[0, 0], [0.5, 0], [0, 0.5]], "half_depth": 0.2"#,
        r#""op": "revolved_polygon", "points": [[0.1, 0], [0.5, 0], [0.1, 0.5]]"#,
        r#""op": "plane", "normal": [0, 1, 0.2], "offset": 0.1"#,
    ] {
        // Something bounded about it, for the plane.
        let within = |shape: &str| {
            let around = r#"{"op": "box", "half_extents": [3, 3, 3], "material": "WOOD_OAK"}"#;
            group("intersect", "", shape, around)
        };
        let own = format!(r#"{{{fields}, "center": [0.7, -0.4, 1.1], "material": "ASTM_A36"}}"#);
        let above = format!(
            r#"{{"op": "translate", "offset": [0.7, -0.4, 1.1], "child": {{{fields}, "material": "ASTM_A36"}}}}"#
        );
        let (mut own, mut above) = (Solid::new(&within(&own)), Solid::new(&within(&above)));
        assert_eq!(own.field.bounds(), above.field.bounds(), "{fields}");
        assert_eq!(own.field.lipschitz(), above.field.lipschitz(), "{fields}");
        for p in points(300, 3.5) {
            assert_eq!(own.at(p), above.at(p), "{fields} at {p}");
            assert_eq!(own.material(p), above.material(p), "{fields} at {p}");
        }
    }
}

#[test]
fn mirror_keeps_the_positive_side() {
    let mut child = Solid::new(ODD);
    let mut mirrored =
        Solid::new(&format!(r#"{{"op": "mirror", "axis": "x", "offset": 0.1, "child": {ODD}}}"#));
    for p in points(1000, 1.0) {
        let q = Vec3::new(0.1 + (p.x - 0.1).abs(), p.y, p.z);
        assert_eq!(mirrored.at(p) < 0.0, child.at(q) < 0.0);
    }
}

/// Repeats that fold space give what copies made one by one give.
#[test]
fn linear_repeats_are_copies() {
    // Off its cell's middle, and touching the border on one side.
    let part = r#"{"op": "translate", "offset": [0.1, 0.05, -0.1], "child": {"op": "box", "half_extents": [0.15, 0.1, 0.1]}}"#;
    for (counts, spacing) in [
        ([5, 1, 1], [0.5, 0.0, 0.0]),
        ([4, 3, 1], [0.5, 0.4, 0.0]),
        ([3, 4, 5], [0.6, 0.7, 0.8]),
        ([2, 1, 1], [0.5, 0.0, 0.0]),
    ] {
        let mut repeated = Solid::new(&format!(
            r#"{{"op": "linear_repeat", "counts": {counts:?}, "spacing": {spacing:?}, "child": {part}}}"#
        ));
        let mut copies = Vec::new();
        for i in 0..counts[0] {
            for j in 0..counts[1] {
                for k in 0..counts[2] {
                    let index = [i, j, k];
                    let at = [0, 1, 2]
                        .map(|a| (f64::from(index[a]) - 0.5 * f64::from(counts[a] - 1)) * spacing[a]);
                    copies.push(format!(r#"{{"op": "translate", "offset": {at:?}, "child": {part}}}"#));
                }
            }
        }
        let mut union = Solid::new(&format!(r#"{{"op": "union", "children": [{}]}}"#, copies.join(",")));
        for p in points(1500, 2.5) {
            let (found, expected) = (repeated.at(p), union.at(p));
            if expected > 0.0 {
                assert!((found - expected).abs() < 2e-6, "{counts:?} at {p}: {found}, expected {expected}");
            } else {
                assert!(found < 2e-6, "{counts:?} at {p}: {found}, expected {expected}");
            }
        }
        assert!(repeated.field.bounds().padded(0.05).contains_box(&union.field.bounds()));
    }
}

#[test]
fn polar_repeats_are_copies() {
    let part = r#"{"op": "translate", "offset": [0.7, 0.1, 0.5], "child": {"op": "box", "half_extents": [0.15, 0.1, 0.12]}}"#;
    for count in [2_u8, 3, 7, 12] {
        let mut repeated =
            Solid::new(&format!(r#"{{"op": "polar_repeat", "count": {count}, "child": {part}}}"#));
        let copies: Vec<String> = (0..count)
            .map(|i| std::f64::consts::TAU * f64::from(i) / f64::from(count))
            .map(|angle| {
                format!(r#"{{"op": "rotate", "axis": [0, 1, 0], "angle_rad": {angle}, "child": {part}}}"#)
            })
            .collect();
        let mut union = Solid::new(&format!(r#"{{"op": "union", "children": [{}]}}"#, copies.join(",")));
        for p in points(1500, 2.0) {
            let (found, expected) = (repeated.at(p), union.at(p));
            if expected > 0.0 {
                assert!((found - expected).abs() < 5e-6, "{count} at {p}: {found}, expected {expected}");
            } else {
                assert!(found < 5e-6, "{count} at {p}: {found}, expected {expected}");
            }
        }
    }
}

#[test]
fn twist_turns_with_height() {
    for rate in [1.5_f32, -3.0] {
        let shape = format!(r#"{{"op": "twist", "rate_rad_per_m": {rate}, "child": {ODD}}}"#);
        assert_carried(&shape, ODD, |q| turned_y(q, rate * q.y));
    }
}

#[test]
fn bend_keeps_lengths_along_the_arc() {
    let bar = r#"{"op": "translate", "offset": [0.3, 0.05, 0.1], "child": {"op": "union", "children": [
        {"op": "box", "half_extents": [1, 0.1, 0.15]},
        {"op": "translate", "offset": [0.8, 0.15, 0], "child": {"op": "sphere", "radius": 0.1}}]}}"#;
    // A little, a quarter, most of a full turn; either way.
    for curvature in [0.001_f32, 0.2, 1.0, 2.6, -0.3, -2.6] {
        let shape = format!(r#"{{"op": "bend", "curvature_per_m": {curvature}, "child": {bar}}}"#);
        let radius = 1.0 / f64::from(curvature);
        assert_carried(&shape, bar, |q| {
            let angle = f64::from(q.x) / radius;
            let from_center = radius - f64::from(q.y);
            Vec3::new((from_center * angle.sin()) as f32, (radius - from_center * angle.cos()) as f32, q.z)
        });
    }
}

#[test]
fn taper_scales_the_section() {
    for (bottom, top) in [(1.0_f32, 0.25_f32), (0.5, 2.0), (3.0, 0.8)] {
        let shape = format!(
            r#"{{"op": "taper", "half_height": 0.35, "scale_bottom": {bottom}, "scale_top": {top}, "child": {ODD}}}"#
        );
        assert_carried(&shape, ODD, |q| {
            let t = 0.5 + 0.5 * (q.y / 0.35).clamp(-1.0, 1.0);
            let scale = bottom + t * (top - bottom);
            Vec3::new(q.x * scale, q.y, q.z * scale)
        });
    }
}

#[test]
fn elongating_a_ball_gives_a_capsule() {
    let mut long =
        Solid::new(&format!(r#"{{"op": "elongate", "half_extents": [0, 0.7, 0], "child": {BALL}}}"#));
    let mut capsule = Solid::new(r#"{"op": "capsule", "radius": 0.5, "half_height": 0.7}"#);
    for p in points(500, 1.5) {
        assert!((long.at(p) - capsule.at(p)).abs() < 1e-6);
    }
    assert!(long.field.bounds().padded(0.03).contains_box(&capsule.field.bounds()));
}

#[test]
fn displacement_keeps_its_amplitude() {
    let mut child = Solid::new(BALL);
    for pattern in ["gyroid", "sine"] {
        for octaves in [1, 3] {
            let mut rough = Solid::new(&format!(
                r#"{{"op": "displace", "pattern": "{pattern}", "amplitude": 0.05, "wavelength": 0.3,
                    "octaves": {octaves}, "child": {BALL}}}"#
            ));
            let largest = points(4000, 1.0).map(|p| (rough.at(p) - child.at(p)).abs()).fold(0.0, f32::max);
            assert!(largest <= 0.050_001 && largest > 0.025, "{pattern}, {octaves}: {largest}");
        }
    }
}

#[test]
fn materials_are_those_of_the_nearest_part() {
    let wood = r#"{"op": "translate", "offset": [1, 0, 0], "child": {"op": "sphere", "radius": 0.5, "material": "WOOD_OAK"}}"#;
    let mut both = Solid::new(&group("union", r#", "blend": {"kind": "smooth", "radius": 0.2}"#, BALL, wood));
    assert_eq!(both.field.materials().len(), 2);
    assert_eq!(both.material(Vec3::new(0.4, 0.1, 0.0)), "ASTM_A36");
    assert_eq!(both.material(Vec3::new(0.6, 0.1, 0.0)), "WOOD_OAK");
    // A cut shows the first child's; what a group names goes to its children that name none.
    let mut cut = Solid::new(&group("subtract", "", BALL, wood));
    assert_eq!(cut.material(Vec3::new(0.5, 0.0, 0.0)), "ASTM_A36");
    assert_eq!(cut.field.materials().len(), 2);
    let named = format!(r#"{{"op": "union", "material": "WOOD_OAK", "children": [{BALL}, {BOX}]}}"#);
    let mut named = Solid::new(&named);
    assert_eq!(named.field.materials().len(), 1, "the default is not used by any part");
    assert_eq!(named.material(Vec3::ZERO), "WOOD_OAK");
    let mut common = Solid::new(&group("intersect", "", BALL, &wood.replace("[1, 0, 0]", "[0.3, 0, 0]")));
    assert_eq!(
        common.material(Vec3::new(-0.2, 0.0, 0.0)),
        "WOOD_OAK",
        "the flank that the second child makes"
    );
    assert_eq!(common.material(Vec3::new(0.5, 0.0, 0.0)), "ASTM_A36");
    for (factor, expected) in [(0.4, "ASTM_A36"), (0.6, "WOOD_OAK")] {
        let shape = format!(r#"{{"op": "morph", "factor": {factor}, "from": {BALL}, "to": {wood}}}"#);
        assert_eq!(Solid::new(&shape).material(Vec3::ZERO), expected);
    }
}

#[test]
fn regions_know_where_there_is_one_material() {
    let wood = r#"{"op": "translate", "offset": [2, 0, 0], "child": {"op": "sphere", "radius": 0.5, "material": "WOOD_OAK"}}"#;
    let mut both = Solid::new(&group("union", "", BALL, wood));
    let root = both.root.clone();
    assert_eq!(both.evaluator.uniform_material(&root), None);
    let near_wood = Aabb::from_center(Vec3::new(2.0, 0.0, 0.0), Vec3::splat(0.3));
    let (region, _) = both.evaluator.prune(&root, near_wood);
    assert_eq!(both.evaluator.uniform_material(&region), Some(1));
}
