//! The golden files: what was once written stays readable, and is written the same way again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::golden;
use gve_assets::{AssetFile, read_header, read_metadata};
use serde_json::Value;

#[test]
fn golden_files_read_as_the_assets_they_were_written_from() {
    for (name, asset) in golden::assets() {
        let file = AssetFile::open(golden::path(name)).unwrap();
        assert_eq!(file.to_data(), asset, "{name}");
        assert_eq!(file.header().asset_id, asset.asset_id);
        assert_eq!(file.header().refinement(), asset.refinement);
        assert_eq!(file.source_format_version(), 2);
        assert_eq!(read_header(golden::path(name)).unwrap(), *file.header());
        assert_eq!(read_metadata(golden::path(name)).unwrap(), (*file.header(), asset.metadata));
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
    let folders = ["tests/golden", "tests/golden/v1"].map(|folder| golden::root().join(folder));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let total: u64 = files.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(total < 160 << 10, "they are in every clone: {total} bytes");
}

#[test]
fn arrays_stand_on_boundaries_so_that_they_go_to_the_gpu_as_they_are() {
    let bytes = golden::bytes("several_materials");
    let file = AssetFile::from_bytes(bytes).unwrap();
    let start = file.bytes().as_ptr() as usize;
    let (volume, shell) = (file.volume(), file.shell());
    assert_eq!(volume.levels().len(), 3);
    for level in volume.levels() {
        for (name, address) in [
            ("cells", level.cells.as_ptr() as usize),
            ("scales", level.scales.as_ptr() as usize),
            ("distances", level.distances.as_ptr() as usize),
            ("part ids", level.parts.bytes().as_ptr() as usize),
        ] {
            assert_eq!((address - start) % 256, 0, "{name}");
        }
    }
    for (name, address) in [
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
