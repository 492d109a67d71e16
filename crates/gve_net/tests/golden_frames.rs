//! The golden frames: both sides of the protocol agree on every byte.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/golden.rs"]
mod golden;

use bytes::Bytes;
use golden::Sender;
use gve_net::frame::{ClientFrame, ServerFrame};
use serde_json::Value;

#[test]
fn files_are_what_the_example_would_write() {
    let expected = golden::derived_files();
    for (path, expected) in &expected {
        let found = std::fs::read(path).unwrap();
        let same = if path.extension().is_some_and(|extension| extension == "json") {
            // Not byte for byte: the order of fields depends on serde_json's features.
            serde_json::from_slice::<Value>(&found).unwrap()
                == serde_json::from_slice::<Value>(expected).unwrap()
        } else {
            found == *expected
        };
        assert!(same, "{}: run `cargo run -p gve_net --example golden_frames`", path.display());
    }
    let found = std::fs::read_dir(golden::folder()).unwrap().count();
    assert_eq!(found, expected.len(), "a file too many in {}", golden::folder().display());
}

#[test]
fn good_frames_are_read_as_the_messages_they_were_written_from() {
    for (name, message) in golden::server_messages() {
        let bytes = read(name);
        assert_eq!(ServerFrame::decode(&bytes), Ok(message), "{name}");
    }
    for (name, message) in golden::client_messages() {
        let bytes = read(name);
        assert_eq!(ClientFrame::decode(&bytes), Ok(message), "{name}");
    }
}

#[test]
fn bad_frames_are_refused_for_the_reason_in_the_index() {
    let mut seen = 0;
    for frame in golden::frames() {
        let Some(expected) = frame.error else { continue };
        let bytes = read(frame.name);
        let error = match frame.sender {
            Sender::Architect => ServerFrame::decode(&bytes).unwrap_err(),
            Sender::Client => ClientFrame::decode(&bytes).unwrap_err(),
        };
        assert_eq!(golden::kind(&error), expected, "{}: {error}", frame.name);
        seen += 1;
    }
    assert!(seen >= 20, "the corpus is read: {seen}");
}

fn read(name: &str) -> Bytes {
    Bytes::from(std::fs::read(golden::folder().join(format!("{name}.bin"))).unwrap())
}
