//! Frames of the binary protocol with their payloads: bytes to messages and back.
//!
//! The header is [`gve_types::protocol`]'s; this adds what each message type carries.

use bytes::{Bytes, BytesMut};
use gve_types::{
    compile::CompileStage,
    limits::{MAX_PAYLOAD_BYTES, MAX_RECIPE_BYTES, MAX_WIRE_ID},
    protocol::{FrameError, HEADER_BYTES, MessageHeader, MessageType, split_frame},
};

/// Bytes of an `AssetProgress` payload: stage (u8) and share (f32).
pub const PROGRESS_BYTES: usize = 5;
/// Most bytes of an `AssetInvalid` text that are kept; the rest is cut off.
pub const MAX_REASON_BYTES: usize = 16 << 10;

/// What the Architect sends.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerFrame {
    /// The binary of a version.
    AssetReady {
        /// The asset's `wire_id`.
        id: u64,
        /// The version it was compiled from.
        version: u32,
        /// The bytes of a `.gve_bin`; not checked here.
        bytes: Bytes,
    },
    /// How far a compile is.
    AssetProgress {
        /// The asset's `wire_id`.
        id: u64,
        /// The version that is compiled.
        version: u32,
        /// The stage that runs.
        stage: CompileStage,
        /// How much of the stage is done, 0 to 1.
        share: f32,
    },
    /// A compile or a request failed.
    AssetInvalid {
        /// The asset's `wire_id`.
        id: u64,
        /// The version it is about.
        version: u32,
        /// Why, for people.
        message: String,
    },
    /// A version was saved.
    VersionBump {
        /// The asset's `wire_id`.
        id: u64,
        /// The new version.
        version: u32,
    },
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFrame {
    /// Subscribes to an asset.
    RequestAsset {
        /// The asset's `wire_id`.
        id: u64,
    },
    /// Saves a recipe and compiles it, or compiles what is stored.
    RequestCompile {
        /// The asset's `wire_id`.
        id: u64,
        /// The version that the recipe was made on top of; 0 is not compared.
        base_version: u32,
        /// The recipe as JSON; empty for what is stored.
        recipe: Bytes,
    },
    /// Cancels the asset's compile.
    CancelCompile {
        /// The asset's `wire_id`.
        id: u64,
    },
}

/// Why bytes are not a message of the other side.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The header is wrong, or the payload has another length than it says.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A message that only the other side sends.
    #[error("{found:?} goes the other way")]
    WrongDirection {
        /// The type found.
        found: MessageType,
    },
    /// A payload where there is none.
    #[error("{msg_type:?} has no payload, found {found} bytes")]
    UnexpectedPayload {
        /// The message.
        msg_type: MessageType,
        /// Bytes there were.
        found: usize,
    },
    /// No payload where there must be one.
    #[error("{msg_type:?} needs a payload, found none")]
    MissingPayload {
        /// The message.
        msg_type: MessageType,
    },
    /// An `AssetProgress` whose payload is not stage and share.
    #[error("the payload of AssetProgress has {PROGRESS_BYTES} bytes, found {found}")]
    ProgressLength {
        /// Bytes there were.
        found: usize,
    },
    /// A stage nobody knows.
    #[error("stage at offset 18 must be 0 to 5, found {found}")]
    UnknownStage {
        /// The byte found.
        found: u8,
    },
    /// A share that is no share.
    #[error("progress at offset 19 must be between 0 and 1, found {found}")]
    BadShare {
        /// The number found.
        found: f32,
    },
    /// A text that is not UTF-8.
    #[error("the text of AssetInvalid is not UTF-8 from offset {offset} on")]
    NotUtf8 {
        /// The first byte that is wrong, counted from the start of the frame.
        offset: usize,
    },
    /// A recipe longer than the limit.
    #[error("a recipe has at most {MAX_RECIPE_BYTES} bytes, found {found}")]
    RecipeTooLong {
        /// Bytes there were.
        found: usize,
    },
}

impl ServerFrame {
    /// Reads a whole frame that the Architect sent. The payload of an `AssetReady` is shared, not copied.
    ///
    /// # Errors
    /// Everything that is wrong with the frame, with its offset.
    pub fn decode(frame: &Bytes) -> Result<Self, MessageError> {
        let (header, payload) = split_frame(frame)?;
        let MessageHeader { msg_type, asset_id: id, version, .. } = header;
        match msg_type {
            MessageType::AssetReady if payload.is_empty() => Err(MessageError::MissingPayload { msg_type }),
            MessageType::AssetReady => {
                Ok(Self::AssetReady { id, version, bytes: frame.slice(HEADER_BYTES..) })
            }
            MessageType::AssetProgress => {
                let (stage, share) = decode_progress(payload)?;
                Ok(Self::AssetProgress { id, version, stage, share })
            }
            MessageType::AssetInvalid => {
                Ok(Self::AssetInvalid { id, version, message: decode_reason(payload)? })
            }
            MessageType::VersionBump if payload.is_empty() => Ok(Self::VersionBump { id, version }),
            MessageType::VersionBump => {
                Err(MessageError::UnexpectedPayload { msg_type, found: payload.len() })
            }
            found => Err(MessageError::WrongDirection { found }),
        }
    }

    /// The frame's bytes, as the Architect would send them: for tests and tools.
    ///
    /// # Errors
    /// An id or a payload that no frame can hold.
    pub fn encode(&self) -> Result<Bytes, MessageError> {
        match self {
            Self::AssetReady { bytes, .. } if bytes.is_empty() => {
                Err(MessageError::MissingPayload { msg_type: MessageType::AssetReady })
            }
            Self::AssetReady { id, version, bytes } => encode(MessageType::AssetReady, *id, *version, bytes),
            Self::AssetProgress { id, version, stage, share } => {
                let mut payload = [0; PROGRESS_BYTES];
                payload[0] = *stage as u8;
                payload[1..].copy_from_slice(&share.to_le_bytes());
                encode(MessageType::AssetProgress, *id, *version, &payload)
            }
            Self::AssetInvalid { id, version, message } => {
                encode(MessageType::AssetInvalid, *id, *version, message.as_bytes())
            }
            Self::VersionBump { id, version } => encode(MessageType::VersionBump, *id, *version, &[]),
        }
    }
}

impl ClientFrame {
    /// The asset it is about.
    pub fn id(&self) -> u64 {
        match self {
            Self::RequestAsset { id } | Self::RequestCompile { id, .. } | Self::CancelCompile { id } => *id,
        }
    }

    /// The frame's bytes.
    ///
    /// # Errors
    /// An id that no frame can hold, or a recipe over the limit.
    pub fn encode(&self) -> Result<Bytes, MessageError> {
        match self {
            Self::RequestAsset { id } => encode(MessageType::RequestAsset, *id, 0, &[]),
            Self::RequestCompile { recipe, .. } if recipe.len() > MAX_RECIPE_BYTES => {
                Err(MessageError::RecipeTooLong { found: recipe.len() })
            }
            Self::RequestCompile { id, base_version, recipe } => {
                encode(MessageType::RequestCompile, *id, *base_version, recipe)
            }
            Self::CancelCompile { id } => encode(MessageType::CancelCompile, *id, 0, &[]),
        }
    }

    /// Reads a whole frame that a client sent: for tests and tools.
    ///
    /// # Errors
    /// Everything that is wrong with the frame. Whether a recipe is one is not looked at.
    pub fn decode(frame: &Bytes) -> Result<Self, MessageError> {
        let (header, payload) = split_frame(frame)?;
        let MessageHeader { msg_type, asset_id: id, version, .. } = header;
        match msg_type {
            MessageType::RequestCompile if payload.len() > MAX_RECIPE_BYTES => {
                Err(MessageError::RecipeTooLong { found: payload.len() })
            }
            MessageType::RequestCompile => {
                Ok(Self::RequestCompile { id, base_version: version, recipe: frame.slice(HEADER_BYTES..) })
            }
            MessageType::RequestAsset | MessageType::CancelCompile if !payload.is_empty() => {
                Err(MessageError::UnexpectedPayload { msg_type, found: payload.len() })
            }
            MessageType::RequestAsset => Ok(Self::RequestAsset { id }),
            MessageType::CancelCompile => Ok(Self::CancelCompile { id }),
            found => Err(MessageError::WrongDirection { found }),
        }
    }
}

fn encode(msg_type: MessageType, id: u64, version: u32, payload: &[u8]) -> Result<Bytes, MessageError> {
    check_id(id)?;
    let payload_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    if payload_len > MAX_PAYLOAD_BYTES {
        return Err(FrameError::PayloadTooLarge { found: payload_len }.into());
    }
    let header = MessageHeader { msg_type, asset_id: id, version, payload_len };
    let mut frame = BytesMut::with_capacity(HEADER_BYTES + payload.len());
    frame.extend_from_slice(&header.to_bytes());
    frame.extend_from_slice(payload);
    Ok(frame.freeze())
}

/// Whether a number can be a `wire_id`.
pub(crate) fn check_id(id: u64) -> Result<(), FrameError> {
    if (1..MAX_WIRE_ID).contains(&id) { Ok(()) } else { Err(FrameError::BadAssetId { found: id }) }
}

fn decode_progress(payload: &[u8]) -> Result<(CompileStage, f32), MessageError> {
    let Ok([stage, share @ ..]) = <[u8; PROGRESS_BYTES]>::try_from(payload) else {
        return Err(MessageError::ProgressLength { found: payload.len() });
    };
    let Some(stage) = CompileStage::ALL.get(usize::from(stage)) else {
        return Err(MessageError::UnknownStage { found: stage });
    };
    let share = f32::from_le_bytes(share);
    if !(0.0..=1.0).contains(&share) {
        return Err(MessageError::BadShare { found: share });
    }
    Ok((*stage, share))
}

fn decode_reason(payload: &[u8]) -> Result<String, MessageError> {
    let text = std::str::from_utf8(payload)
        .map_err(|error| MessageError::NotUtf8 { offset: HEADER_BYTES + error.valid_up_to() })?;
    let mut end = text.len().min(MAX_REASON_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Ok(text[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let text = "ä".repeat(MAX_REASON_BYTES);
        let shown = decode_reason(text.as_bytes()).unwrap_or_default();
        assert_eq!(shown.len(), MAX_REASON_BYTES);
        let odd = format!("x{text}");
        assert_eq!(decode_reason(odd.as_bytes()).unwrap_or_default().len(), MAX_REASON_BYTES - 1);
    }

    #[test]
    fn what_no_frame_can_hold_is_not_encoded() {
        for id in [0, MAX_WIRE_ID, u64::MAX] {
            let error = FrameError::BadAssetId { found: id };
            assert_eq!(ClientFrame::CancelCompile { id }.encode(), Err(error.into()));
        }
        let recipe = Bytes::from(vec![b' '; MAX_RECIPE_BYTES + 1]);
        let found = recipe.len();
        let frame = ClientFrame::RequestCompile { id: 1, base_version: 0, recipe };
        assert_eq!(frame.encode(), Err(MessageError::RecipeTooLong { found }));
    }
}
