//! Assets in the formats of other programs: gaussian splats in and out, meshes out.
//!
//! | module | holds |
//! |---|---|
//! | `format` | [`Format`]: which formats there are, and what a file looks like |
//! | `error` | [`ReadError`], [`WriteError`] |
//! | `cloud` | [`SplatCloud`]: splats as other programs know them, spherical harmonics included |
//! | `color`, `turn` | sRGB and the first harmonic; quaternions, half turns and turned harmonics |
//! | `bytes` | reading bytes, no length trusted |
//! | [`ply`], [`spz`], [`gltf`] | splats in files |
//! | [`mesh`] | the shell of an asset as glTF, OBJ, STL and 3MF |
//! | [`gve`] | from a cloud to the splats of a `.gve_bin` and back |
//!
//! What each format says about axes, units and colours, and what a conversion loses, is in
//! `docs/interchange.md`. Readers trust no number in a file: nothing is allocated for a count that the file's
//! true length does not bear out, and errors say what was expected, what was found, and where.
//!
//! ```
//! use gve_interchange::{SplatCloud, ply, spz};
//!
//! let cloud = SplatCloud {
//!     positions: vec![[0.0, 1.0, 0.0]],
//!     rotations: vec![[0.0, 0.0, 0.0, 1.0]],
//!     scales: vec![[0.1, 0.1, 0.01]],
//!     opacities: vec![0.9],
//!     colors: vec![[0.8, 0.5, 0.2]],
//!     ..SplatCloud::default()
//! };
//! let file = ply::write(&cloud, ply::Axes::YDown)?;
//! let packed = spz::write(&ply::read(&file, ply::Axes::YDown)?, spz::Version::V3)?;
//! assert_eq!(spz::read(&packed)?.positions, cloud.positions);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bytes;
mod cloud;
mod color;
mod error;
mod format;
pub mod gltf;
pub mod gve;
pub mod mesh;
pub mod ply;
pub mod spz;
mod turn;

pub use cloud::{ColorSpace, MAX_DEGREE, MAX_SPLATS, SplatCloud, coefficients};
pub use error::{Place, ReadError, ReadErrorKind, WriteError};
pub use format::Format;
