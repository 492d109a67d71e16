//! How the surface runs through one cell.
//!
//! Nielson, "Dual Marching Cubes", IEEE Visualization 2004: a cell gets one vertex for each closed curve
//! in which the surface meets the cell's faces, so that parts of the surface that pass through the same
//! cell unconnected stay unconnected in the mesh. A face whose four edges all cross the surface is
//! ambiguous: the signs alone do not tell which of its crossings belong together. Cells with such a face are
//! left to [`super::tree`].

use std::sync::LazyLock;

/// Edges of a cell. Edge `4 a + i + 2 j` runs along axis `a`, at offset `i` along the axis after it and
/// `j` along the one after that (cyclic).
pub(super) const EDGES: usize = 12;
/// Most curves in a cell: one around each of four corners.
pub(super) const MAX_CURVES: usize = 4;
/// Marks an edge that the surface does not cross.
pub(super) const NONE: u8 = u8::MAX;

/// The curves of one arrangement of corner signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Curves {
    /// Number of the curve that crosses each edge, or [`NONE`].
    pub(super) of_edge: [u8; EDGES],
    /// For each curve a bit for every edge that it crosses.
    pub(super) edges: [u16; MAX_CURVES],
    /// How many curves.
    pub(super) count: u8,
}

/// Curves for every arrangement; bit `x + 2 y + 4 z` of the index is set for an inside corner.
pub(super) struct Table {
    curves: [Curves; 256],
    is_ambiguous: [bool; 256],
}

/// The table; built once.
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// Step of the axis that is `by` after `axis`, cyclic.
pub(super) const fn axis_after(axis: usize, by: usize) -> usize {
    (axis + by) % 3
}

/// Low corner of each edge of a cell, as an offset of 0 or 1 along each axis, and the edge's axis.
pub(super) static EDGE_CORNERS: [([usize; 3], usize); EDGES] = {
    let mut table = [([0; 3], 0); EDGES];
    let mut edge = 0;
    while edge < EDGES {
        let axis = edge / 4;
        let mut corner = [0; 3];
        corner[axis_after(axis, 1)] = edge & 1;
        corner[axis_after(axis, 2)] = edge >> 1 & 1;
        table[edge] = (corner, axis);
        edge += 1;
    }
    table
};

/// The axis of a face and whether it is the high one; faces are numbered `2 axis + high`.
pub(super) const fn face_axis(face: u8) -> (usize, bool) {
    (face as usize / 2, face & 1 == 1)
}

impl Table {
    fn new() -> Self {
        let blank = [Curves { of_edge: [NONE; EDGES], edges: [0; MAX_CURVES], count: 0 }; 256];
        let mut table = Self { curves: blank, is_ambiguous: [false; 256] };
        for signs in 0..=255u8 {
            let i = signs as usize;
            table.curves[i] = curves(signs);
            table.is_ambiguous[i] =
                (0..6).any(|face| face_edges(face).into_iter().all(|edge| crosses(signs, edge)));
        }
        table
    }

    /// Whether a face of the cell has four crossings.
    pub(super) fn is_ambiguous(&self, signs: u8) -> bool {
        self.is_ambiguous[signs as usize]
    }

    /// Curves of a cell.
    pub(super) fn curves(&self, signs: u8) -> &Curves {
        &self.curves[signs as usize]
    }
}

/// The four edges of a face in cyclic order.
fn face_edges(face: u8) -> [usize; 4] {
    let (axis, high) = face_axis(face);
    let (b, c) = (axis_after(axis, 1), axis_after(axis, 2));
    let high = usize::from(high);
    // Along b the axis after is c, the one after that is `axis`; along c these are `axis` and b.
    let along_b = |at_c: usize| 4 * b + at_c + 2 * high;
    let along_c = |at_b: usize| 4 * c + high + 2 * at_b;
    [along_b(0), along_c(1), along_b(1), along_c(0)]
}

fn is_inside(signs: u8, corner: [usize; 3]) -> bool {
    signs >> (corner[0] + 2 * corner[1] + 4 * corner[2]) & 1 == 1
}

fn crosses(signs: u8, edge: usize) -> bool {
    let (low, axis) = EDGE_CORNERS[edge];
    let mut high = low;
    high[axis] = 1;
    is_inside(signs, low) != is_inside(signs, high)
}

fn curves(signs: u8) -> Curves {
    // Joins the edges that follow each other on a face.
    let mut root: [usize; EDGES] = std::array::from_fn(|edge| edge);
    let mut join = |a: usize, b: usize| {
        let (from, to) = (root[a].max(root[b]), root[a].min(root[b]));
        for r in &mut root {
            if *r == from {
                *r = to;
            }
        }
    };
    for face in 0..6 {
        let edges = face_edges(face);
        let crossed: Vec<usize> = edges.into_iter().filter(|&edge| crosses(signs, edge)).collect();
        match crossed[..] {
            [a, b] => join(a, b),
            [a, b, c, d] => {
                // Edges 0 and 3 meet in the corner where both are low, 0 and 1 in the next.
                let (axis, high) = face_axis(face);
                let mut corner = [0; 3];
                corner[axis] = usize::from(high);
                if is_inside(signs, corner) {
                    join(d, a);
                    join(b, c);
                } else {
                    join(a, b);
                    join(c, d);
                }
            }
            _ => {}
        }
    }
    let mut result = Curves { of_edge: [NONE; EDGES], edges: [0; MAX_CURVES], count: 0 };
    for edge in (0..EDGES).filter(|&edge| crosses(signs, edge)) {
        if root[edge] == edge {
            result.of_edge[edge] = result.count;
            result.count += 1;
        } else {
            result.of_edge[edge] = result.of_edge[root[edge]];
        }
        result.edges[result.of_edge[edge] as usize] |= 1 << edge;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crossed_edge_is_on_one_curve_and_a_curve_has_three_or_more() {
        for signs in 0..=255u8 {
            let curves = TABLE.curves(signs);
            {
                for edge in 0..EDGES {
                    assert_eq!(crosses(signs, edge), curves.of_edge[edge] != NONE);
                }
                for curve in 0..curves.count {
                    let edges = curves.edges[curve as usize];
                    assert!(edges.count_ones() >= 3, "{signs:08b}");
                    assert!((0..EDGES).all(|i| (curves.of_edge[i] == curve) == (edges >> i & 1 == 1)));
                }
            }
        }
    }

    #[test]
    fn known_arrangements() {
        // One corner, an edge, two corners across a face, two across the cell, and its complement.
        for (signs, count) in [(1, 1), (3, 1), (0b1001, 2), (0b1000_0001, 2), (0b1111_0110, 1)] {
            assert_eq!(TABLE.curves(signs).count, count, "{signs:08b}");
        }
        assert!(TABLE.is_ambiguous(0b1111_0110) && TABLE.is_ambiguous(0b1001) && !TABLE.is_ambiguous(0b1011));
    }

    /// For every pair of neighbouring cells, each mesh edge through their common face has two crossings,
    /// unless one of them is left to the trees.
    #[test]
    fn mesh_edges_between_neighbours_are_manifold() {
        for axis in 0..3 {
            for bits in 0..1u32 << 12 {
                // Corners 0..4 lie in the low face, 4..8 in the common one, 8..12 in the high one.
                let cell = |from: u32| {
                    (0..8u32).fold(0u8, |signs, corner| {
                        let o = [corner & 1, corner >> 1 & 1, corner >> 2];
                        let at = 4 * (o[axis] + from) + o[axis_after(axis, 1)] + 2 * o[axis_after(axis, 2)];
                        signs | ((bits >> at & 1) as u8) << corner
                    })
                };
                let (low, high) = (cell(0), cell(1));
                let high_face = 2 * axis as u8 + 1;
                if TABLE.is_ambiguous(low) || TABLE.is_ambiguous(high) {
                    continue;
                }
                let (low_curves, high_curves) = (TABLE.curves(low), TABLE.curves(high));
                let mut pairs: Vec<(u8, u8)> = face_edges(high_face)
                    .into_iter()
                    .zip(face_edges(high_face ^ 1))
                    .map(|(a, b)| (low_curves.of_edge[a], high_curves.of_edge[b]))
                    .filter(|&(a, _)| a != NONE)
                    .collect();
                pairs.sort_unstable();
                for pair in &pairs {
                    assert_eq!(pairs.iter().filter(|p| *p == pair).count(), 2, "{bits:012b} axis {axis}");
                }
            }
        }
    }
}
