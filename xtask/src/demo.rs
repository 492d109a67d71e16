//! The main job in one command: sample recipes in, pictures out.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

use crate::{
    setup,
    shell::{self, note, target_dir},
};

/// Where the sample recipes are.
pub(crate) const LIBRARY: &str = "assets/library";

/// Bakes the sample library and shows it, in a window or as pictures.
pub(crate) fn run(headless: bool, out: &Path) -> anyhow::Result<()> {
    setup::system()?;
    setup::build_programs()?;
    let programs = target_dir()?.join("debug");
    let baked = target_dir()?.join("demo");
    bake_library(&programs.join("gve"), &baked)?;
    let mut viewer = Command::new(programs.join("examples/viewer"));
    viewer.arg(&baked);
    let display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if headless || !display {
        fs::create_dir_all(out).with_context(|| out.display().to_string())?;
        viewer.args(["--headless", "--out"]).arg(out);
        shell::run(&mut viewer)?;
        note(&format!("pictures are in {}; start with library.png", out.display()));
        return Ok(());
    }
    shell::run(&mut viewer)
}

/// The sample recipes, by name.
pub(crate) fn recipes() -> anyhow::Result<Vec<PathBuf>> {
    let mut recipes: Vec<PathBuf> = fs::read_dir(LIBRARY)
        .context(LIBRARY)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(".gve.json"))
        .collect();
    recipes.sort();
    Ok(recipes)
}

fn bake_library(gve: &Path, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for recipe in recipes()? {
        let name = recipe
            .file_name()
            .context("a file has a name")?
            .to_string_lossy()
            .replace(".gve.json", ".gve_bin");
        shell::run(Command::new(gve).arg("bake").arg(&recipe).arg("-o").arg(folder.join(name)))?;
    }
    Ok(())
}
