//! Where parts are that hardly have a splat: a stud that hardly stands out is covered by the splats of what
//! it stands on, and an inlay does not stand out at all.

use glam::Vec3;
use gve_sdf::{Aabb, Evaluator, Field, Region};
use rayon::prelude::*;

use super::cloud::{FLOOR, Level};

/// Most boxes that are looked into for one part; a part that may be in more is no small one, but hidden.
const MOST_BOXES: usize = 1024;
/// How often a brick is halved in search of a part.
const MOST_HALVINGS: u32 = 7;

/// The bricks of a level whose surface has a part with too few splats.
pub(super) fn find_parts(field: &Field, level: &Level, part_counts: &[usize]) -> Vec<usize> {
    if part_counts.iter().all(|&count| count >= FLOOR) {
        return vec![];
    }
    let mut holders = vec![vec![]; part_counts.len()];
    for (index, block) in level.blocks.iter().enumerate() {
        if block.region.uniform_part().is_some() {
            continue;
        }
        for part in block.region.possible_parts().into_iter().map(usize::from) {
            if part_counts[part] < FLOOR && holders[part].len() <= MOST_BOXES {
                holders[part].push(index);
            }
        }
    }
    let mut found: Vec<usize> = (holders.par_iter().enumerate())
        .filter(|(_, holders)| !holders.is_empty())
        .map_init(
            || Evaluator::new(field),
            |evaluator, (part, holders)| Search { evaluator, part: part as u16 }.bricks(level, holders),
        )
        .flatten_iter()
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The search for one part.
struct Search<'a> {
    evaluator: &'a mut Evaluator,
    part: u16,
}

impl Search<'_> {
    /// Those of the bricks where the part is seen on the surface.
    fn bricks(&mut self, level: &Level, holders: &[usize]) -> Vec<usize> {
        let grid = &level.lattice.grid;
        let mut open: Vec<(usize, Region, Aabb)> = holders
            .iter()
            .map(|&index| {
                let block = &level.blocks[index];
                (index, block.region.clone(), grid.aabb(block.first, [1; 3]))
            })
            .collect();
        let mut found = vec![];
        for _ in 0..MOST_HALVINGS {
            if open.is_empty() || open.len() > MOST_BOXES {
                break;
            }
            let mut next = vec![];
            for (index, region, bounds) in open {
                if found.contains(&index) {
                    continue;
                }
                let boxes = octants(bounds);
                let parts: Vec<_> = self.evaluator.prune_many(&region, &boxes, |_, _| true).collect();
                for ((region, interval), bounds) in parts.into_iter().zip(boxes) {
                    let is_off = interval.lo > 0.0 || interval.hi < 0.0;
                    if is_off || !region.possible_parts().contains(&self.part) {
                        continue;
                    }
                    if self.is_seen(&level.blocks[index].region, bounds) {
                        found.push(index);
                        break;
                    }
                    next.push((index, region, bounds));
                }
            }
            open = next;
            // One brick of the part is enough to give it splats, and its neighbours are its own.
            if !found.is_empty() {
                break;
            }
        }
        found
    }

    /// Whether the surface next to the middle of a box, or of one of its sides, is the part's. The program
    /// holds some way around the box.
    fn is_seen(&mut self, region: &Region, bounds: Aabb) -> bool {
        let (center, half) = (bounds.center(), bounds.half_size());
        let starts = [Vec3::ZERO, Vec3::X, Vec3::Y, Vec3::Z, Vec3::NEG_X, Vec3::NEG_Y, Vec3::NEG_Z];
        starts.into_iter().any(|side| {
            let mut place = center + side * half;
            for _ in 0..2 {
                let value = self.evaluator.gradient(region, place);
                let slope = value.truncate();
                place -= slope * (value.w / slope.length_squared().max(1e-12));
            }
            // What lies outside may be in another brick, which is then found by its own boxes.
            if !(place - center).abs().cmple(half).all() {
                return false;
            }
            let Vec3 { x, y, z } = place;
            let mut part = [0];
            self.evaluator.parts(region, &[x], &[y], &[z], &mut part);
            part[0] == self.part && self.evaluator.distance(region, place).abs() < 0.2 * half.max_element()
        })
    }
}

/// The eight halves of a box.
fn octants(bounds: Aabb) -> [Aabb; 8] {
    let half = 0.5 * (bounds.max - bounds.min);
    std::array::from_fn(|i| {
        let corner = Vec3::new((i & 1) as f32, (i >> 1 & 1) as f32, (i >> 2) as f32);
        let min = bounds.min + corner * half;
        Aabb { min, max: min + half }
    })
}
