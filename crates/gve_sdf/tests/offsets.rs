//! `round` and `shell` move the surface by metres, whatever the child's field is made of.
//!
//! The truth is computed here, in double precision and without any field: the child's surface as a dense set
//! of points, carried along by the deformation's own formula.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells its figures")]

mod common;

use common::{
    field,
    surface::{self, Sheet},
};
use gve_sdf::{
    Aabb, Evaluator, Field, Vec3,
    testing::{self, Random},
};
use gve_types::{
    DnaNode,
    dna::{Round, Shell},
};

type Point = [f64; 3];

/// How a level compares with the distance that it is asked to be.
#[derive(Debug, Default, Clone, Copy)]
struct Errors {
    /// Largest share by which the distance is off above the middle of smooth faces.
    faces: f64,
    /// What all but one in fifty stay below anywhere around the shape, edges included.
    mostly: f64,
}

struct Case {
    name: &'static str,
    shape: String,
    sheets: Vec<Sheet>,
}

fn cases() -> Vec<Case> {
    let ellipsoid = |name, radii: [f64; 3]| Case {
        name,
        shape: format!(r#"{{"op": "ellipsoid", "radii": {radii:?}}}"#),
        sheets: surface::ellipsoid(radii),
    };
    let bar = [0.35, 0.08, 0.2];
    let post = [0.2, 0.3, 0.2];
    let boxed = |half: Point| format!(r#"{{"op": "box", "half_extents": {half:?}}}"#);
    let deformed = |name, fields: &str, child: &str, sheets: Vec<Sheet>, map: surface::Map| Case {
        name,
        shape: format!(r#"{{{fields}, "child": {child}}}"#),
        sheets: sheets.into_iter().map(|sheet| sheet.carried(map)).collect(),
    };
    let cylinder = r#"{"op": "cylinder", "radius": 0.3, "half_height": 0.3}"#;
    let capsule = r#"{"op": "rotate", "axis": [0, 0, 1], "angle_rad": 1.5707964,
        "child": {"op": "capsule", "radius": 0.1, "half_height": 0.4}}"#;
    let ball = r#"{"op": "sphere", "radius": 0.3}"#;
    vec![
        ellipsoid("flat ellipsoid", [0.4, 0.3, 0.05]),
        ellipsoid("long ellipsoid", [0.5, 0.2, 0.25]),
        deformed("bent box", r#""op": "bend", "curvature_per_m": 1.5"#, &boxed(bar), surface::cuboid(bar), |q| {
            surface::bent(q, 1.5)
        }),
        deformed("box bent down", r#""op": "bend", "curvature_per_m": -2"#, &boxed(bar), surface::cuboid(bar), |q| {
            surface::bent(q, -2.0)
        }),
        deformed("bent capsule", r#""op": "bend", "curvature_per_m": 2"#, capsule, surface::capsule(0.1, 0.4), |q| {
            surface::bent(q, 2.0)
        }),
        deformed("twisted box", r#""op": "twist", "rate_rad_per_m": 3"#, &boxed(post), surface::cuboid(post), |q| {
            surface::twisted(q, 3.0)
        }),
        deformed("strongly twisted box", r#""op": "twist", "rate_rad_per_m": 6"#, &boxed(post), surface::cuboid(post), |q| {
            surface::twisted(q, 6.0)
        }),
        deformed("tapered box", r#""op": "taper", "half_height": 0.3, "scale_bottom": 1, "scale_top": 0.5"#, &boxed(post), surface::cuboid(post), |q| {
            surface::tapered(q, 0.3, 1.0, 0.5)
        }),
        deformed("tapered cylinder", r#""op": "taper", "half_height": 0.3, "scale_bottom": 1, "scale_top": 0.3"#, cylinder, surface::cylinder(0.3, 0.3), |q| {
            surface::tapered(q, 0.3, 1.0, 0.3)
        }),
        deformed("tapered ball", r#""op": "taper", "half_height": 0.3, "scale_bottom": 1.2, "scale_top": 0.6"#, ball, surface::ellipsoid([0.3; 3]), |q| {
            surface::tapered(q, 0.3, 1.2, 0.6)
        }),
        Case {
            name: "rough ball",
            shape: format!(
                r#"{{"op": "displace", "pattern": "gyroid", "amplitude": 0.03, "wavelength": 0.5, "octaves": 1, "child": {ball}}}"#
            ),
            sheets: surface::star(|p| surface::rough_ball(p, 0.3, 0.03, 0.5)),
        },
        Case {
            name: "balls in a smooth union",
            shape: r#"{"op": "union", "blend": {"kind": "smooth", "radius": 0.15}, "children": [
                {"op": "sphere", "radius": 0.25, "center": [-0.2, 0, 0]}, {"op": "sphere", "radius": 0.25, "center": [0.2, 0, 0]}]}"#.to_owned(),
            sheets: surface::star(|p| surface::two_balls(p, 0.25, 0.2, 0.15)),
        },
        Case {
            name: "sharp seam of two smooth",
            shape: r#"{"op": "union", "blend": {"kind": "smooth", "radius": 0.1}, "children": [
                {"op": "sphere", "radius": 0.25, "center": [-0.24, 0, 0]}, {"op": "sphere", "radius": 0.25, "center": [0.24, 0, 0]}]}"#.to_owned(),
            sheets: surface::star(|p| surface::two_balls(p, 0.25, 0.24, 0.1)),
        },
    ]
}

fn at(field: &Field, points: &[Point]) -> Vec<f64> {
    let [xs, ys, zs] = [0, 1, 2].map(|axis| points.iter().map(|p| p[axis] as f32).collect::<Vec<_>>());
    let mut evaluator = Evaluator::new(field);
    let root = evaluator.root();
    let mut out = vec![0.0; points.len()];
    evaluator.distances(&root, &xs, &ys, &zs, &mut out);
    out.into_iter().map(f64::from).collect()
}

/// The level `level` of a shape, inside if negative, as `round` or `shell` sees it.
fn errors(case: &Case, level: f64) -> Errors {
    let cloud = surface::Cloud::new(&case.sheets);
    let own = field(&case.shape);
    // The distance as the offset takes it: 0 at the level.
    let measured = |points: &[Point]| -> Vec<f64> {
        if level > 0.0 {
            let rounded = field(&format!(r#"{{"op": "round", "radius": {level}, "child": {}}}"#, case.shape));
            at(&rounded, points).into_iter().map(|d| d + level).collect()
        } else {
            let half = -level;
            let shell =
                field(&format!(r#"{{"op": "shell", "thickness": {}, "child": {}}}"#, 2.0 * half, case.shape));
            at(&shell, points).into_iter().map(|d| d + half).collect()
        }
    };
    let mut out = Errors::default();
    let off = |points: Vec<Point>| -> Vec<f64> {
        let sides = at(&own, &points);
        let measured = measured(&points);
        points
            .iter()
            .zip(sides)
            .zip(measured)
            .filter(|((_, side), _)| (*side > 0.0) == (level > 0.0))
            .filter_map(|((p, _), found)| {
                let distance = cloud.distance(*p);
                // Not where something else is nearer.
                (distance > 0.5 * level.abs() && distance < 1.5 * level.abs())
                    .then(|| (found / distance - 1.0).abs())
            })
            .collect()
    };
    let above: Vec<Point> = case.sheets.iter().flat_map(|sheet| sheet.above(level, 40)).collect();
    let faces = off(above);
    assert!(faces.len() > 30, "{}: {}", case.name, faces.len());
    out.faces = faces.iter().fold(0.0, |all, &e| all.max(e));
    let mut random = Random::new(3);
    let around: Vec<Point> = (0..500)
        .map(|_| {
            let near = cloud.points[random.below(cloud.points.len())];
            let away = random.point(-1.0, 1.0).normalize_or_zero() * level.abs() as f32;
            [0, 1, 2].map(|i| near[i] + f64::from(away[i]))
        })
        .collect();
    let mut anywhere = off(around);
    anywhere.sort_by(f64::total_cmp);
    out.mostly = anywhere.get(anywhere.len() * 49 / 50).copied().unwrap_or(0.0);
    out
}

/// Within five percent up to a quarter of the radius of curvature, on every kind of child that deforms.
#[test]
fn offsets_are_true_along_the_normal() {
    // The share by which it may be off above faces, and for all but a fiftieth of what lies about edges, too.
    for (name, level, faces, edges) in [
        ("flat ellipsoid", 0.0015, 0.01, 0.01),
        ("flat ellipsoid", 0.08, 0.03, 0.03),
        ("long ellipsoid", 0.02, 0.01, 0.01),
        ("long ellipsoid", 0.1, 0.01, 0.01),
        ("long ellipsoid", -0.02, 0.01, 0.01),
        ("bent box", 0.03, 0.01, 0.02),
        ("bent box", 0.08, 0.02, 0.03),
        ("bent box", -0.03, 0.01, 0.01),
        ("box bent down", 0.05, 0.02, 0.03),
        ("bent capsule", 0.025, 0.02, 0.02),
        ("bent capsule", 0.08, 0.02, 0.02),
        ("bent capsule", -0.025, 0.02, 0.02),
        ("twisted box", 0.03, 0.02, 0.25),
        ("twisted box", 0.08, 0.05, 0.25),
        ("twisted box", -0.03, 0.02, 0.02),
        ("strongly twisted box", 0.04, 0.05, 0.5),
        ("strongly twisted box", 0.08, 0.12, 0.5),
        ("tapered box", 0.03, 0.01, 0.02),
        ("tapered box", 0.08, 0.01, 0.02),
        ("tapered box", -0.03, 0.01, 0.01),
        ("tapered cylinder", 0.02, 0.01, 0.05),
        ("tapered cylinder", 0.08, 0.02, 0.06),
        ("tapered cylinder", -0.02, 0.01, 0.01),
        ("tapered ball", 0.04, 0.05, 0.05),
        ("tapered ball", -0.04, 0.05, 0.05),
        ("rough ball", 0.02, 0.05, 0.05),
        ("rough ball", 0.05, 0.12, 0.1),
        ("balls in a smooth union", 0.02, 0.03, 0.03),
        ("balls in a smooth union", 0.1, 0.13, 0.13),
        ("sharp seam of two smooth", 0.02, 0.1, 0.1),
        ("sharp seam of two smooth", 0.1, 0.2, 0.2),
    ] {
        let case = cases().into_iter().find(|case| case.name == name).unwrap();
        let found = errors(&case, level);
        println!("{name} at {level}: {found:.3?}");
        assert!(found.faces <= faces && found.mostly <= edges, "{name} at {level}: {found:?}");
    }
}

#[test]
fn the_flat_ellipsoid_grows_by_the_radius() {
    let rounded =
        field(r#"{"op": "round", "radius": 0.08, "child": {"op": "ellipsoid", "radii": [0.4, 0.3, 0.05]}}"#);
    let ends = at(&rounded, &[[0.48, 0.0, 0.0], [0.0, 0.38, 0.0], [0.0, 0.0, 0.13], [-0.48, 0.0, 0.0]]);
    for (axis, found) in ends.into_iter().enumerate() {
        assert!(found.abs() < 0.05 * 0.08, "end {axis}: {found}");
    }
    let size = rounded.bounds().max;
    assert!(size.x < 0.5 && size.y < 0.42 && size.z < 0.18, "{size}");
}

/// Four rounded parts side by side, each grown by 0.08 m.
#[test]
fn rounded_parts_grow_by_the_radius() {
    let text = include_str!("cases/round_of_deformed.gve.json");
    let dna = gve_types::parse_recipe(text, gve_types::MaterialTable::builtin()).unwrap();
    let start = std::time::Instant::now();
    let field = Field::lower(&dna, gve_types::MaterialTable::builtin()).unwrap();
    println!("{:?} for {} operations: {:#?}", start.elapsed(), field.tape().ops().len(), field.warnings());
    // From the left: the flank of the tapered cylinder at half its height, its bottom; under the bent box; beside
    // the ends of the twisted box; around the ellipsoid.
    let lean = 0.21 / 0.6_f64.hypot(0.21);
    let upright = 0.6 / 0.6_f64.hypot(0.21);
    for p in [
        [-1.2 + 0.195 + 0.08 * upright, 0.08 * lean, 0.0],
        [-1.2, -0.38, 0.1],
        [-0.3, -0.16, 0.05],
        [-0.3, 0.16, -0.1],
        [0.5, 0.38, 0.0],
        [0.5 + 0.28, 0.0, 0.0],
        [1.4 + 0.48, 0.0, 0.0],
        [1.4, 0.38, 0.0],
        [1.4, 0.0, -0.13],
    ] {
        let found = at(&field, &[p])[0];
        assert!(found.abs() < 0.05 * 0.08, "{p:?}: {found}");
    }
}

/// Half of a wall lies outside of the surface, half inside.
#[test]
fn a_bent_wall_stands_to_both_sides() {
    let wall = field(
        r#"{"op": "shell", "thickness": 0.06, "child": {"op": "bend", "curvature_per_m": 1.5,
            "child": {"op": "box", "half_extents": [0.35, 0.08, 0.2]}}}"#,
    );
    let mut evaluator = Evaluator::new(&wall);
    let root = evaluator.root();
    // Up through the middle, towards the centre of the arc and away from it, and out of the side.
    for (from, direction) in [
        (Vec3::new(0.0, 0.08, 0.0), Vec3::Y),
        (Vec3::new(0.0, -0.08, 0.0), Vec3::NEG_Y),
        (Vec3::new(0.0, 0.0, 0.2), Vec3::Z),
    ] {
        for side in [1.0, -1.0] {
            let ends = |t: f32| evaluator.distance(&root, from + direction * (side * t));
            let out = crossing(ends);
            assert!((out - 0.03).abs() < 0.0015, "{direction} {side}: {out}");
        }
    }
}

/// Where a field that is negative at 0 becomes positive, up to 0.2.
fn crossing(mut field: impl FnMut(f32) -> f32) -> f32 {
    let (mut low, mut high) = (0.0, 0.075);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if field(middle) < 0.0 { low = middle } else { high = middle }
    }
    low
}

/// The slope of a bent part is the same on both sides of its surface.
#[test]
fn the_slope_does_not_jump_at_bent_surfaces() {
    let sheets = surface::cuboid([0.35, 0.08, 0.2]);
    let bent = field(
        r#"{"op": "bend", "curvature_per_m": 1.5, "child": {"op": "box", "half_extents": [0.35, 0.08, 0.2]}}"#,
    );
    let mut evaluator = Evaluator::new(&bent);
    let root = evaluator.root();
    for sheet in sheets.into_iter().map(|sheet| sheet.carried(|q| surface::bent(q, 1.5))) {
        let (outside, inside) = (sheet.above(1e-3, 12), sheet.above(-1e-3, 12));
        for (p, q) in outside.into_iter().zip(inside) {
            let mut slope = |p: Point| {
                let p = Vec3::from_array(p.map(|v| v as f32));
                evaluator.gradient(&root, p).truncate().length()
            };
            let (out, inner) = (slope(p), slope(q));
            assert!((out / inner - 1.0).abs() < 0.13, "{p:?}: {out} outside, {inner} inside");
        }
    }
}

/// Far from a shape its field still tells how far.
#[test]
fn far_fields_are_honest() {
    for case in cases() {
        let rounded = field(&format!(r#"{{"op": "round", "radius": 0.05, "child": {}}}"#, case.shape));
        let cloud = surface::Cloud::new(&case.sheets);
        let mut random = Random::new(8);
        for _ in 0..60 {
            let p = (random.point(-1.0, 1.0).normalize_or_zero() * random.range(0.9, 3.0))
                .to_array()
                .map(f64::from);
            let (found, distance) = (at(&rounded, &[p])[0] + 0.05, cloud.distance(p));
            if distance > 0.2 {
                let share = found / distance;
                assert!(share > 0.4 && share < 1.1, "{} at {p:?}: {found} for {distance}", case.name);
            }
        }
    }
}

/// No two points differ by more than the bound allows.
#[test]
fn the_bound_holds_between_any_two_points() {
    for case in cases() {
        for radius in [0.02, 0.1] {
            let rounded =
                field(&format!(r#"{{"op": "round", "radius": {radius}, "child": {}}}"#, case.shape));
            let bounds = rounded.bounds().padded(0.2);
            let mut random = Random::new(21);
            let mut pairs = Vec::new();
            for i in 0..3000 {
                let p = bounds.min + bounds.size() * random.point(0.0, 1.0);
                let apart = [1e-3, 1e-2, 0.1, 0.5][i % 4];
                pairs.push((p, p + random.point(-1.0, 1.0) * apart));
            }
            let mut evaluator = Evaluator::new(&rounded);
            let root = evaluator.root();
            for (p, q) in pairs {
                let (f, g) = (evaluator.distance(&root, p), evaluator.distance(&root, q));
                let allowed = rounded.lipschitz() * (p - q).length() + 1e-5;
                assert!(
                    (f - g).abs() <= allowed,
                    "{} {radius}: {f} at {p}, {g} at {q}, bound {}",
                    case.name,
                    rounded.lipschitz()
                );
            }
        }
    }
}

/// What it costs: at most three times the operations of the child as it is without an offset.
#[test]
fn the_tape_grows_at_most_threefold() {
    for case in cases() {
        let (own, rounded) = (
            field(&case.shape),
            field(&format!(r#"{{"op": "round", "radius": 0.05, "child": {}}}"#, case.shape)),
        );
        let (before, after) = (own.tape().ops().len() + 2, rounded.tape().ops().len());
        println!(
            "{}: {before} to {after}, {:?}, bound {} to {}",
            case.name,
            rounded.warnings(),
            own.lipschitz(),
            rounded.lipschitz()
        );
        assert!(after <= 3 * before, "{}: {before} to {after}", case.name);
        assert!(after > before, "{}: costs nothing", case.name);
    }
}

/// Where an offset cannot keep to its thickness it says so, with the node's place.
#[test]
fn offsets_that_are_off_are_named() {
    let fine = field(
        r#"{"op": "round", "radius": 0.03, "child": {"op": "bend", "curvature_per_m": 1.5, "child": {"op": "box", "half_extents": [0.35, 0.08, 0.2]}}}"#,
    );
    assert_eq!(fine.warnings(), [""; 0]);
    let rough = field(
        r#"{"op": "union", "children": [{"op": "box", "half_extents": [0.1, 0.1, 0.1]},
            {"op": "round", "name": "bark", "radius": 0.2, "child": {"op": "displace", "pattern": "sine", "amplitude": 0.05,
             "wavelength": 0.2, "octaves": 2, "child": {"op": "sphere", "radius": 0.3}}}]}"#,
    );
    let [warning] = rough.warnings() else { panic!("{:?}", rough.warnings()) };
    assert!(
        warning.starts_with("$.root_node.children[1] (bark): the offset of 0.2 m is off by "),
        "{warning}"
    );
    // What holds no such shape has nothing to say.
    assert_eq!(
        field(r#"{"op": "round", "radius": 0.5, "child": {"op": "box", "half_extents": [0.1, 0.1, 0.1]}}"#)
            .warnings(),
        [""; 0]
    );
}

/// Pruning lives on ranges that are not much wider than the field: of small boxes few are kept that the
/// surface does not come near.
#[test]
fn ranges_are_narrow_enough_to_prune() {
    for case in cases() {
        let rounded = field(&format!(r#"{{"op": "round", "radius": 0.05, "child": {}}}"#, case.shape));
        let mut evaluator = Evaluator::new(&rounded);
        let longest = rounded.bounds().size().max_element();
        let mut open = vec![(
            evaluator.root(),
            Aabb::from_center(rounded.bounds().center(), Vec3::splat(0.6 * longest)),
        )];
        for _ in 0..5 {
            let mut next = Vec::new();
            for (region, bounds) in open {
                let boxes = bounds.octants();
                let kept: Vec<_> = evaluator
                    .prune_many(&region, &boxes, |_, range| range.lo <= 0.0 && range.hi >= 0.0)
                    .collect();
                for ((region, range), bounds) in kept.into_iter().zip(boxes) {
                    if range.lo <= 0.0 && range.hi >= 0.0 {
                        next.push((region, bounds));
                    }
                }
            }
            open = next;
        }
        let near = open
            .iter()
            .filter(|(region, bounds)| {
                evaluator.distance(region, bounds.center()).abs() < bounds.half_size().length()
            })
            .count();
        println!(
            "{}: {} boxes, {near} near the surface, bounds {:?}",
            case.name,
            open.len(),
            rounded.bounds().size()
        );
        assert!(open.len() < 4 * near, "{}: {} boxes, {near} near the surface", case.name, open.len());
    }
}

/// The sample library's recipes without bends hold no child whose offset has to be made true, or none at all;
/// their distance is computed by the same operations as ever. (Operations and a hash of their text.)
#[test]
fn other_recipes_keep_their_tape() {
    let mut wrong = 0;
    for (name, count, hash) in [
        ("gear_train", 2310, 0x57d9_93b4_e731_48d0_u64),
        ("lighthouse", 988, 0xad38_2ecf_adf9_d96d),
        ("moai", 569, 0x97e2_d9e9_dc41_0a21),
        ("sheep", 899, 0xfe3a_3dd1_6f47_b498),
        ("steam_locomotive", 1879, 0x4335_c611_c64d_2616),
        ("stone_bridge", 1147, 0x8957_9ac9_0eef_92ea),
        ("tin_robot", 571, 0x0580_f0bb_fc76_0f8a),
        ("biplane", 935, 0xd83a_9855_dfdb_7f5b),
    ] {
        let path = format!("{}/../../assets/library/{name}.gve.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let dna = gve_types::parse_recipe(&text, gve_types::MaterialTable::builtin()).unwrap();
        let field = Field::lower(&dna, gve_types::MaterialTable::builtin()).unwrap();
        println!("{name}: {:?}", field.warnings());
        let (found, text) = distance_text(&field);
        println!("{name}: {found} operations, {:#x}", fnv(&text));
        wrong += usize::from((found, fnv(&text)) != (count, hash));
    }
    assert_eq!(wrong, 0, "recipes have another tape");
}

/// What the distance needs of a tape, as text.
fn distance_text(field: &Field) -> (usize, String) {
    let tape = field.tape();
    let mut live = vec![false; tape.ops().len()];
    live[tape.distance().index()] = true;
    for i in (0..live.len()).rev() {
        if live[i] {
            for operand in tape.ops()[i].operands() {
                live[operand.index()] = true;
            }
        }
    }
    let (mut place, mut text, mut count) = (vec![0; live.len()], String::new(), 0);
    for (i, line) in tape.to_string().lines().take(live.len()).enumerate() {
        if !live[i] {
            continue;
        }
        let mut words = line.split(' ').skip(2);
        text += &format!("%{count} = {}", words.next().unwrap());
        for word in words {
            match word.strip_prefix('%') {
                Some(id) => text += &format!(" %{}", place[id.parse::<usize>().unwrap()]),
                None => text += &format!(" {word}"),
            }
        }
        text += "\n";
        place[i] = count;
        count += 1;
    }
    (count, text)
}

fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Offsets of random trees: the slope stays within the bound, but for rare places where the field jumps; and the
/// bound stays a moderate multiple of the child's.
#[test]
fn random_offsets_keep_their_bound() {
    let (mut made, mut points_seen, mut steep, mut dear) = (0, 0, Vec::new(), Vec::new());
    for seed in 0..250 {
        let mut random = Random::new(seed);
        let child = Box::new(testing::random_node(&mut random, 3));
        let node = if random.one_in(2) {
            DnaNode::Round(Round { radius: random.range(0.01, 0.1), child, material: None, name: None })
        } else {
            DnaNode::Shell(Shell { thickness: random.range(0.02, 0.15), child, material: None, name: None })
        };
        let dna = testing::recipe(node);
        let Ok(field) = Field::lower(&dna, gve_types::MaterialTable::builtin()) else { continue };
        made += 1;
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let bounds = field.bounds().padded(0.3 * field.bounds().size().max_element());
        let points: Vec<Vec3> =
            (0..3000).map(|_| bounds.min + bounds.size() * random.point(0.0, 1.0)).collect();
        let [xs, ys, zs] = [0, 1, 2].map(|axis| points.iter().map(|p| p[axis]).collect::<Vec<_>>());
        let mut gradients = vec![gve_sdf::Vec4::ZERO; points.len()];
        evaluator.gradients(&root, &xs, &ys, &zs, &mut gradients);
        points_seen += points.len();
        for (p, g) in points.iter().zip(&gradients) {
            if g.truncate().length() > 1.001 * field.lipschitz() {
                steep.push(format!(
                    "seed {seed} at {p}: {} for {}",
                    g.truncate().length(),
                    field.lipschitz()
                ));
            }
        }
        let plain =
            Field::lower(&testing::recipe(*child_of(&dna.root_node)), gve_types::MaterialTable::builtin());
        let plain = plain.map_or(1.0, |plain| plain.lipschitz());
        if field.lipschitz() > 3.5 * plain {
            dear.push(format!("seed {seed}: {} for {plain}", field.lipschitz()));
        }
    }
    println!("{made} made, {} steep\n{}\n{dear:?}", steep.len(), steep.join("\n"));
    assert!(made > 200 && steep.len() * 5000 <= points_seen && dear.is_empty());
}

fn child_of(node: &DnaNode) -> Box<DnaNode> {
    Box::new(node.children()[0].1.clone())
}
