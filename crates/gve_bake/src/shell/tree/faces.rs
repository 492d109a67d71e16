//! The pieces of a cell's faces, and the crossings on their rims.

use glam::UVec3;

use super::{Edge, Node, Tree, node_edges};
use crate::shell::{
    key::{SideKey, point_of},
    table::axis_after,
};

/// A crossing on the rim of a face.
#[derive(Debug, Clone, Copy)]
pub(super) struct RimCrossing {
    /// Its number.
    pub(super) crossing: u32,
    /// Whether one enters the solid there, going around the face from its first axis to its second.
    pub(super) enters: bool,
    /// Which of the face's sides it is on, in the order of that walk.
    pub(super) side: u8,
}

impl Tree<'_> {
    /// Calls `visit` with every piece of the faces of a node that no leaf halves any more, and the crossings
    /// around it. Without `follow` the node stands alone, its faces whole.
    pub(super) fn visit_faces(
        &self,
        node: Node,
        follow: bool,
        rim: &mut Vec<RimCrossing>,
        visit: &mut impl FnMut(SideKey, &[RimCrossing]),
    ) {
        let mut places = node_edges(node.low, self.side(node.level));
        let edges: [(SideKey, Edge); 12] = std::array::from_fn(|_| {
            let (low, axis) = places.next().unwrap_or((node.low, 0));
            let key = SideKey::new(low, axis, node.level);
            (key, self.edge(key))
        });
        // The edges of a face that is halved are halved.
        let is_split = follow && edges.iter().any(|(_, edge)| edge.is_split);
        if !is_split && edges.iter().all(|(_, edge)| edge.count == 0) {
            return;
        }
        for axis in 0..3 {
            let (b, c) = (axis_after(axis, 1), axis_after(axis, 2));
            for i in 0..2 {
                let mut low = node.low;
                low[axis] += self.side(node.level) * i as u32;
                if is_split && self.split_faces.contains(&SideKey::new(low, axis, node.level)) {
                    self.visit_face(low, axis, node.level, rim, visit);
                    continue;
                }
                rim.clear();
                let walk = [4 * b + 2 * i, 4 * c + i + 2, 4 * b + 1 + 2 * i, 4 * c + i];
                for (side, edge) in walk.into_iter().enumerate() {
                    let (key, edge) = edges[edge];
                    self.push_edge(key, edge, side < 2, follow, side as u8, rim);
                }
                if !rim.is_empty() {
                    visit(SideKey::new(low, axis, node.level), rim);
                }
            }
        }
    }

    fn visit_face(
        &self,
        low: UVec3,
        axis: usize,
        level: u32,
        rim: &mut Vec<RimCrossing>,
        visit: &mut impl FnMut(SideKey, &[RimCrossing]),
    ) {
        let key = SideKey::new(low, axis, level);
        let (b, c) = (axis_after(axis, 1), axis_after(axis, 2));
        if self.split_faces.contains(&key) {
            for i in 0..4 {
                let mut at = low;
                at[b] += self.side(level + 1) * (i & 1);
                at[c] += self.side(level + 1) * (i >> 1);
                self.visit_face(at, axis, level + 1, rim, visit);
            }
            return;
        }
        let side = self.side(level);
        let (mut beyond_b, mut beyond_c) = (low, low);
        beyond_b[b] += side;
        beyond_c[c] += side;
        rim.clear();
        let walk = [(low, b), (beyond_b, c), (beyond_c, b), (low, c)];
        for (side, (at, along)) in walk.into_iter().enumerate() {
            let edge = SideKey::new(at, along, level);
            self.push_edge(edge, self.edge(edge), side < 2, true, side as u8, rim);
        }
        if !rim.is_empty() {
            visit(key, rim);
        }
    }

    /// The two halves of an edge, the lower first.
    pub(super) fn halves(&self, key: SideKey) -> [SideKey; 2] {
        let low = point_of(key.low);
        let (axis, level) = (key.axis(), key.level() + 1);
        let mut high = low;
        high[axis] += self.side(level);
        [SideKey::new(low, axis, level), SideKey::new(high, axis, level)]
    }

    /// Appends the crossings of an edge in the order of a walk along it, up or down.
    fn push_edge(
        &self,
        key: SideKey,
        edge: Edge,
        upwards: bool,
        follow: bool,
        side: u8,
        rim: &mut Vec<RimCrossing>,
    ) {
        if follow && edge.is_split {
            let mut halves = self.halves(key);
            if !upwards {
                halves.reverse();
            }
            for half in halves {
                self.push_edge(half, self.edge(half), upwards, follow, side, rim);
            }
            return;
        }
        let start = rim.len();
        for crossing in edge.crossings() {
            let low_inside = self.crossings[crossing as usize].1;
            rim.push(RimCrossing { crossing, enters: low_inside != upwards, side });
        }
        if !upwards {
            rim[start..].reverse();
        }
    }
}
