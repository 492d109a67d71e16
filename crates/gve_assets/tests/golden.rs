//! The golden files: what was once written stays readable, and is written the same way again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::golden;
use gve_assets::{AssetFile, read_header};
use serde_json::Value;

#[test]
fn golden_files_read_as_the_assets_they_were_written_from() {
    for (name, asset) in golden::assets() {
        let file = AssetFile::open(golden::path(name)).unwrap();
        assert_eq!(file.to_data(), asset, "{name}");
        assert_eq!(file.header().asset_id, asset.asset_id);
        assert_eq!(file.header().splats_trained(), asset.metadata.splats_trained);
        assert_eq!(read_header(golden::path(name)).unwrap(), *file.header());
    }
}

#[test]
fn golden_files_twins_and_dump_are_what_the_example_would_write() {
    for (path, expected) in golden::derived_files() {
        let found = std::fs::read(&path).unwrap();
        let same = if path.extension().is_some_and(|extension| extension == "json") {
            // Not byte for byte: the order of fields depends on serde_json's features.
            serde_json::from_slice::<Value>(&found).unwrap()
                == serde_json::from_slice::<Value>(&expected).unwrap()
        } else {
            found == expected
        };
        assert!(same, "{}: run `cargo run -p gve_assets --example golden`", path.display());
    }
}

#[test]
fn golden_files_are_small() {
    let sizes = std::fs::read_dir(golden::root().join("tests/golden")).unwrap();
    let total: u64 = sizes.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(total < 64 << 10, "they are in every clone: {total} bytes");
}

#[test]
fn arrays_stand_on_boundaries_so_that_they_go_to_the_gpu_as_they_are() {
    let bytes = golden::bytes("several_materials");
    let file = AssetFile::from_bytes(bytes).unwrap();
    let start = file.bytes().as_ptr() as usize;
    let (volume, shell) = (file.volume(), file.shell());
    for (name, address) in [
        ("grid", volume.grid.as_ptr() as usize),
        ("distances", volume.distances.as_ptr() as usize),
        ("materials", volume.materials.as_ptr() as usize),
        ("splats", file.splats().as_ptr() as usize),
        ("positions", shell.positions.as_ptr() as usize),
        ("normals", shell.normals.as_ptr() as usize),
        ("weld", shell.weld.as_ptr() as usize),
        ("indices", shell.indices.as_ptr() as usize),
        ("parts", shell.parts.as_ptr() as usize),
    ] {
        assert_eq!((address - start) % 256, 0, "{name}");
    }
}
