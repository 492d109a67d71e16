//! Arrays between Rust and `NumPy`.

use numpy::{
    Element, PyArray, PyReadonlyArray2,
    ndarray::{ArrayView, ArrayView2, Dimension, StrideShape},
};
use pyo3::{
    PyClass,
    exceptions::{PyRuntimeError, PyValueError},
    prelude::*,
    pyclass::boolean_struct::True,
};

/// A read-only `NumPy` array over memory of a Python object, which it keeps alive.
pub(crate) fn view<'py, C, T, D>(
    owner: &Bound<'py, C>,
    borrow: impl for<'a> FnOnce(&'a C) -> PyResult<ArrayView<'a, T, D>>,
) -> PyResult<Bound<'py, PyArray<T, D>>>
where
    C: PyClass<Frozen = True> + Sync,
    T: Element,
    D: Dimension,
{
    let array = borrow(owner.get())?;
    // SAFETY: `borrow` knows nothing of the lifetime but that of the object, so the memory stays where it is
    // for as long as the object is borrowed. A frozen object is never borrowed mutably, and the new array
    // holds it; so that is for as long as the array lives.
    #[expect(unsafe_code, reason = "NumPy takes the memory as a pointer")]
    let view = unsafe { PyArray::borrow_from_array(&array, owner.clone().into_any()) };
    // The owner is no buffer that can be written to, so NumPy never gives the right back.
    view.call_method1("setflags", (false,))?;
    Ok(view)
}

/// Neighbouring numbers as rows.
pub(crate) fn rows<T: Element, const N: usize>(rows: &[[T; N]]) -> PyResult<ArrayView2<'_, T>> {
    shaped((rows.len(), N), rows.as_flattened())
}

/// Numbers in a shape, with or without gaps.
pub(crate) fn shaped<'a, T, D: Dimension>(
    shape: impl Into<StrideShape<D>>,
    values: &'a [T],
) -> PyResult<ArrayView<'a, T, D>> {
    ArrayView::from_shape(shape, values).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

/// Points as one array per coordinate, copied so that nobody changes them while they are used.
pub(crate) struct Points {
    pub(crate) xs: Vec<f32>,
    pub(crate) ys: Vec<f32>,
    pub(crate) zs: Vec<f32>,
}

impl Points {
    /// Takes an array of n points with three finite coordinates each.
    pub(crate) fn new(points: &PyReadonlyArray2<'_, f32>) -> PyResult<Self> {
        let array = points.as_array();
        let (count, columns) = array.dim();
        if columns != 3 {
            return Err(PyValueError::new_err(format!(
                "points: expected an array of shape (n, 3), found ({count}, {columns})"
            )));
        }
        let column = |axis| -> PyResult<Vec<f32>> {
            let column: Vec<f32> = array.column(axis).to_vec();
            match column.iter().position(|x| !x.is_finite()) {
                None => Ok(column),
                Some(i) => Err(PyValueError::new_err(format!(
                    "points: expected finite coordinates, found {} at point {i}",
                    column[i]
                ))),
            }
        };
        Ok(Self { xs: column(0)?, ys: column(1)?, zs: column(2)? })
    }

    pub(crate) fn len(&self) -> usize {
        self.xs.len()
    }
}
