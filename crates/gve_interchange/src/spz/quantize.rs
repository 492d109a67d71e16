//! Numbers of splats as few bits.

use crate::color;

/// A colour spans more than 0 to 1: harmonics may bring it back.
const COLOR_SCALE: f32 = 0.15;

fn byte(number: f32) -> u8 {
    number.round().clamp(0.0, 255.0) as u8
}

/// Whether a length fits 24 bits with so many behind the point.
pub(super) fn fits(length: f32, fractional_bits: u8) -> bool {
    (length * steps(fractional_bits)).round() <= 8_388_607.0
}

/// Steps in one metre.
fn steps(fractional_bits: u8) -> f32 {
    (1_u32 << fractional_bits.min(31)) as f32
}

pub(super) fn position(bytes: &[u8], fractional_bits: u8) -> f32 {
    let [a, b, c] = [0, 1, 2].map(|i| bytes.get(i).copied().unwrap_or(0));
    // The sign is the highest of 24 bits.
    let fixed = i32::from_le_bytes([0, a, b, c]) >> 8;
    fixed as f32 / steps(fractional_bits)
}

pub(super) fn to_position(position: f32, fractional_bits: u8) -> [u8; 3] {
    let [a, b, c, _] = ((position * steps(fractional_bits)).round() as i32).to_le_bytes();
    [a, b, c]
}

pub(super) fn opacity(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

pub(super) fn to_opacity(opacity: f32) -> u8 {
    byte(opacity * 255.0)
}

pub(super) fn color(byte: u8) -> f32 {
    color::from_coefficient((f32::from(byte) / 255.0 - 0.5) / COLOR_SCALE)
}

pub(super) fn to_color(color: f32) -> u8 {
    byte((color::to_coefficient(color) * COLOR_SCALE + 0.5) * 255.0)
}

pub(super) fn scale(byte: u8) -> f32 {
    (f32::from(byte) / 16.0 - 10.0).exp()
}

pub(super) fn to_scale(scale: f32) -> u8 {
    byte((scale.ln() + 10.0) * 16.0)
}

pub(super) fn harmonic(byte: u8) -> f32 {
    (f32::from(byte) - 128.0) / 128.0
}

pub(super) fn to_harmonic(coefficient: f32) -> u8 {
    byte(coefficient * 128.0 + 128.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        for b in 0..=255 {
            assert_eq!(to_opacity(opacity(b)), b);
            assert_eq!(to_color(color(b)), b);
            assert_eq!(to_scale(scale(b)), b);
            assert_eq!(to_harmonic(harmonic(b)), b);
        }
        assert_eq!((to_scale(0.0), to_scale(1e9)), (0, 255));
    }

    #[test]
    fn positions_keep_their_sign() {
        for p in [0.0, 1.0, -1.0, 7.5, -7.999, 1.0 / 1024.0] {
            assert!((position(&to_position(p, 20), 20) - p).abs() <= 0.5 / 1_048_576.0, "{p}");
        }
        assert!(fits(7.99, 20) && !fits(8.0, 20) && fits(8.0, 19) && !fits(1e7, 0));
    }
}
