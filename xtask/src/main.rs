//! Project tasks. `cargo xtask --help` lists them.

mod architect;
mod arrows;
mod bench;
mod codegen;
mod demo;
mod docs;
mod roundtrip;
mod setup;
mod shell;
mod test;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Tasks of the GVE-1 project.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Set everything up, compile the sample library through the Architect and open the viewer on it.
    Demo {
        /// Leave PyTorch out: splats are seeded but not trained.
        #[arg(long)]
        light: bool,
        /// Draw pictures instead of opening a window; the default where there is no display.
        #[arg(long)]
        headless: bool,
        /// Where the pictures go.
        #[arg(long, default_value = "out/demo")]
        out: PathBuf,
    },
    /// Set everything up and run every check and test.
    Test,
    /// Check format, lints and dependency arrows.
    Lint,
    /// Install what building and testing needs.
    Setup,
    /// Write the types of the other languages from the Rust source.
    Codegen {
        /// Change nothing; fail if a generated file is out of date.
        #[arg(long)]
        check: bool,
    },
    /// Draw the pictures of the documentation.
    Docs {
        /// Change nothing; fail if an example in the text differs from its file.
        #[arg(long)]
        check: bool,
    },
    /// Measure, beside the peers in the same run.
    Bench {
        /// Which figures; all when none is named.
        groups: Vec<bench::Group>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check the dependencies between crates against their rules and the picture in ARCHITECTURE.md.
    Arrows,
    /// The Rust ends of the round trips through other languages.
    #[command(subcommand)]
    Roundtrip(roundtrip::Task),
}

fn main() -> anyhow::Result<()> {
    std::env::set_current_dir(shell::root()?)?;
    match Cli::parse().task {
        Task::Demo { headless, light, out } => demo::run(headless, light, &out),
        Task::Test => test::run(),
        Task::Lint => test::lint(),
        Task::Setup => setup::all().map(|_| ()),
        Task::Codegen { check } => codegen::run(check),
        Task::Docs { check } => docs::run(check),
        Task::Bench { groups, json } => bench::run(&groups, json),
        Task::Arrows => arrows::run(),
        Task::Roundtrip(task) => roundtrip::run(task),
    }
}
