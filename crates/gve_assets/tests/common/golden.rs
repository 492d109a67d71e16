//! The golden files, their twins in JSON, and the hex dump in the documentation.

use std::path::{Path, PathBuf};

use gve_assets::{AssetData, encode};
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
    let AssetData { asset_id, version, volume, splats, shell, audio_patch, metadata } = asset;
    let header =
        json!({ "asset_id": asset_id, "version": version, "splats_trained": metadata.splats_trained });
    let sdf = json!({
        "origin": volume.origin, "cell_size": volume.cell_size, "lipschitz": volume.lipschitz,
        "bricks": volume.bricks, "atlas_bricks": volume.atlas_bricks,
    });
    let grid: Vec<Value> = volume.grid.iter().map(|cell| json!([cell.slot, cell.distance])).collect();
    let distances: Vec<f32> = volume.distances.iter().map(|distance| distance.to_f32()).collect();
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
        ("header", header),
        ("sdf", sdf),
        ("grid", json!(grid)),
        ("distances", json!(distances)),
        ("materials", json!(volume.materials)),
        ("splats", json!(splats)),
        ("shell", shell),
        ("audio_patch", as_written(audio_patch)),
        ("metadata", as_written(metadata)),
    ];
    let lines: Vec<_> = lines.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// As the text of a section has it: 0.8, where the single-precision number is 0.800000011920929.
fn as_written(value: &impl serde::Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}
