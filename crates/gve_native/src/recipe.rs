//! Recipes and materials as JSON.

use gve_sdf::Field;
use gve_types::{AssetDna, MaterialTable, parse_recipe};
use pyo3::{
    exceptions::{PyKeyError, PyRuntimeError},
    prelude::*,
};

use crate::errors;

/// Reads and checks a recipe without the GIL.
pub(crate) fn parse(py: Python<'_>, text: &str) -> PyResult<AssetDna> {
    py.detach(|| parse_recipe(text, MaterialTable::builtin()))
        .map_err(|error| errors::from_recipe_error(py, &error))
}

/// Lowers a recipe without the GIL.
pub(crate) fn lower(py: Python<'_>, dna: &AssetDna) -> PyResult<Field> {
    py.detach(|| Field::lower(dna, MaterialTable::builtin()))
        .map_err(|error| errors::from_lower_error(py, &error))
}

/// JSON for Python; what is written here always can be.
pub(crate) fn json(written: serde_json::Result<String>) -> PyResult<String> {
    written.map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

/// Checks a recipe all the way to its field, and returns it as Rust writes it.
///
/// Raises `RecipeError` with everything that is wrong, each finding with its JSON path.
#[pyfunction]
pub(crate) fn check_recipe(py: Python<'_>, text: &str) -> PyResult<String> {
    let dna = parse(py, text)?;
    lower(py, &dna)?;
    json(serde_json::to_string(&dna))
}

/// The hash of what a recipe says, 64 hex digits. Spelling, order, defaults left out and
/// `metadata.version` do not count: a recipe that is saved again unchanged hashes alike.
///
/// Raises `RecipeError`.
#[pyfunction]
pub(crate) fn dna_hash(py: Python<'_>, dna_json: &str) -> PyResult<String> {
    Ok(gve_bake::dna_hash(&parse(py, dna_json)?))
}

/// The table of engineering materials: a JSON list of objects as `MaterialSpec` describes.
#[pyfunction]
pub(crate) fn materials() -> PyResult<String> {
    json(serde_json::to_string(&MaterialTable::builtin().iter().collect::<Vec<_>>()))
}

/// What two materials have in common when they strike each other, as JSON (`ImpactProperties`);
/// symmetric.
///
/// Raises `KeyError` for a material that the table lacks.
#[pyfunction]
pub(crate) fn impact_properties(a: &str, b: &str) -> PyResult<String> {
    let table = MaterialTable::builtin();
    let get = |id: &str| table.get(id).ok_or_else(|| PyKeyError::new_err(id.to_owned()));
    json(serde_json::to_string(&gve_types::material::resolve_impact_pair(get(a)?, get(b)?)))
}
