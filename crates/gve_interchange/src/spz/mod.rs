//! Packed gaussian splats: SPZ, versions 1 to 4.
//!
//! Read are versions 1 to 3, a gzip stream, and 4, a zstd stream for each attribute; written are 2, 3 and 4.
//! The axes are those of a [`SplatCloud`]: x right, y up, z towards the viewer.
//!
//! | attribute | bytes | holds |
//! |---|---:|---|
//! | position | 9 | three 24-bit fixed point numbers; version 1: three half floats |
//! | opacity | 1 | times 255 |
//! | colour | 3 | 0.15 times the coefficient of degree 0, plus ½, times 255 |
//! | scale | 3 | 16 times the natural logarithm plus 10 |
//! | rotation | 4 | which component is the largest, and 10 bits for each of the others; versions 1 and 2: 3 bytes x, y, z |
//! | harmonics | 3 each | 128 times the coefficient, plus 128 |

mod attributes;
mod container;
mod quantize;
mod rotation;

use crate::{
    cloud::{MAX_SPLATS, SplatCloud, coefficients},
    error::{ReadError, WriteError},
    format::Format,
};
use attributes::{Attributes, Head};

/// A version of the format that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Version {
    /// The oldest that readers are met with; rotations are coarse.
    V2,
    /// What most readers take.
    #[default]
    V3,
    /// Packed by zstd, since May 2026.
    V4,
}

impl Version {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V2, Self::V3, Self::V4];

    /// Its number in the file.
    pub fn number(self) -> u32 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    /// The version of a number, if it can be written.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.number() == number)
    }
}

/// Bytes that any file may unpack to.
pub const FREE_BYTES: u64 = 16 << 20;
/// Above [`FREE_BYTES`], how many bytes a file may unpack to for each of its own.
pub const MAX_RATIO: u64 = 1024;

/// Most bytes that a file of some length may unpack to.
fn most_unpacked(file: u64) -> u64 {
    FREE_BYTES.max(file.saturating_mul(MAX_RATIO)).min(MAX_SPLATS * 80)
}

/// Reads a file.
///
/// Extensions are left out, but for the one that names other axes: a file that does is refused.
///
/// # Errors
/// [`ReadError`]: what is not an SPZ file, is cut short or damaged, or unpacks to more than it may.
pub fn read(bytes: &[u8]) -> Result<SplatCloud, ReadError> {
    container::read(bytes)?.to_cloud()
}

/// The cloud as a file, in sRGB.
///
/// Positions are rounded to the finest steps at which the farthest of them fits (1 µm for what is within 8 m of
/// the origin, ¼ mm within 2 km), standard deviations to 3 %, and kept between 45 µm and 380 m; opacities to
/// 0.2 %, colours to 0.4 % of white and kept between -0.44 and 1.44, harmonics to 0.4 % and kept between -1 and 1.
///
/// # Errors
/// [`WriteError`] for what no splat may have, and positions beyond 8000 km.
pub fn write(cloud: &SplatCloud, version: Version) -> Result<Vec<u8>, WriteError> {
    cloud.check(Format::Spz)?;
    if cloud.is_empty() {
        return Err(WriteError::new(Format::Spz, "splats", "at least one", 0));
    }
    let mut srgb = None;
    let cloud = match cloud.color_space {
        crate::ColorSpace::Srgb => cloud,
        crate::ColorSpace::Linear => {
            let copy = srgb.insert(cloud.clone());
            copy.to_srgb();
            copy
        }
    };
    let farthest = cloud.positions.as_flattened().iter().fold(0.0, |a: f32, c| a.max(c.abs()));
    let Some(fractional_bits) = (0..=20_u8).rev().find(|&bits| quantize::fits(farthest, bits)) else {
        let expected = "positions within 8000 km of the origin";
        return Err(WriteError::new(Format::Spz, "position", expected, format!("{farthest} m")));
    };
    let head = Head {
        version: version.number(),
        splats: cloud.len() as u32,
        degree: cloud.degree,
        fractional_bits,
        antialiased: cloud.antialiased,
    };
    let attributes = Attributes::of(head, cloud);
    Ok(if version == Version::V4 {
        container::write_zstd(&attributes)
    } else {
        container::write_gzip(&attributes)
    })
}

/// Whether a file that begins like this is one of packed splats: gzip data alone can be anything, so its head is
/// unpacked.
pub fn looks_like(start: &[u8]) -> bool {
    container::looks_like(start)
}

/// Bytes of harmonics of one splat.
fn harmonic_bytes(degree: u8) -> u64 {
    3 * coefficients(degree) as u64
}
