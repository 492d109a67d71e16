//! Programs with one result, and how they are shortened for a box.
//!
//! For every value two ranges are computed over the box: by interval arithmetic, and from the value at
//! the box's centre with the value's known change per metre ("Lipschitz Pruning", Barbier et al.,
//! Eurographics 2025). What both have in common decides: a `min` whose one operand is always smaller
//! becomes that operand, and so does a smooth blend whose operands are always a radius apart. Chains of
//! blends need no further care, because a running value is itself such a value: it is dropped with
//! everything behind it where the next operand is a radius below it.

use std::sync::{Arc, OnceLock};

use super::code::Code;
use crate::{
    aabb::Aabb,
    interval::{self, Interval},
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

/// Single precision rounds each of a chain of operations by up to 2^-24 of the lengths involved. Values
/// that differ from the centre's by a Lipschitz bound are allowed 32 such steps beside it.
const ROUNDING: f32 = 32.0 / 16_777_216.0;

/// Memory for pruning.
#[derive(Debug, Default)]
pub(crate) struct PruneScratch {
    ranges: Vec<Interval>,
    at_center: Vec<f32>,
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
        let mut box_ = BoxPass::new(bounds);
        self.ranges.clear();
        self.at_center.clear();
        for (op, &lipschitz) in program.ops.iter().zip(&program.lipschitz) {
            let center = op.apply(box_.center, |id| self.at_center[id.index()]);
            let range = box_.range(op, lipschitz, center, |id| self.ranges[id.index()]);
            self.at_center.push(center);
            self.ranges.push(range);
        }
        self.ranges[program.result.index()]
    }

    /// A program that agrees with `program` inside a box, and the range of its result.
    pub(crate) fn prune(&mut self, program: &Arc<Program>, bounds: Aabb) -> (Arc<Program>, Interval) {
        let mut box_ = BoxPass::new(bounds);
        self.ranges.clear();
        self.at_center.clear();
        self.ops.clear();
        self.alias.clear();
        let mut changed = false;
        for (i, (&op, &lipschitz)) in program.ops.iter().zip(&program.lipschitz).enumerate() {
            let op = op.map(|id| self.alias[id.index()]);
            let center = op.apply(box_.center, |id| self.at_center[id.index()]);
            let range = box_.range(&op, lipschitz, center, |id| self.ranges[id.index()]);
            let (op, alias) = match simplify(op, &self.ops, &self.ranges, range) {
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
            self.at_center.push(center);
            self.ranges.push(range);
            self.ops.push(op);
            self.alias.push(alias);
        }
        let range = self.ranges[program.result.index()];
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

/// What is known about the box while its values are computed.
struct BoxPass {
    xyz: [Interval; 3],
    center: [f32; 3],
    /// From the centre to a corner.
    radius: f32,
    /// Largest length met so far, in metres of the world: rounding is relative to it.
    magnitude: f32,
}

impl BoxPass {
    fn new(bounds: Aabb) -> Self {
        let (min, max) = (bounds.min.to_array(), bounds.max.to_array());
        let center = bounds.center();
        Self {
            xyz: [0, 1, 2].map(|i| Interval::new(min[i], max[i])),
            center: center.to_array(),
            radius: (bounds.max - center).max(center - bounds.min).length() * 1.000_001,
            magnitude: bounds.min.abs().max(bounds.max.abs()).max_element(),
        }
    }

    #[inline(always)]
    fn range(&mut self, op: &Op, lipschitz: f32, center: f32, get: impl Fn(Id) -> Interval) -> Interval {
        let range = interval::apply(op, &self.xyz, get);
        if lipschitz < f32::MAX && lipschitz > 0.0 {
            self.magnitude = self.magnitude.max(center.abs() / lipschitz);
            let reach = lipschitz * (self.radius + ROUNDING * self.magnitude);
            range.meet(Interval::new(center - reach, center + reach))
        } else {
            range
        }
    }
}

enum Simple {
    Same,
    Op(Op),
    Alias(Id),
}

/// What an operation can be replaced by inside the box. Values stay the same to the last bit, but for
/// the sign of a zero and squares that underflow.
#[inline(always)]
fn simplify(op: Op, ops: &[Op], ranges: &[Interval], range: Interval) -> Simple {
    let of = |id: Id| ranges[id.index()];
    let is = |id: Id, value: f32| of(id).lo == value && of(id).hi == value;
    match op {
        Op::Const(_) => return Simple::Same,
        Op::Min(a, b) => {
            if of(a).hi <= of(b).lo {
                return Simple::Alias(a);
            }
            if of(b).hi < of(a).lo {
                return Simple::Alias(b);
            }
        }
        Op::Max(a, b) => {
            if of(a).lo >= of(b).hi {
                return Simple::Alias(a);
            }
            if of(b).lo > of(a).hi {
                return Simple::Alias(b);
            }
        }
        Op::SmoothMin(a, b, k) => {
            if of(b).lo - of(a).hi >= k {
                return Simple::Alias(a);
            }
            if of(a).lo - of(b).hi >= k {
                return Simple::Alias(b);
            }
        }
        Op::SmoothMax(a, b, k) => {
            if of(a).lo - of(b).hi >= k {
                return Simple::Alias(a);
            }
            if of(b).lo - of(a).hi >= k {
                return Simple::Alias(b);
            }
        }
        Op::ChamferMin(a, b, r) => {
            let (ra, rb) = (of(a), of(b));
            if ra.hi <= rb.lo && plane_is_beyond(ra, rb, r) {
                return Simple::Alias(a);
            }
            if rb.hi < ra.lo && plane_is_beyond(rb, ra, r) {
                return Simple::Alias(b);
            }
        }
        Op::ChamferMax(a, b, r) => {
            let (na, nb) = (of(a).neg(), of(b).neg());
            if na.hi <= nb.lo && plane_is_beyond(na, nb, r) {
                return Simple::Alias(a);
            }
            if nb.hi < na.lo && plane_is_beyond(nb, na, r) {
                return Simple::Alias(b);
            }
        }
        Op::Abs(a) => {
            if of(a).lo >= 0.0 {
                return Simple::Alias(a);
            }
            if of(a).hi <= 0.0 {
                return Simple::Op(Op::Neg(a));
            }
        }
        Op::Select(c, a, b) => {
            if of(c).lo > 0.0 || of(c).hi < 0.0 {
                return Simple::Alias(a);
            }
            if is(c, 0.0) {
                return Simple::Alias(b);
            }
            if a == b {
                return Simple::Alias(a);
            }
        }
        _ => {}
    }
    // Constant inside the box.
    if range.is_point() && !matches!(op, Op::X | Op::Y | Op::Z) {
        return Simple::Op(Op::Const(range.lo));
    }
    match op {
        Op::Add(a, b) => {
            if is(b, 0.0) {
                return Simple::Alias(a);
            }
            if is(a, 0.0) {
                return Simple::Alias(b);
            }
            // max(v, 0) + min(v, 0) = v: the face of a box.
            match (ops[a.index()], ops[b.index()]) {
                (Op::Max(v, zero), Op::Min(w, other)) | (Op::Min(v, zero), Op::Max(w, other))
                    if v == w && is(zero, 0.0) && is(other, 0.0) =>
                {
                    return Simple::Alias(v);
                }
                _ => {}
            }
        }
        Op::Sub(a, b) => {
            if a == b {
                return Simple::Op(Op::Const(0.0));
            }
            if is(b, 0.0) {
                return Simple::Alias(a);
            }
        }
        Op::Mul(a, b) => {
            if is(a, 1.0) {
                return Simple::Alias(b);
            }
            if is(b, 1.0) {
                return Simple::Alias(a);
            }
        }
        Op::Sqrt(a) => {
            // The root of a square is exact in binary arithmetic.
            if let Op::Square(v) = ops[a.index()] {
                return if ranges[v.index()].lo >= 0.0 { Simple::Alias(v) } else { Simple::Op(Op::Abs(v)) };
            }
        }
        _ => {}
    }
    Simple::Same
}

/// Whether the plane of a chamfer is never below `near`, whose operand is always the smaller:
/// `(near + far - r) / sqrt(2) >= near` where `far - r >= (sqrt(2) - 1) near`.
fn plane_is_beyond(near: Interval, far: Interval, r: f32) -> bool {
    let margin = 1e-5 * (r + far.lo.abs() + near.hi.abs());
    far.lo - r - margin >= (std::f32::consts::SQRT_2 - 1.0) * near.hi
        && near.hi.is_finite()
        && far.lo.is_finite()
}
