//! The pieces of a cell's faces, and the crossings on their rims.

use glam::UVec3;

use super::{Node, Tree};
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
        for axis in 0..3 {
            for i in 0..2 {
                let mut low = node.low;
                low[axis] += self.side(node.level) * i;
                self.visit_face(low, axis, node.level, follow, rim, visit);
            }
        }
    }

    fn visit_face(
        &self,
        low: UVec3,
        axis: usize,
        level: u32,
        follow: bool,
        rim: &mut Vec<RimCrossing>,
        visit: &mut impl FnMut(SideKey, &[RimCrossing]),
    ) {
        let key = SideKey::new(low, axis, level);
        let (b, c) = (axis_after(axis, 1), axis_after(axis, 2));
        if follow && self.split_faces.contains(&key) {
            for i in 0..4 {
                let mut at = low;
                at[b] += self.side(level + 1) * (i & 1);
                at[c] += self.side(level + 1) * (i >> 1);
                self.visit_face(at, axis, level + 1, follow, rim, visit);
            }
            return;
        }
        let side = self.side(level);
        let (mut beyond_b, mut beyond_c) = (low, low);
        beyond_b[b] += side;
        beyond_c[c] += side;
        rim.clear();
        self.push_edge(SideKey::new(low, b, level), true, follow, 0, rim);
        self.push_edge(SideKey::new(beyond_b, c, level), true, follow, 1, rim);
        self.push_edge(SideKey::new(beyond_c, b, level), false, follow, 2, rim);
        self.push_edge(SideKey::new(low, c, level), false, follow, 3, rim);
        if !rim.is_empty() {
            visit(key, rim);
        }
    }

    /// Appends the crossings of an edge in the order of a walk along it, up or down.
    fn push_edge(&self, key: SideKey, upwards: bool, follow: bool, side: u8, rim: &mut Vec<RimCrossing>) {
        if follow && self.split_edges.contains(&key) {
            let low = point_of(key.low);
            let (axis, level) = (key.axis(), key.level() + 1);
            let mut high = low;
            high[axis] += self.side(level);
            let mut halves = [SideKey::new(low, axis, level), SideKey::new(high, axis, level)];
            if !upwards {
                halves.reverse();
            }
            for half in halves {
                self.push_edge(half, upwards, follow, side, rim);
            }
            return;
        }
        let start = rim.len();
        for crossing in self.crossings_on(key) {
            let low_inside = self.crossings[crossing as usize].1;
            rim.push(RimCrossing { crossing, enters: low_inside != upwards, side });
        }
        if !upwards {
            rim[start..].reverse();
        }
    }
}
