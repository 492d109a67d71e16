//! Bakes the volumes of recipes and prints what they took: `volumes RESOLUTION RECIPE…`.
#![allow(clippy::print_stdout, reason = "this is a command-line tool")]

use std::time::Instant;

use gve_bake::{volume, volume_cells};
use gve_sdf::Field;
use gve_types::{MaterialTable, parse_recipe};

const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let resolution = args.next().ok_or("expected a resolution and recipes")?.parse()?;
    let (mut bytes, mut seconds) = (0, 0.0);
    for path in args {
        let materials = MaterialTable::builtin();
        let dna = parse_recipe(&std::fs::read_to_string(&path)?, materials)
            .map_err(|e| format!("{path}: {e:?}"))?;
        let field = Field::lower(&dna, materials)?;
        let cells = volume_cells(&field, resolution);
        let mut best = f64::INFINITY;
        let mut baked = None;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            baked = Some(volume::bake(&field, cells)?);
            best = best.min(start.elapsed().as_secs_f64());
        }
        let Some(baked) = baked else { continue };
        let counts: Vec<usize> = baked.volume.levels.iter().map(|level| level.scales.len()).collect();
        let own: usize = baked
            .volume
            .levels
            .iter()
            .map(|l| 2 * l.distances.len() + l.parts.len() + 8 * l.cells.len())
            .sum();
        let [ms, mb] = [1e3 * best, own as f64 / 1e6];
        println!("{path}: {ms:.1} ms, {mb:.2} MB, bricks {counts:?}, slope {}", baked.volume.lipschitz);
        for lack in baked.missing(&field) {
            println!("  lacks {} at {:?}, {} m thick", lack.path, lack.place, lack.thickness_m);
        }
        (bytes, seconds) = (bytes + own, seconds + best);
    }
    println!("together {:.1} ms, {:.2} MB", 1e3 * seconds, bytes as f64 / 1e6);
    Ok(())
}
