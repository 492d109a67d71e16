//! Every check and every test, in the order in which they fail fastest.

use std::process::Command;

use crate::{
    arrows, codegen, docs, setup,
    shell::{self, cargo},
};

/// Sets everything up and runs all of it.
pub fn run() -> anyhow::Result<()> {
    let tools = setup::all()?;
    shell::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    arrows::run()?;
    codegen::run(true)?;
    docs::run(true)?;
    shell::run(&mut cargo(&["test", "--workspace", "--all-targets"]))?;
    shell::run(&mut cargo(&["test", "--workspace", "--doc"]))?;
    shell::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    other_languages(&tools)
}

/// Format, lints and arrows.
pub fn lint() -> anyhow::Result<()> {
    setup::system()?;
    shell::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    arrows::run()?;
    shell::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn other_languages(tools: &setup::Tools) -> anyhow::Result<()> {
    let python = |args: &[&str]| {
        let mut command = Command::new(&tools.python);
        command.args(args);
        shell::run(&mut command)
    };
    python(&["-m", "ruff", "check", "backend", "tests/python"])?;
    python(&["-m", "pytest", "--quiet", "tests/python"])
}
