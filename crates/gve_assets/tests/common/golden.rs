//! The golden files, their twins in JSON, and the hex dump in the documentation.

use std::path::{Path, PathBuf};

use gve_assets::{AssetData, Header, VolumeLevel, encode};
use serde_json::{Value, json};

use super::{bare, dump, minimal, several_materials};

/// The folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The golden assets by name.
pub fn assets() -> [(&'static str, AssetData); 2] {
    [("minimal", minimal()), ("several_materials", several_materials())]
}

/// Where the golden file of a name lies.
pub fn path(name: &str) -> PathBuf {
    root().join("tests/golden").join(name).with_extension("gve_bin")
}

/// The bytes of a golden file.
pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// The header of a golden file.
pub fn header(name: &str) -> Header {
    gve_assets::read_header(path(name)).unwrap()
}

/// The names of the golden files of format version 1, which is not written any more.
pub const V1_NAMES: [&str; 2] = ["minimal", "several_materials"];

/// Where the golden file of format version 1 of a name lies.
pub fn v1_path(name: &str) -> PathBuf {
    root().join("tests/golden/v1").join(name).with_extension("gve_bin")
}

/// Everything that is derived from the assets here, with its content.
pub fn derived_files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for (name, asset) in assets() {
        files.push((path(name), encode(&asset).unwrap()));
        files.push((path(name).with_extension("json"), twin(&asset).into_bytes()));
    }
    files.push((root().join("fuzz/seeds/bare.gve_bin"), encode(&bare()).unwrap()));
    let page = root().join("docs/format.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let dump = dump::dump(&encode(&minimal()).unwrap());
    files.push((page, dump::replace(&text, &dump).into_bytes()));
    files
}

/// What a reader should find in the file, from the asset itself; one line for each part.
pub fn twin(asset: &AssetData) -> String {
    let AssetData { asset_id, version, refinement, volume, splats, shell, audio_patch, metadata } = asset;
    let header = json!({ "asset_id": asset_id, "version": version, "refinement": refinement.number() });
    let head = json!({
        "origin": volume.origin, "cell_size": volume.cell_size, "lipschitz": volume.lipschitz,
        "bricks": volume.bricks, "slab": volume.slab,
    });
    let levels: Vec<String> = volume.levels.iter().map(|level| level_twin(level).to_string()).collect();
    let splats: Vec<Value> = splats
        .iter()
        .map(|splat| {
            json!({
                "position": splat.position, "scale": splat.scale, "rotation": splat.rotation,
                "color": splat.color, "normal_oct": splat.normal_oct, "material": splat.material,
            })
        })
        .collect();
    let parts: Vec<Value> = shell
        .parts
        .iter()
        .map(|part| {
            json!({
                "material": part.material, "first_index": part.first_index, "index_count": part.index_count,
            })
        })
        .collect();
    let shell = json!({
        "positions": shell.positions, "normals": shell.normals, "weld": shell.weld,
        "indices": shell.indices, "parts": parts,
    });
    let lines = [
        ("header", header.to_string()),
        ("volume", head.to_string()),
        ("levels", format!("[\n{}\n]", levels.join(",\n"))),
        ("splats", json!(splats).to_string()),
        ("shell", shell.to_string()),
        ("audio_patch", as_written(audio_patch).to_string()),
        ("metadata", as_written(metadata).to_string()),
    ];
    let lines: Vec<_> = lines.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

fn level_twin(level: &VolumeLevel) -> Value {
    let cells: Vec<Value> = level.cells.iter().map(|cell| json!([cell.slot, cell.link])).collect();
    let distances: Vec<f32> = level.distances.iter().map(|distance| distance.to_f32()).collect();
    let parts: Vec<_> = (0..level.parts.len()).map(|texel| level.parts.get(texel)).collect();
    json!({ "cells": cells, "scales": level.scales, "distances": distances, "parts": parts })
}

/// As the text of a section has it: 0.8, where the single-precision number is 0.800000011920929.
fn as_written(value: &impl serde::Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}
