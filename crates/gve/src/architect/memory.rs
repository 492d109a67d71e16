//! Which recipe is which asset: `.gve/assets.json` beside the recipes.
//!
//! A recipe has no id of its own; the Architect gives one to every new asset. What it gave is kept
//! here per server and file name, with the version that was saved last, so that the next push saves
//! the same asset, and notices if somebody else saved in between. The file belongs to the working
//! copy: other people's recipes of the same name may be other assets.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use gve_assets::replace::replace;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, name};

const FOLDER: &str = ".gve";
const FILE: &str = "assets.json";
/// Held while a recipe is saved.
const LOCK: &str = "assets.lock";
/// Longest memory that is read, in bytes: tens of thousands of recipes.
const MAX_BYTES: u64 = 16 << 20;

/// What is remembered of a recipe on one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remembered {
    /// The document's id.
    pub(crate) id: String,
    /// The version that was saved last from here.
    pub(crate) version: u32,
}

/// The file's content: server, recipe's file name, asset.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    servers: BTreeMap<String, BTreeMap<String, Remembered>>,
}

/// What is remembered of the recipes in one folder. Other processes wait while there is one of these,
/// so that two of them do not push the same recipe as two new assets.
pub(crate) struct Memory {
    folder: PathBuf,
    /// Released when it is closed, by whatever end of this process.
    _lock: File,
}

impl Memory {
    /// That of the recipe's folder, and the name under which the recipe stands in it.
    pub(crate) fn open(recipe: &Path) -> Result<(Self, String), Failure> {
        let parent = recipe.parent().filter(|parent| !parent.as_os_str().is_empty());
        let name = recipe.file_name().unwrap_or(recipe.as_os_str()).to_string_lossy().into_owned();
        let folder = parent.unwrap_or(Path::new(".")).join(FOLDER);
        let path = folder.join(LOCK);
        let failed = |error: std::io::Error| Failure::write(&path, &error);
        fs::create_dir_all(&folder).map_err(failed)?;
        let lock = File::create(&path).map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok((Self { folder, _lock: lock }, name))
    }

    /// The asset that a recipe is on a server.
    pub(crate) fn recall(&self, server: &str, name: &str) -> Result<Option<Remembered>, Failure> {
        Ok(self.read()?.servers.get(server).and_then(|recipes| recipes.get(name)).cloned())
    }

    /// Remembers the asset that a recipe is on a server; everything else stays as it is.
    pub(crate) fn remember(&self, server: &str, name: &str, asset: Remembered) -> Result<(), Failure> {
        let mut content = self.read()?;
        content.servers.entry(server.to_owned()).or_default().insert(name.to_owned(), asset);
        let mut text = serde_json::to_string_pretty(&content).unwrap_or_default();
        text.push('\n');
        let path = self.path();
        replace(&path, text.as_bytes()).map_err(|error| Failure::write(&path, &error.source))
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn read(&self) -> Result<Content, Failure> {
        let path = self.path();
        let length = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(error) => return Err(Failure::read(&path, &error)),
        };
        let bad = |reason: &str| {
            let message = format!(
                "{}: this is not the list of assets that gve wrote ({reason}); mend it, or remove it to push its recipes as new assets",
                name(&path)
            );
            Failure::about("bad_memory", &path, message)
        };
        if length > MAX_BYTES {
            return Err(bad("it is too long"));
        }
        let text = fs::read(&path).map_err(|error| Failure::read(&path, &error))?;
        serde_json::from_slice(&text).map_err(|error| bad(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn asset(id: &str, version: u32) -> Remembered {
        Remembered { id: id.to_owned(), version }
    }

    #[test]
    fn assets_are_remembered_per_server_and_recipe() {
        let folder = tempfile::tempdir().unwrap();
        let (memory, name) = Memory::open(&folder.path().join("chair.gve.json")).unwrap();
        assert_eq!(name, "chair.gve.json");
        assert_eq!(memory.recall("http://a", &name).unwrap(), None);
        memory.remember("http://a", &name, asset("1", 1)).unwrap();
        memory.remember("http://b", &name, asset("2", 5)).unwrap();
        memory.remember("http://a", "table.gve.json", asset("3", 2)).unwrap();
        memory.remember("http://a", &name, asset("1", 2)).unwrap();
        assert_eq!(memory.recall("http://a", &name).unwrap(), Some(asset("1", 2)));
        assert_eq!(memory.recall("http://b", &name).unwrap(), Some(asset("2", 5)));
        assert_eq!(memory.recall("http://a", "table.gve.json").unwrap(), Some(asset("3", 2)));
    }

    #[test]
    fn a_damaged_memory_is_neither_used_nor_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (memory, name) = Memory::open(&folder.path().join("chair.gve.json")).unwrap();
        fs::write(memory.path(), "{\"servers\": [").unwrap();
        assert_eq!(memory.recall("http://a", &name).unwrap_err().code, "bad_memory");
        assert_eq!(memory.remember("http://a", &name, asset("1", 1)).unwrap_err().code, "bad_memory");
        assert_eq!(fs::read_to_string(memory.path()).unwrap(), "{\"servers\": [");
    }

    #[test]
    fn others_wait_while_a_recipe_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = folder.path().join("chair.gve.json");
        let (memory, name) = Memory::open(&recipe).unwrap();
        let other = std::thread::spawn(move || {
            let (memory, name) = Memory::open(&recipe).unwrap();
            memory.recall("http://a", &name).unwrap()
        });
        std::thread::sleep(std::time::Duration::from_millis(20));
        memory.remember("http://a", &name, asset("1", 1)).unwrap();
        drop(memory);
        assert_eq!(other.join().unwrap(), Some(asset("1", 1)));
    }
}
