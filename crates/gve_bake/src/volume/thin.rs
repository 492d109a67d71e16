//! Parts of the solid that are too thin for a brick's cells.
//!
//! Wherever the samples leave room for something thin, a probe goes to the surface, on through the solid until
//! it is outside again, and asks what the brick shows half way.

use glam::{UVec3, Vec3, Vec4};
use gve_sdf::{Aabb, Region};

use super::{
    brick::{Level, Programs, Scratch},
    look::{Look, SIDE, Samples, interpolate},
};
use crate::points::{Points, resize};

/// Kinks at least this large, in cells, ask for probes.
const KINK_CELLS: f32 = 0.3;
/// Samples on a brick's sides that are at most this far from the surface, in cells of the brick or the asked ones,
/// ask for probes: a thin part that nearly lies in the side makes no kink.
const SIDE_CELLS: f32 = 0.6;
/// A sample this deep in the solid, in cells, speaks for the samples up to one cell and up to two cells from it:
/// the solid is there, and thick enough.
const DEEP_CELLS: [f32; 2] = [0.5, 0.9];
/// How far beyond the surface a gap is looked for, in asked cells.
const GAP_CELLS: f32 = 0.15;
/// Most samples of a brick that are looked below, and most probes that are sent out from where it is not thick.
const MAX_SUSPECTS: usize = 16;
const MAX_PROBES: usize = 16;
/// A program of at most this many operations is used as it is.
const LONG_OPS: usize = 4000;
/// Newton steps to the surface.
const NEWTON_STEPS: usize = 2;
/// How deep a probe looks for the other side, in cells.
const REACH_CELLS: f32 = 2.2;
/// Half as deep as that, solid that is at least this share as deep as a flat surface leaves it is thick.
const THICK: f32 = 0.5;
/// Depths that it looks at, and their ratio.
const DEPTHS: usize = 14;
const DEPTH_RATIO: f32 = 1.4;
/// Every so many of the depths a probe looks at first; only where one of them is outside it looks at the others.
const FIRST_DEPTHS: usize = 4;
/// Half way through a part at least this share of its true depth is shown, or the part is not there: the second where
/// it is thinner than a cell, so that whether it is shown depends on where it lies.
const SHOWN_DEPTH: [f32; 2] = [0.2, 0.6];
/// Half way through something, the distance is at least this share of its thickness.
const GRAZING: f32 = 0.1;
/// What the surface of a thin part may be off, as a share of its thickness.
const LEVELNESS: f32 = 0.08;
/// Thinner than the size over this, a part that grows thicker nearby is the tip of something and no thin part.
const TIP_SIZES: f32 = 200.0;
/// How far away it grows thicker, in cells that were asked for, and how much.
const TIP_CELLS: f32 = 2.0;
const TIP_GROWTH: f32 = 1.25;

/// Where something thin was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// Half way through it.
    pub(super) position: Vec3,
    /// How thick it is there, in metres.
    pub(super) thickness_m: f32,
}

/// What a brick is too coarse for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Thin {
    /// The thinnest part that it does not show.
    pub(super) missing: Option<Place>,
    /// The thinnest part that it shows, but not smoothly.
    pub(super) uneven: Option<Place>,
}

impl Thin {
    /// Looks for thin parts in the brick whose distances are in the scratch.
    ///
    pub(super) fn of(
        scratch: &mut Scratch,
        level: &Level<'_>,
        at: UVec3,
        programs: &Programs,
        look: &Look,
    ) -> Self {
        let Some(mut suspects) = suspects(&scratch.distances, level, look) else { return Self::default() };
        let reach = probe_reach(level);
        keep_thin(scratch, level, at, programs, reach, &mut suspects);
        if suspects.is_empty() {
            return Self::default();
        }
        spread(&mut suspects, MAX_PROBES);
        let bounds = level.bounds(at);
        let mut probes = Probes::default();
        probes.start.extend(suspects.into_iter().map(|sample| level.sample_position(at, sample)));
        // Probes leave the brick. For the few of them the whole program costs less than shortening it, unless it is
        // long.
        let root = scratch.root.clone();
        let around = bounds.padded(2.0 * reach + (TIP_CELLS + 1.0) * level.asked_cell_size_m());
        let region = match programs.within(&root, &around) {
            region if region.len() <= LONG_OPS => region.clone(),
            region => scratch.evaluator.prune(region, around).0,
        };
        probes.run(scratch, &region, reach);
        let slack = 1e-4 * level.cell_size_m();
        let mut thin = Self::default();
        for probe in probes.found.drain(..) {
            let middle = probe.surface - 0.5 * probe.thickness_m * probe.normal;
            // Its neighbour sees it as well.
            if !bounds.padded(slack).contains(middle) {
                continue;
            }
            let place = Place { position: middle, thickness_m: probe.thickness_m };
            let show = |p: Vec3| interpolate(&scratch.distances, level.local(at, p));
            let is_thinner = probe.thickness_m < level.cell_size_m();
            let is_missing = show(middle) > -SHOWN_DEPTH[usize::from(is_thinner)] * probe.depth;
            let is_uneven = show(probe.surface).abs() > LEVELNESS * probe.thickness_m;
            let found = match (is_missing, is_uneven) {
                (true, _) => &mut thin.missing,
                (false, true) => &mut thin.uneven,
                (false, false) => continue,
            };
            if found.is_none_or(|known| probe.thickness_m < known.thickness_m)
                && !is_tip(&mut scratch.evaluator, &region, level, &probe, middle)
            {
                *found = Some(place);
            }
        }
        thin
    }
}

/// How deep probes look for the other side: beyond the asked level no more is wanted than in it.
fn probe_reach(level: &Level<'_>) -> f32 {
    REACH_CELLS * level.cell_size_m().min(level.asked_cell_size_m())
}

/// Whether there is a gap in the solid where a brick, all of whose samples are inside, has a concave kink: without
/// one, two parts only touch there. What is looked for is as wide as a fifth of the asked cells, or wider.
pub(super) fn has_gap(
    scratch: &mut Scratch,
    level: &Level<'_>,
    at: UVec3,
    programs: &Programs,
    look: &Look,
) -> bool {
    let cell = level.cell_size_m();
    let near = cell * look.slope;
    let samples = &scratch.distances;
    let mut found: Vec<usize> = (0..samples.len())
        .filter(|&i| samples[i].abs() <= near)
        .filter(|&i| kinks(samples, i).into_iter().any(|kink| -kink > KINK_CELLS * near))
        .collect();
    spread(&mut found, MAX_SUSPECTS);
    let mut points = Points::default();
    for i in found {
        let slope = slope(samples, i) / cell;
        let beyond = GAP_CELLS * level.asked_cell_size_m() - samples[i] / slope.length().max(0.5);
        points.push(level.sample_position(at, i) + beyond * slope.normalize_or_zero());
    }
    distances_at(scratch, programs, &points).into_iter().any(|d| d > 0.0)
}

/// Distances at a few points in a brick and beside it.
fn distances_at(scratch: &mut Scratch, programs: &Programs, points: &Points) -> Vec<f32> {
    let mut around = Aabb::EMPTY;
    for i in 0..points.len() {
        let p = points.get(i);
        around = Aabb { min: around.min.min(p), max: around.max.max(p) };
    }
    let mut distances = vec![0.0; points.len()];
    let region = programs.within(&scratch.root, &around);
    scratch.evaluator.distances(region, &points.xs, &points.ys, &points.zs, &mut distances);
    distances
}

/// Leaves out all but so many of the suspects, evenly.
fn spread(found: &mut Vec<usize>, most: usize) {
    if found.len() > most {
        *found = (0..most).map(|i| found[i * found.len() / most]).collect();
    }
}

/// The samples of a brick beside which something thin may be; `None` if there are none.
fn suspects(samples: &Samples, level: &Level<'_>, look: &Look) -> Option<Vec<usize>> {
    let cell = level.cell_size_m();
    let side_reach = SIDE_CELLS * cell.min(level.asked_cell_size_m()) * look.slope;
    // Coarser bricks are refined because of a kink; how thin what makes it is shows in the end.
    let near = (level.level >= level.ladder.asked && look.convex > KINK_CELLS * cell * look.slope)
        .then_some(cell * look.slope);
    if near.is_none() && look.nearest > side_reach {
        return None;
    }
    let deep = DEEP_CELLS.map(|cells| -cells * cell * look.slope.min(1.0));
    let has_deep = samples.iter().any(|&d| d < deep[0]);
    let is_thick = |at| has_deep && (1..=2).any(|reach| is_deep_near(samples, at, reach, deep[reach - 1]));
    let mut found = vec![];
    for (i, &d) in samples.iter().enumerate() {
        let at = [i % SIDE, i / SIDE % SIDE, i / SIDE / SIDE];
        let on_side = || at.iter().any(|&c| c == 0 || c == SIDE - 1);
        let suspicious = near.is_some_and(|near| {
            d.abs() <= near && kinks(samples, i).into_iter().any(|kink| kink > KINK_CELLS * near)
        }) || d.abs() <= side_reach && on_side();
        if suspicious && !is_thick(at) {
            found.push(i);
        }
    }
    spread(&mut found, MAX_SUSPECTS);
    (!found.is_empty()).then_some(found)
}

/// Drops the suspects below which the solid is thick: those are beside ordinary edges.
fn keep_thin(
    scratch: &mut Scratch,
    level: &Level<'_>,
    at: UVec3,
    programs: &Programs,
    reach: f32,
    suspects: &mut Vec<usize>,
) {
    let below = 0.5 * reach;
    let (mut points, mut thick_m) = (Points::default(), vec![]);
    for &sample in suspects.iter() {
        let slope = slope(&scratch.distances, sample) / level.cell_size_m();
        let steep = slope.length().max(0.5);
        let down = slope.normalize_or_zero();
        points.push(level.sample_position(at, sample) - down * (scratch.distances[sample] / steep + below));
        thick_m.push(THICK * below * steep);
    }
    let distances = distances_at(scratch, programs, &points);
    let mut index = 0..;
    suspects.retain(|_| index.next().is_some_and(|i: usize| distances[i] > -thick_m[i]));
}

/// How the distance changes from sample to sample, along each axis, between a sample's neighbours.
fn slope(samples: &Samples, i: usize) -> Vec3 {
    let along = |c: usize, stride: usize| match c {
        0 => samples[i + stride] - samples[i],
        c if c == SIDE - 1 => samples[i] - samples[i - stride],
        _ => 0.5 * (samples[i + stride] - samples[i - stride]),
    };
    Vec3::new(along(i % SIDE, 1), along(i / SIDE % SIDE, SIDE), along(i / SIDE / SIDE, SIDE * SIDE))
}

/// The kinks at a sample along the axes on which it has two neighbours, convex ones positive.
fn kinks(samples: &Samples, i: usize) -> [f32; 3] {
    let along = |c: usize, stride: usize| match c {
        0 => 0.0,
        c if c == SIDE - 1 => 0.0,
        _ => samples[i - stride] + samples[i + stride] - 2.0 * samples[i],
    };
    [along(i % SIDE, 1), along(i / SIDE % SIDE, SIDE), along(i / SIDE / SIDE, SIDE * SIDE)]
}

/// Whether a sample so many cells away lies deep in the solid.
fn is_deep_near(samples: &Samples, at: [usize; 3], reach: usize, deep: f32) -> bool {
    let [xs, ys, zs] = at.map(|c| c.saturating_sub(reach)..(c + reach + 1).min(SIDE));
    zs.into_iter().any(|z| {
        ys.clone().any(|y| {
            let row = (z * SIDE + y) * SIDE;
            samples[row..row + SIDE][xs.clone()].iter().any(|&d| d < deep)
        })
    })
}

/// A way through the solid.
#[derive(Debug, Clone, Copy)]
struct Probe {
    /// On the surface.
    surface: Vec3,
    /// Out of the solid.
    normal: Vec3,
    thickness_m: f32,
    /// The distance half way, its sign left out.
    depth: f32,
}

/// Probes on their way.
#[derive(Default)]
struct Probes {
    start: Vec<Vec3>,
    found: Vec<Probe>,
    points: Points,
    gradients: Vec<Vec4>,
    distances: Vec<f32>,
}

impl Probes {
    /// Sends the probes out; those that find the other side within `reach` are in `found`.
    fn run(&mut self, scratch: &mut Scratch, region: &Region, reach: f32) {
        let mut at = std::mem::take(&mut self.start);
        let origin = at.clone();
        for step in 0..=NEWTON_STEPS {
            self.look(scratch, region, &at);
            if step < NEWTON_STEPS {
                for (p, g) in at.iter_mut().zip(&self.gradients) {
                    *p -=
                        g.truncate() * (g.w / g.truncate().length_squared().max(1e-12)).clamp(-reach, reach);
                }
            }
        }
        let arrived: Vec<(Vec3, Vec3)> = at
            .iter()
            .zip(&self.gradients)
            .zip(&origin)
            .filter(|((p, g), start)| {
                g.w.abs() <= 0.01 * reach * g.truncate().length() && p.distance(**start) <= 1.5 * reach
            })
            .filter_map(|((p, g), _)| Some((*p, g.truncate().try_normalize()?)))
            .collect();
        // The depths of all probes together, the shallowest of each first.
        let depths: [f32; DEPTHS] =
            std::array::from_fn(|i| reach * DEPTH_RATIO.powi(i as i32 + 1 - DEPTHS as i32));
        let first: Vec<f32> = depths.iter().rev().step_by(FIRST_DEPTHS).copied().collect();
        self.descend(scratch, region, &arrived, &first);
        let ends = self.distances.chunks_exact(first.len()).map(|along| along.iter().any(|&d| d > 0.0));
        let arrived: Vec<(Vec3, Vec3)> =
            arrived.iter().zip(ends).filter(|(_, ends)| *ends).map(|(&probe, _)| probe).collect();
        self.descend(scratch, region, &arrived, &depths);
        for (&(surface, normal), along) in arrived.iter().zip(self.distances.chunks_exact(DEPTHS)) {
            let Some(out) = along.iter().position(|&d| d > 0.0) else { continue };
            // Straight between the last depth inside and the first outside; the surface itself is at 0.
            let (before, inside) = if out == 0 { (0.0, 0.0) } else { (depths[out - 1], along[out - 1]) };
            let share = if out == 0 { 1.0 - along[0] / depths[0] } else { inside / (inside - along[out]) };
            let thickness_m = before + share.clamp(0.0, 1.0) * (depths[out] - before);
            if thickness_m > 0.0 {
                self.found.push(Probe { surface, normal, thickness_m, depth: 0.0 });
            }
        }
        self.points.clear();
        for probe in &self.found {
            self.points.push(probe.surface - 0.5 * probe.thickness_m * probe.normal);
        }
        resize(&mut self.distances, self.points.len());
        let p = &self.points;
        scratch.evaluator.distances(region, &p.xs, &p.ys, &p.zs, &mut self.distances);
        for (probe, &distance) in self.found.iter_mut().zip(&self.distances) {
            probe.depth = -distance;
        }
        // Along a face that a probe only grazes, it is not deep.
        self.found.retain(|probe| probe.depth > GRAZING * probe.thickness_m);
    }

    /// The distances below points of the surface, depth by depth.
    fn descend(&mut self, scratch: &mut Scratch, region: &Region, from: &[(Vec3, Vec3)], depths: &[f32]) {
        self.points.clear();
        for &(surface, normal) in from {
            for depth in depths {
                self.points.push(surface - depth * normal);
            }
        }
        resize(&mut self.distances, self.points.len());
        let p = &self.points;
        scratch.evaluator.distances(region, &p.xs, &p.ys, &p.zs, &mut self.distances);
    }

    fn look(&mut self, scratch: &mut Scratch, region: &Region, at: &[Vec3]) {
        self.points.clear();
        at.iter().for_each(|&p| self.points.push(p));
        self.gradients.clear();
        self.gradients.resize(at.len(), Vec4::ZERO);
        let p = &self.points;
        scratch.evaluator.gradients(region, &p.xs, &p.ys, &p.zs, &mut self.gradients);
    }
}

/// Whether a very thin place is the tip of something that grows thicker away from it, as an edge does.
fn is_tip(
    evaluator: &mut gve_sdf::Evaluator,
    region: &Region,
    level: &Level<'_>,
    probe: &Probe,
    middle: Vec3,
) -> bool {
    const DIAGONAL: f32 = std::f32::consts::FRAC_1_SQRT_2;
    const DIRECTIONS: [[f32; 2]; 4] = [[1.0, 0.0], [DIAGONAL, DIAGONAL], [0.0, 1.0], [-DIAGONAL, DIAGONAL]];
    if probe.thickness_m * TIP_SIZES >= level.ladder.size_m {
        return false;
    }
    let (a, b) = probe.normal.any_orthonormal_pair();
    let reach = TIP_CELLS * level.asked_cell_size_m();
    let mut points = Points::default();
    for [x, y] in DIRECTIONS {
        points.push(middle + reach * (x * a + y * b));
        points.push(middle - reach * (x * a + y * b));
    }
    let mut distances = [0.0; 2 * DIRECTIONS.len()];
    evaluator.distances(region, &points.xs, &points.ys, &points.zs, &mut distances);
    distances.iter().any(|&d| -d > TIP_GROWTH * probe.depth)
}
