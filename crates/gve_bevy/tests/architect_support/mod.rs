//! A running Architect, engines without a window that follow it, and a slow network between them.
#![allow(unreachable_pub, reason = "the test beside it uses it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use bevy::{platform::collections::HashMap, prelude::*};
use gve_bevy::{
    net::gve_net::{Client, Config, Rest},
    prelude::*,
};
use gve_types::{
    MaterialTable, api::SaveAsset, compile::CompilePriority, document::AssetDocument, parse_recipe,
};

/// Longest that anything here may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The Python with the backend's packages and the native module: `GVE_PYTHON`, or the environment that
/// `cargo xtask setup` makes beside the builds.
fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("GVE_PYTHON") {
        return python.into();
    }
    // target/debug/deps/this-test
    let test = std::env::current_exe().unwrap();
    let python = test.ancestors().nth(3).unwrap().join("python/bin/python");
    assert!(python.is_file(), "{} is missing: run `cargo xtask setup`, or set GVE_PYTHON", python.display());
    python
}

/// An Architect in a process of its own.
pub struct Architect {
    child: Child,
    data: PathBuf,
    pub port: u16,
}

impl Architect {
    pub fn start(data: &Path) -> Self {
        Self::start_on(data, 0)
    }

    fn start_on(data: &Path, port: u16) -> Self {
        let backend = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../backend");
        let mut child = Command::new(python())
            .args([
                "-m",
                "architect",
                "serve",
                "--no-train",
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ])
            .arg("--data")
            .arg(data)
            .env("PYTHONPATH", backend)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("the Architect said {line:?} ({:?})", child.wait()));
        let port =
            ready["url"].as_str().and_then(|url| url.rsplit(':').next()).unwrap().trim_end_matches('/');
        Self { child, data: data.to_owned(), port: port.parse().unwrap() }
    }

    /// Ends it without any warning and starts it again on the same store and port.
    pub fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        *self = Self::start_on(&self.data, self.port);
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Architect {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody who saves recipes.
pub struct Designer {
    client: Client,
}

impl Designer {
    pub fn new(architect: &Architect) -> Self {
        Self { client: Client::start(&Config::new(&architect.url()).unwrap()).unwrap() }
    }

    fn call<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        ask: impl FnOnce(Rest) -> F,
    ) -> T {
        self.client.call(ask).wait().unwrap()
    }

    pub fn create(&self, step: u32) -> AssetDocument {
        let save = save(step);
        self.call(|rest| async move { rest.create_asset(&save).await }).unwrap()
    }

    pub fn save(&self, id: &str, step: u32) -> AssetDocument {
        let (id, save) = (id.to_owned(), save(step));
        self.call(|rest| async move { rest.save_asset(&id, &save).await }).unwrap()
    }
}

/// Half the height of the post that a step's recipe describes, in metres: what is on screen tells its step.
pub fn half_height(step: u32) -> f32 {
    0.5 + 0.125 * step as f32
}

/// A post in a ring of knobs: enough to take a moment to compile at a high resolution.
fn save(step: u32) -> SaveAsset {
    let text = serde_json::json!({
        "metadata": { "name": "Post", "version": 1, "category": "Prop", "material_spec": "WOOD_OAK" },
        "root_node": { "op": "union", "blend": { "kind": "smooth", "radius": 0.02 }, "children": [
            { "op": "cylinder", "radius": 0.1, "half_height": half_height(step) },
            { "op": "polar_repeat", "count": 24, "child": {
                "op": "translate", "offset": [0.3, 0, 0], "child": {
                    "op": "displace", "amplitude": 0.004, "wavelength": 0.03, "pattern": "gyroid", "octaves": 2,
                    "child": { "op": "sphere", "radius": 0.05 }}}}
        ]}
    });
    let dna = parse_recipe(&text.to_string(), MaterialTable::builtin()).unwrap();
    SaveAsset {
        dna,
        subcategory: None,
        expected_version: None,
        priority: CompilePriority::Normal,
        splat_iterations: Some(0),
        volume_resolution: Some(256),
    }
}

/// A game without a window that shows one asset, and everything that must hold of it in every frame.
pub struct Engine {
    name: &'static str,
    app: App,
    object: Entity,
    /// The step that each version was saved with.
    steps: HashMap<u32, u32>,
    announced: u32,
    pub shown: u32,
    pub progress_seen: bool,
    pub was_stale: bool,
}

impl Engine {
    pub fn new(name: &'static str, server: &str, wire_id: u64) -> Self {
        let mut app = App::new();
        app.add_plugins((GveNetPlugin::new(server), MinimalPlugins, AssetPlugin::default(), GvePlugin));
        app.finish();
        app.cleanup();
        let handle = app.world().resource::<AssetServer>().load(gve_bevy::net::address(wire_id));
        let object = app.world_mut().spawn(GveObject(handle)).id();
        let steps = HashMap::default();
        Self { name, app, object, steps, announced: 0, shown: 0, progress_seen: false, was_stale: false }
    }

    /// Tells the engine's judge what a version must look like.
    pub fn expect(&mut self, version: u32, step: u32) {
        self.steps.insert(version, step);
    }

    pub fn status(&self) -> GveNetStatus {
        self.app.world().get::<GveNetStatus>(self.object).cloned().unwrap_or_default()
    }

    /// One frame, and what must hold after it.
    pub fn frame(&mut self) {
        self.app.update();
        let name = self.name;
        let status = self.status();
        let announced = self.app.world_mut().resource_mut::<Messages<GveAnnounced>>();
        self.announced =
            announced.iter_current_update_messages().fold(self.announced, |a, m| a.max(m.version));
        let progress = self.app.world().resource::<Messages<GveCompileProgress>>();
        self.progress_seen |= progress.iter_current_update_messages().count() > 0;
        assert!(
            status.shown >= self.shown,
            "{name} went back from version {} to {}",
            self.shown,
            status.shown
        );
        self.shown = status.shown;
        assert!(
            !status.is_current() || status.shown >= self.announced,
            "{name} shows version {} as current, and heard of {}",
            status.shown,
            self.announced
        );
        self.was_stale |= status.is_stale() && status.shown > 0;
        let world = self.app.world();
        let handle = world.get::<GveObject>(self.object).unwrap();
        if let Some(asset) = world.resource::<Assets<GveAsset>>().get(handle.id()) {
            assert_eq!(
                asset.file().header().version,
                status.shown,
                "{name}: status and asset change in one frame"
            );
            if let Some(&step) = self.steps.get(&status.shown) {
                let height = asset.metadata().bounds.max[1];
                assert!(
                    (height - half_height(step)).abs() < 0.02,
                    "{name}: version {} is {height} m",
                    status.shown
                );
            }
        }
    }
}

/// Runs frames of all engines until something holds.
pub fn run_until(engines: &mut [&mut Engine], what: &str, mut done: impl FnMut(&[&mut Engine]) -> bool) {
    let started = Instant::now();
    loop {
        engines.iter_mut().for_each(|engine| engine.frame());
        if done(engines) {
            return;
        }
        if started.elapsed() > PATIENCE {
            let stand: Vec<_> = engines.iter().map(|engine| (engine.name, engine.status())).collect();
            panic!("not within {PATIENCE:?}: {what}; {stand:?}");
        }
        thread::sleep(Duration::from_millis(4));
    }
}

/// A network in front of the Architect that holds back what the Architect says. Returns its address.
///
/// Every connection has a delay of its own, so that what is said on one arrives before or after what is said on
/// another.
pub fn slow_network(port: u16, delays: &'static [u64]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, near) in listener.incoming().enumerate() {
            let (Ok(near), Ok(far)) = (near, TcpStream::connect(("127.0.0.1", port))) else { continue };
            let delay = Duration::from_millis(delays[number % delays.len()]);
            let (from_near, to_far) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            thread::spawn(move || forward(from_near, to_far, Duration::ZERO));
            thread::spawn(move || forward(far, near, delay));
        }
    });
    format!("http://{address}")
}

/// Passes bytes on, each as late as `delay` after it came: a long way, not a narrow one.
fn forward(from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    let mut source = from.try_clone().unwrap();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = source.read(&mut buffer) {
            if sender.send((Instant::now() + delay, buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    for (due, bytes) in receiver {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = from.shutdown(std::net::Shutdown::Both);
}
