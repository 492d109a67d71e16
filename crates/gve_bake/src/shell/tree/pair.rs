//! Which crossings on the rim of a face belong together.
//!
//! They are joined two by two, without joints that cross, each joint from a way into the solid to a way out
//! of it. With two there is nothing to choose. Otherwise the joints are those that turn least between the
//! directions in which the surface leaves the rim: a sheet goes on rather than turning back.

use glam::Vec2;

use super::{Tree, faces::RimCrossing};
use crate::shell::table::axis_after;

/// Directions in which one walks along each side of a face; its inside lies to the left.
const ALONG: [Vec2; 4] = [Vec2::X, Vec2::Y, Vec2::NEG_X, Vec2::NEG_Y];

/// Most crossings among which the best joints are looked for.
const MAX_SEARCHED: usize = 24;

impl Tree<'_> {
    /// Appends the joints of a face across `axis`.
    pub(super) fn pair(&self, axis: usize, rim: &[RimCrossing], joints: &mut Vec<(u32, u32)>) {
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
            self.search(axis, rim, joints);
        }
    }

    /// Finds the joints of least cost: `best[i][j]` for the crossings from `i` to `j` among themselves.
    fn search(&self, axis: usize, rim: &[RimCrossing], joints: &mut Vec<(u32, u32)>) {
        let count = rim.len();
        let ways: Vec<(Vec2, Vec2)> = rim.iter().map(|&at| self.way_in(axis, at)).collect();
        let mut best = [[0f32; MAX_SEARCHED + 1]; MAX_SEARCHED + 1];
        let mut partner = [[0u8; MAX_SEARCHED]; MAX_SEARCHED];
        for length in (2..=count).step_by(2) {
            for i in 0..=count - length {
                let end = i + length;
                let (mut least, mut with) = (f32::INFINITY, i + 1);
                for k in (i + 1..end).step_by(2) {
                    let cost = turn(ways[i], ways[k]) + best[i + 1][k] + best[k + 1][end];
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

    /// Where a crossing is in its face, and in which direction the surface goes from there into the face.
    fn way_in(&self, axis: usize, at: RimCrossing) -> (Vec2, Vec2) {
        let crossing = self.crossing(at.crossing);
        let (b, c) = (axis_after(axis, 1), axis_after(axis, 2));
        let normal = Vec2::new(crossing.normal[b], crossing.normal[c]);
        let along = ALONG[usize::from(at.side)];
        let (ahead, inwards) =
            (normal.dot(along), normal.perp_dot(along).abs().copysign(normal.dot(along.perp())));
        // Whether the solid lies ahead is known better than the normal.
        let way = if at.enters { inwards } else { -inwards } * along + ahead.abs() * along.perp();
        (Vec2::new(crossing.point[b], crossing.point[c]), way.normalize_or_zero())
    }
}

/// How much a joint turns at its two ends; 0 is straight on.
fn turn((a, from_a): (Vec2, Vec2), (b, from_b): (Vec2, Vec2)) -> f32 {
    let way = (b - a).normalize_or_zero();
    2.0 - from_a.dot(way) + from_b.dot(way)
}
