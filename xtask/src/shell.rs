//! Running other programs.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// The root of the checkout.
///
/// # Errors
/// When this program stands in no workspace.
pub fn root() -> anyhow::Result<PathBuf> {
    // Cargo says it anew at each run: a build that checkouts share may come from another one.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here).parent().map(Path::to_path_buf).context("xtask stands in a folder of the workspace")
}

/// The folder that builds go to.
///
/// # Errors
/// When cargo does not say.
pub fn target_dir() -> anyhow::Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// The folder that cargo keeps downloads in.
pub fn cargo_home() -> Option<PathBuf> {
    let home = || std::env::home_dir().map(|home| home.join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}

/// A cargo command in this workspace.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Says what is run, runs it, and fails with its name when it fails.
///
/// # Errors
/// When it cannot be started, or fails.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = show(command);
    note(&line);
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Whether a program runs and succeeds; its output is dropped.
pub fn succeeds(program: impl AsRef<OsStr>, args: &[&str]) -> bool {
    let silent = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    silent.is_ok_and(|status| status.success())
}

/// A line for the person who watches.
pub fn note(line: &str) {
    // Standard output is for what was asked for: figures, for example.
    eprintln!("xtask: {line}");
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
