//! The binary protocol: message types and the frame header.
//!
//! A frame is an 18-byte header and a payload, all little-endian and packed:
//! `msg_type u8 @0, asset_id u64 @1, version u32 @9, payload_len u32 @13, reserved u8 @17`.

use schemars::JsonSchema;
use typeshare::typeshare;

use crate::limits::{MAX_PAYLOAD_BYTES, MAX_WIRE_ID};

/// Size of the frame header in bytes.
pub const HEADER_BYTES: usize = 18;

/// What a frame says.
#[typeshare]
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// Architect to client; payload: the bytes of a `.gve_bin`.
    AssetReady = 0x01,
    /// Architect to client; payload: stage (u8) and progress (f32).
    AssetProgress = 0x02,
    /// Architect to client; payload: why, as UTF-8.
    AssetInvalid = 0x03,
    /// Architect to client; no payload: the header's version is the new one.
    VersionBump = 0x04,
    /// Client to Architect; no payload.
    RequestAsset = 0x10,
    /// Client to Architect; payload: a recipe as JSON, or empty to compile what is stored.
    RequestCompile = 0x11,
    /// Client to Architect; no payload.
    CancelCompile = 0x12,
}

impl MessageType {
    /// All message types, by number.
    pub const ALL: [Self; 7] = [
        Self::AssetReady,
        Self::AssetProgress,
        Self::AssetInvalid,
        Self::VersionBump,
        Self::RequestAsset,
        Self::RequestCompile,
        Self::CancelCompile,
    ];
}

impl JsonSchema for MessageType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MessageType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "What a frame of the binary protocol says: its first byte.",
            "type": "integer",
            "enum": Self::ALL.map(|message| message as u8),
            "x-enum-varnames": [
                "ASSET_READY", "ASSET_PROGRESS", "ASSET_INVALID", "VERSION_BUMP",
                "REQUEST_ASSET", "REQUEST_COMPILE", "CANCEL_COMPILE"
            ],
        })
    }
}

impl TryFrom<u8> for MessageType {
    type Error = FrameError;

    fn try_from(byte: u8) -> Result<Self, FrameError> {
        Ok(match byte {
            0x01 => Self::AssetReady,
            0x02 => Self::AssetProgress,
            0x03 => Self::AssetInvalid,
            0x04 => Self::VersionBump,
            0x10 => Self::RequestAsset,
            0x11 => Self::RequestCompile,
            0x12 => Self::CancelCompile,
            found => return Err(FrameError::UnknownType { found }),
        })
    }
}

/// The 18 bytes in front of every payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageHeader {
    /// What the frame says.
    pub msg_type: MessageType,
    /// The asset's `wire_id`.
    pub asset_id: u64,
    /// The asset's version.
    pub version: u32,
    /// Bytes of payload after the header.
    pub payload_len: u32,
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Fewer bytes than a header.
    #[error("a frame starts with an 18-byte header, found {found} bytes")]
    TooShort {
        /// Bytes there were.
        found: usize,
    },
    /// A type nobody knows.
    #[error("unknown message type {found:#04x} at offset 0")]
    UnknownType {
        /// The byte found.
        found: u8,
    },
    /// An id beyond 2^53 or 0.
    #[error("asset id {found} at offset 1 is not between 1 and 2^53")]
    BadAssetId {
        /// The id found.
        found: u64,
    },
    /// The reserved byte is set.
    #[error("reserved byte at offset 17 must be 0, found {found}")]
    ReservedSet {
        /// The byte found.
        found: u8,
    },
    /// A payload beyond [`MAX_PAYLOAD_BYTES`].
    #[error("payload of {found} bytes is over the limit of {MAX_PAYLOAD_BYTES}")]
    PayloadTooLarge {
        /// Bytes announced.
        found: u32,
    },
    /// The payload's length is not what the header says.
    #[error("header announces {expected} bytes of payload, found {found}")]
    PayloadLength {
        /// Bytes announced.
        expected: u32,
        /// Bytes there were.
        found: usize,
    },
}

impl MessageHeader {
    /// The header's bytes.
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = self.msg_type as u8;
        bytes[1..9].copy_from_slice(&self.asset_id.to_le_bytes());
        bytes[9..13].copy_from_slice(&self.version.to_le_bytes());
        bytes[13..17].copy_from_slice(&self.payload_len.to_le_bytes());
        bytes
    }

    /// Reads the header at the start of `bytes`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrameError> {
        let Some((header, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Err(FrameError::TooShort { found: bytes.len() });
        };
        let u32_at =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let msg_type = MessageType::try_from(header[0])?;
        let asset_id = u64::from(u32_at(1)) | u64::from(u32_at(5)) << 32;
        if asset_id == 0 || asset_id >= MAX_WIRE_ID {
            return Err(FrameError::BadAssetId { found: asset_id });
        }
        if header[17] != 0 {
            return Err(FrameError::ReservedSet { found: header[17] });
        }
        let payload_len = u32_at(13);
        if payload_len > MAX_PAYLOAD_BYTES {
            return Err(FrameError::PayloadTooLarge { found: payload_len });
        }
        Ok(Self { msg_type, asset_id, version: u32_at(9), payload_len })
    }
}

/// Splits a whole frame into header and payload; the payload must have exactly the announced length.
pub fn split_frame(frame: &[u8]) -> Result<(MessageHeader, &[u8]), FrameError> {
    let header = MessageHeader::from_bytes(frame)?;
    let payload = &frame[HEADER_BYTES..];
    if payload.len() != header.payload_len as usize {
        return Err(FrameError::PayloadLength { expected: header.payload_len, found: payload.len() });
    }
    Ok((header, payload))
}
