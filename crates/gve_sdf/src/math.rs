//! The scalar functions behind the tape's operations.
//!
//! They use only operations that IEEE 754 defines to the last bit, so they give the same result on
//! every machine, one point at a time or in SIMD lanes. They never return NaN for finite arguments,
//! except [`div`] by zero, which the lowering does not emit.

// Pi in three parts; the product of the first two with a whole number below 2^12 is exact.
const PI_A: f32 = 3.140625;
const PI_B: f32 = 0.000_967_621_8;
const PI_C: f32 = 3.178_651e-8;

// Chebyshev fits: sin(r)/r on |r| <= 1.6 (error 2e-11) and atan(t)/t on |t| <= 1 (error 2e-8), in r² and t².
const SIN: [f32; 6] = [1.0, -0.166_666_67, 0.008_333_331, -0.000_198_408_15, 2.752_285_6e-6, -2.384_656_7e-8];
const ATAN: [f32; 9] = [
    1.0,
    -0.333_330_36,
    0.199_918_72,
    -0.141_977_98,
    0.106_183_71,
    -0.074_568_55,
    0.042_137_623,
    -0.015_731_249,
    0.002_766_283_4,
];

/// The smaller; the first where they tie.
#[inline(always)]
pub fn min(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

/// The larger; the first where they tie.
#[inline(always)]
pub fn max(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// Square root; 0 below 0.
#[inline(always)]
pub fn sqrt(a: f32) -> f32 {
    max(a, 0.0).sqrt()
}

/// Division.
#[inline(always)]
pub fn div(a: f32, b: f32) -> f32 {
    a / b
}

#[inline(always)]
fn sin_poly(r: f32) -> f32 {
    // Far from the origin the reduction runs out of bits; the result must stay within -1 to 1.
    let r = max(min(r, 1.6), -1.6);
    let s = r * r;
    let mut p = SIN[5];
    p = p * s + SIN[4];
    p = p * s + SIN[3];
    p = p * s + SIN[2];
    p = p * s + SIN[1];
    p = p * s + SIN[0];
    max(min(p * r, 1.0), -1.0)
}

/// 1 for an even whole number, -1 for an odd one.
#[inline(always)]
fn parity_sign(n: f32) -> f32 {
    1.0 - 2.0 * (n - 2.0 * (n * 0.5).floor())
}

/// Sine, within 2e-7 for arguments below 1000; beyond 1e7 only its range is kept.
#[inline(always)]
pub fn sin(x: f32) -> f32 {
    let n = (x * std::f32::consts::FRAC_1_PI + 0.5).floor();
    let r = ((x - n * PI_A) - n * PI_B) - n * PI_C;
    sin_poly(r) * parity_sign(n)
}

/// Cosine, as exact as [`sin`].
#[inline(always)]
pub fn cos(x: f32) -> f32 {
    // cos(r + (n + 1/2) pi) = -sin(r) (-1)^n
    let n = (x * std::f32::consts::FRAC_1_PI).floor();
    let m = n + 0.5;
    let r = ((x - m * PI_A) - m * PI_B) - m * PI_C;
    sin_poly(r) * -parity_sign(n)
}

/// Angle of the point (x, y), from -pi to pi; 0 at the origin. Within 5e-7.
#[inline(always)]
pub fn atan2(y: f32, x: f32) -> f32 {
    use std::f32::consts::{FRAC_PI_2, PI};
    let (ax, ay) = (x.abs(), y.abs());
    let (small, large) = (min(ax, ay), max(ax, ay));
    let t = small / if large > 0.0 { large } else { 1.0 };
    let s = t * t;
    let mut p = ATAN[8];
    p = p * s + ATAN[7];
    p = p * s + ATAN[6];
    p = p * s + ATAN[5];
    p = p * s + ATAN[4];
    p = p * s + ATAN[3];
    p = p * s + ATAN[2];
    p = p * s + ATAN[1];
    p = p * s + ATAN[0];
    let r = p * t;
    let r = if ay > ax { FRAC_PI_2 - r } else { r };
    let r = if x < 0.0 { PI - r } else { r };
    if y < 0.0 { -r } else { r }
}

/// Length of the vector (a, b).
#[inline(always)]
pub fn length2(a: f32, b: f32) -> f32 {
    (a * a + b * b).sqrt()
}

/// Length of the vector (a, b, c).
#[inline(always)]
pub fn length3(a: f32, b: f32, c: f32) -> f32 {
    (a * a + b * b + c * c).sqrt()
}

/// Distance to the quadrant in which neither is positive.
#[inline(always)]
pub fn corner2(a: f32, b: f32) -> f32 {
    length2(max(a, 0.0), max(b, 0.0)) + min(max(a, b), 0.0)
}

/// Distance to the octant in which none is positive.
#[inline(always)]
pub fn corner3(a: f32, b: f32, c: f32) -> f32 {
    length3(max(a, 0.0), max(b, 0.0), max(c, 0.0)) + min(max(max(a, b), c), 0.0)
}

/// 1 where `a < b`, else 0.
#[inline(always)]
pub fn less(a: f32, b: f32) -> f32 {
    if a < b { 1.0 } else { 0.0 }
}

/// `a` where `c` is not 0, else `b`.
#[inline(always)]
pub fn select(c: f32, a: f32, b: f32) -> f32 {
    if c != 0.0 { a } else { b }
}

/// The smaller of two, rounded where they come within `k` of each other: the quadratic polynomial
/// blend, `min(a, b) - h² k / 4` with `h = max(k - |a - b|, 0) / k`.
#[inline(always)]
pub fn smooth_min(a: f32, b: f32, k: f32) -> f32 {
    let h = max(k - (a - b).abs(), 0.0);
    min(a, b) - h * h * (0.25 / k)
}

/// The mirror image of [`smooth_min`].
#[inline(always)]
pub fn smooth_max(a: f32, b: f32, k: f32) -> f32 {
    let h = max(k - (a - b).abs(), 0.0);
    max(a, b) + h * h * (0.25 / k)
}

/// The smallest of two and the plane that cuts their seam at 45 degrees.
#[inline(always)]
pub fn chamfer_min(a: f32, b: f32, r: f32) -> f32 {
    min(min(a, b), (a + b - r) * std::f32::consts::FRAC_1_SQRT_2)
}

/// The mirror image of [`chamfer_min`].
#[inline(always)]
pub fn chamfer_max(a: f32, b: f32, r: f32) -> f32 {
    max(max(a, b), (a + b + r) * std::f32::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_are_close() {
        for i in -200_000..200_000 {
            let x = i as f32 * 0.005;
            let exact = f64::from(x);
            assert!((f64::from(sin(x)) - exact.sin()).abs() < 2e-7, "sin {x}");
            assert!((f64::from(cos(x)) - exact.cos()).abs() < 2e-7, "cos {x}");
        }
        for x in [0.0, -0.0, 1e6, -1e9, 1e20, f32::MAX] {
            assert!(sin(x).abs() <= 1.0 && cos(x).abs() <= 1.0, "{x}");
        }
    }

    #[test]
    fn angles_are_close() {
        for i in 0..100_000 {
            let angle = (f64::from(i) / 100_000.0 * 2.0 - 1.0) * std::f64::consts::PI;
            for radius in [1e-20, 0.3, 1e4] {
                let (y, x) = ((radius * angle.sin()) as f32, (radius * angle.cos()) as f32);
                let exact = f64::from(y).atan2(f64::from(x));
                assert!((f64::from(atan2(y, x)) - exact).abs() < 5e-7, "{y} {x}");
            }
        }
        assert_eq!(atan2(0.0, 0.0), 0.0);
    }

    #[test]
    fn smooth_blends_meet_their_hard_ones() {
        assert_eq!(smooth_min(1.0, 1.5, 0.5), 1.0);
        assert_eq!(smooth_min(1.0, 1.0, 0.5), 0.875);
        assert_eq!(smooth_max(-1.0, -1.0, 0.5), -0.875);
        assert_eq!(chamfer_min(0.0, 0.0, 1.0), -std::f32::consts::FRAC_1_SQRT_2);
        assert_eq!(chamfer_min(-1.0, 4.0, 1.0), -1.0);
    }
}
