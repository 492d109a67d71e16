//! Whether a cell is fine enough for the surface in it.

use std::ops::Range;

use glam::{IVec3, UVec3, Vec3};
use gve_sdf::{Aabb, Evaluator, Region};
use rayon::prelude::*;

use super::{LEAF, Node, Tree, loops::Loops, node_edges};
use crate::{
    lattice::Lattice,
    points::{Points, resize},
    shell::{
        crossings::Crossing,
        inspect::{surface_near, touched},
        key::SideKey,
        qef::Planes,
        signs::SIDE,
        slender,
        table::axis_after,
        thin::Suspect,
    },
};

/// Largest distance between a vertex and the planes of its crossings, in cells.
pub(in crate::shell) const MAX_STRAIN: f32 = 0.25;
/// The same where sides that face away from each other meet: a tip or a rim, which the cell must not blunt.
const MAX_OPPOSED_STRAIN: f32 = 0.02;
/// Largest distance between the surface and a vertex where it bends sharply, in cells.
pub(in crate::shell) const MAX_MISS: f32 = 0.1;
/// The same before the vertex of a smooth piece is moved onto the surface.
pub(in crate::shell) const MAX_SMOOTH_MISS: f32 = 0.3;
/// Largest distance between the surface and a joint that could be another, in cells.
const MAX_OPEN_MISS: f32 = 0.15;
/// Most pieces of surface in a cell that are compared with each other.
const MAX_PAIRED: u32 = 6;
/// How often a cell is halved only because its shape is coarse; parts that are thin are halved on and on.
const SHAPE_LEVELS: u32 = 2;
/// Cosine between the normals of the two sides of a wall.
const SIDES_COS: f32 = -0.5;
/// Cosine between normals of one piece of surface above which it is flat, and no wire.
const FLAT_COS: f32 = 0.7;
/// Cosine between normals that face away from each other.
const OPPOSED_COS: f32 = -0.9;
/// Largest distance between vertices, or joints, and the surface, as a share of the thickness in the cell.
const THICKNESS_SHARE: f32 = 0.25;
/// How far, in cells, a surface may be from the cells that are known to hold it.
const KNOWN_REACH: f32 = 0.5;
/// How far, in cells of the grid, programs that hold around a brick must hold.
const AROUND: f32 = 2.0;
/// Farthest that a surface in a cell may be from its middle, in cells.
const REACH: f32 = 0.95;

/// Buffers of one thread.
#[derive(Default)]
struct Judge {
    loops: Loops,
    points: Points,
    distances: Vec<f32>,
    /// The last brick that a program was made for which holds around it too.
    around: Option<(UVec3, Region)>,
}

impl Tree<'_> {
    /// The nodes that are not fine enough, each with a point of the surface in it.
    pub(super) fn judge(&self, nodes: Range<usize>) -> Vec<(u32, Vec3)> {
        let first = nodes.start;
        let crossed: Vec<bool> =
            self.nodes[nodes.clone()].par_iter().map(|&node| self.is_crossed(node)).collect();
        nodes
            .into_par_iter()
            .map_init(
                || (Evaluator::new(self.field), Judge::default()),
                |(evaluator, judge), i| {
                    let node = self.nodes[i];
                    let region = self.region(evaluator, node.low);
                    let point = if crossed[i - first] {
                        judge.crossed(self, evaluator, &region, node)
                    } else if node.level > 0 {
                        let is_crossed = |at: IVec3| match self.node_at(at, node.level) {
                            Some(node) if node as usize >= first => crossed[node as usize - first],
                            _ => !matches!(self.grid.cell_signs(at >> self.depth as i32), 0 | 255),
                        };
                        self.unseen(evaluator, &region, node, &mut judge.around, is_crossed)
                    } else {
                        None
                    };
                    point.map(|point| (i as u32, point))
                },
            )
            .flatten_iter()
            .collect()
    }

    fn is_crossed(&self, node: Node) -> bool {
        node_edges(node.low, self.side(node.level))
            .any(|(low, axis)| self.edge(SideKey::new(low, axis, node.level)).count > 0)
    }

    /// A point of a surface that passes through a node unseen, and is not the one of a neighbour.
    fn unseen(
        &self,
        evaluator: &mut Evaluator,
        region: &Region,
        node: Node,
        around: &mut Option<(UVec3, Region)>,
        is_crossed: impl Fn(IVec3) -> bool,
    ) -> Option<Vec3> {
        let (side, size) = (self.side(node.level), self.size_m(node.level));
        let corners: [f32; 8] = std::array::from_fn(|i| {
            let i = i as u32;
            self.value(node.low + side * UVec3::new(i & 1, i >> 1 & 1, i >> 2))
        });
        let mean = 0.125 * corners.iter().sum::<f32>();
        if !slender::may_hold(&corners, size, REACH) {
            return None;
        }
        let is_explained = |point: Vec3| {
            let at = (point - self.grid.lattice.origin) / size;
            touched(at, KNOWN_REACH).into_iter().any(|cell| is_crossed(cell * side as i32))
        };
        let slope = Vec3::from_array(
            [1, 2, 4]
                .map(|bit| (0..8).map(|i| if i & bit == 0 { -corners[i] } else { corners[i] }).sum::<f32>()),
        ) / (4.0 * size);
        let middle = self.middle(node);
        let step = slope * (mean / slope.length_squared());
        // Neighbours that hold the same wire do not explain it.
        let may_be_slender = node.level < self.depth && mean > 0.0 && slender::is_bent(&corners, size);
        if !may_be_slender && step.length() < REACH * size && is_explained(middle - step) {
            return None;
        }
        let low = self.position(node.low);
        let found = surface_near(evaluator, region, middle, size, self.care);
        if let Some((point, _)) = found {
            let is_own = point.clamp(low - 0.05 * size, low + 1.05 * size) == point;
            if is_own && !is_explained(point) {
                return Some(point);
            }
        }
        if !may_be_slender {
            return None;
        }
        let region = self.region_around(evaluator, node, around);
        found
            .filter(|&(point, normal)| slender::is_missed(evaluator, region, point, normal, size))
            .map(|(point, _)| point)
            .or_else(|| slender::passing(evaluator, region, low, size, self.care))
    }

    /// A point of something round and thin that an edge of the node only grazes: its crossings do not face away
    /// from each other, as on an edge of the object, but behind them the solid, or the space, ends soon.
    fn grazed(
        &self,
        evaluator: &mut Evaluator,
        node: Node,
        around: &mut Option<(UVec3, Region)>,
    ) -> Option<Vec3> {
        let size = self.size_m(node.level);
        for (low, axis) in node_edges(node.low, self.side(node.level)) {
            let mut on_edge = self.crossings_on(SideKey::new(low, axis, node.level));
            let mut before = on_edge.next();
            for i in on_edge {
                let Some([a, b]) = before.map(|before| [before, i].map(|i| self.crossing(i))) else { break };
                let is_gap = before.is_some_and(|before| self.crossings[before as usize].1);
                before = Some(i);
                if a.normal.dot(b.normal) < SIDES_COS {
                    continue;
                }
                let outward = (a.normal + b.normal).normalize_or_zero();
                let way = if is_gap { outward } else { -outward };
                let middle = 0.5 * (a.point + b.point);
                let region = self.region_around(evaluator, node, around);
                let ends = [0.125, 0.25, 0.5, 1.0].into_iter().any(|by| {
                    let distance = evaluator.distance(region, middle + by * size * way);
                    (distance < 0.0) == is_gap
                });
                if ends {
                    return Some(a.point);
                }
            }
        }
        None
    }

    /// The program for a node's brick and the cells around it.
    fn region_around<'r>(
        &self,
        evaluator: &mut Evaluator,
        node: Node,
        last: &'r mut Option<(UVec3, Region)>,
    ) -> &'r Region {
        let Lattice { cell_size_m, .. } = self.grid.lattice;
        let brick = (node.low >> self.depth) / SIDE as u32;
        let known = last.take().filter(|(at, _)| *at == brick);
        let (_, region) = last.insert(known.unwrap_or_else(|| {
            let first = brick * SIDE as u32;
            let [low, high] = [first, first + SIDE as u32].map(|sample| self.grid.lattice.position(sample));
            let around = Aabb::new(low, high).padded(1.01 * AROUND * cell_size_m);
            (brick, evaluator.prune(&evaluator.root(), around).0)
        }));
        region
    }

    /// The direction of a crossing's edge that leads out of the solid.
    fn way_out(&self, crossing: u32) -> Vec3 {
        let mut way = Vec3::ZERO;
        let low_inside = self.crossings[crossing as usize].1;
        way[self.edge_of[crossing as usize].axis()] = if low_inside { 1.0 } else { -1.0 };
        way
    }

    /// One side of each part that is thinner than a limit, where an edge of leaves passes through it.
    pub(in crate::shell) fn slender(&self, limit_m: f32) -> Vec<Suspect> {
        let mut found = Vec::new();
        for &key in self.edge_list.iter().filter(|&&key| !self.edge(key).is_split) {
            let axis = key.axis();
            let on_edge = self.crossings_on(key);
            for (a, b) in on_edge.clone().zip(on_edge.skip(1)) {
                let is_wall = !self.crossings[a as usize].1;
                let [a, b] = [a, b].map(|i| self.crossing(i));
                let steep = a.normal[axis].abs().max(b.normal[axis].abs());
                let thickness_m = steep * (b.point[axis] - a.point[axis]);
                if is_wall && thickness_m < limit_m && a.normal.dot(b.normal) < SIDES_COS {
                    found.push(Suspect::slender(a.point, a.normal));
                }
            }
        }
        found
    }

    /// Least thickness of solid or space between two crossings of one edge of a node that face away from each
    /// other, metres. An edge of the object that only grazes the node's is nothing thin.
    fn thickness_m(&self, node: Node) -> f32 {
        let mut least = f32::INFINITY;
        for (low, axis) in node_edges(node.low, self.side(node.level)) {
            let mut before: Option<(&Crossing, bool)> = None;
            for i in self.crossings_on(SideKey::new(low, axis, node.level)) {
                let (here, leaves) = &self.crossings[i as usize];
                if let Some((before, is_gap)) = before.filter(|(b, _)| b.normal.dot(here.normal) < SIDES_COS)
                {
                    let steep = before.normal[axis].abs().max(here.normal[axis].abs());
                    let thickness = (here.point[axis] - before.point[axis]) * steep;
                    // Where bodies touch, gaps are of any width, along a line without end.
                    least = least.min(if is_gap { thickness.max(self.care.gap_m) } else { thickness });
                }
                before = Some((here, *leaves));
            }
        }
        least
    }
}

impl Judge {
    /// A point of the surface in a node where it is not resolved.
    fn crossed(
        &mut self,
        tree: &Tree<'_>,
        evaluator: &mut Evaluator,
        region: &Region,
        node: Node,
    ) -> Option<Vec3> {
        self.loops.find(tree, node, false);
        let size = tree.size_m(node.level);
        let corner = tree.position(node.low);
        let thickness = tree.thickness_m(node);
        let is_shaped = node.level < SHAPE_LEVELS;
        let allowed =
            (THICKNESS_SHARE * thickness / size).min(if is_shaped { MAX_STRAIN } else { f32::INFINITY });
        self.points.clear();
        for curve in 0..self.loops.count {
            let crossings = || self.loops.of(curve).map(|i| tree.crossing(i));
            let mut planes = Planes::default();
            for crossing in crossings() {
                planes.add((crossing.point - corner) / size, crossing.normal);
            }
            let best = planes.solve(0.0, 1.0).boxed;
            if is_strained(crossings(), corner, size, best, allowed) {
                return Some(corner + size * best);
            }
            self.points.push(corner + size * best);
        }
        if let Some(point) = self.joined(tree, evaluator, region) {
            return Some(point);
        }
        if let Some(point) = tree.grazed(evaluator, node, &mut self.around) {
            return Some(point);
        }
        if let Some(point) = self.slender(tree, evaluator, node) {
            return Some(point);
        }
        let missed = if is_shaped { MAX_MISS * size } else { f32::INFINITY };
        self.off_surface(evaluator, region, missed.min(THICKNESS_SHARE * thickness)).or_else(|| {
            let is_open = self.loops.is_ambiguous;
            let allowed_m =
                (THICKNESS_SHARE * thickness).min(if is_open { MAX_OPEN_MISS * size } else { f32::INFINITY });
            allowed_m.is_finite().then(|| self.off_joint(tree, evaluator, region, node, allowed_m)).flatten()
        })
    }

    /// A point of a wire that passes the node, which the next node may miss.
    fn slender(&mut self, tree: &Tree<'_>, evaluator: &mut Evaluator, node: Node) -> Option<Vec3> {
        if node.level == tree.depth {
            return None;
        }
        let size = tree.size_m(node.level);
        for curve in 0..self.loops.count {
            let mut crossings = self.loops.of(curve).map(|i| tree.crossing(i));
            let Some(first) = crossings.next() else { continue };
            let Some(other) = crossings.find(|other| other.normal.dot(first.normal) < FLAT_COS) else {
                continue;
            };
            for &Crossing { point, normal, .. } in [first, other] {
                let region = tree.region_around(evaluator, node, &mut self.around);
                if slender::is_missed(evaluator, region, point, normal, size) {
                    return Some(point);
                }
            }
        }
        None
    }

    /// A point between two pieces of surface that are one: what should end at both of them goes on between them.
    fn joined(&self, tree: &Tree<'_>, evaluator: &mut Evaluator, region: &Region) -> Option<Vec3> {
        let count = self.loops.count.min(MAX_PAIRED);
        for i in 1..count {
            for k in 0..i {
                let [a, b] = [i, k].map(|curve| {
                    let point = Vec3::new(
                        self.points.xs[curve as usize],
                        self.points.ys[curve as usize],
                        self.points.zs[curve as usize],
                    );
                    // Outwards as the edges tell it: about a wire, normals point to all sides.
                    (point, self.loops.of(curve).map(|i| tree.way_out(i)).sum::<Vec3>())
                });
                let way = b.0 - a.0;
                let (leaves, arrives) = (a.1.dot(way), b.1.dot(way));
                if leaves * arrives >= 0.0 {
                    continue;
                }
                // Between two that face each other there is space, between two back to back solid.
                let distance = evaluator.distance(region, 0.5 * (a.0 + b.0));
                if (distance < 0.0) == (leaves > 0.0) {
                    return Some(a.0);
                }
            }
        }
        None
    }

    /// A joint between crossings that the surface does not follow.
    fn off_joint(
        &mut self,
        tree: &Tree<'_>,
        evaluator: &mut Evaluator,
        region: &Region,
        node: Node,
        allowed_m: f32,
    ) -> Option<Vec3> {
        let low = tree.position(node.low);
        let high = low + tree.size_m(node.level);
        self.points.clear();
        for joint in &self.loops.joints {
            let [a, b] = joint.ends.map(|i| tree.crossing(i));
            let middle = bend(a, b, joint.face.axis()).clamp(low, high);
            self.points.push(0.5 * (a.point + middle));
            self.points.push(middle);
            self.points.push(0.5 * (middle + b.point));
        }
        self.off_surface(evaluator, region, allowed_m)
    }

    /// The first of the points that is not near the surface.
    fn off_surface(&mut self, evaluator: &mut Evaluator, region: &Region, allowed_m: f32) -> Option<Vec3> {
        if allowed_m == f32::INFINITY {
            return None;
        }
        resize(&mut self.distances, self.points.len());
        let Points { xs, ys, zs } = &self.points;
        evaluator.distances(region, xs, ys, zs, &mut self.distances);
        let off = self.distances.iter().position(|distance| distance.abs() > allowed_m)?;
        Some(Vec3::new(xs[off], ys[off], zs[off]))
    }
}

/// Where the way from one crossing to another across a face turns: the middle of a smooth way, or the
/// corner where their lines in the face meet.
fn bend(a: &Crossing, b: &Crossing, axis: usize) -> Vec3 {
    let middle = 0.5 * (a.point + b.point);
    if a.normal.dot(b.normal) > 0.9 {
        return middle;
    }
    let (u, v) = (axis_after(axis, 1), axis_after(axis, 2));
    let [(au, av), (bu, bv)] = [a, b].map(|c| (c.normal[u], c.normal[v]));
    let turn = au * bv - av * bu;
    if turn.abs() < 0.05 {
        return middle;
    }
    let [at_a, at_b] = [a, b].map(|c| c.normal[u] * c.point[u] + c.normal[v] * c.point[v]);
    let mut corner = middle;
    corner[u] = (at_a * bv - at_b * av) / turn;
    corner[v] = (au * at_b - bu * at_a) / turn;
    corner
}

/// Whether a vertex misses the planes of its crossings by more than is allowed; in cells.
pub(in crate::shell) fn is_strained<'a>(
    crossings: impl Iterator<Item = &'a Crossing> + Clone,
    corner: Vec3,
    size: f32,
    vertex: Vec3,
    allowed: f32,
) -> bool {
    let strain = (crossings.clone())
        .map(|crossing| crossing.normal.dot(vertex - (crossing.point - corner) / size).abs())
        .fold(0.0, f32::max);
    if strain <= allowed.min(MAX_OPPOSED_STRAIN) {
        return false;
    }
    strain > allowed
        || crossings.clone().any(|a| {
            // Sides that face each other across space are a groove, or where two bodies touch: it may end bluntly.
            let is_back_to_back = |b: &Crossing| a.normal.dot(b.point - a.point) <= 0.0;
            crossings.clone().any(|b| a.normal.dot(b.normal) < OPPOSED_COS && is_back_to_back(b))
        })
}

impl Node {
    pub(super) fn is_leaf(&self) -> bool {
        self.child == LEAF
    }
}
