//! The shape tree: one enum over all operations, and what they have in common.
//!
//! The code generators read this source as text, so nothing here may come from a macro. Every node
//! may carry a `name` for people and a `material` that its children inherit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use typeshare::typeshare;

use super::*;

/// A node of the shape tree, told apart by its `op`.
#[typeshare]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
#[schemars(extend("discriminator" = {"propertyName": "op"}))]
#[expect(missing_docs, reason = "each variant is documented at its struct, where the schema takes it from")]
pub enum DnaNode {
    Sphere(Sphere),
    Ellipsoid(Ellipsoid),
    Box(BoxNode),
    RoundedBox(RoundedBox),
    Cylinder(Cylinder),
    Capsule(Capsule),
    Cone(Cone),
    Torus(Torus),
    Plane(Plane),
    HexagonalPrism(HexagonalPrism),
    ExtrudedPolygon(ExtrudedPolygon),
    RevolvedPolygon(RevolvedPolygon),
    Union(UnionNode),
    Subtract(Subtract),
    Intersect(Intersect),
    Shell(Shell),
    Round(Round),
    Morph(Morph),
    Translate(Translate),
    Rotate(Rotate),
    Scale(Scale),
    Mirror(Mirror),
    LinearRepeat(LinearRepeat),
    PolarRepeat(PolarRepeat),
    Twist(Twist),
    Bend(Bend),
    Taper(Taper),
    Elongate(Elongate),
    Displace(Displace),
}

impl DnaNode {
    /// The node's `op` as it stands in JSON.
    pub fn op(&self) -> &'static str {
        match self {
            Self::Sphere(_) => "sphere",
            Self::Ellipsoid(_) => "ellipsoid",
            Self::Box(_) => "box",
            Self::RoundedBox(_) => "rounded_box",
            Self::Cylinder(_) => "cylinder",
            Self::Capsule(_) => "capsule",
            Self::Cone(_) => "cone",
            Self::Torus(_) => "torus",
            Self::Plane(_) => "plane",
            Self::HexagonalPrism(_) => "hexagonal_prism",
            Self::ExtrudedPolygon(_) => "extruded_polygon",
            Self::RevolvedPolygon(_) => "revolved_polygon",
            Self::Union(_) => "union",
            Self::Subtract(_) => "subtract",
            Self::Intersect(_) => "intersect",
            Self::Shell(_) => "shell",
            Self::Round(_) => "round",
            Self::Morph(_) => "morph",
            Self::Translate(_) => "translate",
            Self::Rotate(_) => "rotate",
            Self::Scale(_) => "scale",
            Self::Mirror(_) => "mirror",
            Self::LinearRepeat(_) => "linear_repeat",
            Self::PolarRepeat(_) => "polar_repeat",
            Self::Twist(_) => "twist",
            Self::Bend(_) => "bend",
            Self::Taper(_) => "taper",
            Self::Elongate(_) => "elongate",
            Self::Displace(_) => "displace",
        }
    }

    /// The material the node itself names.
    pub fn material(&self) -> Option<&str> {
        match self {
            Self::Sphere(n) => n.material.as_deref(),
            Self::Ellipsoid(n) => n.material.as_deref(),
            Self::Box(n) => n.material.as_deref(),
            Self::RoundedBox(n) => n.material.as_deref(),
            Self::Cylinder(n) => n.material.as_deref(),
            Self::Capsule(n) => n.material.as_deref(),
            Self::Cone(n) => n.material.as_deref(),
            Self::Torus(n) => n.material.as_deref(),
            Self::Plane(n) => n.material.as_deref(),
            Self::HexagonalPrism(n) => n.material.as_deref(),
            Self::ExtrudedPolygon(n) => n.material.as_deref(),
            Self::RevolvedPolygon(n) => n.material.as_deref(),
            Self::Union(n) => n.material.as_deref(),
            Self::Subtract(n) => n.material.as_deref(),
            Self::Intersect(n) => n.material.as_deref(),
            Self::Shell(n) => n.material.as_deref(),
            Self::Round(n) => n.material.as_deref(),
            Self::Morph(n) => n.material.as_deref(),
            Self::Translate(n) => n.material.as_deref(),
            Self::Rotate(n) => n.material.as_deref(),
            Self::Scale(n) => n.material.as_deref(),
            Self::Mirror(n) => n.material.as_deref(),
            Self::LinearRepeat(n) => n.material.as_deref(),
            Self::PolarRepeat(n) => n.material.as_deref(),
            Self::Twist(n) => n.material.as_deref(),
            Self::Bend(n) => n.material.as_deref(),
            Self::Taper(n) => n.material.as_deref(),
            Self::Elongate(n) => n.material.as_deref(),
            Self::Displace(n) => n.material.as_deref(),
        }
    }

    /// Where a primitive stands, if it says so.
    pub fn center(&self) -> Option<[f32; 3]> {
        match self {
            Self::Sphere(n) => n.center,
            Self::Ellipsoid(n) => n.center,
            Self::Box(n) => n.center,
            Self::RoundedBox(n) => n.center,
            Self::Cylinder(n) => n.center,
            Self::Capsule(n) => n.center,
            Self::Cone(n) => n.center,
            Self::Torus(n) => n.center,
            Self::Plane(n) => n.center,
            Self::HexagonalPrism(n) => n.center,
            Self::ExtrudedPolygon(n) => n.center,
            Self::RevolvedPolygon(n) => n.center,
            _ => None,
        }
    }

    /// The name people gave to the node.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Sphere(n) => n.name.as_deref(),
            Self::Ellipsoid(n) => n.name.as_deref(),
            Self::Box(n) => n.name.as_deref(),
            Self::RoundedBox(n) => n.name.as_deref(),
            Self::Cylinder(n) => n.name.as_deref(),
            Self::Capsule(n) => n.name.as_deref(),
            Self::Cone(n) => n.name.as_deref(),
            Self::Torus(n) => n.name.as_deref(),
            Self::Plane(n) => n.name.as_deref(),
            Self::HexagonalPrism(n) => n.name.as_deref(),
            Self::ExtrudedPolygon(n) => n.name.as_deref(),
            Self::RevolvedPolygon(n) => n.name.as_deref(),
            Self::Union(n) => n.name.as_deref(),
            Self::Subtract(n) => n.name.as_deref(),
            Self::Intersect(n) => n.name.as_deref(),
            Self::Shell(n) => n.name.as_deref(),
            Self::Round(n) => n.name.as_deref(),
            Self::Morph(n) => n.name.as_deref(),
            Self::Translate(n) => n.name.as_deref(),
            Self::Rotate(n) => n.name.as_deref(),
            Self::Scale(n) => n.name.as_deref(),
            Self::Mirror(n) => n.name.as_deref(),
            Self::LinearRepeat(n) => n.name.as_deref(),
            Self::PolarRepeat(n) => n.name.as_deref(),
            Self::Twist(n) => n.name.as_deref(),
            Self::Bend(n) => n.name.as_deref(),
            Self::Taper(n) => n.name.as_deref(),
            Self::Elongate(n) => n.name.as_deref(),
            Self::Displace(n) => n.name.as_deref(),
        }
    }

    /// The children, each with its place in JSON below this node: `children[2]`, `child`, `from`.
    pub fn children(&self) -> Vec<(ChildSlot, &DnaNode)> {
        fn list(children: &[DnaNode]) -> Vec<(ChildSlot, &DnaNode)> {
            children.iter().enumerate().map(|(i, c)| (ChildSlot::Children(i), c)).collect()
        }
        match self {
            Self::Sphere(_)
            | Self::Ellipsoid(_)
            | Self::Box(_)
            | Self::RoundedBox(_)
            | Self::Cylinder(_)
            | Self::Capsule(_)
            | Self::Cone(_)
            | Self::Torus(_)
            | Self::Plane(_)
            | Self::HexagonalPrism(_)
            | Self::ExtrudedPolygon(_)
            | Self::RevolvedPolygon(_) => Vec::new(),
            Self::Union(n) => list(&n.children),
            Self::Subtract(n) => list(&n.children),
            Self::Intersect(n) => list(&n.children),
            Self::Morph(n) => vec![(ChildSlot::From, &n.from), (ChildSlot::To, &n.to)],
            Self::Shell(n) => vec![(ChildSlot::Child, &n.child)],
            Self::Round(n) => vec![(ChildSlot::Child, &n.child)],
            Self::Translate(n) => vec![(ChildSlot::Child, &n.child)],
            Self::Rotate(n) => vec![(ChildSlot::Child, &n.child)],
            Self::Scale(n) => vec![(ChildSlot::Child, &n.child)],
            Self::Mirror(n) => vec![(ChildSlot::Child, &n.child)],
            Self::LinearRepeat(n) => vec![(ChildSlot::Child, &n.child)],
            Self::PolarRepeat(n) => vec![(ChildSlot::Child, &n.child)],
            Self::Twist(n) => vec![(ChildSlot::Child, &n.child)],
            Self::Bend(n) => vec![(ChildSlot::Child, &n.child)],
            Self::Taper(n) => vec![(ChildSlot::Child, &n.child)],
            Self::Elongate(n) => vec![(ChildSlot::Child, &n.child)],
            Self::Displace(n) => vec![(ChildSlot::Child, &n.child)],
        }
    }
}

/// Where a child stands in its parent's JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildSlot {
    /// `children[i]`
    Children(usize),
    /// `child`
    Child,
    /// `from`
    From,
    /// `to`
    To,
}

impl std::fmt::Display for ChildSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Children(i) => write!(f, "children[{i}]"),
            Self::Child => f.write_str("child"),
            Self::From => f.write_str("from"),
            Self::To => f.write_str("to"),
        }
    }
}
