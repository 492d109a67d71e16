//! Every shell is closed and manifold: on random trees and on the sample library.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells its figures")]

#[path = "support/intersections.rs"]
mod intersections;
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use gve_bake::{
    BakeError,
    shell::{self, ShellReport},
};
use gve_sdf::{Evaluator, Field, Vec3, testing::random_recipe};
use gve_types::{MaterialTable, parse_recipe};
use intersections::self_intersections;
use rayon::prelude::*;
use support::{Faults, faults};

/// Meshes random recipes and returns how many of them had a surface that the grid can hold.
fn mesh(seeds: std::ops::Range<u64>, resolution: u32) -> usize {
    let (through, triangles) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let meshed = seeds
        .into_par_iter()
        .filter(|&seed| {
            // A few recipes are not meant to be lowered.
            let Ok(field) = Field::lower(&random_recipe(seed), MaterialTable::builtin()) else {
                return false;
            };
            match shell::generate(&field, resolution) {
                Ok(report) => {
                    assert_eq!(faults(&report.shell), Faults::default(), "seed {seed} at {resolution}");
                    assert!(report.thin.len() <= 16);
                    through.fetch_add(self_intersections(&report.shell).0, Ordering::Relaxed);
                    triangles.fetch_add(report.shell.indices.len() / 3, Ordering::Relaxed);
                    true
                }
                Err(BakeError::NoSurface { .. } | BakeError::ThinnerThanCells { .. }) => false,
                Err(error) => panic!("seed {seed}: {error}"),
            }
        })
        .count();
    let (through, triangles) = (through.into_inner(), triangles.into_inner());
    println!("{meshed} meshes at {resolution}: {through} of {triangles} triangles pass through others");
    assert!(through * 50 < triangles, "{through} of {triangles} triangles pass through others");
    meshed
}

#[test]
fn a_thousand_random_trees() {
    let meshed = mesh(0..1000, 20);
    assert!(meshed > 800, "only {meshed} of 1000 recipes have a surface");
}

#[test]
fn some_random_trees_in_detail() {
    let meshed = mesh(5000..5060, 56);
    assert!(meshed > 45, "only {meshed} of 60 recipes have a surface");
}

#[test]
fn the_sample_library() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/library");
    let (mut found, mut kept, mut crossed, mut turned) = (0, 0, 0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_string_lossy().ends_with(".gve.json") {
            continue;
        }
        let materials = MaterialTable::builtin();
        let recipe = parse_recipe(&std::fs::read_to_string(&path).unwrap(), materials).unwrap();
        let field = Field::lower(&recipe, materials).unwrap();
        for resolution in [40, 128] {
            let report = shell::generate(&field, resolution).unwrap();
            assert_eq!(faults(&report.shell), Faults::default(), "{} at {resolution}", path.display());
            let (through, place) = self_intersections(&report.shell);
            let (off, inwards) = misfits(&field, &report);
            let triangles = report.shell.indices.len() / 3;
            println!(
                "{} at {resolution}: {triangles} of {} triangles, {off:.4} cells off in the mean, {inwards} face inwards, \
                 {through} pass through others, {place:?}",
                recipe.metadata.name, report.found_triangles
            );
            assert!(off < 0.05, "{off} cells off");
            if resolution == 128 {
                found += report.found_triangles as usize;
                kept += triangles;
                crossed += through;
                turned += inwards;
            }
        }
    }
    println!("{kept} of {found} triangles, {crossed} pass through others, {turned} face inwards");
    assert!(found > 100_000 && 2 * kept <= found, "{kept} of {found} triangles");
    assert!(crossed * 250 < kept && turned * 100 < kept, "{crossed} and {turned} of {kept}");
}

/// Mean distance in cells between the middles of triangles and the surface, and how many triangles face
/// against the normals of all their corners.
fn misfits(field: &Field, report: &ShellReport) -> (f32, usize) {
    let mut evaluator = Evaluator::new(field);
    let root = evaluator.root();
    let (mut sum, mut area, mut inwards) = (0.0, 0.0, 0);
    for triangle in report.shell.indices.chunks_exact(3) {
        let [a, b, c] = [0, 1, 2].map(|i| Vec3::from(report.shell.positions[triangle[i] as usize]));
        let plane = (b - a).cross(c - a);
        sum += plane.length() * evaluator.distance(&root, (a + b + c) / 3.0).abs();
        area += plane.length();
        let against = |i: &u32| Vec3::from(report.shell.normals[*i as usize]).dot(plane) < 0.0;
        inwards += usize::from(triangle.iter().all(against));
    }
    (sum / area / report.cell_size_m, inwards)
}
