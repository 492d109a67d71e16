//! Which crossings on the rim of a face belong together.
//!
//! They are joined two by two, without joints that cross, each joint from a way into the solid to a way out
//! of it. With two there is nothing to choose. Otherwise the joints are those to which the surface's own
//! directions fit best: a sheet goes on rather than turning back.

use glam::Vec3;

use super::{Tree, faces::RimCrossing};

/// Most crossings among which the best joints are looked for.
const MAX_SEARCHED: usize = 24;

impl Tree<'_> {
    /// Appends the joints of a face.
    pub(super) fn pair(&self, rim: &[RimCrossing], joints: &mut Vec<(u32, u32)>) {
        let count = rim.len();
        debug_assert!(count.is_multiple_of(2), "an odd number of crossings around a face");
        if count == 2 {
            joints.push((rim[0].crossing, rim[1].crossing));
        } else if count > MAX_SEARCHED || !count.is_multiple_of(2) {
            // Around each run of solid on the rim.
            let first = usize::from(!rim[0].enters);
            for i in (first..first + count - 1).step_by(2) {
                joints.push((rim[i].crossing, rim[(i + 1) % count].crossing));
            }
        } else {
            self.search(rim, joints);
        }
    }

    /// Finds the joints of least cost: `best[i][j]` for the crossings from `i` to `j` among themselves.
    fn search(&self, rim: &[RimCrossing], joints: &mut Vec<(u32, u32)>) {
        let count = rim.len();
        let mut best = [[0f32; MAX_SEARCHED + 1]; MAX_SEARCHED + 1];
        let mut partner = [[0u8; MAX_SEARCHED]; MAX_SEARCHED];
        for length in (2..=count).step_by(2) {
            for i in 0..=count - length {
                let end = i + length;
                let (mut least, mut with) = (f32::INFINITY, i + 1);
                for k in (i + 1..end).step_by(2) {
                    let cost = self.misfit(rim[i], rim[k]) + best[i + 1][k] + best[k + 1][end];
                    if cost < least {
                        (least, with) = (cost, k);
                    }
                }
                best[i][end] = least;
                partner[i][end - 1] = with as u8;
            }
        }
        let mut open = vec![(0, count)];
        while let Some((i, end)) = open.pop() {
            if i >= end {
                continue;
            }
            let k = usize::from(partner[i][end - 1]);
            joints.push((rim[i].crossing, rim[k].crossing));
            open.push((i + 1, k));
            open.push((k + 1, end));
        }
    }

    /// How far each of two crossings is from the plane of the other, metres.
    fn misfit(&self, a: RimCrossing, b: RimCrossing) -> f32 {
        let (a, b) = (self.crossing(a.crossing), self.crossing(b.crossing));
        let way: Vec3 = b.point - a.point;
        let off = a.normal.dot(way).abs() + b.normal.dot(way).abs();
        // Sides that face away from each other are not one surface, however near.
        off + 0.1 * (1.0 - a.normal.dot(b.normal)) * way.length()
    }
}
