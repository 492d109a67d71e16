//! Pictures in memory and measures between them.

use glam::Vec3;

/// A picture: linear colour over its background, and how much of each pixel the object covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Pixels along x.
    pub width: u32,
    /// Pixels along y.
    pub height: u32,
    /// Row by row from the top: linear red, green and blue (background included), coverage 0 to 1.
    pub pixels: Vec<[f32; 4]>,
}

impl Image {
    /// A picture of one colour.
    pub fn filled(size: [u32; 2], pixel: [f32; 4]) -> Self {
        Self { width: size[0], height: size[1], pixels: vec![pixel; size[0] as usize * size[1] as usize] }
    }

    /// Opaque 8-bit sRGB, row by row from the top: what a PNG holds.
    pub fn to_rgba8(&self) -> Vec<u8> {
        self.pixels
            .iter()
            .flat_map(|p| {
                let code = |x: f32| (srgb_from_linear(x) * 255.0 + 0.5) as u8;
                [code(p[0]), code(p[1]), code(p[2]), 255]
            })
            .collect()
    }
}

/// Encodes one linear channel, clamped to 0 to 1.
pub(super) fn srgb_from_linear(x: f32) -> f32 {
    let x = x.clamp(0.0, 1.0);
    if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 }
}

/// Decodes one 8-bit channel.
pub(crate) fn linear_from_srgb8(code: u8) -> f32 {
    let x = f32::from(code) / 255.0;
    if x <= 0.040_45 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
}

/// A grey of the given sRGB value, linear.
pub(super) fn grey(srgb: f32) -> Vec3 {
    Vec3::splat(if srgb <= 0.040_45 { srgb / 12.92 } else { ((srgb + 0.055) / 1.055).powf(2.4) })
}

/// Peak signal-to-noise ratio in decibels over all pixels and colour channels, in sRGB values of 8
/// bits; infinite for equal pictures, `None` when their sizes differ.
pub fn psnr_db(a: &Image, b: &Image) -> Option<f32> {
    if [a.width, a.height] != [b.width, b.height] || a.pixels.is_empty() {
        return None;
    }
    let mut sum = 0f64;
    for (p, q) in a.to_rgba8().chunks_exact(4).zip(b.to_rgba8().chunks_exact(4)) {
        for channel in 0..3 {
            let d = f64::from(p[channel]) - f64::from(q[channel]);
            sum += d * d;
        }
    }
    let mse = sum / (3 * a.pixels.len()) as f64;
    Some((10.0 * (255.0 * 255.0 / mse).log10()) as f32)
}

/// How many pixels are at least half covered in both pictures, and in either.
pub fn mask_overlap(a: &Image, b: &Image) -> [u64; 2] {
    let mut counts = [0, 0];
    for (p, q) in a.pixels.iter().zip(&b.pixels) {
        let (p, q) = (p[3] >= 0.5, q[3] >= 0.5);
        counts[0] += u64::from(p && q);
        counts[1] += u64::from(p || q);
    }
    counts
}
