//! Features that are thinner than what the mesh promises to hold whole.
//!
//! Suspects come from where the surface crosses an edge twice within a short way, and from cells that stay
//! too coarse however often they are halved. They end with the same test: the two sides face away from
//! each other, less than the limit apart.

use std::collections::BTreeMap;

use glam::Vec3;
use gve_sdf::{Aabb, Evaluator, Field};
use rayon::prelude::*;

use super::signs::SIDE;
use crate::lattice::Lattice;

/// Most features in a report.
const MAX_FEATURES: usize = 16;
/// Most places that are looked at closely.
const MAX_SUSPECTS: usize = 4096;
/// Steps in which the way through a feature is searched for its end.
const MARCH_STEPS: u32 = 8;
/// Cosine between the outward normals of the two sides of a wall or gap below which they face away from
/// each other: nearly parallel, because every blade is thin at its edge and every groove narrow at its bottom.
const OPPOSED_COS: f32 = -0.995;
/// The same for gaps, which are very narrow wherever two round bodies touch.
const GAP_OPPOSED_COS: f32 = -0.99999;

/// What is thin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThinKind {
    /// A wall, a rib or a wire: solid with empty space on both sides.
    Wall,
    /// A slot or a small hole: empty space with solid on both sides.
    Gap,
}

/// A part that is thinner than the mesh promises to hold: it may be incomplete.
#[derive(Debug, Clone, PartialEq)]
pub struct ThinFeature {
    /// The node that it belongs to: `$.json.path`, or `$.json.path (name)`.
    pub node: String,
    /// Solid or empty.
    pub kind: ThinKind,
    /// Where it is thinnest, of the places looked at, in metres.
    pub position: Vec3,
    /// Its thickness there in metres.
    pub thickness_m: f32,
}

/// A place on the surface that may be one side of something thin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspect {
    point: Vec3,
    /// Unit normal, outward.
    normal: Vec3,
    kind: ThinKind,
    reason: Reason,
}

/// Why a place is suspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The surface crosses an edge of cells twice within a short way.
    Narrow,
    /// So it does, and the part may be thin in two directions, a wire or a bar. Such parts break where the
    /// finest cells are hardly finer than they; sheets do not.
    Slender,
    /// The finest cells are too coarse there.
    Unresolved,
}

/// Below which thicknesses parts are reported, metres.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Whatever was made of them.
    pub(super) always_m: f32,
    /// Where they are wires or bars, or the finest cells are too coarse for them.
    pub(super) doubtful_m: f32,
}

impl Limits {
    /// Below which thickness a wire or bar may be incomplete: one that measures just what is promised is whole.
    pub(super) fn slender_m(self) -> f32 {
        0.98 * self.doubtful_m
    }

    /// Below which thickness a part may be incomplete where the finest cells are too coarse. One that measures just
    /// what is promised is not thinner, whatever it is rounded to.
    fn unresolved_m(self) -> f32 {
        0.999 * self.doubtful_m
    }
}

/// Looks closely at every suspect place and sums up what was found to be thinner than the limits.
pub(super) fn report(
    field: &Field,
    lattice: &Lattice,
    limits: Limits,
    suspects: &[Suspect],
) -> Vec<ThinFeature> {
    let stride = suspects.len().div_ceil(MAX_SUSPECTS).max(1);
    let suspects: Vec<Suspect> = suspects.iter().copied().step_by(stride).collect();
    let found: Vec<ThinFeature> = suspects
        .par_iter()
        .map_init(|| Evaluator::new(field), |evaluator, suspect| measure(evaluator, limits, suspect))
        .flatten_iter()
        .collect();
    let mut features = clusters(lattice, &found);
    let mut evaluator = Evaluator::new(field);
    let root = evaluator.root();
    for feature in &mut features {
        let [x, y, z] = feature.position.to_array();
        let mut part = [0];
        evaluator.parts(&root, &[x], &[y], &[z], &mut part);
        feature.node = node_name(field, part[0]);
    }
    features
}

/// A part's node as warnings name it.
pub(super) fn node_name(field: &Field, part: u16) -> String {
    match field.parts().get(usize::from(part)) {
        Some(gve_sdf::Part { path, name: Some(name), .. }) => format!("{path} ({name})"),
        Some(part) => part.path.to_string(),
        None => String::new(),
    }
}

impl Suspect {
    /// Both kinds of suspect at the surface near a point of a cell that is too coarse.
    pub(super) fn near(evaluator: &mut Evaluator, point: Vec3) -> Option<[Self; 2]> {
        let root = evaluator.root();
        let mut at = point;
        for _ in 0..3 {
            let value = evaluator.gradient(&root, at);
            let slope = value.truncate();
            at -= slope * (value.w / slope.length_squared());
        }
        let normal = evaluator.gradient(&root, at).truncate().try_normalize()?;
        at.is_finite().then(|| {
            let both = [ThinKind::Wall, ThinKind::Gap];
            both.map(|kind| Self { point: at, normal, kind, reason: Reason::Unresolved })
        })
    }

    /// A place on the surface, which lies on one side of a wall, or of a gap.
    pub(super) fn new(point: Vec3, normal: Vec3, kind: ThinKind) -> Self {
        Self { point, normal, kind, reason: Reason::Narrow }
    }

    /// A place on the surface that may be one side of a wire or a bar.
    pub(super) fn slender(point: Vec3, normal: Vec3) -> Self {
        Self { point, normal, kind: ThinKind::Wall, reason: Reason::Slender }
    }
}

/// The thickness behind a suspect point, if the two sides are less than a cell apart and face away from
/// each other.
fn measure(evaluator: &mut Evaluator, limits: Limits, suspect: &Suspect) -> Option<ThinFeature> {
    let limit_m = match suspect.reason {
        Reason::Narrow => limits.always_m,
        Reason::Slender => limits.slender_m(),
        Reason::Unresolved => limits.unresolved_m(),
    };
    // A program for the short way that the search may reach pays off from its third point on.
    let root = evaluator.root();
    let (region, _) = evaluator.prune(&root, Aabb::from_center(suspect.point, Vec3::splat(1.5 * limit_m)));
    let (direction, inside_sign, opposed_cos) = match suspect.kind {
        ThinKind::Wall => (-suspect.normal, -1.0, OPPOSED_COS),
        ThinKind::Gap => (suspect.normal, 1.0, GAP_OPPOSED_COS),
    };
    // Positive while still in the feature.
    let mut depth_at = |by: f32| inside_sign * evaluator.distance(&region, suspect.point + by * direction);
    // The start may lie on the wrong side by the tolerance of its own search.
    let step = limit_m / MARCH_STEPS as f32;
    let entered = [0.02, 0.1, 0.25].map(|by| by * limit_m).into_iter().find(|&by| depth_at(by) > 0.0)?;
    let mut inside = entered;
    let mut outside = None;
    for i in 1..=MARCH_STEPS {
        let by = entered + i as f32 * step;
        if depth_at(by) <= 0.0 {
            outside = Some(by);
            break;
        }
        inside = by;
    }
    let mut outside = outside?;
    for _ in 0..12 {
        let middle = 0.5 * (inside + outside);
        *(if depth_at(middle) > 0.0 { &mut inside } else { &mut outside }) = middle;
    }
    let thickness_m = 0.5 * (inside + outside);
    let other_side = evaluator.gradient(&region, suspect.point + outside * direction).truncate();
    let is_thin = thickness_m < limit_m && other_side.normalize_or_zero().dot(suspect.normal) < opposed_cos;
    let position = suspect.point + 0.5 * thickness_m * direction;
    if is_thin && suspect.kind == ThinKind::Gap {
        // A slot is as narrow next to it; where two round bodies come near each other it widens at once.
        let (u, v) = suspect.normal.any_orthonormal_pair();
        let narrow = [u, -u, v, -v].into_iter().filter(|&side| {
            let distance = evaluator.distance(&root, position + 2.0 * limit_m * side);
            distance.abs() < 0.75 * thickness_m
        });
        if narrow.count() < 2 {
            return None;
        }
    }
    if is_thin && suspect.reason == Reason::Slender {
        let (u, v) = suspect.normal.any_orthonormal_pair();
        let mut is_outside = |way: Vec3| evaluator.distance(&root, position + 2.0 * limit_m * way) > 0.0;
        if ![u, v, u + v, u - v].into_iter().any(|way| is_outside(way) && is_outside(-way)) {
            return None;
        }
    }
    is_thin.then_some(ThinFeature { node: String::new(), kind: suspect.kind, position, thickness_m })
}

/// Joins findings that are less than two bricks apart; walls first, then the most frequent.
fn clusters(lattice: &Lattice, found: &[ThinFeature]) -> Vec<ThinFeature> {
    let place = |feature: &ThinFeature| {
        let brick = (feature.position - lattice.origin) / (lattice.cell_size_m * SIDE as f32);
        let brick = brick.floor().as_ivec3();
        (feature.kind, brick.z, brick.y, brick.x)
    };
    let mut bricks: BTreeMap<(ThinKind, i32, i32, i32), (ThinFeature, usize)> = BTreeMap::new();
    for feature in found {
        let (thinnest, count) = bricks.entry(place(feature)).or_insert((feature.clone(), 0));
        *count += 1;
        if feature.thickness_m < thinnest.thickness_m {
            *thinnest = feature.clone();
        }
    }
    let mut joined = Vec::new();
    while let Some((key, first)) = bricks.pop_first() {
        let (mut thinnest, mut count) = first;
        let mut open = vec![key];
        while let Some((kind, z, y, x)) = open.pop() {
            for i in 0..27 {
                let neighbour = (kind, z + i / 9 - 1, y + i / 3 % 3 - 1, x + i % 3 - 1);
                if let Some((feature, more)) = bricks.remove(&neighbour) {
                    count += more;
                    if feature.thickness_m < thinnest.thickness_m {
                        thinnest = feature;
                    }
                    open.push(neighbour);
                }
            }
        }
        joined.push((thinnest, count));
    }
    joined.sort_by(|a, b| a.0.kind.cmp(&b.0.kind).then(b.1.cmp(&a.1)));
    joined.truncate(MAX_FEATURES);
    joined.into_iter().map(|(feature, _)| feature).collect()
}
