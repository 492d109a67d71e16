//! `gve inspect`: what a file holds.

use std::path::Path;

use gve_assets::{AssetFile, BrickCell, Splat};
use serde_json::{Value, json};

use super::verify::{open, size, table};
use crate::{failure::Failure, output::Output};

/// Describes the file.
pub(crate) fn run(path: &Path, output: &mut Output) -> Result<(), Failure> {
    let file = open(path)?;
    let document = describe(path, &file);
    if output.json() {
        return output.document(&document);
    }
    let mut text = String::new();
    table(&document, 0, &mut text);
    output.text(&text)
}

fn describe(path: &Path, file: &AssetFile) -> Value {
    let header = file.header();
    let metadata = file.metadata();
    let volume = file.volume();
    let shell = file.shell();
    let stored = volume.grid.iter().filter(|cell| cell.slot != BrickCell::EMPTY).count();
    let materials: Vec<&str> = metadata.materials.iter().map(|m| m.spec_id.as_str()).collect();
    let bytes = |n: u64| size(n);
    json!({
        "file": path.display().to_string(),
        "name": metadata.name,
        "category": metadata.category,
        "format_version": header.format_version,
        "asset_id": header.asset_id,
        "asset_version": header.version,
        "bytes": header.file_length,
        "size": bytes(u64::from(header.file_length)),
        "crc32c": format!("{:08x}", header.crc32c),
        "compiler": metadata.compiler_version,
        "dna_hash": metadata.dna_hash,
        "bounds_m": {"min": metadata.bounds.min, "max": metadata.bounds.max},
        "materials": materials,
        "mass": {
            "mass_kg": metadata.mass.mass_kg,
            "volume_m3": metadata.mass.volume_m3,
            "center_of_mass_m": metadata.mass.center_of_mass,
            "inertia_kg_m2": metadata.mass.inertia_kg_m2.concat(),
        },
        "volume": {
            "bricks": volume.bricks,
            "stored_bricks": stored,
            "cell_size_m": volume.cell_size,
            "lipschitz": volume.lipschitz,
            "offset": header.sdf_offset,
            "size": bytes(u64::from(header.sdf_size)),
        },
        "splats": {
            "count": header.splat_count,
            "trained": header.splats_trained(),
            "offset": header.splat_offset,
            "size": bytes(u64::from(header.splat_count) * size_of::<Splat>() as u64),
        },
        "shell": {
            "vertices": shell.positions.len(),
            "triangles": shell.indices.len() / 3,
            "parts": shell.parts.len(),
            "offset": header.shell_offset,
            "size": bytes(u64::from(header.shell_size)),
        },
        "audio": {
            "modes": file.audio_patch().modes.len(),
            "offset": header.audio_offset,
            "size": bytes(u64::from(header.audio_size)),
        },
        "warnings": metadata.warnings,
    })
}
