//! Every check and every test, in the order in which they fail fastest.

use std::process::Command;

use crate::{
    arrows, codegen, docs, roundtrip, setup,
    shell::{self, cargo},
};

/// Sets everything up and runs all of it.
pub(crate) fn run() -> anyhow::Result<()> {
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
pub(crate) fn lint() -> anyhow::Result<()> {
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
    let ruff = ["--config", "backend/pyproject.toml", "backend", "tests/python"];
    python(&[&["-m", "ruff", "check"], ruff.as_slice()].concat())?;
    python(&[&["-m", "ruff", "format", "--check"], ruff.as_slice()].concat())?;
    python(&["-m", "mypy", "--config-file", "backend/pyproject.toml", "backend/architect"])?;
    // Runs pytest, the TypeScript compiler and node, with recipes that go round through both languages.
    roundtrip::all(&tools.python)
}
