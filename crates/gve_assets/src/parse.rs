//! From bytes to sections: the header, where each section lies, and the two that are JSON.

use std::ops::Range;

use gve_types::{
    FileMetadata,
    dna::AudioPatch,
    limits::{MAX_FILE_BYTES, MAX_METADATA_BYTES, MAX_SPLATS, MAX_WIRE_ID},
};
use serde::de::DeserializeOwned;

use crate::{
    check,
    error::{Fault, ReadError, Section},
    foreign,
    layout::{
        ASSET_ID_OFFSET, FLAGS_OFFSET, FORMAT_VERSION, HEADER_BYTES, Header, KNOWN_FLAGS, Layout, MAGIC,
        SECTION_ALIGN, SdfHeader, SdfLayout, ShellHeader, ShellLayout, byte_array, splat_array,
    },
};

/// Everything in a file but the header and the large arrays.
pub(crate) struct Parts {
    pub sdf: SdfHeader,
    pub layout: Layout,
    pub audio_patch: AudioPatch,
    pub metadata: FileMetadata,
}

/// The header, if this is a `.gve_bin` of our version and as long as it says.
pub(crate) fn parse_header(start: &[u8], length: u64) -> Result<Header, ReadError> {
    let Some(bytes) = start.get(..HEADER_BYTES).filter(|bytes| bytes.starts_with(&MAGIC)) else {
        if start.starts_with(&MAGIC) {
            return Err(ReadError::Length { expected: HEADER_BYTES as u64, found: length });
        }
        let start = &start[..start.len().min(HEADER_BYTES)];
        return Err(ReadError::Foreign { looks_like: foreign::looks_like(start) });
    };
    let header: Header = bytemuck::pod_read_unaligned(bytes);
    if header.format_version != FORMAT_VERSION {
        return Err(ReadError::Version { found: header.format_version });
    }
    if length > MAX_FILE_BYTES {
        return Err(ReadError::TooLarge { found: length });
    }
    if u64::from(header.file_length) != length {
        return Err(ReadError::Length { expected: u64::from(header.file_length), found: length });
    }
    Ok(header)
}

/// Everything but the large arrays. After this, those lie inside the file and apart.
pub(crate) fn parse_parts(bytes: &[u8], header: &Header) -> Result<Parts, Fault> {
    if header.flags & !KNOWN_FLAGS != 0 {
        let (expected, found) =
            (format!("only bits of {KNOWN_FLAGS:#06x}"), format!("{:#06x}", header.flags));
        return Err(Fault::new(Section::Header, FLAGS_OFFSET, "flags", expected, found));
    }
    if header.asset_id >= MAX_WIRE_ID {
        let expected = format!("less than {MAX_WIRE_ID}");
        return Err(Fault::new(Section::Header, ASSET_ID_OFFSET, "asset id", expected, header.asset_id));
    }

    let sdf_range = section(bytes, 24, "SDF", header.sdf_offset, u64::from(header.sdf_size))?;
    let sdf: SdfHeader = section_header(Section::Sdf, bytes, &sdf_range)?;
    let sdf_layout = SdfLayout::new(sdf_range.start as u64, sdf.bricks, sdf.atlas_bricks)?;
    check::sdf_header(&sdf, sdf_range.start as u64)?;
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
    let audio = byte_array(at, u64::from(header.audio_size));
    let audio_patch: AudioPatch = parse_json(Section::Audio, &bytes[audio_range.clone()], at)?;
    check::audio_patch(&audio_patch, at)?;

    let size_range = section(bytes, 56, "metadata", header.metadata_offset, 4)?;
    let at = size_range.start as u64;
    let size: u32 = bytemuck::pod_read_unaligned(&bytes[size_range]);
    let metadata_range = section(bytes, 56, "metadata", header.metadata_offset, 4 + u64::from(size))?;
    let metadata_array = byte_array(at + 4, u64::from(size));
    let metadata: FileMetadata = parse_json(Section::Metadata, &bytes[metadata_array.bytes()], at + 4)?;
    check::metadata(&metadata, header.splats_trained(), at + 4)?;

    expect_apart([
        ("SDF", sdf_range),
        ("splat", splat_range),
        ("shell", shell_range),
        ("audio", audio_range),
        ("metadata", metadata_range),
    ])?;
    let layout = Layout { sdf: sdf_layout, splats, shell, audio, metadata: metadata_array };
    Ok(Parts { sdf, layout, audio_patch, metadata })
}

/// No section reaches into another.
fn expect_apart(mut sections: [(&str, Range<usize>); 5]) -> Result<(), Fault> {
    sections.sort_by_key(|(_, range)| (range.start, range.end));
    for pair in sections.windows(2) {
        if let [(before, first), (name, second)] = pair
            && second.start < first.end
        {
            let expected = format!("a start at or after the end of the {before} section, {}", first.end);
            let (what, at) = (format!("{name} section"), second.start as u64);
            return Err(Fault::new(Section::Header, at, what, expected, second.start));
        }
    }
    Ok(())
}

/// Where a section lies, if that is inside the file, behind the header and on a boundary. `field` is
/// the place of its offset in the header.
fn section(bytes: &[u8], field: u64, name: &str, offset: u32, size: u64) -> Result<Range<usize>, Fault> {
    let offset = u64::from(offset);
    if !offset.is_multiple_of(SECTION_ALIGN) || offset < HEADER_BYTES as u64 {
        let (what, expected) =
            (format!("{name} offset"), format!("a multiple of {SECTION_ALIGN} behind the header"));
        return Err(Fault::new(Section::Header, field, what, expected, offset));
    }
    let end = offset + size;
    if end > bytes.len() as u64 {
        let (what, expected) = (format!("end of the {name} section"), format!("at most {}", bytes.len()));
        return Err(Fault::new(Section::Header, field, what, expected, end));
    }
    Ok(offset as usize..end as usize)
}

fn section_header<T: bytemuck::Pod>(
    section: Section,
    bytes: &[u8],
    range: &Range<usize>,
) -> Result<T, Fault> {
    let bytes = bytes[range.clone()].get(..size_of::<T>()).ok_or_else(|| {
        let expected = format!("at least {} bytes", size_of::<T>());
        Fault::new(section, range.start as u64, "section header", expected, range.len())
    })?;
    Ok(bytemuck::pod_read_unaligned(bytes))
}

fn expect_size(field: u64, name: &str, expected: u64, found: u32) -> Result<(), Fault> {
    if expected == u64::from(found) {
        return Ok(());
    }
    let expected = format!("{expected}, which its counts take");
    Err(Fault::new(Section::Header, field, format!("{name} size"), expected, found))
}

fn parse_json<T: DeserializeOwned>(section: Section, json: &[u8], at: u64) -> Result<T, Fault> {
    if json.len() > MAX_METADATA_BYTES as usize {
        let expected = format!("at most {MAX_METADATA_BYTES} bytes");
        return Err(Fault::new(section, at, "JSON", expected, json.len()));
    }
    serde_json::from_slice(json).map_err(|error| {
        let place = if error.line() == 1 { error.column().saturating_sub(1) } else { 0 };
        Fault::new(section, at + place as u64, "JSON", std::any::type_name::<T>(), error)
    })
}
