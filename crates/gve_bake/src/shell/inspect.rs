//! Where the grid's samples alone do not tell how the surface runs.
//!
//! Two searches. Edges with both ends on one side are searched for sheets between them. Cells with all
//! corners on one side are looked at when the field says that a surface is near and none is seen there:
//! a wire, a tip or a crumb that passes between the edges.
#![allow(
    clippy::needless_range_loop,
    clippy::neg_cmp_op_on_partial_ord,
    reason = "rows are walked by place, and what is no number counts as far"
)]

use glam::{IVec3, UVec3, Vec3};
use gve_sdf::{Aabb, Evaluator, Field, Region};
use rayon::prelude::*;

use super::{
    crossings::Crossing,
    key::{Set, point_key},
    lines::{Care, Line, Tracer},
    signs::{Brick, SIDE, SignGrid, sample_index},
    slender,
    table::{EDGE_CORNERS, axis_after},
    thin::Suspect,
};
use crate::{
    points::{Points, resize},
    watch::Meter,
};

/// Samples along one side of a brick with both its faces.
const SPAN: usize = SIDE + 1;
/// How far, in cells, a surface may be from the cells that are known to hold it.
const KNOWN_REACH: f32 = 0.5;
/// Farthest that a surface point may stand from the middle of a cell that it is looked for in, in cells.
const REACH: f32 = 0.95;
/// How often edges with several crossings are looked for next to others.
const FOLLOW_ROUNDS: usize = 3;
/// Newton's steps to the surface.
const STEPS: usize = 4;

/// A crossing on an edge, and whether the edge leaves the solid there, going upwards.
pub(super) type Passage = (Crossing, bool);

/// An edge of the grid that the surface crosses more than once.
pub(super) struct Sheet {
    /// Its low sample.
    pub(super) low: UVec3,
    pub(super) axis: usize,
    pub(super) passages: Vec<Passage>,
}

impl Sheet {
    /// The four cells around it; those beyond the grid's first are left out.
    pub(super) fn cells(&self) -> impl Iterator<Item = UVec3> + use<> {
        around(self.low, self.axis)
    }
}

/// The cells around an edge.
pub(super) fn around(low: UVec3, axis: usize) -> impl Iterator<Item = UVec3> {
    (0..4u32).filter_map(move |i| {
        let mut cell = low.as_ivec3();
        cell[axis_after(axis, 1)] -= (i & 1) as i32;
        cell[axis_after(axis, 2)] -= (i >> 1) as i32;
        (cell.min_element() >= 0).then(|| cell.as_uvec3())
    })
}

/// What the samples do not tell.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) sheets: Vec<Sheet>,
    /// Cells near which a surface is to be expected and none is seen, with the point of it.
    doubts: Vec<UVec3>,
    /// One side of each wall and gap that is too thin to be looked for.
    pub(super) left_out: Vec<Suspect>,
}

/// Looks at all bricks.
pub(super) fn inspect(field: &Field, grid: &SignGrid, care: Care, meter: &Meter<'_>) -> Findings {
    let found: Vec<Findings> = grid
        .bricks
        .par_iter()
        .map_init(
            || (Evaluator::new(field), Tracer::new(field), Inspector::default()),
            |(evaluator, tracer, inspector), brick| {
                meter.count();
                if meter.is_cancelled() {
                    return Findings::default();
                }
                inspector.inspect(evaluator, tracer, grid, brick, care)
            },
        )
        .collect();
    let mut all = Findings::default();
    for mut one in found {
        all.sheets.append(&mut one.sheets);
        all.doubts.append(&mut one.doubts);
        all.left_out.append(&mut one.left_out);
    }
    all
}

impl Findings {
    /// Looks for edges that the surface crosses three times or more often: at some cells, at those of the
    /// sheets found so far, and on from there.
    pub(super) fn follow(&mut self, field: &Field, grid: &SignGrid, care: Care, cells: &[UVec3]) {
        let mut known: Set<(u64, u8)> = Set::default();
        let mut next = 0;
        for _ in 0..FOLLOW_ROUNDS {
            let mut edges: Vec<(u32, UVec3, usize)> = Vec::new();
            let at_first = if next == 0 { cells } else { &[] };
            for cell in self.sheets[next..].iter().flat_map(Sheet::cells).chain(at_first.iter().copied()) {
                for (offset, axis) in EDGE_CORNERS {
                    let low = cell + UVec3::from_array(offset.map(|i| i as u32));
                    let mut high = low;
                    high[axis] += 1;
                    if grid.is_inside(low.as_ivec3()) != grid.is_inside(high.as_ivec3())
                        && known.insert((point_key(low), axis as u8))
                    {
                        edges.push((grid.slot((low / SIDE as u32).as_ivec3()), low, axis));
                    }
                }
            }
            next = self.sheets.len();
            edges.sort_unstable_by_key(|&(slot, low, axis)| (slot, point_key(low), axis));
            let groups: Vec<_> = edges.chunk_by(|a, b| a.0 == b.0).collect();
            let found: Vec<Vec<Sheet>> = groups
                .par_iter()
                .map_init(
                    || (Evaluator::new(field), Tracer::new(field)),
                    |(evaluator, tracer), group| follow(evaluator, tracer, grid, group, care),
                )
                .collect();
            self.sheets.extend(found.into_iter().flatten());
            if self.sheets.len() == next {
                break;
            }
        }
    }

    /// The cells that hold a surface which no edge of the grid meets.
    pub(super) fn unseen(&self, field: &Field, grid: &SignGrid, care: Care) -> Vec<UVec3> {
        let sheet_cells: Set<u64> = self.sheets.iter().flat_map(Sheet::cells).map(point_key).collect();
        let is_known = |cell: IVec3| {
            !matches!(grid.cell_signs(cell), 0 | 255)
                || cell.min_element() >= 0 && sheet_cells.contains(&point_key(cell.as_uvec3()))
        };
        let lattice = &grid.lattice;
        let open: Vec<UVec3> =
            self.doubts.par_iter().copied().filter(|cell| !is_known(cell.as_ivec3())).collect();
        // Those of one brick together: they share a program.
        let groups: Vec<&[UVec3]> = (open.chunk_by(|a, b| *a / SIDE as u32 == *b / SIDE as u32)).collect();
        let mut cells: Vec<UVec3> = groups
            .par_iter()
            .map_init(
                || Evaluator::new(field),
                |evaluator, group| {
                    let middles: Vec<Vec3> = (group.iter())
                        .map(|&cell| lattice.position(cell) + 0.5 * lattice.cell_size_m)
                        .collect();
                    let around = Aabb::from_points(middles.iter().copied()).padded(1.1 * lattice.cell_size_m);
                    let (region, _) = evaluator.prune(&evaluator.root(), around);
                    let found = surfaces_near(evaluator, &region, &middles, lattice.cell_size_m, care);
                    let around = around.padded(slender::REACH * lattice.cell_size_m);
                    let mut wide = None;
                    let unseen = found.into_iter().zip(*group).filter_map(|(found, &asked)| {
                        let size = lattice.cell_size_m;
                        if let Some((point, _)) = found {
                            let at = (point - lattice.origin) / size;
                            let cell = at.floor().as_ivec3();
                            if !touched(at, KNOWN_REACH).into_iter().any(is_known) && cell.min_element() >= 0
                            {
                                return Some(cell.as_uvec3());
                            }
                        }
                        let root = evaluator.root();
                        let wide = wide.get_or_insert_with(|| evaluator.prune(&root, around).0);
                        let is_missed = found.is_some_and(|(point, normal)| {
                            slender::is_missed(evaluator, wide, point, normal, size)
                        });
                        let low = lattice.position(asked);
                        (is_missed || slender::passing(evaluator, wide, low, size, care).is_some())
                            .then_some(asked)
                    });
                    unseen.collect::<Vec<UVec3>>()
                },
            )
            .flatten_iter()
            .collect();
        cells.sort_unstable_by_key(|&cell| point_key(cell));
        cells.dedup();
        cells
    }
}

/// The edges of one brick that are crossed more than once.
fn follow(
    evaluator: &mut Evaluator,
    tracer: &mut Tracer,
    grid: &SignGrid,
    edges: &[(u32, UVec3, usize)],
    care: Care,
) -> Vec<Sheet> {
    let brick = grid.bricks.get(edges[0].0 as usize);
    let region = brick.map_or_else(|| evaluator.root(), |brick| brick.region.clone());
    let mut points = Points::default();
    let ends = |low: UVec3, axis: usize| {
        let mut high = low;
        high[axis] += 1;
        [low, high]
    };
    for &(_, low, axis) in edges {
        for sample in ends(low, axis) {
            points.push(grid.lattice.position(sample));
        }
    }
    let mut distances = vec![0.0; points.len()];
    evaluator.distances(&region, &points.xs, &points.ys, &points.zs, &mut distances);
    let lines: Vec<Line> = (edges.iter().zip(distances.chunks_exact(2)))
        .map(|(&(_, low, axis), distances)| {
            let inside = ends(low, axis).map(|sample| grid.is_inside(sample.as_ivec3()));
            Line {
                low: grid.lattice.position(low),
                axis,
                length_m: grid.lattice.cell_size_m,
                ends: [settled(distances[0], inside[0]), settled(distances[1], inside[1])],
                is_searched: true,
            }
        })
        .collect();
    let hits = tracer.trace(evaluator, &region, &lines, care);
    (hits.chunk_by(|a, b| a.line == b.line).filter(|on_edge| on_edge.len() > 1))
        .map(|on_edge| {
            let (_, low, axis) = edges[on_edge[0].line as usize];
            Sheet { low, axis, passages: on_edge.iter().map(|hit| (hit.crossing, hit.low_inside)).collect() }
        })
        .collect()
}

/// The cells that a cube of `reach` to each side of a point touches; coordinates in cells.
pub(super) fn touched(at: Vec3, reach: f32) -> [IVec3; 8] {
    let ends = [(at - reach).floor().as_ivec3(), (at + reach).floor().as_ivec3()];
    std::array::from_fn(|i| IVec3::new(ends[i & 1].x, ends[i >> 1 & 1].y, ends[i >> 2].z))
}

/// The point of a surface within a cell of `middle`, and the normal there, if the field changes sides there
/// and does not only touch zero.
pub(super) fn surface_near(
    evaluator: &mut Evaluator,
    region: &Region,
    middle: Vec3,
    cell: f32,
    care: Care,
) -> Option<(Vec3, Vec3)> {
    surfaces_near(evaluator, region, &[middle], cell, care).pop()?
}

/// On the way to a surface.
struct Search {
    middle: Vec3,
    point: Vec3,
    normal: Vec3,
    is_inside: bool,
    is_lost: bool,
}

/// [`surface_near`] for many places at once.
pub(super) fn surfaces_near(
    evaluator: &mut Evaluator,
    region: &Region,
    middles: &[Vec3],
    cell: f32,
    care: Care,
) -> Vec<Option<(Vec3, Vec3)>> {
    let start =
        |&middle| Search { middle, point: middle, normal: Vec3::ZERO, is_inside: false, is_lost: false };
    let mut searches: Vec<Search> = middles.iter().map(start).collect();
    let mut open: Vec<usize> = (0..searches.len()).collect();
    let (mut points, mut values, mut distances) = (Points::default(), Vec::new(), Vec::new());
    for step in 0..=STEPS {
        points.clear();
        open.iter().for_each(|&i| points.push(searches[i].point));
        resize(&mut values, points.len());
        evaluator.gradients(region, &points.xs, &points.ys, &points.zs, &mut values);
        let mut values = values.iter();
        open.retain(|&i| {
            let (search, value) = (&mut searches[i], values.next().copied().unwrap_or_default());
            let (slope, distance) = (value.truncate(), value.w);
            if step == 0 {
                search.is_inside = distance < 0.0;
            }
            search.normal = slope.try_normalize().unwrap_or(Vec3::NAN);
            search.point -= slope * (distance / slope.length_squared());
            search.is_lost = !(search.normal.is_finite()
                && search.point.is_finite()
                && search.point.distance(search.middle) <= REACH * cell);
            !search.is_lost && distance.abs() >= 0.02 * care.least_m
        });
        if open.is_empty() {
            break;
        }
    }
    let mut found = vec![None; searches.len()];
    open.clear();
    open.extend((0..searches.len()).filter(|&i| !searches[i].is_lost));
    // The thinnest things end within the first steps already; what is left out for that is reported.
    for (by, way) in
        [1.0, 0.25, 0.0625].into_iter().flat_map(|by| (0..slender::WAYS_IN).map(move |i| (by, i)))
    {
        points.clear();
        for &i in &open {
            let Search { point, normal, is_inside, .. } = searches[i];
            let normal = if is_inside { -normal } else { normal };
            points.push(point + by * care.least_m * slender::ways_in(normal)[way]);
        }
        resize(&mut distances, points.len());
        evaluator.distances(region, &points.xs, &points.ys, &points.zs, &mut distances);
        let mut distances = distances.iter();
        open.retain(|&i| {
            let distance = distances.next().copied().unwrap_or_default();
            let depth_m = by * care.depth_m;
            let changes = if searches[i].is_inside { distance > depth_m } else { distance < -depth_m };
            if changes {
                found[i] = Some((searches[i].point, searches[i].normal));
            }
            !changes
        });
        if open.is_empty() {
            break;
        }
    }
    found
}

/// Buffers of one thread.
struct Inspector {
    values: Box<[f32; SPAN * SPAN * SPAN]>,
    points: Points,
    distances: Vec<f32>,
    missing: Vec<usize>,
    lines: Vec<Line>,
    edges: Vec<(UVec3, usize)>,
}

impl Default for Inspector {
    fn default() -> Self {
        Self {
            values: Box::new([f32::NAN; SPAN * SPAN * SPAN]),
            points: Points::default(),
            distances: Vec::new(),
            missing: Vec::new(),
            lines: Vec::new(),
            edges: Vec::new(),
        }
    }
}

const fn index(x: usize, y: usize, z: usize) -> usize {
    x + SPAN * (y + SPAN * z)
}

impl Inspector {
    fn inspect(
        &mut self,
        evaluator: &mut Evaluator,
        tracer: &mut Tracer,
        grid: &SignGrid,
        brick: &Brick,
        care: Care,
    ) -> Findings {
        let mut findings = Findings::default();
        if brick.values.is_none() {
            return findings;
        }
        let upper = grid.upper_slots(brick.at);
        let rows = grid.rows(&upper);
        self.gather(evaluator, grid, brick, &upper, &rows, care);
        self.find_lines(grid, brick, care);
        if !self.lines.is_empty() {
            for hit in tracer.trace(evaluator, &brick.region, &self.lines, care) {
                let (low, axis) = self.edges[hit.line as usize];
                if findings.sheets.last().is_none_or(|sheet| (sheet.low, sheet.axis) != (low, axis)) {
                    findings.sheets.push(Sheet { low, axis, passages: Vec::new() });
                }
                if let Some(sheet) = findings.sheets.last_mut() {
                    sheet.passages.push((hit.crossing, hit.low_inside));
                }
            }
        }
        findings.left_out = std::mem::take(&mut tracer.left_out);
        self.find_doubts(grid, brick, &rows, &mut findings.doubts);
        findings
    }

    /// The samples of the brick with its high faces; NaN where the surface is far.
    fn gather(
        &mut self,
        evaluator: &mut Evaluator,
        grid: &SignGrid,
        brick: &Brick,
        upper: &[u32; 8],
        rows: &[[u16; SPAN]; SPAN],
        care: Care,
    ) {
        let values_of = |slot: usize| grid.bricks.get(upper[slot] as usize).and_then(|b| b.values.as_deref());
        let by_slot: [_; 8] = std::array::from_fn(values_of);
        let Some(own) = by_slot[0] else { return };
        let near = 2.0 * care.slope * grid.lattice.cell_size_m;
        self.points.clear();
        self.missing.clear();
        for z in 0..SPAN {
            for y in 0..SPAN {
                let row_slot = 2 * (y / SIDE) + 4 * (z / SIDE);
                for x in 0..SPAN {
                    let at = index(x, y, z);
                    let here = by_slot[row_slot + x / SIDE];
                    let local = sample_index(x % SIDE, y % SIDE, z % SIDE);
                    let is_inside = rows[z][y] >> x & 1 == 1;
                    self.values[at] = here.map_or(f32::NAN, |values| settled(values[local], is_inside));
                    if here.is_none() {
                        let inner = [x, y, z].map(|i| i.min(SIDE - 1));
                        if own[sample_index(inner[0], inner[1], inner[2])].abs() < near {
                            let sample = brick.at * SIDE as u32 + UVec3::new(x as u32, y as u32, z as u32);
                            self.points.push(grid.lattice.position(sample));
                            self.missing.push(at);
                        }
                    }
                }
            }
        }
        if !self.missing.is_empty() {
            self.distances.resize(self.missing.len(), 0.0);
            let Points { xs, ys, zs } = &self.points;
            evaluator.distances(&brick.region, xs, ys, zs, &mut self.distances);
            for (&at, &distance) in self.missing.iter().zip(&self.distances) {
                let (x, y, z) = (at % SPAN, at / SPAN % SPAN, at / (SPAN * SPAN));
                self.values[at] = settled(distance, rows[z][y] >> x & 1 == 1);
            }
        }
    }

    /// The edges with both ends on one side and near enough to the surface to hold a sheet.
    fn find_lines(&mut self, grid: &SignGrid, brick: &Brick, care: Care) {
        self.lines.clear();
        self.edges.clear();
        let cell = grid.lattice.cell_size_m;
        let near = care.slope * cell - care.least_m;
        let steps = [index(1, 0, 0), index(0, 1, 0), index(0, 0, 1)];
        for z in 0..SIDE {
            for y in 0..SIDE {
                for x in 0..SIDE {
                    let low = self.values[index(x, y, z)];
                    if !(low.abs() < near) {
                        continue;
                    }
                    for (axis, step) in steps.into_iter().enumerate() {
                        let high = self.values[index(x, y, z) + step];
                        if low.is_sign_negative() == high.is_sign_negative() && low.abs() + high.abs() < near
                        {
                            let sample = brick.at * SIDE as u32 + UVec3::new(x as u32, y as u32, z as u32);
                            let place = grid.lattice.position(sample);
                            let ends = [low, high];
                            self.lines.push(Line {
                                low: place,
                                axis,
                                length_m: cell,
                                ends,
                                is_searched: false,
                            });
                            self.edges.push((sample, axis));
                        }
                    }
                }
            }
        }
    }

    /// The cells on one side of the surface whose samples point to a surface where none is seen.
    fn find_doubts(
        &self,
        grid: &SignGrid,
        brick: &Brick,
        rows: &[[u16; SPAN]; SPAN],
        doubts: &mut Vec<UVec3>,
    ) {
        let cell = grid.lattice.cell_size_m;
        let first = brick.at.as_ivec3() * SIDE as i32;
        let is_crossed = |at: IVec3| {
            let local = at - first;
            if local.min_element() < 0 || local.max_element() >= SIDE as i32 {
                return !matches!(grid.cell_signs(at), 0 | 255);
            }
            let [x, y, z] = local.to_array().map(|i| i as usize);
            let pairs =
                [rows[z][y], rows[z][y + 1], rows[z + 1][y], rows[z + 1][y + 1]].map(|row| row >> x & 3);
            pairs != [0; 4] && pairs != [3; 4]
        };
        for z in 0..SIDE {
            for y in 0..SIDE {
                for x in 0..SIDE {
                    let at = index(x, y, z);
                    if !(self.values[at].abs() < 2.0 * cell) {
                        continue;
                    }
                    let corners: [f32; 8] =
                        std::array::from_fn(|i| self.values[at + index(i & 1, i >> 1 & 1, i >> 2)]);
                    let sum: f32 = corners.iter().sum();
                    if !slender::may_hold(&corners, cell, REACH) {
                        continue;
                    }
                    let global = first + IVec3::new(x as i32, y as i32, z as i32);
                    if is_crossed(global) {
                        continue;
                    }
                    let slope = Vec3::from_array([1, 2, 4].map(|bit| {
                        (0..8).map(|i| if i & bit == 0 { -corners[i] } else { corners[i] }).sum::<f32>()
                    })) / (4.0 * cell);
                    let step = slope * (0.125 * sum / slope.length_squared() / cell);
                    let is_explained = step.length_squared() < 1.5
                        && touched(global.as_vec3() + 0.5 - step, KNOWN_REACH).into_iter().any(is_crossed);
                    if !is_explained || sum > 0.0 && slender::is_bent(&corners, cell) {
                        doubts.push(global.as_uvec3());
                    }
                }
            }
        }
    }
}

/// A distance whose sign is known.
pub(super) fn settled(distance: f32, is_inside: bool) -> f32 {
    if is_inside { distance.min(-f32::MIN_POSITIVE) } else { distance.max(0.0) }
}
