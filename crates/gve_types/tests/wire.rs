//! The bytes and the JSON that other programs rely on.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use gve_types::{
    compile::{CacheStatus, CompilePriority, CompileRequest, CompileStage},
    event::{AssetUpdated, Event, EventEnvelope},
    limits::{MAX_PAYLOAD_BYTES, MAX_WIRE_ID},
    protocol::{FrameError, HEADER_BYTES, MessageHeader, MessageType, split_frame},
    snapshot::{SnapshotEntry, SnapshotError, SnapshotKind, decode_snapshot, encode_snapshot},
};
use serde_json::json;

/// What `struct.pack("<BQIIB", 0x01, 0x0102030405060708 & 2**53 - 1, 0xA1B2C3D4, 3, 0)` gives in Python.
const GOLDEN: [u8; HEADER_BYTES] = [
    0x01, // AssetReady
    0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x00, // asset id
    0xd4, 0xc3, 0xb2, 0xa1, // version
    0x03, 0x00, 0x00, 0x00, // payload length
    0x00, // reserved
];

fn golden() -> MessageHeader {
    MessageHeader {
        msg_type: MessageType::AssetReady,
        asset_id: 0x0002_0304_0506_0708,
        version: 0xa1b2_c3d4,
        payload_len: 3,
    }
}

#[test]
fn header_bytes() {
    assert_eq!(golden().to_bytes(), GOLDEN);
    assert_eq!(MessageHeader::from_bytes(&GOLDEN), Ok(golden()));
    let frame = [&GOLDEN[..], b"abc"].concat();
    assert_eq!(split_frame(&frame), Ok((golden(), &b"abc"[..])));
}

#[test]
fn message_numbers() {
    let numbers = MessageType::ALL.map(|message| message as u8);
    assert_eq!(numbers, [0x01, 0x02, 0x03, 0x04, 0x10, 0x11, 0x12]);
    for byte in 0..=u8::MAX {
        match MessageType::try_from(byte) {
            Ok(message) => assert_eq!(message as u8, byte),
            Err(error) => {
                assert!(!numbers.contains(&byte));
                assert_eq!(error, FrameError::UnknownType { found: byte });
            }
        }
    }
}

#[test]
fn headers_survive_their_bytes() {
    for msg_type in MessageType::ALL {
        for asset_id in [1, 255, 1 << 32, MAX_WIRE_ID - 1] {
            for (version, payload_len) in [(0, 0), (1, 1), (u32::MAX, MAX_PAYLOAD_BYTES)] {
                let header = MessageHeader { msg_type, asset_id, version, payload_len };
                assert_eq!(MessageHeader::from_bytes(&header.to_bytes()), Ok(header));
            }
        }
    }
}

#[test]
fn bad_frames_say_why() {
    let with = |at: usize, bytes: &[u8]| {
        let mut frame = GOLDEN;
        frame[at..at + bytes.len()].copy_from_slice(bytes);
        MessageHeader::from_bytes(&frame).unwrap_err()
    };
    for length in 0..HEADER_BYTES {
        let error = MessageHeader::from_bytes(&GOLDEN[..length]).unwrap_err();
        assert_eq!(error, FrameError::TooShort { found: length });
    }
    assert_eq!(with(0, &[0x05]), FrameError::UnknownType { found: 5 });
    assert_eq!(with(1, &[0; 8]), FrameError::BadAssetId { found: 0 });
    assert_eq!(with(1, &MAX_WIRE_ID.to_le_bytes()), FrameError::BadAssetId { found: MAX_WIRE_ID });
    assert_eq!(
        with(13, &(MAX_PAYLOAD_BYTES + 1).to_le_bytes()),
        FrameError::PayloadTooLarge { found: MAX_PAYLOAD_BYTES + 1 }
    );
    assert_eq!(with(17, &[1]), FrameError::ReservedSet { found: 1 });
    for payload in [&b"ab"[..], b"abcd"] {
        let error = split_frame(&[&GOLDEN[..], payload].concat()).unwrap_err();
        assert_eq!(error, FrameError::PayloadLength { expected: 3, found: payload.len() });
    }
    assert_eq!(FrameError::UnknownType { found: 5 }.to_string(), "unknown message type 0x05 at offset 0");
}

#[test]
fn snapshot_bytes() {
    let sdf = SnapshotEntry { asset_id: 7, kind: SnapshotKind::Sdf, active: true };
    let mesh = SnapshotEntry { asset_id: 0x0102_0304_0506_0708, kind: SnapshotKind::Mesh, active: false };
    let bytes = encode_snapshot(&[sdf, mesh]);
    let expected = [
        &[2u8, 0, 0, 0][..],
        &[8, 7, 6, 5, 4, 3, 2, 1, 0, 0], // the mesh comes first
        &[7, 0, 0, 0, 0, 0, 0, 0, 1, 1],
    ];
    assert_eq!(bytes, expected.concat());
    assert_eq!(decode_snapshot(&bytes), Ok(vec![mesh, sdf]));
    assert_eq!(decode_snapshot(&encode_snapshot(&[])), Ok(vec![]));
}

#[test]
fn the_order_of_a_snapshot_is_kept_within_a_kind() {
    let entry = |asset_id, kind| SnapshotEntry { asset_id, kind, active: true };
    let (mesh, sdf) = (SnapshotKind::Mesh, SnapshotKind::Sdf);
    let bytes = encode_snapshot(&[entry(3, sdf), entry(2, mesh), entry(1, sdf), entry(0, mesh)]);
    let ids: Vec<u64> = decode_snapshot(&bytes).unwrap().iter().map(|entry| entry.asset_id).collect();
    assert_eq!(ids, [2, 0, 3, 1]);
}

#[test]
fn bad_snapshots_say_why() {
    let bytes = encode_snapshot(&[SnapshotEntry { asset_id: 7, kind: SnapshotKind::Sdf, active: true }]);
    for length in 0..bytes.len() {
        assert!(matches!(decode_snapshot(&bytes[..length]), Err(SnapshotError::Length { .. })), "{length}");
    }
    let huge = [u32::MAX.to_le_bytes(), [0; 4]].concat();
    let expected = 4 + 10 * u64::from(u32::MAX);
    assert_eq!(decode_snapshot(&huge), Err(SnapshotError::Length { entries: u32::MAX, expected, found: 8 }));
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        decode_snapshot(&bytes).unwrap_err()
    };
    assert_eq!(with(12, 2), SnapshotError::Flag { entry: 0, field: "type", found: 2 });
    assert_eq!(with(13, 2), SnapshotError::Flag { entry: 0, field: "active", found: 2 });
}

#[test]
fn json_forms_of_the_specification() {
    let stages = CompileStage::ALL.map(|stage| serde_json::to_value(stage).unwrap());
    assert_eq!(
        stages,
        [
            "Building SDF graph",
            "Baking 3D texture",
            "Generating mesh",
            "Training splats",
            "Creating embeddings",
            "Writing binary"
        ]
    );
    for (number, priority) in
        [CompilePriority::Low, CompilePriority::Normal, CompilePriority::High, CompilePriority::Immediate]
            .into_iter()
            .enumerate()
    {
        assert_eq!(serde_json::to_value(priority).unwrap(), number);
        assert_eq!(serde_json::from_value::<CompilePriority>(json!(number)).unwrap(), priority);
    }
    assert!(serde_json::from_value::<CompilePriority>(json!(4)).is_err());
    let request: CompileRequest = serde_json::from_value(json!({ "asset_id": "0" })).unwrap();
    assert_eq!((request.priority, request.force_recompile), (CompilePriority::Normal, false));
    assert_eq!(serde_json::to_value(CacheStatus::Stale).unwrap(), "stale");
}

#[test]
fn events_travel_in_one_flat_envelope() {
    let envelope = EventEnvelope {
        event: Event::AssetUpdated(AssetUpdated { asset_id: "507f1f77bcf86cd799439011".into(), version: 12 }),
        timestamp: "2026-01-29T12:00:00Z".into(),
    };
    let value = json!({
        "type": "asset:updated",
        "payload": { "asset_id": "507f1f77bcf86cd799439011", "version": 12 },
        "timestamp": "2026-01-29T12:00:00Z",
    });
    assert_eq!(serde_json::to_value(&envelope).unwrap(), value);
    assert_eq!(serde_json::from_value::<EventEnvelope>(value).unwrap(), envelope);
}
