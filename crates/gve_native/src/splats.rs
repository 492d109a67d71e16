//! Clouds of splats.

use gve_assets::Splat;
use gve_bake::splats;
use numpy::{
    Element, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2,
    ndarray::{ArrayView1, ShapeBuilder as _},
};
use pyo3::{exceptions::PyValueError, prelude::*};

use crate::{
    arrays,
    field::Field,
    progress::{Caller, CancelToken},
};

const STRIDE: usize = size_of::<Splat>();
/// How far a rotation's squared length may be from 1 and still be taken; it is made 1.
const UNIT_TOLERANCE: f32 = 1e-3;

/// Gaussians on a surface, most important first. Immutable; the arrays are views of its memory, in the
/// layout of a `.gve_bin`.
#[pyclass(frozen, module = "gve_native")]
pub(crate) struct Splats {
    pub(crate) splats: Vec<Splat>,
    warnings: Vec<String>,
}

#[pymethods]
impl Splats {
    /// Splats from arrays, in their order; copied.
    ///
    /// Positions and scales in metres, of shape (n, 3); rotations (n, 4), xyzw, of length 1; colors
    /// (n, 4), sRGB albedo and opacity; `normals_oct` (n, 2), octahedral; materials (n,), palette indices.
    ///
    /// Raises `ValueError` for arrays of other shapes, numbers that are not finite, scales that are not
    /// positive and rotations that are not of length 1.
    #[staticmethod]
    fn from_arrays(
        positions: PyReadonlyArray2<'_, f32>,
        scales: PyReadonlyArray2<'_, f32>,
        rotations: PyReadonlyArray2<'_, f32>,
        colors: PyReadonlyArray2<'_, u8>,
        normals_oct: PyReadonlyArray2<'_, i8>,
        materials: PyReadonlyArray1<'_, u8>,
    ) -> PyResult<Self> {
        let count = positions.as_array().nrows();
        let most = gve_types::limits::MAX_SPLATS as usize;
        if count == 0 || count > most {
            return Err(PyValueError::new_err(format!("expected 1 to {most} splats, found {count}")));
        }
        let positions: Vec<[f32; 3]> = rows("positions", &positions, count)?;
        let scales: Vec<[f32; 3]> = rows("scales", &scales, count)?;
        let rotations: Vec<[f32; 4]> = rows("rotations", &rotations, count)?;
        let colors: Vec<[u8; 4]> = rows("colors", &colors, count)?;
        let normals: Vec<[i8; 2]> = rows("normals_oct", &normals_oct, count)?;
        let materials = materials.as_array();
        if materials.len() != count {
            let found = materials.len();
            return Err(PyValueError::new_err(format!(
                "materials: expected shape ({count},), found ({found},)"
            )));
        }
        check("positions", "finite numbers", &positions, |p| p.iter().all(|x| x.is_finite()))?;
        check("scales", "positive finite lengths", &scales, |s| s.iter().all(|&x| x > 0.0 && x.is_finite()))?;
        check("rotations", "a quaternion of length 1", &rotations, |q| {
            (squared_length(q) - 1.0).abs() <= UNIT_TOLERANCE
        })?;
        let splats = (0..count).map(|i| {
            let scale = squared_length(&rotations[i]).sqrt().recip();
            Splat {
                position: positions[i],
                scale: scales[i],
                rotation: rotations[i].map(|x| x * scale),
                color: colors[i],
                normal_oct: normals[i],
                material: materials[i],
                reserved: 0,
            }
        });
        Ok(Self { splats: splats.collect(), warnings: vec![] })
    }

    /// Centres in metres: shape (n, 3).
    #[getter]
    fn positions<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        columns(this, 0, 3)
    }

    /// Standard deviations along each gaussian's own axes in metres; the last is across the surface:
    /// shape (n, 3).
    #[getter]
    fn scales<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        columns(this, 12, 3)
    }

    /// Unit quaternions (x, y, z, w) from a gaussian's axes to the asset's: shape (n, 4).
    #[getter]
    fn rotations<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        columns(this, 24, 4)
    }

    /// sRGB albedo and opacity: shape (n, 4).
    #[getter]
    fn colors<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray2<u8>>> {
        columns(this, 40, 4)
    }

    /// Octahedral surface normals: shape (n, 2).
    #[getter]
    fn normals_oct<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray2<i8>>> {
        columns(this, 44, 2)
    }

    /// Palette indices: shape (n,).
    #[getter]
    fn materials<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray1<u8>>> {
        arrays::view(this, |this| {
            let bytes: &[u8] = bytemuck::cast_slice(&this.splats);
            arrays::shaped((this.splats.len(),).strides((STRIDE,)), &bytes[46.min(bytes.len())..])
        })
    }

    /// What the designer should know of what the seeding left out; splats from arrays have none.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    fn __len__(&self) -> usize {
        self.splats.len()
    }

    fn __repr__(&self) -> String {
        format!("<Splats: {}>", self.splats.len())
    }
}

/// Some neighbouring fields of all splats, `offset` bytes from the start of each.
fn columns<'py, T: Element + bytemuck::Pod>(
    this: &Bound<'py, Splats>,
    offset: usize,
    count: usize,
) -> PyResult<Bound<'py, PyArray2<T>>> {
    arrays::view(this, |this| {
        let values: &[T] = bytemuck::cast_slice(&this.splats);
        let shape = (this.splats.len(), count).strides((STRIDE / size_of::<T>(), 1));
        arrays::shaped(shape, &values[(offset / size_of::<T>()).min(values.len())..])
    })
}

/// The rows of an array that must have `count` of them, N wide.
fn rows<T: Element + Copy + Default, const N: usize>(
    name: &str,
    array: &PyReadonlyArray2<'_, T>,
    count: usize,
) -> PyResult<Vec<[T; N]>> {
    let array = array.as_array();
    if array.dim() != (count, N) {
        let found = array.dim();
        return Err(PyValueError::new_err(format!("{name}: expected shape ({count}, {N}), found {found:?}")));
    }
    let row = |row: ArrayView1<'_, T>| {
        let mut out = [T::default(); N];
        out.iter_mut().zip(row).for_each(|(out, value)| *out = *value);
        out
    };
    Ok(array.rows().into_iter().map(row).collect())
}

fn squared_length(q: &[f32; 4]) -> f32 {
    q.iter().map(|x| x * x).sum()
}

fn check<const N: usize>(
    name: &str,
    expected: &str,
    rows: &[[f32; N]],
    is_good: impl Fn(&[f32; N]) -> bool,
) -> PyResult<()> {
    match rows.iter().position(|row| !is_good(row)) {
        None => Ok(()),
        Some(i) => {
            let found = rows[i];
            Err(PyValueError::new_err(format!("{name} of splat {i}: expected {expected}, found {found:?}")))
        }
    }
}

/// Lays splats on the surface: at most `count`, usually 92 to 98 % of it. Nothing is trained.
///
/// Raises `BakeError`, `Cancelled`, and what `progress` raises.
#[pyfunction]
#[pyo3(signature = (field, count = 100_000, progress = None, cancel = None))]
pub(crate) fn seed_splats(
    py: Python<'_>,
    field: &Field,
    count: u32,
    progress: Option<Py<PyAny>>,
    cancel: Option<&CancelToken>,
) -> PyResult<Splats> {
    let seeding = Caller::new(progress, cancel)
        .watch(py, "Seeding splats", |desk| splats::seed_reported(&field.field, count, desk))?;
    let warnings = seeding.warnings(&field.field);
    Ok(Splats { splats: seeding.splats, warnings })
}
