//! What the metadata section of a `.gve_bin` says about the asset.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

use crate::{dna::AssetCategory, material::MaterialSpec};

/// The metadata section, stored as JSON.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
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
    /// What the compile found worth telling, such as features thinner than a cell.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// An axis-aligned box in metres.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Smallest corner.
    pub min: [f32; 3],
    /// Largest corner.
    pub max: [f32; 3],
}

/// Mass, centre and inertia of a solid.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MassProperties {
    /// Mass in kilograms.
    pub mass_kg: f32,
    /// Volume of the material in cubic metres.
    pub volume_m3: f32,
    /// Centre of mass in metres.
    pub center_of_mass: [f32; 3],
    /// Inertia tensor about the centre of mass, in kg·m², row by row.
    pub inertia_kg_m2: [[f32; 3]; 3],
}
