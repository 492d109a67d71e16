//! Reader and writer of `.gve_bin` files, the one place that knows their bytes.
//!
//! | module | holds |
//! |---|---|
//! | `model` | what a file holds, as plain data: [`AssetData`] and its parts |
//! | [`layout`] | the bytes: every constant, header and offset of `docs/format.md` |
//! | `view` | the same parts as slices into a file: [`VolumeView`], [`ShellView`] |
//! | `reader` | [`AssetFile`]: maps a file, checks all of it, hands out views |
//! | `parse` | from bytes to sections, no number trusted |
//! | `writer` | [`encode`] and [`write()`] |
//! | [`replace`] | files that are replaced as a whole or not at all |
//! | `check`, `scan` | what makes contents valid, and one parallel pass over them with the checksum |
//!
//! Reader and writer apply the same checks: what [`encode`] returns, [`AssetFile`] accepts.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let chair = gve_assets::AssetFile::open("chair.gve_bin")?;
//! println!("{}: {} splats", chair.metadata().name, chair.splats().len());
//! let volume = chair.volume();
//! let texture: &[u8] = bytemuck::cast_slice(volume.distances); // mapped bytes, ready for the GPU
//! # let _ = texture;
//! # Ok(())
//! # }
//! ```

#[cfg(target_endian = "big")]
compile_error!("files are little-endian and read without conversion; this target is big-endian");

mod buffer;
mod check;
mod error;
mod foreign;
pub mod layout;
mod model;
mod parse;
mod reader;
pub mod replace;
mod scan;
mod view;
mod writer;

pub use error::{Fault, ReadError, Section, WriteError};
pub use layout::Header;
pub use model::*;
pub use reader::{AssetFile, OpenOptions, read_header};
pub use view::{ShellView, VolumeView};
pub use writer::{encode, write};
