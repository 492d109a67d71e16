//! Everything in GVE-1 that crosses a file, a wire or a language, written once.
//!
//! | module | holds |
//! |---|---|
//! | [`dna`] | the recipe of an asset: metadata, a tree of shapes, a sound patch |
//! | [`material`] | engineering materials and the table of them that ships |
//! | [`document`] | what the Architect stores about an asset |
//! | [`compile`] | requests, stages, progress and results of a compile |
//! | [`api`] | what the REST interface takes and answers, beside these |
//! | [`event`] | the event bus: seven events and their payloads |
//! | [`protocol`] | the binary protocol: message types and the 18-byte frame header |
//! | [`snapshot`] | the scene snapshot that the hierarchy panel reads |
//! | [`limits`] | every maximum, in one place, with its reason |
//! | [`recipe`] | reading and checking a recipe; every finding carries a JSON path |
//! | [`file`] | what the metadata section of a `.gve_bin` says |
//! | [`text`] | names out of files, made fit to be shown |
//! | `testing` | random recipes, for tests; feature `testing` |
//!
//! TypeScript, JSON Schema and Pydantic models are generated from this source by
//! `cargo xtask codegen`; nothing in those languages is written by hand.
//! This crate knows no engine, no GPU, no async runtime and no file system.

pub mod api;
pub mod compile;
pub mod dna;
pub mod document;
pub mod event;
pub mod file;
pub mod limits;
pub mod material;
pub mod protocol;
pub mod recipe;
pub mod snapshot;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;

pub use dna::{AssetCategory, AssetDna, AssetMetadata, DnaNode};
pub use file::{Bounds, FileMetadata, FilePart, MassProperties, MissingFeature, PartFrame};
pub use material::{ColorMode, MaterialSpec, MaterialSpecId, MaterialTable};
pub use recipe::{RecipeError, Violation, parse_recipe, validate_recipe};
