//! What is known about every value of a program over a box, or over several boxes side by side: its value
//! at the centre and its range.

use crate::{aabb::Aabb, interval::Interval, math, tape::Op};

/// Single precision rounds each of a chain of operations by up to 2^-24 of the lengths involved. Values
/// that differ from the centre's by a Lipschitz bound are allowed 32 such steps beside it.
const ROUNDING: f32 = 32.0 / 16_777_216.0;

/// What is known about a value over each of `N` boxes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<const N: usize> {
    lo: [f32; N],
    hi: [f32; N],
    center: [f32; N],
}

/// For each of `N` boxes 1 where an operation may be simpler than it is, else 0: most never are, and
/// [`View::simplify`](super::simplify::View::simplify) need not look at those.
pub(super) type Hint<const N: usize> = [u32; N];

impl<const N: usize> Value<N> {
    const ZERO: Self = Self { lo: [0.0; N], hi: [0.0; N], center: [0.0; N] };

    /// Its range over one of the boxes.
    pub(super) fn range(&self, lane: usize) -> Interval {
        Interval::new(self.lo[lane], self.hi[lane])
    }

    #[inline(always)]
    fn each(f: impl Fn(usize) -> (Interval, f32)) -> Self {
        let mut out = Self::ZERO;
        for i in 0..N {
            let (range, center) = f(i);
            (out.lo[i], out.hi[i], out.center[i]) = (range.lo, range.hi, center);
        }
        out
    }

    #[inline(always)]
    fn at(&self, i: usize) -> (Interval, f32) {
        (Interval::new(self.lo[i], self.hi[i]), self.center[i])
    }
}

/// What is known about every value of a program.
#[derive(Debug)]
pub(super) struct Values<const N: usize> {
    pub(super) values: Vec<Value<N>>,
    pub(super) hints: Vec<Hint<N>>,
}

impl<const N: usize> Default for Values<N> {
    fn default() -> Self {
        Self { values: Vec::new(), hints: Vec::new() }
    }
}

/// The boxes, and what was learned so far.
struct Pass<const N: usize> {
    xyz: [Value<N>; 3],
    /// From the centre to a corner.
    radius: [f32; N],
    /// Largest length met so far, in metres of the world: rounding is relative to it.
    magnitude: [f32; N],
}

/// Looks at every operation of a program, the loops over the boxes in the form that the compiler turns
/// into SIMD.
#[inline(always)]
pub(super) fn visit<const N: usize>(ops: &[Op], lipschitz: &[f32], boxes: &[Aabb; N], out: &mut Values<N>) {
    let mut pass = Pass::new(boxes);
    out.values.clear();
    out.values.reserve(ops.len());
    out.hints.clear();
    out.hints.reserve(ops.len());
    for (&op, &lipschitz) in ops.iter().zip(lipschitz) {
        let (mut value, mut hint) = pass.value(op, ops, &out.values);
        if !matches!(op, Op::Const(_)) {
            value = pass.narrow(value, lipschitz);
            for ((hint, lo), hi) in hint.iter_mut().zip(value.lo).zip(value.hi) {
                *hint |= u32::from(lo == hi);
            }
        }
        out.values.push(value);
        out.hints.push(hint);
    }
}

impl<const N: usize> Pass<N> {
    fn new(boxes: &[Aabb; N]) -> Self {
        let axis = |axis: usize| {
            Value::each(|i| {
                let b = boxes[i];
                (Interval::new(b.min[axis], b.max[axis]), b.center()[axis])
            })
        };
        let radius = |b: Aabb| (b.max - b.center()).max(b.center() - b.min).length() * 1.000_001;
        Self {
            xyz: [0, 1, 2].map(axis),
            radius: boxes.map(radius),
            magnitude: boxes.map(|b| b.min.abs().max(b.max.abs()).max_element()),
        }
    }

    /// An operation's value, from those of its operands.
    #[inline(always)]
    fn value(&self, op: Op, ops: &[Op], values: &[Value<N>]) -> (Value<N>, Hint<N>) {
        /// Range, centre and hint for every box, from those of the operands.
        macro_rules! each {
            ($($operand:ident),+; $range:expr, $center:expr, $hint:expr) => {{
                $(let $operand = &values[$operand.index()];)+
                let mut hint = [0; N];
                let value = Value::each(|i| ($range($($operand.at(i).0),+), $center($($operand.at(i).1),+)));
                for (i, hint) in hint.iter_mut().enumerate() {
                    let is_worth_a_look: bool = $hint($($operand.at(i).0),+);
                    *hint = u32::from(is_worth_a_look);
                }
                (value, hint)
            }};
        }
        macro_rules! blend {
            ($a:ident, $b:ident, $k:ident, $f:path, $apart:expr) => {
                each!($a, $b; |a: Interval, b| a.blend(b, $k, $f), |a, b| $f(a, b, $k),
                    |a, b| apart(a, b, $apart))
            };
        }
        let no = [0; N];
        let never = |_: Interval| false;
        match op {
            Op::X => (self.xyz[0], no),
            Op::Y => (self.xyz[1], no),
            Op::Z => (self.xyz[2], no),
            Op::Const(value) => (Value { lo: [value; N], hi: [value; N], center: [value; N] }, no),
            Op::Neg(a) => each!(a; Interval::neg, |c: f32| -c, never),
            Op::Abs(a) => {
                each!(a; Interval::abs, f32::abs, |a: Interval| (a.lo >= 0.0) | (a.hi <= 0.0))
            }
            Op::Sqrt(a) => each!(a; Interval::sqrt, math::sqrt, never),
            Op::Square(a) => each!(a; Interval::square, |c: f32| c * c, never),
            Op::Sin(a) => each!(a; Interval::sin, math::sin, never),
            Op::Cos(a) => each!(a; Interval::cos, math::cos, never),
            Op::Floor(a) => each!(a; Interval::floor, f32::floor, never),
            Op::Add(a, b) => {
                let is_split = matches!(
                    (ops[a.index()], ops[b.index()]),
                    (Op::Max(..), Op::Min(..)) | (Op::Min(..), Op::Max(..))
                );
                each!(a, b; Interval::add, |a: f32, b: f32| a + b, |a, b| is_split | is(a, 0.0) | is(b, 0.0))
            }
            Op::Sub(a, b) if a == b => (Value::ZERO, no),
            Op::Sub(a, b) => each!(a, b; Interval::sub, |a: f32, b: f32| a - b, |_, b| is(b, 0.0)),
            Op::Mul(a, b) => {
                each!(a, b; Interval::mul, |a: f32, b: f32| a * b, |a, b| is(a, 1.0) | is(b, 1.0))
            }
            Op::Div(a, b) => each!(a, b; Interval::div, math::div, |_, _| false),
            Op::Min(a, b) => each!(a, b; Interval::min, math::min, |a, b| apart(a, b, 0.0)),
            Op::Max(a, b) => each!(a, b; Interval::max, math::max, |a, b| apart(a, b, 0.0)),
            Op::Atan2(a, b) => each!(a, b; Interval::atan2, math::atan2, |_, _| false),
            Op::Less(a, b) => each!(a, b; Interval::less, math::less, |_, _| false),
            Op::Select(i, a, b) => each!(i, a, b; Interval::select, math::select, |_, _, _| true),
            Op::Length2(a, b) => {
                each!(a, b; Interval::length2, math::length2, |a, b| is(a, 0.0) | is(b, 0.0))
            }
            Op::Length3(a, b, c) => {
                each!(a, b, c; Interval::length3, math::length3,
                    |a, b, c| is(a, 0.0) | is(b, 0.0) | is(c, 0.0))
            }
            Op::Corner2(a, b) => {
                each!(a, b; Interval::corner2, math::corner2,
                    |a: Interval, b: Interval| (a.hi <= 0.0) | (b.hi <= 0.0))
            }
            Op::Corner3(a, b, c) => {
                each!(a, b, c; Interval::corner3, math::corner3,
                    |a: Interval, b: Interval, c: Interval| (a.hi <= 0.0) | (b.hi <= 0.0) | (c.hi <= 0.0))
            }
            Op::SmoothMin(a, b, k) => blend!(a, b, k, math::smooth_min, k),
            Op::SmoothMax(a, b, k) => blend!(a, b, k, math::smooth_max, k),
            Op::ChamferMin(a, b, k) => blend!(a, b, k, math::chamfer_min, 0.0),
            Op::ChamferMax(a, b, k) => blend!(a, b, k, math::chamfer_max, 0.0),
        }
    }

    /// What is left of a range when the value is known to change by `lipschitz` per metre at most.
    #[inline(always)]
    fn narrow(&mut self, value: Value<N>, lipschitz: f32) -> Value<N> {
        if !(lipschitz < f32::MAX && lipschitz > 0.0) {
            return value;
        }
        for i in 0..N {
            self.magnitude[i] = math::max(self.magnitude[i], value.center[i].abs() / lipschitz);
        }
        Value::each(|i| {
            let (range, center) = value.at(i);
            let reach = lipschitz * (self.radius[i] + ROUNDING * self.magnitude[i]);
            (range.meet(Interval::new(center - reach, center + reach)), center)
        })
    }
}

#[inline(always)]
fn is(range: Interval, number: f32) -> bool {
    (range.lo == number) & (range.hi == number)
}

/// Whether one of two ranges begins at least `k` beyond the other's end.
#[inline(always)]
fn apart(a: Interval, b: Interval, k: f32) -> bool {
    (b.lo - a.hi >= k) | (a.lo - b.hi >= k)
}
