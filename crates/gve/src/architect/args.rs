//! The command line of `push`, `watch` and `search`.

use std::path::PathBuf;

use clap::Args;
use gve_types::limits::{MAX_SPLAT_ITERATIONS, VOLUME_RESOLUTION};

/// Which Architect to talk to.
#[derive(Args)]
pub(crate) struct ServerArgs {
    /// The Architect's address; `GVE_SERVER` from the environment, or `http://127.0.0.1:8420`, when left out.
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
}

/// What to push, and how it is compiled.
#[derive(Args)]
pub(crate) struct PushArgs {
    /// The recipes, each a `.gve.json`.
    #[arg(required = true)]
    pub(crate) recipes: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// The second level of the asset's place, such as `furniture`.
    #[arg(long)]
    pub(crate) subcategory: Option<String>,
    /// Training iterations; the Architect's default when left out, 0 for none.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_SPLAT_ITERATIONS)))]
    pub(crate) iterations: Option<u32>,
    /// Cells along the longest side of volume and mesh, as `gve bake` counts them; the Architect's default when left
    /// out.
    #[arg(long,
        value_parser = clap::value_parser!(u32).range(i64::from(*VOLUME_RESOLUTION.start())..=i64::from(*VOLUME_RESOLUTION.end())))]
    pub(crate) resolution: Option<u32>,
    /// Save on top of whatever is stored, also if somebody else saved it.
    #[arg(long)]
    pub(crate) force: bool,
    /// Do not wait for the compile.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// What to watch.
#[derive(Args)]
pub(crate) struct WatchArgs {
    /// Recipes, or folders with all the recipes in them.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Do not train after a change: the splats stay as they are seeded, and are there at once.
    #[arg(long)]
    pub(crate) fast: bool,
}

/// What to look for.
#[derive(Args)]
pub(crate) struct SearchArgs {
    /// What the asset is, in words.
    pub(crate) text: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// At most so many assets.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,
}
