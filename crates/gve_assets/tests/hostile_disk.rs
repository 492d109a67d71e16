//! A full disk, a limit on file sizes, a folder without write permission: the old file stays.
//!
//! Each needs a process of its own: this test runs itself again, under a shell that sets the scene.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it left out")]

mod common;

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

use common::{minimal, several_materials};
use gve_assets::{AssetFile, WriteError, write};

/// Names the folder that the inner run writes into.
const FOLDER: &str = "GVE_TEST_FOLDER";
/// What the inner run prints before its error.
const REFUSED: &str = "refused: ";

/// The inner run: replaces a file, expects to fail, and prints how. Does nothing in an ordinary run.
#[test]
fn inner() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let path = Path::new(&folder).join("asset.gve_bin");
    let before = fs::read(&path).unwrap();
    let mut large = minimal();
    large.splats = vec![large.splats[0]; 20_000];
    let error = write(&path, &large).unwrap_err();
    assert!(matches!(&error, WriteError::Io { path: named, .. } if *named == path), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before, "the old file is as it was");
    assert_eq!(AssetFile::open(&path).unwrap().to_data(), several_materials());
    let others = fs::read_dir(&folder).unwrap().count() - 1;
    assert_eq!(others, 0, "no temporary file is left");
    println!("{REFUSED}{error}");
}

/// Runs a shell script in which `"$@"` is the inner run and `$folder` holds a file to be replaced.
fn run(launcher: &[&str], script: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("asset.gve_bin"), &several_materials()).unwrap();
    let this_test = env::current_exe().unwrap();
    let (program, arguments) = launcher.split_first().unwrap();
    Command::new(program)
        .args(arguments)
        .args(["-c", script, "sh"])
        .arg(this_test)
        .args(["--exact", "inner", "--nocapture", "--test-threads", "1"])
        .env("folder", folder.path())
        .env(FOLDER, folder.path())
        .output()
        .unwrap()
}

/// The inner run's error message.
fn message(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    let (_, message) = text.split_once(REFUSED).unwrap_or_else(|| panic!("{text}\n{errors}"));
    message.lines().next().unwrap().to_owned()
}

/// Whether this system lets a test have a namespace of its own; containers often do not.
fn has_namespaces() -> bool {
    let scene = ["-c", "mount -t tmpfs tmpfs /mnt"];
    let tried =
        Command::new("unshare").args(["--user", "--map-root-user", "--mount", "sh"]).args(scene).output();
    let works = tried.is_ok_and(|output| output.status.success());
    if !works {
        println!("left out: no user namespaces here");
    }
    works
}

#[test]
fn a_write_that_fails_half_way() {
    // 512 KiB; a write beyond it fails with EFBIG. The signal that comes with it is ignored, as a
    // program that sets such a limit would.
    let output = run(&["sh"], "trap '' XFSZ; ulimit -f 1024; exec \"$@\"");
    let message = message(&output);
    assert!(message.contains("cannot write a temporary file in its folder: File too large"), "{message}");
}

#[test]
fn a_full_disk() {
    if !has_namespaces() {
        return;
    }
    let scene = "exec 3<\"$folder/asset.gve_bin\" && mount -t tmpfs -o size=256k tmpfs \"$folder\" \
                 && cat <&3 >\"$folder/asset.gve_bin\" && exec \"$@\"";
    let message = message(&run(&["unshare", "--user", "--map-root-user", "--mount", "sh"], scene));
    assert!(message.contains("No space left on device"), "{message}");
}

#[test]
fn a_read_only_file_system() {
    if !has_namespaces() {
        return;
    }
    let scene = "exec 3<\"$folder/asset.gve_bin\" && mount -t tmpfs tmpfs \"$folder\" \
                 && cat <&3 >\"$folder/asset.gve_bin\" && mount -o remount,ro \"$folder\" && exec \"$@\"";
    let message = message(&run(&["unshare", "--user", "--map-root-user", "--mount", "sh"], scene));
    assert!(message.contains("cannot create a temporary file in its folder"), "{message}");
    assert!(message.contains("Read-only file system"), "{message}");
}

#[test]
fn a_folder_without_write_permission() {
    if !has_namespaces() {
        return;
    }
    // Root may write anywhere; in a namespace without a mapping it is nobody in particular.
    let scene =
        "chmod 555 \"$folder\"; unshare --user \"$@\"; status=$?; chmod 755 \"$folder\"; exit $status";
    let message = message(&run(&["sh"], scene));
    assert!(message.contains("cannot create a temporary file in its folder"), "{message}");
    assert!(message.contains("Permission denied"), "{message}");
}
