#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A file on its way, in both ways, each of which is the only one on some system.
fn ways(path: &Path) -> impl Iterator<Item = Temporary> {
    [true, false].into_iter().map(move |is_named| {
        let before = existing(path).unwrap();
        if !is_named {
            return Temporary::filled(path, b"new", before.as_ref()).unwrap();
        }
        let mut named = Temporary::Named(Named::create(folder_of(path)).unwrap());
        named.fill(b"new", before.as_ref()).unwrap();
        named
    })
}

#[test]
fn a_file_is_made_and_replaced_with_or_without_a_temporary_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    for is_there in [false, true] {
        for way in ways(&path) {
            if !is_there {
                let _ = fs::remove_file(&path);
            }
            way.persist(&path, is_there).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            assert_eq!(names(folder.path()), ["a"]);
            fs::write(&path, "old").unwrap();
        }
    }
    for way in ways(&path) {
        assert_eq!(way.persist_new(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!((fs::read(&path).unwrap(), names(folder.path()).len()), (b"old".to_vec(), 1));
    }
    // Somebody made the file meanwhile.
    for way in ways(&path) {
        way.persist(&path, false).unwrap();
        assert_eq!(names(folder.path()), ["a"]);
    }
}

#[test]
fn longest_names_are_taken_and_longer_ones_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let longest = folder.path().join("n".repeat(255));
    check(&longest).unwrap();
    replace(&longest, b"1").unwrap();
    replace(&longest, b"2").unwrap();
    assert_eq!(fs::read(&longest).unwrap(), b"2");
    assert!(check(&folder.path().join("n".repeat(256))).is_err());
    assert!(check(&folder.path().join("none/a")).is_err());
    assert!(check(folder.path()).is_err());
    assert_eq!(names(folder.path()).len(), 1, "a look leaves nothing");
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_permissions_kept() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let (near, far) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = far.path().join("target");
    fs::write(&target, "old").unwrap();
    for mode in [0o640, 0o600, 0o755, 0o444] {
        fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
        replace(&target, b"new").unwrap();
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o7777, mode);
    }
    let (first, second) = (near.path().join("first"), near.path().join("second"));
    symlink("second", &first).unwrap();
    symlink(&target, &second).unwrap();
    replace(&first, b"through both").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"through both");
    assert!(first.is_symlink() && second.is_symlink());
    assert_eq!(follow_links(&first).unwrap(), [first.clone(), second.clone(), target.clone()]);
    // One that leads to nothing makes it.
    fs::remove_file(&target).unwrap();
    replace(&first, b"made").unwrap();
    assert_eq!((fs::read(&target).unwrap(), second.is_symlink()), (b"made".to_vec(), true));
    assert!(create(&first, b"x").is_err(), "a link is something that is there");
    // And one that leads in a circle is told.
    fs::remove_file(&second).unwrap();
    symlink("first", &second).unwrap();
    assert!(replace(&first, b"x").unwrap_err().to_string().contains("circle"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_written_into_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success() && is_node(&pipe));
    check(&pipe).unwrap();
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || fs::read(pipe).unwrap())
    };
    replace(&pipe, b"through").unwrap();
    assert_eq!(reader.join().unwrap(), b"through");
    assert!(is_node(&pipe));
    assert!(replace(Path::new("/dev/full"), b"x").unwrap_err().to_string().contains("No space left"));
    replace(Path::new("/dev/null"), b"x").unwrap();
}

#[test]
fn an_unfinished_file_is_listed_until_it_is_whole_or_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let named = Named::create(folder.path()).unwrap();
    let path = named.file.path().to_owned();
    assert!(unfinished().contains(&path));
    drop(named);
    assert!(!unfinished().contains(&path) && !path.exists());
    let named = Named::create(folder.path()).unwrap();
    let path = named.file.path().to_owned();
    Temporary::Named(named).persist(&folder.path().join("a"), false).unwrap();
    assert!(!unfinished().contains(&path) && !path.exists());
}
