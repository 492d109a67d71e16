//! Gaussian splats in PLY, as the reference implementation of 3D gaussian splatting writes them.
//!
//! Read are binary files of both byte orders and text; numbers of any of PLY's types; properties in any order,
//! with others between them; other elements before and after. Required are `x y z`, `f_dc_0` to `f_dc_2`,
//! `opacity`, `scale_0` to `scale_2` and `rot_0` to `rot_3`. Without `f_rest_0…` there are no harmonics.
//! Written are binary little-endian files with the reference's properties in its order.
//!
//! | property | means |
//! |---|---|
//! | `f_dc_*` | red, green and blue coefficient of degree 0: colour = ½ + ½ √(1/π) · `f_dc` |
//! | `f_rest_*` | coefficients from degree 1 on: all of red, then all of green, then all of blue |
//! | `opacity` | logit: opacity = 1 / (1 + e^-x) |
//! | `scale_*` | natural logarithms of the standard deviations |
//! | `rot_*` | quaternion w, x, y, z, of any length |

mod body;
mod header;
mod write;

use crate::{
    cloud::{SplatCloud, check_count},
    error::{Place, ReadError},
    format::Format,
    turn,
};
use header::Header;

pub use write::write;

/// Which way the axes of a PLY file point, which the file does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Axes {
    /// x right, y down, z away from the viewer: those of the cameras that splats are trained with, and what
    /// most programs take a PLY file for.
    #[default]
    YDown,
    /// x right, y up, z towards the viewer: those of a [`SplatCloud`].
    YUp,
}

/// The smallest and largest opacity that is written, so that its logit is finite.
const OPACITY: std::ops::RangeInclusive<f32> = 1e-6..=1.0 - 1e-6;

/// Reads a file.
///
/// # Errors
/// [`ReadError`]: what is not a PLY file of gaussian splats, is cut short, or holds what no splat may have.
pub fn read(bytes: &[u8], axes: Axes) -> Result<SplatCloud, ReadError> {
    let header = Header::parse(bytes)?;
    let (at, count) = header.splats()?;
    check_count(Format::Ply, Place::Line(header.elements[at].line), count)?;
    let mut cloud = body::read(bytes, &header, at)?;
    if axes == Axes::YDown {
        half_turn(&mut cloud);
    }
    Ok(cloud)
}

/// Turns the axes of one kind into those of the other.
fn half_turn(cloud: &mut SplatCloud) {
    cloud.positions.iter_mut().for_each(|p| *p = turn::half_turn_position(*p));
    cloud.rotations.iter_mut().for_each(|q| *q = turn::half_turn_rotation(*q));
    let count = crate::cloud::coefficients(cloud.degree);
    if count > 0 {
        cloud.harmonics.chunks_exact_mut(count).for_each(turn::half_turn_harmonics);
    }
}
