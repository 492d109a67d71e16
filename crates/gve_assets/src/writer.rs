//! Writing a file: the same data gives the same bytes, and the file is replaced as a whole or not at all.

use std::path::Path;

use gve_types::limits::{MAX_FILE_BYTES, MAX_METADATA_BYTES, MAX_SPLATS, MAX_WIRE_ID};
use serde::Serialize;

use crate::{
    check::{self, Contents},
    error::{Fault, Section, WriteError},
    layout::{
        ASSET_ID_OFFSET, Array, CRC_OFFSET, DISTANCES_F16, FLAG_SPLATS_TRAINED, FORMAT_VERSION, HEADER_BYTES,
        Header, Layout, MAGIC, MATERIALS_U8, SdfHeader, SdfLayout, ShellHeader, ShellLayout, byte_array,
        next_boundary, splat_array,
    },
    model::{AssetData, BRICK_CELLS, BRICK_SAMPLES, Shell, Volume},
    replace::{Refused, replace},
    scan,
};

/// The bytes of a file that holds `data`. The same data always gives the same bytes.
///
/// # Errors
/// [`WriteError::Invalid`] for anything that a reader would refuse, [`WriteError::TooLarge`] when the
/// whole does not fit a file.
pub fn encode(data: &AssetData) -> Result<Vec<u8>, WriteError> {
    if data.asset_id >= MAX_WIRE_ID {
        let expected = format!("less than {MAX_WIRE_ID}");
        return Err(Fault::new(Section::Header, ASSET_ID_OFFSET, "asset id", expected, data.asset_id).into());
    }
    let sdf = sdf_header(&data.volume);
    let shell = shell_header(&data.shell)?;
    let audio_json = json(Section::Audio, &data.audio_patch)?;
    let metadata_json = json(Section::Metadata, &data.metadata)?;

    let layout = lay_out(data, &sdf, &shell, audio_json.len(), metadata_json.len())?;
    check::sdf_header(&sdf, layout.sdf.start)?;
    expect_lengths(data, &layout)?;
    check::audio_patch(&data.audio_patch, layout.audio.start)?;
    check::metadata(&data.metadata, data.metadata.splats_trained, layout.metadata.start)?;
    let length = layout.metadata.end();
    if length > MAX_FILE_BYTES {
        return Err(WriteError::TooLarge { bytes: length });
    }
    let contents = Contents {
        layout: &layout,
        volume: (&data.volume).into(),
        splats: &data.splats,
        shell: (&data.shell).into(),
        material_count: data.metadata.materials.len() as u32,
    };
    scan::scan(&contents, None).contents?;

    // Every place below is at most `length`, which 32 bits hold.
    let at = |place: u64| place as u32;
    let header = Header {
        magic: MAGIC,
        format_version: FORMAT_VERSION,
        flags: if data.metadata.splats_trained { FLAG_SPLATS_TRAINED } else { 0 },
        asset_id: data.asset_id,
        version: data.version,
        file_length: at(length),
        sdf_offset: at(layout.sdf.start),
        sdf_size: at(layout.sdf.size()),
        splat_offset: at(layout.splats.start),
        splat_count: at(layout.splats.count),
        shell_offset: at(layout.shell.start),
        shell_size: at(layout.shell.size()),
        audio_offset: at(layout.audio.start),
        audio_size: at(layout.audio.count),
        metadata_offset: at(layout.metadata.start - 4),
        crc32c: 0,
    };

    let mut bytes = vec![0_u8; length as usize];
    put(&mut bytes, 0, bytemuck::bytes_of(&header));
    put(&mut bytes, layout.sdf.start, bytemuck::bytes_of(&sdf));
    put_array(&mut bytes, layout.sdf.grid, &data.volume.grid);
    put_array(&mut bytes, layout.sdf.distances, &data.volume.distances);
    put_array(&mut bytes, layout.sdf.materials, &data.volume.materials);
    put_array(&mut bytes, layout.splats, &data.splats);
    put(&mut bytes, layout.shell.start, bytemuck::bytes_of(&shell));
    put_array(&mut bytes, layout.shell.positions, &data.shell.positions);
    put_array(&mut bytes, layout.shell.normals, &data.shell.normals);
    put_array(&mut bytes, layout.shell.weld, &data.shell.weld);
    put_array(&mut bytes, layout.shell.indices, &data.shell.indices);
    put_array(&mut bytes, layout.shell.parts, &data.shell.parts);
    put_array(&mut bytes, layout.audio, &audio_json);
    put(&mut bytes, layout.metadata.start - 4, &(metadata_json.len() as u32).to_le_bytes());
    put_array(&mut bytes, layout.metadata, &metadata_json);
    let crc = scan::checksum(&bytes);
    put(&mut bytes, CRC_OFFSET, &crc.to_le_bytes());
    Ok(bytes)
}

/// Writes a file as [`replace`](crate::replace::replace()) does: whole or not at all, through links, with the
/// permissions of the one that was there. Whoever has the old file open keeps its bytes.
///
/// # Errors
/// [`WriteError`] names the path; the file that was there before is untouched.
pub fn write(path: impl AsRef<Path>, data: &AssetData) -> Result<(), WriteError> {
    let path = path.as_ref();
    let bytes = encode(data)?;
    replace(path, &bytes).map_err(|Refused { action, source }| WriteError::Io {
        path: path.to_owned(),
        action,
        source,
    })
}

fn sdf_header(volume: &Volume) -> SdfHeader {
    SdfHeader {
        distance_encoding: DISTANCES_F16,
        material_encoding: MATERIALS_U8,
        brick_cells: BRICK_CELLS,
        brick_samples: BRICK_SAMPLES,
        origin: volume.origin,
        cell_size: volume.cell_size,
        bricks: volume.bricks,
        lipschitz: volume.lipschitz,
        atlas_bricks: volume.atlas_bricks,
        reserved: 0,
    }
}

fn shell_header(shell: &Shell) -> Result<ShellHeader, Fault> {
    let count = |what: &str, length: usize| {
        u32::try_from(length)
            .map_err(|_| Fault::new(Section::Shell, 0, what, format!("at most {}", u32::MAX), length))
    };
    Ok(ShellHeader {
        vertex_count: count("vertices", shell.positions.len())?,
        index_count: count("indices", shell.indices.len())?,
        part_count: count("parts", shell.parts.len())?,
        reserved: 0,
    })
}

fn json(section: Section, value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let json = serde_json::to_vec(value)
        .map_err(|error| Fault::new(section, 0, "JSON", "something that JSON can say", error))?;
    if json.len() > MAX_METADATA_BYTES as usize {
        let expected = format!("at most {MAX_METADATA_BYTES} bytes");
        return Err(Fault::new(section, 0, "JSON", expected, json.len()));
    }
    Ok(json)
}

fn lay_out(
    data: &AssetData,
    sdf: &SdfHeader,
    shell: &ShellHeader,
    audio_bytes: usize,
    metadata_bytes: usize,
) -> Result<Layout, Fault> {
    let sdf = SdfLayout::new(next_boundary(HEADER_BYTES as u64), sdf.bricks, sdf.atlas_bricks)?;
    let splat_start = next_boundary(sdf.materials.end());
    let Some(splat_count) = u32::try_from(data.splats.len()).ok().filter(|&count| count <= MAX_SPLATS) else {
        let expected = format!("at most {MAX_SPLATS}");
        return Err(Fault::new(Section::Splats, splat_start, "splats", expected, data.splats.len()));
    };
    let splats = splat_array(splat_start, splat_count);
    let shell = ShellLayout::new(next_boundary(splats.end()), shell)?;
    let audio = byte_array(next_boundary(shell.parts.end()), audio_bytes as u64);
    let metadata = byte_array(next_boundary(audio.end()) + 4, metadata_bytes as u64);
    Ok(Layout { sdf, splats, shell, audio, metadata })
}

/// Arrays are as long as the counts say that they will be found by.
fn expect_lengths(data: &AssetData, layout: &Layout) -> Result<(), Fault> {
    let AssetData { volume, shell, .. } = data;
    let lengths = [
        (Section::Sdf, "bricks in the grid", layout.sdf.grid, volume.grid.len()),
        (Section::Sdf, "distances in the atlas", layout.sdf.distances, volume.distances.len()),
        (Section::Sdf, "materials in the atlas", layout.sdf.materials, volume.materials.len()),
        (Section::Shell, "normals", layout.shell.normals, shell.normals.len()),
        (Section::Shell, "welds", layout.shell.weld, shell.weld.len()),
    ];
    for (section, what, array, found) in lengths {
        if array.count != found as u64 {
            return Err(Fault::new(section, array.start, what, array.count, found));
        }
    }
    Ok(())
}

fn put(bytes: &mut [u8], at: u64, value: &[u8]) {
    let at = at as usize;
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn put_array<T: bytemuck::Pod>(bytes: &mut [u8], array: Array, values: &[T]) {
    bytes[array.bytes()].copy_from_slice(bytemuck::cast_slice(values));
}
