//! All evaluators give the same field.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::random_fields;
use gve_sdf::{Aabb, Evaluator, Vec3, interpret, testing};

/// Interpreter, batches and pruned regions agree to the last bit: they use the same functions in the same
/// order, and pruning only leaves out what does not change the result. (Squares below 1e-36 may vanish,
/// so values below 1e-18 count as 0.)
#[test]
fn interpreter_batches_and_regions_agree() {
    let (mut checked, mut steep) = (0, Vec::new());
    for (seed, field) in random_fields(0..400) {
        let mut random = testing::Random::new(seed ^ 77);
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let bounds = field.bounds().padded(0.5 * field.bounds().size().max_element());
        for round in 0..12 {
            let center = bounds.min + bounds.size() * random.point(0.0, 1.0);
            let half = bounds.size() * random.range(0.01, 0.4) * 0.5f32.powi(round % 4);
            let outer = Aabb::from_center(center, half);
            let inner = Aabb::from_center(center, half * 0.4);
            let whole = evaluator.interval(&root, outer);
            let (outer_region, outer_range) = evaluator.prune(&root, outer);
            let (inner_region, inner_range) = evaluator.prune(&outer_region, inner);
            assert!(inner_region.len() <= outer_region.len() && outer_region.len() <= root.len());
            let points: Vec<Vec3> = (0..37)
                .map(|i| match i {
                    0..8 => inner.corners()[i],
                    _ => inner.min + inner.size() * random.point(0.0, 1.0),
                })
                .collect();
            let [xs, ys, zs] = [0, 1, 2].map(|axis| points.iter().map(|p| p[axis]).collect::<Vec<_>>());
            for region in [&root, &outer_region, &inner_region] {
                let mut distances = vec![0.0; points.len()];
                let mut parts = vec![0; points.len()];
                let mut gradients = vec![gve_sdf::Vec4::ZERO; points.len()];
                evaluator.distances(region, &xs, &ys, &zs, &mut distances);
                evaluator.parts(region, &xs, &ys, &zs, &mut parts);
                evaluator.gradients(region, &xs, &ys, &zs, &mut gradients);
                for (i, &p) in points.iter().enumerate() {
                    let expected = interpret::distance(field.tape(), p);
                    assert!(expected.is_finite());
                    let same = |v: f32| v == expected || (v - expected).abs() < 1e-18;
                    assert!(same(distances[i]), "seed {seed} at {p}: {} for {expected}", distances[i]);
                    assert!(same(gradients[i].w), "seed {seed} at {p}: {} for {expected}", gradients[i].w);
                    assert_eq!(parts[i], interpret::part(field.tape(), p), "seed {seed} at {p}");
                    for range in [whole, outer_range, inner_range] {
                        assert!(range.contains(expected), "seed {seed} at {p}: {expected} not in {range:?}");
                    }
                    let slope = gradients[i].truncate().length();
                    if slope > field.lipschitz() * 1.001 {
                        steep.push(format!("seed {seed} at {p}: gradient {slope} for {}", field.lipschitz()));
                    }
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 100_000);
    // Offsets of deformed shapes may jump, on surfaces that few points come near.
    assert!(steep.len() * 20_000 <= checked, "{}", steep.join("\n"));
}

/// Boxes that are pruned side by side, in SIMD lanes, come out as each does alone, whatever their number; and
/// distances and materials asked for together are those asked for one after the other.
#[test]
fn boxes_side_by_side_are_pruned_as_alone() {
    let mut shortened = 0;
    for (seed, field) in random_fields(0..200) {
        let mut random = testing::Random::new(seed ^ 99);
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let bounds = field.bounds().padded(0.5 * field.bounds().size().max_element());
        let mut boxes: Vec<Aabb> = (0..1 + seed as usize % 8)
            .map(|i| {
                let half = bounds.size() * random.range(0.01, 0.3);
                let center = bounds.min + bounds.size() * random.point(0.0, 1.0);
                if i == 3 { Aabb::UNBOUNDED } else { Aabb::from_center(center, half) }
            })
            .collect();
        boxes.push(Aabb::new(bounds.min, bounds.max));
        let together: Vec<_> = evaluator.prune_many(&root, &boxes, |lane, _| lane != 1).collect();
        assert_eq!(together.len(), boxes.len().min(8));
        for (lane, ((region, interval), &bounds)) in together.iter().zip(&boxes).enumerate() {
            let (alone, alone_interval) = evaluator.prune(&root, bounds);
            assert_eq!(*interval, alone_interval, "seed {seed}, box {lane}");
            let expected = if lane == 1 { &root } else { &alone };
            assert_eq!((region.len(), region.bounds()), (expected.len(), expected.bounds()));
            shortened += usize::from(region.len() < root.len());
            if !bounds.is_finite() {
                continue;
            }
            let points: Vec<Vec3> =
                (0..300).map(|_| bounds.min + bounds.size() * random.point(0.0, 1.0)).collect();
            let [xs, ys, zs] = [0, 1, 2].map(|axis| points.iter().map(|p| p[axis]).collect::<Vec<_>>());
            let (mut distances, mut parts) = (vec![0.0; 300], vec![0; 300]);
            let out = (&mut distances[..], &mut parts[..]);
            evaluator.distances_and_parts(region, &xs, &ys, &zs, out);
            let (mut expected, mut expected_parts) = (vec![0.0; 300], vec![0; 300]);
            evaluator.distances(&alone, &xs, &ys, &zs, &mut expected);
            evaluator.parts(&alone, &xs, &ys, &zs, &mut expected_parts);
            let same = |(a, b): (&f32, &f32)| a == b || (a - b).abs() < 1e-18;
            assert!(distances.iter().zip(&expected).all(same), "seed {seed}, box {lane}");
            assert_eq!(parts, expected_parts, "seed {seed}, box {lane}");
            if let Some(part) = region.uniform_part() {
                assert!(parts.iter().all(|&found| found == part), "seed {seed}, box {lane}");
            }
        }
    }
    assert!(shortened > 300, "{shortened}");
}

/// The random recipes hold every operation there is, and no recipe differs between two runs.
#[test]
fn random_recipes_cover_every_operation() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..400 {
        let recipe = testing::random_recipe(seed);
        assert_eq!(recipe, testing::random_recipe(seed));
        common::operations(&recipe.root_node, &mut seen);
    }
    assert_eq!(seen.len(), 29, "{seen:?}");
}

/// The gradient is that of the field: compared with differences of the field itself, where it is smooth.
#[test]
fn gradients_are_slopes() {
    let (mut compared, mut close) = (0, 0);
    for (seed, field) in random_fields(0..150) {
        let mut random = testing::Random::new(seed);
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let bounds = field.bounds().padded(0.2);
        for _ in 0..60 {
            let p = bounds.min + bounds.size() * random.point(0.0, 1.0);
            let gradient = evaluator.gradient(&root, p).truncate();
            assert!(gradient.is_finite());
            let h = 1e-3;
            let slope = Vec3::from_array([Vec3::X, Vec3::Y, Vec3::Z].map(|axis| {
                let (a, b) =
                    (evaluator.distance(&root, p + h * axis), evaluator.distance(&root, p - h * axis));
                (a - b) / (2.0 * h)
            }));
            compared += 1;
            close += usize::from((slope - gradient).length() < 0.02 * (1.0 + gradient.length()));
        }
    }
    // The rest lies on creases, where differences average two slopes.
    assert!(close * 100 > compared * 97, "{close} of {compared}");
}

/// Far points and awkward points give finite numbers.
#[test]
fn no_evaluator_returns_nan() {
    for (seed, field) in random_fields(0..150) {
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let edge = [-1e5, -1.0, -1e-30, -0.0, 0.0, 1e-20, 0.5, 1e5];
        for x in edge {
            for y in edge {
                for z in edge {
                    let p = Vec3::new(x, y, z);
                    let gradient = evaluator.gradient(&root, p);
                    assert!(gradient.is_finite(), "seed {seed} at {p}: {gradient}");
                    let range = evaluator.interval(&root, Aabb::new(p, p));
                    assert!(
                        range.contains(gradient.w),
                        "seed {seed} at {p}: {} not in {range:?}",
                        gradient.w
                    );
                }
            }
        }
        let all = evaluator.interval(&root, Aabb::from_center(Vec3::ZERO, Vec3::splat(1e5)));
        assert!(!all.lo.is_nan() && !all.hi.is_nan());
        for odd in [Aabb::UNBOUNDED, Aabb::EMPTY, Aabb::new(Vec3::NAN, Vec3::NAN)] {
            let (region, range) = evaluator.prune(&root, odd);
            assert_eq!((region.len(), range), (root.len(), gve_sdf::Interval::ALL));
        }
    }
}
