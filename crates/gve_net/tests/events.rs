//! The socket of the event bus.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/server.rs"]
mod server;

use std::time::Duration;

use gve_net::{EventMessage, Events, LinkError, MAX_WAITING_EVENTS};
use gve_types::event::{AssetUpdated, Event};
use server::{Architect, PATIENCE};
use tokio::time::timeout;

fn updated(version: u32) -> String {
    format!(
        r#"{{"type": "asset:updated", "payload": {{"asset_id": "0123456789abcdef01234567", "version": {version}}}, "timestamp": "2026-01-01T00:00:00+00:00"}}"#
    )
}

async fn next(events: &Events) -> EventMessage {
    timeout(PATIENCE, events.next()).await.expect("a message comes")
}

async fn next_version(events: &Events) -> u32 {
    match next(events).await {
        EventMessage::Event(envelope) => match envelope.event {
            Event::AssetUpdated(AssetUpdated { version, .. }) => version,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_event_comes_in_order_however_slowly_it_is_taken() {
    const COUNT: u32 = 20_000;
    let mut architect = Architect::start().await;
    let events = Events::start(&architect.config());
    let mut socket = architect.accept().await;
    assert_eq!(socket.path, "/ws/events");
    let sending = tokio::spawn(async move {
        for version in 0..COUNT {
            socket.send_text(&updated(version)).await;
        }
        socket
    });
    // Time for more to arrive than may wait.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(COUNT as usize > MAX_WAITING_EVENTS);
    assert_eq!(next(&events).await, EventMessage::Connected);
    for version in 0..COUNT {
        assert_eq!(next_version(&events).await, version);
    }
    let mut socket = sending.await.unwrap();
    drop(events);
    assert_eq!(socket.farewell().await, Some(1001));
}

#[tokio::test]
async fn what_is_no_event_costs_the_connection() {
    let mut architect = Architect::start().await;
    let events = Events::start(&architect.config());
    let mut socket = architect.accept().await;
    assert_eq!(next(&events).await, EventMessage::Connected);
    for text in
        ["", "no JSON", "{}", r#"{"type": "asset:exploded", "payload": {}, "timestamp": "x"}"#, "[[[["]
    {
        socket.send_text(text).await;
        match next(&events).await {
            EventMessage::Disconnected { error: LinkError::BadEvent { .. }, .. } => {}
            other => panic!("`{text}`: {other:?}"),
        }
        assert_eq!(socket.farewell().await, Some(1002), "`{text}`");
        socket = architect.accept().await;
        assert_eq!(next(&events).await, EventMessage::Connected);
        socket.send_text(&updated(3)).await;
        assert_eq!(next_version(&events).await, 3);
    }
    socket.send_bytes(vec![1; 18]).await;
    assert!(matches!(
        next(&events).await,
        EventMessage::Disconnected { error: LinkError::UnexpectedBinary, .. }
    ));
    assert_eq!(socket.farewell().await, Some(1003));
    let mut socket = architect.accept().await;
    assert_eq!(next(&events).await, EventMessage::Connected);
    // A text frame over a mebibyte, of which nothing follows.
    socket.send_raw(&[&[0x81, 127][..], &(2_u64 << 20).to_be_bytes()].concat()).await;
    assert!(matches!(
        next(&events).await,
        EventMessage::Disconnected { error: LinkError::TooLarge { .. }, .. }
    ));
}
