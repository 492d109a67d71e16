//! What the Architect stores about an asset.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

use crate::dna::{AssetCategory, AssetDna};

/// What an asset is made of; the first folder of its binary's path.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssetType {
    /// Everything that has a shape tree.
    Geometry,
}

/// Where an asset belongs; two more folders of its binary's path.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetMeta {
    /// The shelf.
    pub category: AssetCategory,
    /// The second level, such as `furniture`.
    pub subcategory: String,
}

/// A stored asset.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetDocument {
    /// 24 hex digits.
    pub id: String,
    /// The id in the binary protocol: from 1, below 2^53.
    #[typeshare(serialized_as = "number")]
    #[schemars(range(min = 1, max = 9007199254740991u64))]
    pub wire_id: u64,
    /// What it is made of.
    #[serde(rename = "type")]
    pub asset_type: AssetType,
    /// A name for people.
    pub name: String,
    /// Counts up with every save.
    pub version: u32,
    /// Where it belongs.
    pub meta: AssetMeta,
    /// The recipe.
    pub dna: AssetDna,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub updated_at: String,
}
