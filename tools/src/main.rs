//! Tools that need the project's own crates. `cargo xtask` builds and starts them.

mod bench;
mod codegen;
mod docs;
mod roundtrip;

use clap::Parser;
use xtask::{shell, tool::Tool};

/// Tools of the GVE-1 project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    tool: Tool,
}

fn main() -> anyhow::Result<()> {
    std::env::set_current_dir(shell::root()?)?;
    match Cli::parse().tool {
        Tool::Codegen { check } => codegen::run(check),
        Tool::Docs { check } => docs::run(check),
        Tool::Bench { groups, json } => bench::run(&groups, json),
        Tool::Roundtrip(end) => roundtrip::run(end),
    }
}
