//! The whole native bake in one call.

use gve_bake::{BakeOptions, Progress};
use gve_types::{
    MaterialTable,
    compile::{CompileProgress, CompileStage},
};
use pyo3::{prelude::*, types::PyBytes};

use crate::{
    errors,
    progress::{Caller, CancelToken, Desk},
    recipe,
};
use gve_bake::Watch as _;

/// Stages that a bake has.
const STAGES: f32 = 4.0;

/// Passes the stages on as one way from 0 to 1.
struct Whole<'a>(&'a Desk);

impl Progress for Whole<'_> {
    fn report(&self, progress: &CompileProgress) {
        let before = CompileStage::ALL.iter().position(|&stage| stage == progress.stage).unwrap_or(0);
        self.0.leave((before as f32 + progress.progress) / STAGES, Some(&progress.message));
    }

    fn cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Bakes a recipe to the bytes of a `.gve_bin`, splats seeded and not trained: those that `gve bake`
/// writes.
///
/// `shell_resolution` is that of the volume when left out, `version` the recipe's own. Progress counts
/// from 0 to 1 over all stages.
///
/// Raises `RecipeError`, `BakeError`, `AssetFileError` (too large for a file), `Cancelled`, and what `progress`
/// raises.
#[pyfunction]
#[pyo3(signature = (
    dna_json, *, volume_resolution = 128, shell_resolution = None, splat_count = 100_000, asset_id = 0,
    version = None, progress = None, cancel = None
))]
pub(crate) fn bake<'py>(
    py: Python<'py>,
    dna_json: &str,
    volume_resolution: u32,
    shell_resolution: Option<u32>,
    splat_count: u32,
    asset_id: u64,
    version: Option<u32>,
    progress: Option<Py<PyAny>>,
    cancel: Option<&CancelToken>,
) -> PyResult<Bound<'py, PyBytes>> {
    let dna = recipe::parse(py, dna_json)?;
    let mut options = BakeOptions::default();
    options.volume_resolution = volume_resolution;
    options.shell_resolution = shell_resolution.unwrap_or(volume_resolution);
    options.splat_count = splat_count;
    options.asset_id = asset_id;
    options.version = version;
    let encoded = Caller::new(progress, cancel).watch(py, "Lowering the recipe", |desk| {
        let baked = gve_bake::bake(&dna, MaterialTable::builtin(), &options, &Whole(desk))?;
        Ok(gve_assets::encode(&baked.data))
    })?;
    let bytes = encoded.map_err(|error| errors::from_write_error(py, None, &error))?;
    Ok(PyBytes::new(py, &bytes))
}
