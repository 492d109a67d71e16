//! The socket of binaries with an Architect that behaves.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/server.rs"]
mod server;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use gve_net::{
    AssetMessage, Assets, Client, LinkError, MAX_WAITING_REQUESTS, RequestError,
    frame::{ClientFrame, ServerFrame},
    versions::AssetVersions,
};
use gve_types::{
    compile::CompileStage,
    limits::{MAX_RECIPE_BYTES, MAX_WIRE_ID},
};
use server::{Architect, bump, content, next, next_asset, next_loss, ready, response};
use tokio::time::{sleep, timeout};

#[tokio::test]
async fn the_timeline_of_the_specification() {
    let mut architect = Architect::start().await;
    let assets = Assets::start(&architect.config());
    assets.subscribe(42).unwrap();
    let mut socket = architect.accept().await;
    assert_eq!(socket.path, "/ws/assets");
    assert_eq!(next(&assets).await, AssetMessage::Connected);
    assert!(assets.is_connected());
    socket.expect_request(42).await;
    socket.send(ready(42, 11)).await;
    assert_eq!(next(&assets).await, AssetMessage::Ready { id: 42, version: 11, bytes: content(42, 11) });
    socket.send(bump(42, 12)).await;
    assert_eq!(next(&assets).await, AssetMessage::Announced { id: 42, version: 12 });
    assert!(assets.versions(42).is_stale());
    let (stage, share) = (CompileStage::VolumeBake, 0.25);
    socket.send(ServerFrame::AssetProgress { id: 42, version: 12, stage, share }).await;
    assert_eq!(next(&assets).await, AssetMessage::Progress { id: 42, version: 12, stage, share });
    // Late, from before the save.
    socket.send(ready(42, 11)).await;
    socket.send(ready(42, 12)).await;
    assert_eq!(next(&assets).await, AssetMessage::Ready { id: 42, version: 12, bytes: content(42, 12) });
    assert_eq!(assets.versions(42), AssetVersions { announced: 12, loaded: 12, refinement: 0 });
}

#[tokio::test]
async fn requests_arrive_after_the_subscription_and_in_order() {
    let mut architect = Architect::start().await;
    let assets = Assets::start(&architect.config());
    assets.try_request_compile(7, "", 0).unwrap();
    assets.request_compile(7, "{}", 3).await.unwrap();
    assets.cancel_compile(7).await.unwrap();
    assets.subscribe(7).unwrap();
    let mut socket = architect.accept().await;
    socket.expect_request(7).await;
    let compile = |base_version, recipe| ClientFrame::RequestCompile { id: 7, base_version, recipe };
    assert_eq!(socket.next().await, compile(0, Bytes::new()));
    assert_eq!(socket.next().await, compile(3, Bytes::from("{}")));
    assert_eq!(socket.next().await, ClientFrame::CancelCompile { id: 7 });
    assets.subscribe(7).unwrap();
    assets.subscribe(8).unwrap();
    socket.expect_request(8).await;
    assets.reload(7);
    socket.expect_request(7).await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_at_once() {
    let architect = Architect::start().await;
    let assets = Assets::start(&architect.config());
    for id in [0, MAX_WIRE_ID] {
        let bad = Err(RequestError::BadId { found: id });
        assert_eq!(assets.subscribe(id), bad);
        assert_eq!(assets.try_request_compile(id, "", 0), bad);
        assert_eq!(assets.try_cancel_compile(id), bad);
    }
    let recipe = vec![b' '; MAX_RECIPE_BYTES + 1];
    let found = recipe.len();
    assert_eq!(assets.try_request_compile(1, recipe, 0), Err(RequestError::RecipeTooLong { found }));
}

#[tokio::test]
async fn requests_wait_for_a_connection_up_to_a_limit() {
    let gone = Architect::start().await;
    let (address, config) = (gone.address, gone.config());
    drop(gone);
    let assets = Assets::start(&config);
    assert!(matches!(next_loss(&assets).await, LinkError::Connect { .. }));
    for version in 0..MAX_WAITING_REQUESTS as u32 {
        assets.try_request_compile(1, "{}", version).unwrap();
    }
    assert_eq!(assets.try_cancel_compile(1), Err(RequestError::QueueFull));
    let mut architect = Architect::start_at(address).await;
    let mut socket = architect.accept().await;
    for base_version in 0..MAX_WAITING_REQUESTS as u32 {
        let recipe = Bytes::from("{}");
        assert_eq!(socket.next().await, ClientFrame::RequestCompile { id: 1, base_version, recipe });
    }
}

#[tokio::test]
async fn a_user_who_does_not_keep_up_holds_up_the_socket_and_loses_nothing() {
    const COUNT: u64 = 96;
    const BYTES: usize = 1 << 20;
    let mut architect = Architect::start().await;
    let mut config = architect.config();
    config.max_queued_bytes = 2 * BYTES;
    // Shorter than the user sleeps: that nobody reads is not the Architect's silence.
    config.ping_interval_secs = 0.02;
    config.silence_timeout_secs = 0.1;
    let assets = Assets::start(&config);
    (1..=COUNT).for_each(|id| assets.subscribe(id).unwrap());
    let mut socket = architect.accept().await;
    let mut sending = tokio::spawn(async move {
        for id in 1..=COUNT {
            let bytes = Bytes::from(vec![id as u8; BYTES]);
            socket.send(ServerFrame::AssetReady { id, version: 1, bytes }).await;
        }
        // Stays, and answers pings.
        socket.farewell().await
    });
    // More than the system's buffers take.
    assert!(timeout(Duration::from_millis(500), &mut sending).await.is_err());
    let mut expected = 1;
    while expected <= COUNT {
        match next(&assets).await {
            AssetMessage::Ready { id, bytes, .. } => {
                assert_eq!((id, bytes.len(), bytes[0]), (expected, BYTES, expected as u8));
                expected += 1;
            }
            AssetMessage::Connected => {}
            other => panic!("{other:?}"),
        }
    }
    drop(assets);
    assert_eq!(sending.await.unwrap(), Some(1001));
}

#[tokio::test]
async fn a_store_that_begins_again_is_noticed_on_the_next_connection() {
    // The store has asset 5 at version 1, and asset 6 no more.
    let page = r#"{"items": [{"id": "0123456789abcdef01234567", "wire_id": 5, "name": "Mug", "version": 1, "category": "Prop", "subcategory": "general", "updated_at": "2026-01-01T00:00:00Z"}]}"#;
    let mut architect = Architect::start_with(move |request| match request.target.as_str() {
        "/health" => response(200, "{}"),
        target => {
            assert!(target.starts_with("/assets?after=4"), "{target}");
            response(200, page)
        }
    })
    .await;
    let assets = Assets::start(&architect.config());
    [5, 6].into_iter().for_each(|id| assets.subscribe(id).unwrap());
    let mut socket = architect.accept().await;
    socket.send(ready(5, 9)).await;
    socket.send(ready(6, 2)).await;
    assert!(matches!(next_asset(&assets).await, AssetMessage::Ready { id: 5, version: 9, .. }));
    assert!(matches!(next_asset(&assets).await, AssetMessage::Ready { id: 6, version: 2, .. }));
    // On this connection it would be taken for a delayed message.
    socket.send(ready(5, 1)).await;
    drop(socket);
    let mut socket = architect.accept().await;
    assert_eq!(next_asset(&assets).await, AssetMessage::Reset { id: 5, version: 1 });
    assert_eq!(next_asset(&assets).await, AssetMessage::Reset { id: 6, version: 0 });
    assert!(assets.versions(5).is_stale());
    socket.expect_request(5).await;
    socket.expect_request(6).await;
    socket.send(ready(5, 1)).await;
    assert!(matches!(next_asset(&assets).await, AssetMessage::Ready { id: 5, version: 1, .. }));
}

#[tokio::test]
async fn another_store_is_noticed_even_if_its_versions_are_the_same() {
    let page = r#"{"items": [{"id": "0123456789abcdef01234567", "wire_id": 5, "name": "Mug", "version": 1, "category": "Prop", "subcategory": "general", "updated_at": "2026-01-01T00:00:00Z"}]}"#;
    let store = Arc::new(Mutex::new("a"));
    let name = store.clone();
    let mut architect = Architect::start_with(move |request| match request.target.as_str() {
        "/health" => response(200, &format!(r#"{{"status": "ok", "store_id": "{}"}}"#, name.lock().unwrap())),
        _ => response(200, page),
    })
    .await;
    let assets = Assets::start(&architect.config());
    assets.subscribe(5).unwrap();
    let mut socket = architect.accept().await;
    socket.send(ready(5, 1)).await;
    assert!(matches!(next_asset(&assets).await, AssetMessage::Ready { version: 1, .. }));
    // The same store on a new connection: nothing comes twice.
    drop(socket);
    let mut socket = architect.accept().await;
    socket.expect_request(5).await;
    socket.send(ready(5, 1)).await;
    socket.send(bump(9, 1)).await;
    assert_eq!(next_asset(&assets).await, AssetMessage::Announced { id: 9, version: 1 });
    *store.lock().unwrap() = "b";
    drop(socket);
    let mut socket = architect.accept().await;
    socket.send(ready(5, 1)).await;
    assert_eq!(next_asset(&assets).await, AssetMessage::Reset { id: 5, version: 1 });
    assert!(matches!(next_asset(&assets).await, AssetMessage::Ready { id: 5, version: 1, .. }));
}

#[test]
fn a_client_without_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut architect = runtime.block_on(Architect::start_with(|_| {
        response(200, r#"{"status": "ok", "version": "0.1.0", "device": "cpu", "can_train": false}"#)
    }));
    let client = Client::start(&architect.config()).unwrap();
    client.subscribe(3).unwrap();
    let mut socket = runtime.block_on(architect.accept());
    runtime.block_on(socket.expect_request(3));
    runtime.block_on(socket.send(ready(3, 4)));
    assert_eq!(client.recv_timeout(server::PATIENCE), Some(AssetMessage::Connected));
    let message = AssetMessage::Ready { id: 3, version: 4, bytes: content(3, 4) };
    assert_eq!(client.recv_timeout(server::PATIENCE), Some(message));
    assert_eq!(client.try_recv(), None);
    assert_eq!(client.try_recv_event(), None);
    assert_eq!(client.versions(3).loaded, 4);
    client.request_compile(3, "", 0).unwrap();
    assert!(matches!(runtime.block_on(socket.next()), ClientFrame::RequestCompile { id: 3, .. }));
    let health = client.call(|rest| async move { rest.health().await });
    let answer = runtime.block_on(async {
        loop {
            match health.try_take() {
                Some(answer) => return answer,
                None => sleep(Duration::from_millis(1)).await,
            }
        }
    });
    assert_eq!(answer.unwrap().device, "cpu");
    assert_eq!(health.try_take(), None);
    let never = client.call(|_| std::future::pending::<()>());
    drop(client);
    assert_eq!(runtime.block_on(socket.farewell()), Some(1001));
    assert_eq!(never.wait(), None);
}

#[tokio::test]
async fn a_client_is_dropped_at_once_while_nobody_answers() {
    let gone = Architect::start().await;
    let mut config = gone.config();
    drop(gone);
    config.retry_min_secs = 3600.0;
    config.retry_max_secs = 3600.0;
    config.events = true;
    let client = Client::start(&config).unwrap();
    while client.try_recv().is_none() {
        sleep(Duration::from_millis(5)).await;
    }
    while client.try_recv_event().is_none() {
        sleep(Duration::from_millis(5)).await;
    }
    drop(client);
}
