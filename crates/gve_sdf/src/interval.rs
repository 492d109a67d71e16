//! Ranges of numbers, and how each operation maps them.
//!
//! A mapped range holds what evaluation in single precision returns: rounding is monotone, so ends
//! computed in single precision bound all that lies between. Operations that are not monotone in what
//! they compute on the way are widened by hand.

use crate::math;

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

    /// Whether both have nothing in common.
    pub(crate) fn is_apart(self, other: Self) -> bool {
        self.hi < other.lo || self.lo > other.hi
    }

    /// What both have in common; `self` where rounding has pulled them apart.
    #[inline(always)]
    pub(crate) fn meet(self, other: Self) -> Self {
        // In this order an end of `self` that is not a number gives way.
        let met = Self { lo: math::max(other.lo, self.lo), hi: math::min(other.hi, self.hi) };
        if met.lo <= met.hi { met } else { self }
    }

    #[inline(always)]
    pub(crate) fn neg(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo }
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        let lo = math::max(math::max(self.lo, -self.hi), 0.0);
        Self { lo, hi: math::max(self.hi, -self.lo) }
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        Self { lo: math::sqrt(self.lo), hi: math::sqrt(self.hi) }
    }

    #[inline(always)]
    pub(crate) fn square(self) -> Self {
        let a = self.abs();
        Self { lo: a.lo * a.lo, hi: a.hi * a.hi }
    }

    #[inline(always)]
    pub(crate) fn floor(self) -> Self {
        Self { lo: self.lo.floor(), hi: self.hi.floor() }
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self { lo: self.lo + other.lo, hi: self.hi + other.hi }
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self { lo: self.lo - other.hi, hi: self.hi - other.lo }
    }

    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self { lo: math::min(self.lo, other.lo), hi: math::min(self.hi, other.hi) }
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self { lo: math::max(self.lo, other.lo), hi: math::max(self.hi, other.hi) }
    }

    #[inline(always)]
    pub(crate) fn less(self, other: Self) -> Self {
        Self { lo: math::less(self.hi, other.lo), hi: math::less(self.lo, other.hi) }
    }

    /// The range of `a` where the condition is not 0, of `b` where it is.
    #[inline(always)]
    pub(crate) fn select(condition: Self, a: Self, b: Self) -> Self {
        if condition.lo > 0.0 || condition.hi < 0.0 {
            a
        } else if condition == Self::point(0.0) {
            b
        } else {
            Self { lo: math::min(a.lo, b.lo), hi: math::max(a.hi, b.hi) }
        }
    }

    #[inline(always)]
    pub(crate) fn length2(self, b: Self) -> Self {
        let (a, b) = (self.abs(), b.abs());
        Self { lo: math::length2(a.lo, b.lo), hi: math::length2(a.hi, b.hi) }
    }

    #[inline(always)]
    pub(crate) fn length3(self, b: Self, c: Self) -> Self {
        let (a, b, c) = (self.abs(), b.abs(), c.abs());
        Self { lo: math::length3(a.lo, b.lo, c.lo), hi: math::length3(a.hi, b.hi, c.hi) }
    }

    #[inline(always)]
    pub(crate) fn corner2(self, b: Self) -> Self {
        Self { lo: math::corner2(self.lo, b.lo), hi: math::corner2(self.hi, b.hi) }
    }

    #[inline(always)]
    pub(crate) fn corner3(self, b: Self, c: Self) -> Self {
        Self { lo: math::corner3(self.lo, b.lo, c.lo), hi: math::corner3(self.hi, b.hi, c.hi) }
    }

    /// The range of a blend. The four blends never decrease in either operand, but round several times.
    #[inline(always)]
    pub(crate) fn blend(self, b: Self, radius: f32, f: impl Fn(f32, f32, f32) -> f32) -> Self {
        let blended =
            Self { lo: f(self.lo, b.lo, radius), hi: f(self.hi, b.hi, radius) }.widened(5e-7, 5e-7 * radius);
        let is_finite = self.lo.is_finite() & self.hi.is_finite() & b.lo.is_finite() & b.hi.is_finite();
        if is_finite { blended } else { Self::ALL }
    }

    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        // 0 * infinity counts as 0: an infinite end stands for "some large number".
        let times = |a: f32, b: f32| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let [a, b, c, d] = [
            times(self.lo, other.lo),
            times(self.lo, other.hi),
            times(self.hi, other.lo),
            times(self.hi, other.hi),
        ];
        Self {
            lo: math::min(math::min(a, b), math::min(c, d)),
            hi: math::max(math::max(a, b), math::max(c, d)),
        }
    }

    #[inline(always)]
    pub(crate) fn div(self, other: Self) -> Self {
        let [a, b, c, d] = [self.lo / other.lo, self.lo / other.hi, self.hi / other.lo, self.hi / other.hi];
        let all = Self {
            lo: math::min(math::min(a, b), math::min(c, d)),
            hi: math::max(math::max(a, b), math::max(c, d)),
        };
        let is_apart_from_0 = (other.lo > 0.0) | (other.hi < 0.0);
        let is_known = is_apart_from_0 & !all.lo.is_nan() & !all.hi.is_nan();
        if is_known { all } else { Self::ALL }
    }

    /// Wider by `relative` of its own magnitude: for operations that round several times.
    #[inline(always)]
    fn widened(self, relative: f32, absolute: f32) -> Self {
        Self {
            lo: self.lo - self.lo.abs() * relative - absolute,
            hi: self.hi + self.hi.abs() * relative + absolute,
        }
    }

    pub(crate) fn sin(self) -> Self {
        self.wave(math::sin, 0.5)
    }

    pub(crate) fn cos(self) -> Self {
        self.wave(math::cos, 0.0)
    }

    /// The range of a wave whose first maximum is at `maximum` half turns.
    fn wave(self, eval: impl Fn(f32) -> f32, maximum: f64) -> Self {
        let all = Self { lo: -1.0, hi: 1.0 };
        if self.width().is_nan()
            || self.width() >= std::f32::consts::TAU
            || self.lo.abs().max(self.hi.abs()) > 1e6
        {
            return all;
        }
        // In units of half turns, shifted so that whole numbers are extrema: even ones maxima.
        let lo = f64::from(self.lo) / std::f64::consts::PI - maximum;
        let hi = f64::from(self.hi) / std::f64::consts::PI - maximum;
        // A little wider, so that an extremum at the very end is not missed.
        let (first, last) = ((lo - 1e-5).ceil(), (hi + 1e-5).floor());
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

    pub(crate) fn atan2(y: Self, x: Self) -> Self {
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
        Self {
            lo: math::min(math::min(a, b), math::min(c, d)),
            hi: math::max(math::max(a, b), math::max(c, d)),
        }
        .widened(0.0, 2e-6)
    }
}
