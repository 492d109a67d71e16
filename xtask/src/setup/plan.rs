//! What a task is about to do on this machine, said before it begins.

use std::fs;

use anyhow::Context;

use super::{Packages, Programs, SYSTEM, has_packages};
use crate::shell::{cargo_home, note, target_dir};

/// What a cold build takes in processor minutes, estimated from timed builds on x86-64 Linux.
fn cpu_minutes(programs: Programs) -> u32 {
    match programs {
        Programs::Tools => 5,
        Programs::Demo => 25,
        // With the tests and the lints on top.
        Programs::All => 50,
    }
}

/// What cargo downloads for the whole workspace, in megabytes.
const CRATES_MB: u32 = 100;

/// Says what follows and what it takes: only what this machine does not have yet. `after` is what the task does then.
///
/// # Errors
/// When a file of the checkout cannot be read.
pub fn announce(packages: Packages, programs: Programs, after: &[&str]) -> anyhow::Result<()> {
    let mut steps = Vec::new();
    let missing = SYSTEM.iter().filter(|need| !(need.found)()).count();
    if missing > 0 {
        steps.push("install system packages with apt".to_owned());
    }
    if !has_packages(packages)? {
        let (download, disk) = packages.megabytes();
        let torch = if packages == Packages::Training { "PyTorch among them, " } else { "" };
        steps.push(format!(
            "install Python packages beside the builds: {torch}{} to download, {} on the disk",
            size(download),
            size(disk)
        ));
    }
    if !is_built()? {
        let lock = fs::read_to_string("Cargo.lock").context("Cargo.lock")?;
        let crates = lock.lines().filter(|line| *line == "[[package]]").count();
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u32;
        let minutes = cpu_minutes(programs);
        let download =
            if has_crates() { String::new() } else { format!("{} to download, ", size(CRATES_MB)) };
        steps.push(format!(
            "build from up to {crates} crates: {download}about {minutes} processor minutes, so {} minutes on {cores} \
             cores",
            // A build does not keep all of many cores busy.
            minutes.div_ceil(cores.min(8))
        ));
    }
    let is_first = !steps.is_empty();
    steps.extend(after.iter().map(|&step| step.to_owned()));
    if steps.is_empty() {
        return Ok(());
    }
    note(if is_first { "what follows (the first run only prepares this machine):" } else { "what follows:" });
    for (number, step) in (1..).zip(&steps) {
        note(&format!("  {number}. {step}"));
    }
    Ok(())
}

/// Whether the workspace was built here before, if perhaps not in its newest state.
fn is_built() -> anyhow::Result<bool> {
    let folder = target_dir()?.join("debug");
    Ok(["gve", "gve_tools"].iter().any(|name| folder.join(name).exists()))
}

/// Whether cargo has downloaded crates that this program itself does not need.
fn has_crates() -> bool {
    let Some(cache) = cargo_home().map(|home| home.join("registry/cache")) else { return false };
    let registries = fs::read_dir(cache).into_iter().flatten().flatten();
    let mut crates =
        registries.flat_map(|registry| fs::read_dir(registry.path()).into_iter().flatten().flatten());
    crates.any(|entry| entry.file_name().to_string_lossy().starts_with("bevy_render-"))
}

fn size(megabytes: u32) -> String {
    if megabytes < 1000 { format!("{megabytes} MB") } else { format!("{:.1} GB", f64::from(megabytes) / 1e3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_the_unit_that_people_use() {
        assert_eq!((size(100), size(3200)), ("100 MB".to_owned(), "3.2 GB".to_owned()));
    }
}
