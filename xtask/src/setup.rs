//! Installing what building and testing needs: system packages, a Python environment, npm packages; and building.
//!
//! Nothing is installed that is already there. System packages go through apt where this user may
//! use it; otherwise they are named in one line.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use crate::shell::{cargo, note, run, succeeds, target_dir};

mod native;
mod plan;

pub use native::native_module;
pub use plan::announce;

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
///
/// # Errors
/// Names what is missing where it cannot be installed.
pub fn system() -> anyhow::Result<()> {
    install(SYSTEM)
}

/// The tools that the tests of the other languages run with.
pub struct Tools {
    /// The Python of the project's own environment.
    pub python: PathBuf,
}

/// Installs everything.
///
/// # Errors
/// Names what is missing where it cannot be installed.
pub fn all() -> anyhow::Result<Tools> {
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
pub enum Packages {
    /// What the Architect runs with, but for PyTorch: splats are not trained.
    Light,
    /// With the tools of development.
    Development,
    /// With these and PyTorch.
    Training,
}

impl Packages {
    fn lock(self) -> &'static Path {
        Path::new(match self {
            Self::Light => "backend/requirements.txt",
            Self::Development => "backend/requirements-dev.txt",
            Self::Training => "backend/requirements-train.txt",
        })
    }

    /// What is downloaded and what it takes on the disk, in megabytes, as it was for Python 3.11 on Linux.
    fn megabytes(self) -> (u32, u32) {
        match self {
            Self::Light => (135, 270),
            Self::Development => (165, 400),
            Self::Training => (3200, 5800),
        }
    }
}

/// The packages that a lock pins, as `name==version`.
fn pins(lock: &str) -> BTreeSet<&str> {
    let is_pin = |line: &&str| !line.starts_with(['#', ' ']);
    lock.lines()
        .filter(is_pin)
        .filter_map(|line| line.split([' ', ';']).next())
        .filter(|pin| pin.contains("=="))
        .collect()
}

fn environment() -> anyhow::Result<PathBuf> {
    Ok(target_dir()?.join("python"))
}

/// Whether the environment has these packages; that it has more does no harm.
fn has_packages(packages: Packages) -> anyhow::Result<bool> {
    let folder = environment()?;
    let lock = packages.lock();
    let wanted = fs::read_to_string(lock).with_context(|| lock.display().to_string())?;
    let installed = fs::read_to_string(folder.join("installed.txt")).unwrap_or_default();
    let all = pins(&wanted).is_subset(&pins(&installed));
    Ok(all && succeeds(folder.join("bin/python"), &["--version"]))
}

/// The Python of a virtual environment beside the builds with the locked packages; made anew when one of them is
/// missing.
///
/// # Errors
/// When pip fails.
pub fn python_environment(packages: Packages) -> anyhow::Result<PathBuf> {
    let folder = environment()?;
    let python = folder.join("bin/python");
    if has_packages(packages)? {
        return Ok(python);
    }
    let lock = packages.lock();
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    // The lock is complete: pip need not look for what it leaves out on purpose.
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--require-hashes"])
        .arg("--requirement")
        .arg(lock))?;
    fs::copy(lock, folder.join("installed.txt"))?;
    Ok(python)
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

/// What of the workspace is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Programs {
    /// `gve`, the viewer and the native module.
    Demo,
    /// `gve_tools`.
    Tools,
    /// Every program, example and library, the native module among them.
    All,
}

impl Programs {
    /// Always the whole workspace, nothing excluded, with an example among it: then cargo settles on the same features
    /// of every dependency as for the tests, and builds none of them twice.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Demo => &["build", "--workspace", "--lib", "--bin", "gve", "--example", "viewer"],
            Self::Tools => &["build", "--workspace", "--bin", "gve_tools", "--example", "golden"],
            Self::All => &["build", "--workspace", "--lib", "--bins", "--examples"],
        }
    }
}

/// Builds a part of the workspace.
///
/// # Errors
/// When cargo fails.
pub fn build(programs: Programs) -> anyhow::Result<()> {
    run(&mut cargo(programs.arguments()))
}

/// A program that was built: its name, or `examples/` and its name.
///
/// # Errors
/// When cargo does not say where it is.
pub fn program(name: &str) -> anyhow::Result<Command> {
    Ok(Command::new(target_dir()?.join("debug").join(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_pins_packages_and_nothing_else() {
        let lock = "# made by uv\nanyio==4.16.0 ; sys_platform == 'linux' \\\n    --hash=sha256:1a\n    # via\n    #   httpx\nuvloop==0.23.0 \\\n";
        assert_eq!(pins(lock), BTreeSet::from(["anyio==4.16.0", "uvloop==0.23.0"]));
        assert!(pins("").is_empty());
    }

    #[test]
    fn each_lock_holds_the_smaller_one() {
        let root = crate::shell::root().expect("a workspace");
        let read = |packages: Packages| {
            fs::read_to_string(root.join(packages.lock())).expect("the lock is in the checkout")
        };
        let [light, development, training] =
            [Packages::Light, Packages::Development, Packages::Training].map(read);
        assert!(pins(&light).len() > 10);
        assert!(pins(&light).is_subset(&pins(&development)));
        assert!(pins(&development).is_subset(&pins(&training)));
    }
}
