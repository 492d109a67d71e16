//! What can be wrong with a file, or with data on its way into one.

use std::{fmt, io, path::PathBuf};

use gve_types::limits::MAX_FILE_BYTES;

use crate::layout::{CRC_OFFSET, FORMAT_VERSION, LENGTH_OFFSET, VERSION_OFFSET};

/// A part of a `.gve_bin` file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// The first 64 bytes.
    Header,
    /// The distance volume.
    Sdf,
    /// The splats.
    Splats,
    /// The surface mesh.
    Shell,
    /// The sound patch.
    Audio,
    /// Everything else.
    Metadata,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Sdf => "SDF",
            Self::Splats => "splat",
            Self::Shell => "shell",
            Self::Audio => "audio",
            Self::Metadata => "metadata",
        })
    }
}

/// One value that is not what the format asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{section} section, byte {offset}: {what}: expected {expected}, found {found}")]
pub struct Fault {
    /// The part of the file it lies in.
    pub section: Section,
    /// Its place, in bytes from the start of the file.
    pub offset: u64,
    /// What it is, such as `rotation of splat 12`.
    pub what: String,
    /// What would have been right.
    pub expected: String,
    /// What was there.
    pub found: String,
}

impl Fault {
    pub(crate) fn new(
        section: Section,
        offset: u64,
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self { section, offset, what: what.into(), expected, found }
    }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be opened, mapped or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The first bytes are not those of a `.gve_bin`.
    #[error("header section, byte 0: expected a .gve_bin file (magic \"GVE1\"), found {looks_like}")]
    Foreign {
        /// What the file looks like instead, with its article.
        looks_like: String,
    },
    /// A version of the format that this build does not know.
    #[error(
        "header section, byte {VERSION_OFFSET}: this build reads format version {FORMAT_VERSION}, \
         found version {found}; {}",
        if *found > FORMAT_VERSION { "update the reader, or bake the asset again with this build" }
        else { "bake the asset again" }
    )]
    Version {
        /// The file's version.
        found: u16,
    },
    /// The file is longer than any may be.
    #[error("expected at most {MAX_FILE_BYTES} bytes, found {found}")]
    TooLarge {
        /// Bytes in the file.
        found: u64,
    },
    /// The file was cut short, or something was appended to it.
    #[error(
        "header section, byte {LENGTH_OFFSET}: expected {expected} bytes, found {found}; {}",
        if found < expected { "the file was cut short" } else { "something was appended to the file" }
    )]
    Length {
        /// Bytes that the header announces, or that a header takes.
        expected: u64,
        /// Bytes in the file.
        found: u64,
    },
    /// Some bits changed after the file was written.
    #[error(
        "header section, byte {CRC_OFFSET}: expected checksum {stored:#010x} as stored, \
         found {computed:#010x} over the file; the file is damaged"
    )]
    Checksum {
        /// CRC-32C in the header.
        stored: u32,
        /// CRC-32C of the bytes.
        computed: u32,
    },
    /// The file is as it was written, but holds something that the format forbids.
    #[error(transparent)]
    Invalid(#[from] Fault),
}

impl ReadError {
    /// The part of the file that is wrong, when it is one part.
    pub fn section(&self) -> Option<Section> {
        match self {
            Self::Io { .. } | Self::TooLarge { .. } => None,
            Self::Foreign { .. } | Self::Version { .. } | Self::Length { .. } | Self::Checksum { .. } => {
                Some(Section::Header)
            }
            Self::Invalid(fault) => Some(fault.section),
        }
    }

    /// The place of the value that is wrong, in bytes from the start of the file.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Io { .. } | Self::TooLarge { .. } => None,
            Self::Foreign { .. } => Some(0),
            Self::Version { .. } => Some(VERSION_OFFSET),
            Self::Length { .. } => Some(LENGTH_OFFSET),
            Self::Checksum { .. } => Some(CRC_OFFSET),
            Self::Invalid(fault) => Some(fault.offset),
        }
    }
}

/// Why a file could not be written. The file that was there before is still there, unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The data holds something that the format forbids; the offset is where it would have stood.
    #[error("not written: {0}")]
    Invalid(#[from] Fault),
    /// The file would be longer than any may be.
    #[error("not written: expected at most {MAX_FILE_BYTES} bytes, found {bytes}")]
    TooLarge {
        /// Bytes the file would have.
        bytes: u64,
    },
    /// The system refused: no space, no permission, no such folder.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file that was to be written.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system says.
        source: io::Error,
    },
}
