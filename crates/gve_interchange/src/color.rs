//! Colours: sRGB, and the harmonic of degree 0.

/// The harmonic of degree 0, ½ √(1/π): a colour is ½ more than its coefficient times this.
const DEGREE_0: f32 = 0.282_094_8;

/// The colour that a coefficient of degree 0 stands for.
pub(crate) fn from_coefficient(coefficient: f32) -> f32 {
    0.5 + DEGREE_0 * coefficient
}

/// The coefficient of degree 0 that stands for a colour.
pub(crate) fn to_coefficient(color: f32) -> f32 {
    (color - 0.5) / DEGREE_0
}

/// IEC 61966-2-1; odd, so that what is below 0 keeps its sign.
pub(crate) fn srgb_to_linear(c: f32) -> f32 {
    let a = c.abs();
    let linear = if a <= 0.04045 { a / 12.92 } else { ((a + 0.055) / 1.055).powf(2.4) };
    linear.copysign(c)
}

/// The inverse of [`srgb_to_linear`].
pub(crate) fn linear_to_srgb(c: f32) -> f32 {
    let a = c.abs();
    let srgb = if a <= 0.003_130_8 { a * 12.92 } else { 1.055 * a.powf(1.0 / 2.4) - 0.055 };
    srgb.copysign(c)
}

/// How fast [`linear_to_srgb`] rises.
pub(crate) fn linear_to_srgb_slope(c: f32) -> f32 {
    let a = c.abs();
    if a <= 0.003_130_8 { 12.92 } else { 1.055 / 2.4 * a.powf(1.0 / 2.4 - 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn srgb_is_inverted() {
        for i in -300..=300_i16 {
            let c = f32::from(i) / 200.0;
            assert!((linear_to_srgb(srgb_to_linear(c)) - c).abs() < 1e-6, "{c}");
            let around = (linear_to_srgb(c + 1e-3) - linear_to_srgb(c - 1e-3)) / 2e-3;
            if c.abs() > 0.02 {
                assert!((around / linear_to_srgb_slope(c) - 1.0).abs() < 1e-2, "{c}");
            }
        }
        assert!((srgb_to_linear(0.5) - 0.214_041).abs() < 1e-6);
    }

    #[test]
    fn a_coefficient_of_0_is_grey() {
        assert_eq!(from_coefficient(0.0), 0.5);
        assert!((from_coefficient(to_coefficient(0.9)) - 0.9).abs() < 1e-6);
    }
}
