//! The order of splats: most important first, so that any prefix is a coarser picture of the whole.

/// Place of a lattice point in the order; smaller goes first.
///
/// The point with both indices even goes before its three neighbours, among the even ones those that
/// are divisible by four go first, and so on: a prefix of a quarter of all splats is the lattice with
/// twice the spacing. Within a level the diagonal neighbour comes next, so that half of all splats are
/// a quincunx and not stripes.
pub(super) fn rank(i: u32, j: u32) -> u32 {
    let (mut key, mut i, mut j) = (0, i, j);
    for _ in 0..16 {
        key = key << 2 | ((i ^ j) & 1) << 1 | j & 1;
        i >>= 1;
        j >>= 1;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_coarser_lattice() {
        const N: u32 = 64;
        let mut points: Vec<_> = (0..N).flat_map(|i| (0..N).map(move |j| (i, j))).collect();
        points.sort_by_key(|&(i, j)| rank(i, j));
        for (k, step) in [(N * N / 4, 2), (N * N / 16, 4), (N * N / 64, 8)] {
            assert!(points[..k as usize].iter().all(|&(i, j)| i % step == 0 && j % step == 0));
        }
        assert!(points[..(N * N / 2) as usize].iter().all(|&(i, j)| (i + j) % 2 == 0));
    }
}
