//! Compiling an asset: requests, stages, progress and results.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

/// How urgent a compile is; a number in JSON.
#[typeshare]
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum CompilePriority {
    /// Background batch.
    Low = 0,
    /// Triggered by a user.
    #[default]
    Normal = 1,
    /// Preview refresh.
    High = 2,
    /// Somebody waits for it.
    Immediate = 3,
}

impl From<CompilePriority> for u8 {
    fn from(priority: CompilePriority) -> u8 {
        priority as u8
    }
}

impl TryFrom<u8> for CompilePriority {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            0 => Ok(Self::Low),
            1 => Ok(Self::Normal),
            2 => Ok(Self::High),
            3 => Ok(Self::Immediate),
            found => Err(format!("priority must be 0 to 3, found {found}")),
        }
    }
}

impl JsonSchema for CompilePriority {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CompilePriority".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "How urgent a compile is.",
            "type": "integer",
            "enum": [0, 1, 2, 3],
            "x-enum-varnames": ["LOW", "NORMAL", "HIGH", "IMMEDIATE"],
        })
    }
}

/// Asks for a compile.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileRequest {
    /// The document's id: 24 hex digits.
    pub asset_id: String,
    /// Which compile goes first.
    #[serde(default)]
    pub priority: CompilePriority,
    /// Compile even if nothing has changed.
    #[serde(default)]
    pub force_recompile: bool,
    /// Training iterations; 300 when left out, 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 30000))]
    pub splat_iterations: Option<u32>,
    /// Cells along the longest side; 128 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 8, max = 512))]
    pub volume_resolution: Option<u32>,
}

/// The six stages of a compile, in order.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-enum-varnames" = [
    "MATH_JIT", "VOLUME_BAKE", "SHELL_GEN", "SPLAT_TRAIN", "INDEXING", "WRITING"
]))]
pub enum CompileStage {
    /// Lowering the recipe to a field.
    #[serde(rename = "Building SDF graph")]
    MathJit,
    /// Sampling the field.
    #[serde(rename = "Baking 3D texture")]
    VolumeBake,
    /// Dual contouring.
    #[serde(rename = "Generating mesh")]
    ShellGen,
    /// Seeding and training splats.
    #[serde(rename = "Training splats")]
    SplatTrain,
    /// Embedding the recipe for search.
    #[serde(rename = "Creating embeddings")]
    Indexing,
    /// Packing the file.
    #[serde(rename = "Writing binary")]
    Writing,
}

impl CompileStage {
    /// All stages in order; the index is the stage's number in an `AssetProgress` frame.
    pub const ALL: [Self; 6] =
        [Self::MathJit, Self::VolumeBake, Self::ShellGen, Self::SplatTrain, Self::Indexing, Self::Writing];
}

/// How far a compile is.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileProgress {
    /// The stage that runs.
    pub stage: CompileStage,
    /// 0 to 1 within the stage.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub progress: f32,
    /// What is going on, for people.
    pub message: String,
}

/// What a compile ended with.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileResult {
    /// Whether there is a binary.
    pub success: bool,
    /// Where the binary is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_path: Option<String>,
    /// Wall time in seconds.
    pub compile_time_sec: f32,
}

/// Whether the binary of an asset matches what is stored.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CacheStatus {
    /// The binary matches the stored version.
    #[serde(rename = "valid")]
    Valid,
    /// The binary is older than the stored version.
    #[serde(rename = "stale")]
    Stale,
    /// There is no binary.
    #[serde(rename = "missing")]
    Missing,
}
