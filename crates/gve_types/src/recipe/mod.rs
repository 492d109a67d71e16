//! Reading and checking a recipe.
//!
//! [`parse_recipe`] goes from text to a checked [`AssetDna`]; every finding names the JSON path of
//! the offender, such as `$.root_node.children[1].radius`.

mod check;
mod polygon;

pub use check::validate_recipe;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    dna::{AssetDna, DNA_VERSION, DnaNode},
    limits::MAX_RECIPE_BYTES,
    material::MaterialTable,
};

/// One thing wrong with a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON path of the offender.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Why a text is not a recipe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The text is longer than [`MAX_RECIPE_BYTES`].
    #[error("a recipe has at most {MAX_RECIPE_BYTES} bytes, found {found}")]
    TooLong {
        /// Bytes there were.
        found: usize,
    },
    /// The text is not JSON.
    #[error("line {line}, column {column}: not JSON: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// The JSON is not a recipe: wrong fields, types or numbers. Never empty.
    #[error("{}", list(.0))]
    Invalid(Vec<Violation>),
}

fn list(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Reads and checks a recipe.
///
/// # Errors
/// Everything that is wrong with it: its length, its syntax, or all its violations together.
pub fn parse_recipe(text: &str, materials: &MaterialTable) -> Result<AssetDna, RecipeError> {
    if text.len() > MAX_RECIPE_BYTES {
        return Err(RecipeError::TooLong { found: text.len() });
    }
    let value: Value = serde_json::from_str(text).map_err(|error| RecipeError::Syntax {
        line: error.line(),
        column: error.column(),
        message: strip_position(&error.to_string()),
    })?;
    parse_recipe_value(&value, materials)
}

/// Checks a recipe that is already JSON.
///
/// # Errors
/// All violations together.
pub fn parse_recipe_value(value: &Value, materials: &MaterialTable) -> Result<AssetDna, RecipeError> {
    // The version is looked at first: fields of a later version would be reported as unknown.
    if let Some(found) = value.get("dna_version").and_then(Value::as_u64)
        && found != u64::from(DNA_VERSION)
    {
        let message = format!("this build reads DNA version {DNA_VERSION}, found {found}");
        return Err(RecipeError::Invalid(vec![Violation { path: "$.dna_version".into(), message }]));
    }
    let dna: AssetDna = serde::Deserialize::deserialize(value)
        .map_err(|error: serde_json::Error| RecipeError::Invalid(vec![locate(value, &error)]))?;
    let violations = validate_recipe(&dna, materials);
    if violations.is_empty() { Ok(dna) } else { Err(RecipeError::Invalid(violations)) }
}

fn strip_position(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

/// Finds the place of a type error. Serde loses it inside the tagged node enum, so the deepest part
/// that does not parse by itself is looked for.
fn locate(root: &Value, error: &serde_json::Error) -> Violation {
    let found = root
        .get("root_node")
        .and_then(|node| deepest_failure::<DnaNode>(node, &mut "$.root_node".to_owned()));
    let (path, message) = found
        .or_else(|| {
            let mut path = "$.metadata".to_owned();
            failure_of::<crate::dna::AssetMetadata>(root.get("metadata")?, &mut path)
        })
        .or_else(|| {
            let mut path = "$.audio_patch".to_owned();
            failure_of::<crate::dna::AudioPatch>(root.get("audio_patch")?, &mut path)
        })
        .unwrap_or_else(|| ("$".to_owned(), error.to_string()));
    Violation { path, message }
}

fn failure_of<T: DeserializeOwned>(value: &Value, path: &mut str) -> Option<(String, String)> {
    T::deserialize(value).err().map(|error| (path.to_owned(), error.to_string()))
}

fn deepest_failure<T: DeserializeOwned>(value: &Value, path: &mut String) -> Option<(String, String)> {
    let length = path.len();
    let mut below = |key: std::fmt::Arguments<'_>, value: &Value| {
        use std::fmt::Write as _;
        let _ = path.write_fmt(key);
        let found = deepest_failure::<T>(value, path);
        path.truncate(length);
        found
    };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if let Some(found) = below(format_args!(".{key}"), value) {
                    return Some(found);
                }
            }
            if fields.contains_key("op") { failure_of::<T>(value, path) } else { None }
        }
        Value::Array(values) => {
            values.iter().enumerate().find_map(|(i, value)| below(format_args!("[{i}]"), value))
        }
        _ => None,
    }
}
