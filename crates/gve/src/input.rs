//! Recipes and baked files from files and pipes, and the place in the text of whatever is wrong with a recipe.

use std::{
    fs::{File, Metadata},
    io::Read,
    path::{Path, PathBuf},
};

use gve_assets::{AssetFile, ReadError};
use gve_sdf::Field;
use gve_types::{
    AssetDna, MaterialTable, RecipeError, Violation,
    limits::{MAX_FILE_BYTES, MAX_RECIPE_BYTES},
    parse_recipe,
};
use same_file::Handle;

use crate::{
    failure::{Failure, name},
    report::span,
};

/// Extension of a baked file.
pub(crate) const BINARY_EXTENSION: &str = "gve_bin";

/// Most bytes of a file of another program.
pub(crate) const MAX_FOREIGN_BYTES: u64 = 4 << 30;

/// A recipe with the text it was read from.
pub(crate) struct Recipe {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) dna: AssetDna,
}

impl Recipe {
    /// Reads and checks a recipe.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let stream = Stream::open(path)?;
        if stream.start.starts_with(&gve_assets::layout::MAGIC) {
            let message = format!("{}: this is a baked .gve_bin; a recipe was expected", name(path));
            return Err(Failure::about("not_a_recipe", path, message));
        }
        Self::parse(path, stream.into_text(path)?)
    }

    /// Checks a recipe whose text was read.
    pub(crate) fn parse(path: &Path, text: String) -> Result<Self, Failure> {
        match parse_recipe(&text, MaterialTable::builtin()) {
            Ok(dna) => Ok(Self { path: path.to_owned(), text, dna }),
            Err(error) => Err(from_recipe_error(path, text, error)),
        }
    }

    /// Lowers the recipe to its field.
    pub(crate) fn field(&self) -> Result<Field, Failure> {
        Field::lower(&self.dna, MaterialTable::builtin()).map_err(|error| self.blame(&error.violations))
    }

    /// The failure that says what is wrong with this recipe.
    pub(crate) fn blame(&self, violations: &[Violation]) -> Failure {
        invalid(&self.path, self.text.clone(), violations)
    }
}

/// A file that was opened, as what it is.
pub(crate) enum Source {
    /// A text that may be a recipe.
    Text(String),
    /// A baked file.
    Binary(Box<AssetFile>),
}

/// Opens a recipe or a baked file: a file, a pipe that is read once from its start to its end, or `-` for
/// standard input.
pub(crate) fn open(path: &Path) -> Result<Source, Failure> {
    let stream = Stream::open(path)?;
    if stream.is_binary(path) {
        return stream.into_binary(path).map(|file| Source::Binary(Box::new(file)));
    }
    stream.into_text(path).map(Source::Text)
}

/// A file that may be one of another program.
pub(crate) enum Any {
    /// A baked file.
    Binary(Box<AssetFile>),
    /// The bytes of anything else.
    Bytes(Vec<u8>),
}

/// Opens a baked file, or reads another one; `is_binary` says which, if the user does.
pub(crate) fn open_any(path: &Path, is_binary: Option<bool>) -> Result<Any, Failure> {
    let mut stream = Stream::open(path)?;
    if is_binary.unwrap_or_else(|| stream.is_binary(path)) {
        return stream.into_binary(path).map(|file| Any::Binary(Box::new(file)));
    }
    let bytes = stream.read(path, MAX_FOREIGN_BYTES)?;
    if bytes.len() as u64 > MAX_FOREIGN_BYTES {
        let found = stream.length.max(MAX_FOREIGN_BYTES + 1);
        let message = format!("{}: at most {MAX_FOREIGN_BYTES} bytes are read, found {found}", name(path));
        return Err(Failure::about("file_too_long", path, message));
    }
    Ok(Any::Bytes(bytes))
}

/// Opens a baked file and checks it.
pub(crate) fn open_binary(path: &Path) -> Result<AssetFile, ReadFailure> {
    let unread = |failure| ReadFailure { failure, place: None };
    let mut stream = Stream::open(path).map_err(unread)?;
    if stream.is_file || stream.is_binary(path) {
        return stream.read_binary(path);
    }
    let error = AssetFile::from_bytes(stream.start).err();
    Err(error.map_or_else(
        || unread(Failure::about("invalid_file", path, format!("{}: no baked file", name(path)))),
        |error| ReadFailure::new(path, &error),
    ))
}

/// Why a baked file could not be read, and where in it that is.
pub(crate) struct ReadFailure {
    pub(crate) failure: Failure,
    /// Section and byte.
    pub(crate) place: Option<(String, u64)>,
}

impl ReadFailure {
    fn new(path: &Path, error: &ReadError) -> Self {
        let place = error.section().map(|s| s.to_string()).zip(error.offset());
        Self { failure: Failure::from_read_error(path, error), place }
    }
}

/// What tells whether two paths lead to one file; `None` for what is no file.
pub(crate) fn handle(path: &Path) -> Option<Handle> {
    if is_standard_input(path) {
        return Handle::stdin().ok();
    }
    if gve_assets::replace::is_node(path) { None } else { Handle::from_path(path).ok() }
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// Something that is read from its start to its end, and its first bytes.
struct Stream {
    start: Vec<u8>,
    rest: Box<dyn Read>,
    /// Whether it can also be mapped.
    is_file: bool,
    /// How long it says it is.
    length: u64,
}

impl Stream {
    fn open(path: &Path) -> Result<Self, Failure> {
        let (mut rest, metadata): (Box<dyn Read>, _) = if is_standard_input(path) {
            (Box::new(std::io::stdin()), None)
        } else {
            let file = File::open(path).map_err(|error| Failure::read(path, &error))?;
            let metadata = file.metadata().ok();
            (Box::new(file), metadata)
        };
        if metadata.as_ref().is_some_and(Metadata::is_dir) {
            let message = format!("cannot read {}: it is a folder; a file was expected", name(path));
            return Err(Failure::about("is_folder", path, message));
        }
        let mut start = Vec::new();
        rest.by_ref()
            .take(gve_assets::layout::HEADER_BYTES as u64)
            .read_to_end(&mut start)
            .map_err(|error| Failure::read(path, &error))?;
        let is_file = metadata.as_ref().is_some_and(Metadata::is_file);
        Ok(Self { start, rest, is_file, length: metadata.map_or(0, |m| m.len()) })
    }

    /// By its first bytes, or by its name where those are damaged.
    fn is_binary(&self, path: &Path) -> bool {
        self.start.starts_with(&gve_assets::layout::MAGIC)
            || path.extension().is_some_and(|extension| extension == BINARY_EXTENSION)
    }

    fn into_binary(mut self, path: &Path) -> Result<AssetFile, Failure> {
        self.read_binary(path).map_err(|error| error.failure)
    }

    fn read_binary(&mut self, path: &Path) -> Result<AssetFile, ReadFailure> {
        if self.is_file {
            return AssetFile::open(path).map_err(|error| ReadFailure::new(path, &error));
        }
        let bytes =
            self.read(path, MAX_FILE_BYTES).map_err(|failure| ReadFailure { failure, place: None })?;
        AssetFile::from_bytes(bytes).map_err(|error| ReadFailure::new(path, &error))
    }

    /// Everything, up to one byte more than allowed: that tells what grows, or has no length, from what fits.
    fn read(&mut self, path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
        let mut bytes = std::mem::take(&mut self.start);
        let left = (most + 1).saturating_sub(bytes.len() as u64);
        self.rest.by_ref().take(left).read_to_end(&mut bytes).map_err(|error| Failure::read(path, &error))?;
        Ok(bytes)
    }

    /// A text of at most [`MAX_RECIPE_BYTES`]; no longer one is loaded.
    fn into_text(mut self, path: &Path) -> Result<String, Failure> {
        let most = MAX_RECIPE_BYTES as u64;
        let bytes = self.read(path, most)?;
        if bytes.len() as u64 > most {
            let found = self.length.max(most + 1);
            let message = format!("{}: a recipe has at most {most} bytes, found {found}", name(path));
            return Err(Failure::about("recipe_too_long", path, message));
        }
        let mut text = utf8(path, bytes)?;
        if text.starts_with('\u{feff}') {
            // Some editors write a byte order mark; columns are counted behind it.
            text.drain(..'\u{feff}'.len_utf8());
        }
        Ok(text)
    }
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    if let Some(encoding) = other_encoding(&bytes) {
        let message = format!("{}: this is {encoding} text; a recipe is UTF-8: save it as that", name(path));
        return Err(Failure::about("not_utf8", path, message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
        let message =
            format!("{}: a recipe is UTF-8 text; byte {at} (line {line}) is not part of any", name(path));
        Failure::about("not_utf8", path, message)
    })
}

/// The encoding that a byte order mark names, or in which the first characters would be ASCII.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => Some("UTF-32 (little-endian)"),
        [0, 0, 0xfe, 0xff, ..] => Some("UTF-32 (big-endian)"),
        [0xff, 0xfe, ..] => Some("UTF-16 (little-endian)"),
        [0xfe, 0xff, ..] => Some("UTF-16 (big-endian)"),
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some("UTF-16 (little-endian)"),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some("UTF-16 (big-endian)"),
        _ => None,
    }
}

fn from_recipe_error(path: &Path, text: String, error: RecipeError) -> Failure {
    match error {
        RecipeError::Invalid(violations) => invalid(path, text, &violations),
        RecipeError::Syntax { line, column, message } => {
            let finding = span::at_line(&text, line, column, format!("not JSON: {message}"));
            Failure {
                source: text,
                findings: vec![finding],
                ..Failure::about("not_json", path, format!("{} is not JSON", name(path)))
            }
        }
        other => Failure::about("invalid_recipe", path, format!("{}: {other}", name(path))),
    }
}

fn invalid(path: &Path, text: String, violations: &[Violation]) -> Failure {
    let findings = span::locate(&text, violations);
    let message = match findings.len() {
        1 => format!("{} is not a valid recipe", name(path)),
        n => format!("{} is not a valid recipe: {n} findings", name(path)),
    };
    Failure { source: text, findings, ..Failure::about("invalid_recipe", path, message) }
}
