//! What stands far from its origin has the field of what stands at it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells its figures")]

use gve_sdf::{
    DVec3, Evaluator, Field, Vec3,
    testing::{Random, random_recipe},
};
use gve_types::{
    AssetDna, DnaNode, MaterialTable,
    dna::{Rotate, Scale, Translate},
};

const OFFSET: [f32; 3] = [700.0, -400.0, 350.0];

fn translate(offset: [f32; 3], child: DnaNode) -> DnaNode {
    DnaNode::Translate(Translate { offset, child: Box::new(child), material: None, name: None })
}

fn lower(dna: &AssetDna) -> Option<Field> {
    Field::lower(dna, MaterialTable::builtin()).ok()
}

/// Compares a field moved by `OFFSET` with the one at the origin, at points about it. Returns the share of points where
/// they agree within `within` sizes.
fn agreement(here: &Field, there: &Field, within: f32, random: &mut Random) -> f32 {
    let (near, origin) = there.near();
    assert_ne!(origin, DVec3::ZERO);
    let (bounds, size) = (here.bounds(), here.bounds().size().max_element());
    let way = (DVec3::from(OFFSET.map(f64::from)) - origin).as_vec3();
    let [mut a, mut b] = [here, near].map(Evaluator::new);
    let (root_a, root_b) = (a.root(), b.root());
    let count = 64;
    let agree = (0..count).filter(|_| {
        let at = Vec3::from([0, 1, 2].map(|_| 1.4 * random.unit() - 0.2));
        let p = bounds.min + at * bounds.size();
        let [here, there] = [a.distance(&root_a, p), b.distance(&root_b, p + way)];
        (here - there).abs() <= within * here.abs().max(size)
    });
    agree.count() as f32 / count as f32
}

#[test]
fn every_operation_is_the_same_about_an_origin_near_to_it() {
    let mut random = Random::new(3);
    let (mut count, mut least, mut sum) = (0, 1.0f32, 0.0);
    for seed in 0..130 {
        let mut dna = random_recipe(seed);
        let Some(here) = lower(&dna) else { continue };
        if here.near().1 != DVec3::ZERO || here.bounds().size().max_element() > 8.0 {
            continue;
        }
        dna.root_node = translate(OFFSET, dna.root_node);
        let Some(there) = lower(&dna) else { continue };
        let share = agreement(&here, &there, 2e-5, &mut random);
        (count, least, sum) = (count + 1, least.min(share), sum + share);
        assert!(there.near().0.parts() == there.parts() && there.near().0.materials() == there.materials());
    }
    println!("{count} recipes: {} of the points agree, {least} at worst", sum / count as f32);
    assert!(count > 100);
    // Copies that lean to one side or the other jump by a rounding.
    assert!(sum / count as f32 > 0.999 && least > 0.8, "{} and {least}", sum / count as f32);
}

#[test]
fn turns_and_scales_above_keep_what_is_far_away_precise() {
    let mut random = Random::new(5);
    let mut count = 0;
    for seed in 0..60 {
        let mut dna = random_recipe(seed);
        let Some(here) = lower(&dna) else { continue };
        if here.bounds().size().max_element() > 4.0 {
            continue;
        }
        let scaled = Scale {
            factor: 0.7,
            child: Box::new(translate(OFFSET, dna.root_node)),
            material: None,
            name: None,
        };
        dna.root_node = DnaNode::Rotate(Rotate {
            axis: [1.0, 2.0, 0.3],
            angle_rad: 0.8,
            child: Box::new(DnaNode::Scale(scaled)),
            material: None,
            name: None,
        });
        let Some(there) = lower(&dna) else { continue };
        let (near, origin) = there.near();
        assert_ne!(origin, DVec3::ZERO);
        // Copies and deformations are evaluated about their own middle, which is near too.
        assert!(near.reach_m() < 100.0, "{seed}: {}", near.reach_m());
        let [mut a, mut b] = [&there, near].map(Evaluator::new);
        let (root_a, root_b) = (a.root(), b.root());
        let bounds = near.bounds();
        for _ in 0..32 {
            let p = bounds.min + bounds.size() * Vec3::from([0, 1, 2].map(|_| random.unit()));
            let far = (origin + p.as_dvec3()).as_vec3();
            let [coarse, fine] = [a.distance(&root_a, far), b.distance(&root_b, p)];
            count += usize::from((coarse - fine).abs() < 2e-3 * bounds.size().max_element());
        }
    }
    assert!(count > 32 * 30 * 9 / 10, "{count}");
}

#[test]
fn what_stands_near_the_origin_keeps_its_own() {
    let mut count = 0;
    for seed in 0..100 {
        let Some(field) = lower(&random_recipe(seed)) else { continue };
        let bounds = field.bounds();
        if bounds.center().abs().max_element() < 15.0 * bounds.size().max_element() {
            assert_eq!(field.near().1, DVec3::ZERO, "{seed}");
            count += 1;
        }
    }
    assert!(count > 50);
}
