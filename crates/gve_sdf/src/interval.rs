//! Ranges of numbers, and how each operation maps them.

use crate::{math, tape::Op};

/// A closed range of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Smallest number.
    pub lo: f32,
    /// Largest number.
    pub hi: f32,
}

impl Interval {
    /// Every finite number.
    pub const ALL: Self = Self { lo: f32::NEG_INFINITY, hi: f32::INFINITY };

    /// The range from `lo` to `hi`.
    pub const fn new(lo: f32, hi: f32) -> Self {
        Self { lo, hi }
    }

    /// One number.
    pub const fn point(value: f32) -> Self {
        Self { lo: value, hi: value }
    }

    /// Whether `value` is inside.
    pub fn contains(&self, value: f32) -> bool {
        self.lo <= value && value <= self.hi
    }

    /// Whether the range is one finite number.
    pub fn is_point(&self) -> bool {
        self.lo == self.hi && self.lo.is_finite()
    }

    /// From end to end.
    pub fn width(&self) -> f32 {
        self.hi - self.lo
    }

    /// What both have in common; `self` where rounding has pulled them apart.
    pub(crate) fn meet(self, other: Self) -> Self {
        let met = Self { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) };
        if met.lo <= met.hi { met } else { self }
    }

    pub(crate) fn neg(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo }
    }

    fn abs(self) -> Self {
        if self.lo >= 0.0 {
            self
        } else if self.hi <= 0.0 {
            self.neg()
        } else {
            Self { lo: 0.0, hi: self.hi.max(-self.lo) }
        }
    }

    fn mul(self, other: Self) -> Self {
        // 0 * infinity counts as 0: an infinite end stands for "some large number".
        let times = |a: f32, b: f32| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let [a, b, c, d] = [
            times(self.lo, other.lo),
            times(self.lo, other.hi),
            times(self.hi, other.lo),
            times(self.hi, other.hi),
        ];
        Self { lo: a.min(b).min(c.min(d)), hi: a.max(b).max(c.max(d)) }
    }

    fn div(self, other: Self) -> Self {
        if other.lo > 0.0 || other.hi < 0.0 {
            let [a, b, c, d] =
                [self.lo / other.lo, self.lo / other.hi, self.hi / other.lo, self.hi / other.hi];
            let all = Self { lo: a.min(b).min(c.min(d)), hi: a.max(b).max(c.max(d)) };
            if all.lo.is_nan() || all.hi.is_nan() { Self::ALL } else { all }
        } else {
            Self::ALL
        }
    }

    /// Wider by `relative` of its own magnitude: for operations that round several times.
    fn widened(self, relative: f32, absolute: f32) -> Self {
        Self {
            lo: self.lo - self.lo.abs() * relative - absolute,
            hi: self.hi + self.hi.abs() * relative + absolute,
        }
    }

    fn sin(self, quarter_turns: f32) -> Self {
        let all = Self { lo: -1.0, hi: 1.0 };
        if !(self.width() < std::f32::consts::TAU) || self.lo.abs().max(self.hi.abs()) > 1e6 {
            return all;
        }
        // In units of half turns, shifted so that whole numbers are extrema: even ones maxima.
        let shift = (1.0 - quarter_turns) * 0.5;
        let lo = f64::from(self.lo) / std::f64::consts::PI - f64::from(shift);
        let hi = f64::from(self.hi) / std::f64::consts::PI - f64::from(shift);
        // A little wider, so that an extremum at the very end is not missed.
        let (first, last) = ((lo - 1e-5).ceil(), (hi + 1e-5).floor());
        let eval = |x: f32| if quarter_turns == 0.0 { math::sin(x) } else { math::cos(x) };
        let (a, b) = (eval(self.lo), eval(self.hi));
        let mut out = Self { lo: a.min(b), hi: a.max(b) }.widened(0.0, 4e-7);
        if first <= last {
            let even = |n: f64| n.rem_euclid(2.0) == 0.0;
            if even(first) || last > first {
                out.hi = 1.0;
            }
            if !even(first) || last > first {
                out.lo = -1.0;
            }
        }
        Self { lo: out.lo.max(-1.0), hi: out.hi.min(1.0) }
    }

    fn atan2(y: Self, x: Self) -> Self {
        use std::f32::consts::PI;
        let crosses_cut = x.lo <= 0.0 && y.lo <= 0.0 && y.hi >= 0.0;
        if crosses_cut || !(y.lo.is_finite() && y.hi.is_finite() && x.lo.is_finite() && x.hi.is_finite()) {
            return Self { lo: -PI, hi: PI };
        }
        // Away from the cut the angle is monotone along each side of the rectangle.
        let [a, b, c, d] = [
            math::atan2(y.lo, x.lo),
            math::atan2(y.lo, x.hi),
            math::atan2(y.hi, x.lo),
            math::atan2(y.hi, x.hi),
        ];
        Self { lo: a.min(b).min(c.min(d)), hi: a.max(b).max(c.max(d)) }.widened(0.0, 2e-6)
    }
}

/// The range of an operation over the ranges of its operands. It holds what evaluation in single
/// precision returns: rounding is monotone, so ends computed in single precision bound all that
/// lies between; operations that round more than once are widened by hand.
#[inline]
pub(crate) fn apply(op: &Op, xyz: &[Interval; 3], get: impl Fn(crate::tape::Id) -> Interval) -> Interval {
    match *op {
        Op::X => xyz[0],
        Op::Y => xyz[1],
        Op::Z => xyz[2],
        Op::Const(value) => Interval::point(value),
        Op::Neg(a) => get(a).neg(),
        Op::Abs(a) => get(a).abs(),
        Op::Sqrt(a) => {
            let a = get(a);
            Interval { lo: math::sqrt(a.lo), hi: math::sqrt(a.hi) }
        }
        Op::Square(a) => {
            let a = get(a).abs();
            Interval { lo: a.lo * a.lo, hi: a.hi * a.hi }
        }
        Op::Sin(a) => get(a).sin(0.0),
        Op::Cos(a) => get(a).sin(1.0),
        Op::Floor(a) => {
            let a = get(a);
            Interval { lo: a.lo.floor(), hi: a.hi.floor() }
        }
        Op::Add(a, b) => {
            let (a, b) = (get(a), get(b));
            Interval { lo: a.lo + b.lo, hi: a.hi + b.hi }
        }
        Op::Sub(a, b) => {
            let (a, b) = (get(a), get(b));
            Interval { lo: a.lo - b.hi, hi: a.hi - b.lo }
        }
        Op::Mul(a, b) => get(a).mul(get(b)),
        Op::Div(a, b) => get(a).div(get(b)),
        Op::Min(a, b) => {
            let (a, b) = (get(a), get(b));
            Interval { lo: a.lo.min(b.lo), hi: a.hi.min(b.hi) }
        }
        Op::Max(a, b) => {
            let (a, b) = (get(a), get(b));
            Interval { lo: a.lo.max(b.lo), hi: a.hi.max(b.hi) }
        }
        Op::Atan2(a, b) => Interval::atan2(get(a), get(b)),
        Op::Less(a, b) => {
            let (a, b) = (get(a), get(b));
            Interval { lo: if a.hi < b.lo { 1.0 } else { 0.0 }, hi: if a.lo < b.hi { 1.0 } else { 0.0 } }
        }
        Op::Select(c, a, b) => {
            let (c, a, b) = (get(c), get(a), get(b));
            if c.lo > 0.0 || c.hi < 0.0 {
                a
            } else if c.lo == 0.0 && c.hi == 0.0 {
                b
            } else {
                Interval { lo: a.lo.min(b.lo), hi: a.hi.max(b.hi) }
            }
        }
        // The four blends never decrease in either operand.
        Op::SmoothMin(a, b, k) => blend(get(a), get(b), |a, b| math::smooth_min(a, b, k), k),
        Op::SmoothMax(a, b, k) => blend(get(a), get(b), |a, b| math::smooth_max(a, b, k), k),
        Op::ChamferMin(a, b, r) => blend(get(a), get(b), |a, b| math::chamfer_min(a, b, r), r),
        Op::ChamferMax(a, b, r) => blend(get(a), get(b), |a, b| math::chamfer_max(a, b, r), r),
    }
}

fn blend(a: Interval, b: Interval, f: impl Fn(f32, f32) -> f32, radius: f32) -> Interval {
    if !(a.lo.is_finite() && a.hi.is_finite() && b.lo.is_finite() && b.hi.is_finite()) {
        return Interval::ALL;
    }
    Interval { lo: f(a.lo, b.lo), hi: f(a.hi, b.hi) }.widened(5e-7, 5e-7 * radius)
}
