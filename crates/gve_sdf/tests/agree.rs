//! All evaluators give the same field.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use gve_sdf::{Aabb, Evaluator, Field, Vec3, interpret, testing};
use gve_types::MaterialTable;

/// Lowered random recipes; those that cannot be lowered are left out.
fn fields(seeds: std::ops::Range<u64>) -> Vec<(u64, Field)> {
    let fields: Vec<_> = seeds
        .clone()
        .filter_map(|seed| match Field::lower(&testing::random_recipe(seed), MaterialTable::builtin()) {
            Ok(field) => Some((seed, field)),
            Err(error) => {
                assert!(error.violations.iter().all(|v| v.path.starts_with("$.")), "seed {seed}: {error}");
                None
            }
        })
        .collect();
    let asked = (seeds.end - seeds.start) as usize;
    assert!(fields.len() * 10 > asked * 8, "only {} of {asked} recipes could be lowered", fields.len());
    fields
}

/// Interpreter, batches and pruned regions agree to the last bit: they use the same functions in the same
/// order, and pruning only leaves out what does not change the result. (Squares below 1e-36 may vanish,
/// so values below 1e-18 count as 0.)
#[test]
fn interpreter_batches_and_regions_agree() {
    let mut checked = 0;
    for (seed, field) in fields(0..400) {
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
                let mut materials = vec![0; points.len()];
                let mut gradients = vec![gve_sdf::Vec4::ZERO; points.len()];
                evaluator.distances(region, &xs, &ys, &zs, &mut distances);
                evaluator.materials(region, &xs, &ys, &zs, &mut materials);
                evaluator.gradients(region, &xs, &ys, &zs, &mut gradients);
                for (i, &p) in points.iter().enumerate() {
                    let expected = interpret::distance(field.tape(), p);
                    assert!(expected.is_finite());
                    let same = |v: f32| v == expected || (v - expected).abs() < 1e-18;
                    assert!(same(distances[i]), "seed {seed} at {p}: {} for {expected}", distances[i]);
                    assert!(same(gradients[i].w), "seed {seed} at {p}: {} for {expected}", gradients[i].w);
                    assert_eq!(materials[i], interpret::material(field.tape(), p), "seed {seed} at {p}");
                    for range in [whole, outer_range, inner_range] {
                        assert!(range.contains(expected), "seed {seed} at {p}: {expected} not in {range:?}");
                    }
                    let slope = gradients[i].truncate().length();
                    assert!(slope <= field.lipschitz() * 1.001, "seed {seed} at {p}: gradient {slope}");
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 100_000);
}
