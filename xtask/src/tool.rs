//! The command line of the tools that need the project's own crates.
//!
//! They are a program of their own, `gve_tools`: this one must be built before anything else and stays small.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::{
    setup::{self, Programs},
    shell,
};

/// What `gve_tools` does.
#[derive(Debug, Subcommand)]
pub enum Tool {
    /// Write the types of the other languages from the Rust source.
    #[command(after_help = "Example: cargo xtask codegen --check")]
    Codegen {
        /// Change nothing; fail if a generated file is out of date.
        #[arg(long)]
        check: bool,
    },
    /// Draw the pictures of the documentation.
    #[command(after_help = "Example: cargo xtask docs --check")]
    Docs {
        /// Change nothing; fail if an example in the text differs from its file.
        #[arg(long)]
        check: bool,
    },
    /// Measure, beside the peers in the same run.
    #[command(after_help = "Example: cargo xtask bench volume mesh --json > out/bench.json")]
    Bench {
        /// Which figures; all when none is named.
        groups: Vec<Group>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// The Rust ends of the round trips through other languages.
    #[command(subcommand)]
    Roundtrip(Roundtrip),
}

/// A group of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Group {
    /// Distance volumes beside fidget's evaluator.
    Volume,
    /// Dual contouring beside fidget's.
    Mesh,
    /// Splat seeding and its quality.
    Splats,
    /// Whole bakes, stage by stage.
    Bake,
    /// Opening files beside reading them.
    File,
    /// From a renamed file to a new picture.
    Reload,
    /// Rays at many objects, on one core.
    Pick,
    /// Frames of many splats on this machine's GPU.
    Render,
    /// The Architect: compiles with and without training, pushes, the torch graph, saves.
    Backend,
}

/// How many recipes travel.
pub const RECIPES: u64 = 300;

/// Which end of a round trip.
#[derive(Debug, Subcommand)]
pub enum Roundtrip {
    /// Set the tools up and make the whole journey.
    #[command(after_help = "Example: cargo xtask roundtrip run")]
    Run,
    /// Write random recipes, one per file.
    #[command(after_help = "Example: cargo xtask roundtrip emit out/recipes --count 10")]
    Emit {
        /// Where to; made if it is missing.
        folder: PathBuf,
        /// How many.
        #[arg(long, default_value_t = RECIPES)]
        count: u64,
    },
    /// Read the recipes that another language has written and compare each with the one emitted.
    #[command(after_help = "Example: cargo xtask roundtrip check out/recipes --count 10")]
    Check {
        /// Where from.
        folder: PathBuf,
        /// How many there must be.
        #[arg(long, default_value_t = RECIPES)]
        count: u64,
    },
}

/// Builds `gve_tools` and runs it with these words.
///
/// # Errors
/// When it cannot be built, or fails.
pub fn run(words: &[std::ffi::OsString]) -> anyhow::Result<()> {
    setup::build(Programs::Tools)?;
    shell::run(setup::program("gve_tools")?.args(words))
}
