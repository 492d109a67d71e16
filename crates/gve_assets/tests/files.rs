//! Files on disk: replaced as a whole or not at all, and never pulled from under a reader.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{fs, path::Path, sync::Arc};

use common::{golden, minimal, several_materials};
use gve_assets::{AssetFile, OpenOptions, ReadError, WriteError, encode, read_header, write};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_reader_keeps_the_old_bytes_when_the_file_is_replaced() {
    let folder = folder();
    let path = folder.path().join("asset.gve_bin");
    write(&path, &several_materials()).unwrap();
    let old = Arc::new(AssetFile::open(&path).unwrap());
    let old_bytes = old.bytes().to_vec();

    // Read on another thread all the while, as a renderer would.
    let reader = std::thread::spawn({
        let old = Arc::clone(&old);
        move || (0..200).all(|_| old.to_data() == several_materials())
    });
    for i in 0..50 {
        write(&path, &if i % 2 == 0 { minimal() } else { several_materials() }).unwrap();
    }
    write(&path, &minimal()).unwrap();
    assert!(reader.join().unwrap());

    assert_eq!(old.bytes(), old_bytes);
    assert_eq!(old.to_data(), several_materials());
    old.verify_checksum().unwrap();
    assert_eq!(AssetFile::open(&path).unwrap().to_data(), minimal());
    fs::remove_file(&path).unwrap();
    assert_eq!(old.to_data(), several_materials());
    assert!(names_in(folder.path()).is_empty(), "nothing is left behind");
}

#[test]
fn a_file_can_be_opened_at_every_moment_while_it_is_replaced() {
    let folder = folder();
    let path = folder.path().join("asset.gve_bin");
    write(&path, &minimal()).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for i in 0..40 {
                write(&path, &if i % 2 == 0 { several_materials() } else { minimal() }).unwrap();
            }
        });
        let mut opened = 0;
        while !writer.is_finished() || opened == 0 {
            let data = AssetFile::open(&path).unwrap().to_data();
            assert!(data == minimal() || data == several_materials());
            opened += 1;
        }
    });
}

#[test]
fn mapped_and_read_files_are_the_same() {
    let folder = folder();
    let path = folder.path().join("asset.gve_bin");
    write(&path, &several_materials()).unwrap();
    for options in [
        OpenOptions::default(),
        OpenOptions { map: false, ..OpenOptions::default() },
        OpenOptions { verify_crc: false, map: true },
        OpenOptions { verify_crc: false, map: false },
    ] {
        assert_eq!(AssetFile::open_with(&path, options).unwrap().to_data(), several_materials());
    }
    assert_eq!(fs::read(&path).unwrap(), encode(&several_materials()).unwrap());
    let header = read_header(&path).unwrap();
    assert_eq!((header.asset_id, header.version), ((1 << 53) - 1, 4_000_000_007));
}

#[test]
fn a_file_that_is_read_and_not_mapped_outlives_its_truncation() {
    let folder = folder();
    let path = folder.path().join("asset.gve_bin");
    write(&path, &minimal()).unwrap();
    let file = AssetFile::open_with(&path, OpenOptions { map: false, ..OpenOptions::default() }).unwrap();
    fs::write(&path, "").unwrap();
    assert_eq!(file.to_data(), minimal());
}

#[test]
fn a_bare_file_name_is_written_to_the_current_folder() {
    // The current folder of a test is its package's, shared by all tests: only the error is looked at.
    let error = write("", &minimal()).unwrap_err();
    assert!(matches!(error, WriteError::Io { .. }), "{error}");
}

#[test]
fn what_cannot_be_opened_names_its_path() {
    let folder = folder();
    for (path, says) in [
        (folder.path().join("missing.gve_bin"), "No such file"),
        (folder.path().to_owned(), "expected a file, found a folder or device"),
        (golden::path("minimal").join("inside.gve_bin"), "Not a directory"),
    ] {
        let error = AssetFile::open(&path).unwrap_err();
        assert!(matches!(&error, ReadError::Io { path: named, .. } if *named == path));
        let message = error.to_string();
        assert!(message.contains(&path.display().to_string()), "{message}");
        if cfg!(target_os = "linux") {
            assert!(message.contains(says), "{message}");
        }
        assert!(matches!(read_header(&path).unwrap_err(), ReadError::Io { .. }));
    }
}

#[test]
fn small_and_foreign_files_are_not_mapped_first() {
    let folder = folder();
    let path = folder.path().join("asset.gve_bin");
    fs::write(&path, "").unwrap();
    assert!(matches!(AssetFile::open(&path), Err(ReadError::Foreign { .. })));
    fs::write(&path, "{\"dna_version\": 1}").unwrap();
    let message = AssetFile::open(&path).unwrap_err().to_string();
    assert!(message.contains("found JSON"), "{message}");
    fs::write(&path, &golden::bytes("minimal")[..63]).unwrap();
    assert!(matches!(AssetFile::open(&path), Err(ReadError::Length { expected: 64, found: 63 })));
    fs::write(&path, &golden::bytes("minimal")[..640]).unwrap();
    assert!(matches!(AssetFile::open(&path), Err(ReadError::Length { found: 640, .. })));
    assert!(matches!(read_header(&path), Err(ReadError::Length { .. })));
}

/// A sparse file of 3 GiB takes no space; nothing of that size is mapped or read.
#[test]
fn a_file_beyond_the_limit_is_refused() {
    let folder = folder();
    let path = folder.path().join("asset.gve_bin");
    fs::write(&path, &golden::bytes("minimal")[..64]).unwrap();
    let length = 3 << 30;
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
    let error = AssetFile::open(&path).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { found } if found == length), "{error}");
}

#[test]
fn what_cannot_be_written_leaves_the_old_file() {
    let folder = folder();
    let path = folder.path().join("asset.gve_bin");
    write(&path, &several_materials()).unwrap();
    let mut bad = minimal();
    bad.splats[0].position[1] = f32::NAN;
    assert!(matches!(write(&path, &bad).unwrap_err(), WriteError::Invalid(_)));
    assert_eq!(AssetFile::open(&path).unwrap().to_data(), several_materials());
    assert_eq!(names_in(folder.path()), ["asset.gve_bin"]);

    for bad in [
        folder.path().join("missing/asset.gve_bin"), // no such folder
        path.join("asset.gve_bin"),                  // its folder is a file
        folder.path().to_owned(),                    // a folder itself
    ] {
        let error = write(&bad, &minimal()).unwrap_err();
        assert!(matches!(&error, WriteError::Io { path, .. } if *path == bad), "{error}");
        assert!(error.to_string().contains(&bad.display().to_string()), "{error}");
    }
    assert_eq!(AssetFile::open(&path).unwrap().to_data(), several_materials());
    assert_eq!(names_in(folder.path()), ["asset.gve_bin"]);
}

#[cfg(unix)]
#[test]
fn others_may_read_what_is_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let (asset, plain) = (folder.path().join("asset.gve_bin"), folder.path().join("plain"));
    write(&asset, &minimal()).unwrap();
    fs::write(&plain, "").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&asset), mode(&plain), "as the umask has it for any file");
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_refused_and_not_waited_for() {
    let folder = folder();
    let path = folder.path().join("asset.gve_bin");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if !made.is_ok_and(|status| status.success()) {
        return; // no mkfifo on this system
    }
    assert!(matches!(AssetFile::open(&path), Err(ReadError::Io { .. })));
}
