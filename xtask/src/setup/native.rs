//! The native module in the Python environment, as installers lay it out.
//!
//! The workspace has built it with everything else, so it shares what they share; it is only put in place.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use crate::shell::{note, target_dir};

const NAME: &str = "gve_native";
/// The workspace's crates have one version.
const VERSION: &str = env!("CARGO_PKG_VERSION");
const STUBS: &str = "crates/gve_native/gve_native.pyi";

/// The package about the extension: what is in it, and its documentation.
const INIT: &str = "\
from .gve_native import *

__doc__ = gve_native.__doc__
if hasattr(gve_native, \"__all__\"):
    __all__ = gve_native.__all__
";

/// Puts the native module that was built into the environment of this Python.
///
/// # Errors
/// When it was not built, or a file cannot be written.
pub fn native_module(python: &Path) -> anyhow::Result<()> {
    let built = target_dir()?.join("debug").join(format!("{DLL_PREFIX}{NAME}{DLL_SUFFIX}"));
    let packages = site_packages(python)?;
    let module = fs::read(&built).with_context(|| format!("{} (was it built?)", built.display()))?;
    let stubs = fs::read(STUBS).context(STUBS)?;
    let metadata = format!("Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n");
    let wheel = "Wheel-Version: 1.0\nGenerator: cargo xtask\nRoot-Is-Purelib: false\nTag: cp311-abi3-any\n";
    let information = format!("{NAME}-{VERSION}.dist-info");
    let suffix = if cfg!(windows) { "pyd" } else { "abi3.so" };
    let mut files: Vec<(String, &[u8])> = vec![
        (format!("{NAME}/__init__.py"), INIT.as_bytes()),
        (format!("{NAME}/__init__.pyi"), &stubs),
        (format!("{NAME}/py.typed"), b""),
        (format!("{NAME}/{NAME}.{suffix}"), &module),
        (format!("{information}/METADATA"), metadata.as_bytes()),
        (format!("{information}/WHEEL"), wheel.as_bytes()),
        (format!("{information}/INSTALLER"), b"cargo xtask\n"),
    ];
    // By this list pip removes the module again.
    let record = format!("{information}/RECORD");
    let names = files.iter().map(|(name, _)| name).chain([&record]);
    let list: String = names.map(|name| format!("{name},,\n")).collect();
    files.push((record.clone(), list.as_bytes()));
    let mut changed = false;
    for (name, bytes) in files {
        changed |= put(&packages.join(name), bytes)?;
    }
    if changed {
        note(&format!("{NAME} is in {}", packages.display()));
    }
    Ok(())
}

/// Where an environment keeps compiled packages.
fn site_packages(python: &Path) -> anyhow::Result<PathBuf> {
    let question = "import sysconfig; print(sysconfig.get_path('platlib'))";
    let output = Command::new(python).args(["-c", question]).output();
    let output = output.with_context(|| python.display().to_string())?;
    if !output.status.success() {
        bail!("{}: {}", python.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}

/// Writes a file unless it is so already. It is renamed into place: a program that has the old one loaded keeps it.
fn put(path: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(false);
    }
    let folder = path.parent().context("a file in the environment has a folder")?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let new = folder.join(format!(".new-{}", std::process::id()));
    let written = fs::File::create(&new)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written.with_context(|| path.display().to_string())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_replaced_whole() {
        let folder = std::env::temp_dir().join(format!("gve-put-{}", std::process::id()));
        let path = folder.join("package/file");
        assert!(put(&path, b"one").expect("written"));
        assert!(!put(&path, b"one").expect("looked at"));
        let mut open = fs::File::open(&path).expect("it is there");
        assert!(put(&path, b"two").expect("replaced"));
        let mut text = String::new();
        std::io::Read::read_to_string(&mut open, &mut text).expect("the old file is whole");
        assert_eq!((text.as_str(), fs::read(&path).expect("read")), ("one", b"two".to_vec()));
        assert_eq!(fs::read_dir(folder.join("package")).expect("listed").count(), 1);
        fs::remove_dir_all(folder).expect("removed");
    }
}
