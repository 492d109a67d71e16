//! `gve inspect`: what a file holds.

use std::path::Path;

use gve_assets::{AssetFile, Refinement, Splat, VolumeView, layout::KIND_LEVEL};
use gve_types::{FileMetadata, FilePart, MissingFeature};
use serde_json::{Value, json};

use super::verify::{open, size, table};
use crate::{failure::Failure, output::Output};

/// Describes the file.
pub(crate) fn run(path: &Path, output: &mut Output) -> Result<(), Failure> {
    let file = open(path)?;
    let mut document = describe(path, &file);
    if output.json() {
        return output.document(&document);
    }
    document["parts"] = bill(file.metadata());
    let mut text = String::new();
    table(&document, 0, &mut text);
    output.text(&text)
}

fn describe(path: &Path, file: &AssetFile) -> Value {
    let header = file.header();
    let metadata = file.metadata();
    let volume = file.volume();
    let shell = file.shell();
    let materials: Vec<&str> = metadata.materials.iter().map(|m| m.spec_id.as_str()).collect();
    let bytes = |n: u64| size(n);
    json!({
        "file": path.display().to_string(),
        "name": metadata.name,
        "category": metadata.category,
        "format_version": file.source_format_version(),
        "refinement": refinement(header.refinement()),
        "asset_id": header.asset_id,
        "asset_version": header.version,
        "bytes": file.source_length(),
        "size": bytes(file.source_length()),
        "crc32c": format!("{:08x}", header.crc32c),
        "compiler": metadata.compiler_version,
        "dna_hash": metadata.dna_hash,
        "bounds_m": {"min": metadata.bounds.min, "max": metadata.bounds.max},
        "materials": materials,
        "mass": {
            "mass_kg": metadata.mass.mass_kg,
            "volume_m3": metadata.mass.volume_m3,
            "relative_error": metadata.mass.relative_error,
            "inertia_relative_error": metadata.mass.inertia_relative_error,
            "center_of_mass_m": metadata.mass.center_of_mass,
            "inertia_kg_m2": metadata.mass.inertia_kg_m2.concat(),
        },
        "volume": {
            "bricks": volume.bricks,
            "stored_bricks": volume.stored_bricks(),
            "levels": levels(file, &volume),
            "finest_cell_m": volume.cell_size_at(volume.levels().len().saturating_sub(1)),
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
        "parts": parts(metadata),
        "volume_lacks": metadata.volume_lacks.iter().map(lack).collect::<Vec<_>>(),
        "warnings": metadata.warnings,
    })
}

/// How far the compile had come, in words.
fn refinement(refinement: Refinement) -> &'static str {
    match refinement {
        Refinement::Geometry => "0: geometry, seeded splats",
        Refinement::Sound => "1: geometry, seeded splats, sound",
        Refinement::TrainedSplats => "2: geometry, sound, trained splats",
    }
}

/// The levels of the volume, coarse to fine.
fn levels(file: &AssetFile, volume: &VolumeView<'_>) -> Value {
    let bytes = |level: usize| {
        let entry = file.directory().find(KIND_LEVEL, level as u32);
        size(entry.map_or(0, |entry| u64::from(entry.size)))
    };
    let rows = volume.levels().iter().enumerate().map(|(i, level)| {
        let row = json!({
            "cell_size_m": volume.cell_size_at(i),
            "bricks": level.cells.len(),
            "stored": level.stored_bricks(),
            "refined": level.cells.iter().filter(|cell| cell.group().is_some()).count(),
            "size": bytes(i),
        });
        (format!("level {i}"), row)
    });
    Value::Object(rows.collect())
}

/// The parts in the order in which the volume refers to them.
fn parts(metadata: &FileMetadata) -> Value {
    let rows = metadata.parts.iter().map(|part| {
        json!({
            "path": part.path,
            "name": part.name,
            "material": material(metadata, part),
            "mass_kg": part.mass_kg,
            "volume_m3": part.volume_m3,
            "relative_error": part.relative_error,
        })
    });
    Value::Array(rows.collect())
}

/// The same as a bill of masses to read: a line for each part.
fn bill(metadata: &FileMetadata) -> Value {
    let rows = metadata.parts.iter().enumerate().map(|(i, part)| {
        let name = part.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        let error = 100.0 * part.relative_error;
        let line =
            format!("{}{name}: {}, {} kg ± {error:.2} %", part.path, material(metadata, part), part.mass_kg);
        (format!("part {i:>5}"), Value::String(line))
    });
    Value::Object(rows.collect())
}

fn material<'a>(metadata: &'a FileMetadata, part: &FilePart) -> &'a str {
    metadata.materials.get(part.material as usize).map_or("", |material| &material.spec_id)
}

/// A feature that the volume does not show, in one line.
fn lack(lack: &MissingFeature) -> String {
    let [x, y, z] = lack.place;
    format!("{}: {} m thin at ({x}, {y}, {z}) m", lack.path, lack.thickness_m)
}
