#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    time::{Duration, Instant},
};

use super::{
    changes::{QUIET, take_settled},
    *,
};

/// The one name of a path.
fn named(watched: &Watched, path: &Path) -> Option<PathBuf> {
    let mut names = watched.names(path).into_iter();
    let name = names.next();
    assert_eq!(names.next(), None);
    name
}

/// Waits until something has settled.
fn next(changes: &mut Changes) -> Vec<PathBuf> {
    for _ in 0..2000 {
        let settled = changes.settled().unwrap();
        if !settled.is_empty() {
            return settled;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("nothing has changed");
}

#[test]
fn recipes_are_found_below_folders_and_hidden_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["a.gve.json", "b.json", ".#a.gve.json", "a.gve.json~", "sub/c.gve.json", ".gve/d.gve.json"] {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), "").unwrap();
    }
    let watched = Watched::new(&[root.to_owned()]).unwrap();
    assert_eq!(watched.recipes().unwrap(), [root.join("a.gve.json"), root.join("sub/c.gve.json")]);
    assert_eq!(named(&watched, &root.join("sub/new.gve.json")), Some(root.join("sub/new.gve.json")));
    assert_eq!(named(&watched, &root.join(".gve/new.gve.json")), None);
    assert_eq!(named(&watched, &root.join("assets.json")), None);
    let watched = Watched::new(&[root.join("b.json")]).unwrap();
    assert_eq!(watched.recipes().unwrap(), [root.join("b.json")]);
    assert_eq!(named(&watched, &root.join("a.gve.json")), None);
    assert_eq!(Watched::new(&[root.join("none")]).unwrap_err().code, "not_found");
}

#[test]
fn people_are_told_of_paths_as_they_named_them() {
    let here = std::env::current_dir().unwrap();
    for (given, found, expected) in [
        (".", "a.gve.json", "a.gve.json"),
        ("src", "src/a.gve.json", "src/a.gve.json"),
        ("./src/watcher/..", "src/watcher/../a.gve.json", "./src/watcher/../a.gve.json"),
    ] {
        let watched = Watched::new(&[given.into()]).unwrap();
        assert_eq!(named(&watched, &here.join(found)), Some(expected.into()), "{given}");
        // As the system puts it when it was given a relative path.
        assert_eq!(named(&watched, &here.join(".").join(found)), Some(expected.into()), "{given}");
    }
    let watched = Watched::new(&["Cargo.toml".into()]).unwrap();
    assert_eq!(named(&watched, &here.join("Cargo.toml")), Some("Cargo.toml".into()));
}

#[test]
fn a_folder_without_recipes_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let watched = Watched::new(&[folder.path().to_owned()]).unwrap();
    assert_eq!(watched.recipes().unwrap_err().code, "no_recipes");
}

#[test]
fn saves_in_place_and_by_renaming_are_noticed_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.gve.json");
    fs::write(&file, "1").unwrap();
    for paths in [vec![file.clone()], vec![folder.path().to_owned()]] {
        let mut changes = Changes::start(Watched::new(&paths).unwrap()).unwrap();
        fs::write(folder.path().join("other.txt"), "x").unwrap();
        fs::write(&file, "2").unwrap();
        assert_eq!(next(&mut changes), std::slice::from_ref(&file));
        let temporary = folder.path().join(".a.gve.json.tmp");
        fs::write(&temporary, "3").unwrap();
        fs::rename(&temporary, &file).unwrap();
        assert_eq!(next(&mut changes), std::slice::from_ref(&file));
        // The editor moves the old one away first.
        fs::rename(&file, folder.path().join("a.gve.json~")).unwrap();
        fs::write(&file, "4").unwrap();
        assert_eq!(next(&mut changes), std::slice::from_ref(&file));
    }
}

#[test]
fn new_recipes_and_folders_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut changes = Changes::start(Watched::new(&[folder.path().to_owned()]).unwrap()).unwrap();
    let elsewhere = tempfile::tempdir_in(folder.path().parent().unwrap()).unwrap();
    fs::create_dir(elsewhere.path().join("sub")).unwrap();
    fs::write(elsewhere.path().join("sub/b.gve.json"), "1").unwrap();
    fs::rename(elsewhere.path().join("sub"), folder.path().join("sub")).unwrap();
    assert_eq!(next(&mut changes), [folder.path().join("sub/b.gve.json")]);
}

#[test]
fn a_file_settles_once_it_is_quiet() {
    let start = Instant::now();
    let path = PathBuf::from("a");
    let mut restless = BTreeMap::from([(path.clone(), start)]);
    assert_eq!(take_settled(&mut restless, start + QUIET / 2), Vec::<PathBuf>::new());
    restless.insert(path.clone(), start + QUIET / 2);
    assert_eq!(take_settled(&mut restless, start + QUIET), Vec::<PathBuf>::new());
    assert_eq!(take_settled(&mut restless, start + QUIET / 2 + QUIET), [path]);
    assert!(restless.is_empty());
}

/// Two ways to save: in place, and renamed over what was there.
#[cfg(unix)]
fn save_both_ways(file: &Path, mut saved: impl FnMut(&str)) {
    fs::write(file, "in place").unwrap();
    saved("in place");
    let temporary = file.with_extension("swp");
    fs::write(&temporary, "renamed").unwrap();
    fs::rename(&temporary, file).unwrap();
    saved("renamed");
}

#[cfg(unix)]
#[test]
fn a_recipe_that_is_a_link_changes_with_what_it_leads_to() {
    use std::os::unix::fs::symlink;

    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (there.path().join("first.json"), there.path().join("second.json"));
    fs::write(&first, "1").unwrap();
    fs::write(&second, "2").unwrap();
    let (link, middle) = (here.path().join("a.gve.json"), here.path().join("middle"));
    symlink("middle", &link).unwrap();
    symlink(&first, &middle).unwrap();
    for paths in [vec![link.clone()], vec![here.path().to_owned()]] {
        let mut changes = Changes::start(Watched::new(&paths).unwrap()).unwrap();
        save_both_ways(&first, |how| {
            assert_eq!(next(&mut changes), std::slice::from_ref(&link), "{how}");
        });
        // The link on the way is turned to another file, which then counts.
        fs::remove_file(&middle).unwrap();
        symlink(&second, &middle).unwrap();
        assert_eq!(next(&mut changes), std::slice::from_ref(&link));
        save_both_ways(&second, |how| {
            assert_eq!(next(&mut changes), std::slice::from_ref(&link), "{how}");
        });
        fs::remove_file(&middle).unwrap();
        symlink(&first, &middle).unwrap();
        assert_eq!(next(&mut changes), std::slice::from_ref(&link));
    }
    // A second name of the same bytes, in a folder that nobody watches.
    let twin = there.path().join("twin");
    fs::remove_file(&link).unwrap();
    fs::hard_link(&first, &twin).unwrap();
    fs::hard_link(&first, &link).unwrap();
    let mut changes = Changes::start(Watched::new(&[here.path().to_owned()]).unwrap()).unwrap();
    fs::write(&twin, "3").unwrap();
    assert_eq!(next(&mut changes), std::slice::from_ref(&link));
}

#[cfg(unix)]
#[test]
fn folders_that_are_links_are_looked_into_once() {
    use std::os::unix::fs::symlink;

    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir(there.path().join("sub")).unwrap();
    let file = there.path().join("sub/a.gve.json");
    fs::write(&file, "1").unwrap();
    symlink(there.path(), here.path().join("shared")).unwrap();
    // In circles, and to what is reached without it.
    symlink(here.path(), there.path().join("back")).unwrap();
    fs::create_dir(here.path().join("own")).unwrap();
    fs::write(here.path().join("own/b.gve.json"), "1").unwrap();
    symlink("own", here.path().join("again")).unwrap();
    let root = here.path().join("root");
    symlink(here.path(), &root).unwrap();
    let watched = Watched::new(std::slice::from_ref(&root)).unwrap();
    let (own, shared) = (root.join("own/b.gve.json"), root.join("shared/sub/a.gve.json"));
    assert_eq!(watched.recipes().unwrap(), [own.clone(), shared.clone()]);
    let mut changes = Changes::start(watched).unwrap();
    save_both_ways(&file, |how| assert_eq!(next(&mut changes), std::slice::from_ref(&shared), "{how}"));
    save_both_ways(&here.path().join("again/b.gve.json"), |how| {
        assert_eq!(next(&mut changes), std::slice::from_ref(&own), "{how}");
    });
}
