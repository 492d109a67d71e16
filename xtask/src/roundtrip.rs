//! The Rust ends of the round trips through other languages: recipes go out as JSON, come back as
//! JSON, and must be the same values.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Subcommand;
use gve_types::{AssetDna, MaterialTable, parse_recipe, testing::random_dna};

/// Which end.
#[derive(Subcommand)]
pub enum Task {
    /// Write random recipes, one per file.
    Emit {
        /// Where to; made if it is missing.
        folder: PathBuf,
        /// How many.
        #[arg(long, default_value_t = 300)]
        count: u64,
    },
    /// Read the recipes that another language has written and compare each with the one emitted.
    Check {
        /// Where from.
        folder: PathBuf,
        /// How many there must be.
        #[arg(long, default_value_t = 300)]
        count: u64,
    },
}

/// Runs one end.
pub fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Emit { folder, count } => emit(&folder, count),
        Task::Check { folder, count } => check(&folder, count),
    }
}

fn file(folder: &Path, seed: u64) -> PathBuf {
    folder.join(format!("{seed:04}.gve.json"))
}

fn emit(folder: &Path, count: u64) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for seed in 0..count {
        let path = file(folder, seed);
        fs::write(&path, serde_json::to_string(&random_dna(seed))?)
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn check(folder: &Path, count: u64) -> anyhow::Result<()> {
    let mut nodes = 0;
    for seed in 0..count {
        let path = file(folder, seed);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let found = parse_recipe(&text, MaterialTable::builtin())
            .with_context(|| format!("{} came back as no recipe", path.display()))?;
        let sent = random_dna(seed);
        if found != sent {
            bail!(
                "{} came back changed:\nsent  {}\nfound {}",
                path.display(),
                serde_json::to_string(&sent)?,
                serde_json::to_string(&found)?
            );
        }
        nodes += size(&sent);
    }
    crate::shell::note(&format!("{count} recipes with {nodes} nodes came back unchanged"));
    Ok(())
}

fn size(dna: &AssetDna) -> usize {
    let mut open = vec![&dna.root_node];
    let mut count = 0;
    while let Some(node) = open.pop() {
        count += 1;
        open.extend(node.children().into_iter().map(|(_, child)| child));
    }
    count
}
