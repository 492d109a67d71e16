//! The golden scene snapshots: Rust and TypeScript agree on every byte.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/golden.rs"]
mod golden;

use std::collections::BTreeMap;

use gve_types::snapshot::{SceneLabels, decode_snapshot, encode_snapshot};
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
        assert!(same, "{}: run `cargo run -p gve_types --example golden_snapshots`", path.display());
    }
    let found = std::fs::read_dir(golden::folder()).unwrap().count();
    assert_eq!(found, expected.len(), "a file too many in {}", golden::folder().display());
}

#[test]
fn good_snapshots_are_read_and_written_byte_for_byte() {
    let mut seen = 0;
    for snapshot in golden::snapshots() {
        let Ok((entries, _)) = snapshot.meaning else { continue };
        let bytes = read(snapshot.name);
        assert_eq!(decode_snapshot(&bytes).as_ref(), Ok(&entries), "{}", snapshot.name);
        assert_eq!(encode_snapshot(&entries), bytes, "{}", snapshot.name);
        seen += 1;
    }
    assert_eq!(seen, 2, "the corpus is read");
}

#[test]
fn bad_snapshots_are_refused_for_the_reason_in_the_index() {
    let mut seen = 0;
    for snapshot in golden::snapshots() {
        let Err(expected) = snapshot.meaning else { continue };
        let error = decode_snapshot(&read(snapshot.name)).unwrap_err();
        assert_eq!(golden::kind(&error), expected, "{}: {error}", snapshot.name);
        seen += 1;
    }
    assert!(seen >= 13, "the corpus is read: {seen}");
}

#[test]
fn whatever_is_read_is_written_as_the_same_bytes() {
    let good = read("scene");
    for at in 0..good.len() {
        for byte in 0..=u8::MAX {
            let mut bytes = good.clone();
            bytes[at] = byte;
            if let Ok(entries) = decode_snapshot(&bytes) {
                assert_eq!(encode_snapshot(&entries), bytes, "byte {at} is {byte}");
            }
        }
        assert!(decode_snapshot(&good[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn labels_are_one_object_with_decimal_ids() {
    let labels = SceneLabels(BTreeMap::from([(u64::MAX, "a \"b\"".to_owned()), (7, "Größe".to_owned())]));
    let json = serde_json::to_string(&labels).unwrap();
    assert_eq!(json, r#"{"7":"Größe","18446744073709551615":"a \"b\""}"#);
    assert_eq!(serde_json::from_str::<SceneLabels>(&json).unwrap(), labels);
    for bad in [r#"{"-1":""}"#, r#"{"x":""}"#, r#"{"18446744073709551616":""}"#, r#"{"1":2}"#, "[]"] {
        assert!(serde_json::from_str::<SceneLabels>(bad).is_err(), "{bad}");
    }
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(golden::folder().join(format!("{name}.bin"))).unwrap()
}
