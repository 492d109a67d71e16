//! A lowered recipe and its evaluators.

use gve_bake::mass;
use gve_sdf::{Evaluator, Field as NativeField, Vec3, Vec4, interpret};
use gve_types::AssetDna;
use numpy::{PyArray1, PyArray2, PyArrayMethods as _, PyReadonlyArray2, ToPyArray as _};
use pyo3::{exceptions::PyValueError, prelude::*};
use rayon::prelude::*;

use crate::{
    arrays::Points,
    recipe::{self, json},
    tape::Tape,
};

/// Points that one thread takes at a time.
const CHUNK: usize = 4096;

type Corner = (f32, f32, f32);

/// A lowered recipe: a signed distance field with a material at every point, in metres, negative
/// inside. Immutable; may be shared between threads.
///
/// Raises `RecipeError` when the text is no recipe or has no field.
#[pyclass(frozen, module = "gve_native")]
pub(crate) struct Field {
    pub(crate) dna: AssetDna,
    pub(crate) field: NativeField,
}

#[pymethods]
impl Field {
    #[new]
    fn new(py: Python<'_>, dna_json: &str) -> PyResult<Self> {
        let dna = recipe::parse(py, dna_json)?;
        let field = recipe::lower(py, &dna)?;
        Ok(Self { dna, field })
    }

    /// A box that holds the whole surface: smallest and largest corner in metres.
    #[getter]
    fn bounds(&self) -> (Corner, Corner) {
        let bounds = self.field.bounds();
        (bounds.min.into(), bounds.max.into())
    }

    /// A bound on the length of the gradient, 1 or more.
    #[getter]
    fn lipschitz(&self) -> f32 {
        self.field.lipschitz()
    }

    /// What is not quite as the recipe asks for, each with its JSON path.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.field.warnings().to_vec()
    }

    /// The palette that material indices refer to: a JSON list of `MaterialSpec`.
    #[getter]
    fn materials(&self) -> PyResult<String> {
        json(serde_json::to_string(self.field.materials()))
    }

    /// The recipe, as Rust writes it.
    #[getter]
    fn dna_json(&self) -> PyResult<String> {
        json(serde_json::to_string(&self.dna))
    }

    /// The hash of the recipe; see the function `dna_hash`.
    #[getter]
    fn dna_hash(&self) -> String {
        gve_bake::dna_hash(&self.dna)
    }

    /// The program that defines the field.
    fn tape(&self) -> Tape {
        Tape::new(self.field.tape())
    }

    /// Distances at points of shape (n, 3), by the fast evaluator; shape (n,).
    fn distances<'py>(
        &self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f32>,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let points = Points::new(&points)?;
        let out = py.detach(|| {
            self.in_chunks(&points, 0f32, |evaluator, [xs, ys, zs], out| {
                let root = evaluator.root();
                evaluator.distances(&root, xs, ys, zs, out);
            })
        });
        Ok(PyArray1::from_vec(py, out))
    }

    /// Gradients and distances at points of shape (n, 3): d/dx, d/dy, d/dz, distance; shape (n, 4).
    fn gradients<'py>(
        &self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f32>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let points = Points::new(&points)?;
        let count = points.len();
        let out: Vec<f32> = py.detach(|| {
            let values = self.in_chunks(&points, Vec4::ZERO, |evaluator, [xs, ys, zs], out| {
                let root = evaluator.root();
                evaluator.gradients(&root, xs, ys, zs, out);
            });
            bytemuck::cast_slice(&values).to_vec()
        });
        PyArray1::from_vec(py, out).reshape([count, 4])
    }

    /// Palette indices of the nearest part's material at points of shape (n, 3); shape (n,).
    fn material_indices<'py>(
        &self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f32>,
    ) -> PyResult<Bound<'py, PyArray1<u8>>> {
        let points = Points::new(&points)?;
        let out = py.detach(|| {
            self.in_chunks(&points, 0u8, |evaluator, [xs, ys, zs], out| {
                let root = evaluator.root();
                evaluator.materials(&root, xs, ys, zs, out);
            })
        });
        Ok(PyArray1::from_vec(py, out))
    }

    /// Distances at points of shape (n, 3), by the plain interpreter: slow, and what every other
    /// evaluator is checked against; shape (n,).
    fn interpret<'py>(
        &self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f32>,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let points = Points::new(&points)?;
        let tape = self.field.tape();
        let out: Vec<f32> = py.detach(|| {
            let at = |i: usize| Vec3::new(points.xs[i], points.ys[i], points.zs[i]);
            (0..points.len()).into_par_iter().map(|i| interpret::distance(tape, at(i))).collect()
        });
        Ok(out.to_pyarray(py))
    }

    fn __repr__(&self) -> String {
        format!("<Field {:?}, {} operations>", self.dna.metadata.name, self.field.tape().ops().len())
    }
}

impl Field {
    /// Evaluates many points on all cores.
    fn in_chunks<T: Copy + Send>(
        &self,
        points: &Points,
        blank: T,
        evaluate: impl Fn(&mut Evaluator, [&[f32]; 3], &mut [T]) + Sync,
    ) -> Vec<T> {
        let mut out = vec![blank; points.len()];
        out.par_chunks_mut(CHUNK).enumerate().for_each_init(
            || Evaluator::new(&self.field),
            |evaluator, (chunk, out)| {
                let range = chunk * CHUNK..chunk * CHUNK + out.len();
                let [xs, ys, zs] = [&points.xs, &points.ys, &points.zs].map(|axis| &axis[range.clone()]);
                evaluate(evaluator, [xs, ys, zs], out);
            },
        );
        out
    }
}

// Python shows it as the default.
const _: () = assert!(mass::DEFAULT_TOLERANCE == 0.0025);

/// Weighs the solid and each of its parts until the estimated error is at most `tolerance`, 0.0001 to 0.1 of
/// the mass: JSON with `total` (`MassProperties`), `parts` in the order of the field's parts, and `warnings`.
#[pyfunction]
// A literal, so that the stub can say the same.
#[pyo3(signature = (field, tolerance = 0.0025))]
pub(crate) fn weigh(py: Python<'_>, field: &Field, tolerance: f32) -> PyResult<String> {
    if !(1e-4..=0.1).contains(&tolerance) {
        return Err(PyValueError::new_err(format!("tolerance must be 0.0001 to 0.1, found {tolerance}")));
    }
    let weight = py.detach(|| mass::weigh(&field.field, tolerance));
    json(serde_json::to_string(&weight))
}
