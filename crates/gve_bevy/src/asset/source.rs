//! The default asset source with a watcher that answers in milliseconds.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};

use bevy::{
    asset::io::{
        AssetSource, AssetSourceBuilder, AssetSourceBuilders, AssetSourceEvent, AssetSourceId, AssetWatcher,
        file::FileAssetReader,
    },
    prelude::*,
};
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind, RenameMode},
};

/// Where the default asset source reads its files, for loaders that map them.
#[derive(Resource, Clone)]
pub(crate) struct GveAssetRoot(pub(crate) PathBuf);

/// Serves the default asset source from a folder, and reports changes in milliseconds.
///
/// Bevy's own watcher holds every change back for 300 ms and says nothing when a file is renamed over another,
/// which is how `.gve_bin` files are written. This one reports a file that was closed after writing or renamed
/// into place at once, and every other change after `debounce` without another one.
///
/// It serves all assets of the default source, not only GVE's. Files are watched when [`AssetPlugin`] watches:
/// by default, or with `watch_for_changes_override: Some(true)`.
///
/// # Ordering
/// Add it *before* `DefaultPlugins` (or [`AssetPlugin`]), which then leaves the default source as it is and
/// ignores its own `file_path`. Added later it warns and does nothing.
///
/// # Example
/// ```no_run
/// # use bevy::prelude::*;
/// # use gve_bevy::prelude::*;
/// App::new().add_plugins((GveAssetSourcePlugin::new("assets/library"), AssetPlugin::default(), GvePlugin));
/// ```
#[derive(Debug, Clone)]
pub struct GveAssetSourcePlugin {
    /// The folder, relative to what Bevy takes as the root (`BEVY_ASSET_ROOT`, the package, or the program's
    /// folder), or absolute.
    pub file_path: PathBuf,
    /// How long a file must stay unchanged before a change that nobody finished is reported. A shorter time
    /// answers sooner; a longer one reads fewer half-written files on systems that do not say when a file is
    /// closed.
    pub debounce: Duration,
}

impl GveAssetSourcePlugin {
    /// Serves `file_path` with the default debounce of 20 ms.
    pub fn new(file_path: impl Into<PathBuf>) -> Self {
        Self { file_path: file_path.into(), debounce: Duration::from_millis(20) }
    }
}

impl Default for GveAssetSourcePlugin {
    /// Serves `assets`, as [`AssetPlugin`] does.
    fn default() -> Self {
        Self::new("assets")
    }
}

impl Plugin for GveAssetSourcePlugin {
    fn build(&self, app: &mut App) {
        if app.world().contains_resource::<AssetServer>() {
            warn!("GveAssetSourcePlugin does nothing: add it before DefaultPlugins or AssetPlugin");
            return;
        }
        let root = absolute_root(&self.file_path);
        app.insert_resource(GveAssetRoot(root.clone()));
        let Some(path) = root.to_str().map(str::to_owned) else {
            warn!("the asset folder {} is not UTF-8; Bevy cannot serve it", root.display());
            return;
        };
        let debounce = self.debounce;
        let source = AssetSourceBuilder::new(AssetSource::get_default_reader(path.clone()))
            .with_writer(AssetSource::get_default_writer(path))
            .with_watcher(move |sender| {
                watch(&root, debounce, move |event| sender.send_blocking(event).is_ok())
            })
            .with_watch_warning("The asset folder is missing or cannot be watched; changes will not show.");
        app.world_mut().get_resource_or_init::<AssetSourceBuilders>().insert(AssetSourceId::Default, source);
    }
}

/// The folder that Bevy's file reader would read for `file_path`.
pub(crate) fn absolute_root(file_path: &Path) -> PathBuf {
    let root = FileAssetReader::new(file_path).root_path().clone();
    std::path::absolute(&root).unwrap_or(root)
}

/// Keeps the system's watcher alive; the thread that sorts its events ends with it.
struct FolderWatcher {
    _watcher: RecommendedWatcher,
}

impl AssetWatcher for FolderWatcher {}

fn watch(
    root: &Path,
    debounce: Duration,
    send: impl Fn(AssetSourceEvent) -> bool + Send + 'static,
) -> Option<Box<dyn AssetWatcher>> {
    let (sender, receiver) = mpsc::channel();
    let start = || -> Result<RecommendedWatcher, notify::Error> {
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| match event {
            // The other end is gone only when the app is going too.
            Ok(event) => drop(sender.send(event)),
            Err(error) => warn!("watching assets: {error}"),
        })?;
        watcher.watch(root, RecursiveMode::Recursive)?;
        Ok(watcher)
    };
    let watcher = match start() {
        Ok(watcher) => watcher,
        Err(error) => {
            warn!("cannot watch the asset folder {}: {error}", root.display());
            return None;
        }
    };
    let root = root.to_owned();
    let thread = std::thread::Builder::new().name("gve asset watcher".into());
    if let Err(error) = thread.spawn(move || sort_events(&root, debounce, &receiver, send)) {
        warn!("cannot watch the asset folder: no thread: {error}");
        return None;
    }
    Some(Box::new(FolderWatcher { _watcher: watcher }))
}

fn sort_events(
    root: &Path,
    debounce: Duration,
    events: &mpsc::Receiver<Event>,
    send: impl Fn(AssetSourceEvent) -> bool,
) {
    let mut sorter = EventSorter::new(debounce);
    loop {
        let event = match sorter.next_deadline() {
            Some(deadline) => match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) => Some(event),
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            },
            None => match events.recv() {
                Ok(event) => Some(event),
                Err(mpsc::RecvError) => return,
            },
        };
        let now = Instant::now();
        let mut changes = event.map_or_else(Vec::new, |event| sorter.sort(&event, now));
        changes.extend(sorter.settled(now));
        for change in changes {
            if let Some(change) = change.into_source_event(root)
                && !send(change)
            {
                return;
            }
        }
    }
}

/// What happened to a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Added(PathBuf),
    Modified(PathBuf),
    Removed(PathBuf),
    AddedFolder(PathBuf),
    RemovedFolder(PathBuf),
}

impl Change {
    fn into_source_event(self, root: &Path) -> Option<AssetSourceEvent> {
        let relative = |path: &Path| path.strip_prefix(root).ok().map(Path::to_owned);
        // A `.meta` file belongs to the asset beside it.
        let asset = |path: &Path| -> Option<(PathBuf, bool)> {
            let path = relative(path)?;
            let is_meta = path.extension().is_some_and(|extension| extension == "meta");
            Some(if is_meta { (path.with_extension(""), true) } else { (path, false) })
        };
        Some(match self {
            Self::Added(path) => match asset(&path)? {
                (path, false) => AssetSourceEvent::AddedAsset(path),
                (path, true) => AssetSourceEvent::AddedMeta(path),
            },
            Self::Modified(path) => match asset(&path)? {
                (path, false) => AssetSourceEvent::ModifiedAsset(path),
                (path, true) => AssetSourceEvent::ModifiedMeta(path),
            },
            Self::Removed(path) => match asset(&path)? {
                (path, false) => AssetSourceEvent::RemovedAsset(path),
                (path, true) => AssetSourceEvent::RemovedMeta(path),
            },
            Self::AddedFolder(path) => AssetSourceEvent::AddedFolder(relative(&path)?),
            Self::RemovedFolder(path) => AssetSourceEvent::RemovedFolder(relative(&path)?),
        })
    }
}

/// Turns what the system says into changes, each as soon as it is known to be finished.
struct EventSorter {
    debounce: Duration,
    /// Files that change, and when they count as settled.
    pending: HashMap<PathBuf, Instant>,
    /// Files that are new since they were last reported.
    created: HashSet<PathBuf>,
    /// The rename that was reported last.
    last_rename: Option<usize>,
}

impl EventSorter {
    fn new(debounce: Duration) -> Self {
        Self { debounce, pending: HashMap::new(), created: HashSet::new(), last_rename: None }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.pending.values().min().copied()
    }

    fn settled(&mut self, now: Instant) -> Vec<Change> {
        let paths: Vec<PathBuf> =
            self.pending.iter().filter(|(_, at)| **at <= now).map(|(path, _)| path.clone()).collect();
        paths.into_iter().map(|path| self.finished(path)).collect()
    }

    fn finished(&mut self, path: PathBuf) -> Change {
        self.pending.remove(&path);
        if self.created.remove(&path) { Change::Added(path) } else { Change::Modified(path) }
    }

    fn gone(&mut self, path: PathBuf) -> Change {
        self.pending.remove(&path);
        self.created.remove(&path);
        Change::Removed(path)
    }

    /// A path that now holds another file, or a folder.
    fn arrived(&mut self, path: PathBuf) -> Change {
        self.pending.remove(&path);
        self.created.remove(&path);
        if path.is_dir() { Change::AddedFolder(path) } else { Change::Added(path) }
    }

    fn sort(&mut self, event: &Event, now: Instant) -> Vec<Change> {
        let Some(path) = event.paths.first().cloned() else { return Vec::new() };
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => vec![self.finished(path)],
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) => vec![self.gone(path)],
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
                self.last_rename = event.tracker();
                vec![self.arrived(path)]
            }
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => {
                // Linux reports both halves first, and then this with the same number.
                if event.tracker().is_some() && event.tracker() == self.last_rename {
                    return Vec::new();
                }
                let mut changes = vec![self.gone(path)];
                changes.extend(event.paths.get(1).cloned().map(|to| self.arrived(to)));
                changes
            }
            // Some systems do not say which half of a rename this is.
            EventKind::Modify(ModifyKind::Name(_)) if path.exists() => vec![self.arrived(path)],
            EventKind::Modify(ModifyKind::Name(_)) => vec![self.gone(path)],
            EventKind::Create(CreateKind::Folder) => vec![Change::AddedFolder(path)],
            EventKind::Create(_) if path.is_dir() => vec![Change::AddedFolder(path)],
            EventKind::Create(_) => {
                self.created.insert(path.clone());
                self.pending.insert(path, now + self.debounce);
                Vec::new()
            }
            EventKind::Modify(ModifyKind::Metadata(_)) => Vec::new(),
            EventKind::Modify(_) if path.is_dir() => Vec::new(),
            EventKind::Modify(_) => {
                self.pending.insert(path, now + self.debounce);
                Vec::new()
            }
            EventKind::Remove(RemoveKind::Folder) => vec![Change::RemovedFolder(path)],
            EventKind::Remove(_) => vec![self.gone(path)],
            EventKind::Any | EventKind::Access(_) | EventKind::Other => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use notify::event::DataChange;

    use super::*;

    const FILE: &str = "/assets/pump.gve_bin";

    fn event(kind: EventKind, path: &str) -> Event {
        Event::new(kind).add_path(path.into())
    }

    fn sorter() -> (EventSorter, Instant) {
        (EventSorter::new(Duration::from_millis(20)), Instant::now())
    }

    #[test]
    fn a_file_renamed_into_place_is_reported_once_and_at_once() {
        let (mut sorter, now) = sorter();
        let rename = |mode| EventKind::Modify(ModifyKind::Name(mode));
        let from = event(rename(RenameMode::From), "/assets/.tmp").set_tracker(7);
        let to = event(rename(RenameMode::To), FILE).set_tracker(7);
        let both = event(rename(RenameMode::Both), "/assets/.tmp").add_path(FILE.into()).set_tracker(7);
        assert_eq!(sorter.sort(&from, now), [Change::Removed("/assets/.tmp".into())]);
        assert_eq!(sorter.sort(&to, now), [Change::Added(FILE.into())]);
        assert_eq!(sorter.sort(&both, now), []);
        assert_eq!(sorter.next_deadline(), None);
    }

    #[test]
    fn a_rename_that_comes_in_one_event_is_reported() {
        let (mut sorter, now) = sorter();
        let both =
            event(EventKind::Modify(ModifyKind::Name(RenameMode::Both)), "/assets/old").add_path(FILE.into());
        assert_eq!(
            sorter.sort(&both, now),
            [Change::Removed("/assets/old".into()), Change::Added(FILE.into())]
        );
    }

    #[test]
    fn a_file_written_in_place_waits_until_it_is_closed_or_quiet() {
        let (mut sorter, now) = sorter();
        let write = event(EventKind::Modify(ModifyKind::Data(DataChange::Any)), FILE);
        let close = event(EventKind::Access(AccessKind::Close(AccessMode::Write)), FILE);
        assert_eq!(sorter.sort(&write, now), []);
        assert_eq!(sorter.sort(&close, now), [Change::Modified(FILE.into())]);

        assert_eq!(sorter.sort(&write, now), []);
        assert_eq!(sorter.settled(now + Duration::from_millis(19)), []);
        assert_eq!(sorter.sort(&write, now + Duration::from_millis(19)), []);
        assert_eq!(sorter.settled(now + Duration::from_millis(38)), []);
        assert_eq!(sorter.settled(now + Duration::from_millis(39)), [Change::Modified(FILE.into())]);
        assert_eq!(sorter.next_deadline(), None);
    }

    #[test]
    fn a_new_file_is_added_and_a_removed_one_removed() {
        let (mut sorter, now) = sorter();
        let create = event(EventKind::Create(CreateKind::File), FILE);
        let close = event(EventKind::Access(AccessKind::Close(AccessMode::Write)), FILE);
        let remove = event(EventKind::Remove(RemoveKind::File), FILE);
        assert_eq!(sorter.sort(&create, now), []);
        assert_eq!(sorter.sort(&close, now), [Change::Added(FILE.into())]);
        assert_eq!(sorter.sort(&create, now), []);
        assert_eq!(sorter.sort(&remove, now), [Change::Removed(FILE.into())]);
        assert_eq!(sorter.next_deadline(), None);
    }

    #[test]
    fn paths_are_relative_to_the_root_and_meta_files_name_their_asset() {
        let root = Path::new("/assets");
        assert_eq!(
            Change::Modified("/assets/a/b.gve_bin.meta".into()).into_source_event(root),
            Some(AssetSourceEvent::ModifiedMeta("a/b.gve_bin".into()))
        );
        assert_eq!(Change::Modified("/elsewhere/b".into()).into_source_event(root), None);
    }
}
