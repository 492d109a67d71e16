//! Distance volumes.

use std::sync::Arc;

use gve_assets::PartIds;
use gve_bake::{
    BakeError,
    volume::{self, BakedVolume, VolumeOptions},
    volume_cells,
};
use gve_types::MissingFeature;
use numpy::{IntoPyArray as _, PyArray1, PyArray2, PyArrayMethods as _, PyReadonlyArray1};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
};

use crate::{
    arrays,
    field::Field,
    progress::{Caller, CancelToken},
};

const MESSAGE: &str = "Baking the distance volume";
/// One brick's.
const MIN_POINTS_PER_CALL: usize = 512;

/// A sparse distance volume, as a `.gve_bin` holds it: a tree of bricks, level by level, coarse to fine.
/// Immutable.
#[pyclass(frozen, module = "gve_native")]
pub(crate) struct Volume {
    pub(crate) baked: Arc<BakedVolume>,
    /// What it does not show.
    pub(crate) missing: Vec<MissingFeature>,
    warnings: Vec<String>,
}

#[pymethods]
impl Volume {
    /// Position of sample (0, 0, 0) of every level in metres.
    #[getter]
    fn origin(&self) -> (f32, f32, f32) {
        self.baked.volume.origin.into()
    }

    /// Distance between samples of level 0 in metres; each level has half of the one before.
    #[getter]
    fn cell_size_m(&self) -> f32 {
        self.baked.volume.cell_size
    }

    /// Bound on the slope of the interpolated distances.
    #[getter]
    fn lipschitz(&self) -> f32 {
        self.baked.volume.lipschitz
    }

    /// Bricks of level 0 along x, y and z.
    #[getter]
    fn bricks(&self) -> (u32, u32, u32) {
        self.baked.volume.bricks.into()
    }

    /// Bricks along x and y of the atlas, the same for all levels.
    #[getter]
    fn slab(&self) -> (u32, u32) {
        self.baked.volume.slab.into()
    }

    /// The levels, coarse to fine.
    #[getter]
    fn levels(&self) -> Vec<VolumeLevel> {
        let level = |level| VolumeLevel { baked: Arc::clone(&self.baked), level };
        (0..self.baked.volume.levels.len()).map(level).collect()
    }

    /// Parts that are too thin for the volume, one place of each: JSON path of the node, place and thickness in
    /// metres.
    #[getter]
    fn lacks(&self) -> Vec<(String, [f32; 3], f32)> {
        self.missing.iter().map(|lack| (lack.path.clone(), lack.place, lack.thickness_m)).collect()
    }

    /// What the designer should know of what it lacks.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    fn __repr__(&self) -> String {
        let [x, y, z] = self.baked.volume.bricks;
        let counts: Vec<usize> = self.baked.volume.levels.iter().map(|level| level.scales.len()).collect();
        format!("<Volume of {x}x{y}x{z} bricks, {counts:?} stored>")
    }
}

/// One level of a volume. Immutable.
#[pyclass(frozen, module = "gve_native")]
pub(crate) struct VolumeLevel {
    baked: Arc<BakedVolume>,
    level: usize,
}

impl VolumeLevel {
    fn level(&self) -> &gve_assets::VolumeLevel {
        &self.baked.volume.levels[self.level]
    }

    /// Shape of the level's texels, slowest axis first.
    fn shape(&self) -> (usize, usize, usize) {
        let slab = self.baked.volume.slab;
        let layers = gve_assets::layer_count(slab, self.level().scales.len());
        let [x, y] = slab.map(|bricks| (bricks * gve_assets::BRICK_SAMPLES) as usize);
        (layers * gve_assets::BRICK_SAMPLES as usize, y, x)
    }
}

#[pymethods]
impl VolumeLevel {
    /// Distance between samples in metres.
    #[getter]
    fn cell_size_m(&self) -> f32 {
        self.baked.volume.cell_size * (-(self.level as f32)).exp2()
    }

    /// Slot and link of each brick: shape (n, 2). Slot 0xFFFFFFFF: without samples, the link then holds the bits
    /// of a bound. Otherwise the link is the group of eight of the next level, 0xFFFFFFFF for none.
    #[getter]
    fn cells<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray2<u32>>> {
        arrays::view(this, |this| {
            let cells = &this.level().cells;
            arrays::shaped((cells.len(), 2), bytemuck::cast_slice(cells))
        })
    }

    /// Metres per unit of distance of each stored brick, by slot: shape (n,).
    #[getter]
    fn scales<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray1<f32>>> {
        arrays::view(this, |this| arrays::shaped(this.level().scales.len(), &this.level().scales))
    }

    /// Distances over the scale of their brick, negative inside, as a 3D texture of shape (z, y, x); float16.
    #[getter]
    fn distances<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let bits = arrays::view(this, |this| {
            arrays::shaped(this.shape(), bytemuck::cast_slice::<_, u16>(&this.level().distances))
        })?;
        bits.call_method1("view", ("float16",))
    }

    /// Part of each texel of `distances`, same shape; uint8, or uint16 for more than 256 parts.
    #[getter]
    fn parts<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let wrong = || PyValueError::new_err("the parts are of the other width");
        match &this.get().level().parts {
            PartIds::U8(_) => Ok(arrays::view(this, |this| match &this.level().parts {
                PartIds::U8(parts) => arrays::shaped(this.shape(), parts),
                PartIds::U16(_) => Err(wrong()),
            })?
            .into_any()),
            PartIds::U16(_) => Ok(arrays::view(this, |this| match &this.level().parts {
                PartIds::U16(parts) => arrays::shaped(this.shape(), parts),
                PartIds::U8(_) => Err(wrong()),
            })?
            .into_any()),
        }
    }
}

impl Volume {
    fn new(baked: BakedVolume, field: &gve_sdf::Field) -> Self {
        Self { missing: baked.missing(field), warnings: baked.warnings(field), baked: Arc::new(baked) }
    }
}

fn fineness(field: &gve_sdf::Field, resolution: u32, budget_bytes: u64) -> VolumeOptions {
    VolumeOptions { resolution: volume_cells(field, resolution), budget_bytes }
}

/// Bakes the distance volume: as many cells as a cube with `resolution` along each side has, at most
/// three times as many along the longest side; parts that are too thin for those cells may add `budget_bytes`.
///
/// Raises `BakeError`, `Cancelled`, and what `progress` raises.
#[pyfunction]
#[pyo3(signature = (field, resolution = 128, progress = None, cancel = None, *, budget_bytes = 33_554_432))]
pub(crate) fn bake_volume(
    py: Python<'_>,
    field: &Field,
    resolution: u32,
    progress: Option<Py<PyAny>>,
    cancel: Option<&CancelToken>,
    budget_bytes: u64,
) -> PyResult<Volume> {
    let options = fineness(&field.field, resolution, budget_bytes);
    let baked = Caller::new(progress, cancel)
        .watch(py, MESSAGE, |desk| volume::bake_watched(&field.field, options, desk))?;
    Ok(Volume::new(baked, &field.field))
}

/// Bakes the same volume from distances that `evaluate` computes: it is given points of shape (n, 3) in
/// metres, at most `points_per_call` (512 and up) at a time, and returns n distances as float32. It is called on this thread.
///
/// The points are those of the bricks of all levels, level by level. Which bricks are looked at, and the parts, come
/// from the field; its `lipschitz` must hold for `evaluate` too.
///
/// Raises `BakeError`, `Cancelled`, and what `evaluate` and `progress` raise.
#[pyfunction]
#[pyo3(signature = (
    field, resolution, evaluate, progress = None, cancel = None, *, points_per_call = 131_072,
    budget_bytes = 33_554_432
))]
pub(crate) fn bake_volume_with(
    py: Python<'_>,
    field: &Field,
    resolution: u32,
    evaluate: Py<PyAny>,
    progress: Option<Py<PyAny>>,
    cancel: Option<&CancelToken>,
    points_per_call: usize,
    budget_bytes: u64,
) -> PyResult<Volume> {
    if points_per_call < MIN_POINTS_PER_CALL {
        let message =
            format!("points_per_call: expected {MIN_POINTS_PER_CALL} or more, found {points_per_call}");
        return Err(PyValueError::new_err(message));
    }
    let options = fineness(&field.field, resolution, budget_bytes);
    let caller = Caller::new(progress, cancel);
    let baked = caller.watch_here(py, MESSAGE, |desk, raise| {
        let mut call = |points: &[[f32; 3]], out: &mut [f32]| {
            Python::attach(|py| call(py, &evaluate, points, out)).map_err(|error| {
                raise(error);
                BakeError::Cancelled
            })
        };
        volume::bake_with(&field.field, options, points_per_call, &mut call, desk)
    })?;
    Ok(Volume::new(baked, &field.field))
}

/// Calls Python's `evaluate` and copies what it returns.
fn call(py: Python<'_>, evaluate: &Py<PyAny>, points: &[[f32; 3]], out: &mut [f32]) -> PyResult<()> {
    let array = points.as_flattened().to_vec().into_pyarray(py).reshape([points.len(), 3])?;
    let result = evaluate.bind(py).call1((array,))?;
    let distances: PyReadonlyArray1<'_, f32> = result.extract().map_err(|error: PyErr| {
        let message = format!("evaluate: expected a float32 array of shape ({},): {error}", points.len());
        PyTypeError::new_err(message)
    })?;
    let distances = distances.as_array();
    if distances.len() != out.len() {
        return Err(PyValueError::new_err(format!(
            "evaluate: expected {} distances, found {}",
            out.len(),
            distances.len()
        )));
    }
    out.iter_mut().zip(distances).for_each(|(out, &distance)| *out = distance);
    Ok(())
}
