//! What Python is told when something goes wrong.

use gve_assets::{ReadError, WriteError};
use gve_bake::BakeError as NativeBakeError;
use gve_sdf::LowerError;
use gve_types::{RecipeError as NativeRecipeError, Violation};
use pyo3::{
    create_exception,
    exceptions::{PyException, PyValueError},
    prelude::*,
};
use std::path::Path;

create_exception!(
    gve_native,
    RecipeError,
    PyValueError,
    "A text that is no recipe, or one that has no field."
);
create_exception!(gve_native, AssetFileError, PyException, "A `.gve_bin` that cannot be read or written.");
create_exception!(gve_native, BakeError, PyException, "A recipe that cannot be baked as it was asked for.");
create_exception!(gve_native, Cancelled, PyException, "The work was cancelled through its token.");

/// Adds the exceptions to the module, each with the attributes that its instances carry.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let recipe = py.get_type::<RecipeError>();
    recipe.setattr("violations", Vec::<(String, String)>::new())?;
    let file = py.get_type::<AssetFileError>();
    for attribute in ["path", "section", "offset"] {
        file.setattr(attribute, py.None())?;
    }
    module.add("RecipeError", recipe)?;
    module.add("AssetFileError", file)?;
    module.add("BakeError", py.get_type::<BakeError>())?;
    module.add("Cancelled", py.get_type::<Cancelled>())
}

/// A `RecipeError` with its list of (JSON path, message).
pub(crate) fn recipe_error(py: Python<'_>, message: String, violations: &[Violation]) -> PyErr {
    let error = RecipeError::new_err(message);
    let pairs: Vec<(&str, &str)> = violations.iter().map(|v| (v.path.as_str(), v.message.as_str())).collect();
    match error.value(py).setattr("violations", pairs) {
        Ok(()) => error,
        Err(failure) => failure,
    }
}

/// What reading a recipe found. Findings about the whole text have the path `$`.
pub(crate) fn from_recipe_error(py: Python<'_>, error: &NativeRecipeError) -> PyErr {
    let message = error.to_string();
    match error {
        NativeRecipeError::Invalid(violations) => recipe_error(py, message, violations),
        _ => {
            let violation = Violation { path: "$".to_owned(), message: message.clone() };
            recipe_error(py, message, &[violation])
        }
    }
}

/// What lowering a recipe found.
pub(crate) fn from_lower_error(py: Python<'_>, error: &LowerError) -> PyErr {
    recipe_error(py, error.to_string(), &error.violations)
}

/// Why a bake ended early.
pub(crate) fn from_bake_error(py: Python<'_>, error: &NativeBakeError) -> PyErr {
    match error {
        NativeBakeError::Lower(error) => from_lower_error(py, error),
        NativeBakeError::Cancelled => Cancelled::new_err(error.to_string()),
        _ => BakeError::new_err(error.to_string()),
    }
}

/// Why a file was not read.
pub(crate) fn from_read_error(py: Python<'_>, path: &Path, error: &ReadError) -> PyErr {
    let shown = path.display();
    let message = match error {
        // Says the path itself.
        ReadError::Io { .. } => error.to_string(),
        _ => format!("{shown}: {error}"),
    };
    let section = error.section().map(|section| section.to_string());
    file_error(py, Some(path), message, section, error.offset())
}

/// Why a file was not written; `path` is `None` for one that was to stay in memory.
pub(crate) fn from_write_error(py: Python<'_>, path: Option<&Path>, error: &WriteError) -> PyErr {
    let message = match (error, path) {
        (WriteError::Io { .. }, _) | (_, None) => error.to_string(),
        (_, Some(path)) => format!("{}: {error}", path.display()),
    };
    let (section, offset) = match error {
        WriteError::Invalid(fault) => (Some(fault.section.to_string()), Some(fault.offset)),
        _ => (None, None),
    };
    file_error(py, path, message, section, offset)
}

fn file_error(
    py: Python<'_>,
    path: Option<&Path>,
    message: String,
    section: Option<String>,
    offset: Option<u64>,
) -> PyErr {
    let error = AssetFileError::new_err(message);
    let fill = || {
        let value = error.value(py);
        value.setattr("path", path.map(|path| path.display().to_string()))?;
        value.setattr("section", section)?;
        value.setattr("offset", offset)
    };
    match fill() {
        Ok(()) => error,
        Err(failure) => failure,
    }
}
