//! Which recipes are watched, and when one of them has changed.
//!
//! Editors save in different ways: some write the file in place, some write another and rename it over
//! the old one. So it is folders that are watched, by what the system tells of them; what happens to a
//! recipe's name counts, however it happens, and only once it has been quiet for a moment.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::failure::Failure;

/// What the name of a recipe ends with.
pub(crate) const RECIPE_SUFFIX: &str = ".gve.json";
/// A file that has been quiet for so long is read.
pub(crate) const QUIET: Duration = Duration::from_millis(60);
/// Most recipes of the folders that are watched.
const MAX_RECIPES: usize = 10_000;
/// Deepest folders that are looked into.
const MAX_DEPTH: usize = 16;

/// What is watched. The system tells of absolute paths; people are told of those that they named.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// Recipes by their absolute paths, as they were named.
    files: BTreeMap<PathBuf, PathBuf>,
    /// Folders by their absolute paths, as they were named.
    folders: BTreeMap<PathBuf, PathBuf>,
}

impl Watched {
    /// Sorts the paths into files and folders.
    pub(crate) fn new(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut watched = Self::default();
        for path in paths {
            let metadata = std::fs::metadata(path).map_err(|error| Failure::read(path, &error))?;
            let absolute = std::path::absolute(path).map_err(|error| Failure::read(path, &error))?;
            let among = if metadata.is_dir() { &mut watched.folders } else { &mut watched.files };
            among.insert(absolute, path.clone());
        }
        Ok(watched)
    }

    /// The recipes there are now, as they are named.
    pub(crate) fn recipes(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut found: BTreeSet<PathBuf> = self.files.keys().cloned().collect();
        for folder in self.folders.keys() {
            collect(folder, MAX_DEPTH, &mut found)?;
        }
        if found.is_empty() {
            let folders: Vec<_> = self.folders.values().map(|folder| folder.display().to_string()).collect();
            let message = format!("no recipe (*{RECIPE_SUFFIX}) in {}", folders.join(", "));
            return Err(Failure::new("no_recipes", message));
        }
        Ok(found.iter().filter_map(|path| self.named(path)).collect())
    }

    /// The name of a recipe that is watched; `None` for every other path.
    fn named(&self, absolute: &Path) -> Option<PathBuf> {
        if let Some(name) = self.files.get(absolute) {
            return Some(name.clone());
        }
        let below = |(folder, name): (&PathBuf, &PathBuf)| {
            let below = absolute.strip_prefix(folder).ok().filter(|below| is_visible(below))?;
            Some(if name == Path::new(".") { below.to_owned() } else { name.join(below) })
        };
        if is_recipe(absolute) { self.folders.iter().find_map(below) } else { None }
    }
}

fn is_recipe(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(RECIPE_SUFFIX))
}

/// Hidden files and folders are the editors' and our own.
fn is_visible(below: &Path) -> bool {
    below.components().all(|part| !part.as_os_str().to_string_lossy().starts_with('.'))
}

fn collect(folder: &Path, depth: usize, recipes: &mut BTreeSet<PathBuf>) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::read(folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Failure::read(folder, &error))?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // Links to folders are not followed: they may lead in circles.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && depth > 0 {
            collect(&path, depth - 1, recipes)?;
        } else if !is_folder && is_recipe(&path) {
            recipes.insert(path);
        }
        if recipes.len() > MAX_RECIPES {
            let message = format!("more than {MAX_RECIPES} recipes in {}", folder.display());
            return Err(Failure::new("too_many_recipes", message));
        }
    }
    Ok(())
}

/// Tells which recipes have changed.
pub(crate) struct Changes {
    watched: Watched,
    events: mpsc::Receiver<notify::Result<Event>>,
    /// Recipes to which something happened, and when it last did.
    restless: BTreeMap<PathBuf, Instant>,
    _watcher: RecommendedWatcher,
}

impl Changes {
    /// Begins to watch.
    pub(crate) fn start(watched: Watched) -> Result<Self, Failure> {
        let (sender, events) = mpsc::channel();
        let cannot = |path: &Path, error: &notify::Error| {
            Failure::about("cannot_watch", path, format!("cannot watch {}: {error}", path.display()))
        };
        let mut watcher = notify::recommended_watcher(move |event| {
            // Nobody listens any more only when the program ends.
            let _ = sender.send(event);
        })
        .map_err(|error| cannot(Path::new("."), &error))?;
        // An absolute path to a file has a folder.
        let mut flat: BTreeSet<&Path> = watched.files.keys().filter_map(|file| file.parent()).collect();
        for folder in watched.folders.keys() {
            flat.remove(folder.as_path());
            watcher.watch(folder, RecursiveMode::Recursive).map_err(|error| cannot(folder, &error))?;
        }
        for folder in flat {
            watcher.watch(folder, RecursiveMode::NonRecursive).map_err(|error| cannot(folder, &error))?;
        }
        Ok(Self { watched, events, restless: BTreeMap::new(), _watcher: watcher })
    }

    /// The recipes that have changed and been quiet since; empty most of the time.
    pub(crate) fn settled(&mut self) -> Result<Vec<PathBuf>, Failure> {
        let now = Instant::now();
        while let Ok(event) = self.events.try_recv() {
            match event {
                Ok(event) => self.note(event, now)?,
                Err(error) => return Err(Failure::new("cannot_watch", format!("cannot watch on: {error}"))),
            }
        }
        Ok(take_settled(&mut self.restless, now))
    }

    fn note(&mut self, event: Event, now: Instant) -> Result<(), Failure> {
        if event.need_rescan() {
            // The system has lost count: anything may have changed.
            self.restless.extend(self.watched.recipes()?.into_iter().map(|path| (path, now)));
        }
        if matches!(event.kind, EventKind::Access(kind) if !is_write(kind)) {
            return Ok(());
        }
        for path in event.paths {
            let mut recipes = BTreeSet::from([path.clone()]);
            // A folder that is moved in brings its recipes along.
            if path.is_dir() && matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_)) {
                collect(&path, MAX_DEPTH, &mut recipes)?;
            }
            let named = recipes.iter().filter_map(|path| self.watched.named(path));
            self.restless.extend(named.map(|name| (name, now)));
        }
        Ok(())
    }
}

fn is_write(kind: notify::event::AccessKind) -> bool {
    use notify::event::{AccessKind, AccessMode};
    kind == AccessKind::Close(AccessMode::Write)
}

fn take_settled(restless: &mut BTreeMap<PathBuf, Instant>, now: Instant) -> Vec<PathBuf> {
    let is_settled = |at: &Instant| now.duration_since(*at) >= QUIET;
    let settled: Vec<PathBuf> =
        restless.iter().filter(|(_, at)| is_settled(at)).map(|(path, _)| path.clone()).collect();
    restless.retain(|path, _| !settled.contains(path));
    settled
}

#[cfg(test)]
mod tests;
