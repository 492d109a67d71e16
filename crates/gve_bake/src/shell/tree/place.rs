//! The vertices in the leaves.
#![allow(clippy::needless_range_loop, reason = "places are walked in chunks")]

use glam::{Vec3, Vec4};
use gve_sdf::Evaluator;
use rayon::prelude::*;

use super::{Tree, loops::Loops};
use crate::{
    points::{Points, resize},
    shell::{
        cells::{DRAW_BACK, INSET_CELLS, free_place, is_better, project},
        crossings::Crossing,
        key::SideKey,
        normals,
        qef::Planes,
    },
};

/// Most crossings of one loop whose normals are compared with each other.
const MAX_COMPARED: usize = 96;
/// How far simplification may move the surface: as a share of the leaf, and of the thickness in it.
const LEAF_SHARE: f32 = 0.04;
const THICKNESS_SHARE: f32 = 0.1;
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
        self.weld.extend(next.weld.iter().map(|weld| base + weld));
        self.sides.extend(next.sides.iter().map(|&side| Side { weld: base + side.weld, ..side }));
        self.corners.extend(next.corners.iter().map(|&(crossing, vertex)| (crossing, base + vertex)));
        self.ends.extend(next.ends.iter().map(|&(s, c)| (sides + s, corners + c)));
    }
}

/// Buffers of one thread.
#[derive(Default)]
struct Placer {
    loops: Loops,
    points: Points,
    gradients: Vec<Vec4>,
    crossings: Vec<(u8, Crossing)>,
    numbers: Vec<u32>,
    /// Better places outside the leaf, if the field agrees.
    free: Vec<Option<Vec3>>,
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
                    let mut placed = Placed::default();
                    for i in chunk * CHUNK..count.min((chunk + 1) * CHUNK) {
                        if self.nodes[i].is_leaf() {
                            placer.place(self, evaluator, i, is_doubtful[i], &mut placed);
                        }
                        placed.ends.push((placed.sides.len() as u32, placed.corners.len() as u32));
                    }
                    placed
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
    /// Least way between two crossings of one edge, metres.
    fn thickness_m(&mut self, tree: &Tree<'_>) -> f32 {
        self.numbers.clear();
        self.numbers.extend(self.loops.crossings.iter().map(|&(_, crossing)| crossing));
        self.numbers.sort_unstable();
        let pairs = self
            .numbers
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

    fn place(
        &mut self,
        tree: &Tree<'_>,
        evaluator: &mut Evaluator,
        i: usize,
        is_doubtful: bool,
        placed: &mut Placed,
    ) {
        let node = tree.nodes[i];
        self.loops.find(tree, node, true);
        if self.loops.count == 0 {
            return;
        }
        let size = tree.size_m(node.level);
        let allowed_m = (LEAF_SHARE * size).min(THICKNESS_SHARE * self.thickness_m(tree));
        let corner = tree.position(node.low);
        self.points.clear();
        self.free.clear();
        for curve in 0..self.loops.count {
            let mut planes = Planes::default();
            for i in self.loops.of(curve) {
                let crossing = tree.crossing(i);
                planes.add((crossing.point - corner) / size, crossing.normal);
            }
            let best = planes.solve(INSET_CELLS, 1.0 - INSET_CELLS);
            self.points.push(corner + size * best.boxed);
            self.free.push(free_place(&best).map(|free| corner + size * free));
        }
        resize(&mut self.gradients, self.points.len());
        let region = tree.region(evaluator, node.low);
        let Points { xs, ys, zs } = &self.points;
        evaluator.gradients(&region, xs, ys, zs, &mut self.gradients);
        let first = placed.positions.len() as u32;
        let mut welds = Vec::with_capacity(self.loops.count as usize);
        for curve in 0..self.loops.count {
            let k = curve as usize;
            self.crossings.clear();
            self.crossings.extend(self.loops.of(curve).map(|i| (0, *tree.crossing(i))));
            let compared = self.crossings.len().min(MAX_COMPARED);
            let grouping = normals::group::<MAX_COMPARED>(&self.crossings[..compared]);
            let mut position = Vec3::new(xs[k], ys[k], zs[k]);
            if grouping.is_smooth {
                position = project(position, self.gradients[k], corner, size);
            } else if let Some(free) = self.free[k] {
                let root = evaluator.root();
                if is_better(evaluator.distance(&root, free), self.gradients[k].w, size) {
                    position = free.lerp(position, DRAW_BACK);
                }
            }
            let weld = placed.positions.len() as u32;
            welds.push(weld);
            for (at, i) in self.loops.of(curve).enumerate() {
                let group = grouping.of_crossing[at.min(compared - 1)];
                placed.corners.push((i, weld + u32::from(group)));
            }
            for normal in grouping.normals(&self.crossings[..compared], self.gradients[k]) {
                placed.positions.push(position);
                placed.normals.push(normal);
                placed.weld.push(weld);
                placed.is_doubtful.push(is_doubtful);
                placed.allowed_m.push(allowed_m);
            }
        }
        debug_assert!(placed.positions.len() as u32 > first);
        for joint in &self.loops.joints {
            let weld = welds[joint.curve as usize];
            placed.sides.push(Side { ends: joint.ends, face: joint.face, weld });
        }
    }
}
