//! Rotations as three or four bytes.

use crate::turn::normalized;

/// Largest size of a component that is not the largest one.
const MAX_OTHER: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// Largest of its nine bits.
const MAX_NINE_BITS: f32 = 511.0;

/// From x, y, z; w is what is left, and not below 0.
pub(super) fn from_three(bytes: &[u8]) -> [f32; 4] {
    let [x, y, z] = [0, 1, 2].map(|i| f32::from(bytes.get(i).copied().unwrap_or(0)) / 127.5 - 1.0);
    let w = (1.0 - x * x - y * y - z * z).max(0.0).sqrt();
    normalized([x, y, z, w])
}

pub(super) fn to_three(rotation: [f32; 4]) -> [u8; 3] {
    let [x, y, z, w] = normalized(rotation);
    let sign = if w < 0.0 { -1.0 } else { 1.0 };
    [x, y, z].map(|c| ((c * sign + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8)
}

/// From the three smallest components, ten bits each with their signs, and which one is left out.
pub(super) fn from_smallest(bytes: &[u8]) -> [f32; 4] {
    let bytes = [0, 1, 2, 3].map(|i| bytes.get(i).copied().unwrap_or(0));
    let packed = u32::from_le_bytes(bytes);
    let largest = (packed >> 30) as usize;
    let mut rotation = [0.0; 4];
    let mut left = 1.0_f32;
    // The first of them has the highest bits.
    let others = (0..4).filter(|&i| i != largest).zip([20, 10, 0]);
    for (i, shift) in others {
        let size = (packed >> shift & 0x1ff) as f32 / MAX_NINE_BITS * MAX_OTHER;
        rotation[i] = if packed >> shift & 0x200 == 0 { size } else { -size };
        left -= size * size;
    }
    // Three components that are all as large as they can be leave less than nothing.
    rotation[largest] = left.max(0.0).sqrt();
    normalized(rotation)
}

pub(super) fn to_smallest(rotation: [f32; 4]) -> [u8; 4] {
    let rotation = normalized(rotation);
    let largest = (1..4).fold(0, |best, i| if rotation[i].abs() > rotation[best].abs() { i } else { best });
    let sign = if rotation[largest] < 0.0 { -1.0 } else { 1.0 };
    let mut packed = (largest as u32) << 30;
    for (i, shift) in (0..4).filter(|&i| i != largest).zip([20, 10, 0]) {
        let component = rotation[i] * sign;
        let size = (component.abs() / MAX_OTHER * MAX_NINE_BITS).round().min(MAX_NINE_BITS) as u32;
        packed |= (size | u32::from(component < 0.0) << 9) << shift;
    }
    packed.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of a turn lies between two, as the distance of their quaternions.
    fn distance(a: [f32; 4], b: [f32; 4]) -> f32 {
        let away = |sign: f32| a.iter().zip(b).map(|(a, b)| (a - sign * b).powi(2)).sum::<f32>();
        away(1.0).min(away(-1.0)).sqrt()
    }

    #[test]
    fn rotations_come_back() {
        for i in 0..2000 {
            let t = i as f32;
            let q = normalized([(t * 0.7).sin(), (t * 1.3).cos(), (t * 0.31).sin(), (t * 2.1).cos()]);
            assert!(distance(from_smallest(&to_smallest(q)), q) < 2e-3, "{q:?}");
            // Where w is small its error is that of a root.
            assert!(distance(from_three(&to_three(q)), q) < 0.13, "{q:?}");
        }
        assert_eq!(from_smallest(&to_smallest([0.0, 0.0, 0.0, 1.0])), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(from_smallest(&[0xff; 4])[3], 0.0);
    }
}
