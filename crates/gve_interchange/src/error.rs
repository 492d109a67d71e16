//! What can be wrong with a file, or with data on its way into one.

use std::fmt;

use gve_types::text::shown_short;

use crate::format::Format;

/// Where in a file something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A byte of the file, from 0.
    Byte(u64),
    /// A byte of what the file unpacks to, from 0.
    Unpacked(u64),
    /// A line of the file, from 1.
    Line(u64),
    /// A value in the file's JSON, such as `accessors[3]`.
    Json(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(at) => write!(f, "byte {at}"),
            Self::Unpacked(at) => write!(f, "byte {at} of the unpacked data"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Json(path) => f.write_str(path),
        }
    }
}

/// What kind of thing is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// It is of another format.
    Foreign,
    /// It ends too early.
    Truncated,
    /// It says something that its format forbids, or that contradicts what else it says.
    Invalid,
    /// It is what its format allows, and this reader does not take it.
    Unsupported,
    /// It holds more than this reader takes.
    TooLarge,
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{format} file, {place}: {what}: expected {expected}, found {found}")]
pub struct ReadError {
    /// What kind of thing is wrong.
    pub kind: ReadErrorKind,
    /// The format it was read as.
    pub format: Format,
    /// Where it is.
    pub place: Place,
    /// What it is, such as `rotation of splat 12`.
    pub what: String,
    /// What would have been right.
    pub expected: String,
    /// What was there.
    pub found: String,
}

impl ReadError {
    pub(crate) fn new(
        kind: ReadErrorKind,
        format: Format,
        place: Place,
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self { kind, format, place, what: what.into(), expected, found }
    }

    /// Something that the format forbids.
    pub(crate) fn invalid(
        format: Format,
        place: Place,
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self::new(ReadErrorKind::Invalid, format, place, what, expected, found)
    }

    /// Something that this reader does not take.
    pub(crate) fn unsupported(
        format: Format,
        place: Place,
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self::new(ReadErrorKind::Unsupported, format, place, what, expected, found)
    }

    /// A file that begins like none of its format.
    pub(crate) fn foreign(format: Format, expected: &str, start: &[u8]) -> Self {
        let found = match Format::sniff(start) {
            Some(other) if other != format => format!("what looks like {other}"),
            _ if start.is_empty() => "an empty file".to_owned(),
            _ => {
                let bytes: Vec<_> = start.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
                format!("the bytes {}", bytes.join(" "))
            }
        };
        Self::new(ReadErrorKind::Foreign, format, Place::Byte(0), "start", expected, found)
    }
}

/// A text out of a file, as an error quotes it.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", shown_short(text))
}

/// Why something could not be written in a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not written as {format}: {what}: expected {expected}, found {found}")]
pub struct WriteError {
    /// The format.
    pub format: Format,
    /// What is wrong, such as `scale of splat 12`.
    pub what: String,
    /// What would have been right.
    pub expected: String,
    /// What was there.
    pub found: String,
}

impl WriteError {
    pub(crate) fn new(
        format: Format,
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self { format, what: what.into(), expected: expected.to_string(), found: found.to_string() }
    }
}
