//! What project tasks share: running programs, setting the machine up, starting the Architect.

#![warn(missing_docs)]

pub mod architect;
pub mod setup;
pub mod shell;
pub mod tool;

use std::{fs, path::PathBuf};

use anyhow::Context;

/// Where the sample recipes are.
pub const LIBRARY: &str = "assets/library";

/// The sample recipes, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn recipes() -> anyhow::Result<Vec<PathBuf>> {
    let mut recipes: Vec<PathBuf> = fs::read_dir(LIBRARY)
        .context(LIBRARY)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(".gve.json"))
        .collect();
    recipes.sort();
    Ok(recipes)
}
