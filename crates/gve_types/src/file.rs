//! What the metadata section of a `.gve_bin` says about the asset.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

use crate::{dna::AssetCategory, material::MaterialSpec};

/// The metadata section, stored as JSON. Readers ignore fields that they do not know.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileMetadata {
    /// The asset's name.
    pub name: String,
    /// The shelf it stands on.
    pub category: AssetCategory,
    /// A box that holds the whole surface, in metres.
    pub bounds: Bounds,
    /// The materials that the other sections refer to by index.
    pub materials: Vec<MaterialSpec>,
    /// SHA-256 of the recipe as Rust writes it, its version left out: 64 hex digits.
    pub dna_hash: String,
    /// Name and version of the program that wrote the file.
    pub compiler_version: String,
    /// Mass, centre and inertia.
    pub mass: MassProperties,
    /// Sentence embedding of the asset; empty when none was made.
    #[serde(default)]
    pub embedding: Vec<f32>,
    /// Whether the splats were trained or only seeded.
    #[serde(default)]
    pub splats_trained: bool,
    /// What the compile found worth telling, such as features thinner than a cell; each begins with the JSON path of
    /// the node that it is about.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The parts that the volume refers to by index, each with its mass. Empty in files of format version 1.
    #[serde(default)]
    pub parts: Vec<FilePart>,
    /// What the volume does not show. If there is anything, the shell shows the asset better.
    #[serde(default)]
    pub volume_lacks: Vec<MissingFeature>,
}

/// A part: the innermost named node above a primitive, with the material in effect there.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FilePart {
    /// JSON path of the node in the recipe.
    pub path: String,
    /// The node's name; of what stands below no name, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Index of its material.
    pub material: u32,
    /// Where the part's own space stands.
    pub frame: PartFrame,
    /// Mass in kilograms, all copies together.
    pub mass_kg: f32,
    /// Volume in cubic metres, all copies together.
    pub volume_m3: f32,
    /// Estimated bound on the error of both, as a share of them; 0 where none was made.
    #[serde(default)]
    pub relative_error: f32,
}

/// From a part's own space to the asset's: `asset = translation + rotation * (scale * part)`.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartFrame {
    /// Metres.
    pub translation: [f32; 3],
    /// Unit quaternion x, y, z, w.
    pub rotation: [f32; 4],
    /// Above 0.
    pub scale: f32,
}

/// A feature too small for a representation.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MissingFeature {
    /// JSON path of its node in the recipe.
    pub path: String,
    /// A point at it, in metres.
    pub place: [f32; 3],
    /// How thin it is there, in metres.
    pub thickness_m: f32,
}

/// An axis-aligned box in metres.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bounds {
    /// Smallest corner.
    pub min: [f32; 3],
    /// Largest corner.
    pub max: [f32; 3],
}

/// Mass, centre and inertia of a solid.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MassProperties {
    /// Mass in kilograms.
    pub mass_kg: f32,
    /// Volume of the material in cubic metres.
    pub volume_m3: f32,
    /// Centre of mass in metres.
    pub center_of_mass: [f32; 3],
    /// Inertia tensor about the centre of mass, in kg·m², row by row.
    pub inertia_kg_m2: [[f32; 3]; 3],
    /// Estimated bound on the error of mass and volume, as a share of them; 0 where none was made.
    #[serde(default)]
    pub relative_error: f32,
    /// The same for the inertia: for each element of the tensor's diagonal as a share of it; 0 where none was made.
    #[serde(default)]
    pub inertia_relative_error: f32,
}
