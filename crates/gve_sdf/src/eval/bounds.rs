//! The box about a shape, found by asking intervals.

use std::{cmp::Ordering, collections::BinaryHeap, sync::Arc};

use super::program::{Program, PruneScratch};
use crate::aabb::Aabb;

/// Boxes looked at per side, at most.
const MAX_STEPS: usize = 600;
/// Boxes looked at for a side on which much depends, at most, and operations on the way: about a second.
const MAX_FINE_STEPS: usize = 20_000;
const MAX_FINE_OPS: usize = 20_000_000;
/// A side is found when it is known to this share of the longest side.
const PRECISION: f32 = 1.0 / 192.0;

/// The part of `outer` that can hold the shape, to within about one percent; `None` if nothing is inside.
///
/// For each of the six sides the box is halved again and again, the part that reaches farthest in that
/// direction first; parts where intervals show the field to be positive are dropped. The first part
/// that is small and cannot be dropped gives the side.
pub(crate) fn tight_bounds(program: &Arc<Program>, outer: Aabb) -> Option<Aabb> {
    // The surface must not lie on the border of the search.
    let outer = outer.padded(1e-4 * outer.size().max_element());
    let target = PRECISION * outer.size().max_element();
    let mut scratch = PruneScratch::default();
    let mut bounds = outer;
    for axis in 0..3 {
        for upper in [true, false] {
            let reach = reach(&mut scratch, program, bounds, axis, upper, (target, MAX_STEPS))?;
            if upper {
                bounds.max[axis] = reach;
            } else {
                bounds.min[axis] = reach;
            }
        }
    }
    Some(bounds)
}

/// Between which places along one axis the shape can be, to within `target` metres where that takes no more
/// than patience; `None` if nothing is inside `outer`.
pub(crate) fn tight_extent(
    program: &Arc<Program>,
    outer: Aabb,
    axis: usize,
    target: f32,
) -> Option<(f32, f32)> {
    let bounds = tight_bounds(program, outer)?;
    let mut scratch = PruneScratch::default();
    let steps = (MAX_FINE_OPS / program.len().max(1)).clamp(MAX_STEPS, MAX_FINE_STEPS);
    let mut side = |upper| reach(&mut scratch, program, bounds, axis, upper, (target, steps));
    Some((side(false)?, side(true)?))
}

struct Part {
    bounds: Aabb,
    program: Arc<Program>,
    /// How far the part reaches in the direction that is asked for.
    reach: f32,
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Part {}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        // Of parts that reach as far, the smallest first: it decides soonest.
        self.reach
            .total_cmp(&other.reach)
            .then_with(|| other.bounds.size().element_sum().total_cmp(&self.bounds.size().element_sum()))
    }
}

fn reach(
    scratch: &mut PruneScratch,
    program: &Arc<Program>,
    bounds: Aabb,
    axis: usize,
    upper: bool,
    (target, max_steps): (f32, usize),
) -> Option<f32> {
    let side = |b: &Aabb| if upper { b.max[axis] } else { -b.min[axis] };
    let sign = if upper { 1.0 } else { -1.0 };
    let mut parts = BinaryHeap::from([Part { bounds, program: Arc::clone(program), reach: side(&bounds) }]);
    let mut steps = 0;
    while let Some(part) = parts.pop() {
        steps += 1;
        let (program, range) = scratch.prune(&part.program, part.bounds);
        if range.lo > 0.0 {
            continue;
        }
        // Out of patience is no error: the side is only less tight.
        if part.bounds.size().max_element() <= target || steps > max_steps {
            return Some(sign * part.reach);
        }
        let size = part.bounds.size();
        let longest = (0..3).max_by(|&a, &b| size[a].total_cmp(&size[b])).unwrap_or(0);
        let middle = part.bounds.center()[longest];
        for upper_half in [true, false] {
            let mut bounds = part.bounds;
            if upper_half {
                bounds.min[longest] = middle;
            } else {
                bounds.max[longest] = middle;
            }
            parts.push(Part { bounds, program: Arc::clone(&program), reach: side(&bounds) });
        }
    }
    None
}
