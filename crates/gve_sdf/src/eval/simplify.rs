//! What an operation can be replaced by inside a box, judged by the ranges of the values there.

use super::visit::Value;
use crate::{
    interval::Interval,
    tape::{Id, Op},
};

/// What an operation can be replaced by inside the box. Values stay the same to the last bit, but for
/// the sign of a zero and squares that underflow.
pub(super) enum Simple {
    Same,
    Op(Op),
    Alias(Id),
}

/// A program's operations with the ranges of their values over one box.
pub(super) struct View<'a, const N: usize> {
    pub(super) ops: &'a [Op],
    pub(super) values: &'a [Value<N>],
    /// Which of the boxes.
    pub(super) lane: usize,
}

impl<const N: usize> View<'_, N> {
    fn range(&self, id: Id) -> Interval {
        self.values[id.index()].range(self.lane)
    }

    fn is(&self, id: Id, number: f32) -> bool {
        let range = self.range(id);
        range.lo == number && range.hi == number
    }

    /// Looks at one operation.
    #[inline]
    pub(super) fn simplify(&self, id: Id) -> Simple {
        let op = self.ops[id.index()];
        let r = |id: Id| self.range(id);
        let range = r(id);
        let simple = match op {
            Op::Const(_) => return Simple::Same,
            Op::Abs(a) => abs(a, r(a)),
            Op::Add(a, b) => self.add(a, b),
            Op::Sub(a, b) if self.is(b, 0.0) && a != b => Simple::Alias(a),
            Op::Mul(a, b) if self.is(a, 1.0) => Simple::Alias(b),
            Op::Mul(a, b) if self.is(b, 1.0) => Simple::Alias(a),
            Op::Min(a, b) => lower(a, b, r(a), r(b), 0.0),
            Op::Max(a, b) => lower(a, b, r(a).neg(), r(b).neg(), 0.0),
            Op::Select(i, a, b) => {
                // A choice that would leave the range is not made: this settles signs away from a surface.
                if r(i).lo > 0.0 || r(i).hi < 0.0 || a == b || r(b).is_apart(range) {
                    Simple::Alias(a)
                } else if self.is(i, 0.0) || r(a).is_apart(range) {
                    Simple::Alias(b)
                } else {
                    Simple::Same
                }
            }
            Op::Length2(a, b) => self.length2(op, a, b),
            Op::Length3(a, b, c) => self.length3(op, [a, b, c]),
            Op::Corner2(a, b) => self.corner2(op, a, b),
            Op::Corner3(a, b, c) => self.corner3(op, [a, b, c]),
            Op::SmoothMin(a, b, k) => lower(a, b, r(a), r(b), k),
            Op::SmoothMax(a, b, k) => lower(a, b, r(a).neg(), r(b).neg(), k),
            Op::ChamferMin(a, b, k) => chamfer(a, b, r(a), r(b), k),
            Op::ChamferMax(a, b, k) => chamfer(a, b, r(a).neg(), r(b).neg(), k),
            _ => Simple::Same,
        };
        match simple {
            // The same everywhere in the box.
            Simple::Same if range.is_point() => Simple::Op(Op::Const(range.lo)),
            simple => simple,
        }
    }

    fn add(&self, a: Id, b: Id) -> Simple {
        if self.is(b, 0.0) {
            return Simple::Alias(a);
        }
        if self.is(a, 0.0) {
            return Simple::Alias(b);
        }
        match (self.ops[a.index()], self.ops[b.index()]) {
            // max(v, 0) + min(v, 0) = v
            (Op::Max(v, p), Op::Min(w, q)) | (Op::Min(v, p), Op::Max(w, q))
                if v == w && self.is(p, 0.0) && self.is(q, 0.0) =>
            {
                Simple::Alias(v)
            }
            _ => Simple::Same,
        }
    }

    /// The length of two parts, of which one may be 0. The root of a square is exact in binary arithmetic.
    fn length2(&self, op: Op, a: Id, b: Id) -> Simple {
        let alone = |v: Id| if self.range(v).lo >= 0.0 { Simple::Alias(v) } else { Simple::Op(Op::Abs(v)) };
        if self.is(b, 0.0) {
            alone(a)
        } else if self.is(a, 0.0) {
            alone(b)
        } else if matches!(op, Op::Length2(..)) {
            Simple::Same
        } else {
            Simple::Op(Op::Length2(a, b))
        }
    }

    fn length3(&self, op: Op, [a, b, c]: [Id; 3]) -> Simple {
        if self.is(c, 0.0) {
            self.length2(op, a, b)
        } else if self.is(b, 0.0) {
            self.length2(op, a, c)
        } else if self.is(a, 0.0) {
            self.length2(op, b, c)
        } else {
            Simple::Same
        }
    }

    /// Whether a side of a corner plays no part: never positive, and never nearer than another side.
    fn is_behind(&self, v: Id, other: Id) -> bool {
        let (v, other) = (self.range(v), self.range(other));
        v.hi <= 0.0 && v.hi <= other.lo
    }

    /// The corner of two sides, of which one may play no part.
    fn corner2(&self, op: Op, a: Id, b: Id) -> Simple {
        if self.is_behind(b, a) {
            Simple::Alias(a)
        } else if self.is_behind(a, b) {
            Simple::Alias(b)
        } else if matches!(op, Op::Corner2(..)) {
            Simple::Same
        } else {
            Simple::Op(Op::Corner2(a, b))
        }
    }

    fn corner3(&self, op: Op, [a, b, c]: [Id; 3]) -> Simple {
        if self.is_behind(c, a) || self.is_behind(c, b) {
            self.corner2(op, a, b)
        } else if self.is_behind(b, a) || self.is_behind(b, c) {
            self.corner2(op, a, c)
        } else if self.is_behind(a, b) || self.is_behind(a, c) {
            self.corner2(op, b, c)
        } else {
            Simple::Same
        }
    }
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
