//! An app that follows an Architect which says whatever a test wants.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    net::TcpListener,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use bevy::{ecs::message::MessageCursor, prelude::*};
use common::asset::{Shape, data, material, shell};
use gve_assets::{Refinement, encode};
use gve_bevy::prelude::*;
use gve_types::protocol::{MessageHeader, MessageType, split_frame};
use tungstenite::Message;

const ASSET: u64 = 42;
const PATIENCE: Duration = Duration::from_secs(30);

/// The other end of `/ws/assets`.
struct Script {
    url: String,
    /// What is sent; dropping it closes the connection.
    say: Sender<Vec<u8>>,
    /// What the app sends.
    heard: Receiver<(MessageHeader, Vec<u8>)>,
}

impl Script {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (say, lines) = channel::<Vec<u8>>();
        let (hear, heard) = channel();
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut socket = tungstenite::accept(stream).unwrap();
            socket.get_ref().set_read_timeout(Some(Duration::from_millis(5))).unwrap();
            loop {
                match lines.try_recv() {
                    Ok(frame) => socket.send(Message::binary(frame)).unwrap(),
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                    Err(std::sync::mpsc::TryRecvError::Empty) => {}
                }
                if let Ok(Message::Binary(frame)) = socket.read() {
                    let (header, payload) = split_frame(&frame).unwrap();
                    if hear.send((header, payload.to_vec())).is_err() {
                        return;
                    }
                }
            }
        });
        Self { url, say, heard }
    }

    fn say(&self, msg_type: MessageType, version: u32, payload: &[u8]) {
        let header = MessageHeader { msg_type, asset_id: ASSET, version, payload_len: payload.len() as u32 };
        self.say.send([&header.to_bytes(), payload].concat()).unwrap();
    }

    fn expect(&self, msg_type: MessageType) -> (MessageHeader, Vec<u8>) {
        let (header, payload) = self.heard.recv_timeout(PATIENCE).unwrap();
        assert_eq!((header.msg_type, header.asset_id), (msg_type, ASSET));
        (header, payload)
    }
}

/// A ball of this radius, as the file of a version.
fn ball(version: u32, radius: f32) -> Vec<u8> {
    refined_ball(version, radius, Refinement::Geometry)
}

fn refined_ball(version: u32, radius: f32, refinement: Refinement) -> Vec<u8> {
    let shape = Shape::sphere(radius, material([200, 40, 30], 0.0, 0.5));
    let mut data = data(&shape, 12, shell(&Sphere::new(radius).mesh().uv(16, 8)));
    (data.asset_id, data.version, data.refinement) = (ASSET, version, refinement);
    data.metadata.splats_trained = refinement == Refinement::TrainedSplats;
    encode(&data).unwrap()
}

struct Game {
    app: App,
    object: Entity,
    failed: Vec<GveAssetFailed>,
    read: MessageCursor<GveAssetFailed>,
}

impl Game {
    fn new(server: &str) -> Self {
        let mut app = App::new();
        app.add_plugins((GveNetPlugin::new(server), MinimalPlugins, AssetPlugin::default(), GvePlugin));
        app.finish();
        app.cleanup();
        let handle = app.world().resource::<AssetServer>().load("gve://42");
        let object = app.world_mut().spawn(GveObject(handle)).id();
        Self { app, object, failed: Vec::new(), read: MessageCursor::default() }
    }

    fn net(&self) -> GveNetStatus {
        self.app.world().get::<GveNetStatus>(self.object).cloned().unwrap_or_default()
    }

    fn status(&self) -> GveAssetStatus {
        self.app.world().get::<GveAssetStatus>(self.object).unwrap().clone()
    }

    fn radius(&self) -> Option<f32> {
        let world = self.app.world();
        let handle = world.get::<GveObject>(self.object)?;
        Some(world.resource::<Assets<GveAsset>>().get(handle.id())?.metadata().bounds.max[0])
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !done(self) {
            assert!(started.elapsed() < PATIENCE, "{what}: {:?}, {:?}", self.net(), self.status());
            self.app.update();
            let failed = self.app.world().resource::<Messages<GveAssetFailed>>();
            self.failed.extend(self.read.read(failed).cloned());
            thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn a_bad_binary_keeps_the_good_one_and_says_why() {
    let script = Script::new();
    let mut game = Game::new(&script.url);
    game.until("connected", |game| game.net().is_connected);
    script.expect(MessageType::RequestAsset);
    assert_eq!((game.status(), game.net().shown), (GveAssetStatus::Loading, 0));

    script.say(MessageType::AssetProgress, 1, &[&[3][..], &0.5_f32.to_le_bytes()].concat());
    game.until("progress", |game| game.net().compiling.is_some());
    let compiling = game.net().compiling.unwrap();
    assert_eq!((compiling.version, compiling.share, compiling.total()), (1, 0.5, 3.5 / 6.0));
    assert!(game.net().is_stale(), "version 1 is known of and not there");

    script.say(MessageType::AssetReady, 1, &ball(1, 1.0));
    game.until("the first version", |game| game.net().is_current());
    assert_eq!(
        (game.status(), game.radius(), game.net().compiling),
        (GveAssetStatus::Ready { warnings: vec![] }, Some(1.0), None)
    );

    let whole = ball(2, 2.0);
    script.say(MessageType::VersionBump, 2, &[]);
    script.say(MessageType::AssetReady, 2, &whole[..whole.len() / 2]);
    game.until("the bad binary", |game| matches!(game.status(), GveAssetStatus::Stale(_)));
    assert_eq!((game.radius(), game.net().shown), (Some(1.0), 1), "the good one stays");
    assert!(game.net().is_stale() && !game.net().is_current());
    let reason = game.status().reason().unwrap().to_owned();
    assert!(reason.contains("cut short"), "{reason}");

    script.say(MessageType::AssetReady, 3, &ball(3, 3.0));
    game.until("the third version", |game| game.net().is_current());
    assert_eq!(
        (game.status(), game.radius(), game.net().shown),
        (GveAssetStatus::Ready { warnings: vec![] }, Some(3.0), 3)
    );
    assert_eq!(game.failed.len(), 1, "said once: {:?}", game.failed);
}

/// Splats that were trained after the geometry had come, and what was delayed on its way.
#[test]
fn a_finer_binary_of_the_version_on_screen_replaces_it_and_a_coarser_one_does_not() {
    let script = Script::new();
    let mut game = Game::new(&script.url);
    script.say(MessageType::AssetReady, 1, &ball(1, 1.0));
    game.until("the first version", |game| game.net().is_current());
    assert_eq!(game.net().refinement, 0);

    script.say(MessageType::AssetReady, 1, &refined_ball(1, 2.0, Refinement::TrainedSplats));
    game.until("the finer binary", |game| game.radius() == Some(2.0));
    game.until("its refinement", |game| game.net().refinement == 2);
    assert!(game.net().is_current() && game.net().shown == 1);

    for (radius, refinement) in [(3.0, Refinement::Geometry), (4.0, Refinement::Sound)] {
        script.say(MessageType::AssetReady, 1, &refined_ball(1, radius, refinement));
    }
    script.say(MessageType::AssetReady, 1, &refined_ball(1, 5.0, Refinement::TrainedSplats));
    script.say(MessageType::VersionBump, 2, &[]);
    game.until("all that was said", |game| game.net().announced == 2);
    for _ in 0..50 {
        game.app.update();
        thread::sleep(Duration::from_millis(2));
        assert_eq!((game.radius(), game.net().refinement), (Some(2.0), 2));
    }

    script.say(MessageType::AssetReady, 2, &ball(2, 6.0));
    game.until("the second version", |game| game.net().is_current());
    assert_eq!((game.radius(), game.net().shown, game.net().refinement), (Some(6.0), 2, 0));
}

#[test]
fn an_unknown_asset_fails_and_comes_once_it_is_there() {
    let script = Script::new();
    let mut game = Game::new(&script.url);
    game.until("connected", |game| game.net().is_connected);
    script.expect(MessageType::RequestAsset);
    script.say(MessageType::AssetInvalid, 0, b"there is no asset 42");
    game.until("the refusal", |game| matches!(game.status(), GveAssetStatus::Failed(_)));
    assert!(game.status().reason().unwrap().contains("there is no asset 42"), "{:?}", game.status());
    assert_eq!(game.net().error.as_deref(), Some("there is no asset 42"));

    script.say(MessageType::AssetReady, 1, &ball(1, 1.0));
    game.until("the asset", |game| game.net().is_current());
    assert_eq!((game.status(), game.net().error), (GveAssetStatus::Ready { warnings: vec![] }, None));
}

#[test]
fn a_failed_compile_is_told_and_changes_nothing_on_screen() {
    let script = Script::new();
    let mut game = Game::new(&script.url);
    script.say(MessageType::AssetReady, 1, &ball(1, 1.0));
    game.until("the first version", |game| game.net().is_current());
    script.say(MessageType::VersionBump, 2, &[]);
    script.say(MessageType::AssetInvalid, 2, b"no surface");
    game.until("the failure", |game| game.net().error.is_some());
    assert_eq!((game.status(), game.radius()), (GveAssetStatus::Ready { warnings: vec![] }, Some(1.0)));
    assert!(game.net().is_stale(), "a newer version is saved, though it does not compile");
}

#[test]
fn a_game_saves_compiles_and_cancels() {
    let script = Script::new();
    let mut game = Game::new(&script.url);
    game.until("connected", |game| game.net().is_connected);
    script.expect(MessageType::RequestAsset);
    let architect = game.app.world().resource::<GveArchitect>().clone();
    architect.save(ASSET, "{}", 7).unwrap();
    let (header, payload) = script.expect(MessageType::RequestCompile);
    assert_eq!((header.version, payload.as_slice()), (7, b"{}".as_slice()));
    architect.compile(ASSET).unwrap();
    assert!(script.expect(MessageType::RequestCompile).1.is_empty());
    architect.cancel(ASSET).unwrap();
    script.expect(MessageType::CancelCompile);
    assert!(architect.compile(0).is_err(), "no asset has this id");
}

#[test]
fn without_an_architect_everything_waits_and_says_so() {
    // A port that nobody listens on.
    let url = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let mut game = Game::new(&url);
    game.app.update();
    let started = Instant::now();
    let mut told = 0;
    while told == 0 {
        assert!(started.elapsed() < PATIENCE);
        game.app.update();
        let connections = game.app.world().resource::<Messages<GveConnection>>();
        told +=
            connections.iter_current_update_messages().filter(|c| **c != GveConnection::Connected).count();
    }
    assert_eq!(game.status(), GveAssetStatus::Loading);
    assert!(!game.net().is_connected && !game.net().is_current());
}

#[test]
fn an_address_that_names_no_asset_fails_with_what_was_expected() {
    let mut game = Game::new("http://127.0.0.1:9");
    let handle = game.app.world().resource::<AssetServer>().load("gve://teapot");
    game.app.world_mut().entity_mut(game.object).insert(GveObject(handle));
    game.until("the failure", |game| matches!(game.status(), GveAssetStatus::Failed(_)));
    assert!(game.status().reason().unwrap().contains("expected gve://ID"), "{:?}", game.status());
}
