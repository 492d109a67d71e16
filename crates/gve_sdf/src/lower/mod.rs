//! The meaning of every DNA operation: how each node becomes arithmetic on the coordinates.
//!
//! Every node is lowered to a [`Shape`]: its distance and material on the tape, and what is known
//! about them. Four facts are carried, each with a rule per operation:
//!
//! * **bounds**: a box that holds every point where the field is 0 or less; sides may be infinite.
//! * **lipschitz** `L`: the field changes by at most `L` per metre. Since the field is 0 on the
//!   surface, `|f| / L` never exceeds the distance to it. The bound is carried, not divided into the
//!   field, so that values near the surface stay close to true distances.
//! * **growth** `g`: outside the bounds the field is at least `g` times the distance to them. It says
//!   how far a level set such as `f = r` can reach: `r / g`.
//! * **exactness**: whether the field is a true distance, at least outside.
//!
//! Beside them the lowering tells the tape which values change by how much per metre
//! (`Builder::declare`); pruning lives on that.

mod bend;
mod combine;
mod deform;
mod ellipsoid;
mod extent;
mod normal;
mod offset;
mod part;
mod polygon;
mod primitive;
mod repeat;
mod support;
mod transform;

use std::collections::HashMap;

use gve_types::{AssetDna, DnaNode, MaterialSpec, MaterialTable, limits::MAX_TAPE_OPS};

use crate::{
    DVec3,
    aabb::Aabb,
    builder::Builder,
    error::LowerError,
    tape::{Id, Tape},
};
use part::PartNode;
pub use part::{Part, PartFrame};

/// Largest gradient bound that a recipe may reach: beyond it marching takes thousands of steps.
const MAX_LIPSCHITZ: f32 = 1000.0;
/// Farthest a shape may reach from the origin of its own space, in metres.
const MAX_REACH_M: f32 = 1e5;
/// Range of the product of all scales above a node.
const SCALES: std::ops::RangeInclusive<f32> = 1e-5..=1e5;

/// Whether a field is a true distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exact {
    /// Nowhere, beyond the surface itself.
    No,
    /// Outside.
    Outside,
    /// Outside and inside.
    Everywhere,
}

/// A lowered node.
#[derive(Debug, Clone, Copy)]
struct Shape {
    distance: Id,
    /// Index of the part that the nearest surface belongs to.
    part: Id,
    bounds: Aabb,
    lipschitz: f32,
    growth: f32,
    exact: Exact,
    /// Whether the field is continuous, so that its gradient bound holds between any two points.
    continuous: bool,
}

impl Shape {
    /// The box that holds every point where the field is `level` or less.
    fn level_bounds(&self, level: f32) -> Aabb {
        self.bounds.padded(level / self.growth)
    }
}

/// Where a node is lowered.
#[derive(Debug, Clone)]
struct Place {
    path: String,
    /// The point in the node's own space, less `beyond`.
    p: [Id; 3],
    /// What is still to be added to `p`, metres of the node's space. Moves below are taken from it in double
    /// precision, so that what stands far from the origin is not evaluated there.
    beyond: [f64; 3],
    /// How much the node's own space stretches the world: a bound on the change of `p` per metre of
    /// the world; infinite where `p` jumps.
    stretch: f32,
    /// Product of the scales above.
    scale: f32,
    /// The material that is inherited, in the palette.
    material: Option<u8>,
    /// The part that primitives here belong to.
    part: PartNode,
    /// Whether an offset above asks for true distances, and how.
    offset: offset::Asked,
}

impl Place {
    fn below(&self, slot: impl std::fmt::Display) -> Self {
        Self { path: format!("{}.{slot}", self.path), ..self.clone() }
    }

    /// The child's place, at other coordinates.
    fn child(&self, p: [Id; 3]) -> Self {
        Self { p, ..self.below("child") }
    }

    /// The same in a space of its own, whose coordinates these are.
    fn apart(&self, p: [Id; 3]) -> Self {
        Self { p, beyond: [0.0; 3], stretch: 1.0, ..self.clone() }
    }

    /// Whether nothing is to be added to `p`.
    fn is_settled(&self) -> bool {
        self.beyond == [0.0; 3]
    }
}

/// What lowering a recipe gives.
pub(crate) struct Lowered {
    pub(crate) tape: Tape,
    pub(crate) bounds: Aabb,
    pub(crate) lipschitz: f32,
    /// How far from the middle of the coordinates anything is evaluated beside what the bounds tell, metres.
    pub(crate) reach_m: f32,
    pub(crate) materials: Vec<MaterialSpec>,
    pub(crate) parts: Vec<Part>,
    /// What is not quite as asked for, each with its JSON path.
    pub(crate) warnings: Vec<String>,
}

/// Lowers a recipe that has been validated. The point (0, 0, 0) of the tape is `origin` of the asset's space, and the
/// bounds count from there too.
pub(crate) fn lower(dna: &AssetDna, materials: &MaterialTable, origin: DVec3) -> Result<Lowered, LowerError> {
    let mut lowering = Lowering {
        b: Builder::new(),
        table: materials,
        palette: Vec::new(),
        parts: Vec::new(),
        facts: HashMap::new(),
        searched: HashMap::new(),
        visits: 0,
        offsets: HashMap::new(),
        reach_m: 0.0,
    };
    let p = [lowering.b.x(), lowering.b.y(), lowering.b.z()];
    let material = match dna.metadata.material_spec.as_deref() {
        // The default enters the palette only when a part uses it.
        Some(id) if !names_all_parts(&dna.root_node) => {
            Some(lowering.palette_entry(id, "$.metadata.material_spec")?)
        }
        _ => None,
    };
    let part = PartNode { path: part::ROOT.into(), name: None };
    let root = Place {
        path: part::ROOT.to_owned(),
        p,
        beyond: origin.to_array(),
        stretch: 1.0,
        scale: 1.0,
        material,
        part,
        offset: offset::Asked::NOTHING,
    };
    let shape = lowering.node(&dna.root_node, &root)?;
    if shape.bounds.is_empty() {
        return Err(LowerError::new(root.path, "nothing is left of the shape: it holds no point"));
    }
    if !shape.bounds.is_finite() {
        return Err(LowerError::new(
            root.path,
            "the shape has no end: cut its planes with something bounded (intersect or subtract)",
        ));
    }
    let warnings = lowering.offset_warnings();
    Ok(Lowered {
        tape: lowering.b.finish(shape.distance, shape.part),
        bounds: counted_from(shape.bounds, origin),
        reach_m: lowering.reach_m as f32,
        lipschitz: shape.lipschitz.max(1.0),
        parts: part::with_frames(lowering.parts, &dna.root_node),
        materials: lowering.palette,
        warnings,
    })
}

/// A box of the asset's space counted from another origin, grown by what its own coordinates may be rounded by.
fn counted_from(bounds: Aabb, origin: DVec3) -> Aabb {
    if origin == DVec3::ZERO {
        return bounds;
    }
    let room = 8.0 * f64::from(f32::EPSILON) * bounds.min.abs().max(bounds.max.abs()).as_dvec3();
    let [min, max] = [bounds.min.as_dvec3() - room, bounds.max.as_dvec3() + room];
    Aabb::new((min - origin).as_vec3(), (max - origin).as_vec3())
}

/// Whether every leaf below has a material of its own or from a node within the tree.
fn names_all_parts(node: &DnaNode) -> bool {
    node.material().is_some() || {
        let children = node.children();
        !children.is_empty() && children.iter().all(|(_, child)| names_all_parts(child))
    }
}

struct Lowering<'a> {
    b: Builder,
    table: &'a MaterialTable,
    palette: Vec<MaterialSpec>,
    /// Indexed by the field's part outputs.
    parts: Vec<Part>,
    /// What is known about nodes that were lowered before, by their address. It does not depend on the
    /// coordinates, so a parent that needs its child's bounds first lowers it at most once for that.
    facts: HashMap<usize, Shape>,
    /// Where nodes truly begin and end, by their address and axis, as far as that was asked for.
    searched: HashMap<(usize, usize), Option<extent::Range>>,
    /// Nodes lowered so far, copies counted: bounds the time of nested repeats.
    visits: usize,
    /// What was found out about the offsets, by the address of their node.
    offsets: HashMap<usize, offset::Finding>,
    /// The farthest from the middle of the tape's coordinates that a node had to be evaluated, metres.
    reach_m: f64,
}

impl Lowering<'_> {
    fn node(&mut self, node: &DnaNode, place: &Place) -> Result<Shape, LowerError> {
        self.visits += 1;
        let mut place = place.clone();
        if let Some(name) = node.name() {
            place.part = PartNode { path: place.path.as_str().into(), name: Some(name.into()) };
        }
        if let Some(id) = node.material() {
            place.material = Some(self.palette_entry(id, &format!("{}.material", place.path))?);
        }
        let shape = match node.center() {
            Some(center) => self.placed(node, &place, center)?,
            None => self.shape(node, &place)?,
        };
        if self.b.is_full() || self.visits > MAX_TAPE_OPS {
            return Err(LowerError::new(
                place.path,
                format!(
                    "the shape takes more than {MAX_TAPE_OPS} operations to evaluate: use fewer parts or copies"
                ),
            ));
        }
        if shape.lipschitz.is_nan() || shape.lipschitz > MAX_LIPSCHITZ {
            return Err(LowerError::new(
                place.path,
                format!(
                    "the shape is distorted too strongly: its field changes by up to {} m per metre, at most {MAX_LIPSCHITZ}",
                    shape.lipschitz
                ),
            ));
        }
        let far = |v: f32| v.is_nan() || (v.is_finite() && v.abs() > MAX_REACH_M);
        if [shape.bounds.min, shape.bounds.max].iter().any(|v| v.to_array().into_iter().any(far)) {
            return Err(LowerError::new(
                place.path,
                format!("the shape reaches more than {MAX_REACH_M} m from the origin of its space"),
            ));
        }
        if shape.continuous {
            self.b.declare(shape.distance, shape.lipschitz * place.stretch);
        }
        self.facts.insert(std::ptr::from_ref(node).addr(), shape);
        Ok(shape)
    }

    /// What is known about a child, for parents that choose its coordinates by its bounds. Of the result
    /// only what does not depend on coordinates may be used. What it costs on the tape is dropped in the
    /// end.
    fn measure(&mut self, child: &DnaNode, place: &Place) -> Result<Shape, LowerError> {
        match self.facts.get(&std::ptr::from_ref(child).addr()) {
            Some(known) => Ok(*known),
            None => self.node(child, &place.below("child")),
        }
    }

    /// Adds what is to be added to the coordinates on some axes.
    fn settled_on(&mut self, place: &Place, axes: impl Fn(usize) -> bool) -> Place {
        let mut settled = place.clone();
        for axis in (0..3).filter(|&axis| axes(axis)) {
            let beyond = std::mem::take(&mut settled.beyond[axis]);
            self.reach_m = self.reach_m.max(beyond.abs() * f64::from(place.scale));
            settled.p[axis] = self.b.add_c(place.p[axis], beyond as f32);
        }
        settled
    }

    fn shape(&mut self, node: &DnaNode, place: &Place) -> Result<Shape, LowerError> {
        // These pass on what is to be added to the coordinates, or deal with it themselves.
        let passes_on = matches!(
            node,
            DnaNode::Union(_)
                | DnaNode::Subtract(_)
                | DnaNode::Intersect(_)
                | DnaNode::Shell(_)
                | DnaNode::Round(_)
                | DnaNode::Morph(_)
                | DnaNode::Translate(_)
                | DnaNode::Rotate(_)
                | DnaNode::Scale(_)
                | DnaNode::Mirror(_)
                | DnaNode::Plane(_)
        );
        if !passes_on && !place.is_settled() {
            let settled = self.settled_on(place, |_| true);
            return self.shape(node, &settled);
        }
        match node {
            DnaNode::Sphere(n) => self.sphere(n, place),
            DnaNode::Ellipsoid(n) => self.ellipsoid(n, place),
            DnaNode::Box(n) => self.box_node(n, place),
            DnaNode::RoundedBox(n) => self.rounded_box(n, place),
            DnaNode::Cylinder(n) => self.cylinder(n, place),
            DnaNode::Capsule(n) => self.capsule(n, place),
            DnaNode::Cone(n) => self.cone(n, place),
            DnaNode::Torus(n) => self.torus(n, place),
            DnaNode::Plane(n) => self.plane(n, place),
            DnaNode::HexagonalPrism(n) => self.hexagonal_prism(n, place),
            DnaNode::ExtrudedPolygon(n) => self.extruded_polygon(n, place),
            DnaNode::RevolvedPolygon(n) => self.revolved_polygon(n, place),
            DnaNode::Union(n) => self.union(n, place),
            DnaNode::Subtract(n) => self.subtract(n, place),
            DnaNode::Intersect(n) => self.intersect(n, place),
            DnaNode::Shell(n) => self.shell(node, n, place),
            DnaNode::Round(n) => self.round(node, n, place),
            DnaNode::Morph(n) => self.morph(n, place),
            DnaNode::Translate(n) => self.translate(n, place),
            DnaNode::Rotate(n) => self.rotate(n, place),
            DnaNode::Scale(n) => self.scale(n, place),
            DnaNode::Mirror(n) => self.mirror(n, place),
            DnaNode::LinearRepeat(n) => self.linear_repeat(n, place),
            DnaNode::PolarRepeat(n) => self.polar_repeat(n, place),
            DnaNode::Twist(n) => self.twist(n, place),
            DnaNode::Bend(n) => self.bend(n, place),
            DnaNode::Taper(n) => self.taper(n, place),
            DnaNode::Elongate(n) => self.elongate(n, place),
            DnaNode::Displace(n) => self.displace(n, place),
        }
    }
}
