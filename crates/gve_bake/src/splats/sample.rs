//! Points on the surface: where the lines of a lattice cross it.
//!
//! A cubic lattice is laid through the object. Every lattice line that pierces the surface gives a
//! point, but only where the line's direction is the one that the surface faces most. On each patch
//! the points thus form a regular lattice whose cells are at most 1.7 times as large as the smallest
//! ones; no relaxation is needed, and every second point in both directions is again a lattice.

use std::f32::consts::FRAC_1_SQRT_2;

use glam::{Vec3, Vec4};
use gve_sdf::{Aabb, Evaluator, Field, Region};

use crate::{
    points::{Points, resize},
    survey::{Block, Grid},
};

/// Cells of the lattice along one side of a brick.
pub(super) const CELLS: usize = 8;
const NODES: usize = CELLS + 1;
/// From a node to the next one along each axis.
const STRIDES: [usize; 3] = [1, NODES, NODES * NODES];
/// A line's direction may be this much less than the one that the surface faces most: neighbouring
/// patches overlap a little rather than leave a gap.
pub(super) const DOMINANCE: f32 = 0.96;
/// Rounds of Newton's method along a line, safeguarded by bisection.
const MAX_ROUNDS: u32 = 6;
/// Looks into an edge that may cross a thin wall.
const PINCH_ROUNDS: u32 = 5;
/// Newton's steps from a node to the surface.
const WAY_ROUNDS: u32 = 2;

/// A point on the surface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surfel {
    pub(super) position: Vec3,
    /// Unit normal out of the solid.
    pub(super) normal: Vec3,
    /// Direction of its lattice line.
    pub(super) axis: usize,
    /// The lattice node below it on the line, counted from the lattice's fixed point.
    pub(super) node: [i32; 3],
}

/// The lattice that a cloud is sampled on.
///
/// It hangs on the asset's origin, not on the object's bounds: where a node lies depends on its number
/// and the spacing alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lattice {
    /// Bricks of [`CELLS`]³ cells.
    pub(super) grid: Grid,
    /// Distance between nodes in metres.
    pub(super) spacing: f32,
    /// Node number of the grid's first corner.
    first: [i32; 3],
    /// Place of node 0, in nodes.
    shift: Vec3,
}

impl Lattice {
    pub(super) fn new(bounds: Aabb, spacing: f32) -> Self {
        // Off the round numbers that faces like to stand on.
        let shift = Vec3::new(0.137, 0.071, 0.193);
        let brick = spacing * CELLS as f32;
        let low = ((bounds.min - spacing) / brick - shift / CELLS as f32).floor();
        let high = ((bounds.max + spacing) / brick - shift / CELLS as f32).ceil();
        let first = (low.as_ivec3() * CELLS as i32).to_array();
        let mut lattice =
            Self { grid: Grid { origin: Vec3::ZERO, brick, counts: [1; 3] }, spacing, first, shift };
        lattice.grid.counts = (high - low).to_array().map(|n| (n as u32).max(1));
        lattice.grid.origin = lattice.node(first);
        lattice
    }

    /// The lattice of half the spacing. Its nodes are those of this one and the ones halfway.
    pub(super) fn halved(&self) -> Self {
        let grid = Grid {
            origin: self.grid.origin,
            brick: 0.5 * self.grid.brick,
            counts: self.grid.counts.map(|n| 2 * n),
        };
        Self { grid, spacing: 0.5 * self.spacing, first: self.first.map(|i| 2 * i), shift: 2.0 * self.shift }
    }

    /// Where a node is, in metres.
    fn node(&self, at: [i32; 3]) -> Vec3 {
        (Vec3::from(at.map(|i| i as f32)) + self.shift) * self.spacing
    }

    /// The number of a brick's first node.
    fn first_node(&self, brick: [u32; 3]) -> [i32; 3] {
        [0, 1, 2].map(|axis| self.first[axis] + (brick[axis] * CELLS as u32) as i32)
    }
}

/// A point on the outside of the surface for which its brick found no splat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspect {
    pub(super) position: Vec3,
    /// Unit normal out of the solid.
    pub(super) normal: Vec3,
}

/// A lattice edge whose ends lie on different sides of the surface.
#[derive(Clone, Copy)]
struct Edge {
    node: [i32; 3],
    /// Index of the node in the brick, and its place along the axis.
    index: usize,
    step: usize,
    axis: usize,
    /// Whether the lower end is inside.
    rising: bool,
    /// Where on the edge the surface is thought to be, 0 to 1, and between what it is known to be.
    t: f32,
    lo: f32,
    hi: f32,
}

impl Edge {
    fn point(&self, lattice: &Lattice) -> Vec3 {
        let mut p = lattice.node(self.node);
        p[self.axis] += self.t * lattice.spacing;
        p
    }
}

/// One thread's evaluator and buffers.
pub(super) struct Sampler {
    pub(super) evaluator: Evaluator,
    root: Region,
    lipschitz: f32,
    points: Points,
    distances: Vec<f32>,
    gradients: Vec<Vec4>,
    edges: Vec<Edge>,
    /// Edges that may cross the surface twice.
    pinches: Vec<Edge>,
    /// Which nodes have a surfel on one of their own lines next to them.
    covered: Vec<bool>,
}

impl Sampler {
    pub(super) fn new(field: &Field) -> Self {
        let evaluator = Evaluator::new(field);
        Self {
            root: evaluator.root(),
            evaluator,
            lipschitz: field.lipschitz(),
            points: Points::default(),
            distances: vec![],
            gradients: vec![],
            edges: vec![],
            pinches: vec![],
            covered: vec![],
        }
    }

    /// Appends the surface points of one brick.
    pub(super) fn sample(&mut self, lattice: &Lattice, block: &Block, out: &mut Vec<Surfel>) {
        self.find_edges(lattice, block);
        resize(&mut self.covered, NODES * NODES * NODES);
        for round in 0..MAX_ROUNDS {
            if self.edges.is_empty() {
                break;
            }
            self.points.clear();
            for edge in &self.edges {
                self.points.push(edge.point(lattice));
            }
            resize(&mut self.gradients, self.edges.len());
            let p = &self.points;
            self.evaluator.gradients(&block.region, &p.xs, &p.ys, &p.zs, &mut self.gradients);
            let mut kept = 0;
            for i in 0..self.edges.len() {
                let mut edge = self.edges[i];
                let (gradient, distance) = (self.gradients[i].truncate(), self.gradients[i].w);
                let steepest = gradient.abs().max_element();
                let along = gradient[edge.axis];
                // Far from the root the direction is still uncertain, near an edge that of another face.
                let slack = if distance.abs() < 0.05 * lattice.spacing * steepest { 1.0 } else { 0.3 };
                if !(along.abs() >= DOMINANCE * slack * steepest && steepest > 0.0) {
                    continue;
                }
                let newton = edge.t - distance / (along * lattice.spacing);
                // In a thin wall a point near one side may still slope towards the other.
                let is_this_side = (along > 0.0) == edge.rising;
                let close = distance.abs() < 0.02 * lattice.spacing * steepest && is_this_side;
                if close || round + 1 == MAX_ROUNDS {
                    if is_this_side {
                        let mut position = lattice.node(edge.node);
                        position[edge.axis] += newton.clamp(edge.lo, edge.hi) * lattice.spacing;
                        let normal = gradient.normalize_or(Vec3::Y);
                        cover(&mut self.covered, &edge);
                        out.push(Surfel { position, normal, axis: edge.axis, node: edge.node });
                    }
                    continue;
                }
                if (distance < 0.0) == edge.rising {
                    edge.lo = edge.t;
                } else {
                    edge.hi = edge.t;
                }
                let inside = newton > edge.lo && newton < edge.hi;
                edge.t = if inside { newton } else { 0.5 * (edge.lo + edge.hi) };
                self.edges[kept] = edge;
                kept += 1;
            }
            self.edges.truncate(kept);
        }
    }

    /// Appends points of the brick's surface that its lattice lines seem to have missed: where a node
    /// outside comes near the surface, but none of its own lines has a surfel there. Follows
    /// [`Sampler::sample`] of the same brick.
    pub(super) fn suspects(&mut self, lattice: &Lattice, block: &Block, out: &mut Vec<Suspect>) {
        // The nearest node is at most half a cell's diagonal away.
        let near = 0.87 * lattice.spacing * self.lipschitz;
        let first = lattice.first_node(block.first);
        self.points.clear();
        let found = self.distances.iter().zip(&self.covered).enumerate();
        for (index, _) in
            found.filter(|(_, (distance, covered))| !**covered && (0.0..near).contains(*distance))
        {
            let at = [index % NODES, index / NODES % NODES, index / (NODES * NODES)];
            self.points.push(lattice.node([0, 1, 2].map(|axis| first[axis] + at[axis] as i32)));
        }
        let bounds = lattice.grid.aabb(block.first, [1; 3]);
        let mut starts: Vec<Vec3> = (0..self.points.len()).map(|i| self.points.get(i)).collect();
        for round in 0..=WAY_ROUNDS {
            if starts.is_empty() {
                return;
            }
            resize(&mut self.gradients, self.points.len());
            let p = &self.points;
            self.evaluator.gradients(&block.region, &p.xs, &p.ys, &p.zs, &mut self.gradients);
            let places = std::mem::take(&mut self.points);
            let mut kept = 0;
            for i in 0..starts.len() {
                let (gradient, distance) = (self.gradients[i].truncate(), self.gradients[i].w);
                let step = gradient * (distance / gradient.length_squared());
                if round == WAY_ROUNDS {
                    if step.length_squared() < (0.2 * lattice.spacing).powi(2) {
                        out.push(Suspect { position: places.get(i), normal: gradient.normalize_or(Vec3::Y) });
                    }
                    continue;
                }
                let place = places.get(i) - step;
                let is_near = place.distance_squared(starts[i]) < (1.5 * lattice.spacing).powi(2);
                // Those of the neighbours are theirs.
                if is_near && place.cmpge(bounds.min).all() && place.cmplt(bounds.max).all() {
                    self.points.push(place);
                    starts[kept] = starts[i];
                    kept += 1;
                }
            }
            starts.truncate(kept);
        }
    }

    /// Whether the solid behind a point of the surface is at least two lattice steps thick.
    pub(super) fn is_thick(&mut self, lattice: &Lattice, block: &Block, suspect: &Suspect) -> bool {
        // A way along a side of the solid is a way inside it.
        let slack = 0.1 * lattice.spacing;
        [0.35, 0.7, 1.05, 1.5, 2.0].into_iter().all(|steps| {
            let place = suspect.position - steps * lattice.spacing * suspect.normal;
            // The brick's own program does not hold far outside the brick.
            let is_far = steps > 1.06;
            self.evaluator.distance(if is_far { &self.root } else { &block.region }, place) < slack
        })
    }

    /// Whether the solid at a point of the surface is thin along the surface too: it ends within a lattice
    /// step on both sides, in some direction.
    pub(super) fn is_wire(&mut self, lattice: &Lattice, block: &Block, suspect: &Suspect) -> bool {
        let slack = 0.1 * lattice.spacing;
        let (u, v) = suspect.normal.any_orthonormal_pair();
        let inner = suspect.position - 0.05 * lattice.spacing * suspect.normal;
        [u, v, (u + v) * FRAC_1_SQRT_2, (u - v) * FRAC_1_SQRT_2].into_iter().any(|along| {
            [1.0, -1.0].into_iter().all(|sign| {
                let place = inner + sign * lattice.spacing * along;
                self.evaluator.distance(&block.region, place) > slack
            })
        })
    }

    /// Thickness of the solid behind a point of the surface, at most `most`.
    pub(super) fn thickness_m(&mut self, region: &Region, suspect: &Suspect, most: f32) -> f32 {
        let [mut inside, mut outside] = [0.0, most];
        for _ in 0..12 {
            let depth = 0.5 * (inside + outside);
            let is_inside = self.evaluator.distance(region, suspect.position - depth * suspect.normal) < 0.0;
            *(if is_inside { &mut inside } else { &mut outside }) = depth;
        }
        outside
    }

    fn find_edges(&mut self, lattice: &Lattice, block: &Block) {
        let first = lattice.first_node(block.first);
        self.points.clear();
        let nodes: [[f32; NODES]; 3] = [0, 1, 2]
            .map(|axis| std::array::from_fn(|i| lattice.node(first.map(|start| start + i as i32))[axis]));
        for z in nodes[2] {
            for y in nodes[1] {
                self.points.xs.extend(nodes[0]);
                self.points.ys.extend([y; NODES]);
                self.points.zs.extend([z; NODES]);
            }
        }
        resize(&mut self.distances, self.points.len());
        let p = &self.points;
        self.evaluator.distances(&block.region, &p.xs, &p.ys, &p.zs, &mut self.distances);
        self.edges.clear();
        self.pinches.clear();
        for z in 0..CELLS {
            for y in 0..CELLS {
                let row = NODES * (y + NODES * z);
                let suspects = STRIDES.map(|stride| self.near_edges(row, stride, lattice.spacing));
                let mut any = suspects[0] | suspects[1] | suspects[2];
                while any != 0 {
                    let x = any.trailing_zeros() as usize;
                    any &= any - 1;
                    for (axis, suspects) in suspects.iter().enumerate() {
                        if suspects >> x & 1 == 1 {
                            self.look_at_edge([x, y, z], axis, first, lattice.spacing);
                        }
                    }
                }
            }
        }
        self.open_pinches(lattice, block);
    }

    /// Which of the edges in this direction from a row of nodes cross the surface or come near it, a bit each.
    fn near_edges(&self, row: usize, stride: usize, spacing: f32) -> u32 {
        let here = &self.distances[row..row + CELLS];
        let there = &self.distances[row + stride..row + stride + CELLS];
        here.iter().zip(there).enumerate().fold(0, |bits, (x, (here, there))| {
            let crosses = (*here < 0.0) != (*there < 0.0);
            bits | u32::from(crosses | (here.abs() + there.abs() < spacing)) << x
        })
    }

    fn look_at_edge(&mut self, at: [usize; 3], axis: usize, first: [i32; 3], spacing: f32) {
        let stride = STRIDES[axis];
        let index = at[0] + NODES * (at[1] + NODES * at[2]);
        let (here, there) = (self.distances[index], self.distances[index + stride]);
        let node = [0, 1, 2].map(|a| first[a] + at[a] as i32);
        let crossing = here.abs() / (here.abs() + there.abs()).max(f32::MIN_POSITIVE);
        let edge =
            Edge { node, index, step: at[axis], axis, rising: here < 0.0, t: crossing, lo: 0.0, hi: 1.0 };
        if (here < 0.0) != (there < 0.0) {
            self.edges.push(edge);
        } else if self.is_pinched(index, stride, at[axis], spacing) {
            self.pinches.push(edge);
        }
    }

    /// Whether an edge, both of its ends on the same side, comes near the surface in its middle and
    /// leaves it again: a wall or a gap between two nodes.
    fn is_pinched(&self, index: usize, stride: usize, step: usize, spacing: f32) -> bool {
        let value = |index: usize| self.distances[index].abs();
        let (here, there) = (value(index), value(index + stride));
        // At the sides of the brick only one of the two neighbours is known.
        let before = (step > 0).then(|| value(index - stride) - here);
        let after = (step + 2 < NODES).then(|| value(index + 2 * stride) - there);
        let [before, after] = [before.or(after), after.or(before)].map(|rise| rise.unwrap_or(0.0));
        before + after > 0.6 * spacing
    }

    /// Looks into the pinched edges; where the surface is found between the ends, both halves of the edge
    /// cross it.
    fn open_pinches(&mut self, lattice: &Lattice, block: &Block) {
        for _ in 0..PINCH_ROUNDS {
            if self.pinches.is_empty() {
                return;
            }
            self.points.clear();
            for edge in &self.pinches {
                self.points.push(edge.point(lattice));
            }
            resize(&mut self.gradients, self.pinches.len());
            let p = &self.points;
            self.evaluator.gradients(&block.region, &p.xs, &p.ys, &p.zs, &mut self.gradients);
            let mut kept = 0;
            for i in 0..self.pinches.len() {
                let mut edge = self.pinches[i];
                let (distance, slope) = (self.gradients[i].w, self.gradients[i][edge.axis]);
                if (distance < 0.0) != edge.rising {
                    // The wall is thin: both crossings are next to its middle.
                    let aside = (distance.abs() / lattice.spacing).min(0.5 * edge.t.min(1.0 - edge.t));
                    self.edges.push(Edge { t: edge.t - aside, lo: 0.0, hi: edge.t, ..edge });
                    self.edges.push(Edge {
                        t: edge.t + aside,
                        lo: edge.t,
                        hi: 1.0,
                        rising: !edge.rising,
                        ..edge
                    });
                    continue;
                }
                // The way to the wall, guessed from the slope here.
                if (slope > 0.0) == edge.rising {
                    edge.lo = edge.t;
                } else {
                    edge.hi = edge.t;
                }
                let way = distance.abs() / (slope.abs().max(0.1) * lattice.spacing);
                let by = if (slope > 0.0) == edge.rising { way } else { -way };
                edge.t += 1.05 * by;
                if !(edge.t > edge.lo && edge.t < edge.hi) {
                    edge.t = 0.5 * (edge.lo + edge.hi);
                }
                self.pinches[kept] = edge;
                kept += 1;
            }
            self.pinches.truncate(kept);
        }
    }
}

/// Marks the nodes on an edge's line that are near its surfel.
fn cover(covered: &mut [bool], edge: &Edge) {
    let stride = STRIDES[edge.axis];
    let below = edge.step.min(1);
    let from = edge.index - below * stride;
    for step in 0..(below + 3).min(NODES - edge.step + below) {
        covered[from + step * stride] = true;
    }
}
