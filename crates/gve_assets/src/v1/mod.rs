//! Files of format version 1: checked as ever, and turned into version 2 in memory, so that whoever looks
//! at an asset sees one layout.
//!
//! Version 1 has one level, distances in metres, a material in place of a part at every sample, and one
//! checksum over everything. Each material becomes a part of its own.

mod grid;
mod layout;

use gve_types::{
    FileMetadata,
    dna::AudioPatch,
    limits::{MAX_SPLATS, MAX_WIRE_ID},
};

use crate::{
    check,
    directory::start_checksum,
    error::{Fault, ReadError, Section},
    flat::{FlatCell, FlatVolume},
    layout::{
        ASSET_ID_OFFSET, Array, CRC_OFFSET, FLAGS_OFFSET, Header, ShellHeader, ShellLayout, splat_array,
    },
    model::{AssetData, Refinement, Shell, Splat},
    parse::json,
    volume::{PartIds, PartIdsRef, Volume},
    writer,
};
use layout::{SdfHeader, SdfLayout, expect_apart, expect_size, section, section_header};

/// The only flag of version 1: the splats were trained, not only seeded.
const FLAG_SPLATS_TRAINED: u16 = 1;

/// The same asset as the bytes of a file of the current version. `bytes` is as long as the header says.
pub(crate) fn to_current(bytes: &[u8], header: &Header) -> Result<Vec<u8>, ReadError> {
    // Damage explains everything else that may be wrong. The checksum has the header's four bytes zero,
    // like that of a directory, and covers everything else.
    let computed = start_checksum(bytes);
    if computed != header.crc32c {
        let (section, offset, stored) = (Section::Header, CRC_OFFSET, header.crc32c);
        return Err(ReadError::Checksum { section, offset, stored, computed });
    }
    let data = parse(bytes, header)?;
    writer::encode(&data).map_err(|error| {
        // Met only by an asset that grows beyond the largest file: everything else was checked.
        let (at, expected) = (u64::from(header.sdf_offset), "an asset that format version 2 holds");
        Fault::new(Section::Volume, at, "format version 1", expected, error).into()
    })
}

/// Checks the contents of a file and copies them. No number is trusted.
fn parse(bytes: &[u8], header: &Header) -> Result<AssetData, Fault> {
    if header.flags & !FLAG_SPLATS_TRAINED != 0 {
        let (expected, found) =
            (format!("only bits of {FLAG_SPLATS_TRAINED:#06x}"), format!("{:#06x}", header.flags));
        return Err(Fault::new(Section::Header, FLAGS_OFFSET, "flags", expected, found));
    }
    if header.asset_id >= MAX_WIRE_ID {
        let expected = format!("less than {MAX_WIRE_ID}");
        return Err(Fault::new(Section::Header, ASSET_ID_OFFSET, "asset id", expected, header.asset_id));
    }

    let sdf_range = section(bytes, 24, "SDF", header.sdf_offset, u64::from(header.sdf_size))?;
    let sdf: SdfHeader = section_header(Section::Volume, bytes, &sdf_range)?;
    let sdf_layout = SdfLayout::new(sdf_range.start as u64, sdf.bricks, sdf.atlas_bricks)?;
    layout::check_header(&sdf, sdf_range.start as u64)?;
    expect_size(28, "SDF", sdf_layout.size(), header.sdf_size)?;

    if header.splat_count > MAX_SPLATS {
        let expected = format!("at most {MAX_SPLATS}");
        return Err(Fault::new(Section::Header, 36, "splat count", expected, header.splat_count));
    }
    let splats = splat_array(u64::from(header.splat_offset), header.splat_count);
    let splat_range = section(bytes, 32, "splat", header.splat_offset, splats.count * splats.stride)?;

    let shell_range = section(bytes, 40, "shell", header.shell_offset, u64::from(header.shell_size))?;
    let shell: ShellHeader = section_header(Section::Shell, bytes, &shell_range)?;
    let shell = ShellLayout::new(shell_range.start as u64, &shell)?;
    expect_size(44, "shell", shell.size(), header.shell_size)?;

    let audio_range = section(bytes, 48, "audio", header.audio_offset, u64::from(header.audio_size))?;
    let at = audio_range.start as u64;
    let audio_patch: AudioPatch = json(Section::Audio, &bytes[audio_range.clone()], at)?;
    check::audio_patch(&audio_patch, at)?;

    let size_range = section(bytes, 56, "metadata", header.metadata_offset, 4)?;
    let at = size_range.start as u64;
    let size: u32 = bytemuck::pod_read_unaligned(&bytes[size_range]);
    let metadata_range = section(bytes, 56, "metadata", header.metadata_offset, 4 + u64::from(size))?;
    let metadata: FileMetadata = json(Section::Metadata, &bytes[metadata_range.clone()][4..], at + 4)?;
    let metadata = with_parts(metadata);
    check::metadata(&metadata, header.flags & FLAG_SPLATS_TRAINED != 0, at + 4)?;

    expect_apart([
        ("SDF", sdf_range),
        ("splat", splat_range),
        ("shell", shell_range),
        ("audio", audio_range),
        ("metadata", metadata_range),
    ])?;

    let materials = metadata.materials.len() as u32;
    Ok(AssetData {
        asset_id: header.asset_id,
        version: header.version,
        refinement: if metadata.splats_trained { Refinement::TrainedSplats } else { Refinement::Geometry },
        volume: volume(bytes, &sdf, &sdf_layout, materials)?,
        splats: checked_splats(bytes, splats, materials)?,
        shell: checked_shell(bytes, &shell, materials)?,
        audio_patch,
        metadata,
    })
}

/// A part for each material, which is what the samples of version 1 name.
fn with_parts(metadata: FileMetadata) -> FileMetadata {
    FileMetadata { parts: crate::parts_of_materials(&metadata.materials), ..metadata }
}

/// The elements of an array that lies in the file.
fn array<T: bytemuck::Pod>(bytes: &[u8], array: Array) -> &[T] {
    // Places are on boundaries of a buffer that is aligned for all of these types.
    bytemuck::cast_slice(&bytes[array.bytes()])
}

fn volume(bytes: &[u8], sdf: &SdfHeader, layout: &SdfLayout, materials: u32) -> Result<Volume, Fault> {
    let grid: &[FlatCell] = array(bytes, layout.grid);
    grid::check(grid, layout.distances.count, layout.grid.start)?;
    let distances: &[half::f16] = array(bytes, layout.distances);
    check::volume::distances(distances, 0, Section::Volume, layout.distances.start)?;
    let ids: &[u8] = array(bytes, layout.materials);
    let (ids_ref, at) = (PartIdsRef::U8(ids), layout.materials.start);
    check::volume::parts(ids_ref, 0, Section::Volume, at, materials)?;
    Ok(Volume::single_level(FlatVolume {
        origin: sdf.origin,
        cell_size: sdf.cell_size,
        lipschitz: sdf.lipschitz,
        bricks: sdf.bricks,
        grid: grid.to_vec(),
        atlas_bricks: sdf.atlas_bricks,
        distances: distances.to_vec(),
        parts: PartIds::U8(ids.to_vec()),
    }))
}

fn checked_splats(bytes: &[u8], place: Array, materials: u32) -> Result<Vec<Splat>, Fault> {
    let splats: &[Splat] = array(bytes, place);
    check::splats::splats(splats, 0, place.start, materials)?;
    Ok(splats.to_vec())
}

fn checked_shell(bytes: &[u8], layout: &ShellLayout, materials: u32) -> Result<Shell, Fault> {
    let shell = crate::sections::shell(bytes, layout);
    check::shell::positions(shell.positions, 0, layout.positions.start)?;
    check::shell::normals(shell.normals, 0, layout.normals.start)?;
    check::shell::weld(shell.weld, shell.positions, 0..shell.weld.len(), layout.weld.start)?;
    check::shell::indices(shell.indices, 0, layout.indices.start, shell.positions.len())?;
    check::shell::parts(shell.parts, shell.indices.len(), layout.parts.start, materials)?;
    Ok(shell.to_shell())
}
