//! What the system tells of the folders that are watched.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};

use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::{Found, MAX_DEPTH, Watched, collect, has_other_names, is_recipe, place};
use crate::failure::{Failure, name};

/// A file that has been quiet for so long is read.
pub(crate) const QUIET: Duration = Duration::from_millis(60);

/// Tells which recipes have changed.
pub(crate) struct Changes {
    watched: Watched,
    events: mpsc::Receiver<notify::Result<Event>>,
    /// Recipes to which something happened, and when it last did.
    restless: BTreeMap<PathBuf, Instant>,
    /// The system is asked about each folder by one spelling only: it answers in the last one it was asked in.
    asked: BTreeSet<PathBuf>,
    watcher: RecommendedWatcher,
}

impl Changes {
    /// Begins to watch.
    pub(crate) fn start(watched: Watched) -> Result<Self, Failure> {
        let (sender, events) = mpsc::channel();
        // Links are followed by what we know of them.
        let config = Config::default().with_follow_symlinks(false);
        let send = move |event| {
            // Nobody listens any more only when the program ends.
            let _ = sender.send(event);
        };
        let watcher =
            RecommendedWatcher::new(send, config).map_err(|error| cannot(Path::new("."), &error))?;
        let mut changes =
            Self { watched, events, restless: BTreeMap::new(), asked: BTreeSet::new(), watcher };
        changes.ask()?;
        Ok(changes)
    }

    /// Asks the system about everything that is not asked about yet.
    fn ask(&mut self) -> Result<(), Failure> {
        let Watched { files, folders, linked, sources } = &self.watched;
        let trees: BTreeSet<PathBuf> =
            folders.keys().chain(linked.keys()).filter_map(|folder| folder.canonicalize().ok()).collect();
        for tree in &trees {
            if self.asked.insert(tree.clone()) {
                self.watcher.watch(tree, RecursiveMode::Recursive).map_err(|error| cannot(tree, &error))?;
            }
        }
        let in_tree = |path: &Path| trees.iter().any(|tree| path.starts_with(tree));
        let parents =
            files.keys().chain(sources.keys()).filter_map(|file| file.parent()?.canonicalize().ok());
        // A file with several names is also written to under those that are elsewhere.
        let shared = sources.keys().filter(|file| !file.is_symlink() && has_other_names(file)).cloned();
        let single: BTreeSet<PathBuf> = parents.filter(|folder| !in_tree(folder)).chain(shared).collect();
        for path in single {
            if self.asked.insert(path.clone()) {
                self.watcher
                    .watch(&path, RecursiveMode::NonRecursive)
                    .map_err(|error| cannot(&path, &error))?;
            }
        }
        Ok(())
    }

    /// The recipes that have changed and been quiet since; empty most of the time.
    pub(crate) fn settled(&mut self) -> Result<Vec<PathBuf>, Failure> {
        let now = Instant::now();
        let mut links_changed = false;
        while let Ok(event) = self.events.try_recv() {
            match event {
                Ok(event) => links_changed |= self.note(event, now)?,
                Err(error) => return Err(Failure::new("cannot_watch", format!("cannot watch on: {error}"))),
            }
        }
        if links_changed {
            self.watched.look()?;
            self.ask()?;
        }
        Ok(take_settled(&mut self.restless, now))
    }

    /// Remembers what happened; whether links may lead elsewhere since.
    fn note(&mut self, event: Event, now: Instant) -> Result<bool, Failure> {
        let mut links_changed = event.need_rescan();
        if links_changed {
            // The system has lost count: anything may have changed.
            self.restless.extend(self.watched.recipes()?.into_iter().map(|path| (path, now)));
        }
        if matches!(event.kind, EventKind::Access(kind) if !is_write(kind)) {
            return Ok(links_changed);
        }
        let is_new = matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_));
        for path in event.paths {
            // Whichever link the system came by.
            let path = place(&path);
            if matches!(event.kind, EventKind::Remove(_)) {
                // The system forgets it with the file.
                links_changed |= self.asked.remove(&path);
            }
            let is_linked = |path: &Path| path.is_symlink() || (is_recipe(path) && has_other_names(path));
            links_changed |= is_new && (is_linked(&path) || self.watched.sources.contains_key(&path));
            let mut recipes = BTreeSet::from([path.clone()]);
            // A folder that is moved in brings its recipes along.
            if is_new && path.is_dir() {
                let mut found = Found::default();
                collect(&path, &path, MAX_DEPTH, &mut found)?;
                links_changed |=
                    !found.links.is_empty() || found.recipes.keys().any(|file| file.is_symlink());
                recipes.extend(found.recipes.into_keys());
            }
            let named = recipes.iter().flat_map(|path| self.watched.names(path));
            self.restless.extend(named.map(|name| (name, now)));
        }
        Ok(links_changed)
    }
}

fn cannot(path: &Path, error: &notify::Error) -> Failure {
    Failure::about("cannot_watch", path, format!("cannot watch {}: {error}", name(path)))
}

fn is_write(kind: notify::event::AccessKind) -> bool {
    use notify::event::{AccessKind, AccessMode};
    kind == AccessKind::Close(AccessMode::Write)
}

pub(super) fn take_settled(restless: &mut BTreeMap<PathBuf, Instant>, now: Instant) -> Vec<PathBuf> {
    let is_settled = |at: &Instant| now.duration_since(*at) >= QUIET;
    let settled: Vec<PathBuf> =
        restless.iter().filter(|(_, at)| is_settled(at)).map(|(path, _)| path.clone()).collect();
    restless.retain(|path, _| !settled.contains(path));
    settled
}
