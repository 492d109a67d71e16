//! What the Architect's REST interface takes and answers, beside documents and compiles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

use crate::{
    compile::{CacheStatus, CompilePriority},
    dna::{AssetCategory, AssetDna},
    recipe::Violation,
};

/// What kind of error it is; stable, for programs.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// No asset has this id. 404.
    AssetNotFound,
    /// No material has this code. 404.
    MaterialNotFound,
    /// The asset has no binary of its current version. 404.
    NotCompiled,
    /// No compile of this asset is known. 404.
    CompileNotFound,
    /// Somebody saved a newer version in between. 409.
    VersionConflict,
    /// The request is larger than the limit. 413.
    PayloadTooLarge,
    /// The recipe has mistakes; `violations` lists them. 422.
    InvalidRecipe,
    /// Something else about the request is wrong; `violations` lists it. 422.
    InvalidRequest,
    /// The store does not answer or is corrupt. 503.
    StoreUnavailable,
    /// A fault of the Architect itself. 500.
    Internal,
}

/// The body of every answer that is an error.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorBody {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what was expected, what was found, and where.
    pub message: String,
    /// What is wrong with the request, with JSON paths.
    #[serde(default)]
    pub violations: Vec<Violation>,
    /// The version that a save was made on top of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<u32>,
    /// The version that is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_version: Option<u32>,
}

/// Body of `POST /assets` and `PUT /assets/{id}`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveAsset {
    /// The recipe. Its `metadata.version` is replaced by the one that the save gives.
    pub dna: AssetDna,
    /// The second level of the asset's place, such as `furniture`; `general` when left out at first,
    /// unchanged when left out later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subcategory: Option<String>,
    /// The version that this save is made on top of; not compared when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<u32>,
    /// Which compile goes first.
    #[serde(default)]
    pub priority: CompilePriority,
    /// Training iterations of the compile that follows; 300 when left out, 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 30000))]
    pub splat_iterations: Option<u32>,
    /// Cells along the longest side of volume and mesh, as `gve bake --resolution` counts them; 128 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 8, max = 512))]
    pub volume_resolution: Option<u32>,
}

/// One line of a list of assets.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetSummary {
    /// 24 hex digits.
    pub id: String,
    /// The id in the binary protocol.
    #[typeshare(serialized_as = "number")]
    #[schemars(range(min = 1, max = 9007199254740991u64))]
    pub wire_id: u64,
    /// A name for people.
    pub name: String,
    /// The stored version.
    pub version: u32,
    /// The shelf.
    pub category: AssetCategory,
    /// The second level.
    pub subcategory: String,
    /// RFC 3339, UTC.
    pub updated_at: String,
}

/// Answer of `GET /assets`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetPage {
    /// In the order of their wire ids.
    pub items: Vec<AssetSummary>,
    /// Pass it as `after` to get the next page; left out on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[typeshare(serialized_as = "Option<number>")]
    pub next_after: Option<u64>,
}

/// One line of a search's answer, best first.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchHit {
    /// What was found.
    pub asset: AssetSummary,
    /// Cosine similarity of the texts' embeddings, -1 to 1.
    pub score: f32,
}

/// Answer of `GET /assets/{id}/cache`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheReport {
    /// Whether the binary matches the store.
    pub status: CacheStatus,
    /// The stored version.
    pub version: u32,
    /// The version in the binary's header, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_version: Option<u32>,
    /// Where the binary is or would be.
    pub binary_path: String,
}

/// Answer of `GET /health`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// `ok`, or what is wrong.
    pub status: String,
    /// The Architect's version.
    pub version: String,
    /// Where the heavy stages run: `cpu` or `cuda`.
    pub device: String,
    /// Whether splats can be trained.
    pub can_train: bool,
    /// Random, made with the store: tells a store that began again from an Architect that was restarted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_id: Option<String>,
}
