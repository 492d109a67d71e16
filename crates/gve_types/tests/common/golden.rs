//! The golden scene snapshots: what each is, and the files that follow from it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use gve_types::snapshot::{SceneLabels, SnapshotEntry, SnapshotError, SnapshotKind};
use serde_json::{Value, json};

/// A snapshot, its name, and what it says or what is wrong with it.
pub(crate) struct Golden {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// The entries in the order of the bytes, and their labels; for a bad snapshot the kind of error that a reader
    /// reports.
    pub(crate) meaning: Result<(Vec<SnapshotEntry>, SceneLabels), &'static str>,
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/snapshots")
}

fn entry(asset_id: u64, kind: SnapshotKind, active: bool) -> SnapshotEntry {
    SnapshotEntry { asset_id, kind, active }
}

/// Every snapshot, with its bytes written out: nothing here goes through the code that is tested.
pub(crate) fn snapshots() -> Vec<Golden> {
    use SnapshotKind::{Mesh, Sdf};
    let good = |name, entries: &[SnapshotEntry], labels: &[(u64, &str)], bytes: &[&[u8]]| {
        let labels = labels.iter().map(|&(id, label)| (id, label.to_owned())).collect();
        let meaning = Ok((entries.to_vec(), SceneLabels(labels)));
        Golden { name, bytes: bytes.concat(), meaning }
    };
    let bad = |name, error, bytes: &[&[u8]]| Golden { name, bytes: bytes.concat(), meaning: Err(error) };
    const MESH: &[u8] = &[7, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    const SDF: &[u8] = &[9, 0, 0, 0, 0, 0, 0, 0, 1, 1];
    vec![
        good("empty", &[], &[], &[&[0, 0, 0, 0]]),
        good(
            "scene",
            &[
                entry(0x0102_0304_0506_0708, Mesh, false),
                entry(0xffff_fffe, Mesh, true),
                // The largest number that JavaScript holds exactly, and the next one.
                entry((1 << 53) - 1, Sdf, true),
                entry(1 << 53, Sdf, false),
                entry(u64::MAX, Sdf, true),
            ],
            &[(0xffff_fffe, "Größe 3 mug"), (u64::MAX, "pump")],
            &[
                &[5, 0, 0, 0],
                &[0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0, 0],
                &[0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1],
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 1, 1],
                &[0, 0, 0, 0, 0, 0, 0x20, 0, 1, 0],
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1],
            ],
        ),
        bad("bad_empty", "length", &[]),
        bad("bad_3_bytes", "length", &[&[0, 0, 0]]),
        bad("bad_entry_missing", "length", &[&[2, 0, 0, 0], MESH]),
        bad("bad_entry_short", "length", &[&[1, 0, 0, 0], &MESH[..9]]),
        bad("bad_entry_too_many", "length", &[&[1, 0, 0, 0], MESH, SDF]),
        bad("bad_byte_too_many", "length", &[&[1, 0, 0, 0], MESH, &[0]]),
        bad("bad_count_largest", "length", &[&[0xff; 4], MESH]),
        // 10 × 0x1999999a is 4 more than 2^32: the same as 4 to a reader that multiplies in 32 bits.
        bad("bad_count_wraps", "length", &[&[0x9a, 0x99, 0x99, 0x19], &[0; 4]]),
        bad("bad_type_2", "type", &[&[1, 0, 0, 0], &[7, 0, 0, 0, 0, 0, 0, 0, 2, 1]]),
        bad("bad_type_255", "type", &[&[2, 0, 0, 0], MESH, &[7, 0, 0, 0, 0, 0, 0, 0, 255, 1]]),
        bad("bad_active_2", "active", &[&[1, 0, 0, 0], &[7, 0, 0, 0, 0, 0, 0, 0, 1, 2]]),
        bad("bad_active_255", "active", &[&[2, 0, 0, 0], SDF, &[7, 0, 0, 0, 0, 0, 0, 0, 1, 255]]),
        bad("bad_order", "order", &[&[2, 0, 0, 0], SDF, MESH]),
    ]
}

/// The kind of an error, as the index names it.
pub(crate) fn kind(error: &SnapshotError) -> &'static str {
    match error {
        SnapshotError::Length { .. } => "length",
        SnapshotError::Flag { field, .. } => field,
        SnapshotError::Order { .. } => "order",
        _ => "new: name it here",
    }
}

/// Every file of the folder: the snapshots and the index.
pub(crate) fn derived_files() -> Vec<(PathBuf, Vec<u8>)> {
    let snapshots = snapshots();
    let path = |golden: &Golden| folder().join(format!("{}.bin", golden.name));
    let mut files: Vec<_> = snapshots.iter().map(|golden| (path(golden), golden.bytes.clone())).collect();
    let rows: Vec<Value> = snapshots.iter().map(row).collect();
    let index = json!({
        "about": "Scene snapshots, one file each. `entries` are what a good one says, ids in decimal; `labels` are what `get_scene_labels` gives beside it; `error` is the kind that a reader reports. Written by `cargo run -p gve_types --example golden_snapshots`.",
        "snapshots": rows,
    });
    files.push((folder().join("index.json"), format!("{index:#}\n").into_bytes()));
    files
}

fn row(golden: &Golden) -> Value {
    let file = format!("{}.bin", golden.name);
    match &golden.meaning {
        Ok((entries, labels)) => {
            let entry = |entry: &SnapshotEntry| {
                json!({
                    "asset_id": entry.asset_id.to_string(),
                    "type": entry.kind as u8,
                    "active": entry.active,
                })
            };
            let entries: Vec<Value> = entries.iter().map(entry).collect();
            json!({
                "name": golden.name, "file": file, "bytes": golden.bytes.len(),
                "entries": entries, "labels": labels, "error": null,
            })
        }
        Err(error) => json!({
            "name": golden.name, "file": file, "bytes": golden.bytes.len(),
            "entries": null, "labels": null, "error": error,
        }),
    }
}
