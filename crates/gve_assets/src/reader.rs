//! Opening a file: nothing in it is used before it was found to be right.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use gve_types::{FileMetadata, dna::AudioPatch};
use memmap2::Mmap;

use crate::{
    buffer::Buffer,
    directory::{Directory, check_length, check_start, parse_header},
    error::{Fault, ReadError, Section},
    layout::{DIRECTORY_START, FORMAT_VERSION, HEADER_BYTES, Header, KIND_METADATA, directory_end},
    model::{AssetData, Splat},
    parse,
    prefix::{self, AssetPrefix},
    sections, v1,
    view::{ShellView, VolumeView},
};

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOptions {
    /// Compare the checksum; on unless the caller has just written the file itself. Everything else
    /// is checked in any case, and [`AssetFile::verify_checksum`] can make up for it later.
    pub verify_crc: bool,
    /// Map the file instead of reading it into memory; on by default. Turn it off where files may be
    /// truncated while they are open; see [`AssetFile::open`].
    pub map: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { verify_crc: true, map: true }
    }
}

/// A `.gve_bin` that was checked from end to end; all views are slices of its bytes.
///
/// It keeps the file's bytes for as long as it lives, also after the file was replaced or deleted.
/// It can be shared between threads; put it behind an `Arc` to clone it.
#[derive(Debug)]
pub struct AssetFile {
    whole: AssetPrefix,
    audio_patch: AudioPatch,
    metadata: FileMetadata,
    source_format_version: u16,
    source_length: u64,
}

/// Reads the 64-byte header of a file, for a look at its asset and version.
///
/// Only the magic, the format version and the length are checked.
///
/// # Errors
/// [`ReadError`] when the file cannot be read, is no `.gve_bin`, is of another format version or was
/// cut short.
pub fn read_header(path: impl AsRef<Path>) -> Result<Header, ReadError> {
    let path = path.as_ref();
    let (mut file, length) = open_file(path)?;
    let start = read_start(&mut file).map_err(|source| io_error(path, source))?;
    let header = parse_header(&start)?;
    check_length(&header, length)?;
    Ok(header)
}

/// Reads the header and the metadata of a file, and nothing else of it.
///
/// Their checksums are compared. A file of format version 1, whose only checksum is that of all of it, is
/// read as a whole.
///
/// # Errors
/// [`ReadError`] when the file cannot be read, is no `.gve_bin`, was cut short, or what is read of it is
/// damaged.
pub fn read_metadata(path: impl AsRef<Path>) -> Result<(Header, FileMetadata), ReadError> {
    let path = path.as_ref();
    let (mut file, length) = open_file(path)?;
    let mut bytes = read_start(&mut file).map_err(|source| io_error(path, source))?;
    let header = parse_header(&bytes)?;
    check_length(&header, length)?;
    if header.format_version != FORMAT_VERSION {
        let options = OpenOptions { verify_crc: true, map: false };
        return Ok((header, AssetFile::open_with(path, options)?.metadata));
    }
    let mut read_to = |end: usize, bytes: &mut Vec<u8>| {
        // At most 64 entries, or a section that was found to lie in the file and within its limit.
        let more = end.saturating_sub(bytes.len()) as u64;
        (&mut file).take(more).read_to_end(bytes).map_err(|source| io_error(path, source))?;
        if bytes.len() < end {
            return Err(ReadError::Length { expected: end as u64, found: bytes.len() as u64 });
        }
        Ok(())
    };
    read_to(DIRECTORY_START, &mut bytes)?;
    read_to(directory_end(crate::directory::section_count(&bytes)?), &mut bytes)?;
    check_start(&bytes, &header)?;
    let directory = Directory::parse(&bytes, header)?;
    let Some(entry) = directory.find(KIND_METADATA, 0) else { return Err(missing("metadata").into()) };
    let most = u64::from(gve_types::limits::MAX_METADATA_BYTES) + 4;
    if u64::from(entry.size) > most {
        let expected = format!("at most {most} bytes");
        let at = u64::from(entry.offset);
        return Err(Fault::new(Section::Metadata, at, "section", expected, entry.size).into());
    }
    read_to(entry.end() as usize, &mut bytes)?;
    prefix::checksums(&bytes, &directory)?;
    Ok((header, parse::metadata(&bytes, &directory, entry)?))
}

impl AssetFile {
    /// Maps a file into memory and checks all of it.
    ///
    /// Files must be replaced by renaming another over them, as [`write`](crate::write()) does: then
    /// this keeps the old bytes. If somebody writes into the file instead, the views change under
    /// their readers; if somebody truncates it, the system ends the process (SIGBUS on Unix) when
    /// bytes past the new end are read. [`OpenOptions::map`] avoids both for the price of a copy. On
    /// Windows a mapped file cannot be replaced, so watchers should read there instead of mapping.
    ///
    /// # Errors
    /// [`ReadError`] says what is wrong, where, what was expected and what was found.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::open_with(path, OpenOptions::default())
    }

    /// Like [`open`](Self::open), with options.
    ///
    /// # Errors
    /// [`ReadError`] says what is wrong, where, what was expected and what was found.
    pub fn open_with(path: impl AsRef<Path>, options: OpenOptions) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let (mut file, length) = open_file(path)?;
        let start = read_start(&mut file).map_err(|source| io_error(path, source))?;
        check_length(&parse_header(&start)?, length)?;
        let bytes = if options.map {
            Buffer::Map(map(&file).map_err(|source| io_error(path, source))?)
        } else {
            // The length is the file's own, at most 2 GiB; a file that grows meanwhile is cut off.
            let mut bytes = Vec::with_capacity(length as usize);
            bytes.extend_from_slice(&start);
            let rest = length - start.len() as u64;
            file.take(rest).read_to_end(&mut bytes).map_err(|source| io_error(path, source))?;
            Buffer::new(bytes)
        };
        Self::from_buffer(bytes, options.verify_crc)
    }

    /// Checks bytes that are in memory already; they are copied only if they are not aligned.
    ///
    /// # Errors
    /// [`ReadError`] says what is wrong, where, what was expected and what was found.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ReadError> {
        Self::from_bytes_with(bytes, OpenOptions::default())
    }

    /// Like [`from_bytes`](Self::from_bytes), with options.
    ///
    /// # Errors
    /// [`ReadError`] says what is wrong, where, what was expected and what was found.
    pub fn from_bytes_with(bytes: Vec<u8>, options: OpenOptions) -> Result<Self, ReadError> {
        Self::from_buffer(Buffer::new(bytes), options.verify_crc)
    }

    /// Checks the first bytes of a file that is still arriving: short for [`AssetPrefix::new`].
    ///
    /// # Errors
    /// Those of [`AssetPrefix::new`].
    pub fn from_prefix(bytes: Vec<u8>) -> Result<AssetPrefix, ReadError> {
        AssetPrefix::new(bytes)
    }

    fn from_buffer(bytes: Buffer, verify_crc: bool) -> Result<Self, ReadError> {
        let header = parse_header(&bytes)?;
        check_length(&header, bytes.len() as u64)?;
        match header.format_version {
            FORMAT_VERSION => Self::from_current(bytes, header, verify_crc),
            version => {
                // Compared in any case: the bytes that could be compared later are not kept.
                let source_length = bytes.len() as u64;
                let bytes = v1::to_current(&bytes, &header)?;
                let header = parse_header(&bytes)?;
                let file = Self::from_current(Buffer::new(bytes), header, false)?;
                Ok(Self { source_format_version: version, source_length, ..file })
            }
        }
    }

    fn from_current(bytes: Buffer, header: Header, verify_crc: bool) -> Result<Self, ReadError> {
        let count = crate::directory::section_count(&bytes)?;
        if bytes.len() < directory_end(count) {
            let (expected, found) = (directory_end(count) as u64, bytes.len());
            return Err(Fault::new(Section::Directory, HEADER_BYTES as u64, "end", found, expected).into());
        }
        if verify_crc {
            check_start(&bytes, &header)?;
        }
        let directory = Directory::parse(&bytes, header)?;
        let source_length = bytes.len() as u64;
        let mut whole = AssetPrefix::check(bytes, directory, verify_crc)?;
        let metadata = whole.parsed.metadata.take().ok_or_else(|| missing("metadata"))?;
        let audio_patch = whole.parsed.audio_patch.take().ok_or_else(|| missing("audio"))?;
        Ok(Self { whole, audio_patch, metadata, source_format_version: FORMAT_VERSION, source_length })
    }

    /// The file header. That of a file of an older format version is the one of its conversion.
    pub fn header(&self) -> &Header {
        self.whole.directory.header()
    }

    /// What the file says of its sections.
    pub fn directory(&self) -> &Directory {
        &self.whole.directory
    }

    /// The format version of the file that was opened. One that is older than [`FORMAT_VERSION`] was
    /// converted, and everything here is a view of that.
    pub fn source_format_version(&self) -> u16 {
        self.source_format_version
    }

    /// Bytes of the file that was opened, of whatever format version.
    pub fn source_length(&self) -> u64 {
        self.source_length
    }

    /// The distance volume.
    pub fn volume(&self) -> VolumeView<'_> {
        self.whole.volume().unwrap_or(VolumeView::NONE)
    }

    /// The splats, most important first.
    pub fn splats(&self) -> &[Splat] {
        sections::splats(&self.whole.bytes, &self.whole.parsed.layout)
    }

    /// The surface mesh.
    pub fn shell(&self) -> ShellView<'_> {
        self.whole.shell().unwrap_or(ShellView::NONE)
    }

    /// How the asset sounds when struck.
    pub fn audio_patch(&self) -> &AudioPatch {
        &self.audio_patch
    }

    /// Everything else.
    pub fn metadata(&self) -> &FileMetadata {
        &self.metadata
    }

    /// The bytes of the whole file, to be sent or copied; of a file of an older format version, those of
    /// its conversion.
    pub fn bytes(&self) -> &[u8] {
        &self.whole.bytes
    }

    /// Compares all checksums, for a file that was opened without.
    ///
    /// # Errors
    /// [`ReadError::Checksum`] if the file is damaged.
    pub fn verify_checksum(&self) -> Result<(), ReadError> {
        check_start(&self.whole.bytes, self.header())?;
        prefix::checksums(&self.whole.bytes, self.directory())
    }

    /// A copy of everything, to be changed and written again.
    pub fn to_data(&self) -> AssetData {
        let header = self.header();
        AssetData {
            asset_id: header.asset_id,
            version: header.version,
            refinement: header.refinement(),
            volume: self.volume().to_volume(),
            splats: self.splats().to_vec(),
            shell: self.shell().to_shell(),
            audio_patch: self.audio_patch.clone(),
            metadata: self.metadata.clone(),
        }
    }
}

/// Not met: the directory was found to name every section that must be there, and all of them were read.
fn missing(what: &str) -> Fault {
    Fault::new(Section::Directory, HEADER_BYTES as u64, "sections", format!("one with the {what}"), "none")
}

fn io_error(path: &Path, source: io::Error) -> ReadError {
    ReadError::Io { path: path.to_owned(), source }
}

fn open_file(path: &Path) -> Result<(File, u64), ReadError> {
    let open = || {
        // Looked at before it is opened: opening a named pipe would wait for a writer.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "expected a file, found a folder or device",
            ));
        }
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    };
    open().map_err(|source| io_error(path, source))
}

fn read_start(file: &mut File) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(HEADER_BYTES);
    file.take(HEADER_BYTES as u64).read_to_end(&mut start)?;
    Ok(start)
}

#[expect(unsafe_code, reason = "a file can only be mapped unsafely")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the bytes behind the slice must not change while it lives. Files of ours are written
    // under another name and renamed, so an opened one is never written to again; `AssetFile::open`
    // tells callers that they must not either, and offers them a copy instead.
    unsafe { Mmap::map(file) }
}
