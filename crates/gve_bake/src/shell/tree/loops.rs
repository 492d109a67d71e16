//! The closed curves in which the surface meets the faces of a cell.

use rayon::prelude::*;

use super::{Node, Tree, faces::RimCrossing, node_edges};
use crate::shell::{
    key::{SideKey, point_of},
    table::axis_after,
};

impl Tree<'_> {
    /// Leaves that may break a part in two: it comes in from finer neighbours through the middle of a face, and
    /// the leaf sees nothing of it on its own edges; or these see more on its edges than it does.
    pub(super) fn broken(&self, candidates: &[u32]) -> Vec<u32> {
        let is_broken = |loops: &mut Loops, node: Node| {
            if !node.is_leaf() || node.level == self.depth || !self.has_split_side(node) {
                return false;
            }
            let sees_less = node_edges(node.low, self.side(node.level)).any(|(low, axis)| {
                let key = SideKey::new(low, axis, node.level);
                let edge = self.edge(key);
                edge.is_split && self.count_along(key) > edge.count
            });
            if sees_less {
                return true;
            }
            loops.find(self, node, true);
            (0..loops.count).any(|curve| loops.of(curve).all(|i| !self.is_on_edge(node, i)))
        };
        (candidates.par_iter())
            .map_init(Loops::default, |loops, &i| is_broken(loops, self.nodes[i as usize]).then_some(i))
            .flatten_iter()
            .collect()
    }

    /// How many crossings the pieces of an edge have that no leaf halves any more.
    fn count_along(&self, key: SideKey) -> u32 {
        let edge = self.edge(key);
        if !edge.is_split {
            return edge.count;
        }
        self.halves(key).into_iter().map(|half| self.count_along(half)).sum()
    }

    /// The grid's cells that a piece of surface leaves and enters again through one face. The trees must own all
    /// edges of such faces, because the mesh has another edge there than it would have by itself.
    pub(super) fn pinched(&self) -> Vec<u32> {
        let is_pinched = |loops: &mut Loops, node: Node| {
            if !node.is_leaf() || node.level > 0 {
                return false;
            }
            loops.find(self, node, true);
            let joints = &loops.joints;
            loops.is_ambiguous
                && (joints.iter().enumerate())
                    .any(|(i, a)| joints[..i].iter().any(|b| (a.face, a.curve) == (b.face, b.curve)))
        };
        (0..self.nodes.len())
            .into_par_iter()
            .map_init(Loops::default, |loops, i| is_pinched(loops, self.nodes[i]).then_some(i as u32))
            .flatten_iter()
            .collect()
    }

    fn has_split_side(&self, node: Node) -> bool {
        (0..6).any(|face| {
            let (axis, mut low) = (face / 2, node.low);
            low[axis] += self.side(node.level) * (face as u32 & 1);
            self.split_faces.contains(&SideKey::new(low, axis, node.level))
        })
    }

    /// Whether a crossing is on one of a node's edges, not in the middle of a face.
    fn is_on_edge(&self, node: Node, crossing: u32) -> bool {
        let key = self.edge_of[crossing as usize];
        let from = point_of(key.low) - node.low;
        (1..3).all(|by| {
            let at = from[axis_after(key.axis(), by)];
            at == 0 || at == self.side(node.level)
        })
    }
}

/// A joint of two crossings across a face.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joint {
    pub(super) ends: [u32; 2],
    /// The face.
    pub(super) face: SideKey,
    /// The loop that it is part of.
    pub(super) curve: u32,
}

/// The curves of one cell.
#[derive(Default)]
pub(super) struct Loops {
    /// All joints.
    pub(super) joints: Vec<Joint>,
    /// Crossings, those of a curve together, with the number of the curve.
    pub(super) crossings: Vec<(u32, u32)>,
    pub(super) count: u32,
    /// Whether there was a choice between joints.
    pub(super) is_ambiguous: bool,
    rim: Vec<RimCrossing>,
    pairs: Vec<(u32, u32)>,
    ends: Vec<(u32, u32)>,
}

impl Loops {
    /// The crossings of one curve.
    pub(super) fn of(&self, curve: u32) -> impl Iterator<Item = u32> + Clone + '_ {
        let start = self.crossings.partition_point(|&(c, _)| c < curve);
        self.crossings[start..].iter().take_while(move |&&(c, _)| c == curve).map(|&(_, crossing)| crossing)
    }

    /// Finds the curves of a node.
    pub(super) fn find(&mut self, tree: &Tree<'_>, node: Node, follow: bool) {
        let Self { joints, crossings, count, is_ambiguous, rim, pairs, ends } = self;
        *is_ambiguous = false;
        joints.clear();
        crossings.clear();
        ends.clear();
        *count = 0;
        tree.visit_faces(node, follow, rim, &mut |face, rim| {
            pairs.clear();
            *is_ambiguous |= rim.len() > 2;
            tree.pair(face.axis(), rim, pairs);
            joints.extend(pairs.iter().map(|&(a, b)| Joint { ends: [a, b], face, curve: u32::MAX }));
        });
        for (i, joint) in joints.iter().enumerate() {
            ends.extend(joint.ends.map(|crossing| (crossing, i as u32)));
        }
        // Each crossing ends exactly two joints: its edge lies between two pieces of face of the node.
        ends.sort_unstable();
        debug_assert!(
            ends.chunks(2).all(|two| two.len() == 2 && two[0].0 == two[1].0),
            "a curve with an end"
        );
        for start in 0..joints.len() {
            if joints[start].curve != u32::MAX {
                continue;
            }
            let (mut joint, mut at) = (start, joints[start].ends[0]);
            while joints[joint].curve == u32::MAX {
                joints[joint].curve = *count;
                crossings.push((*count, at));
                let [a, b] = joints[joint].ends;
                at = if at == a { b } else { a };
                let first = ends.partition_point(|&(crossing, _)| crossing < at);
                let Some(two) = ends.get(first..first + 2) else { break };
                joint = if two[0].1 == joint as u32 { two[1].1 } else { two[0].1 } as usize;
            }
            *count += 1;
        }
    }
}
