//! What can be wrong with a file, or with data on its way into one.

use std::{fmt, io, path::PathBuf};

use gve_types::limits::MAX_FILE_BYTES;

use crate::version::{FORMAT_VERSION, LENGTH_OFFSET, OLDEST_FORMAT_VERSION, VERSION_OFFSET};

/// A part of a `.gve_bin` file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// The first 64 bytes.
    Header,
    /// The list of sections behind them.
    Directory,
    /// What the asset is.
    Metadata,
    /// The sound patch.
    Audio,
    /// The head of the distance volume.
    Volume,
    /// One level of the distance volume.
    Level(u32),
    /// The splats.
    Splats,
    /// The surface mesh.
    Shell,
    /// A section of a kind that this build does not know.
    Other(u32),
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Directory => "directory",
            Self::Metadata => "metadata",
            Self::Audio => "audio",
            Self::Volume => "volume",
            Self::Level(level) => return write!(f, "volume level {level}"),
            Self::Splats => "splat",
            Self::Shell => "shell",
            Self::Other(kind) => return write!(f, "kind {kind}"),
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
        "header section, byte {VERSION_OFFSET}: this build reads format versions \
         {OLDEST_FORMAT_VERSION} to {FORMAT_VERSION}, found version {found}; {}",
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
    /// Some bits of a section changed after the file was written.
    #[error(
        "{section} section, byte {offset}: expected checksum {stored:#010x} as stored, \
         found {computed:#010x}; the file is damaged"
    )]
    Checksum {
        /// The section; [`Section::Header`] for the header and the directory together.
        section: Section,
        /// Where the checksum is stored.
        offset: u64,
        /// CRC-32C in the file.
        stored: u32,
        /// CRC-32C of the bytes.
        computed: u32,
    },
    /// Some bits between sections changed after the file was written.
    #[error(
        "{section} section, byte {offset}: expected 0 behind its end, found {found:#04x}; the file is damaged"
    )]
    Padding {
        /// The section before.
        section: Section,
        /// The first byte that is not 0.
        offset: u64,
        /// What was there.
        found: u8,
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
            Self::Foreign { .. } | Self::Version { .. } | Self::Length { .. } => Some(Section::Header),
            Self::Checksum { section, .. } | Self::Padding { section, .. } => Some(*section),
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
            Self::Checksum { offset, .. } | Self::Padding { offset, .. } => Some(*offset),
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
