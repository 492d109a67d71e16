//! Offsets: `round` and `shell`, and what they ask of the shapes below.
//!
//! An offset takes its child's field at its word: a level of `r` is `r` metres away. Most fields keep it. Those
//! of ellipsoids, deformed shapes, rough surfaces and smooth seams only keep the sign, and near the surface
//! roughly the distance. Below an offset they are lowered in a costlier form that does keep it, as long as that
//! makes the node at most [`MAX_GROWTH`] times longer. What it comes to is then measured.

mod survey;

use gve_types::{
    DnaNode,
    dna::{Blend, BlendKind, Intersect, Round, Shell, Subtract, UnionNode},
};

use super::{Exact, Lowering, Place, Shape, normal::Space};
use crate::{aabb::Aabb, builder::Builder, error::LowerError, tape::Tape};

pub(super) use survey::Survey;

/// How many times longer a node may become by true distances.
const MAX_GROWTH: usize = 3;
/// What a tape holds beside the child's distance: two operations of an offset itself, and a material.
const OWN: usize = 3;
/// How far beyond its level an offset needs its child's field, as a share.
const ROOM: f32 = 1.15;
/// How many times steeper than the plain field a true one may be: marching pays for it.
const MAX_STEEPNESS: f32 = 2.5;
/// The measured slope is taken as larger by this share: between the points where it was measured it may be.
const SLOPE_MARGIN: f32 = 1.25;

/// What an offset above asks of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Asked {
    /// How far from its surface the field counts, in metres of the node's space; 0 without an offset.
    reach: f32,
    /// Whether a deformation above measures what it finds here, so that the node need not.
    is_deformed: bool,
    effort: Effort,
}

/// Which shapes are lowered in their true form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Effort {
    /// None: the field as it is without an offset.
    None,
    /// Ellipsoids and deformations.
    Deformed,
    /// Rough surfaces and smooth seams, too, in a form that costs less and is steep far from the surface.
    Lean,
    /// All of them.
    All,
}

impl Asked {
    /// Without an offset.
    pub(super) const NOTHING: Self = Self { reach: 0.0, is_deformed: false, effort: Effort::None };

    /// Whether true distances are asked for at all.
    pub(super) fn is_asked(self) -> bool {
        self.effort > Effort::None
    }

    /// How far from the surface the field counts.
    pub(super) fn reach(self) -> f32 {
        self.reach
    }

    /// Whether that has to be cheap.
    pub(super) fn is_lean(self) -> bool {
        self.effort == Effort::Lean
    }

    /// Over how many metres a gradient may pass from one side of a crease to the other.
    pub(super) fn soft(self) -> f32 {
        0.3 * self.reach
    }

    /// Whether a deformation has to measure along the normal.
    pub(super) fn is_measured(self) -> bool {
        self.is_asked() && !self.is_deformed
    }

    /// Whether rough surfaces and smooth seams have to do so.
    pub(super) fn is_levelled(self) -> bool {
        self.effort >= Effort::Lean && !self.is_deformed
    }

    /// Around the surface the field has to be true so far.
    pub(super) fn room(self) -> f32 {
        if self.is_measured() { self.reach * ROOM } else { 0.0 }
    }

    /// What is asked of a deformation's child.
    pub(super) fn below(self) -> Self {
        Self { is_deformed: true, ..self }
    }

    /// What is asked of the child of a scale.
    pub(super) fn scaled(self, factor: f32) -> Self {
        Self { reach: self.reach / factor, ..self }
    }
}

/// What was found out about an offset.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    effort: Effort,
    /// Bound of the slope, where it was measured.
    lipschitz: Option<f32>,
    warning: Option<String>,
}

impl Lowering<'_> {
    pub(super) fn shell(&mut self, node: &DnaNode, n: &Shell, place: &Place) -> Result<Shape, LowerError> {
        let half = 0.5 * n.thickness;
        let child = self.offset_child(node, &n.child, [-half, half], place)?;
        let skin = self.b.abs(child.distance);
        Ok(Shape {
            distance: self.b.sub_c(skin, half),
            bounds: child.level_bounds(half),
            exact: if child.exact == Exact::Everywhere { Exact::Outside } else { Exact::No },
            ..child
        })
    }

    pub(super) fn round(&mut self, node: &DnaNode, n: &Round, place: &Place) -> Result<Shape, LowerError> {
        let child = self.offset_child(node, &n.child, [0.0, n.radius], place)?;
        Ok(Shape {
            distance: self.b.sub_c(child.distance, n.radius),
            bounds: child.level_bounds(n.radius),
            exact: child.exact.min(Exact::Outside),
            ..child
        })
    }

    /// A blend below an offset as a true distance.
    pub(super) fn blended(&mut self, shape: Shape, blend: Option<Blend>, place: &Place) -> Shape {
        match blend {
            Some(Blend { kind: BlendKind::Smooth, radius }) if place.offset.is_levelled() => {
                let space = Space::world(place.p, place.offset, radius, None);
                let distance = space.measured(&mut self.b, shape.distance);
                Shape { distance, continuous: false, ..shape }
            }
            _ => shape,
        }
    }

    /// The child of an offset to some levels of its field.
    fn offset_child(
        &mut self,
        node: &DnaNode,
        child: &DnaNode,
        levels: [f32; 2],
        place: &Place,
    ) -> Result<Shape, LowerError> {
        let below = place.below("child");
        if !is_uneven(child) {
            return self.node(child, &below);
        }
        let own = levels[1].max(-levels[0]);
        // Below another offset, that one has decided.
        if place.offset.is_asked() {
            let offset = Asked { reach: place.offset.reach + own, is_deformed: false, ..place.offset };
            return self.node(child, &Place { offset, ..below });
        }
        let address = std::ptr::from_ref(node).addr();
        let finding = match self.offsets.get(&address) {
            Some(known) => known.clone(),
            None => {
                let found = self.find_out(node, child, levels, &below)?;
                self.offsets.insert(address, found.clone());
                found
            }
        };
        let offset = Asked { reach: own, is_deformed: false, effort: finding.effort };
        let shape = self.node(child, &Place { offset, ..below })?;
        Ok(Shape { lipschitz: finding.lipschitz.unwrap_or(shape.lipschitz), ..shape })
    }

    /// Tries the child alone, in its own space.
    fn find_out(
        &mut self,
        node: &DnaNode,
        child: &DnaNode,
        levels: [f32; 2],
        place: &Place,
    ) -> Result<Finding, LowerError> {
        let reach = levels[1].max(-levels[0]);
        let ((plain, _), bounds) = self.alone(child, place, Asked::NOTHING)?;
        let mut finding = Finding { effort: Effort::None, lipschitz: None, warning: None };
        if !bounds.is_finite() || bounds.is_empty() {
            return Ok(finding);
        }
        let mut survey = Survey::new(&plain, &plain, bounds, levels);
        let steepest = MAX_STEEPNESS * survey.slope.max(1.0);
        for effort in [Effort::All, Effort::Lean, Effort::Deformed] {
            let ((tried, is_cut_off), _) =
                self.alone(child, place, Asked { reach, is_deformed: false, effort })?;
            if is_cut_off || tried.ops().len() + OWN > MAX_GROWTH * (plain.ops().len() + OWN) {
                continue;
            }
            let found = Survey::new(&plain, &tried, bounds, levels);
            if found.slope <= steepest {
                finding.effort = effort;
                finding.lipschitz = Some((found.slope * SLOPE_MARGIN).max(1.0));
                survey = found;
                break;
            }
        }
        finding.warning = survey.warning(reach).map(|text| {
            let path = place.path.strip_suffix(".child").unwrap_or(&place.path);
            match node.name() {
                Some(name) => format!("{path} ({name}): {text}"),
                None => format!("{path} ({}): {text}", node.op()),
            }
        });
        Ok(finding)
    }

    /// The tape of a node alone, in its own space; whether it was cut off; and the node's bounds.
    fn alone(
        &mut self,
        node: &DnaNode,
        place: &Place,
        offset: Asked,
    ) -> Result<((Tape, bool), Aabb), LowerError> {
        let mut apart = Lowering {
            b: Builder::new(),
            table: self.table,
            palette: self.palette.clone(),
            parts: self.parts.clone(),
            searched: std::collections::HashMap::new(),
            facts: std::collections::HashMap::new(),
            visits: 0,
            offsets: std::mem::take(&mut self.offsets),
            reach_m: 0.0,
        };
        let p = [apart.b.x(), apart.b.y(), apart.b.z()];
        let place = Place { offset, ..place.apart(p) };
        let shape = apart.node(node, &place);
        self.offsets = std::mem::take(&mut apart.offsets);
        let shape = shape?;
        let is_cut_off = apart.b.is_full();
        Ok(((apart.b.finish(shape.distance, shape.distance), is_cut_off), shape.bounds))
    }

    /// What offsets fall short of, in the order of their nodes.
    pub(super) fn offset_warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> =
            self.offsets.values().filter_map(|finding| finding.warning.clone()).collect();
        warnings.sort();
        warnings
    }
}

/// Whether a shape holds something whose field is no distance unless it is asked to be.
fn is_uneven(node: &DnaNode) -> bool {
    let is_smooth = |blend: &Option<Blend>| matches!(blend, Some(Blend { kind: BlendKind::Smooth, .. }));
    let own = match node {
        DnaNode::Ellipsoid(n) => n.radii[0] != n.radii[1] || n.radii[1] != n.radii[2],
        DnaNode::Twist(_) | DnaNode::Bend(_) | DnaNode::Taper(_) | DnaNode::Displace(_) => true,
        DnaNode::Union(UnionNode { blend, .. })
        | DnaNode::Subtract(Subtract { blend, .. })
        | DnaNode::Intersect(Intersect { blend, .. }) => is_smooth(blend),
        _ => false,
    };
    own || node.children().into_iter().any(|(_, child)| is_uneven(child))
}
