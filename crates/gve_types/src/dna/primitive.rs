//! The primitives: shapes without children. Each may be put elsewhere by its `center`; what their texts say of the
//! origin and the axes then holds about that point.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

/// A ball about the origin.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Sphere")]
pub struct Sphere {
    /// Radius, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub radius: f32,
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An ellipsoid about the origin.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Ellipsoid")]
pub struct Ellipsoid {
    /// Half axes along x, y and z, each above 0.
    #[schemars(inner(range(min = 0.00001)))]
    pub radii: [f32; 3],
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A box about the origin with sharp edges.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "BoxNode")]
pub struct BoxNode {
    /// Half sizes along x, y and z, each above 0.
    #[schemars(inner(range(min = 0.00001)))]
    pub half_extents: [f32; 3],
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A box about the origin with round edges.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "RoundedBox")]
pub struct RoundedBox {
    /// Half sizes along x, y and z, rounding included, each above 0.
    #[schemars(inner(range(min = 0.00001)))]
    pub half_extents: [f32; 3],
    /// Radius of the edges, above 0, at most the smallest half size.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub radius: f32,
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A cylinder about the y axis.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Cylinder")]
pub struct Cylinder {
    /// Radius, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub radius: f32,
    /// Half the height, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub half_height: f32,
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A cylinder about the y axis with half balls for ends.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Capsule")]
pub struct Capsule {
    /// Radius, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub radius: f32,
    /// Half the length of the straight part, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub half_height: f32,
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A capped cone about the y axis.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Cone")]
pub struct Cone {
    /// Radius at the bottom, 0 or more.
    #[schemars(range(min = 0.0))]
    pub radius_bottom: f32,
    /// Radius at the top, 0 or more; one of the two is above 0.
    #[schemars(range(min = 0.0))]
    pub radius_top: f32,
    /// Half the height, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub half_height: f32,
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A ring about the y axis.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Torus")]
pub struct Torus {
    /// From the centre to the middle of the tube, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub major_radius: f32,
    /// Radius of the tube, above 0, below the major radius.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub minor_radius: f32,
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The half-space behind a plane. It has no end, so something bounded must cut it.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Plane")]
pub struct Plane {
    /// Points out of the solid; any length but 0.
    pub normal: [f32; 3],
    /// Distance of the plane from the origin along the normal; 0 when left out.
    #[serde(default)]
    pub offset: f32,
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A hexagonal prism about the y axis; two of its sides face along x.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "HexagonalPrism")]
pub struct HexagonalPrism {
    /// From the axis to the middle of a side, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub apothem: f32,
    /// Half the height, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub half_height: f32,
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A polygon in the x-y plane, extruded along z. It must not cross itself.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ExtrudedPolygon")]
pub struct ExtrudedPolygon {
    /// Corners in order, either way round; 3 to 256.
    #[schemars(length(min = 3, max = 256))]
    pub points: Vec<[f32; 2]>,
    /// Half the depth along z, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub half_depth: f32,
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A polygon turned about the y axis. It must not cross itself.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "RevolvedPolygon")]
pub struct RevolvedPolygon {
    /// Corners in order, either way round, each as distance from the axis (0 or more) and height; 3 to 256.
    #[schemars(length(min = 3, max = 256))]
    pub points: Vec<[f32; 2]>,
    /// Where the shape's origin stands, in metres; at the parent's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub center: Option<[f32; 3]>,
    /// Material of this node and of the children that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What people call this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
