//! The order of splats: most important first, so that any prefix is a coarser picture of the whole.

use gve_assets::Splat;
use rayon::prelude::*;

use super::brick::Seed;

/// Among so many splats every part is shown.
const EARLY: usize = 1000;
/// Most splats of a part that are moved up for that.
const MOST_EARLY: usize = 16;

/// Place of a lattice point in the order; smaller goes first.
///
/// The point with both indices even goes before its three neighbours, among the even ones those that
/// are divisible by four go first, and so on: a prefix of a quarter of all splats is the lattice with
/// twice the spacing. Within a level the diagonal neighbour comes next, so that half of all splats are
/// a quincunx and not stripes.
pub(super) fn rank(i: i32, j: i32) -> u32 {
    let (mut key, mut i, mut j) = (0, i as u32, j as u32);
    for _ in 0..16 {
        key = key << 2 | ((i ^ j) & 1) << 1 | j & 1;
        i >>= 1;
        j >>= 1;
    }
    key
}

/// Gives the splats of a brick that several lattices sampled new ranks.
///
/// On a wire a lattice has few lines, whose ranks may all be late ones. So the ranks are dealt out anew in
/// their order, evenly.
pub(super) fn spread(seeds: &mut [Seed]) {
    seeds.sort_by_key(|seed| seed.rank);
    let count = seeds.len() as f64;
    for (seed, index) in seeds.iter_mut().zip(0..) {
        let share = (f64::from(index) + 0.5) / count;
        seed.rank = (share * f64::from(u32::MAX)) as u32;
    }
}

/// All splats in their order. Every part has its first ones among the first [`EARLY`].
pub(super) fn ordered(groups: &[Vec<Seed>], parts: usize) -> Vec<Splat> {
    // Those of one rank stay in the order of the bricks.
    let mut order: Vec<(u32, u32, u32)> = Vec::with_capacity(groups.iter().map(Vec::len).sum());
    for (seeds, group) in groups.iter().zip(0..) {
        order.extend(seeds.iter().zip(0..).map(|(seed, index)| (seed.rank, group, index)));
    }
    order.par_sort_unstable();
    let seed = |&(_, group, index): &(u32, u32, u32)| &groups[group as usize][index as usize];
    // The latest place for the n-th splat of a part is n steps down.
    let floor = (EARLY / 2 / parts.max(1)).clamp(1, MOST_EARLY);
    let step = EARLY / floor;
    let mut counts = vec![0; parts.max(1)];
    let mut early = vec![];
    let mut lacking = counts.len();
    for (place, at) in order.iter().enumerate() {
        let count = &mut counts[usize::from(seed(at).part)];
        *count += 1;
        if *count > floor {
            continue;
        }
        let latest = (*count - 1) * step;
        if place > latest {
            early.push((latest, place));
        }
        lacking -= usize::from(*count == floor);
        if lacking == 0 {
            break;
        }
    }
    if !early.is_empty() {
        order = moved_up(&order, early);
    }
    order.par_iter().map(|at| seed(at).splat).collect()
}

/// Moves items, given as (new place, place), towards the start; the others close ranks.
fn moved_up<T: Copy>(items: &[T], mut moves: Vec<(usize, usize)>) -> Vec<T> {
    moves.sort_unstable();
    let mut is_moved = vec![false; items.len()];
    for &(_, place) in &moves {
        is_moved[place] = true;
    }
    let mut moves = moves.into_iter().peekable();
    let mut out = Vec::with_capacity(items.len());
    for (item, is_moved) in items.iter().zip(is_moved) {
        while let Some((_, place)) = moves.next_if(|&(latest, _)| latest <= out.len()) {
            out.push(items[place]);
        }
        if !is_moved {
            out.push(*item);
        }
    }
    out.extend(moves.map(|(_, place)| items[place]));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_coarser_lattice() {
        const N: i32 = 64;
        let mut points: Vec<_> = (0..N).flat_map(|i| (0..N).map(move |j| (i, j))).collect();
        points.sort_by_key(|&(i, j)| rank(i, j));
        for (k, step) in [(N * N / 4, 2), (N * N / 16, 4), (N * N / 64, 8)] {
            assert!(points[..k as usize].iter().all(|&(i, j)| i % step == 0 && j % step == 0));
        }
        assert!(points[..(N * N / 2) as usize].iter().all(|&(i, j)| (i + j) % 2 == 0));
    }
}
