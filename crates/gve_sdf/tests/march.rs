//! Gradient bounds keep marching safe, and bounds hold the shape.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::random_fields;
use gve_sdf::{Aabb, Evaluator, Vec3, testing};

/// Points on each ray.
const STEPS: usize = 1500;

/// Rays through random shapes: where dense sampling finds the first surface, marching with steps of
/// `distance / lipschitz` has not passed it, from wherever on the ray it starts.
#[test]
fn marching_finds_no_hole() {
    let (mut hits, mut misses) = (0, 0);
    for (seed, field) in random_fields(0..300) {
        let mut random = testing::Random::new(seed ^ 0x51);
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let bounds = field.bounds();
        let radius = bounds.size().length();
        for _ in 0..12 {
            let from = bounds.center() + radius * random.point(-1.0, 1.0);
            let to = bounds.min + bounds.size() * random.point(0.0, 1.0);
            let direction = (to - from).normalize();
            let length = 3.0 * radius;
            let at = |i: usize| from + direction * (length * i as f32 / STEPS as f32);
            let points: Vec<Vec3> = (0..STEPS).map(at).collect();
            let [xs, ys, zs] = [0, 1, 2].map(|axis| points.iter().map(|p| p[axis]).collect::<Vec<_>>());
            let mut distances = vec![0.0; STEPS];
            evaluator.distances(&root, &xs, &ys, &zs, &mut distances);
            let Some(surface) = distances.iter().position(|&d| d <= 0.0) else {
                misses += 1;
                continue;
            };
            hits += 1;
            // Rounding: a few units in the last place of the coordinates.
            let slack = 1e-5 * radius;
            for (i, &distance) in distances[..surface].iter().enumerate() {
                let free = (points[surface] - points[i]).length();
                assert!(
                    distance / field.lipschitz() <= free + slack,
                    "seed {seed}: at {} the field is {distance} with bound {}, but the surface is {free} m away",
                    points[i],
                    field.lipschitz()
                );
            }
            // And inside, backwards: no step leaves the solid unseen.
            for (i, &distance) in distances.iter().enumerate().skip(surface).take(200) {
                let free = (points[i] - points[surface.saturating_sub(1)]).length();
                if surface > 0 && distance < 0.0 {
                    assert!(
                        -distance / field.lipschitz() <= free + slack,
                        "seed {seed}: inside at {}",
                        points[i]
                    );
                }
            }
        }
    }
    assert!(hits > 800 && misses > 100, "{hits} hits, {misses} misses");
}

/// The march itself arrives where dense sampling finds the surface.
#[test]
fn marching_arrives() {
    let mut arrived = 0;
    for (seed, field) in random_fields(0..120) {
        let mut random = testing::Random::new(seed ^ 0x99);
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let bounds = field.bounds();
        let radius = bounds.size().length();
        for _ in 0..6 {
            let from = bounds.center() + radius * random.point(-1.0, 1.0);
            let direction = (bounds.center() + 0.2 * radius * random.point(-1.0, 1.0) - from).normalize();
            if evaluator.distance(&root, from) <= 0.0 {
                continue;
            }
            let mut t = 0.0_f32;
            let mut near = false;
            for _ in 0..20_000 {
                let distance = evaluator.distance(&root, from + direction * t);
                near = distance < 2e-4 * radius;
                if near || t > 3.0 * radius {
                    break;
                }
                t += distance / field.lipschitz();
            }
            // Before the stop nothing was inside.
            for i in 0..200 {
                let distance = evaluator.distance(&root, from + direction * (t * i as f32 / 200.0));
                assert!(distance > -1e-4 * radius, "seed {seed}: passed a wall");
            }
            arrived += usize::from(near);
        }
    }
    assert!(arrived > 200, "{arrived}");
}

/// Between any two points the field changes by at most its bound per metre, unless a fold of something
/// that is no true distance lets it jump; then the sign rule still holds.
#[test]
fn opposite_signs_are_far_enough_apart() {
    for (seed, field) in random_fields(0..300) {
        let mut random = testing::Random::new(seed ^ 0x1234);
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let bounds = field.bounds().padded(0.3);
        let samples: Vec<(Vec3, f32)> = (0..300)
            .map(|_| {
                let p = bounds.min + bounds.size() * random.point(0.0, 1.0);
                (p, evaluator.distance(&root, p))
            })
            .collect();
        for &(p, f) in samples.iter().filter(|s| s.1 > 0.0) {
            for &(q, g) in samples.iter().filter(|s| s.1 < 0.0) {
                let apart = (p - q).length() + 1e-5;
                assert!(f <= field.lipschitz() * apart, "seed {seed}: {f} at {p}, inside at {q}");
                assert!(-g <= field.lipschitz() * apart, "seed {seed}: {g} at {q}, outside at {p}");
            }
        }
    }
}

/// Distances on a grid of points over a box.
fn sampled(evaluator: &mut Evaluator, bounds: Aabb, counts: [usize; 3]) -> Vec<(Vec3, f32)> {
    let root = evaluator.root();
    let at = |i: usize, axis: usize| {
        bounds.min[axis] + bounds.size()[axis] * (i as f32 + 0.5) / counts[axis] as f32
    };
    let mut points = Vec::new();
    for i in 0..counts[0] {
        for j in 0..counts[1] {
            points.extend((0..counts[2]).map(|k| Vec3::new(at(i, 0), at(j, 1), at(k, 2))));
        }
    }
    let [xs, ys, zs] = [0, 1, 2].map(|axis| points.iter().map(|p| p[axis]).collect::<Vec<_>>());
    let mut distances = vec![0.0; points.len()];
    evaluator.distances(&root, &xs, &ys, &zs, &mut distances);
    points.into_iter().zip(distances).collect()
}

/// The bounds hold every point that is inside, and most of their faces have the solid within three percent
/// of the longest side. (Some of the rest end in tips and edges that sampling misses.)
#[test]
fn bounds_hold_the_shape_tightly() {
    let (mut faces, mut tight) = (0, 0);
    for (seed, field) in random_fields(0..200) {
        let mut evaluator = Evaluator::new(&field);
        let bounds = field.bounds();
        let longest = bounds.size().max_element();
        for (p, distance) in sampled(&mut evaluator, bounds.padded(0.3 * longest), [30; 3]) {
            assert!(distance > 0.0 || bounds.contains(p), "seed {seed}: inside at {p}, bounds {bounds:?}");
        }
        for axis in 0..3 {
            for upper in [true, false] {
                let mut slab = bounds;
                if upper {
                    slab.min[axis] = slab.max[axis] - 0.03 * longest;
                } else {
                    slab.max[axis] = slab.min[axis] + 0.03 * longest;
                }
                let mut counts = [64; 3];
                counts[axis] = 6;
                faces += 1;
                tight += usize::from(sampled(&mut evaluator, slab, counts).iter().any(|s| s.1 <= 0.0));
            }
        }
    }
    assert!(tight * 100 > faces * 90, "{tight} of {faces} faces");
}
