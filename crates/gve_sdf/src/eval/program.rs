//! Programs with one result, and how they are shortened for a box.
//!
//! For every value two ranges are computed over the box: by interval arithmetic, and from the value at
//! the box's centre with the value's known change per metre ("Lipschitz Pruning", Barbier et al.,
//! Eurographics 2025). What both have in common decides: a `min` whose one operand is always smaller
//! becomes that operand, and so does a smooth blend whose operands are always a radius apart. Chains of
//! blends need no further care, because a running value is itself such a value: it is dropped with
//! everything behind it where the next operand is a radius below it.

use std::sync::{Arc, OnceLock};

use super::{
    code::Code,
    visit::{Pass, Simple, Value},
};
use crate::{
    aabb::Aabb,
    interval::Interval,
    tape::{Id, Op, Tape, compact},
};

/// A tape with one result, its last value.
#[derive(Debug)]
pub(crate) struct Program {
    ops: Vec<Op>,
    lipschitz: Vec<f32>,
    result: Id,
    /// The form that batches run, made when first needed.
    code: OnceLock<Code>,
}

impl Program {
    /// The part of a tape that one of its values needs.
    pub(crate) fn new(tape: &Tape, result: Id) -> Self {
        let live = Tape::live(tape.ops(), &[result]);
        let (ops, lipschitz, place) = compact(tape.ops(), tape.lipschitz(), &live);
        Self { ops, lipschitz, result: place[result.index()], code: OnceLock::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.ops.len()
    }

    pub(crate) fn code(&self) -> &Code {
        self.code.get_or_init(|| Code::new(&self.ops, self.result))
    }

    /// The result, if it is the same everywhere.
    pub(crate) fn constant(&self) -> Option<f32> {
        match self.ops[self.result.index()] {
            Op::Const(value) => Some(value),
            _ => None,
        }
    }
}

/// Whether a box is one that ranges can be computed over.
fn is_usable(bounds: &Aabb) -> bool {
    bounds.is_finite() && !bounds.is_empty()
}

/// Memory for pruning.
#[derive(Debug, Default)]
pub(crate) struct PruneScratch {
    values: Vec<Value>,
    /// Each operation as it stands in the shorter program, operands being places of the old one.
    ops: Vec<Op>,
    /// For each value the earlier value that it equals, or itself.
    alias: Vec<Id>,
    live: Vec<bool>,
    place: Vec<Id>,
}

impl PruneScratch {
    /// The range of the result over a box.
    pub(crate) fn interval(&mut self, program: &Program, bounds: Aabb) -> Interval {
        if !is_usable(&bounds) {
            return Interval::ALL;
        }
        let mut pass = Pass::new(bounds);
        self.values.clear();
        self.ops.clear();
        for (&op, &lipschitz) in program.ops.iter().zip(&program.lipschitz) {
            let (value, _) = pass.visit(op, lipschitz, &self.values, &self.ops);
            self.values.push(value);
            self.ops.push(op);
        }
        self.values[program.result.index()].range
    }

    /// A program that agrees with `program` inside a box, and the range of its result.
    pub(crate) fn prune(&mut self, program: &Arc<Program>, bounds: Aabb) -> (Arc<Program>, Interval) {
        if !is_usable(&bounds) {
            return (Arc::clone(program), Interval::ALL);
        }
        let mut pass = Pass::new(bounds);
        self.values.clear();
        self.ops.clear();
        self.alias.clear();
        let mut changed = false;
        for (i, (&op, &lipschitz)) in program.ops.iter().zip(&program.lipschitz).enumerate() {
            let op = op.map(|id| self.alias[id.index()]);
            let (value, simple) = pass.visit(op, lipschitz, &self.values, &self.ops);
            let (op, alias) = match simple {
                Simple::Same => (op, Id(i as u32)),
                Simple::Op(op) => {
                    changed = true;
                    (op, Id(i as u32))
                }
                Simple::Alias(id) => {
                    changed = true;
                    (op, id)
                }
            };
            self.values.push(value);
            self.ops.push(op);
            self.alias.push(alias);
        }
        let range = self.values[program.result.index()].range;
        if !changed {
            return (Arc::clone(program), range);
        }
        (Arc::new(self.compact(program)), range)
    }

    /// Writes the shorter program.
    fn compact(&mut self, program: &Program) -> Program {
        let result = self.alias[program.result.index()];
        let length = result.index() + 1;
        self.live.clear();
        self.live.resize(length, false);
        self.live[result.index()] = true;
        let mut count = 0;
        for i in (0..length).rev() {
            if self.live[i] {
                count += 1;
                for operand in self.ops[i].operands() {
                    self.live[operand.index()] = true;
                }
            }
        }
        self.place.clear();
        self.place.resize(length, Id(0));
        let (mut ops, mut lipschitz) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for i in 0..length {
            if self.live[i] {
                self.place[i] = Id(ops.len() as u32);
                ops.push(self.ops[i].map(|id| self.place[id.index()]));
                lipschitz.push(program.lipschitz[i]);
            }
        }
        Program { result: self.place[result.index()], ops, lipschitz, code: OnceLock::new() }
    }
}
