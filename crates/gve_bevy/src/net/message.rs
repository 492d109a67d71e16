//! What the Architect says, as Bevy messages.

use bevy::prelude::*;
use gve_types::compile::CompileStage;

/// The connection to the Architect came about or was lost.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum GveConnection {
    /// It stands.
    Connected,
    /// It is lost, or did not come about; what is on screen stays.
    Disconnected {
        /// Why.
        reason: String,
        /// When the next attempt is made.
        retry_in_secs: f32,
    },
}

/// A version of an asset was saved; its binary follows. Sent for every asset that the Architect has.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct GveAnnounced {
    /// The asset.
    pub wire_id: u64,
    /// The version.
    pub version: u32,
}

/// How far a compile is.
#[derive(Message, Debug, Clone, Copy, PartialEq)]
pub struct GveCompileProgress {
    /// The asset.
    pub wire_id: u64,
    /// The version that is compiled.
    pub version: u32,
    /// The stage that runs.
    pub stage: CompileStage,
    /// How much of the stage is done, 0 to 1.
    pub share: f32,
}

/// A compile or a request failed, or the asset is not there.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct GveCompileFailed {
    /// The asset.
    pub wire_id: u64,
    /// The version it is about.
    pub version: u32,
    /// Why, for people.
    pub reason: String,
}
