//! Distance volumes.

use gve_bake::{BakeError, volume, volume_cells};
use numpy::{
    IntoPyArray as _, PyArray1, PyArray3, PyArrayMethods as _, PyReadonlyArray1, ndarray::ShapeBuilder as _,
};
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

/// A sparse distance volume, as a `.gve_bin` holds it: a coarse grid of bricks, and an atlas of the
/// bricks near the surface. Immutable.
#[pyclass(frozen, module = "gve_native")]
pub(crate) struct Volume {
    pub(crate) volume: gve_assets::Volume,
}

#[pymethods]
impl Volume {
    /// Position of sample (0, 0, 0) in metres.
    #[getter]
    fn origin(&self) -> (f32, f32, f32) {
        self.volume.origin.into()
    }

    /// Distance between samples in metres.
    #[getter]
    fn cell_size_m(&self) -> f32 {
        self.volume.cell_size
    }

    /// Bound on the gradient of the stored distances.
    #[getter]
    fn lipschitz(&self) -> f32 {
        self.volume.lipschitz
    }

    /// Bricks along x, y and z.
    #[getter]
    fn bricks(&self) -> (u32, u32, u32) {
        self.volume.bricks.into()
    }

    /// Bricks along x, y and z of the atlas.
    #[getter]
    fn atlas_bricks(&self) -> (u32, u32, u32) {
        self.volume.atlas_bricks.into()
    }

    /// Where each brick lies in the atlas, or 0xFFFFFFFF for one without samples; x fastest; shape (n,).
    #[getter]
    fn slots<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray1<u32>>> {
        arrays::view(this, |this| {
            let words: &[u32] = bytemuck::cast_slice(&this.volume.grid);
            arrays::shaped((this.volume.grid.len(),).strides((2,)), words)
        })
    }

    /// Distances in metres, negative inside, as a 3D texture of shape (z, y, x); float16.
    #[getter]
    fn distances<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let bits = arrays::view(this, |this| {
            arrays::shaped(this.shape(), bytemuck::cast_slice::<_, u16>(&this.volume.distances))
        })?;
        bits.call_method1("view", ("float16",))
    }

    /// Palette index of each texel of `distances`, same shape.
    #[getter]
    fn materials<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray3<u8>>> {
        arrays::view(this, |this| arrays::shaped(this.shape(), &this.volume.materials))
    }

    fn __repr__(&self) -> String {
        let [x, y, z] = self.volume.bricks;
        let kept = self.volume.grid.iter().filter(|cell| cell.slot != gve_assets::BrickCell::EMPTY).count();
        format!("<Volume of {x}x{y}x{z} bricks, {kept} in the atlas>")
    }
}

impl Volume {
    /// Shape of the atlas in texels, slowest axis first.
    fn shape(&self) -> (usize, usize, usize) {
        let [x, y, z] = self.volume.atlas_bricks.map(|bricks| (bricks * gve_assets::BRICK_SAMPLES) as usize);
        (z, y, x)
    }
}

/// Bakes the distance volume: as many cells as a cube with `resolution` along each side has, at most
/// three times as many along the longest side.
///
/// Raises `BakeError`, `Cancelled`, and what `progress` raises.
#[pyfunction]
#[pyo3(signature = (field, resolution = 128, progress = None, cancel = None))]
pub(crate) fn bake_volume(
    py: Python<'_>,
    field: &Field,
    resolution: u32,
    progress: Option<Py<PyAny>>,
    cancel: Option<&CancelToken>,
) -> PyResult<Volume> {
    let cells = volume_cells(&field.field, resolution);
    let volume = Caller::new(progress, cancel)
        .watch(py, MESSAGE, |desk| volume::bake_watched(&field.field, cells, desk))?;
    Ok(Volume { volume })
}

/// Bakes the same volume from distances that `evaluate` computes: it is given points of shape (n, 3) in
/// metres, at most `points_per_call` (512 and up) at a time, and returns n distances as float32. It is called on this thread.
///
/// Which bricks are looked at, and the materials, come from the field; its `lipschitz` must hold for
/// `evaluate` too.
///
/// Raises `BakeError`, `Cancelled`, and what `evaluate` and `progress` raise.
#[pyfunction]
#[pyo3(signature = (
    field, resolution, evaluate, progress = None, cancel = None, *, points_per_call = 131_072
))]
pub(crate) fn bake_volume_with(
    py: Python<'_>,
    field: &Field,
    resolution: u32,
    evaluate: Py<PyAny>,
    progress: Option<Py<PyAny>>,
    cancel: Option<&CancelToken>,
    points_per_call: usize,
) -> PyResult<Volume> {
    if points_per_call < MIN_POINTS_PER_CALL {
        let message =
            format!("points_per_call: expected {MIN_POINTS_PER_CALL} or more, found {points_per_call}");
        return Err(PyValueError::new_err(message));
    }
    let cells = volume_cells(&field.field, resolution);
    let caller = Caller::new(progress, cancel);
    let volume = caller.watch_here(py, MESSAGE, |desk, raise| {
        let mut call = |points: &[[f32; 3]], out: &mut [f32]| {
            Python::attach(|py| call(py, &evaluate, points, out)).map_err(|error| {
                raise(error);
                BakeError::Cancelled
            })
        };
        volume::bake_with(&field.field, cells, points_per_call, &mut call, desk)
    })?;
    Ok(Volume { volume })
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
