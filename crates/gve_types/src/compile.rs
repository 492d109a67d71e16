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
    /// Cells along the longest side of volume and mesh, as `gve bake --resolution` counts them; 128 when left out.
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

/// How long a stage took.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageReport {
    /// Which stage.
    pub stage: CompileStage,
    /// Wall time in seconds.
    pub seconds: f32,
}

/// How the splats of a compile came out.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplatReport {
    /// How many splats.
    pub count: u32,
    /// Whether training changed them; otherwise they are as seeded.
    pub trained: bool,
    /// Iterations that ran.
    pub iterations: u32,
    /// Peak signal-to-noise ratio of the seeded splats on held-out views, in decibels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psnr_before_db: Option<f32>,
    /// The same of the splats in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psnr_after_db: Option<f32>,
    /// Why they were not trained, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
    /// The version that was compiled.
    #[serde(default)]
    pub version: u32,
    /// Whether an earlier compile of the same recipe was used again.
    #[serde(default)]
    pub reused: bool,
    /// The stages that ran, in order.
    #[serde(default)]
    pub stages: Vec<StageReport>,
    /// What became of the splats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub splats: Option<SplatReport>,
    /// Where the heavy stages ran: `cpu` or `cuda`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What the designer should know.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What went wrong, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Where a compile stands.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompileState {
    /// Waits for its turn.
    Queued,
    /// Is under way.
    Running,
    /// Ended with a binary.
    Complete,
    /// Ended with an error.
    Failed,
    /// Was stopped, or gave way to a newer version.
    Cancelled,
}

/// A compile as a client sees it.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileStatus {
    /// The document's id.
    pub asset_id: String,
    /// The version that is compiled.
    pub version: u32,
    /// Where it stands.
    pub state: CompileState,
    /// How far it is, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<CompileProgress>,
    /// What it ended with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<CompileResult>,
}

/// Whether the binary of an asset matches what is stored.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CacheStatus {
    /// The binary matches the stored version.
    #[serde(rename = "valid")]
    Valid,
    /// The binary is of another version, format version or compiler version than a compile would make.
    #[serde(rename = "stale")]
    Stale,
    /// There is no binary.
    #[serde(rename = "missing")]
    Missing,
}
