//! Reader and writer of `.gve_bin` files, the one place that knows their bytes.
//!
//! | module | holds |
//! |---|---|
//! | `model`, `volume` | what a file holds, as plain data: [`AssetData`] and its parts |
//! | [`layout`] | the bytes: every constant, header and offset of `docs/format.md` |
//! | `view` | the same parts as slices into a file: [`VolumeView`], [`ShellView`] |
//! | `lookup` | what a volume holds at a point: [`VolumeView::lookup`], [`VolumeView::sample`] |
//! | [`query`] | rays and distances: [`VolumeView::cast_ray`], [`VolumeView::field`], [`query::ShellTree`] |
//! | `flat` | volumes without levels, which become trees of one: [`FlatVolume`] |
//! | `reader` | [`AssetFile`]: maps a file, checks all of it, hands out views |
//! | `prefix` | [`AssetPrefix`]: the same for what is there of a file that is still arriving |
//! | `directory` | [`Directory`]: the header and the list of sections |
//! | `parse`, `sections` | from bytes to sections, no number trusted; from those to views |
//! | `v1` | files of format version 1, read into memory as version 2 |
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
//! let level = volume.levels()[0];
//! let texture: &[u8] = bytemuck::cast_slice(level.distances); // mapped bytes, ready for the GPU
//! # let _ = texture;
//! # Ok(())
//! # }
//! ```

#[cfg(target_endian = "big")]
compile_error!("files are little-endian and read without conversion; this target is big-endian");

mod buffer;
mod check;
mod directory;
mod error;
mod flat;
mod foreign;
pub mod layout;
mod lookup;
mod model;
mod parse;
mod prefix;
pub mod query;
mod reader;
pub mod replace;
mod scan;
mod sections;
mod v1;
mod version;
mod view;
mod volume;
mod writer;

pub use directory::Directory;
pub use error::{Fault, ReadError, Section, WriteError};
pub use flat::{FlatCell, FlatVolume};
pub use layout::{DirectoryEntry, Header};
pub use lookup::{Brick, Lookup, Sample};
pub use model::*;
pub use prefix::AssetPrefix;
pub use reader::{AssetFile, OpenOptions, read_header, read_metadata};
pub use view::{LevelView, ShellView, VolumeView};
pub use volume::*;
pub use writer::{encode, write};
