//! Weighs recipes and prints what it took: `weights RECIPE…`.
#![allow(clippy::print_stdout, reason = "this is a command-line tool")]

use std::time::Instant;

use gve_bake::mass::{DEFAULT_TOLERANCE, weigh};
use gve_sdf::Field;
use gve_types::{MaterialTable, parse_recipe};

const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut all = vec![];
    for path in std::env::args().skip(1) {
        let materials = MaterialTable::builtin();
        let dna = parse_recipe(&std::fs::read_to_string(&path)?, materials)
            .map_err(|e| format!("{path}: {e:?}"))?;
        let (mut lower_ms, mut weigh_ms) = (f64::INFINITY, f64::INFINITY);
        let mut total = None;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let field = Field::lower(&dna, materials)?;
            lower_ms = lower_ms.min(1e3 * start.elapsed().as_secs_f64());
            let start = Instant::now();
            total = Some(weigh(&field, DEFAULT_TOLERANCE).total);
            weigh_ms = weigh_ms.min(1e3 * start.elapsed().as_secs_f64());
        }
        let Some(total) = total else { continue };
        let percent = 100.0 * total.relative_error;
        println!(
            "{path}: lowered in {lower_ms:.1} ms, weighed in {weigh_ms:.1} ms: {} kg ± {percent:.3} %",
            total.mass_kg
        );
        all.push(weigh_ms);
    }
    all.sort_by(f64::total_cmp);
    println!("median {:.1} ms", all.get(all.len() / 2).copied().unwrap_or(f64::NAN));
    Ok(())
}
