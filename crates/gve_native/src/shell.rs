//! Shell meshes.

use gve_bake::shell;
use numpy::{PyArray1, PyArray2, ndarray::ArrayView1};
use pyo3::prelude::*;

use crate::{
    arrays,
    field::Field,
    progress::{Caller, CancelToken},
};

/// A closed triangle mesh of a field's surface, counter-clockwise seen from outside. Immutable.
#[pyclass(frozen, module = "gve_native")]
pub(crate) struct Shell {
    pub(crate) shell: gve_assets::Shell,
    cell_size_m: f32,
    warnings: Vec<String>,
}

#[pymethods]
impl Shell {
    /// What the designer should know, such as walls thinner than a cell.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// Side of the cells that it was made with, in metres.
    #[getter]
    fn cell_size_m(&self) -> f32 {
        self.cell_size_m
    }

    /// How many vertices.
    #[getter]
    fn vertex_count(&self) -> usize {
        self.shell.positions.len()
    }

    /// How many triangles.
    #[getter]
    fn triangle_count(&self) -> usize {
        self.shell.indices.len() / 3
    }

    /// Positions of the vertices in metres: shape (n, 3).
    #[getter]
    fn positions<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        arrays::view(this, |this| arrays::rows(&this.shell.positions))
    }

    /// Unit normals of the vertices: shape (n, 3).
    #[getter]
    fn normals<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        arrays::view(this, |this| arrays::rows(&this.shell.normals))
    }

    /// Three vertices per triangle: shape (3 * `triangle_count`,).
    #[getter]
    fn indices<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray1<u32>>> {
        arrays::view(this, |this| Ok(ArrayView1::from(&this.shell.indices)))
    }

    fn __repr__(&self) -> String {
        format!("<Shell of {} triangles>", self.triangle_count())
    }
}

/// Meshes the surface on a grid of `resolution` cells along its longest side, 8 to 512.
///
/// Raises `BakeError`, `Cancelled`, and what `progress` raises.
#[pyfunction]
#[pyo3(signature = (field, resolution = 128, progress = None, cancel = None))]
pub(crate) fn generate_shell(
    py: Python<'_>,
    field: &Field,
    resolution: u32,
    progress: Option<Py<PyAny>>,
    cancel: Option<&CancelToken>,
) -> PyResult<Shell> {
    let report = Caller::new(progress, cancel)
        .watch(py, "Dual contouring", |desk| shell::generate_watched(&field.field, resolution, desk))?;
    let warnings = report.warnings();
    Ok(Shell { shell: report.shell, cell_size_m: report.cell_size_m, warnings })
}
