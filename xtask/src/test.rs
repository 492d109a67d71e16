//! Every check and every test, in the order in which they fail fastest.

use std::process::Command;

use xtask::{
    setup::{self, Packages, Programs},
    shell::{self, cargo},
    tool,
};

use crate::arrows;

/// Sets everything up and runs all of it.
pub(crate) fn run() -> anyhow::Result<()> {
    setup::announce(Packages::Training, Programs::All, &["run every check and test"])?;
    let tools = setup::all()?;
    shell::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    arrows::run()?;
    setup::build(Programs::All)?;
    setup::native_module(&tools.python)?;
    tool::run(&["codegen", "--check"].map(Into::into))?;
    tool::run(&["docs", "--check"].map(Into::into))?;
    python(&tools)?;
    // Some of these tests talk to a running Architect. Without a choice of targets cargo takes the examples as they
    // were built, leaves the native module out, and runs the documentation's examples too.
    let mut tests = cargo(&["test", "--workspace"]);
    shell::run(tests.env("GVE_PYTHON", &tools.python))?;
    shell::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    tool::run(&["roundtrip", "run"].map(Into::into))
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
