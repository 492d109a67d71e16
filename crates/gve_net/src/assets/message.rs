//! What a client hears about assets.

use bytes::Bytes;
use gve_types::compile::CompileStage;

use crate::link::LinkError;

/// What a client hears about assets, and about its connection.
///
/// Versions that are older than what is known already are not passed on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AssetMessage {
    /// The connection stands; everything subscribed is asked for again.
    Connected,
    /// The connection is lost, or did not come about. What is loaded stays loaded.
    Disconnected {
        /// Why.
        error: LinkError,
        /// When the next attempt is made.
        retry_in_secs: f32,
    },
    /// A version was saved; its binary follows. Comes for every asset there is, subscribed or not.
    Announced {
        /// The asset's wire id.
        id: u64,
        /// The version saved.
        version: u32,
    },
    /// How far the compile of a subscribed asset is. Only the newest is kept.
    Progress {
        /// The asset's wire id.
        id: u64,
        /// The version that is compiled.
        version: u32,
        /// The stage that runs.
        stage: CompileStage,
        /// How much of the stage is done, 0 to 1.
        share: f32,
    },
    /// The binary of the newest version of a subscribed asset. It counts as loaded from now on.
    Ready {
        /// The asset's wire id.
        id: u64,
        /// Its version.
        version: u32,
        /// The bytes of a `.gve_bin`, as they came: to be checked by whoever reads them.
        bytes: Bytes,
    },
    /// A compile or a request failed, or the asset is not, or no longer, there.
    Invalid {
        /// The asset's wire id.
        id: u64,
        /// The version it is about.
        version: u32,
        /// Why, for people.
        message: String,
    },
    /// The Architect's store has begun again, and this asset with it: what is loaded may be of
    /// another asset altogether. Its present binary follows, if it has one.
    Reset {
        /// The asset's wire id.
        id: u64,
        /// The version in the store now; 0 if the asset is not there.
        version: u32,
    },
}

impl AssetMessage {
    /// The asset it is about.
    pub fn id(&self) -> Option<u64> {
        match self {
            Self::Connected | Self::Disconnected { .. } => None,
            Self::Announced { id, .. }
            | Self::Progress { id, .. }
            | Self::Ready { id, .. }
            | Self::Invalid { id, .. }
            | Self::Reset { id, .. } => Some(*id),
        }
    }

    /// Bytes that it keeps in memory beside itself.
    pub(crate) fn held_bytes(&self) -> usize {
        match self {
            Self::Ready { bytes, .. } => bytes.len(),
            Self::Invalid { message, .. } => message.len(),
            _ => 0,
        }
    }
}
