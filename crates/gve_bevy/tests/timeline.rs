//! The timeline of a save, from the version's announcement to the new asset on screen, with a running Architect and
//! two engines; also when things go wrong on the way.
//!
//! ```text
//! t=0   a designer saves            t=60  the compile is complete
//! t=1   the version is announced    t=61  the binary is sent
//! t=2   engines are stale           t=62  engines show it
//! ```
//! What must hold in every frame stands in `Engine::frame`: the version on screen never goes back, is never called
//! current once a newer one was heard of, and looks like what was saved.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod architect_support;

use architect_support::{Architect, Designer, Engine, run_until, slow_network};

/// Two engines that show the first version of a new asset.
struct Scene {
    architect: Architect,
    designer: Designer,
    id: String,
    near: Engine,
    far: Engine,
    _data: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let architect = Architect::start(data.path());
        let designer = Designer::new(&architect);
        let document = designer.create(1);
        let mut near = Engine::new("near", &architect.url(), document.wire_id);
        // One connection lags far behind the other, and both behind the engine that is near.
        let network = slow_network(architect.port, &[120, 15]);
        let mut far = Engine::new("far", &network, document.wire_id);
        near.expect(document.version, 1);
        far.expect(document.version, 1);
        run_until(&mut [&mut near, &mut far], "both show the first version", |engines| {
            engines.iter().all(|engine| engine.status().is_current())
        });
        Self { architect, designer, id: document.id, near, far, _data: data }
    }

    /// Saves a step; returns its version.
    fn save(&mut self, step: u32) -> u32 {
        let version = self.designer.save(&self.id, step).version;
        self.near.expect(version, step);
        self.far.expect(version, step);
        version
    }

    fn until(&mut self, what: &str, done: impl FnMut(&[&mut Engine]) -> bool) {
        run_until(&mut [&mut self.near, &mut self.far], what, done);
    }

    fn until_current(&mut self, version: u32) {
        self.until(&format!("both show version {version}"), |engines| {
            engines.iter().all(|engine| engine.shown == version && engine.status().is_current())
        });
    }
}

#[test]
fn a_save_is_announced_shown_as_stale_compiled_and_swapped_in() {
    let mut scene = Scene::new();
    let before = scene.near.shown;
    let version = scene.save(2);
    assert_eq!(version, before + 1);
    scene.until("both are stale and hear of the compile", |engines| {
        engines.iter().all(|engine| {
            let status = engine.status();
            status.shown == before && status.is_stale() && engine.progress_seen
        })
    });
    scene.until_current(version);
    assert!(scene.near.was_stale && scene.far.was_stale);
}

#[test]
fn two_saves_during_one_compile_end_with_the_second() {
    let mut scene = Scene::new();
    let second = scene.save(2);
    scene.until("the second version is being compiled", |engines| {
        engines[0].status().compiling.is_some_and(|compiling| compiling.version == second)
    });
    let third = scene.save(3);
    assert_eq!(third, second + 1);
    let mut showed_second = false;
    scene.until("both show the third version", |engines| {
        showed_second |= engines.iter().any(|engine| engine.shown == second && !engine.status().is_stale());
        engines.iter().all(|engine| engine.shown == third && engine.status().is_current())
    });
    // It may have been complete just before the third was saved, but then it was stale at once.
    assert!(!showed_second || scene.near.was_stale);
}

#[test]
fn an_architect_killed_in_the_middle_of_a_compile_finishes_it_after_its_restart() {
    let mut scene = Scene::new();
    let before = scene.near.shown;
    let version = scene.save(2);
    scene.until("the compile is under way", |engines| engines[0].status().compiling.is_some());
    scene.architect.kill_and_restart();
    scene.until_current(version);
    assert!(version > before);
    // And versions go on where they were.
    let next = scene.save(3);
    assert_eq!(next, version + 1);
    scene.until_current(next);
}
