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
    setup::native_module(&tools.python)?;
    python(&tools)?;
    // Some of these tests talk to a running Architect.
    let mut tests = cargo(&["test", "--workspace", "--all-targets"]);
    shell::run(tests.env("GVE_PYTHON", &tools.python))?;
    shell::run(&mut cargo(&["test", "--workspace", "--doc"]))?;
    shell::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    roundtrip::all(&tools.python)
}

/// Format, lints and arrows.
pub(crate) fn lint() -> anyhow::Result<()> {
    setup::system()?;
    shell::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    arrows::run()?;
    shell::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Lints, types and tests of the backend.
fn python(tools: &setup::Tools) -> anyhow::Result<()> {
    let run = |args: &[&str]| shell::run(Command::new(&tools.python).args(args));
    let sources = ["--config", "backend/pyproject.toml", "backend", "tests/python"];
    run(&[&["-m", "ruff", "check"], sources.as_slice()].concat())?;
    run(&[&["-m", "ruff", "format", "--check"], sources.as_slice()].concat())?;
    let types = ["-m", "mypy", "--config-file", "backend/pyproject.toml"];
    run(&[&types, ["backend/architect", "backend/tests"].as_slice()].concat())?;
    let mut pytest = Command::new(&tools.python);
    pytest.args(["-m", "pytest", "--quiet", "tests"]).current_dir("backend");
    // Programs that the tests start import the package as well.
    shell::run(pytest.env("PYTHONPATH", "."))
}
