//! What can go wrong, in the form that both kinds of report are made from.

use std::{
    io,
    path::{Path, PathBuf},
};

use gve_assets::{ReadError, WriteError};
use gve_bake::BakeError;
use gve_types::{Violation, text::shown};

/// One thing wrong with a recipe, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// JSON path of the offender; empty where the text is not JSON.
    pub(crate) path: String,
    /// What was expected and what was found.
    pub(crate) message: String,
    /// The bytes to point at.
    pub(crate) span: std::ops::Range<usize>,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
}

/// Why a command could not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    /// A short name for machines, such as `invalid_recipe`.
    pub(crate) code: &'static str,
    /// One line for people.
    pub(crate) message: String,
    /// The file it is about.
    pub(crate) file: Option<PathBuf>,
    /// The text of that file, where findings point into it.
    pub(crate) source: String,
    /// What is wrong inside the file.
    pub(crate) findings: Vec<Finding>,
    /// More for machines; replaces the error document's siblings.
    pub(crate) document: Option<serde_json::Value>,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            file: None,
            source: String::new(),
            findings: Vec::new(),
            document: None,
        }
    }

    /// A failure about one file.
    pub(crate) fn about(code: &'static str, file: &Path, message: impl Into<String>) -> Self {
        Self { file: Some(file.to_owned()), ..Self::new(code, message) }
    }

    /// Reading `file` failed.
    pub(crate) fn read(file: &Path, error: &io::Error) -> Self {
        let code = if error.kind() == io::ErrorKind::NotFound { "not_found" } else { "cannot_read" };
        Self::about(code, file, format!("cannot read {}: {}", name(file), plain(error)))
    }

    /// Writing `file` failed.
    pub(crate) fn write(file: &Path, error: &io::Error) -> Self {
        Self::about("cannot_write", file, format!("cannot write {}: {}", name(file), plain(error)))
    }

    /// A `.gve_bin` could not be read.
    pub(crate) fn from_read_error(file: &Path, error: &ReadError) -> Self {
        match error {
            ReadError::Io { source, .. } => Self::read(file, source),
            _ => Self::about("invalid_file", file, format!("{}: {error}", name(file))),
        }
    }

    /// A `.gve_bin` could not be written.
    pub(crate) fn from_write_error(file: &Path, error: &WriteError) -> Self {
        match error {
            WriteError::Io { source, .. } => Self::write(file, source),
            _ => Self::about("cannot_write", file, error.to_string()),
        }
    }

    /// A recipe could not be baked, for a reason that no line of it is to blame for.
    pub(crate) fn from_bake_error(file: &Path, error: &BakeError) -> Self {
        Self::about("cannot_bake", file, format!("{}: {error}", name(file)))
    }
}

/// A path as it is shown to people.
pub(crate) fn name(path: &Path) -> String {
    shown(&path.to_string_lossy()).into_owned()
}

/// The system's words without the number that std appends.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// A violation that has not been found in a text yet.
pub(crate) fn violations_of(error: &BakeError) -> Option<&[Violation]> {
    match error {
        BakeError::Lower(error) => Some(&error.violations),
        _ => None,
    }
}
