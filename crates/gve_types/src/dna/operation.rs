//! The operations: shapes made from other shapes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

use super::*;

/// All its children together.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "UnionNode")]
pub struct UnionNode {
    /// 1 to 256 nodes.
    #[schemars(length(min = 1, max = 256))]
    pub children: Vec<DnaNode>,
    /// How the seams look; hard when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blend: Option<Blend>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The first child less all the others. The cut shows the first child's material.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Subtract")]
pub struct Subtract {
    /// 1 to 256 nodes.
    #[schemars(length(min = 1, max = 256))]
    pub children: Vec<DnaNode>,
    /// How the seams look; hard when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blend: Option<Blend>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What all children have in common.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Intersect")]
pub struct Intersect {
    /// 1 to 256 nodes.
    #[schemars(length(min = 1, max = 256))]
    pub children: Vec<DnaNode>,
    /// How the seams look; hard when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blend: Option<Blend>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A skin of even thickness about the child's surface; the inside is hollow.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Shell")]
pub struct Shell {
    /// Whole thickness, above 0, half to each side.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub thickness: f32,
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The child grown by a radius, its edges rounded.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Round")]
pub struct Round {
    /// By how much it grows, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub radius: f32,
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A shape between two others.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Morph")]
pub struct Morph {
    /// 0 is `from`, 1 is `to`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub factor: f32,
    /// The shape at factor 0.
    pub from: Box<DnaNode>,
    /// The shape at factor 1.
    pub to: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The child moved.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Translate")]
pub struct Translate {
    /// By how much, in metres.
    pub offset: [f32; 3],
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The child turned about an axis through the origin.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Rotate")]
pub struct Rotate {
    /// Any length but 0.
    pub axis: [f32; 3],
    /// Right-handed angle in radians.
    pub angle_rad: f32,
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The child made larger or smaller about the origin.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Scale")]
pub struct Scale {
    /// Above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub factor: f32,
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The half of the child on the positive side of a plane, and its mirror image.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Mirror")]
pub struct Mirror {
    /// Normal of the plane.
    pub axis: Axis,
    /// Where on the axis the plane stands; 0 when left out.
    #[serde(default)]
    pub offset: f32,
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Copies of the child on a regular grid centred on the origin.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "LinearRepeat")]
pub struct LinearRepeat {
    /// Copies along x, y and z, each 1 or more.
    #[schemars(inner(range(min = 1, max = 1024)))]
    pub counts: [u32; 3],
    /// Distance between neighbours along x, y and z; above 0 where the count is above 1.
    #[schemars(inner(range(min = 0.0)))]
    pub spacing: [f32; 3],
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Copies of the child turned evenly about the y axis; the first stays where it is.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "PolarRepeat")]
pub struct PolarRepeat {
    /// Copies, 1 or more.
    #[schemars(range(min = 1, max = 1024))]
    pub count: u32,
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The child twisted about the y axis.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Twist")]
pub struct Twist {
    /// Turn per metre of height, in radians.
    pub rate_rad_per_m: f32,
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The child's x axis bent into an arc in the x-y plane, towards +y; lengths along the axis stay.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Bend")]
pub struct Bend {
    /// One over the radius of the arc; negative bends towards -y.
    pub curvature_per_m: f32,
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The child's cross-section scaled along y: linear between two heights, constant beyond.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Taper")]
pub struct Taper {
    /// The scale changes from `-half_height` to `+half_height`, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub half_height: f32,
    /// Factor on x and z at the bottom, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub scale_bottom: f32,
    /// Factor on x and z at the top, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub scale_top: f32,
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The child cut at the origin and pulled apart; the gap is filled with its middle section.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Elongate")]
pub struct Elongate {
    /// Half the gap along x, y and z, each 0 or more.
    #[schemars(inner(range(min = 0.0)))]
    pub half_extents: [f32; 3],
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The child's surface moved in and out by a smooth periodic pattern.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Displace")]
pub struct Displace {
    /// Which pattern.
    pub pattern: DisplacePattern,
    /// The largest movement in metres, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub amplitude: f32,
    /// Period of the first octave in metres, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub wavelength: f32,
    /// 1 to 6; each has half the wavelength and half the amplitude of the one before. 1 when left out.
    #[serde(default = "one_octave")]
    #[schemars(range(min = 1, max = 6))]
    pub octaves: u32,
    /// The shape it works on.
    pub child: Box<DnaNode>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

fn one_octave() -> u32 {
    1
}

/// How two shapes meet.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Blend")]
pub struct Blend {
    /// Rounded or cut at 45 degrees.
    pub kind: BlendKind,
    /// Size of the seam in metres, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub radius: f32,
}

/// The kinds of seam besides the hard one.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlendKind {
    /// Rounded with a radius.
    Smooth,
    /// Cut off at 45 degrees.
    Chamfer,
}

/// A coordinate axis.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// To the right.
    X,
    /// Up.
    Y,
    /// Towards the viewer.
    Z,
}

/// The patterns of `displace`, both smooth and periodic.
#[typeshare]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisplacePattern {
    /// Winding ridges: a sum of three products of sine and cosine.
    Gyroid,
    /// A regular grid of bumps and hollows.
    Sine,
}
