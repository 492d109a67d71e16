//! The faces of the mesh: two triangles around each edge that the surface crosses.

use glam::{UVec3, Vec3};

use super::{
    cells::CellSet,
    crossings::{Crossing, EdgeSet},
    signs::{SIDE, SignGrid},
    table::axis_after,
    tree::{Placed, Tree},
};

/// Two triangles about a crossing, by vertex numbers of the whole mesh.
pub(super) struct Quad {
    pub(super) crossing: Crossing,
    pub(super) triangles: [[u32; 3]; 2],
}

/// The cells around an edge, counter-clockwise seen against its axis: how far each stands back along the
/// two axes after it.
pub(super) const AROUND: [[usize; 2]; 4] = [[1, 1], [0, 1], [0, 0], [1, 0]];

/// The vertices of all cells of the grid.
pub(super) struct Vertices<'a> {
    /// Those of each brick.
    pub(super) cells: &'a [CellSet],
    /// The number of the first of each brick.
    pub(super) bases: &'a [u32],
    /// The cells that are leaves of trees, and their vertices.
    pub(super) tree: &'a Tree<'a>,
    pub(super) placed: &'a Placed,
    /// The number of the first of those.
    pub(super) tree_base: u32,
    /// Bits of the cells of each brick that belong to the trees.
    pub(super) masks: Vec<[u64; SIDE]>,
}

/// The faces around the edges of one brick, but for those that are the trees' own.
pub(super) fn quads(
    grid: &SignGrid,
    at: UVec3,
    rows: &[[u16; SIDE + 1]; SIDE + 1],
    (edges, crossings): &(EdgeSet, Vec<Crossing>),
    vertices: &Vertices<'_>,
) -> Vec<Quad> {
    let Vertices { cells, bases, .. } = vertices;
    let lower = grid.lower_slots(at);
    let mut quads = Vec::with_capacity(edges.len());
    for (edge, crossing) in edges.iter(rows).zip(crossings) {
        let (b, c) = (axis_after(edge.axis, 1), axis_after(edge.axis, 2));
        let mut corners = [(0u32, Vec3::ZERO); 4];
        let mut complete = true;
        let mut in_trees = 0;
        for (corner, [back_b, back_c]) in corners.iter_mut().zip(AROUND) {
            let mut cell = edge.low;
            let mut owner = 0;
            for (axis, back) in [(b, back_b), (c, back_c)] {
                if cell[axis] < back {
                    cell[axis] += SIDE;
                    owner |= 1 << axis;
                }
                cell[axis] -= back;
            }
            // The grid's outermost samples are outside, so every crossed edge has its four cells.
            let slot = lower[owner] as usize;
            let (Some(set), Some(base)) = (cells.get(slot), bases.get(slot)) else {
                complete = false;
                continue;
            };
            if vertices.masks[slot][cell[2]] >> (cell[0] + SIDE * cell[1]) & 1 == 1 {
                in_trees += 1;
                let low = at * SIDE as u32 + UVec3::from_array(edge.low.map(|i| i as u32));
                let mut of = low;
                of[b] = of[b].wrapping_sub(back_b as u32);
                of[c] = of[c].wrapping_sub(back_c as u32);
                match vertices.tree.vertex(vertices.placed, of, low, edge.axis) {
                    Some(vertex) => {
                        *corner = (vertices.tree_base + vertex, vertices.placed.positions[vertex as usize]);
                    }
                    None => complete = false,
                }
                continue;
            }
            let vertex = set.vertex(cell, 4 * edge.axis + back_b + 2 * back_c);
            *corner = (base + vertex, set.positions[vertex as usize]);
        }
        if in_trees == 4 {
            continue;
        }
        debug_assert!(complete, "a crossed edge at the rim of the grid");
        if !complete {
            continue;
        }
        if !edge.low_inside {
            corners.reverse();
        }
        quads.push(Quad {
            crossing: *crossing,
            triangles: split(corners, crossing, grid.lattice.cell_size_m),
        });
    }
    quads
}

/// Positions of the corners of a quadrilateral.
pub(super) type Corners = [Vec3; 4];

/// How a quadrilateral is best cut in two.
pub(super) struct Cut {
    /// Whether along the diagonal from the first corner to the third.
    pub(super) along_ac: bool,
    /// Whether the diagonals from the first and from the second corner turn a triangle over.
    pub(super) turns: [bool; 2],
}

/// Chooses the diagonal that turns no triangle over and passes nearest to the surface, which the crossing
/// in the middle tells: along an edge of the object, not across it.
pub(super) fn cut([a, b, c, d]: Corners, crossing: &Crossing, cell_size: f32) -> Cut {
    let least = 1e-6 * cell_size * cell_size;
    let turned = |p: Vec3, q: Vec3, r: Vec3| u8::from((q - p).cross(r - p).dot(crossing.normal) < least);
    let off = |p: Vec3, q: Vec3| (0.5 * (p + q) - crossing.point).dot(crossing.normal).abs();
    let (turned_ac, turned_bd) = (turned(a, b, c) + turned(a, c, d), turned(b, c, d) + turned(b, d, a));
    let (off_ac, off_bd) = (off(a, c), off(b, d));
    let along_ac = if turned_ac != turned_bd {
        turned_ac < turned_bd
    } else if (off_ac - off_bd).abs() > 0.01 * cell_size {
        off_ac < off_bd
    } else {
        a.distance_squared(c) <= b.distance_squared(d)
    };
    Cut { along_ac, turns: [turned_ac > 0, turned_bd > 0] }
}

fn split(corners: [(u32, Vec3); 4], crossing: &Crossing, cell_size: f32) -> [[u32; 3]; 2] {
    let [a, b, c, d] = corners.map(|(vertex, _)| vertex);
    let cut = cut(corners.map(|(_, position)| position), crossing, cell_size);
    if cut.along_ac { [[a, b, c], [a, c, d]] } else { [[b, c, d], [b, d, a]] }
}
