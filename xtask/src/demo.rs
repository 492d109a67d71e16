//! The main job in one command: sample recipes in, pictures out, through a running Architect.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

use crate::{
    architect::Architect,
    setup::{self, Packages},
    shell::{self, note, target_dir},
};

/// Where the sample recipes are.
pub(crate) const LIBRARY: &str = "assets/library";
/// Where the Architect listens if nobody else does: `gve` looks for it there.
const PORT: u16 = 8420;

/// Starts an Architect, has it compile the sample library, and shows what it serves, in a window or as pictures.
///
/// `light` leaves PyTorch out: splats stay as seeded.
pub(crate) fn run(headless: bool, light: bool, out: &Path) -> anyhow::Result<()> {
    setup::system()?;
    let python = setup::python_environment(if light { Packages::Light } else { Packages::Training })?;
    setup::native_module(&python)?;
    setup::build_programs()?;
    let programs = target_dir()?.join("debug");
    // Beside the memory of `gve push`, which is in the checkout too: one without the other would save everything twice.
    let data = Path::new("out").join(if light { "architect-light" } else { "architect" });
    let args: &[&str] = if light { &["--no-train"] } else { &[] };
    let architect = Architect::start(&python, &data, PORT, args)?;
    let url = &architect.ready.url;
    let gve = programs.join("gve");
    let mut viewer = Command::new(programs.join("examples/viewer"));
    viewer.args(["--architect", url]);

    let display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if headless || !display {
        fs::create_dir_all(out).with_context(|| out.display().to_string())?;
        report(&gve, url, &out.join("report.json"))?;
        viewer.args(["--headless", "--out"]).arg(out);
        shell::run(&mut viewer)?;
        note(&format!("pictures are in {}; start with library.png, then report.json", out.display()));
        return Ok(());
    }
    // The window shows each asset as soon as it is compiled.
    shell::run(push(&gve, url)?.arg("--no-wait"))?;
    note(&format!("edit a recipe in {LIBRARY} while this runs, and look at the window:"));
    note(&format!("  {} watch {LIBRARY} --server {url}", gve.display()));
    shell::run(&mut viewer)
}

/// The command that saves the whole library.
fn push(gve: &Path, url: &str) -> anyhow::Result<Command> {
    let mut push = Command::new(gve);
    push.arg("push").args(recipes()?).args(["--server", url]);
    Ok(push)
}

/// Compiles the library and writes down how that went: each asset's stages, times and PSNR.
fn report(gve: &Path, url: &str, file: &Path) -> anyhow::Result<()> {
    let mut push = push(gve, url)?;
    push.arg("--json").stderr(Stdio::inherit());
    note(
        "compiling the sample library, the first time only; where splats are trained that takes a few minutes",
    );
    let output = push.output().context("cannot start gve")?;
    fs::write(file, &output.stdout).with_context(|| file.display().to_string())?;
    if !output.status.success() {
        bail!("gve push failed: {}; see {}", output.status, file.display());
    }
    Ok(())
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
