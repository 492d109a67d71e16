//! Gradients of many points at once: forward-mode differentiation, a value and its three derivatives
//! side by side.
//!
//! Where a function has no derivative the one that is taken is finite: 0 for the root and the absolute
//! value at 0, that of the first operand where `min` and `max` tie.

use glam::Vec4;

use super::{
    code::{Code, Do, Instruction},
    level::{Level, at_level},
};
use crate::math;

/// Points per block.
const BLOCK: usize = 64;
/// A block with at most this many points runs its loops over so many: the last rounds of a search often ask
/// for a few points only.
const SMALL: usize = 16;

type Row = [f32; BLOCK];

/// The value and its derivatives along x, y and z.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Dual {
    v: Row,
    d: [Row; 3],
}

const ZERO: Dual = Dual { v: [0.0; BLOCK], d: [[0.0; BLOCK]; 3] };

/// Memory for gradients.
#[derive(Debug)]
pub(super) struct GradientScratch {
    #[expect(clippy::vec_box, reason = "a result is moved to its slot by exchanging two pointers")]
    slots: Vec<Box<Dual>>,
    spare: Box<Dual>,
    level: Level,
}

impl Default for GradientScratch {
    fn default() -> Self {
        Self { slots: Vec::new(), spare: Box::new(ZERO), level: Level::detect() }
    }
}

impl GradientScratch {
    pub(super) fn run(&mut self, code: &Code, xyz: [&[f32]; 3], out: &mut [Vec4]) {
        let count = xyz.iter().fold(out.len(), |n, v| n.min(v.len()));
        if self.slots.len() < code.slots {
            self.slots.resize_with(code.slots, || Box::new(ZERO));
        }
        let mut start = 0;
        while start < count {
            let length = (count - start).min(BLOCK);
            for (axis, (slot, source)) in self.slots.iter_mut().zip(xyz).enumerate() {
                slot.v[..length].copy_from_slice(&source[start..start + length]);
                for (i, d) in slot.d.iter_mut().enumerate() {
                    d.fill(if i == axis { 1.0 } else { 0.0 });
                }
            }
            if length <= SMALL {
                self.block::<SMALL>(&code.instructions);
            } else {
                self.block::<BLOCK>(&code.instructions);
            }
            let result = &self.slots[code.results[0] as usize];
            for (i, out) in out[start..start + length].iter_mut().enumerate() {
                *out = Vec4::new(result.d[0][i], result.d[1][i], result.d[2][i], result.v[i]);
            }
            start += length;
        }
    }

    fn block<const N: usize>(&mut self, instructions: &[Instruction]) {
        let (slots, spare) = (&mut self.slots, &mut self.spare);
        at_level!(
            self.level,
            run_block::<N>(slots: &mut [Box<Dual>], spare: &mut Box<Dual>, instructions: &[Instruction])
        );
    }
}

#[inline(always)]
fn run_block<const N: usize>(slots: &mut [Box<Dual>], spare: &mut Box<Dual>, instructions: &[Instruction]) {
    for i in instructions {
        let out = &mut **spare;
        let a = &*slots[i.a as usize];
        let b = &*slots[i.b as usize];
        let n = i.number;
        match i.what {
            Do::Const => {
                out.v.fill(n);
                out.d = [[0.0; BLOCK]; 3];
            }
            Do::Neg => chain::<N>(out, a, |a| (-a, -1.0)),
            Do::Abs => chain::<N>(out, a, |a| {
                (
                    a.abs(),
                    if a > 0.0 {
                        1.0
                    } else if a < 0.0 {
                        -1.0
                    } else {
                        0.0
                    },
                )
            }),
            Do::Sqrt => chain::<N>(out, a, |a| {
                let root = math::sqrt(a);
                (root, if root > 0.0 { 0.5 / root } else { 0.0 })
            }),
            Do::Square => chain::<N>(out, a, |a| (a * a, 2.0 * a)),
            Do::Sin => chain::<N>(out, a, |a| (math::sin(a), math::cos(a))),
            Do::Cos => chain::<N>(out, a, |a| (math::cos(a), -math::sin(a))),
            Do::Floor => chain::<N>(out, a, |a| (a.floor(), 0.0)),
            Do::Add => chain2::<N>(out, a, b, |a, b| (a + b, 1.0, 1.0)),
            Do::AddC => chain::<N>(out, a, |a| (a + n, 1.0)),
            Do::Sub => chain2::<N>(out, a, b, |a, b| (a - b, 1.0, -1.0)),
            Do::CSub => chain::<N>(out, a, |a| (n - a, -1.0)),
            Do::Mul => chain2::<N>(out, a, b, |a, b| (a * b, b, a)),
            Do::MulC => chain::<N>(out, a, |a| (a * n, n)),
            Do::Div => chain2::<N>(out, a, b, |a, b| {
                let inverse = if b == 0.0 { 0.0 } else { 1.0 / b };
                (math::div(a, b), inverse, -a * inverse * inverse)
            }),
            Do::DivC => chain::<N>(out, a, |a| (math::div(a, n), 1.0 / n)),
            Do::Min => choose::<N>(out, a, b, |a, b| b < a),
            Do::MinC => chain::<N>(out, a, |a| (math::min(a, n), if n < a { 0.0 } else { 1.0 })),
            Do::Max => choose::<N>(out, a, b, |a, b| b > a),
            Do::MaxC => chain::<N>(out, a, |a| (math::max(a, n), if n > a { 0.0 } else { 1.0 })),
            Do::Atan2 => chain2::<N>(out, a, b, |y, x| {
                let r2 = x * x + y * y;
                // Closer to the axis the inverse would overflow.
                let inverse = if r2 > 1e-30 { 1.0 / r2 } else { 0.0 };
                (math::atan2(y, x), x * inverse, -y * inverse)
            }),
            Do::Less => chain2::<N>(out, a, b, |a, b| (math::less(a, b), 0.0, 0.0)),
            Do::LessC => chain::<N>(out, a, |a| (math::less(a, n), 0.0)),
            Do::CLess => chain::<N>(out, a, |a| (math::less(n, a), 0.0)),
            Do::Select => {
                let c = &*slots[i.c as usize];
                for k in 0..N {
                    let first = a.v[k] != 0.0;
                    out.v[k] = if first { b.v[k] } else { c.v[k] };
                    for axis in 0..3 {
                        out.d[axis][k] = if first { b.d[axis][k] } else { c.d[axis][k] };
                    }
                }
            }
            Do::Length2 => chain2::<N>(out, a, b, |a, b| {
                let length = math::length2(a, b);
                let inverse = if length > 0.0 { 1.0 / length } else { 0.0 };
                (length, a * inverse, b * inverse)
            }),
            Do::Length3 => chain3::<N>(out, a, b, &slots[i.c as usize], |a, b, c| {
                let length = math::length3(a, b, c);
                let inverse = if length > 0.0 { 1.0 / length } else { 0.0 };
                (length, [a * inverse, b * inverse, c * inverse])
            }),
            Do::Corner2 => chain2::<N>(out, a, b, |a, b| {
                let (value, [by_a, by_b, _]) = corner(a, b, f32::NEG_INFINITY, math::corner2(a, b));
                (value, by_a, by_b)
            }),
            Do::Corner3 => {
                chain3::<N>(out, a, b, &slots[i.c as usize], |a, b, c| {
                    corner(a, b, c, math::corner3(a, b, c))
                });
            }
            Do::SmoothMin => chain2::<N>(out, a, b, |a, b| {
                let t = smooth_share(a, b, n);
                (math::smooth_min(a, b, n), if b < a { t } else { 1.0 - t }, if b < a { 1.0 - t } else { t })
            }),
            Do::SmoothMax => chain2::<N>(out, a, b, |a, b| {
                let t = smooth_share(a, b, n);
                (math::smooth_max(a, b, n), if b > a { t } else { 1.0 - t }, if b > a { 1.0 - t } else { t })
            }),
            Do::ChamferMin => chain2::<N>(out, a, b, |a, b| {
                let (m, plane) = (math::min(a, b), (a + b - n) * std::f32::consts::FRAC_1_SQRT_2);
                let (da, db) = chamfer_share(plane < m, b < a);
                (math::chamfer_min(a, b, n), da, db)
            }),
            Do::ChamferMax => chain2::<N>(out, a, b, |a, b| {
                let (m, plane) = (math::max(a, b), (a + b + n) * std::f32::consts::FRAC_1_SQRT_2);
                let (da, db) = chamfer_share(plane > m, b > a);
                (math::chamfer_max(a, b, n), da, db)
            }),
        }
        std::mem::swap(spare, &mut slots[i.out as usize]);
    }
}

/// Share of the farther operand in the derivative of a smooth blend: from 1/2 where they tie to 0 at
/// the edge of the seam.
#[inline(always)]
fn smooth_share(a: f32, b: f32, k: f32) -> f32 {
    math::max(k - (a - b).abs(), 0.0) * (0.5 / k)
}

#[inline(always)]
fn chamfer_share(on_plane: bool, second: bool) -> (f32, f32) {
    const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
    if on_plane {
        (HALF, HALF)
    } else if second {
        (0.0, 1.0)
    } else {
        (1.0, 0.0)
    }
}

/// A function of one value with its derivative.
#[inline(always)]
fn chain<const N: usize>(out: &mut Dual, a: &Dual, f: impl Fn(f32) -> (f32, f32)) {
    let Dual { v, d: [dx, dy, dz] } = out;
    for k in 0..N {
        let (value, slope) = f(a.v[k]);
        v[k] = value;
        dx[k] = slope * a.d[0][k];
        dy[k] = slope * a.d[1][k];
        dz[k] = slope * a.d[2][k];
    }
}

/// A function of two values with its two derivatives.
#[inline(always)]
fn chain2<const N: usize>(out: &mut Dual, a: &Dual, b: &Dual, f: impl Fn(f32, f32) -> (f32, f32, f32)) {
    let Dual { v, d: [dx, dy, dz] } = out;
    for k in 0..N {
        let (value, by_a, by_b) = f(a.v[k], b.v[k]);
        v[k] = value;
        dx[k] = by_a * a.d[0][k] + by_b * b.d[0][k];
        dy[k] = by_a * a.d[1][k] + by_b * b.d[1][k];
        dz[k] = by_a * a.d[2][k] + by_b * b.d[2][k];
    }
}

/// A function of three values with its three derivatives.
#[inline(always)]
fn chain3<const N: usize>(
    out: &mut Dual,
    a: &Dual,
    b: &Dual,
    c: &Dual,
    f: impl Fn(f32, f32, f32) -> (f32, [f32; 3]),
) {
    let Dual { v, d: [dx, dy, dz] } = out;
    for k in 0..N {
        let (value, by) = f(a.v[k], b.v[k], c.v[k]);
        v[k] = value;
        dx[k] = by[0] * a.d[0][k] + by[1] * b.d[0][k] + by[2] * c.d[0][k];
        dy[k] = by[0] * a.d[1][k] + by[1] * b.d[1][k] + by[2] * c.d[1][k];
        dz[k] = by[0] * a.d[2][k] + by[1] * b.d[2][k] + by[2] * c.d[2][k];
    }
}

/// Derivatives of a corner: outside, the direction from the nearest point; inside and on the surface,
/// those of the nearest side, the first of those that tie.
#[inline(always)]
fn corner(a: f32, b: f32, c: f32, value: f32) -> (f32, [f32; 3]) {
    let outside = value > 0.0;
    let inverse = if outside { 1.0 / value } else { 0.0 };
    let third = c > math::max(a, b);
    let second = !third && b > a;
    let first = !third && !second;
    let share = |v: f32, nearest: bool| {
        if outside {
            math::max(v, 0.0) * inverse
        } else if nearest {
            1.0
        } else {
            0.0
        }
    };
    (value, [share(a, first), share(b, second), share(c, third)])
}

/// One of two values with its derivatives.
#[inline(always)]
fn choose<const N: usize>(out: &mut Dual, a: &Dual, b: &Dual, second: impl Fn(f32, f32) -> bool) {
    for k in 0..N {
        let second = second(a.v[k], b.v[k]);
        out.v[k] = if second { b.v[k] } else { a.v[k] };
        for axis in 0..3 {
            out.d[axis][k] = if second { b.d[axis][k] } else { a.d[axis][k] };
        }
    }
}
