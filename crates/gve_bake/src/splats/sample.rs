//! Points on the surface: where the lines of a lattice cross it.
//!
//! A cubic lattice is laid through the object. Every lattice line that pierces the surface gives a
//! point, but only where the line's direction is the one that the surface faces most. On each patch
//! the points thus form a regular lattice whose cells are at most 1.7 times as large as the smallest
//! ones; no relaxation is needed, and every second point in both directions is again a lattice.

use glam::{Vec3, Vec4};
use gve_sdf::{Evaluator, Field};

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

/// A point on the surface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surfel {
    pub(super) position: Vec3,
    /// Unit normal out of the solid.
    pub(super) normal: Vec3,
    /// Direction of its lattice line.
    pub(super) axis: usize,
    /// The lattice node below it on the line.
    pub(super) node: [u32; 3],
}

/// The lattice that a cloud is sampled on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lattice {
    /// Bricks of [`CELLS`]³ cells.
    pub(super) grid: Grid,
    /// Distance between nodes in metres.
    pub(super) spacing: f32,
}

impl Lattice {
    pub(super) fn new(field: &Field, spacing: f32) -> Self {
        let bounds = field.bounds();
        // Off the round numbers that faces like to stand on.
        let shift = Vec3::new(0.137, 0.071, 0.193) * spacing;
        let padded = gve_sdf::Aabb { min: bounds.min - spacing, max: bounds.max + spacing };
        let mut grid = Grid::covering(padded, spacing * CELLS as f32);
        grid.origin += shift;
        Self { grid, spacing }
    }

    pub(super) fn node(&self, at: [u32; 3]) -> Vec3 {
        self.grid.origin + Vec3::from(at.map(|i| i as f32)) * self.spacing
    }
}

/// A lattice edge whose ends lie on different sides of the surface.
#[derive(Clone, Copy)]
struct Edge {
    node: [u32; 3],
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
    points: Points,
    distances: Vec<f32>,
    gradients: Vec<Vec4>,
    edges: Vec<Edge>,
    /// Edges that may cross the surface twice.
    pinches: Vec<Edge>,
    middles: Vec<f32>,
}

impl Sampler {
    pub(super) fn new(field: &Field) -> Self {
        Self {
            evaluator: Evaluator::new(field),
            points: Points::default(),
            distances: vec![],
            gradients: vec![],
            edges: vec![],
            pinches: vec![],
            middles: vec![],
        }
    }

    /// Appends the surface points of one brick.
    pub(super) fn sample(&mut self, lattice: &Lattice, block: &Block, out: &mut Vec<Surfel>) {
        self.find_edges(lattice, block);
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
                // Far from the root the direction is still uncertain.
                let slack = if distance.abs() < 0.05 * lattice.spacing * steepest { 1.0 } else { 0.75 };
                if !(along.abs() >= DOMINANCE * slack * steepest && steepest > 0.0) {
                    continue;
                }
                let newton = edge.t - distance / (along * lattice.spacing);
                let close = distance.abs() < 0.02 * lattice.spacing * steepest;
                if close || round + 1 == MAX_ROUNDS {
                    let mut position = lattice.node(edge.node);
                    position[edge.axis] += newton.clamp(edge.lo, edge.hi) * lattice.spacing;
                    let normal = gradient.normalize_or(Vec3::Y);
                    out.push(Surfel { position, normal, axis: edge.axis, node: edge.node });
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

    fn find_edges(&mut self, lattice: &Lattice, block: &Block) {
        let first = block.first.map(|i| i * CELLS as u32);
        self.points.clear();
        let nodes: [[f32; NODES]; 3] = [0, 1, 2]
            .map(|axis| std::array::from_fn(|i| lattice.node([0, 1, 2].map(|a| first[a] + i as u32))[axis]));
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
                let suspects = STRIDES.map(|stride| self.suspects(row, stride, lattice.spacing));
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
    fn suspects(&self, row: usize, stride: usize, spacing: f32) -> u32 {
        let here = &self.distances[row..row + CELLS];
        let there = &self.distances[row + stride..row + stride + CELLS];
        here.iter().zip(there).enumerate().fold(0, |bits, (x, (here, there))| {
            let crosses = (*here < 0.0) != (*there < 0.0);
            bits | u32::from(crosses | (here.abs() + there.abs() < spacing)) << x
        })
    }

    fn look_at_edge(&mut self, at: [usize; 3], axis: usize, first: [u32; 3], spacing: f32) {
        let stride = STRIDES[axis];
        let index = at[0] + NODES * (at[1] + NODES * at[2]);
        let (here, there) = (self.distances[index], self.distances[index + stride]);
        let node = [0, 1, 2].map(|a| first[a] + at[a] as u32);
        let edge = |t| Edge { node, axis, rising: here < 0.0, t, lo: 0.0, hi: 1.0 };
        if (here < 0.0) != (there < 0.0) {
            self.edges.push(edge((here / (here - there)).clamp(0.0, 1.0)));
        } else if self.is_pinched(index, stride, at[axis], spacing) {
            self.pinches.push(edge(0.5 + 0.5 * (here.abs() - there.abs()) / spacing));
        }
    }

    /// Whether an edge, both of its ends on the same side, comes near the surface in its middle and
    /// leaves it again: a wall or a gap between two nodes.
    fn is_pinched(&self, index: usize, stride: usize, step: usize, spacing: f32) -> bool {
        let value = |index: usize| self.distances[index].abs();
        let (here, there) = (value(index), value(index + stride));
        // At the sides of the brick only one of the two neighbours is known.
        let before = if step > 0 { value(index - stride) - here } else { 0.0 };
        let after = if step + 2 < NODES { value(index + 2 * stride) - there } else { 0.0 };
        before + after > 0.6 * spacing
    }

    /// Looks into the middle of the pinched edges; where it lies on the other side of the surface, both
    /// halves of the edge cross it.
    fn open_pinches(&mut self, lattice: &Lattice, block: &Block) {
        if self.pinches.is_empty() {
            return;
        }
        self.points.clear();
        for edge in &self.pinches {
            self.points.push(edge.point(lattice));
        }
        resize(&mut self.middles, self.pinches.len());
        let p = &self.points;
        self.evaluator.distances(&block.region, &p.xs, &p.ys, &p.zs, &mut self.middles);
        for (&edge, &distance) in self.pinches.iter().zip(&self.middles) {
            if (distance < 0.0) != edge.rising {
                // The wall is thin: both crossings are next to its middle.
                let aside = (distance.abs() / lattice.spacing).min(0.5 * edge.t.min(1.0 - edge.t));
                self.edges.push(Edge { t: edge.t - aside, hi: edge.t, ..edge });
                self.edges.push(Edge { t: edge.t + aside, lo: edge.t, rising: !edge.rising, ..edge });
            }
        }
    }
}
