//! Reading and checking a recipe.
//!
//! [`parse_recipe`] goes from text to a checked [`AssetDna`]; every finding names the JSON path of
//! the offender, such as `$.root_node.children[1].radius`.

mod check;
mod polygon;
mod scan;
mod shape;
mod suggest;
#[cfg(test)]
mod tests;
mod words;

pub use check::validate_recipe;
pub use scan::find;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use typeshare::typeshare;

use crate::{
    dna::{AssetDna, DNA_VERSION},
    limits::{MAX_RECIPE_BYTES, MAX_VIOLATIONS},
    material::MaterialTable,
    text::shown_short,
};

/// What some editors write before a text; it says nothing where all texts are UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// One thing wrong with a recipe.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
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

/// What is found wrong, up to [`MAX_VIOLATIONS`].
#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if !self.full() {
            self.0.push(Violation { path: path.into(), message: message.into() });
            if self.full() {
                let message = format!("only the first {MAX_VIOLATIONS} mistakes are listed");
                self.0.push(Violation { path: "$".into(), message });
            }
        }
    }

    fn full(&self) -> bool {
        self.0.len() >= MAX_VIOLATIONS
    }
}

/// Reads and checks a recipe. A byte order mark before it is passed over, as if it were not there.
///
/// # Errors
/// Everything that is wrong with it: its length, its syntax, or all its violations together.
pub fn parse_recipe(text: &str, materials: &MaterialTable) -> Result<AssetDna, RecipeError> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    if text.len() > MAX_RECIPE_BYTES {
        return Err(RecipeError::TooLong { found: text.len() });
    }
    if let Some(violation) = scan::first_fault(text) {
        return Err(RecipeError::Invalid(vec![violation]));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| syntax_error(text, &error))?;
    parse_recipe_value(&value, materials)
}

/// Checks a recipe that is already JSON.
///
/// # Errors
/// All violations together.
pub fn parse_recipe_value(value: &Value, materials: &MaterialTable) -> Result<AssetDna, RecipeError> {
    if let Some(violation) = too_deep(value, "$", 1, 1) {
        return Err(RecipeError::Invalid(vec![violation]));
    }
    let value = whole_numbers(value);
    let value = value.as_ref();
    // The version is looked at first: fields of a later version would be reported as unknown.
    if let Some(found) = value.get("dna_version").and_then(Value::as_u64)
        && found != u64::from(DNA_VERSION)
    {
        let message = format!("this build reads DNA version {DNA_VERSION}, found {found}");
        return Err(RecipeError::Invalid(vec![Violation { path: "$.dna_version".into(), message }]));
    }
    let mut findings = Findings::default();
    shape::outline(value, &mut findings);
    if findings.0.is_empty() {
        match AssetDna::deserialize(value) {
            Ok(dna) => {
                let violations = validate_recipe(&dna, materials);
                return if violations.is_empty() { Ok(dna) } else { Err(RecipeError::Invalid(violations)) };
            }
            Err(error) => {
                shape::details(value, &mut findings);
                if findings.0.is_empty() {
                    findings.add("$", words::plain(&error.to_string()));
                }
            }
        }
    } else {
        // Once more with the fields, so that all mistakes are told together.
        findings = Findings::default();
        shape::details(value, &mut findings);
    }
    Err(RecipeError::Invalid(findings.0))
}

/// The first value that nests too deep; `depth` and `objects` count the containers
/// down to and including this one. Goes no deeper than the limit.
fn too_deep(value: &Value, path: &str, depth: usize, objects: usize) -> Option<Violation> {
    let is_object = usize::from(value.is_object());
    if (value.is_object() || value.is_array())
        && let Some(message) = scan::nesting_fault(depth, objects - 1 + is_object)
    {
        return Some(Violation { path: path.to_owned(), message });
    }
    let above = |step: String, below: Violation| Violation { path: join(path, &step, &below.path), ..below };
    match value {
        Value::Object(fields) => fields.iter().find_map(|(key, value)| {
            let below = too_deep(value, "", depth + 1, objects + 1)?;
            Some(above(format!(".{}", shown_short(key)), below))
        }),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .find_map(|(i, value)| Some(above(format!("[{i}]"), too_deep(value, "", depth + 1, objects)?))),
        _ => None,
    }
}

/// The value with `2.0` as `2`: to JSON they are one number, to serde only the second is a count.
fn whole_numbers(value: &Value) -> Cow<'_, Value> {
    if !has_whole_float(value) {
        return Cow::Borrowed(value);
    }
    let mut value = value.clone();
    make_whole(&mut value);
    Cow::Owned(value)
}

/// The integer that a number written with a point or an exponent is; `-0.0` is none, it has a sign.
fn whole(number: &Number) -> Option<i64> {
    // Beyond, not every whole number is a double.
    const EXACT: f64 = (1_u64 << 53) as f64;
    let value = number.as_f64().filter(|_| number.is_f64())?;
    let is_whole =
        value.fract() == 0.0 && value.abs() <= EXACT && !(value == 0.0 && value.is_sign_negative());
    is_whole.then_some(value as i64)
}

fn has_whole_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => whole(number).is_some(),
        Value::Array(values) => values.iter().any(has_whole_float),
        Value::Object(fields) => fields.values().any(has_whole_float),
        _ => false,
    }
}

fn make_whole(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(whole) = whole(number) {
                *number = whole.into();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_whole),
        Value::Object(fields) => fields.values_mut().for_each(make_whole),
        _ => {}
    }
}

fn join(path: &str, step: &str, below: &str) -> String {
    [path, step, below].concat()
}

/// What the parser says of half of a character that JSON writes as two.
const HALF_OF_A_PAIR: [&str; 2] = ["lone leading surrogate in hex escape", "unexpected end of hex escape"];

fn syntax_error(text: &str, error: &serde_json::Error) -> RecipeError {
    let (line, column) = (error.line(), error.column());
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let offset = before + column.saturating_sub(1);
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or(&message);
    let (path, token) = scan::token_at(text, offset);
    if what == "number out of range" {
        // It is JSON; only no computer's number is as large.
        let message = format!("the number {} is too large", shown_short(token));
        return RecipeError::Invalid(vec![Violation { path, message }]);
    }
    if HALF_OF_A_PAIR.contains(&what) {
        let what =
            "half of a surrogate pair: a character beyond U+FFFF is written as itself, or as two escapes";
        return RecipeError::Syntax { line, column, message: format!("{what}, at {path}") };
    }
    let what = match token.trim_start_matches(['-', '+']).to_ascii_lowercase().as_str() {
        "nan" | "inf" | "infinity" => format!("JSON has no `{token}`; expected a number"),
        _ => what.to_owned(),
    };
    RecipeError::Syntax { line, column, message: format!("{what}, at {path}") }
}
