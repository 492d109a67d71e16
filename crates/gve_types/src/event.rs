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
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventEnvelope {
    /// Type and payload.
    #[serde(flatten)]
    pub event: Event,
    /// RFC 3339, UTC.
    pub timestamp: String,
}

impl JsonSchema for EventEnvelope {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventEnvelope".into()
    }

    /// One branch per event, told apart by `type`: what the derive makes of a flattened enum says
    /// the same, but no generator of another language understands it.
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = Event::json_schema(generator);
        if let Some(serde_json::Value::Array(branches)) = schema.get_mut("oneOf") {
            branches.iter_mut().for_each(complete_envelope);
        }
        schema.insert("description".into(), "An event with its payload and when it happened.".into());
        schema.insert("discriminator".into(), serde_json::json!({ "propertyName": "type" }));
        schema
    }
}

fn complete_envelope(branch: &mut serde_json::Value) {
    let payload = branch.pointer("/properties/payload/$ref").and_then(serde_json::Value::as_str);
    let payload = payload.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    branch["title"] = format!("{payload}Event").into();
    branch["properties"]["timestamp"] =
        serde_json::json!({ "type": "string", "description": "RFC 3339, UTC." });
    branch["required"] = serde_json::json!(["type", "payload", "timestamp"]);
    branch["additionalProperties"] = false.into();
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
