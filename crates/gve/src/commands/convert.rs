//! `gve convert`: splats and meshes into the formats of other programs, and their splats into ours.

use std::{
    fs::File,
    io::Read as _,
    path::{Component, Path},
};

use gve_assets::AssetFile;
use gve_interchange::{
    Format, ReadError, SplatCloud, WriteError, gltf, gve as ours,
    mesh::{self, Mesh, Unit},
    ply, spz,
};
use gve_types::{MaterialTable, text::shown};
use serde_json::json;

use super::verify::size;
use crate::{
    args::{ConvertArgs, InFormat, LengthUnit, OutFormat, PlyAxes, What},
    failure::{Failure, name},
    input::{self, Any, MAX_FOREIGN_BYTES},
    output::Output,
    target::{Kind, Target},
};

/// What came out of a conversion.
struct Converted {
    bytes: Vec<u8>,
    /// What it holds, such as `2000 splats`.
    what: (&'static str, usize),
    /// What the input had and the output has not.
    lost: Vec<String>,
}

/// Converts the file and says what was lost.
pub(crate) fn run(args: &ConvertArgs, output: &mut Output) -> Result<(), Failure> {
    let to = output_format(args)?;
    let target = Target::check(&args.output, kind(to), &[&args.input], args.force)?;
    if target.is_output() {
        output.give_way();
    }
    // Beside a file only: a pipe has no neighbour.
    let materials = (to == OutFormat::Obj && target.is_file()).then(|| args.output.with_extension("mtl"));
    let materials = match &materials {
        Some(path) => Some((path, Target::check(path, Kind::Mtl, &[&args.input], args.force)?)),
        None => None,
    };
    let is_binary = args.from.map(|from| from == InFormat::GveBin);
    let converted = match input::open_any(&args.input, is_binary)? {
        Any::Binary(file) => {
            let mesh = Mesh::of(&file);
            if let Some((_, target)) = &materials {
                target.write(mesh::obj::write_materials(&mesh).as_bytes())?;
            }
            let beside =
                materials.as_ref().and_then(|(path, _)| path.file_name()).map(|name| name.to_string_lossy());
            from_binary(args, to, &file, beside.as_deref())?
        }
        Any::Bytes(bytes) => from_splats(args, to, &bytes)?,
    };
    target.write(&converted.bytes)?;
    report(args, &converted, output)
}

fn report(args: &ConvertArgs, converted: &Converted, output: &mut Output) -> Result<(), Failure> {
    let Converted { bytes, what: (noun, count), lost } = converted;
    if output.json() {
        return output.document(&json!({
            "output": args.output.display().to_string(), "bytes": bytes.len(), (*noun): count, "lost": lost,
        }));
    }
    let mut text = format!("{}: {}, {count} {noun}\n", name(&args.output), size(bytes.len() as u64));
    for lost in lost {
        text.push_str(&format!("  not kept: {}\n", shown(lost)));
    }
    output.text(&text)
}

fn output_format(args: &ConvertArgs) -> Result<OutFormat, Failure> {
    if let Some(to) = args.to {
        return Ok(to);
    }
    let extension = args.output.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let format = match Format::from_extension(extension) {
        Some(Format::GveBin) => OutFormat::GveBin,
        Some(Format::Ply) => OutFormat::Ply,
        Some(Format::Spz) => OutFormat::Spz,
        Some(Format::Glb) => OutFormat::Glb,
        Some(Format::Obj) => OutFormat::Obj,
        Some(Format::Stl) => OutFormat::Stl,
        Some(Format::ThreeMf) => OutFormat::ThreeMf,
        found => {
            let hint = if found == Some(Format::Gltf) { "glTF is written as .glb" } else { "--to names it" };
            let message = format!(
                "cannot write {}: its extension is none of gve_bin, ply, spz, glb, obj, stl and 3mf; {hint}",
                name(&args.output)
            );
            return Err(Failure::about("unknown_format", &args.output, message));
        }
    };
    Ok(format)
}

fn kind(to: OutFormat) -> Kind {
    match to {
        OutFormat::GveBin => Kind::Binary,
        OutFormat::Ply => Kind::Ply,
        OutFormat::Spz => Kind::Spz,
        OutFormat::Glb => Kind::Glb,
        OutFormat::Obj => Kind::Obj,
        OutFormat::Stl => Kind::Stl,
        OutFormat::ThreeMf => Kind::ThreeMf,
    }
}

fn unwritten(args: &ConvertArgs, error: &WriteError) -> Failure {
    Failure::about("cannot_convert", &args.input, format!("{}: {error}", name(&args.input)))
}

fn from_binary(
    args: &ConvertArgs,
    to: OutFormat,
    file: &AssetFile,
    materials: Option<&str>,
) -> Result<Converted, Failure> {
    let unit = match args.unit {
        LengthUnit::M => Unit::Metre,
        LengthUnit::Mm => Unit::Millimetre,
    };
    let mesh = Mesh::of(file);
    let bytes = match (to, args.content) {
        (OutFormat::Ply | OutFormat::Spz, _) | (OutFormat::Glb, What::Splats) => {
            let cloud = ours::from_splats(file.splats());
            let mut converted = write_splats(args, to, &cloud)?;
            converted.lost.push("volume, mesh, mass, sound; materials and normals of the splats".to_owned());
            return Ok(converted);
        }
        (OutFormat::GveBin, _) => {
            let message = format!("{}: it is a .gve_bin already", name(&args.input));
            return Err(Failure::about("cannot_convert", &args.input, message));
        }
        (OutFormat::Glb, What::Mesh) => mesh::glb::write(&mesh),
        (OutFormat::Obj, _) => mesh::obj::write(&mesh, unit, materials).map(String::into_bytes),
        (OutFormat::Stl, _) => mesh::stl::write(&mesh, unit),
        (OutFormat::ThreeMf, _) => mesh::threemf::write(&mesh),
    };
    let bytes = bytes.map_err(|error| unwritten(args, &error))?;
    let and = match to {
        OutFormat::Stl => ", materials, normals of vertices",
        OutFormat::ThreeMf => ", metallic and roughness, normals of vertices",
        _ => "",
    };
    let lost = vec![format!("volume, splats, mass, sound, parts{and}")];
    Ok(Converted { bytes, what: ("triangles", mesh.shell.indices.len() / 3), lost })
}

fn from_splats(args: &ConvertArgs, to: OutFormat, bytes: &[u8]) -> Result<Converted, Failure> {
    let invalid = |error: ReadError| {
        Failure::about("invalid_file", &args.input, format!("{}: {error}", name(&args.input)))
    };
    if matches!(to, OutFormat::Obj | OutFormat::Stl | OutFormat::ThreeMf) {
        let message = format!("{}: only a .gve_bin has a mesh to write; splats have none", name(&args.input));
        return Err(Failure::about("cannot_convert", &args.input, message));
    }
    let from = match args.from {
        Some(InFormat::Ply) => Some(Format::Ply),
        Some(InFormat::Spz) => Some(Format::Spz),
        Some(InFormat::Glb) => Some(Format::Glb),
        Some(InFormat::Gltf) => Some(Format::Gltf),
        Some(InFormat::GveBin) | None => Format::sniff(bytes),
    };
    let cloud = match from {
        Some(Format::Ply) => ply::read(bytes, axes(args)).map_err(invalid)?,
        Some(Format::Spz) => spz::read(bytes).map_err(invalid)?,
        Some(Format::Glb | Format::Gltf) => {
            let mut left = MAX_FOREIGN_BYTES;
            gltf::read_with(bytes, &mut |uri| beside(&args.input, uri, &mut left)).map_err(invalid)?
        }
        _ => {
            let message = format!(
                "{}: expected a .gve_bin, or splats in PLY, SPZ or glTF; it starts like none of them",
                name(&args.input)
            );
            return Err(Failure::about("invalid_file", &args.input, message));
        }
    };
    write_splats(args, to, &cloud)
}

fn axes(args: &ConvertArgs) -> ply::Axes {
    match args.ply_axes {
        PlyAxes::YDown => ply::Axes::YDown,
        PlyAxes::YUp => ply::Axes::YUp,
    }
}

fn write_splats(args: &ConvertArgs, to: OutFormat, cloud: &SplatCloud) -> Result<Converted, Failure> {
    let mut lost = Vec::new();
    let bytes = match to {
        OutFormat::Ply => ply::write(cloud, axes(args)),
        OutFormat::Spz => spz::write(cloud, spz::Version::from_number(args.spz_version).unwrap_or_default()),
        OutFormat::GveBin => return to_binary(args, cloud),
        _ => gltf::write(cloud),
    };
    if cloud.antialiased && to != OutFormat::Spz {
        lost.push("that the splats are to be drawn with an antialiasing filter".to_owned());
    }
    let bytes = bytes.map_err(|error| unwritten(args, &error))?;
    Ok(Converted { bytes, what: ("splats", cloud.len()), lost })
}

/// A `.gve_bin` of splats alone.
fn to_binary(args: &ConvertArgs, cloud: &SplatCloud) -> Result<Converted, Failure> {
    let Some(material) = MaterialTable::builtin().get(&args.material) else {
        let message = format!(
            "--material {}: no material of that code; docs/materials.md lists them",
            shown(&args.material)
        );
        return Err(Failure::new("unknown_material", message));
    };
    let title = args.input.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let asset = ours::to_asset(cloud, &title, material).map_err(|error| unwritten(args, &error))?;
    let bytes =
        gve_assets::encode(&asset).map_err(|error| Failure::from_write_error(&args.output, &error))?;
    let mut lost = vec![ours::WARNING.to_owned()];
    if cloud.degree > 0 {
        lost.push(format!("spherical harmonics of degree 1 to {}: colours from every side", cloud.degree));
    }
    Ok(Converted { bytes, what: ("splats", cloud.len()), lost })
}

/// The bytes of a buffer in a file beside a `.gltf`, or below its folder; `left` is how many all of them may have.
fn beside(input: &Path, uri: &str, left: &mut u64) -> Result<Vec<u8>, String> {
    let path = Path::new(uri);
    let is_below = path.components().all(|part| matches!(part, Component::Normal(_)));
    if !is_below || uri.contains(['\\', ':']) || input == Path::new("-") {
        return Err("only files beside the .gltf or below are read".to_owned());
    }
    let path = input.parent().unwrap_or(Path::new("")).join(path);
    if gve_assets::replace::is_node(&path) {
        return Err("it is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(*left + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    *left = left
        .checked_sub(bytes.len() as u64)
        .ok_or_else(|| format!("all buffers together may have {MAX_FOREIGN_BYTES} bytes"))?;
    Ok(bytes)
}
