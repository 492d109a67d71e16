//! The event bus: seven events and the envelope they travel in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

use crate::compile::CompileStage;

/// An event with its payload.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "payload")]
#[expect(missing_docs, reason = "each variant is documented at its payload")]
pub enum Event {
    #[serde(rename = "asset:created")]
    AssetCreated(AssetCreated),
    #[serde(rename = "asset:updated")]
    AssetUpdated(AssetUpdated),
    #[serde(rename = "asset:deleted")]
    AssetDeleted(AssetDeleted),
    #[serde(rename = "compile:started")]
    CompileStarted(CompileStarted),
    #[serde(rename = "compile:progress")]
    CompileProgressed(CompileProgressed),
    #[serde(rename = "compile:complete")]
    CompileComplete(CompileComplete),
    #[serde(rename = "compile:failed")]
    CompileFailed(CompileFailed),
}

/// What travels on `/ws/events`: an event and when it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventEnvelope {
    /// Type and payload.
    #[serde(flatten)]
    pub event: Event,
    /// RFC 3339, UTC.
    pub timestamp: String,
}

/// Payload of `asset:created`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetCreated {
    /// The document's id.
    pub asset_id: String,
    /// The asset's name.
    pub name: String,
}

/// Payload of `asset:updated`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetUpdated {
    /// The document's id.
    pub asset_id: String,
    /// The version just saved.
    pub version: u32,
}

/// Payload of `asset:deleted`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetDeleted {
    /// The document's id.
    pub asset_id: String,
}

/// Payload of `compile:started`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileStarted {
    /// The document's id.
    pub asset_id: String,
    /// The stages to come, in order.
    pub stages: Vec<CompileStage>,
}

/// Payload of `compile:progress`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileProgressed {
    /// The document's id.
    pub asset_id: String,
    /// The stage that runs.
    pub stage: CompileStage,
    /// 0 to 1 within the stage.
    pub progress: f32,
}

/// Payload of `compile:complete`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileComplete {
    /// The document's id.
    pub asset_id: String,
    /// Where the binary is.
    pub binary_path: String,
}

/// Payload of `compile:failed`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileFailed {
    /// The document's id.
    pub asset_id: String,
    /// What went wrong, for people.
    pub error: String,
}
