//! The golden frames: what each is, and the files that follow from it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use gve_net::frame::{ClientFrame, MessageError, ServerFrame};
use gve_types::{
    compile::CompileStage,
    limits::{MAX_PAYLOAD_BYTES, MAX_WIRE_ID},
    protocol::{FrameError, HEADER_BYTES, MessageHeader, MessageType},
};
use serde_json::{Value, json};

/// A recipe as it travels in a `RequestCompile`.
const RECIPE: &str = r#"{"dna_version": 1, "metadata": {"name": "Größe 3 mug", "version": 11, "category": "Prop", "material_spec": "ASTM_A36"}, "root_node": {"op": "subtract", "children": [{"op": "cylinder", "radius": 0.04, "half_height": 0.05}, {"op": "cylinder", "radius": 0.035, "half_height": 0.06}]}}"#;
const REASON: &str = "version 12 of “Größe 3 mug” cannot be baked: $.root_node has no surface";

/// Which side sends a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Architect,
    Client,
}

/// A frame, its name, and what is wrong with it.
pub(crate) struct Golden {
    pub(crate) name: &'static str,
    pub(crate) sender: Sender,
    pub(crate) bytes: Vec<u8>,
    /// The kind of error a receiver reports; `None` for a good frame.
    pub(crate) error: Option<&'static str>,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn folder() -> PathBuf {
    root().join("tests/golden/frames")
}

/// The good frames as messages, in the order of their numbers.
pub(crate) fn server_messages() -> Vec<(&'static str, ServerFrame)> {
    let asset = std::fs::read(root().join("tests/golden/minimal.gve_bin")).unwrap();
    let (id, version) = (42, 12);
    vec![
        ("asset_ready", ServerFrame::AssetReady { id: 1, version: 1, bytes: Bytes::from(asset) }),
        (
            "asset_progress",
            ServerFrame::AssetProgress { id, version, stage: CompileStage::SplatTrain, share: 0.625 },
        ),
        ("asset_invalid", ServerFrame::AssetInvalid { id, version, message: REASON.to_owned() }),
        ("asset_invalid_without_reason", ServerFrame::AssetInvalid { id, version, message: String::new() }),
        ("version_bump", ServerFrame::VersionBump { id, version }),
        ("version_bump_largest", ServerFrame::VersionBump { id: MAX_WIRE_ID - 1, version: u32::MAX }),
    ]
}

pub(crate) fn client_messages() -> Vec<(&'static str, ClientFrame)> {
    let id = 42;
    let compile =
        |base_version, recipe| ClientFrame::RequestCompile { id, base_version, recipe: Bytes::from(recipe) };
    vec![
        ("request_asset", ClientFrame::RequestAsset { id }),
        ("request_compile", compile(11, RECIPE)),
        ("request_compile_stored", compile(0, "")),
        ("cancel_compile", ClientFrame::CancelCompile { id }),
    ]
}

/// All frames, good ones first.
pub(crate) fn frames() -> Vec<Golden> {
    let mut frames = Vec::new();
    for (name, message) in server_messages() {
        let bytes = message.encode().unwrap().to_vec();
        frames.push(Golden { name, sender: Sender::Architect, bytes, error: None });
    }
    for (name, message) in client_messages() {
        let bytes = message.encode().unwrap().to_vec();
        frames.push(Golden { name, sender: Sender::Client, bytes, error: None });
    }
    frames.extend(bad_headers());
    frames.extend(bad_payloads());
    frames
}

fn header(msg_type: MessageType, payload_len: u32) -> [u8; HEADER_BYTES] {
    MessageHeader { msg_type, asset_id: 42, version: 12, payload_len }.to_bytes()
}

/// Wrong in the first 18 bytes: wrong whoever sends them.
fn bad_headers() -> Vec<Golden> {
    let request = header(MessageType::RequestAsset, 0);
    let with = |at: usize, bytes: &[u8]| {
        let mut frame = request.to_vec();
        frame[at..at + bytes.len()].copy_from_slice(bytes);
        frame
    };
    let recipe = u32::try_from(RECIPE.len()).unwrap();
    let announced = header(MessageType::RequestCompile, recipe);
    let short = [&announced[..], &RECIPE.as_bytes()[..RECIPE.len() - 1]].concat();
    let long = [&announced[..], RECIPE.as_bytes(), b"}"].concat();
    let over = header(MessageType::RequestCompile, MAX_PAYLOAD_BYTES + 1);
    let bad =
        |name, bytes: Vec<u8>, error| Golden { name, sender: Sender::Client, bytes, error: Some(error) };
    vec![
        bad("bad_empty", Vec::new(), "too_short"),
        bad("bad_17_bytes", request[..HEADER_BYTES - 1].to_vec(), "too_short"),
        bad("bad_type_0", with(0, &[0x00]), "unknown_type"),
        bad("bad_type_5", with(0, &[0x05]), "unknown_type"),
        bad("bad_type_255", with(0, &[0xff]), "unknown_type"),
        bad("bad_id_0", with(1, &[0; 8]), "bad_asset_id"),
        bad("bad_id_2_pow_53", with(1, &MAX_WIRE_ID.to_le_bytes()), "bad_asset_id"),
        bad("bad_id_negative", with(1, &[0xff; 8]), "bad_asset_id"),
        bad("bad_reserved_1", with(17, &[1]), "reserved_set"),
        bad("bad_reserved_128", with(17, &[128]), "reserved_set"),
        bad("bad_payload_over_limit", over.to_vec(), "payload_too_large"),
        bad("bad_payload_missing", announced.to_vec(), "payload_length"),
        bad("bad_payload_short", short, "payload_length"),
        bad("bad_payload_long", long, "payload_length"),
        bad("bad_payload_unannounced", [&request[..], b"x"].concat(), "payload_length"),
    ]
}

/// A good header with a payload that this message cannot have, or from the wrong side.
fn bad_payloads() -> Vec<Golden> {
    let frame = |msg_type, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap();
        [&header(msg_type, length)[..], payload].concat()
    };
    let progress = |stage: u8, share: f32| {
        frame(MessageType::AssetProgress, &[&[stage][..], &share.to_le_bytes()].concat())
    };
    let server = |name, bytes, error| Golden { name, sender: Sender::Architect, bytes, error: Some(error) };
    let client = |name, bytes, error| Golden { name, sender: Sender::Client, bytes, error: Some(error) };
    vec![
        server("bad_ready_empty", frame(MessageType::AssetReady, &[]), "missing_payload"),
        server("bad_progress_4_bytes", frame(MessageType::AssetProgress, &[3, 0, 0, 0]), "progress_length"),
        server("bad_progress_stage_6", progress(6, 0.5), "unknown_stage"),
        server("bad_progress_nan", progress(3, f32::NAN), "bad_share"),
        server("bad_progress_above_1", progress(3, 1.5), "bad_share"),
        server("bad_invalid_not_utf8", frame(MessageType::AssetInvalid, b"no \xff text"), "not_utf8"),
        server("bad_bump_with_payload", frame(MessageType::VersionBump, b"12"), "unexpected_payload"),
        server("bad_request_from_architect", frame(MessageType::RequestAsset, &[]), "wrong_direction"),
        client("bad_request_with_payload", frame(MessageType::RequestAsset, b"42"), "unexpected_payload"),
        client("bad_cancel_with_payload", frame(MessageType::CancelCompile, &[0]), "unexpected_payload"),
        client("bad_bump_from_client", frame(MessageType::VersionBump, &[]), "wrong_direction"),
    ]
}

/// The error's name in the index.
pub(crate) fn kind(error: &MessageError) -> &'static str {
    match error {
        MessageError::Frame(FrameError::TooShort { .. }) => "too_short",
        MessageError::Frame(FrameError::UnknownType { .. }) => "unknown_type",
        MessageError::Frame(FrameError::BadAssetId { .. }) => "bad_asset_id",
        MessageError::Frame(FrameError::ReservedSet { .. }) => "reserved_set",
        MessageError::Frame(FrameError::PayloadTooLarge { .. }) => "payload_too_large",
        MessageError::Frame(FrameError::PayloadLength { .. }) => "payload_length",
        MessageError::WrongDirection { .. } => "wrong_direction",
        MessageError::UnexpectedPayload { .. } => "unexpected_payload",
        MessageError::MissingPayload { .. } => "missing_payload",
        MessageError::ProgressLength { .. } => "progress_length",
        MessageError::UnknownStage { .. } => "unknown_stage",
        MessageError::BadShare { .. } => "bad_share",
        MessageError::NotUtf8 { .. } => "not_utf8",
        other => panic!("no golden frame has {other}"),
    }
}

/// Every file under `tests/golden/frames` with its content.
pub(crate) fn derived_files() -> Vec<(PathBuf, Vec<u8>)> {
    let frames = frames();
    let mut files: Vec<_> =
        frames.iter().map(|frame| (folder().join(file_name(frame)), frame.bytes.clone())).collect();
    let rows: Vec<Value> = frames.iter().map(row).collect();
    let index = json!({
        "about": "Frames of the binary protocol, one file each. `header` holds the fields as they stand in the file, in hexadecimal bytes; `message` says what a good frame means; `error` is the kind that a receiver reports. Written by `cargo run -p gve_net --example golden_frames`.",
        "frames": rows,
    });
    files.push((folder().join("index.json"), format!("{index:#}\n").into_bytes()));
    files
}

fn file_name(frame: &Golden) -> String {
    format!("{}.bin", frame.name)
}

fn row(frame: &Golden) -> Value {
    let field = |range: std::ops::Range<usize>| frame.bytes.get(range).map(hex);
    json!({
        "name": frame.name,
        "file": file_name(frame),
        "sender": match frame.sender { Sender::Architect => "architect", Sender::Client => "client" },
        "bytes": frame.bytes.len(),
        "header": {
            "msg_type": field(0..1), "asset_id": field(1..9), "version": field(9..13),
            "payload_len": field(13..17), "reserved": field(17..18),
        },
        "message": message(frame),
        "error": frame.error,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a good frame means.
fn message(frame: &Golden) -> Value {
    if frame.error.is_some() {
        return Value::Null;
    }
    let bytes = Bytes::copy_from_slice(&frame.bytes);
    match frame.sender {
        Sender::Architect => match ServerFrame::decode(&bytes).unwrap() {
            ServerFrame::AssetReady { id, version, .. } => {
                json!({"type": "AssetReady", "asset_id": id, "version": version, "payload_file": "../minimal.gve_bin"})
            }
            ServerFrame::AssetProgress { id, version, stage, share } => {
                json!({"type": "AssetProgress", "asset_id": id, "version": version, "stage": stage as u8, "progress": share})
            }
            ServerFrame::AssetInvalid { id, version, message } => {
                json!({"type": "AssetInvalid", "asset_id": id, "version": version, "text": message})
            }
            ServerFrame::VersionBump { id, version } => {
                json!({"type": "VersionBump", "asset_id": id, "version": version})
            }
        },
        Sender::Client => match ClientFrame::decode(&bytes).unwrap() {
            ClientFrame::RequestAsset { id } => json!({"type": "RequestAsset", "asset_id": id, "version": 0}),
            ClientFrame::RequestCompile { id, base_version, recipe } => {
                let text = std::str::from_utf8(&recipe).unwrap();
                json!({"type": "RequestCompile", "asset_id": id, "version": base_version, "text": text})
            }
            ClientFrame::CancelCompile { id } => {
                json!({"type": "CancelCompile", "asset_id": id, "version": 0})
            }
        },
    }
}
