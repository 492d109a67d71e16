//! The start of a file: its header, and the directory of its sections.

use std::{mem::offset_of, ops::Range};

use gve_types::limits::{MAX_FILE_BYTES, MAX_FILE_SECTIONS, MAX_SPLATS, MAX_VOLUME_LEVELS, MAX_WIRE_ID};

use crate::{
    error::{Fault, ReadError, Section},
    foreign,
    layout::{
        ASSET_ID_OFFSET, CRC_OFFSET, DIRECTORY_START, DirectoryEntry, DirectoryHeader, FLAGS_OFFSET,
        FORMAT_VERSION, HEADER_BYTES, Header, KIND_AUDIO, KIND_LEVEL, KIND_METADATA, KIND_SHELL, KIND_SPLATS,
        KIND_VOLUME, MAGIC, OLDEST_FORMAT_VERSION, REFINEMENT_FLAGS, VERSION_OFFSET, directory_end,
        next_boundary,
    },
    model::{Refinement, Splat},
};

/// The header and the list of sections of a file of format version 2: what its first bytes say of the
/// rest.
///
/// Made from the start of a file, be the rest there or not. Everything in it has been checked against
/// everything else in it: sections follow each other without a gap to the end of the file, and each
/// kind that must be there is there once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    header: Header,
    entries: Vec<DirectoryEntry>,
}

impl Directory {
    /// Reads the directory from the start of a file, as soon as enough of it is there; until then
    /// `None`. Further bytes are ignored.
    ///
    /// # Errors
    /// [`ReadError`] when this is no `.gve_bin`, is of another format version (version 1 has no
    /// directory), or its start is damaged.
    pub fn from_prefix(bytes: &[u8]) -> Result<Option<Self>, ReadError> {
        if bytes.len() < DIRECTORY_START {
            // What is there can be wrong already.
            if !MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]) {
                return Err(foreign_error(bytes));
            }
            return Ok(None);
        }
        let header = parse_header(bytes)?;
        if header.format_version != FORMAT_VERSION {
            let expected = format!("{FORMAT_VERSION}: older ones have no directory");
            let (at, found) = (VERSION_OFFSET, header.format_version);
            return Err(Fault::new(Section::Header, at, "format version", expected, found).into());
        }
        let count = section_count(bytes)?;
        if bytes.len() < directory_end(count) {
            return Ok(None);
        }
        check_start(bytes, &header)?;
        Ok(Some(Self::parse(bytes, header)?))
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The sections in the order in which they stand in the file.
    pub fn entries(&self) -> &[DirectoryEntry] {
        &self.entries
    }

    /// The section of a kind and index.
    pub fn find(&self, kind: u32, index: u32) -> Option<&DirectoryEntry> {
        self.entries.iter().find(|entry| entry.kind == kind && entry.index == index)
    }

    /// How many levels the volume has.
    pub fn level_count(&self) -> usize {
        self.entries.iter().filter(|entry| entry.kind == KIND_LEVEL).count()
    }

    /// How many of the file's first bytes are needed for the first `levels` levels of the volume, and for
    /// all that stands before them.
    pub fn bytes_for_levels(&self, levels: usize) -> u64 {
        let last = u32::try_from(levels.min(self.level_count())).unwrap_or(0).checked_sub(1);
        let entry = match last {
            Some(level) => self.find(KIND_LEVEL, level),
            None => self.find(KIND_VOLUME, 0),
        };
        entry.map_or(0, DirectoryEntry::end)
    }

    /// Bytes of the header and the directory.
    pub(crate) fn size(&self) -> usize {
        directory_end(self.entries.len())
    }

    /// The directory behind a header, every number compared with every other. `bytes` holds all of it.
    pub(crate) fn parse(bytes: &[u8], header: Header) -> Result<Self, Fault> {
        check_header(&header)?;
        let count = section_count(bytes)?;
        let directory: DirectoryHeader = bytemuck::pod_read_unaligned(&bytes[HEADER_BYTES..DIRECTORY_START]);
        if directory.reserved != [0; 3] {
            let found = format!("{:?}", directory.reserved);
            return Err(Fault::new(Section::Directory, HEADER_BYTES as u64 + 4, "reserved", "zeros", found));
        }
        // At most 64 of them.
        let entries: Vec<DirectoryEntry> = bytes[DIRECTORY_START..directory_end(count)]
            .chunks_exact(size_of::<DirectoryEntry>())
            .map(bytemuck::pod_read_unaligned)
            .collect();
        let directory = Self { header, entries };
        directory.check_places()?;
        directory.check_kinds()?;
        directory.check_fields()?;
        Ok(directory)
    }

    /// Each section starts on the first boundary behind the one before, and the last ends the file.
    fn check_places(&self) -> Result<(), Fault> {
        let mut end = self.size() as u64;
        for (i, entry) in self.entries.iter().enumerate() {
            let expected = next_boundary(end);
            if u64::from(entry.offset) != expected {
                let what = format!("offset of section {i}");
                return Err(fault(i, offset_of!(DirectoryEntry, offset), what, expected, entry.offset));
            }
            if entry.reserved != 0 {
                let what = format!("reserved of section {i}");
                return Err(fault(i, offset_of!(DirectoryEntry, reserved), what, 0, entry.reserved));
            }
            end = entry.end();
        }
        if end != u64::from(self.header.file_length) {
            let last = self.entries.len().saturating_sub(1);
            let what = format!("end of section {last}");
            let expected = format!("{}, the file's length", self.header.file_length);
            return Err(fault(last, offset_of!(DirectoryEntry, size), what, expected, end));
        }
        Ok(())
    }

    /// The metadata is first, the levels follow the volume's head in their order, and every kind that
    /// must be there is there once.
    fn check_kinds(&self) -> Result<(), Fault> {
        let kind = offset_of!(DirectoryEntry, kind);
        if self.entries.first().is_none_or(|first| first.kind != KIND_METADATA) {
            let found = self.entries.first().map_or(0, |first| first.kind);
            let expected = format!("{KIND_METADATA}, the metadata");
            return Err(fault(0, kind, "kind of section 0".to_owned(), expected, found));
        }
        let mut next_level = None;
        for (i, entry) in self.entries.iter().enumerate() {
            let wrong_index = |expected: u32| {
                let what = format!("index of section {i}");
                Err(fault(i, offset_of!(DirectoryEntry, index), what, expected, entry.index))
            };
            if let KIND_METADATA | KIND_AUDIO | KIND_VOLUME | KIND_SPLATS | KIND_SHELL = entry.kind {
                if self.entries[..i].iter().any(|earlier| earlier.kind == entry.kind) {
                    let expected = "a kind that was not there before";
                    return Err(fault(i, kind, format!("kind of section {i}"), expected, entry.kind));
                }
                if entry.index != 0 {
                    return wrong_index(0);
                }
            }
            let is_level = entry.kind == KIND_LEVEL;
            next_level = match (next_level, is_level) {
                (Some(level), true) if level < MAX_VOLUME_LEVELS => {
                    if entry.index != level {
                        return wrong_index(level);
                    }
                    Some(level + 1)
                }
                (_, true) => {
                    let expected = format!(
                        "at most {MAX_VOLUME_LEVELS} levels, behind the volume's head and each other"
                    );
                    return Err(fault(i, kind, format!("kind of section {i}"), expected, entry.kind));
                }
                (_, false) => (entry.kind == KIND_VOLUME).then_some(0),
            };
        }
        let needed = [KIND_AUDIO, KIND_VOLUME, KIND_LEVEL, KIND_SPLATS, KIND_SHELL];
        match needed.into_iter().find(|&kind| self.find(kind, 0).is_none()) {
            None => Ok(()),
            Some(kind) => {
                let (at, expected) = (HEADER_BYTES as u64, format!("one of kind {kind} among them"));
                Err(Fault::new(Section::Directory, at, "sections", expected, self.entries.len()))
            }
        }
    }

    /// The header's places are those of the directory.
    fn check_fields(&self) -> Result<(), Fault> {
        let place = |kind| self.find(kind, 0).map_or((0, 0), |entry| (entry.offset, entry.size));
        let header = &self.header;
        let (volume, splats, shell) = (place(KIND_VOLUME), place(KIND_SPLATS), place(KIND_SHELL));
        let (audio, metadata) = (place(KIND_AUDIO), place(KIND_METADATA));
        let volume_end = self.bytes_for_levels(usize::MAX) as u32;
        let fields = [
            ("SDF offset", offset_of!(Header, sdf_offset), header.sdf_offset, volume.0),
            ("SDF size", offset_of!(Header, sdf_size), header.sdf_size, volume_end - volume.0),
            ("splat offset", offset_of!(Header, splat_offset), header.splat_offset, splats.0),
            ("shell offset", offset_of!(Header, shell_offset), header.shell_offset, shell.0),
            ("shell size", offset_of!(Header, shell_size), header.shell_size, shell.1),
            ("audio offset", offset_of!(Header, audio_offset), header.audio_offset, audio.0),
            ("audio size", offset_of!(Header, audio_size), header.audio_size, audio.1),
            ("metadata offset", offset_of!(Header, metadata_offset), header.metadata_offset, metadata.0),
        ];
        for (what, at, found, expected) in fields {
            if found != expected {
                let expected = format!("{expected}, as the directory says");
                return Err(Fault::new(Section::Header, at as u64, what, expected, found));
            }
        }
        let bytes = u64::from(header.splat_count) * size_of::<Splat>() as u64;
        if bytes != u64::from(splats.1) {
            let expected = format!("as many as {} bytes hold", splats.1);
            let at = offset_of!(Header, splat_count) as u64;
            return Err(Fault::new(Section::Header, at, "splat count", expected, header.splat_count));
        }
        Ok(())
    }
}

impl DirectoryEntry {
    /// The first byte behind the section.
    pub fn end(&self) -> u64 {
        u64::from(self.offset) + u64::from(self.size)
    }

    /// What messages call the section.
    pub fn section(&self) -> Section {
        match self.kind {
            KIND_METADATA => Section::Metadata,
            KIND_AUDIO => Section::Audio,
            KIND_VOLUME => Section::Volume,
            KIND_LEVEL => Section::Level(self.index),
            KIND_SPLATS => Section::Splats,
            KIND_SHELL => Section::Shell,
            kind => Section::Other(kind),
        }
    }

    /// Its bytes in the file. Only for sections that were found to end inside it.
    pub(crate) fn bytes(&self) -> Range<usize> {
        self.offset as usize..self.end() as usize
    }
}

/// The header at the start of a `.gve_bin` of a version that this build reads, and nothing compared yet.
pub(crate) fn parse_header(start: &[u8]) -> Result<Header, ReadError> {
    let Some(bytes) = start.get(..HEADER_BYTES).filter(|bytes| bytes.starts_with(&MAGIC)) else {
        if start.starts_with(&MAGIC) {
            return Err(ReadError::Length { expected: HEADER_BYTES as u64, found: start.len() as u64 });
        }
        return Err(foreign_error(start));
    };
    let header: Header = bytemuck::pod_read_unaligned(bytes);
    if !(OLDEST_FORMAT_VERSION..=FORMAT_VERSION).contains(&header.format_version) {
        return Err(ReadError::Version { found: header.format_version });
    }
    Ok(header)
}

/// The file is as long as its header says.
pub(crate) fn check_length(header: &Header, length: u64) -> Result<(), ReadError> {
    if length > MAX_FILE_BYTES {
        return Err(ReadError::TooLarge { found: length });
    }
    if u64::from(header.file_length) != length {
        return Err(ReadError::Length { expected: u64::from(header.file_length), found: length });
    }
    Ok(())
}

/// The checksum of the header and the directory. `bytes` holds all of it.
pub(crate) fn check_start(bytes: &[u8], header: &Header) -> Result<(), ReadError> {
    let computed = start_checksum(&bytes[..directory_end(section_count(bytes)?)]);
    if computed == header.crc32c {
        return Ok(());
    }
    Err(ReadError::Checksum { section: Section::Header, offset: CRC_OFFSET, stored: header.crc32c, computed })
}

/// CRC-32C of a header and a directory as if the stored one were zero.
pub(crate) fn start_checksum(start: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&start[..CRC_OFFSET as usize]);
    let crc = crc32c::crc32c_append(crc, &[0; 4]);
    crc32c::crc32c_append(crc, &start[HEADER_BYTES..])
}

/// How many sections there are, if that is a number to go on with.
pub(crate) fn section_count(bytes: &[u8]) -> Result<usize, Fault> {
    let count: u32 = bytes.get(HEADER_BYTES..HEADER_BYTES + 4).map_or(0, bytemuck::pod_read_unaligned);
    if count == 0 || count > MAX_FILE_SECTIONS {
        let expected = format!("1 to {MAX_FILE_SECTIONS}");
        return Err(Fault::new(Section::Directory, HEADER_BYTES as u64, "sections", expected, count));
    }
    Ok(count as usize)
}

fn check_header(header: &Header) -> Result<(), Fault> {
    let is_known = Refinement::from_number((header.flags & REFINEMENT_FLAGS) as u8).is_some();
    if header.flags & !REFINEMENT_FLAGS != 0 || !is_known {
        let found = format!("{:#06x}", header.flags);
        return Err(Fault::new(Section::Header, FLAGS_OFFSET, "flags", "a refinement of 0 to 2", found));
    }
    if header.asset_id >= MAX_WIRE_ID {
        let expected = format!("less than {MAX_WIRE_ID}");
        return Err(Fault::new(Section::Header, ASSET_ID_OFFSET, "asset id", expected, header.asset_id));
    }
    if header.splat_count > MAX_SPLATS {
        let (at, expected) = (offset_of!(Header, splat_count) as u64, format!("at most {MAX_SPLATS}"));
        return Err(Fault::new(Section::Header, at, "splat count", expected, header.splat_count));
    }
    if u64::from(header.file_length) > MAX_FILE_BYTES {
        let (at, expected) = (offset_of!(Header, file_length) as u64, format!("at most {MAX_FILE_BYTES}"));
        return Err(Fault::new(Section::Header, at, "file length", expected, header.file_length));
    }
    Ok(())
}

fn foreign_error(start: &[u8]) -> ReadError {
    ReadError::Foreign { looks_like: foreign::looks_like(&start[..start.len().min(HEADER_BYTES)]) }
}

/// A fault in a field of an entry.
fn fault(
    entry: usize,
    field: usize,
    what: String,
    expected: impl std::fmt::Display,
    found: impl std::fmt::Display,
) -> Fault {
    let at = directory_end(entry) + field;
    Fault::new(Section::Directory, at as u64, what, expected, found)
}
