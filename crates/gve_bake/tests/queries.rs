//! Rays and distances in baked volumes and shells, against shapes whose answers are known, and against each other.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use gve_assets::{
    Shell, ShellView, Volume, VolumeView,
    query::{Ray, ShellTree, Sides},
};
use gve_bake::{shell, volume};
use gve_sdf::Vec3;
use gve_types::Bounds;
use support::{field, smooth_union_of_64};

struct Baked {
    volume: Volume,
    shell: Shell,
    bounds: Bounds,
    /// Length of the finest cells in metres.
    cell: f32,
}

fn bake(field: &gve_sdf::Field, resolution: u32) -> Baked {
    let volume = volume::bake(field, resolution).unwrap().volume;
    let bounds = field.bounds();
    Baked {
        shell: shell::generate(field, resolution).unwrap().shell,
        bounds: Bounds { min: bounds.min.to_array(), max: bounds.max.to_array() },
        cell: volume.cell_size / (1 << (volume.levels.len() - 1)) as f32,
        volume,
    }
}

/// Numbers between 0 and 1, scattered evenly.
fn scatter(i: u32) -> Vec3 {
    Vec3::from([0.754_877_7f32, 0.569_840_3, 0.362_4].map(|k| (i as f32 * k).fract()))
}

/// A ray from a place around the shape through a place in its bounds.
fn random_ray(i: u32, bounds: &Bounds) -> Ray {
    let (min, max) = (Vec3::from(bounds.min), Vec3::from(bounds.max));
    let away = (0.6 + scatter(i).x) * (max - min).length();
    let origin = 0.5 * (min + max) + away * (scatter(3 * i + 1) - 0.5).normalize();
    let target = min + scatter(5 * i + 2) * (max - min);
    let direction = (target - origin).normalize();
    Ray { origin: origin.into(), direction: direction.into(), end: f32::INFINITY, sides: Sides::Front }
}

/// The first zero of a true distance along a ray that begins outside.
fn trace(distance: impl Fn(Vec3) -> f32, ray: &Ray) -> Option<f32> {
    let (origin, direction) = (Vec3::from(ray.origin), Vec3::from(ray.direction));
    let mut at = 0.0;
    for _ in 0..4000 {
        let step = distance(origin + at * direction);
        if step < 1e-6 {
            return Some(at);
        }
        at += step;
        if at > 100.0 {
            return None;
        }
    }
    None
}

fn torus(p: Vec3) -> f32 {
    let ring = (p.x * p.x + p.z * p.z).sqrt() - 0.7;
    (ring * ring + p.y * p.y).sqrt() - 0.2
}

fn cuboid(p: Vec3) -> f32 {
    let q = p.abs() - Vec3::new(0.6, 0.3, 0.45);
    q.max(Vec3::ZERO).length() + q.max_element().min(0.0)
}

#[test]
fn volumes_are_hit_where_the_shape_is() {
    type Distance = fn(Vec3) -> f32;
    let shapes: [(&str, Distance); 3] = [
        (r#"{"op": "sphere", "radius": 0.8}"#, |p| p.length() - 0.8),
        (r#"{"op": "box", "half_extents": [0.6, 0.3, 0.45]}"#, cuboid),
        (r#"{"op": "torus", "major_radius": 0.7, "minor_radius": 0.2}"#, torus),
    ];
    for (recipe, distance) in shapes {
        let baked = bake(&field(recipe), 64);
        let volume = VolumeView::from(&baked.volume);
        let (mut hits, mut grazing) = (0, 0);
        for i in 0..6000 {
            let ray = random_ray(i, &baked.bounds);
            let (origin, direction) = (Vec3::from(ray.origin), Vec3::from(ray.direction));
            let truth = trace(distance, &ray);
            let hit = volume.cast_ray(&ray, &baked.bounds);
            let (Some(truth), Some(hit)) = (truth, hit) else {
                // One of them passes by: the other one goes less deep than samples resolve.
                if let Some(at) = truth.or(hit.map(|hit| hit.at)) {
                    let deepest = (0..400).map(|k| distance(origin + (at + k as f32 * 0.005) * direction));
                    let deepest = deepest.reduce(f32::min).unwrap();
                    assert!(deepest > -0.35 * baked.cell, "{recipe} {ray:?}: goes {deepest} deep");
                    grazing += 1;
                }
                continue;
            };
            hits += 1;
            let slope = Vec3::from(volume.slope_at(&hit));
            let point = origin + hit.at * direction;
            // Near an edge or where the ray grazes the surface, a small shift of the surface is a long way along it.
            assert!(distance(point).abs() < 0.35 * baked.cell, "{recipe} {ray:?}: {} off", distance(point));
            let normal = gradient(distance, point);
            let cosine = slope.normalize().dot(normal);
            let smooth = gradient(distance, point - 1.2 * baked.cell * normal).dot(normal) > 0.99;
            if smooth && normal.dot(direction) < -0.2 {
                assert!((hit.at - truth).abs() < baked.cell, "{recipe}: {} and {truth}", hit.at);
                if recipe.contains("sphere") || recipe.contains("torus") {
                    assert!(cosine > 0.998, "{recipe}: normals differ by {}°", cosine.acos().to_degrees());
                }
            }
        }
        assert!(hits > 1000 && grazing < hits / 50, "{recipe}: {hits} hits, {grazing} grazing");
    }
}

fn gradient(distance: impl Fn(Vec3) -> f32, p: Vec3) -> Vec3 {
    let h = 1e-3;
    let along = |axis: Vec3| distance(p + h * axis) - distance(p - h * axis);
    Vec3::new(along(Vec3::X), along(Vec3::Y), along(Vec3::Z)).normalize_or_zero()
}

/// Volume and shell are baked apart from each other, from the same field.
#[test]
fn volumes_and_shells_are_hit_at_the_same_places() {
    let baked = bake(&smooth_union_of_64(), 96);
    let (volume, shell) = (VolumeView::from(&baked.volume), ShellView::from(&baked.shell));
    let tree = ShellTree::new(&shell);
    let (mut both, mut grazing) = (0, 0);
    for i in 0..20_000 {
        let ray = random_ray(i, &baked.bounds);
        let (origin, direction) = (Vec3::from(ray.origin), Vec3::from(ray.direction));
        let of_volume = volume.cast_ray(&ray, &baked.bounds);
        let of_shell = tree.cast_ray(&shell, &ray);
        let first =
            of_volume.map_or(f32::INFINITY, |hit| hit.at).min(of_shell.map_or(f32::INFINITY, |hit| hit.at));
        if let (Some(of_volume), Some(of_shell)) = (of_volume, of_shell) {
            both += 1;
            let point = origin + of_volume.at * direction;
            let nearest = tree.nearest(&shell, point.into(), 0.5 * baked.cell);
            assert!(nearest.is_some(), "{ray:?}: more than half a cell beside the shell");
            let slant = Vec3::from(volume.slope_at(&of_volume)).normalize().dot(-direction);
            if (of_volume.at - of_shell.at).abs() < baked.cell / slant.max(0.1) {
                continue;
            }
        }
        if first.is_finite() {
            // One of them goes on to what lies behind: at the first hit, the ray is nowhere deep in the solid.
            grazing += 1;
            let steps = (0..80).map(|k| origin + (first + (k as f32 - 4.0) * 0.1 * baked.cell) * direction);
            let distances = steps.map(|p| volume.sample(p.into()).map_or(1.0, |sample| sample.distance));
            let sinks =
                distances.collect::<Vec<_>>().windows(2).take_while(|w| w[1] < w[0]).map(|w| w[1]).last();
            let deepest = sinks.unwrap_or(0.0);
            // Stored distances of blends may be larger than true ones.
            assert!(
                deepest.abs() < 0.35 * volume.lipschitz * baked.cell,
                "{ray:?}: goes {deepest} deep at {first}"
            );
        }
    }
    assert!(both > 10_000 && 15 * grazing < both, "{both}, {grazing} of them grazing");
}

#[test]
fn distances_are_those_of_the_shape() {
    let baked = bake(&field(r#"{"op": "torus", "major_radius": 0.7, "minor_radius": 0.2}"#), 64);
    let (volume, shell) = (VolumeView::from(&baked.volume), ShellView::from(&baked.shell));
    let tree = ShellTree::new(&shell);
    let (min, max) = (Vec3::from(baked.bounds.min), Vec3::from(baked.bounds.max));
    let mut sampled = 0;
    for i in 0..10_000 {
        let point = min + scatter(i) * (max - min);
        let truth = torus(point);
        let field = volume.field(point.into()).unwrap();
        match field.gradient {
            Some(slope) => {
                sampled += 1;
                // Not along the ring in the middle of the torus, where the field has an edge.
                if truth.abs() < 0.1 {
                    assert!((field.distance - truth).abs() < 0.1 * baked.cell, "{point}: {field:?}, {truth}");
                    assert!(Vec3::from(slope).normalize().dot(gradient(torus, point)) > 0.99);
                }
            }
            None => assert!(field.distance.abs() <= truth.abs() + 1e-5, "{point}: {field:?}, {truth}"),
        }
        let nearest = tree.nearest(&shell, point.into(), f32::INFINITY).unwrap();
        assert!((nearest.distance - truth).abs() < 0.2 * baked.cell, "{point}: {nearest:?}, {truth}");
    }
    assert!(sampled > 3000, "{sampled}");
}

/// Rays at a wire that is a fraction of a cell thick.
#[test]
fn thin_parts_of_a_shell_are_hit() {
    let baked = bake(
        &field(
            r#"{"op": "union", "children": [{"op": "sphere", "radius": 0.3},
                {"op": "translate", "offset": [0, 0.5, 0],
                 "child": {"op": "capsule", "radius": 0.002, "half_height": 0.498}}]}"#,
        ),
        64,
    );
    let shell = ShellView::from(&baked.shell);
    let tree = ShellTree::new(&shell);
    let mut hits = 0;
    for i in 0..500 {
        let height = 0.35 + 0.6 * (i as f32 / 500.0);
        let turn = i as f32 * 0.37;
        let from = Vec3::new(2.0 * turn.cos(), height, 2.0 * turn.sin());
        let direction = Vec3::new(0.0, height, 0.0) - from;
        let ray = Ray { origin: from.into(), direction: direction.into(), end: 1.0, sides: Sides::Front };
        if let Some(hit) = tree.cast_ray(&shell, &ray) {
            let point = from + hit.at * direction;
            assert!(Vec3::new(point.x, 0.0, point.z).length() < 0.003, "{point}");
            hits += 1;
        }
    }
    assert_eq!(hits, 500);
}
