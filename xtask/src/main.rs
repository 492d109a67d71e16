//! Project tasks. `cargo xtask --help` lists them.

mod arrows;
mod demo;
mod modules;
mod test;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use xtask::{
    setup::{self, Packages, Programs},
    shell,
    tool::{self, Tool},
};

/// Tasks of the GVE-1 project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = "Example: cargo xtask demo --light")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Set everything up, compile the sample library through the Architect and open the viewer on it.
    #[command(after_help = "Example: cargo xtask demo --light --headless --out out/pictures")]
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
    #[command(after_help = "Example: CARGO_TARGET_DIR=~/.cache/gve/target cargo xtask test")]
    Test,
    /// Check format, lints and dependency arrows.
    #[command(after_help = "Example: cargo xtask lint")]
    Lint,
    /// Install what building and testing needs, the native module of the Architect included.
    #[command(after_help = "Example: cargo xtask setup && cargo test --workspace")]
    Setup,
    /// Check the dependencies between crates against their rules and the picture in ARCHITECTURE.md, and that no
    /// modules of a crate depend on each other in a circle.
    #[command(after_help = "Example: cargo xtask arrows")]
    Arrows,
    #[command(flatten)]
    Tool(Tool),
}

fn main() -> anyhow::Result<()> {
    std::env::set_current_dir(shell::root()?)?;
    match Cli::parse().task {
        Task::Demo { headless, light, out } => demo::run(headless, light, &out),
        Task::Test => test::run(),
        Task::Lint => test::lint(),
        Task::Setup => set_up(),
        Task::Arrows => arrows::run(),
        Task::Tool(_) => {
            // It has the same command line, so the words go on as they are.
            let words: Vec<_> = std::env::args_os().skip(1).collect();
            tool::run(&words)
        }
    }
}

fn set_up() -> anyhow::Result<()> {
    setup::announce(Packages::Training, Programs::Demo, &[])?;
    let tools = setup::all()?;
    setup::build(Programs::Demo)?;
    setup::native_module(&tools.python)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn every_command_has_an_example() {
        fn check(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let is_group = command.has_subcommands();
            assert!(is_group || help.starts_with("Example: "), "{}: {help:?}", command.get_name());
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
