//! One step of pruning: an operation's value at the box's centre, its range over the box, and what it
//! can be replaced by inside.

use crate::{
    aabb::Aabb,
    interval::Interval,
    math,
    tape::{Id, Op},
};

/// Single precision rounds each of a chain of operations by up to 2^-24 of the lengths involved. Values
/// that differ from the centre's by a Lipschitz bound are allowed 32 such steps beside it.
const ROUNDING: f32 = 32.0 / 16_777_216.0;

/// What is known about a value over the box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    pub(super) range: Interval,
    center: f32,
}

/// What an operation can be replaced by inside the box. Values stay the same to the last bit, but for
/// the sign of a zero and squares that underflow.
pub(super) enum Simple {
    Same,
    Op(Op),
    Alias(Id),
}

/// The box, and what was learned so far.
pub(super) struct Pass {
    xyz: [Value; 3],
    /// From the centre to a corner.
    radius: f32,
    /// Largest length met so far, in metres of the world: rounding is relative to it.
    magnitude: f32,
}

impl Pass {
    pub(super) fn new(bounds: Aabb) -> Self {
        let center = bounds.center();
        Self {
            xyz: [0, 1, 2]
                .map(|i| Value { range: Interval::new(bounds.min[i], bounds.max[i]), center: center[i] }),
            radius: (bounds.max - center).max(center - bounds.min).length() * 1.000_001,
            magnitude: bounds.min.abs().max(bounds.max.abs()).max_element(),
        }
    }

    /// Looks at one operation, its operands resolved; `values` and `ops` hold the earlier ones.
    #[inline(always)]
    pub(super) fn visit(&mut self, op: Op, lipschitz: f32, values: &[Value], ops: &[Op]) -> (Value, Simple) {
        let v = |id: Id| values[id.index()];
        let r = |id: Id| values[id.index()].range;
        let c = |id: Id| values[id.index()].center;
        let (range, center, simple) = match op {
            Op::X => (self.xyz[0].range, self.xyz[0].center, Simple::Same),
            Op::Y => (self.xyz[1].range, self.xyz[1].center, Simple::Same),
            Op::Z => (self.xyz[2].range, self.xyz[2].center, Simple::Same),
            Op::Const(value) => {
                return (Value { range: Interval::point(value), center: value }, Simple::Same);
            }
            Op::Neg(a) => (r(a).neg(), -c(a), Simple::Same),
            Op::Abs(a) => (r(a).abs(), c(a).abs(), abs(a, r(a))),
            Op::Sqrt(a) => (r(a).sqrt(), math::sqrt(c(a)), Simple::Same),
            Op::Square(a) => (r(a).square(), c(a) * c(a), Simple::Same),
            Op::Sin(a) => (r(a).sin(), math::sin(c(a)), Simple::Same),
            Op::Cos(a) => (r(a).cos(), math::cos(c(a)), Simple::Same),
            Op::Floor(a) => (r(a).floor(), c(a).floor(), Simple::Same),
            Op::Add(a, b) => (r(a).add(r(b)), c(a) + c(b), add(a, b, values, ops)),
            Op::Sub(a, b) if a == b => (Interval::point(0.0), 0.0, Simple::Same),
            Op::Sub(a, b) => {
                (r(a).sub(r(b)), c(a) - c(b), if is(v(b), 0.0) { Simple::Alias(a) } else { Simple::Same })
            }
            Op::Mul(a, b) => {
                let simple = if is(v(a), 1.0) {
                    Simple::Alias(b)
                } else if is(v(b), 1.0) {
                    Simple::Alias(a)
                } else {
                    Simple::Same
                };
                (r(a).mul(r(b)), c(a) * c(b), simple)
            }
            Op::Div(a, b) => (r(a).div(r(b)), math::div(c(a), c(b)), Simple::Same),
            Op::Min(a, b) => (r(a).min(r(b)), math::min(c(a), c(b)), lower(a, b, r(a), r(b), 0.0)),
            Op::Max(a, b) => {
                (r(a).max(r(b)), math::max(c(a), c(b)), lower(a, b, r(a).neg(), r(b).neg(), 0.0))
            }
            Op::Atan2(a, b) => (Interval::atan2(r(a), r(b)), math::atan2(c(a), c(b)), Simple::Same),
            Op::Less(a, b) => (r(a).less(r(b)), math::less(c(a), c(b)), Simple::Same),
            Op::Select(i, a, b) => {
                let simple = if r(i).lo > 0.0 || r(i).hi < 0.0 || a == b {
                    Simple::Alias(a)
                } else if is(v(i), 0.0) {
                    Simple::Alias(b)
                } else {
                    Simple::Same
                };
                (Interval::select(r(i), r(a), r(b)), math::select(c(i), c(a), c(b)), simple)
            }
            Op::Length2(a, b) => (r(a).length2(r(b)), math::length2(c(a), c(b)), length2(op, a, b, values)),
            Op::Length3(a, b, d) => {
                (r(a).length3(r(b), r(d)), math::length3(c(a), c(b), c(d)), length3(op, [a, b, d], values))
            }
            Op::Corner2(a, b) => (r(a).corner2(r(b)), math::corner2(c(a), c(b)), corner2(op, a, b, values)),
            Op::Corner3(a, b, d) => {
                (r(a).corner3(r(b), r(d)), math::corner3(c(a), c(b), c(d)), corner3(op, [a, b, d], values))
            }
            Op::SmoothMin(a, b, k) => (
                r(a).blend(r(b), k, math::smooth_min),
                math::smooth_min(c(a), c(b), k),
                lower(a, b, r(a), r(b), k),
            ),
            Op::SmoothMax(a, b, k) => (
                r(a).blend(r(b), k, math::smooth_max),
                math::smooth_max(c(a), c(b), k),
                lower(a, b, r(a).neg(), r(b).neg(), k),
            ),
            Op::ChamferMin(a, b, k) => (
                r(a).blend(r(b), k, math::chamfer_min),
                math::chamfer_min(c(a), c(b), k),
                chamfer(a, b, r(a), r(b), k),
            ),
            Op::ChamferMax(a, b, k) => (
                r(a).blend(r(b), k, math::chamfer_max),
                math::chamfer_max(c(a), c(b), k),
                chamfer(a, b, r(a).neg(), r(b).neg(), k),
            ),
        };
        // The same everywhere in the box.
        let simple = match simple {
            Simple::Same if range.is_point() => Simple::Op(Op::Const(range.lo)),
            simple => simple,
        };
        if lipschitz < f32::MAX && lipschitz > 0.0 {
            self.magnitude = math::max(self.magnitude, center.abs() / lipschitz);
            let reach = lipschitz * (self.radius + ROUNDING * self.magnitude);
            let near_center = Interval::new(center - reach, center + reach);
            let simple = match (op, simple) {
                // A choice that would leave the range is not made: this settles signs away from a surface.
                (Op::Select(_, a, b), Simple::Same) if r(a).is_apart(near_center) => Simple::Alias(b),
                (Op::Select(_, a, b), Simple::Same) if r(b).is_apart(near_center) => Simple::Alias(a),
                (_, simple) => simple,
            };
            return (Value { range: range.meet(near_center), center }, simple);
        }
        (Value { range, center }, simple)
    }
}

fn is(value: Value, number: f32) -> bool {
    value.range.lo == number && value.range.hi == number
}

fn abs(a: Id, range: Interval) -> Simple {
    if range.lo >= 0.0 {
        Simple::Alias(a)
    } else if range.hi <= 0.0 {
        Simple::Op(Op::Neg(a))
    } else {
        Simple::Same
    }
}

/// The operand of a minimum that is always the smaller, by `apart` at least. The first wins ties.
#[inline(always)]
fn lower(a: Id, b: Id, range_a: Interval, range_b: Interval, apart: f32) -> Simple {
    if range_b.lo - range_a.hi >= apart {
        Simple::Alias(a)
    } else if range_a.lo - range_b.hi >= apart && range_b.hi < range_a.lo {
        Simple::Alias(b)
    } else {
        Simple::Same
    }
}

/// The operand of a chamfer that is always the smaller and always below the plane, too:
/// `(near + far - r) / sqrt(2) >= near` where `far - r >= (sqrt(2) - 1) near`.
fn chamfer(a: Id, b: Id, range_a: Interval, range_b: Interval, r: f32) -> Simple {
    let plane_is_beyond = |near: Interval, far: Interval| {
        let margin = 1e-5 * (r + far.lo.abs() + near.hi.abs());
        far.lo - r - margin >= (std::f32::consts::SQRT_2 - 1.0) * near.hi
            && near.hi.is_finite()
            && far.lo.is_finite()
    };
    if range_a.hi <= range_b.lo && plane_is_beyond(range_a, range_b) {
        Simple::Alias(a)
    } else if range_b.hi < range_a.lo && plane_is_beyond(range_b, range_a) {
        Simple::Alias(b)
    } else {
        Simple::Same
    }
}

fn add(a: Id, b: Id, values: &[Value], ops: &[Op]) -> Simple {
    let zero = |id: Id| is(values[id.index()], 0.0);
    if zero(b) {
        return Simple::Alias(a);
    }
    if zero(a) {
        return Simple::Alias(b);
    }
    match (ops[a.index()], ops[b.index()]) {
        // max(v, 0) + min(v, 0) = v
        (Op::Max(v, p), Op::Min(w, q)) | (Op::Min(v, p), Op::Max(w, q)) if v == w && zero(p) && zero(q) => {
            Simple::Alias(v)
        }
        _ => Simple::Same,
    }
}

/// The length of two parts, of which one may be 0. The root of a square is exact in binary arithmetic.
fn length2(op: Op, a: Id, b: Id, values: &[Value]) -> Simple {
    let of = |id: Id| values[id.index()];
    let alone = |v: Id| if of(v).range.lo >= 0.0 { Simple::Alias(v) } else { Simple::Op(Op::Abs(v)) };
    if is(of(b), 0.0) {
        alone(a)
    } else if is(of(a), 0.0) {
        alone(b)
    } else if matches!(op, Op::Length2(..)) {
        Simple::Same
    } else {
        Simple::Op(Op::Length2(a, b))
    }
}

fn length3(op: Op, [a, b, c]: [Id; 3], values: &[Value]) -> Simple {
    let zero = |id: Id| is(values[id.index()], 0.0);
    if zero(c) {
        length2(op, a, b, values)
    } else if zero(b) {
        length2(op, a, c, values)
    } else if zero(a) {
        length2(op, b, c, values)
    } else {
        Simple::Same
    }
}

/// Whether a side of a corner plays no part: never positive, and never nearer than another side.
fn is_behind(v: Id, other: Id, values: &[Value]) -> bool {
    let (v, other) = (values[v.index()].range, values[other.index()].range);
    v.hi <= 0.0 && v.hi <= other.lo
}

/// The corner of two sides, of which one may play no part.
fn corner2(op: Op, a: Id, b: Id, values: &[Value]) -> Simple {
    if is_behind(b, a, values) {
        Simple::Alias(a)
    } else if is_behind(a, b, values) {
        Simple::Alias(b)
    } else if matches!(op, Op::Corner2(..)) {
        Simple::Same
    } else {
        Simple::Op(Op::Corner2(a, b))
    }
}

fn corner3(op: Op, [a, b, c]: [Id; 3], values: &[Value]) -> Simple {
    if is_behind(c, a, values) || is_behind(c, b, values) {
        corner2(op, a, b, values)
    } else if is_behind(b, a, values) || is_behind(b, c, values) {
        corner2(op, a, c, values)
    } else if is_behind(a, b, values) || is_behind(a, c, values) {
        corner2(op, b, c, values)
    } else {
        Simple::Same
    }
}
