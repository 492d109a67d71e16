//! Volumes, shells, splats and mass properties from a field.

mod error;
mod lattice;
pub mod shell;
pub mod volume;
mod walk;

pub use error::BakeError;
