//! From bytes to sections: what each section says of its arrays, and the two that are JSON.

use std::{mem::offset_of, ops::Range};

use gve_types::{
    FileMetadata,
    dna::AudioPatch,
    limits::{MAX_METADATA_BYTES, MAX_VOLUME_LEVELS},
};
use serde::de::DeserializeOwned;

use crate::{
    check::{self, Layout},
    directory::Directory,
    error::{Fault, ReadError, Section},
    layout::{
        DirectoryEntry, KIND_AUDIO, KIND_LEVEL, KIND_METADATA, KIND_SHELL, KIND_SPLATS, KIND_VOLUME,
        LevelCounts, ShellHeader, ShellLayout, VolumeHeader, VolumePlan, directory_end, splat_array,
    },
};

/// What is there of a file beside its directory.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub metadata: Option<FileMetadata>,
    pub audio_patch: Option<AudioPatch>,
    pub layout: Layout,
}

/// The sections that lie wholly within the file's first `available` bytes.
pub(crate) fn complete(directory: &Directory, available: usize) -> &[DirectoryEntry] {
    let count = directory.entries().iter().take_while(|entry| entry.end() <= available as u64).count();
    &directory.entries()[..count]
}

/// Everything but the large arrays, of the sections that are there. After this, those lie inside the
/// bytes and apart.
pub(crate) fn parse(bytes: &[u8], directory: &Directory) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    for entry in complete(directory, bytes.len()) {
        match entry.kind {
            KIND_METADATA => parsed.metadata = Some(metadata(bytes, directory, entry)?),
            KIND_AUDIO => {
                let at = u64::from(entry.offset);
                let patch = json(Section::Audio, &bytes[entry.bytes()], at)?;
                check::audio_patch(&patch, at)?;
                parsed.audio_patch = Some(patch);
            }
            KIND_VOLUME => {
                let plan = volume_head(bytes, entry)?;
                if plan.counts.len() != directory.level_count() {
                    let at = plan.start + offset_of!(VolumeHeader, level_count) as u64;
                    let expected = format!("{}, as the directory says", directory.level_count());
                    return Err(Fault::new(Section::Volume, at, "levels", expected, plan.counts.len()));
                }
                parsed.layout.volume = Some(plan);
            }
            KIND_LEVEL => {
                // The directory puts the volume's head before its levels, and those in order.
                let Some(plan) = &parsed.layout.volume else { continue };
                let level = plan.level(entry.index as usize, u64::from(entry.offset));
                expect_size(entry, level.size())?;
                expect_zeros(bytes, entry, 0, &level.arrays().map(|array| array.bytes()))?;
                parsed.layout.levels.push(level);
            }
            KIND_SPLATS => {
                let count = directory.header().splat_count;
                parsed.layout.splats = Some(splat_array(u64::from(entry.offset), count));
            }
            KIND_SHELL => {
                let header: ShellHeader = section_header(bytes, entry)?;
                let shell = ShellLayout::new(u64::from(entry.offset), &header)?;
                expect_size(entry, shell.size())?;
                let arrays = shell.arrays().map(|array| array.bytes());
                expect_zeros(bytes, entry, size_of::<ShellHeader>(), &arrays)?;
                parsed.layout.shell = Some(shell);
            }
            // Something that a later writer has to say.
            _ => {}
        }
    }
    Ok(parsed)
}

/// The metadata of a file whose metadata section is there.
pub(crate) fn metadata(
    bytes: &[u8],
    directory: &Directory,
    entry: &DirectoryEntry,
) -> Result<FileMetadata, Fault> {
    let at = u64::from(entry.offset);
    let size: u32 = section_header(bytes, entry)?;
    if u64::from(size) + 4 != u64::from(entry.size) {
        let expected = format!("{}, as the directory says", entry.size - 4);
        return Err(Fault::new(Section::Metadata, at, "size", expected, size));
    }
    let metadata = json(Section::Metadata, &bytes[entry.bytes()][4..], at + 4)?;
    check::metadata(&metadata, directory.header().splats_trained(), at + 4)?;
    Ok(metadata)
}

fn volume_head(bytes: &[u8], entry: &DirectoryEntry) -> Result<VolumePlan, Fault> {
    let at = u64::from(entry.offset);
    let header: VolumeHeader = section_header(bytes, entry)?;
    if header.level_count == 0 || header.level_count > MAX_VOLUME_LEVELS {
        let field = at + offset_of!(VolumeHeader, level_count) as u64;
        let expected = format!("1 to {MAX_VOLUME_LEVELS}");
        return Err(Fault::new(Section::Volume, field, "levels", expected, header.level_count));
    }
    expect_size(entry, VolumePlan::size_with(header.level_count as usize))?;
    let counts: Vec<LevelCounts> = bytes[entry.bytes()][size_of::<VolumeHeader>()..]
        .chunks_exact(size_of::<LevelCounts>())
        .map(bytemuck::pod_read_unaligned)
        .collect();
    let plan = VolumePlan::new(header, counts, at)?;
    check::volume_header(&header, at)?;
    Ok(plan)
}

/// Between the directory and the sections, and from one section to the next, there are zeros.
pub(crate) fn check_gaps(bytes: &[u8], directory: &Directory) -> Result<(), ReadError> {
    let mut before = (Section::Directory, directory.size());
    for entry in directory.entries() {
        let gap = before.1.min(bytes.len())..(entry.offset as usize).min(bytes.len());
        if let Some((offset, found)) = first_nonzero(bytes, gap) {
            return Err(ReadError::Padding { section: before.0, offset, found });
        }
        before = (entry.section(), entry.end() as usize);
    }
    Ok(())
}

/// Compares the checksums of sections, as far as they were computed, with those of the directory.
pub(crate) fn compare_checksums(directory: &Directory, computed: &[u32]) -> Result<(), ReadError> {
    let wrong = directory.entries().iter().zip(computed).position(|(entry, &crc)| entry.crc32c != crc);
    let Some(i) = wrong else { return Ok(()) };
    let entry = &directory.entries()[i];
    Err(ReadError::Checksum {
        section: entry.section(),
        offset: (directory_end(i) + offset_of!(DirectoryEntry, crc32c)) as u64,
        stored: entry.crc32c,
        computed: computed[i],
    })
}

/// The fixed start of a section.
fn section_header<T: bytemuck::Pod>(bytes: &[u8], entry: &DirectoryEntry) -> Result<T, Fault> {
    let start = bytes[entry.bytes()].get(..size_of::<T>()).ok_or_else(|| {
        let expected = format!("at least {} bytes", size_of::<T>());
        Fault::new(entry.section(), u64::from(entry.offset), "section", expected, entry.size)
    })?;
    Ok(bytemuck::pod_read_unaligned(start))
}

fn expect_size(entry: &DirectoryEntry, expected: u64) -> Result<(), Fault> {
    if expected == u64::from(entry.size) {
        return Ok(());
    }
    let expected = format!("{expected} bytes, which its counts take");
    Err(Fault::new(entry.section(), u64::from(entry.offset), "section", expected, entry.size))
}

/// Between the arrays of a section, from its own header on, there are zeros.
fn expect_zeros(
    bytes: &[u8],
    entry: &DirectoryEntry,
    header_bytes: usize,
    arrays: &[Range<usize>],
) -> Result<(), Fault> {
    let mut end = entry.offset as usize + header_bytes;
    for array in arrays {
        if let Some((offset, found)) = first_nonzero(bytes, end..array.start) {
            return Err(Fault::new(entry.section(), offset, "padding", 0, found));
        }
        end = array.end;
    }
    Ok(())
}

fn first_nonzero(bytes: &[u8], range: Range<usize>) -> Option<(u64, u8)> {
    let start = range.start;
    let gap = bytes.get(range)?;
    gap.iter().position(|&byte| byte != 0).map(|i| ((start + i) as u64, gap[i]))
}

/// Parses a section that is JSON.
pub(crate) fn json<T: DeserializeOwned>(section: Section, json: &[u8], at: u64) -> Result<T, Fault> {
    if json.len() > MAX_METADATA_BYTES as usize {
        let expected = format!("at most {MAX_METADATA_BYTES} bytes");
        return Err(Fault::new(section, at, "JSON", expected, json.len()));
    }
    serde_json::from_slice(json).map_err(|error| {
        let place = if error.line() == 1 { error.column().saturating_sub(1) } else { 0 };
        Fault::new(section, at + place as u64, "JSON", std::any::type_name::<T>(), error)
    })
}
