//! The vertices in the leaves.

use std::ops::Range;

use glam::{Vec3, Vec4};
use gve_sdf::Evaluator;
use rayon::prelude::*;

use super::{
    Node, Tree,
    loops::{Joint, Loops},
};
use crate::{
    points::{Points, resize},
    shell::{
        cells::{DRAW_BACK, INSET_CELLS, REACH, free_place, is_better, project},
        crossings::Crossing,
        key::SideKey,
        normals::{self, Grouping},
        qef::Planes,
    },
};

/// Most crossings of one loop whose normals are compared with each other.
const MAX_COMPARED: usize = 96;
/// How far simplification may move the surface: as a share of the leaf, and of the thickness in it.
const LEAF_SHARE: f32 = 0.064;
const THICKNESS_SHARE: f32 = 0.1;
/// Farthest that a vertex may stand from one of the finest leaves, in leaves: tips end between their neighbours'
/// edges.
const TIP_REACH: f32 = 3.0;
/// Leaves that are placed together.
const CHUNK: usize = 256;

/// A joint seen from a leaf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    pub(super) ends: [u32; 2],
    pub(super) face: SideKey,
    /// The first vertex of the loop that it is part of.
    pub(super) weld: u32,
}

/// The vertices of the leaves; numbers count from the first of them.
#[derive(Default)]
pub(in crate::shell) struct Placed {
    pub(in crate::shell) positions: Vec<Vec3>,
    pub(in crate::shell) normals: Vec<Vec3>,
    /// For each vertex the first one at the same point of the surface.
    pub(in crate::shell) weld: Vec<u32>,
    /// First vertices that stand outside their leaf, and the best place in it.
    pub(in crate::shell) strays: Vec<(u32, Vec3)>,
    /// Whether the vertex stands in a leaf that is still too coarse.
    pub(in crate::shell) is_doubtful: Vec<bool>,
    /// How far the surface may be off at each vertex when the mesh is simplified, metres.
    pub(in crate::shell) allowed_m: Vec<f32>,
    /// The joints of each leaf with vertices, by node.
    pub(super) sides: Vec<Side>,
    /// The vertex that the polygon about a crossing takes from each leaf.
    pub(super) corners: Vec<(u32, u32)>,
    /// Ends of the above, by node.
    ends: Vec<(u32, u32)>,
}

impl Placed {
    /// The joints of a leaf.
    pub(super) fn sides_of(&self, node: u32) -> &[Side] {
        let start = if node == 0 { 0 } else { self.ends[node as usize - 1].0 };
        &self.sides[start as usize..self.ends[node as usize].0 as usize]
    }

    /// The vertex of a leaf for the polygon about a crossing.
    pub(super) fn corner(&self, node: u32, crossing: u32) -> Option<u32> {
        let start = if node == 0 { 0 } else { self.ends[node as usize - 1].1 };
        let own = &self.corners[start as usize..self.ends[node as usize].1 as usize];
        own.iter().find(|&&(c, _)| c == crossing).map(|&(_, vertex)| vertex)
    }

    /// Appends what was made of the nodes that follow.
    fn append(&mut self, mut next: Self) {
        let base = self.positions.len() as u32;
        let (sides, corners) = (self.sides.len() as u32, self.corners.len() as u32);
        self.positions.append(&mut next.positions);
        self.normals.append(&mut next.normals);
        self.is_doubtful.append(&mut next.is_doubtful);
        self.allowed_m.append(&mut next.allowed_m);
        self.strays.extend(next.strays.iter().map(|&(vertex, home)| (base + vertex, home)));
        self.weld.extend(next.weld.iter().map(|weld| base + weld));
        self.sides.extend(next.sides.iter().map(|&side| Side { weld: base + side.weld, ..side }));
        self.corners.extend(next.corners.iter().map(|&(crossing, vertex)| (crossing, base + vertex)));
        self.ends.extend(next.ends.iter().map(|&(s, c)| (sides + s, corners + c)));
    }
}

/// A loop of a leaf on its way to its vertices.
struct Curve {
    node: u32,
    /// Low corner and side of the leaf, metres.
    corner: Vec3,
    size: f32,
    allowed_m: f32,
    /// Where its crossings end in the list.
    end: usize,
    position: Vec3,
    /// A better place outside the leaf, if the field agrees.
    free: Option<Vec3>,
}

/// Buffers of one thread.
#[derive(Default)]
struct Placer {
    loops: Loops,
    curves: Vec<Curve>,
    /// Crossings of the curves, and their numbers.
    crossings: Vec<(u8, Crossing)>,
    numbers: Vec<u32>,
    /// Joints of the leaves; the curve counts from the chunk's first.
    joints: Vec<Joint>,
    /// Where the joints of each leaf of the chunk end.
    joint_ends: Vec<usize>,
    points: Points,
    gradients: Vec<Vec4>,
    distances: Vec<f32>,
    sorted: Vec<u32>,
}

impl Tree<'_> {
    /// Places the vertices of all leaves.
    pub(in crate::shell) fn place(&self) -> Placed {
        let mut is_doubtful = vec![false; self.nodes.len()];
        for &(node, _) in &self.unresolved {
            is_doubtful[node as usize] = true;
        }
        let count = self.nodes.len();
        let parts: Vec<Placed> = (0..count.div_ceil(CHUNK))
            .into_par_iter()
            .map_init(
                || (Evaluator::new(self.field), Placer::default()),
                |(evaluator, placer), chunk| {
                    placer.gather(self, chunk * CHUNK..count.min((chunk + 1) * CHUNK));
                    placer.evaluate(self, evaluator);
                    placer.write(chunk * CHUNK, evaluator, &is_doubtful)
                },
            )
            .collect();
        let mut all = Placed::default();
        for part in parts {
            all.append(part);
        }
        all
    }
}

impl Placer {
    /// Finds the curves of leaves and solves for their positions.
    fn gather(&mut self, tree: &Tree<'_>, nodes: Range<usize>) {
        self.curves.clear();
        self.crossings.clear();
        self.numbers.clear();
        self.joints.clear();
        self.joint_ends.clear();
        for i in nodes {
            let node = tree.nodes[i];
            if node.is_leaf() {
                self.gather_leaf(tree, i as u32, node);
            }
            self.joint_ends.push(self.joints.len());
        }
    }

    fn gather_leaf(&mut self, tree: &Tree<'_>, i: u32, node: Node) {
        self.loops.find(tree, node, true);
        let first = self.curves.len() as u32;
        let size = tree.size_m(node.level);
        let allowed_m = (LEAF_SHARE * size).min(THICKNESS_SHARE * self.thickness_m(tree));
        let corner = tree.position(node.low);
        let reach = if node.level == tree.depth { TIP_REACH } else { REACH };
        for curve in 0..self.loops.count {
            let mut planes = Planes::default();
            for number in self.loops.of(curve) {
                let crossing = tree.crossing(number);
                planes.add((crossing.point - corner) / size, crossing.normal);
                self.crossings.push((0, *crossing));
                self.numbers.push(number);
            }
            let best = planes.solve(INSET_CELLS, 1.0 - INSET_CELLS);
            self.curves.push(Curve {
                node: i,
                corner,
                size,
                allowed_m,
                end: self.crossings.len(),
                position: corner + size * best.boxed,
                free: free_place(&best, reach).map(|free| corner + size * free),
            });
        }
        let joints = self.loops.joints.iter();
        self.joints.extend(joints.map(|joint| Joint { curve: first + joint.curve, ..*joint }));
    }

    /// Least way between two crossings of one edge, metres.
    fn thickness_m(&mut self, tree: &Tree<'_>) -> f32 {
        self.sorted.clear();
        self.sorted.extend(self.loops.crossings.iter().map(|&(_, crossing)| crossing));
        self.sorted.sort_unstable();
        let pairs = self
            .sorted
            .windows(2)
            .filter(|pair| tree.edge_of[pair[0] as usize] == tree.edge_of[pair[1] as usize]);
        pairs
            .map(|pair| {
                let [a, b] = [tree.crossing(pair[0]), tree.crossing(pair[1])];
                let axis = tree.edge_of[pair[0] as usize].axis();
                (b.point[axis] - a.point[axis]).abs() * a.normal[axis].abs().max(b.normal[axis].abs())
            })
            .fold(f32::INFINITY, f32::min)
    }

    /// Gradients at the positions, brick by brick.
    fn evaluate(&mut self, tree: &Tree<'_>, evaluator: &mut Evaluator) {
        self.gradients.clear();
        let brick = |curve: &Curve| tree.brick_of(tree.nodes[curve.node as usize].low);
        for group in self.curves.chunk_by(|a, b| brick(a) == brick(b)) {
            self.points.clear();
            group.iter().for_each(|curve| self.points.push(curve.position));
            let start = self.gradients.len();
            self.gradients.resize(start + group.len(), Vec4::ZERO);
            let region = tree.region(evaluator, tree.nodes[group[0].node as usize].low);
            let Points { xs, ys, zs } = &self.points;
            evaluator.gradients(&region, xs, ys, zs, &mut self.gradients[start..]);
        }
    }

    /// Makes vertices of the curves of the leaves from `first` on.
    fn write(&mut self, first: usize, evaluator: &mut Evaluator, is_doubtful: &[bool]) -> Placed {
        let mut start = 0;
        let groupings: Vec<Grouping<MAX_COMPARED>> = (self.curves.iter())
            .map(|curve| {
                let crossings = &self.crossings[start..curve.end.min(start + MAX_COMPARED)];
                start = curve.end;
                normals::group(crossings)
            })
            .collect();
        self.points.clear();
        for (curve, grouping) in self.curves.iter_mut().zip(&groupings) {
            curve.free = curve.free.filter(|_| !grouping.is_smooth);
            curve.free.iter().for_each(|&free| self.points.push(free));
        }
        resize(&mut self.distances, self.points.len());
        if !self.distances.is_empty() {
            // A better place may be in a neighbouring leaf, where the brick's own short program may not hold.
            let (root, Points { xs, ys, zs }) = (evaluator.root(), &self.points);
            evaluator.distances(&root, xs, ys, zs, &mut self.distances);
        }
        let mut placed = Placed::default();
        let (mut distances, mut start) = (self.distances.iter(), 0);
        let mut welds = Vec::with_capacity(self.curves.len());
        let mut curves = self.curves.iter().zip(&groupings).zip(&self.gradients).peekable();
        let mut joint = 0;
        for (node, &joint_end) in (first as u32..).zip(&self.joint_ends) {
            while let Some(((curve, grouping), &gradient)) =
                curves.next_if(|((curve, _), _)| curve.node == node)
            {
                let own = start..curve.end;
                start = curve.end;
                let compared = &self.crossings[own.start..own.end.min(own.start + MAX_COMPARED)];
                let weld = placed.positions.len() as u32;
                let mut position = curve.position;
                if grouping.is_smooth {
                    position = project(position, gradient, curve.corner, curve.size);
                } else if let Some(free) = curve.free
                    && distances.next().is_some_and(|&distance| is_better(distance, gradient.w, curve.size))
                {
                    placed.strays.push((weld, position));
                    position = free.lerp(position, DRAW_BACK);
                }
                welds.push(weld);
                for (at, &number) in self.numbers[own].iter().enumerate() {
                    let group = grouping.of_crossing[at.min(compared.len() - 1)];
                    placed.corners.push((number, weld + u32::from(group)));
                }
                for normal in grouping.normals(compared, gradient) {
                    placed.positions.push(position);
                    placed.normals.push(normal);
                    placed.weld.push(weld);
                    placed.is_doubtful.push(is_doubtful[node as usize]);
                    placed.allowed_m.push(curve.allowed_m);
                }
            }
            for Joint { ends, face, curve } in &self.joints[joint..joint_end] {
                placed.sides.push(Side { ends: *ends, face: *face, weld: welds[*curve as usize] });
            }
            joint = joint_end;
            placed.ends.push((placed.sides.len() as u32, placed.corners.len() as u32));
        }
        placed
    }
}
