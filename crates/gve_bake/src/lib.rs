//! Volumes, shells, splats and mass properties from a field.

mod error;
mod lattice;
pub mod mass;
mod pipeline;
mod points;
pub mod render;
pub mod shell;
pub mod splats;
mod survey;
#[cfg(test)]
mod test_recipes;
pub mod volume;
mod walk;

pub use error::BakeError;
pub use pipeline::{BakeOptions, BakeOutput, Progress, StageTime, bake, dna_hash};
