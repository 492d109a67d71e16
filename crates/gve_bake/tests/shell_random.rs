//! Every shell is closed and manifold: on random trees and on the sample library.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells its figures")]

#[path = "support/intersections.rs"]
mod intersections;
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use gve_assets::Shell;
use gve_bake::{
    BakeError,
    shell::{self, ShellReport},
};
use gve_sdf::{Evaluator, Field, Vec3, testing::random_recipe};
use gve_types::{MaterialTable, parse_recipe};
use intersections::self_intersections;
use rayon::prelude::*;
use support::{Faults, faults};

/// Most triangles that may pass through others, in a thousand random recipes: a single one of these has 8, all at one
/// place.
const MOST_CROSSED: usize = 16;
/// How many random recipes are meshed; `GVE_RECIPES` says otherwise.
const RECIPES: u64 = 250;

/// Meshes random recipes and returns how many of them had a surface that the grid can hold, and how many triangles
/// pass through others.
fn mesh(seeds: std::ops::Range<u64>, resolution: u32) -> (usize, usize) {
    let (through, triangles, inwards) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
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
                    let (crossed, place) = self_intersections(&report.shell);
                    if crossed > 0 {
                        println!("seed {seed} at {resolution}: {crossed} pass through others, {place:?}");
                    }
                    through.fetch_add(crossed, Ordering::Relaxed);
                    inwards.fetch_add(inward_corners(&report.shell), Ordering::Relaxed);
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
    assert_eq!(inwards.into_inner(), 0, "normals against their own face");
    (meshed, through)
}

#[test]
fn a_thousand_random_trees() {
    let recipes = std::env::var("GVE_RECIPES").ok().and_then(|n| n.parse().ok()).unwrap_or(RECIPES);
    let (meshed, through) = mesh(0..recipes, 20);
    assert!(meshed as u64 * 10 > recipes * 8, "only {meshed} of {recipes} recipes have a surface");
    assert!(through <= MOST_CROSSED, "{through} triangles pass through others");
}

#[test]
fn some_random_trees_in_detail() {
    let (meshed, through) = mesh(5000..5060, 56);
    assert!(meshed > 45, "only {meshed} of 60 recipes have a surface");
    assert_eq!(through, 0);
}

#[test]
fn the_sample_library() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/library");
    let (mut found, mut kept) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_string_lossy().ends_with(".gve.json") {
            continue;
        }
        let materials = MaterialTable::builtin();
        let recipe = parse_recipe(&std::fs::read_to_string(&path).unwrap(), materials).unwrap();
        let field = Field::lower(&recipe, materials).unwrap();
        let name = &recipe.metadata.name;
        for resolution in [40, 128] {
            let report = shell::generate(&field, resolution).unwrap();
            assert_eq!(faults(&report.shell), Faults::default(), "{name} at {resolution}");
            let (crossed, place) = self_intersections(&report.shell);
            let inwards = inward_corners(&report.shell);
            let off = error_cells(&field, &report);
            let triangles = report.shell.indices.len() / 3;
            println!(
                "{name} at {resolution}: {triangles} of {} triangles, {off:.4} cells off in the mean",
                report.found_triangles
            );
            assert!(off < 0.03, "{name} at {resolution}: {off} cells off");
            assert_eq!(crossed, 0, "{name} at {resolution}: triangles pass through others at {place:?}");
            assert_eq!(inwards, 0, "{name} at {resolution}: normals against their own face");
            if resolution == 128 {
                assert!(
                    10 * triangles <= 6 * report.found_triangles as usize,
                    "{name}: {triangles} of {}",
                    report.found_triangles
                );
                found += report.found_triangles as usize;
                kept += triangles;
            }
        }
    }
    println!("{kept} of {found} triangles");
    assert!(found > 100_000 && 3 * kept <= found, "{kept} of {found} triangles");
}

/// Corners whose normal is against their own face, but for faces without an area.
fn inward_corners(shell: &Shell) -> usize {
    let against = |triangle: &[u32]| {
        let [a, b, c] = [0, 1, 2].map(|i| Vec3::from(shell.positions[triangle[i] as usize]));
        let plane = (b - a).cross(c - a);
        triangle.iter().filter(|&&i| Vec3::from(shell.normals[i as usize]).dot(plane) < 0.0).count()
    };
    shell.indices.chunks_exact(3).map(against).sum()
}

/// Mean distance in cells between the surface and the triangles, in their middles and those of their sides.
fn error_cells(field: &Field, report: &ShellReport) -> f32 {
    let mut evaluator = Evaluator::new(field);
    let root = evaluator.root();
    let (mut sum, mut area) = (0.0, 0.0);
    for triangle in report.shell.indices.chunks_exact(3) {
        let [a, b, c] = [0, 1, 2].map(|i| Vec3::from(report.shell.positions[triangle[i] as usize]));
        let plane = (b - a).cross(c - a);
        for p in [(a + b + c) / 3.0, 0.5 * (a + b), 0.5 * (b + c), 0.5 * (c + a)] {
            sum += plane.length() * evaluator.distance(&root, p).abs();
            area += plane.length();
        }
    }
    sum / area / report.cell_size_m
}
