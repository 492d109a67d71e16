#![allow(missing_docs, clippy::unwrap_used)]
use gve_bake::volume;
use gve_sdf::Field;
use gve_types::{MaterialTable, parse_recipe};
fn cpu() -> f64 {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|t| {
            let s = std::fs::read_to_string(t.unwrap().path().join("schedstat")).unwrap_or_default();
            s.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * 1e-9
        })
        .sum()
}

#[test]
fn library() {
    let resolution: u32 = std::env::var("RES").map_or(128, |r| r.parse().unwrap());
    let dir = std::env::var("DIR").unwrap_or_else(|_| "../../assets/library".into());
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut total = 0;
    let mut total_cpu = 0.0;
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".gve.json") || !name.contains(&only) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let Ok(dna) = parse_recipe(&text, MaterialTable::builtin()) else {
            println!("{name}: no recipe");
            continue;
        };
        let field = match Field::lower(&dna, MaterialTable::builtin()) {
            Ok(f) => f,
            Err(e) => {
                println!("{name}: {e}");
                continue;
            }
        };
        let size = field.bounds().size();
        let cube = size.element_product().cbrt();
        let cells =
            ((size.max_element() / cube).clamp(1.0, 3.0) * resolution as f32).round().min(512.0) as u32;
        let mut best = f64::INFINITY;
        let mut baked = None;
        for _ in 0..5 {
            let start = cpu();
            baked = Some(volume::bake(&field, cells));
            best = best.min(cpu() - start);
        }
        let baked = match baked.unwrap() {
            Ok(b) => b,
            Err(e) => {
                println!("{name}: {e}");
                continue;
            }
        };
        let v = &baked.volume;
        let counts: Vec<usize> = v.levels.iter().map(|l| l.scales.len()).collect();
        let bytes: usize = v
            .levels
            .iter()
            .map(|l| l.distances.len() * 2 + l.parts.len() + l.cells.len() * 8 + l.scales.len() * 4)
            .sum();
        total += bytes;
        total_cpu += best;
        println!(
            "{name}: {:.1} ms lip {} size {size} cells {cells} cell0 {} bricks {:?} slab {:?} {counts:?} {:.2} MB field lip {}",
            best * 1e3,
            v.lipschitz,
            v.cell_size,
            v.bricks,
            v.slab,
            bytes as f64 / 1e6,
            field.lipschitz()
        );
        for lack in &baked.lacks {
            println!("    lacks {lack:?} size/t {}", size.max_element() / lack.thickness_m);
        }
    }
    println!("total {:.2} MB {:.0} ms cpu", total as f64 / 1e6, total_cpu * 1e3);
}
