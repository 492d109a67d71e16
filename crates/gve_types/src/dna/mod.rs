//! DNA, version 1: the recipe an asset is made from.
//!
//! Lengths are metres, angles radians, Y points up. A field left out of the JSON takes the default
//! that its documentation names. The meaning of every operation is defined by the lowering in
//! `gve_sdf`; `docs/dna.md` describes it for people who write recipes by hand.

mod node;
mod operation;
mod primitive;

pub use node::*;
pub use operation::*;
pub use primitive::*;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

/// The DNA version that this build reads and writes.
pub const DNA_VERSION: u32 = 1;

/// A whole recipe: what `*.gve.json` files hold.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetDna {
    /// Where an editor finds the schema of this file; ignored otherwise.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The DNA version the recipe is written in; 1.
    #[serde(default = "default_dna_version")]
    #[schemars(range(min = 1, max = 1))]
    pub dna_version: u32,
    /// Name, version, category and default material.
    pub metadata: AssetMetadata,
    /// A second level below the category, such as `furniture`; `general` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subcategory: Option<String>,
    /// The shape.
    pub root_node: DnaNode,
    /// How the asset sounds when struck.
    #[serde(default)]
    pub audio_patch: AudioPatch,
}

fn default_dna_version() -> u32 {
    DNA_VERSION
}

/// What an asset is called and where it belongs.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetMetadata {
    /// A name for people, such as `Oak chair`.
    pub name: String,
    /// Counts up with every save.
    pub version: u32,
    /// The shelf it stands on.
    pub category: AssetCategory,
    /// The material of every part that names none itself, e.g. `ASTM_A36`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material_spec: Option<String>,
}

/// The five shelves of the library.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AssetCategory {
    /// Buildings and their parts.
    Architecture,
    /// Weapons.
    Weapon,
    /// Vehicles and their parts.
    Vehicle,
    /// Furniture, tools, food: things that stand about.
    Prop,
    /// People, animals, figures.
    Character,
}

/// How an asset sounds when struck.
///
/// Without `modes` the sound is derived from the shape and its materials; the three factors then
/// shape it. With `modes` those are used instead.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AudioPatch {
    /// Loudness factor, 0 to 4; 1 when left out.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 4.0))]
    pub gain: f32,
    /// Factor on every frequency, 0.125 to 8; 1 when left out.
    #[serde(default = "one")]
    #[schemars(range(min = 0.125, max = 8.0))]
    pub pitch_scale: f32,
    /// Factor on the material's damping, 0.05 to 20; 1 when left out.
    #[serde(default = "one")]
    #[schemars(range(min = 0.05, max = 20.0))]
    pub damping_scale: f32,
    /// Modes written by hand, at most 64; derived from the shape when empty.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub modes: Vec<AudioMode>,
}

fn one() -> f32 {
    1.0
}

impl Default for AudioPatch {
    fn default() -> Self {
        Self { gain: 1.0, pitch_scale: 1.0, damping_scale: 1.0, modes: Vec::new() }
    }
}

/// One decaying sine of a struck asset.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AudioMode {
    /// Frequency in hertz, 20 to 20000.
    #[schemars(range(min = 20.0, max = 20000.0))]
    pub frequency_hz: f32,
    /// Time to fall by 60 dB, in seconds, 0.005 to 60.
    #[schemars(range(min = 0.005, max = 60.0))]
    pub decay_secs: f32,
    /// Amplitude relative to the other modes, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub gain: f32,
}
