//! Times opening and checking a file of 64 MiB beside `std::fs::read` of it, both from the page cache.
#![expect(clippy::print_stdout, reason = "this prints its result")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::{hint::black_box, time::Instant};

use gve_assets::{AssetFile, OpenOptions};

const ROUNDS: usize = 41;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mixes = [
        ("volume, splats and shell", [40, 32, 16], 400_000, 240_000, 480_000),
        ("mostly volume", [40, 32, 33], 10_000, 10_000, 20_000),
        ("mostly splats", [8, 8, 8], 1_300_000, 10_000, 20_000),
        ("mostly shell", [8, 8, 8], 10_000, 1_550_000, 1_500_000),
    ];
    let folder = tempfile::tempdir()?;
    for (name, bricks, splats, vertices, triangles) in mixes {
        let recipe = common::random::Recipe {
            seed: 1,
            bricks,
            slab: [bricks[0], bricks[1]],
            levels: 1,
            stored_of_256: 256,
            splats,
            vertices,
            triangles,
            materials: 8,
            modes: 8,
            name: name.to_owned(),
        };
        let path = folder.path().join("asset.gve_bin");
        gve_assets::write(&path, &common::random::asset(&recipe))?;
        let size = std::fs::metadata(&path)?.len();
        let unchecked = OpenOptions { verify_crc: false, ..OpenOptions::default() };
        let copied = OpenOptions { map: false, ..OpenOptions::default() };
        // Taken in turns, so that whatever else the machine does meets them all.
        let mut times = [const { Vec::new() }; 4];
        for _ in 0..ROUNDS {
            times[0].push(time(|| std::fs::read(&path).map(|bytes| bytes.len()))?);
            times[1].push(time(|| AssetFile::open(&path))?);
            times[2].push(time(|| AssetFile::open_with(&path, unchecked))?);
            times[3].push(time(|| AssetFile::open_with(&path, copied))?);
        }
        println!("{name}, {:.1} MiB, median (fastest) of {ROUNDS}:", size as f64 / f64::from(1 << 20));
        let labels = ["std::fs::read", "open", "open, checksum deferred", "open, read instead of mapped"];
        for (label, times) in labels.into_iter().zip(&mut times) {
            times.sort_by(f64::total_cmp);
            println!("  {label:<30} {:6.2} ms ({:6.2})", times[ROUNDS / 2], times[0]);
        }
    }
    Ok(())
}

/// Milliseconds until the value is there; dropping it is not counted.
fn time<T, E>(make: impl FnOnce() -> Result<T, E>) -> Result<f64, E> {
    let start = Instant::now();
    let value = black_box(make()?);
    let elapsed = start.elapsed().as_secs_f64() * 1e3;
    drop(value);
    Ok(elapsed)
}
