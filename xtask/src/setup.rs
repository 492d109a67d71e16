//! Installing what building and testing needs: system packages, a Python environment, npm packages.
//!
//! Nothing is installed that is already there. System packages go through apt where this user may
//! use it; otherwise they are named in one line.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use crate::shell::{cargo, note, run, succeeds, target_dir};

/// A thing the system must have, how to see it, and the Debian packages that bring it.
struct Need {
    found: fn() -> bool,
    packages: &'static [&'static str],
}

/// What building needs, and drawing where there is no GPU.
const SYSTEM: &[Need] = &[
    Need { found: || succeeds("cc", &["--version"]), packages: &["gcc", "libc6-dev"] },
    Need { found: || succeeds("pkg-config", &["--version"]), packages: &["pkg-config"] },
    Need { found: || pkg_config("wayland-client"), packages: &["libwayland-dev"] },
    Need { found: || pkg_config("xkbcommon"), packages: &["libxkbcommon-dev"] },
    Need { found: || library("libvulkan.so.1"), packages: &["libvulkan1"] },
    Need { found: vulkan_driver, packages: &["mesa-vulkan-drivers"] },
    Need { found: || library("libxkbcommon-x11.so.0"), packages: &["libxkbcommon-x11-0"] },
    Need { found: || library("libXcursor.so.1"), packages: &["libxcursor1", "libxi6", "libxrandr2"] },
];

/// What the tests need on top.
const TESTS: &[Need] = &[
    Need { found: || succeeds("python3", &["-c", "import venv, ensurepip"]), packages: &["python3-venv"] },
    Need { found: || succeeds("node", &["--version"]), packages: &["nodejs"] },
    Need { found: || succeeds("npm", &["--version"]), packages: &["npm"] },
    Need { found: || succeeds("xvfb-run", &["--help"]), packages: &["xvfb", "xauth"] },
];

fn pkg_config(name: &str) -> bool {
    succeeds("pkg-config", &["--exists", name])
}

fn library(name: &str) -> bool {
    let listed = Command::new("/sbin/ldconfig").arg("-p").output();
    listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(name))
}

fn vulkan_driver() -> bool {
    ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"]
        .iter()
        .any(|folder| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
        || std::env::var_os("VK_DRIVER_FILES").is_some()
}

/// Installs what building and drawing needs.
pub(crate) fn system() -> anyhow::Result<()> {
    install(SYSTEM)
}

/// The tools that the tests of the other languages run with.
pub(crate) struct Tools {
    /// The Python of the project's own environment.
    pub(crate) python: PathBuf,
}

/// Installs everything.
pub(crate) fn all() -> anyhow::Result<Tools> {
    system()?;
    install(TESTS)?;
    let python = python_environment(Packages::Training)?;
    npm_packages(Path::new("tests/typescript"))?;
    Ok(Tools { python })
}

fn install(needs: &[Need]) -> anyhow::Result<()> {
    let missing: Vec<&str> =
        needs.iter().filter(|need| !(need.found)()).flat_map(|need| need.packages).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let root = succeeds("sh", &["-c", "test \"$(id -u)\" = 0"]);
    let sudo = !root && succeeds("sudo", &["-n", "true"]);
    if !succeeds("apt-get", &["--version"]) || !(root || sudo) {
        bail!("please install these first (Debian's names): {names}");
    }
    note(&format!("installing system packages: {names}"));
    let apt = |args: &[&str]| {
        let mut command = Command::new(if root { "apt-get" } else { "sudo" });
        if sudo {
            command.args(["-n", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        run(&mut command)
    };
    apt(&["update", "-qq"])?;
    let mut words = vec!["install", "-y", "-qq", "--no-install-recommends"];
    words.extend(missing);
    apt(&words)?;
    let still: Vec<&str> =
        needs.iter().filter(|need| !(need.found)()).flat_map(|need| need.packages).copied().collect();
    if !still.is_empty() {
        bail!("still missing after apt-get install: {}", still.join(" "));
    }
    Ok(())
}

/// What the Python environment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packages {
    /// Everything but PyTorch.
    Light,
    /// With PyTorch, some 5 GB.
    Training,
}

impl Packages {
    fn lock(self) -> &'static Path {
        Path::new(match self {
            Self::Light => "backend/requirements-dev.txt",
            Self::Training => "backend/requirements-train.txt",
        })
    }
}

/// A virtual environment beside the builds with exactly the locked packages; made anew when the
/// lock changes. One with more packages than asked for will do.
pub(crate) fn python_environment(packages: Packages) -> anyhow::Result<PathBuf> {
    let folder = target_dir()?.join("python");
    let python = folder.join("bin/python");
    let stamp = folder.join("installed.txt");
    let installed = fs::read_to_string(&stamp).unwrap_or_default();
    for enough in [packages, Packages::Training] {
        let lock = enough.lock();
        let wanted = fs::read_to_string(lock).with_context(|| lock.display().to_string())?;
        if installed == wanted && succeeds(&python, &["--version"]) {
            return Ok(python);
        }
    }
    let lock = packages.lock();
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    // The lock is complete: pip need not look for what it leaves out on purpose.
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--requirement"])
        .arg(lock))?;
    fs::copy(lock, stamp)?;
    Ok(python)
}

/// Builds the native module and puts it into the Python environment.
///
/// It has a target directory of its own: built alone, its dependencies have other features than in the
/// workspace, and one directory for both would be rebuilt back and forth.
pub(crate) fn native_module(python: &Path) -> anyhow::Result<()> {
    let environment =
        python.ancestors().nth(2).context("python stands in the bin folder of its environment")?;
    run(Command::new(python)
        .args(["-m", "maturin", "develop", "--quiet", "--manifest-path", "crates/gve_native/Cargo.toml"])
        .env("VIRTUAL_ENV", environment)
        .env("CARGO_TARGET_DIR", target_dir()?.join("native")))
}

fn npm_packages(folder: &Path) -> anyhow::Result<()> {
    let lock = fs::read_to_string(folder.join("package-lock.json"))
        .with_context(|| folder.join("package-lock.json").display().to_string())?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(folder))?;
    fs::write(stamp, lock)?;
    Ok(())
}

/// Builds every program of the workspace, with the features that the tests use too.
pub(crate) fn build_programs() -> anyhow::Result<()> {
    run(&mut cargo(&["build", "--workspace", "--bins", "--examples"]))
}
