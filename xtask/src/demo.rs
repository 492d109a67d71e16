//! The main job in one command: sample recipes in, pictures out, through a running Architect.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use xtask::{
    LIBRARY,
    architect::Architect,
    recipes,
    setup::{self, Packages, Programs},
    shell::{self, note},
};

/// Where the Architect listens if nobody else does: `gve` looks for it there.
const PORT: u16 = 8420;

/// Starts an Architect, has it compile the sample library, and shows what it serves, in a window or as pictures.
///
/// `light` leaves PyTorch out: splats stay as seeded.
pub(crate) fn run(headless: bool, light: bool, out: &Path) -> anyhow::Result<()> {
    let packages = if light { Packages::Light } else { Packages::Training };
    let display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let window = display && !headless;
    let compile = if light {
        "compile the sample library at a local Architect, about a minute; later runs find it compiled"
    } else {
        "compile the sample library at a local Architect and train its splats, minutes without a GPU; later runs \
         find it compiled"
    };
    let pictures = format!("write pictures to {}", out.display());
    let show = if window { "open the viewer on it" } else { &pictures };
    setup::announce(packages, Programs::Demo, &[compile, show])?;
    setup::system()?;
    let python = setup::python_environment(packages)?;
    setup::build(Programs::Demo)?;
    setup::native_module(&python)?;
    // Beside the memory of `gve push`, which is in the checkout too: one without the other would save everything twice.
    let data = Path::new("out").join(if light { "architect-light" } else { "architect" });
    let args: &[&str] = if light { &["--no-train"] } else { &[] };
    let architect = Architect::start(&python, &data, PORT, args)?;
    let url = &architect.ready.url;
    let mut viewer = setup::program("examples/viewer")?;
    viewer.args(["--architect", url]);

    if !window {
        fs::create_dir_all(out).with_context(|| out.display().to_string())?;
        let report = out.join("report.json");
        compile_library(url, &report)?;
        viewer.args(["--headless", "--out"]).arg(out);
        shell::run(&mut viewer)?;
        note("look at:");
        note(&format!("  {}  every sample as volume, splats and mesh", out.join("library.png").display()));
        note(&format!("  {}  each compile's stages, times and quality", report.display()));
        note(&format!("  {LIBRARY}  the recipes; change one and run this again"));
        return Ok(());
    }
    // The window shows each asset as soon as it is compiled.
    shell::run(push(url)?.arg("--no-wait"))?;
    note("look at the window; edit a recipe while this runs and it changes there:");
    note(&format!("  {} watch {LIBRARY} --server {url}", setup::program("gve")?.get_program().display()));
    note(&format!("  recipes are in {LIBRARY}"));
    shell::run(&mut viewer)
}

/// The command that saves the whole library.
fn push(url: &str) -> anyhow::Result<Command> {
    let mut push = setup::program("gve")?;
    push.arg("push").args(recipes()?).args(["--server", url]);
    Ok(push)
}

/// Compiles the library and writes down how that went: each asset's stages, times and PSNR.
fn compile_library(url: &str, file: &Path) -> anyhow::Result<()> {
    let mut push = push(url)?;
    push.arg("--json").stderr(Stdio::inherit());
    note(&format!("compiling {} recipes", recipes()?.len()));
    let output = push.output().context("cannot start gve")?;
    fs::write(file, &output.stdout).with_context(|| file.display().to_string())?;
    if !output.status.success() {
        bail!("gve push failed: {}; see {}", output.status, file.display());
    }
    Ok(())
}
