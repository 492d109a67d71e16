//! Opening a file: nothing in it is used before it was found to be right.

use std::{
    fs::File,
    io::{self, Read},
    ops::Range,
    path::Path,
};

use gve_types::{FileMetadata, dna::AudioPatch};
use memmap2::Mmap;

use crate::{
    buffer::Buffer,
    check::Contents,
    error::ReadError,
    layout::{HEADER_BYTES, Header, Layout, SdfHeader},
    model::{AssetData, Splat},
    parse::{Parts, parse_header, parse_parts},
    scan,
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
    bytes: Buffer,
    header: Header,
    sdf: SdfHeader,
    layout: Layout,
    audio_patch: AudioPatch,
    metadata: FileMetadata,
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
    parse_header(&start, length)
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
        parse_header(&start, length)?;
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

    fn from_buffer(bytes: Buffer, verify_crc: bool) -> Result<Self, ReadError> {
        let header = parse_header(&bytes, bytes.len() as u64)?;
        parse(bytes, header, verify_crc)
    }

    /// The file header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The distance volume.
    pub fn volume(&self) -> VolumeView<'_> {
        volume_view(&self.bytes, &self.sdf, &self.layout)
    }

    /// The splats, most important first.
    pub fn splats(&self) -> &[Splat] {
        view(&self.bytes, self.layout.splats.bytes())
    }

    /// The surface mesh.
    pub fn shell(&self) -> ShellView<'_> {
        shell_view(&self.bytes, &self.layout)
    }

    /// How the asset sounds when struck.
    pub fn audio_patch(&self) -> &AudioPatch {
        &self.audio_patch
    }

    /// Everything else.
    pub fn metadata(&self) -> &FileMetadata {
        &self.metadata
    }

    /// The bytes of the whole file, to be sent or copied.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Compares the checksum, for a file that was opened without.
    ///
    /// # Errors
    /// [`ReadError::Checksum`] if the file is damaged.
    pub fn verify_checksum(&self) -> Result<(), ReadError> {
        compare_checksum(&self.bytes, self.header.crc32c)
    }

    /// A copy of everything, to be changed and written again.
    pub fn to_data(&self) -> AssetData {
        AssetData {
            asset_id: self.header.asset_id,
            version: self.header.version,
            volume: self.volume().to_volume(),
            splats: self.splats().to_vec(),
            shell: self.shell().to_shell(),
            audio_patch: self.audio_patch.clone(),
            metadata: self.metadata.clone(),
        }
    }
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

fn compare_checksum(bytes: &[u8], stored: u32) -> Result<(), ReadError> {
    let computed = scan::checksum(bytes);
    if computed == stored { Ok(()) } else { Err(ReadError::Checksum { stored, computed }) }
}

fn parse(bytes: Buffer, header: Header, verify_crc: bool) -> Result<AssetFile, ReadError> {
    let parts = parse_parts(&bytes, &header).map_err(|fault| {
        // Damage explains everything else that is wrong, so it is looked for first.
        match compare_checksum(&bytes, header.crc32c) {
            Err(damage) if verify_crc => damage,
            _ => ReadError::Invalid(fault),
        }
    })?;
    let Parts { sdf, layout, audio_patch, metadata } = parts;
    let contents = Contents {
        layout: &layout,
        volume: volume_view(&bytes, &sdf, &layout),
        splats: view(&bytes, layout.splats.bytes()),
        shell: shell_view(&bytes, &layout),
        material_count: metadata.materials.len() as u32,
    };
    let scan = scan::scan(&contents, verify_crc.then_some(&bytes));
    if verify_crc && scan.checksum != header.crc32c {
        return Err(ReadError::Checksum { stored: header.crc32c, computed: scan.checksum });
    }
    scan.contents?;
    Ok(AssetFile { bytes, header, sdf, layout, audio_patch, metadata })
}

/// Bytes as elements. The range was checked when the file was opened, and every array starts on a
/// boundary of an aligned buffer.
fn view<T: bytemuck::Pod>(bytes: &[u8], range: Range<usize>) -> &[T] {
    bytemuck::cast_slice(&bytes[range])
}

fn volume_view<'a>(bytes: &'a [u8], sdf: &SdfHeader, layout: &Layout) -> VolumeView<'a> {
    VolumeView {
        origin: sdf.origin,
        cell_size: sdf.cell_size,
        lipschitz: sdf.lipschitz,
        bricks: sdf.bricks,
        grid: view(bytes, layout.sdf.grid.bytes()),
        atlas_bricks: sdf.atlas_bricks,
        distances: view(bytes, layout.sdf.distances.bytes()),
        materials: view(bytes, layout.sdf.materials.bytes()),
    }
}

fn shell_view<'a>(bytes: &'a [u8], layout: &Layout) -> ShellView<'a> {
    ShellView {
        positions: view(bytes, layout.shell.positions.bytes()),
        normals: view(bytes, layout.shell.normals.bytes()),
        weld: view(bytes, layout.shell.weld.bytes()),
        indices: view(bytes, layout.shell.indices.bytes()),
        parts: view(bytes, layout.shell.parts.bytes()),
    }
}
