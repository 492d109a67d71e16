//! Features that are thinner than a cell.
//!
//! Two searches, because a thin feature either falls between the samples or is hit by some of them. Where
//! the mesh has a surface, a step of one cell into the solid must not come out again on the other side.
//! Where it has none, a sample that is nearer to the surface than all its neighbours shows that there is
//! one all the same. Both end with the same test: the two sides face away from each other, less than a
//! cell apart. Slots that are thinner than a cell are found likewise, with the signs exchanged.

use std::collections::BTreeMap;

use glam::{IVec3, UVec3, Vec3};
use gve_sdf::{Aabb, Evaluator, Field};
use rayon::prelude::*;

use super::{
    crossings::Crossing,
    signs::{Brick, SAMPLES, SIDE, SignGrid, sample_index},
};
use crate::lattice::Lattice;

/// Most features in a report.
const MAX_FEATURES: usize = 16;
/// Most places that are looked at closely.
const MAX_SUSPECTS: usize = 4096;
/// Most places in one brick.
const MAX_PER_BRICK: usize = 4;
/// Every how many crossings a probe is sent out.
const STRIDE: usize = 3;
/// Steps in which the way through a feature is searched for its end.
const MARCH_STEPS: u32 = 8;
/// Cosine between the outward normals of the two sides of a wall below which they face away from each
/// other; a wedge of less than 37 degrees counts as thin near its edge.
const OPPOSED_COS: f32 = -0.8;
/// The same for a gap. Stricter, because every groove between two bodies that touch is narrow at its
/// bottom.
const GAP_OPPOSED_COS: f32 = -0.97;

/// What is thin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThinKind {
    /// A wall, a rib or a wire: solid with empty space on both sides.
    Wall,
    /// A slot or a small hole: empty space with solid on both sides.
    Gap,
}

/// A part of the surface that the grid cannot hold, because it is thinner than a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThinFeature {
    /// Solid or empty.
    pub kind: ThinKind,
    /// Where it is thinnest, of the places looked at, in metres.
    pub position: Vec3,
    /// Its thickness there in metres.
    pub thickness_m: f32,
}

/// A sample that is nearer to the surface than its neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed {
    sample: UVec3,
    inside: bool,
}

/// A place on the surface that may be one side of something thin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspect {
    point: Vec3,
    /// Unit normal, outward.
    normal: Vec3,
    kind: ThinKind,
}

/// Looks for samples of a brick that are extreme among their neighbours and near the surface.
pub(super) fn find_seeds(
    values: &[f32; SAMPLES],
    signs: &[u64; SIDE],
    lattice: &Lattice,
    at: UVec3,
    lipschitz: f32,
    seeds: &mut Vec<Seed>,
) {
    // Nothing in a cell is farther from its nearest corner than half a diagonal.
    let reach = lipschitz * 0.5 * 3f32.sqrt() * lattice.cell_size_m;
    let mut found = 0;
    for z in 0..SIDE {
        for y in 0..SIDE {
            for x in 0..SIDE {
                let distance = values[sample_index(x, y, z)].abs();
                if distance < reach && is_nearest(values, [x, y, z], distance) {
                    let sample = at * SIDE as u32 + UVec3::new(x as u32, y as u32, z as u32);
                    seeds.push(Seed { sample, inside: signs[z] >> (x + SIDE * y) & 1 == 1 });
                    found += 1;
                    if found == MAX_PER_BRICK {
                        return;
                    }
                }
            }
        }
    }
}

/// Whether all neighbours of a sample in its brick are on its side of the surface and not nearer to it.
fn is_nearest(values: &[f32; SAMPLES], at: [usize; 3], distance: f32) -> bool {
    let own = values[sample_index(at[0], at[1], at[2])];
    (0..3).all(|axis| {
        [-1, 1].into_iter().all(|step: isize| {
            let mut other = at;
            match other[axis].checked_add_signed(step) {
                Some(i) if i < SIDE => other[axis] = i,
                _ => return true,
            }
            let value = values[sample_index(other[0], other[1], other[2])];
            (value < 0.0) == (own < 0.0) && value.abs() >= distance
        })
    })
}

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Prober {
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    probes: Vec<Suspect>,
    distances: Vec<f32>,
}

impl Prober {
    /// Steps one cell to either side of some of a brick's crossings and returns those whose step led out
    /// of the solid, or into it, once more.
    pub(super) fn probe(
        &mut self,
        evaluator: &mut Evaluator,
        grid: &SignGrid,
        brick: &Brick,
        crossings: &[Crossing],
    ) -> Vec<Suspect> {
        let lattice = &grid.lattice;
        let low = lattice.position(brick.at * SIDE as u32);
        let high = lattice.position((brick.at + 1) * SIDE as u32);
        self.x.clear();
        self.y.clear();
        self.z.clear();
        self.probes.clear();
        let mut suspects = Vec::new();
        for crossing in crossings.iter().step_by(STRIDE).filter(|crossing| crossing.normal != Vec3::ZERO) {
            for (kind, sign) in [(ThinKind::Wall, -1.0), (ThinKind::Gap, 1.0)] {
                let end = crossing.point + sign * lattice.cell_size_m * crossing.normal;
                let suspect = Suspect { point: crossing.point, normal: crossing.normal, kind };
                if end.clamp(low, high) == end {
                    self.x.push(end.x);
                    self.y.push(end.y);
                    self.z.push(end.z);
                    self.probes.push(suspect);
                } else if suspects.len() < MAX_PER_BRICK {
                    // The brick's own short program knows the brick alone; outside, the sample next to
                    // the end of the step must do. In a thick body it lies on the right side too.
                    let sample = ((end - lattice.origin) / lattice.cell_size_m).round().as_ivec3();
                    if grid.is_inside(sample) == (kind == ThinKind::Gap) {
                        suspects.push(suspect);
                    }
                }
            }
        }
        self.distances.resize(self.x.len(), 0.0);
        evaluator.distances(&brick.region, &self.x, &self.y, &self.z, &mut self.distances);
        let through = (self.probes.iter().zip(&self.distances))
            .filter(|(suspect, distance)| (**distance < 0.0) == (suspect.kind == ThinKind::Gap));
        suspects.extend(through.map(|(suspect, _)| *suspect).take(MAX_PER_BRICK));
        suspects
    }
}

/// Looks closely at every suspect place and sums up what was found.
pub(super) fn report(field: &Field, grid: &SignGrid, mut suspects: Vec<Suspect>) -> Vec<ThinFeature> {
    let cell = grid.lattice.cell_size_m;
    let missed: Vec<Seed> = grid.seeds.iter().copied().filter(|seed| is_alone(grid, seed)).collect();
    let stride = missed.len().div_ceil(MAX_SUSPECTS).max(1);
    let missed: Vec<Seed> = missed.into_iter().step_by(stride).collect();
    suspects.par_extend(
        missed
            .par_iter()
            .map_init(|| Evaluator::new(field), |evaluator, seed| find_surface(evaluator, grid, seed))
            .flatten_iter(),
    );
    let stride = suspects.len().div_ceil(MAX_SUSPECTS).max(1);
    let suspects: Vec<Suspect> = suspects.into_iter().step_by(stride).collect();
    let found: Vec<ThinFeature> = suspects
        .par_iter()
        .map_init(|| Evaluator::new(field), |evaluator, suspect| measure(evaluator, cell, suspect))
        .flatten_iter()
        .collect();
    clusters(&grid.lattice, &found)
}

/// Whether all 26 neighbours of a seed are on its side of the surface: no cell at it has a vertex.
fn is_alone(grid: &SignGrid, seed: &Seed) -> bool {
    (0..27).all(|i| {
        let offset = IVec3::new(i % 3, i / 3 % 3, i / 9) - 1;
        grid.is_inside(seed.sample.as_ivec3() + offset) == seed.inside
    })
}

/// Newton's way from a seed to the surface, which must lie within a cell of it.
fn find_surface(evaluator: &mut Evaluator, grid: &SignGrid, seed: &Seed) -> Option<Suspect> {
    let (cell, root) = (grid.lattice.cell_size_m, evaluator.root());
    let start = grid.lattice.position(seed.sample);
    let mut point = start;
    for _ in 0..8 {
        let value = evaluator.gradient(&root, point);
        let (slope, distance) = (value.truncate(), value.w);
        if distance.abs() < 1e-3 * cell {
            let normal = slope.try_normalize()?;
            let kind = if seed.inside { ThinKind::Gap } else { ThinKind::Wall };
            return Some(Suspect { point, normal, kind });
        }
        point -= slope * (distance / slope.length_squared());
        if !point.is_finite() || point.distance(start) > cell {
            return None;
        }
    }
    None
}

/// The thickness behind a suspect point, if the two sides are less than a cell apart and face away from
/// each other.
fn measure(evaluator: &mut Evaluator, cell: f32, suspect: &Suspect) -> Option<ThinFeature> {
    // A program for the few cells that the search may reach pays off from its third point on.
    let root = evaluator.root();
    let (region, _) = evaluator.prune(&root, Aabb::from_center(suspect.point, Vec3::splat(1.5 * cell)));
    let (direction, inside_sign, opposed_cos) = match suspect.kind {
        ThinKind::Wall => (-suspect.normal, -1.0, OPPOSED_COS),
        ThinKind::Gap => (suspect.normal, 1.0, GAP_OPPOSED_COS),
    };
    // Positive while still in the feature.
    let mut depth_at = |by: f32| inside_sign * evaluator.distance(&region, suspect.point + by * direction);
    // The start may lie on the wrong side by the tolerance of its own search.
    let step = cell / MARCH_STEPS as f32;
    let entered = [0.02, 0.1, 0.25].map(|by| by * cell).into_iter().find(|&by| depth_at(by) > 0.0)?;
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
    let is_thin = thickness_m < cell && other_side.normalize_or_zero().dot(suspect.normal) < opposed_cos;
    let position = suspect.point + 0.5 * thickness_m * direction;
    is_thin.then_some(ThinFeature { kind: suspect.kind, position, thickness_m })
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
        let (thinnest, count) = bricks.entry(place(feature)).or_insert((*feature, 0));
        *count += 1;
        if feature.thickness_m < thinnest.thickness_m {
            *thinnest = *feature;
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
