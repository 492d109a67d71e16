//! Recipes from files, and the place in the text of whatever is wrong with them.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use gve_sdf::Field;
use gve_types::{AssetDna, MaterialTable, RecipeError, Violation, limits::MAX_RECIPE_BYTES, parse_recipe};

use crate::{failure::Failure, report::span};

/// Extension of a baked file.
pub(crate) const BINARY_EXTENSION: &str = "gve_bin";

/// A recipe with the text it was read from.
pub(crate) struct Recipe {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) dna: AssetDna,
}

impl Recipe {
    /// Reads and checks a recipe.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let text = read_text(path)?;
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

/// Reads a text of at most [`MAX_RECIPE_BYTES`]; no longer file is loaded.
fn read_text(path: &Path) -> Result<String, Failure> {
    let mut file = open_file(path)?;
    let mut bytes = Vec::new();
    // One more byte than allowed tells a file that grows, or that has no length, from one that fits.
    let most = MAX_RECIPE_BYTES as u64;
    file.by_ref().take(most + 1).read_to_end(&mut bytes).map_err(|error| Failure::read(path, &error))?;
    if bytes.len() as u64 > most {
        let found = file.metadata().map_or(most + 1, |m| m.len().max(most + 1));
        let message = format!("{}: a recipe has at most {most} bytes, found {found}", path.display());
        return Err(Failure::about("recipe_too_long", path, message));
    }
    if bytes.starts_with(&gve_assets::layout::MAGIC) {
        let message = format!("{}: this is a baked .gve_bin; a recipe was expected", path.display());
        return Err(Failure::about("not_a_recipe", path, message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
        let message =
            format!("{}: a recipe is UTF-8 text; byte {at} (line {line}) is not part of any", path.display());
        Failure::about("not_utf8", path, message)
    })
}

/// Opens a file, not a folder.
fn open_file(path: &Path) -> Result<File, Failure> {
    let file = File::open(path).map_err(|error| Failure::read(path, &error))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        let message = format!("cannot read {}: it is a folder; a file was expected", path.display());
        return Err(Failure::about("is_folder", path, message));
    }
    Ok(file)
}

/// Whether a file is a `.gve_bin`, by its first bytes, or by its name where those are damaged.
pub(crate) fn is_binary(path: &Path) -> Result<bool, Failure> {
    let mut magic = Vec::new();
    let file = open_file(path)?;
    file.take(gve_assets::layout::MAGIC.len() as u64)
        .read_to_end(&mut magic)
        .map_err(|error| Failure::read(path, &error))?;
    Ok(magic == gve_assets::layout::MAGIC || path.extension().is_some_and(|e| e == BINARY_EXTENSION))
}

fn from_recipe_error(path: &Path, text: String, error: RecipeError) -> Failure {
    match error {
        RecipeError::Invalid(violations) => invalid(path, text, &violations),
        RecipeError::Syntax { line, column, message } => {
            let finding = span::at_line(&text, line, column, format!("not JSON: {message}"));
            Failure {
                source: text,
                findings: vec![finding],
                ..Failure::about("not_json", path, format!("{} is not JSON", path.display()))
            }
        }
        other => Failure::about("invalid_recipe", path, format!("{}: {other}", path.display())),
    }
}

fn invalid(path: &Path, text: String, violations: &[Violation]) -> Failure {
    let findings = span::locate(&text, violations);
    let message = match findings.len() {
        1 => format!("{} is not a valid recipe", path.display()),
        n => format!("{} is not a valid recipe: {n} findings", path.display()),
    };
    Failure { source: text, findings, ..Failure::about("invalid_recipe", path, message) }
}
