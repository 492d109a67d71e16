//! The `gve` command.

mod architect;
mod args;
mod cli;
mod commands;
mod failure;
mod input;
mod output;
mod picture;
mod report;
mod signals;
mod target;
mod watcher;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(std::env::args_os())
}
