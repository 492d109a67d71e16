//! Loads and reloads, without a renderer.
//!
//! Most tests use files in memory and say themselves what changed, so nothing depends on timing.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    path::Path,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use bevy::{
    app::ScheduleRunnerPlugin,
    asset::io::{
        AssetSourceBuilder, AssetSourceEvent, AssetSourceId, AssetWatcher,
        memory::{Dir, MemoryAssetReader},
    },
    camera::primitives::Aabb,
    prelude::*,
};
use common::asset::{Shape, bytes, data, material, shell};
use gve_bevy::prelude::*;

const FILE: &str = "pump.gve_bin";

type Report = Box<dyn Fn(AssetSourceEvent) + Send + Sync>;

struct FakeWatcher;

impl AssetWatcher for FakeWatcher {}

/// An app without a renderer whose files lie in memory.
struct Bench {
    app: App,
    dir: Dir,
    report: Arc<Mutex<Option<Report>>>,
    failures: Vec<GveAssetFailed>,
}

fn good(radius: f32) -> Vec<u8> {
    bytes(&Shape::sphere(radius, material([200, 40, 30], 0.0, 0.5)), 12)
}

/// A ball whose bake had something to say.
fn warned(radius: f32, warnings: &[&str]) -> Vec<u8> {
    let shape = Shape::sphere(radius, material([200, 40, 30], 0.0, 0.5));
    let mut data = data(&shape, 12, shell(&Sphere::new(radius).mesh().uv(16, 8)));
    data.metadata.warnings = warnings.iter().map(|&warning| warning.to_owned()).collect();
    gve_assets::encode(&data).unwrap()
}

/// A file with one bit flipped.
fn bad() -> Vec<u8> {
    let mut bytes = good(1.0);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    bytes
}

impl Bench {
    fn new() -> Self {
        let dir = Dir::default();
        let report: Arc<Mutex<Option<Report>>> = Arc::default();
        let (root, slot) = (dir.clone(), report.clone());
        let mut app = App::new();
        app.register_asset_source(
            AssetSourceId::Default,
            AssetSourceBuilder::new(move || Box::new(MemoryAssetReader { root: root.clone() })).with_watcher(
                move |sender| {
                    let send: Report = Box::new(move |event| sender.send_blocking(event).unwrap());
                    *slot.lock().unwrap() = Some(send);
                    Some(Box::new(FakeWatcher))
                },
            ),
        );
        app.add_plugins((
            MinimalPlugins,
            AssetPlugin { watch_for_changes_override: Some(true), ..default() },
            GvePlugin,
        ));
        app.finish();
        app.cleanup();
        Self { app, dir, report, failures: Vec::new() }
    }

    fn write(&self, bytes: Vec<u8>) {
        self.dir.insert_asset(Path::new(FILE), bytes);
    }

    fn report(&self, event: AssetSourceEvent) {
        self.report.lock().unwrap().as_ref().unwrap()(event);
    }

    fn modified(&self) {
        self.report(AssetSourceEvent::ModifiedAsset(FILE.into()));
    }

    fn spawn(&mut self) -> Entity {
        let handle = self.app.world().resource::<AssetServer>().load(FILE);
        self.app.world_mut().spawn((GveObject(handle), GveRepresentation::Volume)).id()
    }

    fn update(&mut self) {
        self.app.update();
        let failures: Vec<_> =
            self.app.world_mut().resource_mut::<Messages<GveAssetFailed>>().drain().collect();
        self.failures.extend(failures);
    }

    /// Updates until something holds.
    #[track_caller]
    fn until(&mut self, what: &str, holds: impl Fn(&World) -> bool) {
        for _ in 0..5_000 {
            self.update();
            if holds(self.app.world()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("never {what}");
    }

    #[track_caller]
    fn until_status(&mut self, object: Entity, wanted: fn(&GveAssetStatus) -> bool) -> GveAssetStatus {
        self.until("the status", |world| wanted(world.get::<GveAssetStatus>(object).unwrap()));
        self.app.world().get::<GveAssetStatus>(object).unwrap().clone()
    }

    #[track_caller]
    fn until_radius(&mut self, object: Entity, radius: f32) {
        self.until("the new bounds", |world| radius_of(world, object) == Some(radius));
        assert_eq!(
            self.app.world().get::<GveAssetStatus>(object),
            Some(&GveAssetStatus::Ready { warnings: vec![] })
        );
    }
}

fn radius_of(world: &World, object: Entity) -> Option<f32> {
    world.get::<Aabb>(object).map(|aabb| aabb.half_extents.x)
}

fn is_stale(status: &GveAssetStatus) -> bool {
    matches!(status, GveAssetStatus::Stale(_))
}

#[test]
fn a_bad_file_keeps_the_good_one_until_the_next_good_one() {
    let mut bench = Bench::new();
    bench.write(good(1.0));
    let object = bench.spawn();
    assert_eq!(bench.app.world().get::<GveAssetStatus>(object), Some(&GveAssetStatus::Loading));
    bench.until_radius(object, 1.0);

    bench.write(bad());
    bench.modified();
    let status = bench.until_status(object, is_stale);
    assert!(status.reason().unwrap().contains("checksum"), "{status:?}");
    assert_eq!(radius_of(bench.app.world(), object), Some(1.0));

    // The same bad file again is no news.
    bench.modified();
    for _ in 0..50 {
        bench.update();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(bench.failures.len(), 1, "{:?}", bench.failures);
    assert!(bench.failures[0].stale);
    assert_eq!(bench.failures[0].path.path(), Path::new(FILE));

    bench.write(good(2.0));
    bench.modified();
    bench.until_radius(object, 2.0);
}

/// What is logged, by all tests of this file.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The log of this process.
    fn of_all() -> Self {
        static ALL: LazyLock<Log> = LazyLock::new(|| {
            let log = Log::default();
            let writer = log.clone();
            bevy::log::tracing_subscriber::fmt()
                .with_max_level(bevy::log::Level::WARN)
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .try_init()
                .unwrap();
            log
        });
        ALL.clone()
    }

    /// The lines that name something.
    fn lines(&self, name: &str) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        text.lines().filter(|line| line.contains(name)).map(str::to_owned).collect()
    }

    fn count(&self, sentence: &str) -> usize {
        String::from_utf8_lossy(&self.0.lock().unwrap()).matches(sentence).count()
    }
}

#[test]
fn warnings_of_a_bake_are_in_the_status_and_are_logged_once() {
    const THIN: &str = "$.root_node.children[1] (aerial): 0.5 mm is too thin for the volume";
    // Names come from files: a terminal that shows the log must not obey them.
    const FAR: &str = "$.root_node.children[2] (fl\u{1b}[31mag): lies 3 km away";
    let far = gve_types::text::shown(FAR).into_owned();
    let log = Log::of_all();
    let mut bench = Bench::new();
    bench.write(warned(1.0, &[THIN]));
    // Two objects, one file: one sentence.
    let (object, _) = (bench.spawn(), bench.spawn());
    let ready = |warnings: &[&str]| GveAssetStatus::Ready {
        warnings: warnings.iter().map(|&warning| warning.to_owned()).collect(),
    };
    let is = |bench: &Bench, warnings: &[&str]| {
        assert_eq!(bench.app.world().get::<GveAssetStatus>(object), Some(&ready(warnings)));
    };
    bench.until("the bounds", |world| radius_of(world, object) == Some(1.0));
    is(&bench, &[THIN]);
    assert_eq!(bench.app.world().get::<GveAssetStatus>(object).unwrap().warnings(), [THIN]);

    bench.write(warned(2.0, &[THIN, FAR]));
    bench.modified();
    bench.until("the new bounds", |world| radius_of(world, object) == Some(2.0));
    is(&bench, &[THIN, FAR]);
    for _ in 0..10 {
        bench.update();
    }
    assert_eq!(
        (log.count(THIN), log.count(&far)),
        (1, 1),
        "{}",
        String::from_utf8_lossy(&log.0.lock().unwrap())
    );
    assert_eq!(log.count(&format!("{FILE}: {far}")), 1, "with the file's name");

    // Gone, and here again.
    for (radius, warnings, told) in [(3.0, &[][..], 1), (4.0, &[FAR][..], 2)] {
        bench.write(warned(radius, warnings));
        bench.modified();
        bench.until("the new bounds", |world| radius_of(world, object) == Some(radius));
        is(&bench, warnings);
        for _ in 0..10 {
            bench.update();
        }
        assert_eq!((log.count(&far), log.count(FAR)), (told, 0));
    }
}

#[test]
fn a_bad_file_is_one_line_in_the_log() {
    const VALVE: &str = "valve.gve_bin";
    let log = Log::of_all();
    let mut bench = Bench::new();
    let write = |bench: &Bench, bytes| bench.dir.insert_asset(Path::new(VALVE), bytes);
    write(&bench, good(1.0));
    let handle = bench.app.world().resource::<AssetServer>().load(VALVE);
    let object = bench.app.world_mut().spawn((GveObject(handle), GveRepresentation::Volume)).id();
    bench.until_radius(object, 1.0);
    for bytes in [bad(), b"solid valve".to_vec()] {
        let before = log.lines(VALVE).len();
        write(&bench, bytes);
        bench.report(AssetSourceEvent::ModifiedAsset(VALVE.into()));
        let failures = bench.failures.len();
        for _ in 0..1000 {
            bench.update();
            std::thread::sleep(Duration::from_millis(1));
            if bench.failures.len() > failures {
                break;
            }
        }
        // Whatever else is said of it would have been said by now.
        for _ in 0..50 {
            bench.update();
            std::thread::sleep(Duration::from_millis(1));
        }
        let status = bench.app.world().get::<GveAssetStatus>(object).unwrap();
        let reason = status.reason().unwrap();
        let lines = log.lines(VALVE).split_off(before);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].contains("ERROR") && lines[0].contains(reason), "{lines:?}");
        assert!(lines[0].ends_with("the last good version stays in use"), "{lines:?}");
    }
    assert!(matches!(
        bench
            .app
            .world()
            .resource::<AssetServer>()
            .get_load_state(bench.app.world().get::<GveObject>(object).unwrap().id()),
        Some(bevy::asset::LoadState::Loaded)
    ));
}

#[test]
fn a_file_that_was_bad_first_appears_when_it_is_good() {
    let mut bench = Bench::new();
    bench.write(b"solid teapot".to_vec());
    let object = bench.spawn();
    let status = bench.until_status(object, |status| matches!(status, GveAssetStatus::Failed(_)));
    assert!(status.reason().unwrap().contains("GVE1"), "{status:?}");
    assert_eq!(radius_of(bench.app.world(), object), None);
    assert!(!bench.failures[0].stale);

    bench.write(good(1.0));
    bench.modified();
    bench.until_radius(object, 1.0);
}

#[test]
fn a_removed_file_stays_on_screen_and_comes_back() {
    let mut bench = Bench::new();
    bench.write(good(1.0));
    let object = bench.spawn();
    bench.until_radius(object, 1.0);

    bench.dir.remove_asset(Path::new(FILE));
    bench.report(AssetSourceEvent::RemovedAsset(FILE.into()));
    for _ in 0..20 {
        bench.update();
    }
    assert_eq!(radius_of(bench.app.world(), object), Some(1.0));

    bench.write(good(3.0));
    bench.report(AssetSourceEvent::AddedAsset(FILE.into()));
    bench.until_radius(object, 3.0);
}

#[test]
fn a_missing_file_says_so_and_appears_when_it_is_written() {
    let mut bench = Bench::new();
    let object = bench.spawn();
    let status = bench.until_status(object, |status| matches!(status, GveAssetStatus::Failed(_)));
    assert!(status.reason().unwrap().contains(FILE), "{status:?}");
    bench.write(good(1.0));
    bench.report(AssetSourceEvent::AddedAsset(FILE.into()));
    bench.until_radius(object, 1.0);
}

#[test]
fn an_object_follows_its_handle() {
    let mut bench = Bench::new();
    bench.write(good(1.0));
    let object = bench.spawn();
    bench.until_radius(object, 1.0);
    let server = bench.app.world().resource::<AssetServer>().clone();
    bench.dir.insert_asset(Path::new("other.gve_bin"), good(2.0));
    bench.app.world_mut().entity_mut(object).insert(GveObject(server.load("other.gve_bin")));
    bench.until_radius(object, 2.0);
}

/// Every member can be left out of an app without a renderer, alone and together with any other.
#[test]
fn any_member_can_be_left_out() {
    for left_out in 0..32_u32 {
        let mut gve = GvePlugin.build();
        let has = |bit: u32| left_out & (1 << bit) == 0;
        if !has(0) {
            gve = gve.disable::<GveAssetPlugin>();
        }
        if !has(1) {
            gve = gve.disable::<GveObjectPlugin>();
        }
        if !has(2) {
            gve = gve.disable::<GveVolumePlugin>();
        }
        if !has(3) {
            gve = gve.disable::<GveSplatPlugin>();
        }
        if !has(4) {
            gve = gve.disable::<GveShellPlugin>();
        }
        let mut app = App::new();
        app.add_plugins((
            MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
            AssetPlugin::default(),
            gve,
        ));
        app.finish();
        app.cleanup();
        let object = app.world_mut().spawn(GveObject::default()).id();
        app.update();
        app.update();
        assert_eq!(app.world().get::<GveDrawnAs>(object), Some(&GveDrawnAs::default()));
    }
    // Not even assets: a warning, and nothing else.
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, GvePlugin));
    app.finish();
    app.update();
}

/// Real files, the real watcher: renamed into place, written in place, removed and made again.
#[test]
fn files_are_followed_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let write = |radius| {
        let temporary = folder.path().join(".pump.tmp");
        std::fs::write(&temporary, good(radius)).unwrap();
        std::fs::rename(temporary, folder.path().join(FILE)).unwrap();
    };
    write(1.0);
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins,
        GveAssetSourcePlugin::new(folder.path()),
        AssetPlugin { watch_for_changes_override: Some(true), ..default() },
        GvePlugin,
    ));
    app.finish();
    app.cleanup();
    let mut bench = Bench { app, dir: Dir::default(), report: Arc::default(), failures: Vec::new() };
    let object = bench.spawn();
    bench.until_radius(object, 1.0);

    write(2.0);
    bench.until_radius(object, 2.0);

    std::fs::write(folder.path().join(FILE), bad()).unwrap();
    bench.until_status(object, is_stale);
    assert_eq!(radius_of(bench.app.world(), object), Some(2.0));

    std::fs::remove_file(folder.path().join(FILE)).unwrap();
    write(3.0);
    bench.until_radius(object, 3.0);

    std::fs::write(folder.path().join(FILE), good(4.0)).unwrap();
    bench.until_radius(object, 4.0);
}

/// The bytes of an asset stay what they were while another file takes its name.
#[test]
fn an_old_mapping_outlives_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    std::fs::write(&path, good(1.0)).unwrap();
    let old = GveAsset::new(Arc::new(gve_assets::AssetFile::open(&path).unwrap()));
    let temporary = folder.path().join("new");
    std::fs::write(&temporary, good(2.0)).unwrap();
    std::fs::rename(&temporary, &path).unwrap();
    let new = GveAsset::new(Arc::new(gve_assets::AssetFile::open(&path).unwrap()));
    let radius = |asset: &GveAsset| asset.aabb().half_extents.x;
    assert_eq!((radius(&old), radius(&new)), (1.0, 2.0));
    assert!(!old.is_same(&new) && old.is_same(&old.clone()));
}
