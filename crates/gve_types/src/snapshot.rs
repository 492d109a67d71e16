//! The scene snapshot that the hierarchy panel reads: a `u32` count, then 10 bytes per entry,
//! little-endian, meshes first, then fields. The names of the entries travel beside it, as [`SceneLabels`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

/// What an entry shows.
#[typeshare]
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SnapshotKind {
    /// A mesh.
    Mesh = 0,
    /// A raymarched field.
    Sdf = 1,
}

impl JsonSchema for SnapshotKind {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SnapshotKind".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "What an entry of the scene snapshot shows: its ninth byte.",
            "type": "integer",
            "enum": [Self::Mesh as u8, Self::Sdf as u8],
            "x-enum-varnames": ["MESH", "SDF"],
        })
    }
}

/// One object of the scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotEntry {
    /// The engine's id of what the entry shows: any 64 bits, good for one run of the engine. JavaScript holds it as a
    /// `bigint` only.
    pub asset_id: u64,
    /// Mesh or field.
    pub kind: SnapshotKind,
    /// Whether it is drawn.
    pub active: bool,
}

/// What the entries of a snapshot are called, by their `asset_id`; an entry that is not here has no name.
///
/// In JSON the ids are written in decimal, as the keys of one object: `labels[entry.asset_id]` finds a label in
/// JavaScript, also with an id that is a `bigint`.
#[typeshare(serialized_as = "BTreeMap<String, String>")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SceneLabels(pub BTreeMap<u64, String>);

/// Why bytes are not a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The length does not fit the count.
    #[error("a snapshot of {entries} entries has {expected} bytes, found {found}")]
    Length {
        /// Entries announced.
        entries: u32,
        /// Bytes that many take.
        expected: u64,
        /// Bytes there were.
        found: usize,
    },
    /// A flag that is neither 0 nor 1.
    #[error("entry {entry}: {field} must be 0 or 1, found {found}")]
    Flag {
        /// Index of the entry.
        entry: u32,
        /// `type` or `active`.
        field: &'static str,
        /// The byte found.
        found: u8,
    },
    /// A mesh after a field.
    #[error("entry {entry}: a mesh after a field; meshes come first")]
    Order {
        /// Index of the mesh.
        entry: u32,
    },
}

const ENTRY_BYTES: usize = 10;

/// Writes a snapshot; meshes come first, the order is kept otherwise.
pub fn encode_snapshot(entries: &[SnapshotEntry]) -> Vec<u8> {
    let mut sorted = entries.to_vec();
    sorted.sort_by_key(|entry| entry.kind);
    let mut bytes = Vec::with_capacity(4 + ENTRY_BYTES * sorted.len());
    bytes.extend((sorted.len() as u32).to_le_bytes());
    for entry in sorted {
        bytes.extend(entry.asset_id.to_le_bytes());
        bytes.extend([entry.kind as u8, u8::from(entry.active)]);
    }
    bytes
}

/// Reads a snapshot; nothing is allocated before the count is known to fit the length.
///
/// # Errors
/// Says which byte of which entry is not as [`encode_snapshot`] writes it: what is read is written as the same bytes
/// again.
pub fn decode_snapshot(bytes: &[u8]) -> Result<Vec<SnapshotEntry>, SnapshotError> {
    let Some((count, rest)) = bytes.split_first_chunk::<4>() else {
        return Err(SnapshotError::Length { entries: 0, expected: 4, found: bytes.len() });
    };
    let count = u32::from_le_bytes(*count);
    if rest.len() as u64 != u64::from(count) * ENTRY_BYTES as u64 {
        let expected = 4 + u64::from(count) * ENTRY_BYTES as u64;
        return Err(SnapshotError::Length { entries: count, expected, found: bytes.len() });
    }
    let (entries, _) = rest.as_chunks::<ENTRY_BYTES>();
    let mut last = SnapshotKind::Mesh;
    (0..count)
        .zip(entries)
        .map(|(entry, bytes)| {
            let [id @ .., kind, active] = bytes;
            let kind = match kind {
                0 => SnapshotKind::Mesh,
                1 => SnapshotKind::Sdf,
                &found => return Err(SnapshotError::Flag { entry, field: "type", found }),
            };
            if *active > 1 {
                return Err(SnapshotError::Flag { entry, field: "active", found: *active });
            }
            if kind < last {
                return Err(SnapshotError::Order { entry });
            }
            last = kind;
            Ok(SnapshotEntry { asset_id: u64::from_le_bytes(*id), kind, active: *active == 1 })
        })
        .collect()
}
