//! Pictures, and what tests ask of them.

use std::{fs::File, path::PathBuf};

/// Side of every picture in pixels; its rows need no padding when they are read back.
pub const SIZE: u32 = 256;

/// A picture of sRGB bytes.
#[derive(Clone)]
pub struct Picture {
    pub rgba: Vec<u8>,
}

impl Picture {
    pub fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let i = ((y * SIZE + x) * 4) as usize;
        self.rgba[i..i + 3].try_into().unwrap()
    }

    pub fn pixels(&self) -> impl Iterator<Item = [u8; 3]> {
        self.rgba.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2]])
    }

    /// Mean of the three channels over a square around a pixel.
    pub fn brightness(&self, x: u32, y: u32, reach: u32) -> f32 {
        let pixels = (y - reach..=y + reach).flat_map(|y| (x - reach..=x + reach).map(move |x| (x, y)));
        let values: Vec<f32> = pixels.flat_map(|(x, y)| self.at(x, y)).map(f32::from).collect();
        values.iter().sum::<f32>() / values.len() as f32
    }

    /// Pixels that are not the black background.
    pub fn mask(&self) -> Vec<bool> {
        self.pixels().map(|pixel| pixel.iter().any(|&channel| channel > 8)).collect()
    }

    pub fn covered(&self) -> usize {
        self.mask().into_iter().filter(|&covered| covered).count()
    }

    /// Intersection over union of what two pictures show.
    pub fn iou(&self, other: &Self) -> f32 {
        let pairs: Vec<_> = self.mask().into_iter().zip(other.mask()).collect();
        let both = pairs.iter().filter(|(a, b)| *a && *b).count();
        let either = pairs.iter().filter(|(a, b)| *a || *b).count();
        both as f32 / either.max(1) as f32
    }

    /// Mean difference per channel where both pictures show something, of 255.
    pub fn color_difference(&self, other: &Self) -> f32 {
        let (a, b) = (self.mask(), other.mask());
        let mut sum = 0.0;
        let mut count = 0;
        for (i, (pa, pb)) in self.pixels().zip(other.pixels()).enumerate() {
            if a[i] && b[i] {
                sum += (0..3).map(|c| f32::from(pa[c].abs_diff(pb[c]))).sum::<f32>() / 3.0;
                count += 1;
            }
        }
        sum / count.max(1) as f32
    }

    /// The share of the pixels in which some channel differs by more than a tolerance.
    pub fn other_pixels(&self, other: &Self, tolerance: u8) -> f32 {
        let differs = |(a, b): &([u8; 3], [u8; 3])| (0..3).any(|c| a[c].abs_diff(b[c]) > tolerance);
        let count = self.pixels().zip(other.pixels()).filter(differs).count();
        count as f32 / (SIZE * SIZE) as f32
    }

    /// Leaves the picture where a person can look at it, if `GVE_TEST_PICTURES` names a folder.
    pub fn keep(&self, name: &str) {
        let Some(folder) = std::env::var_os("GVE_TEST_PICTURES") else { return };
        let file = File::create(PathBuf::from(folder).join(format!("{name}.png"))).unwrap();
        let mut encoder = png::Encoder::new(file, SIZE, SIZE);
        encoder.set_color(png::ColorType::Rgb);
        let rgb: Vec<u8> = self.pixels().flatten().collect();
        encoder.write_header().unwrap().write_image_data(&rgb).unwrap();
    }
}
