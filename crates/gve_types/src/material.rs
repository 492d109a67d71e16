//! Engineering materials.

use std::{collections::BTreeMap, sync::LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

/// An engineering code such as `ASTM_A36`, `AMS_4911` or `WOOD_OAK`.
#[typeshare]
pub type MaterialSpecId = String;

/// What a material weighs, how it bends, sounds and looks.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaterialSpec {
    /// The engineering code.
    pub spec_id: MaterialSpecId,
    /// A name for people.
    pub display_name: String,
    /// Density in kg/m³.
    pub density_kg_m3: f32,
    /// Young's modulus in gigapascals.
    pub youngs_modulus_gpa: f32,
    /// Poisson's ratio.
    pub poissons_ratio: f32,
    /// Loss factor of a vibrating part: the share of energy lost per radian.
    pub damping_coefficient: f32,
    /// Lower end of the band in which hand-sized parts ring, in hertz.
    pub resonance_freq_min_hz: f32,
    /// Upper end of that band, in hertz.
    pub resonance_freq_max_hz: f32,
    /// Base colour (albedo, or specular colour of a metal), sRGB.
    pub base_color_srgb: [u8; 3],
    /// 0 for dielectrics, 1 for bare metals.
    pub metallic: f32,
    /// Perceptual roughness, 0 to 1.
    pub roughness: f32,
    /// In which space colours of this material are mixed.
    pub recommended_color_mode: ColorMode,
}

/// In which space colours are mixed.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ColorMode {
    /// In sRGB: static assets, one even tone.
    Rgb,
    /// In Oklab: dynamic and procedural assets, natural tones that vary.
    Oklab,
}

/// The part of a material that sound needs.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AudioProperties {
    /// Loss factor.
    pub damping: f32,
    /// Band in which parts ring, in hertz: from, to.
    pub resonance_range: [f32; 2],
}

/// What two materials have in common when they strike each other.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImpactProperties {
    /// Mean of the two loss factors.
    pub combined_damping: f32,
    /// Mean of the two band centres, in hertz.
    pub avg_resonance_freq: f32,
}

impl MaterialSpec {
    /// The part of the material that sound needs.
    pub fn audio(&self) -> AudioProperties {
        AudioProperties {
            damping: self.damping_coefficient,
            resonance_range: [self.resonance_freq_min_hz, self.resonance_freq_max_hz],
        }
    }
}

/// What two materials have in common when they strike each other; symmetric.
pub fn resolve_impact_pair(a: &MaterialSpec, b: &MaterialSpec) -> ImpactProperties {
    let centre = |m: &MaterialSpec| 0.5 * (m.resonance_freq_min_hz + m.resonance_freq_max_hz);
    ImpactProperties {
        combined_damping: 0.5 * (a.damping_coefficient + b.damping_coefficient),
        avg_resonance_freq: 0.5 * (centre(a) + centre(b)),
    }
}

/// A material with the source of each of its figures.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaterialRecord {
    /// The figures.
    pub spec: MaterialSpec,
    /// For each field of the figures, where it comes from.
    pub sources: BTreeMap<String, String>,
}

/// Materials by their code.
#[derive(Debug, Clone, PartialEq)]
pub struct MaterialTable {
    records: BTreeMap<String, MaterialRecord>,
}

static BUILTIN: LazyLock<MaterialTable> = LazyLock::new(|| {
    MaterialTable::from_json(include_str!("../data/materials.json"))
        .unwrap_or_else(|error| unreachable!("the table that ships is tested: {error}"))
});

impl MaterialTable {
    /// The table that ships.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Reads a table: a JSON list of [`MaterialRecord`].
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let records: Vec<MaterialRecord> = serde_json::from_str(text)?;
        Ok(Self { records: records.into_iter().map(|r| (r.spec.spec_id.clone(), r)).collect() })
    }

    /// The figures of one material.
    pub fn get(&self, spec_id: &str) -> Option<&MaterialSpec> {
        self.records.get(spec_id).map(|record| &record.spec)
    }

    /// One material with its sources.
    pub fn record(&self, spec_id: &str) -> Option<&MaterialRecord> {
        self.records.get(spec_id)
    }

    /// All materials, ordered by code.
    pub fn iter(&self) -> impl Iterator<Item = &MaterialSpec> {
        self.records.values().map(|record| &record.spec)
    }
}
