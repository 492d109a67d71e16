//! Volumes, shells, splats and mass properties from a field.

mod error;
mod far;
mod lattice;
pub mod mass;
mod pipeline;
mod points;
pub mod raster;
pub mod render;
pub mod shell;
pub mod splats;
mod survey;
#[cfg(test)]
mod test_recipes;
pub mod volume;
mod walk;
mod warning;
mod watch;

pub use error::BakeError;
pub use pipeline::{
    BakeOptions, BakeOutput, COMPILER_VERSION, Parts, Progress, StageTime, Stamp, assemble, bake, dna_hash,
    volume_cells,
};
pub use watch::Watch;
