//! Every shell is closed and manifold: on random trees and on the sample library.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/intersections.rs"]
mod intersections;
mod support;

use gve_bake::{BakeError, shell};
use gve_sdf::{Field, testing::random_recipe};
use gve_types::{MaterialTable, parse_recipe};
use intersections::self_intersections;
use rayon::prelude::*;
use support::{Faults, faults};

/// Meshes random recipes and returns how many of them had a surface that the grid can hold.
fn mesh(seeds: std::ops::Range<u64>, resolution: u32) -> usize {
    seeds
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
                    true
                }
                Err(BakeError::NoSurface { .. } | BakeError::ThinnerThanCells { .. }) => false,
                Err(error) => panic!("seed {seed}: {error}"),
            }
        })
        .count()
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
    let mut meshed = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_string_lossy().ends_with(".gve.json") {
            continue;
        }
        let materials = MaterialTable::builtin();
        let recipe = parse_recipe(&std::fs::read_to_string(&path).unwrap(), materials).unwrap();
        let field = Field::lower(&recipe, materials).unwrap();
        for resolution in [40, 128] {
            let start = (std::time::Instant::now(), cpu());
            let report = shell::generate(&field, resolution).unwrap();
            println!(
                "{} at {resolution}: cell {:.2} mm, {} triangles, {} ms, {} ms of processors, {:?}",
                path.file_name().unwrap().to_string_lossy(),
                1e3 * report.cell_size_m,
                report.shell.indices.len() / 3,
                start.0.elapsed().as_millis(),
                cpu() - start.1,
                report.warnings()
            );
            assert_eq!(faults(&report.shell), Faults::default(), "{} at {resolution}", path.display());
            println!("   {:?}", self_intersections(&report.shell));
        }
        meshed += 1;
    }
    assert!(meshed > 0, "no recipe in {folder}");
}

fn cpu() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    10 * (f[11].parse::<u64>().unwrap() + f[12].parse::<u64>().unwrap())
}
