//! The socket of binaries with an Architect that does not behave: each fault costs the connection,
//! says what it was, and is over with the next connection.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/golden.rs"]
#[allow(dead_code, reason = "only the frames are used")]
mod golden;
#[path = "common/server.rs"]
mod server;

use std::time::Duration;

use bytes::Bytes;
use golden::Sender;
use gve_net::{
    AssetMessage, Assets, LinkError,
    frame::{MessageError, ServerFrame},
};
use gve_types::{
    limits::MAX_PAYLOAD_BYTES,
    protocol::{HEADER_BYTES, MessageType},
};
use server::{Architect, Connection, bump, next, next_asset, next_loss, ready};
use tokio::time::sleep;

/// A client that has version 3 of asset 1, and the Architect's end of its socket.
async fn loaded(architect: &mut Architect) -> (Assets, Connection) {
    let assets = Assets::start(&architect.config());
    assets.subscribe(1).unwrap();
    let mut socket = architect.accept().await;
    socket.expect_request(1).await;
    socket.send(ready(1, 3)).await;
    assert!(matches!(next_asset(&assets).await, AssetMessage::Ready { version: 3, .. }));
    (assets, socket)
}

/// The next connection subscribes again, knows what is loaded, and takes what is newer.
async fn recovers(architect: &mut Architect, assets: &Assets, version: u32) -> Connection {
    let mut socket = architect.accept().await;
    socket.expect_request(1).await;
    for message in [bump(1, version), ready(1, version - 1), ready(1, version)] {
        socket.send(message).await;
    }
    loop {
        match next_asset(assets).await {
            AssetMessage::Announced { id: 1, version: found } => assert_eq!(found, version),
            AssetMessage::Ready { id: 1, version: found, .. } => {
                assert_eq!(found, version, "what is older never comes out");
                return socket;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn malformed_frames() {
    let mut architect = Architect::start().await;
    let (assets, mut socket) = loaded(&mut architect).await;
    let mut version = 3;
    for frame in golden::frames() {
        // What is wrong with the first 18 bytes is wrong from either side.
        let Some(expected) = frame.error else { continue };
        let is_header = matches!(
            expected,
            "too_short"
                | "unknown_type"
                | "bad_asset_id"
                | "reserved_set"
                | "payload_too_large"
                | "payload_length"
        );
        if frame.sender == Sender::Client && !is_header {
            continue;
        }
        socket.send_bytes(frame.bytes).await;
        match next_loss(&assets).await {
            LinkError::Frame(error) => assert_eq!(golden::kind(&error), expected, "{}", frame.name),
            other => panic!("{}: {other:?}", frame.name),
        }
        assert_eq!(socket.farewell().await, Some(1002), "{}", frame.name);
        version += 1;
        socket = recovers(&mut architect, &assets, version).await;
    }
    assert!(version > 20, "the corpus is read");
}

#[tokio::test]
async fn text_on_the_binary_socket() {
    let mut architect = Architect::start().await;
    let (assets, mut socket) = loaded(&mut architect).await;
    socket.send_text("{}").await;
    assert_eq!(next_loss(&assets).await, LinkError::UnexpectedText);
    assert_eq!(socket.farewell().await, Some(1003));
    recovers(&mut architect, &assets, 4).await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_not_waited_for() {
    let mut architect = Architect::start().await;
    let (assets, mut socket) = loaded(&mut architect).await;
    // A binary WebSocket frame with a 64-bit length, of which nothing follows.
    let length = u64::from(MAX_PAYLOAD_BYTES) + HEADER_BYTES as u64 + 1;
    socket.send_raw(&[&[0x82, 127][..], &length.to_be_bytes()].concat()).await;
    assert!(matches!(next_loss(&assets).await, LinkError::TooLarge { .. }));
    recovers(&mut architect, &assets, 4).await;
}

#[tokio::test]
async fn bytes_that_are_no_websocket() {
    let mut architect = Architect::start().await;
    let (assets, mut socket) = loaded(&mut architect).await;
    socket.send_raw(&[0xff; 64]).await;
    assert!(matches!(next_loss(&assets).await, LinkError::Broken { .. }));
    recovers(&mut architect, &assets, 4).await;
}

/// The system calls it a reset where something was still on the way to the other end.
fn is_gone(error: &LinkError) -> bool {
    matches!(error, LinkError::Closed { code: 1006, .. } | LinkError::Broken { .. })
}

#[tokio::test]
async fn sudden_ends() {
    let mut architect = Architect::start().await;
    let (assets, socket) = loaded(&mut architect).await;
    drop(socket);
    assert!(is_gone(&next_loss(&assets).await));
    let mut socket = recovers(&mut architect, &assets, 4).await;
    // In the middle of a message.
    socket.send_raw(&[0x82, 100, 1, 2, 3]).await;
    drop(socket);
    assert!(is_gone(&next_loss(&assets).await));
    let mut socket = recovers(&mut architect, &assets, 5).await;
    socket.close(1013, "send queue overflow").await;
    let expected = LinkError::Closed { code: 1013, reason: "send queue overflow".to_owned() };
    assert_eq!(next_loss(&assets).await, expected);
    recovers(&mut architect, &assets, 6).await;
}

#[tokio::test]
async fn silence() {
    let mut architect = Architect::start().await;
    let mut config = architect.config();
    config.ping_interval_secs = 0.02;
    config.silence_timeout_secs = 0.2;
    let assets = Assets::start(&config);
    assets.subscribe(1).unwrap();
    // Takes the connection, reads nothing, answers no ping.
    let _silent = architect.accept().await;
    assert!(matches!(next_loss(&assets).await, LinkError::Silent { .. }));
    recovers(&mut architect, &assets, 4).await;
}

#[tokio::test]
async fn a_slow_network_is_not_silence() {
    let mut architect = Architect::start().await;
    let mut config = architect.config();
    config.ping_interval_secs = 0.05;
    config.silence_timeout_secs = 1.0;
    let assets = Assets::start(&config);
    assets.subscribe(1).unwrap();
    let mut socket = architect.accept().await;
    let bytes = Bytes::from(vec![7; 100]);
    let frame = ServerFrame::AssetReady { id: 1, version: 1, bytes: bytes.clone() }.encode().unwrap();
    let length = u8::try_from(frame.len()).unwrap();
    socket.send_raw(&[0x82, length]).await;
    // One byte at a time, for longer than silence may last, and no answer to pings in between.
    for byte in frame {
        socket.send_raw(&[byte]).await;
        sleep(Duration::from_millis(15)).await;
    }
    assert_eq!(next(&assets).await, AssetMessage::Connected);
    assert_eq!(next(&assets).await, AssetMessage::Ready { id: 1, version: 1, bytes });
}

#[tokio::test]
async fn messages_delayed_and_reordered_across_connections() {
    let mut architect = Architect::start().await;
    let (assets, mut socket) = loaded(&mut architect).await;
    // Two saves; the first one's binary is held up until the Architect was started again.
    socket.send(bump(1, 4)).await;
    socket.send(bump(1, 5)).await;
    // What is sent right before the connection breaks may be lost; this is about what was heard.
    while next_asset(&assets).await != (AssetMessage::Announced { id: 1, version: 5 }) {}
    drop(socket);
    let mut socket = architect.accept().await;
    socket.expect_request(1).await;
    for late in [ready(1, 4), bump(1, 4), ready(1, 3), ready(1, 5), ready(1, 5), bump(1, 5), ready(1, 4)] {
        socket.send(late).await;
    }
    socket.send(bump(2, 1)).await;
    let mut shown = 3;
    loop {
        match next_asset(&assets).await {
            AssetMessage::Ready { version, .. } => {
                assert_eq!(version, 5);
                shown = version;
            }
            AssetMessage::Announced { id: 2, .. } => break,
            other => panic!("{other:?}"),
        }
        assert!(shown == 5 || assets.versions(1).is_stale());
    }
    assert_eq!(shown, 5);
    assert!(!assets.versions(1).is_stale());
}

#[tokio::test]
async fn an_address_where_no_architect_is() {
    // It answers the handshake with an error.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let config = gve_net::Config::new(&format!("http://{address}")).unwrap();
    let assets = Assets::start(&config);
    match next_loss(&assets).await {
        LinkError::Handshake { message, .. } => assert!(message.contains("404"), "{message}"),
        other => panic!("{other:?}"),
    }
    assert!(!assets.is_connected());
}

#[test]
fn errors_say_what_was_expected_found_and_where() {
    let error = LinkError::Frame(MessageError::WrongDirection { found: MessageType::RequestAsset });
    assert_eq!(error.to_string(), "a malformed frame from the Architect: RequestAsset goes the other way");
    let error = LinkError::Frame(MessageError::UnknownStage { found: 9 });
    assert_eq!(
        error.to_string(),
        "a malformed frame from the Architect: stage at offset 18 must be 0 to 5, found 9"
    );
}
