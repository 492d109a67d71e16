//! The first part of a file: what can be used of one that is still arriving.

use gve_types::{FileMetadata, dna::AudioPatch};

use crate::{
    buffer::Buffer,
    directory::{Directory, check_length},
    error::ReadError,
    layout::DirectoryEntry,
    model::Splat,
    parse::{self, Parsed},
    scan, sections,
    view::{ShellView, VolumeView},
};

/// The first bytes of a `.gve_bin` of format version 2, with all sections that are complete in them, each
/// checked from end to end like those of an [`AssetFile`](crate::AssetFile).
///
/// A file begins with what can be used first: metadata, sound, the volume from its coarsest level on,
/// splats, shell.
///
/// Every call of [`new`](Self::new) checks everything that is there. While a file arrives, wait for the
/// next place that changes something: [`DirectoryEntry::end`] or [`Directory::bytes_for_levels`].
#[derive(Debug)]
pub struct AssetPrefix {
    pub(crate) bytes: Buffer,
    pub(crate) directory: Directory,
    pub(crate) parsed: Parsed,
}

impl AssetPrefix {
    /// Checks the first bytes of a file: its directory and every section that ends within them.
    ///
    /// # Errors
    /// [`ReadError`] when something in these bytes is wrong. [`ReadError::Length`] when not even the
    /// directory is there; see [`Directory::from_prefix`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, ReadError> {
        let Some(directory) = Directory::from_prefix(&bytes)? else {
            let (expected, found) = (crate::layout::SECTION_ALIGN, bytes.len() as u64);
            return Err(ReadError::Length { expected, found });
        };
        let (length, most) = (bytes.len() as u64, u64::from(directory.header().file_length));
        if length > most {
            check_length(directory.header(), length)?;
        }
        Self::check(Buffer::new(bytes), directory, true)
    }

    /// Everything that is there behind a directory.
    pub(crate) fn check(bytes: Buffer, directory: Directory, verify_crc: bool) -> Result<Self, ReadError> {
        parse::check_gaps(&bytes, &directory)?;
        let parsed = parse::parse(&bytes, &directory).map_err(|fault| {
            // Damage explains everything else that is wrong, so it is looked for first.
            match checksums(&bytes, &directory) {
                Err(damage) if verify_crc => damage,
                _ => ReadError::Invalid(fault),
            }
        })?;
        let (materials, parts) = parsed.metadata.as_ref().map_or((0, 0), counts);
        let contents = sections::contents(&bytes, &parsed.layout, materials, parts);
        let entries = parse::complete(&directory, bytes.len());
        let scan = scan::scan(&contents, entries, verify_crc.then_some(&bytes));
        if verify_crc {
            parse::compare_checksums(&directory, &scan.checksums)?;
        }
        scan.contents?;
        Ok(Self { bytes, directory, parsed })
    }

    /// What the first bytes say of the rest.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The sections that are there.
    pub fn complete(&self) -> &[DirectoryEntry] {
        parse::complete(&self.directory, self.bytes.len())
    }

    /// Name, bounds, materials, parts and mass, once they are there.
    pub fn metadata(&self) -> Option<&FileMetadata> {
        self.parsed.metadata.as_ref()
    }

    /// How the asset sounds when struck, once that is there.
    pub fn audio_patch(&self) -> Option<&AudioPatch> {
        self.parsed.audio_patch.as_ref()
    }

    /// The volume of the levels that are there, once one is. A lookup in it ends at its last level.
    pub fn volume(&self) -> Option<VolumeView<'_>> {
        let layout = &self.parsed.layout;
        let plan = layout.volume.as_ref().filter(|_| !layout.levels.is_empty())?;
        Some(sections::volume(&self.bytes, plan, &layout.levels))
    }

    /// The splats, most important first, once all are there.
    pub fn splats(&self) -> Option<&[Splat]> {
        self.parsed.layout.splats?;
        Some(sections::splats(&self.bytes, &self.parsed.layout))
    }

    /// The surface mesh, once it is there.
    pub fn shell(&self) -> Option<ShellView<'_>> {
        self.parsed.layout.shell.as_ref().map(|layout| sections::shell(&self.bytes, layout))
    }
}

/// How many materials and parts there are to refer to.
pub(crate) fn counts(metadata: &FileMetadata) -> (u32, u32) {
    // Both were found to be within their limits.
    (metadata.materials.len() as u32, metadata.parts.len() as u32)
}

/// The checksums of the sections that are there, without a look at their contents.
pub(crate) fn checksums(bytes: &[u8], directory: &Directory) -> Result<(), ReadError> {
    let entries = parse::complete(directory, bytes.len());
    let computed: Vec<u32> = entries.iter().map(|entry| crc32c::crc32c(&bytes[entry.bytes()])).collect();
    parse::compare_checksums(directory, &computed)
}
