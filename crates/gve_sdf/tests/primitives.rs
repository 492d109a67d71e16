//! Every primitive against a formula written independently, in double precision.

mod common;

use common::field;
use gve_sdf::{Evaluator, Vec3, testing::Random};

type Point = [f64; 3];

/// Distance to the outline of a polygon by its segments, the sign by counting crossings.
fn polygon(points: &[[f64; 2]], [x, y]: [f64; 2], turned: bool) -> f64 {
    let mut nearest = f64::INFINITY;
    let mut inside = false;
    for (i, &[ax, ay]) in points.iter().enumerate() {
        let [bx, by] = points[(i + 1) % points.len()];
        if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
            inside = !inside;
        }
        if turned && ax == 0.0 && bx == 0.0 {
            continue;
        }
        let t = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax).powi(2) + (by - ay).powi(2));
        let t = t.clamp(0.0, 1.0);
        nearest = nearest.min((x - ax - t * (bx - ax)).hypot(y - ay - t * (by - ay)));
    }
    if inside { -nearest } else { nearest }
}

fn extruded(flat: f64, depth: f64) -> f64 {
    if flat > 0.0 && depth > 0.0 { flat.hypot(depth) } else { flat.max(depth) }
}

fn turned(points: &[[f64; 2]]) -> impl Fn(Point) -> f64 {
    move |[x, y, z]| polygon(points, [x.hypot(z), y], true)
}

/// Compares distances at random points about a shape.
fn assert_distances(shape: &str, reference: impl Fn(Point) -> f64) {
    let field = field(shape);
    assert_eq!(field.lipschitz(), 1.0);
    let mut evaluator = Evaluator::new(&field);
    let root = evaluator.root();
    let mut random = Random::new(3);
    let (mut inside, mut outside) = (0, 0);
    for _ in 0..4000 {
        let p = field.bounds().center() + field.bounds().size() * random.point(-1.0, 1.0);
        let found = f64::from(evaluator.distance(&root, p));
        let expected = reference(p.to_array().map(f64::from));
        assert!((found - expected).abs() < 3e-6, "{shape} at {p}: {found}, expected {expected}");
        if expected < 0.0 { inside += 1 } else { outside += 1 }
    }
    assert!(inside > 50 && outside > 50, "{shape}: {inside} inside, {outside} outside");
}

#[test]
fn balls_and_tubes() {
    assert_distances(r#"{"op": "sphere", "radius": 0.7}"#, |[x, y, z]| {
        x.hypot(y).hypot(z) - f64::from(0.7_f32)
    });
    assert_distances(r#"{"op": "capsule", "radius": 0.3, "half_height": 0.5}"#, |[x, y, z]| {
        let dy = (y.abs() - 0.5).max(0.0);
        x.hypot(z).hypot(dy) - f64::from(0.3_f32)
    });
    assert_distances(r#"{"op": "torus", "major_radius": 0.6, "minor_radius": 0.25}"#, |[x, y, z]| {
        (x.hypot(z) - f64::from(0.6_f32)).hypot(y) - 0.25
    });
}

#[test]
fn boxes() {
    let rectangle = [[-0.5, -0.25], [0.5, -0.25], [0.5, 0.25], [-0.5, 0.25]];
    let sharp = |[x, y, z]: Point| extruded(polygon(&rectangle, [x, y], false), z.abs() - 0.75);
    assert_distances(r#"{"op": "box", "half_extents": [0.5, 0.25, 0.75]}"#, sharp);
    // Rounding by r is the smaller box grown by r.
    let core = [[-0.375, -0.125], [0.375, -0.125], [0.375, 0.125], [-0.375, 0.125]];
    let rounded = |[x, y, z]: Point| extruded(polygon(&core, [x, y], false), z.abs() - 0.625) - 0.125;
    assert_distances(r#"{"op": "rounded_box", "half_extents": [0.5, 0.25, 0.75], "radius": 0.125}"#, rounded);
}

#[test]
fn bodies_of_revolution() {
    let cylinder = [[0.0, -0.75], [0.5, -0.75], [0.5, 0.75], [0.0, 0.75]];
    assert_distances(r#"{"op": "cylinder", "radius": 0.5, "half_height": 0.75}"#, turned(&cylinder));
    let cone = [[0.0, -0.5], [0.75, -0.5], [0.25, 0.5], [0.0, 0.5]];
    assert_distances(
        r#"{"op": "cone", "radius_bottom": 0.75, "radius_top": 0.25, "half_height": 0.5}"#,
        turned(&cone),
    );
    let tip = [[0.0, -0.5], [0.75, 0.5], [0.0, 0.5]];
    assert_distances(
        r#"{"op": "cone", "radius_bottom": 0, "radius_top": 0.75, "half_height": 0.5}"#,
        turned(&tip),
    );
    let vase = [[0.0, -0.5], [0.5, -0.5], [0.25, 0.0], [0.5, 0.5], [0.375, 0.5], [0.125, 0.0], [0.0, -0.25]];
    let json = format!("{vase:?}");
    assert_distances(&format!(r#"{{"op": "revolved_polygon", "points": {json}}}"#), turned(&vase));
}

#[test]
fn prisms() {
    let r = 0.5 / (std::f64::consts::PI / 6.0).cos();
    let hexagon: Vec<[f64; 2]> = (0..6)
        .map(|i| (f64::from(i) + 0.5) * std::f64::consts::PI / 3.0)
        .map(|angle| [r * angle.cos(), r * angle.sin()])
        .collect();
    assert_distances(r#"{"op": "hexagonal_prism", "apothem": 0.5, "half_height": 0.25}"#, |[x, y, z]| {
        extruded(polygon(&hexagon, [x, z], false), y.abs() - 0.25)
    });
    // An L, both ways round.
    let mut corners =
        vec![[-0.5, -0.5], [0.5, -0.5], [0.5, -0.125], [-0.125, -0.125], [-0.125, 0.625], [-0.5, 0.5]];
    for _ in 0..2 {
        let json = format!(r#"{{"op": "extruded_polygon", "half_depth": 0.25, "points": {corners:?}}}"#);
        assert_distances(&json, |[x, y, z]| extruded(polygon(&corners, [x, y], false), z.abs() - 0.25));
        corners.reverse();
    }
}

#[test]
fn planes() {
    let shape = r#"{"op": "intersect", "children": [{"op": "sphere", "radius": 1},
        {"op": "plane", "normal": [0, 3, 4], "offset": 0.25}]}"#;
    assert_distances(shape, |[x, y, z]| (x.hypot(y).hypot(z) - 1.0).max(0.6 * y + 0.8 * z - 0.25));
}

/// The ellipsoid's field is no true distance everywhere: its sign is right, over its bound it is never more than
/// the distance, and close to the surface it is the distance, so that skins on it are even.
#[test]
fn ellipsoids() {
    let field = field(r#"{"op": "ellipsoid", "radii": [0.75, 0.25, 0.5]}"#);
    let mut evaluator = Evaluator::new(&field);
    let root = evaluator.root();
    let mut random = Random::new(8);
    let radii = Vec3::new(0.75, 0.25, 0.5);
    let surface: Vec<Vec3> = (0..4000).map(|_| radii * random.point(-1.0, 1.0).normalize()).collect();
    for _ in 0..500 {
        let p = random.point(-1.0, 1.0);
        let found = evaluator.distance(&root, p);
        let outside = (p / radii).length() > 1.0;
        assert_eq!(found > 0.0, outside, "at {p}");
        let nearest = surface.iter().map(|s| s.distance(p)).fold(f32::INFINITY, f32::min);
        assert!(
            found.abs() / field.lipschitz() <= nearest + 1e-5,
            "at {p}: {found}, surface {nearest} m away"
        );
    }
    assert!((evaluator.distance(&root, Vec3::new(0.0, 0.5, 0.0)) - 0.25).abs() < 1e-6);
    assert!(evaluator.distance(&root, Vec3::ZERO) < -0.2);
    for s in &surface {
        let normal = (*s / (radii * radii)).normalize();
        for d in [-0.01, 0.01] {
            let found = evaluator.distance(&root, *s + d * normal);
            assert!((found - d).abs() < 0.002, "{d} m off the surface at {s}: {found}");
        }
    }
}

/// On the surface itself the gradient is the outward normal, not zero.
#[test]
fn gradients_on_the_surface_are_normals() {
    let cases = [
        (r#"{"op": "box", "half_extents": [0.5, 0.5, 0.5]}"#, [0.5, 0.25, 0.125], [1.0, 0.0, 0.0]),
        (r#"{"op": "cylinder", "radius": 0.5, "half_height": 0.5}"#, [0.125, -0.5, 0.25], [0.0, -1.0, 0.0]),
        (
            r#"{"op": "cone", "radius_bottom": 0.5, "radius_top": 0.5, "half_height": 0.5}"#,
            [0.5, 0.0, 0.0],
            [1.0, 0.0, 0.0],
        ),
        (
            r#"{"op": "cone", "radius_bottom": 0.5, "radius_top": 0.25, "half_height": 0.5}"#,
            [0.125, 0.5, 0.0],
            [0.0, 1.0, 0.0],
        ),
        (
            r#"{"op": "hexagonal_prism", "apothem": 0.5, "half_height": 0.5}"#,
            [-0.5, 0.25, 0.125],
            [-1.0, 0.0, 0.0],
        ),
        (
            r#"{"op": "extruded_polygon", "half_depth": 0.5, "points": [[0, 0], [1, 0], [1, 1], [0, 1]]}"#,
            [0.0, 0.5, 0.25],
            [-1.0, 0.0, 0.0],
        ),
        (
            r#"{"op": "revolved_polygon", "points": [[0.25, 0], [1, 0], [1, 1], [0.25, 1]]}"#,
            [0.25, 0.5, 0.0],
            [-1.0, 0.0, 0.0],
        ),
    ];
    for (shape, at, normal) in cases {
        let field = field(shape);
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let gradient = evaluator.gradient(&root, Vec3::from(at));
        assert_eq!(gradient.w, 0.0, "{shape}");
        assert!((gradient.truncate() - Vec3::from(normal)).length() < 1e-5, "{shape}: {gradient}");
    }
}
