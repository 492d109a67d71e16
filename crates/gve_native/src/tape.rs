//! A field's program as arrays, for graphs that are built from it.

use gve_sdf::{Op, Tape as NativeTape};
use numpy::{PyArray1, PyArray2, ndarray::ArrayView1};
use pyo3::prelude::*;

use crate::arrays;

/// The operations by number. The number is the place in this list; it is no part of any file.
const NAMES: [&str; 29] = [
    "x",
    "y",
    "z",
    "const",
    "neg",
    "abs",
    "sqrt",
    "square",
    "sin",
    "cos",
    "floor",
    "add",
    "sub",
    "mul",
    "div",
    "min",
    "max",
    "atan2",
    "less",
    "select",
    "length2",
    "length3",
    "corner2",
    "corner3",
    "smooth_min",
    "smooth_max",
    "chamfer_min",
    "chamfer_max",
    // An operation that this build of the module does not know.
    "unknown",
];

/// The scalar program that defines a field, in static single assignment: every operation reads the
/// results of earlier ones. What each means stands in `gve_sdf::math`.
#[pyclass(frozen, module = "gve_native")]
pub(crate) struct Tape {
    opcodes: Vec<u8>,
    operands: Vec<[u32; 3]>,
    constants: Vec<f32>,
    distance: u32,
    part: u32,
}

impl Tape {
    pub(crate) fn new(tape: &NativeTape) -> Self {
        let ops = tape.ops();
        let operands = ops.iter().map(|op| {
            let mut all = [0; 3];
            for (slot, id) in all.iter_mut().zip(op.operands()) {
                *slot = id.index() as u32;
            }
            all
        });
        Self {
            opcodes: ops.iter().map(opcode).collect(),
            operands: operands.collect(),
            constants: ops.iter().map(constant).collect(),
            distance: tape.distance().index() as u32,
            part: tape.part().index() as u32,
        }
    }
}

fn opcode(op: &Op) -> u8 {
    let name = op.name();
    NAMES.iter().position(|&known| known == name).unwrap_or(NAMES.len() - 1) as u8
}

/// The number in an operation: a constant's value, a blend's radius in metres; else 0.
fn constant(op: &Op) -> f32 {
    match *op {
        Op::Const(value) => value,
        Op::SmoothMin(.., radius)
        | Op::SmoothMax(.., radius)
        | Op::ChamferMin(.., radius)
        | Op::ChamferMax(.., radius) => radius,
        _ => 0.0,
    }
}

#[pymethods]
impl Tape {
    /// Names of the operations; an opcode is the place of its name.
    #[classattr]
    fn names() -> Vec<&'static str> {
        NAMES.to_vec()
    }

    /// What each operation is: shape (n,).
    #[getter]
    fn opcodes<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray1<u8>>> {
        arrays::view(this, |this| Ok(ArrayView1::from(&this.opcodes)))
    }

    /// Places of each operation's operands, unused ones 0: shape (n, 3).
    #[getter]
    fn operands<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray2<u32>>> {
        arrays::view(this, |this| arrays::rows(&this.operands))
    }

    /// A constant's value, a blend's radius in metres, else 0: shape (n,).
    #[getter]
    fn constants<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray1<f32>>> {
        arrays::view(this, |this| Ok(ArrayView1::from(&this.constants)))
    }

    /// Place of the distance in metres.
    #[getter]
    fn distance(&self) -> u32 {
        self.distance
    }

    /// Place of the part's index.
    #[getter]
    fn part(&self) -> u32 {
        self.part
    }

    fn __len__(&self) -> usize {
        self.opcodes.len()
    }
}
