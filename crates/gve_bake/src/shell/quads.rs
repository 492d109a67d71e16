//! The faces of the mesh: two triangles around each edge that the surface crosses.

use glam::{UVec3, Vec3};

use super::{
    cells::CellSet,
    crossings::{Crossing, EdgeSet},
    signs::{SIDE, SignGrid},
    table::axis_after,
};

/// Two triangles of one material, by vertex numbers of the whole mesh.
pub(super) struct Quad {
    pub(super) material: u8,
    pub(super) triangles: [[u32; 3]; 2],
}

/// The cells around an edge, counter-clockwise seen against its axis: how far each stands back along the
/// two axes after it.
const AROUND: [[usize; 2]; 4] = [[1, 1], [0, 1], [0, 0], [1, 0]];

/// The faces around the edges of one brick. `cells` and `bases` hold the vertices of each brick and the
/// number of its first one.
pub(super) fn quads(
    grid: &SignGrid,
    at: UVec3,
    rows: &[[u16; SIDE + 1]; SIDE + 1],
    (edges, crossings): &(EdgeSet, Vec<Crossing>),
    cells: &[CellSet],
    bases: &[u32],
) -> Vec<Quad> {
    let lower = grid.lower_slots(at);
    let mut quads = Vec::with_capacity(edges.len());
    for (edge, crossing) in edges.iter(rows).zip(crossings) {
        let (b, c) = (axis_after(edge.axis, 1), axis_after(edge.axis, 2));
        let mut corners = [(0u32, Vec3::ZERO); 4];
        let mut complete = true;
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
            let vertex = set.vertex(cell, 4 * edge.axis + back_b + 2 * back_c);
            *corner = (base + vertex, set.positions[vertex as usize]);
        }
        debug_assert!(complete, "a crossed edge at the rim of the grid");
        if !complete {
            continue;
        }
        if !edge.low_inside {
            corners.reverse();
        }
        quads.push(Quad {
            material: crossing.material,
            triangles: split(corners, crossing, grid.lattice.cell_size_m),
        });
    }
    quads
}

/// Cuts a quadrilateral along the diagonal that turns no triangle over and passes nearest to the surface,
/// which the crossing in its middle tells: along an edge of the object, not across it.
fn split(corners: [(u32, Vec3); 4], crossing: &Crossing, cell_size: f32) -> [[u32; 3]; 2] {
    let [a, b, c, d] = corners;
    let least = 1e-6 * cell_size * cell_size;
    let turned = |p: Vec3, q: Vec3, r: Vec3| u8::from((q - p).cross(r - p).dot(crossing.normal) < least);
    let off = |p: Vec3, q: Vec3| (0.5 * (p + q) - crossing.point).dot(crossing.normal).abs();
    let (turned_ac, turned_bd) =
        (turned(a.1, b.1, c.1) + turned(a.1, c.1, d.1), turned(b.1, c.1, d.1) + turned(b.1, d.1, a.1));
    let (off_ac, off_bd) = (off(a.1, c.1), off(b.1, d.1));
    let along_ac = if turned_ac != turned_bd {
        turned_ac < turned_bd
    } else if (off_ac - off_bd).abs() > 0.01 * cell_size {
        off_ac < off_bd
    } else {
        a.1.distance_squared(c.1) <= b.1.distance_squared(d.1)
    };
    if along_ac { [[a.0, b.0, c.0], [a.0, c.0, d.0]] } else { [[b.0, c.0, d.0], [b.0, d.0, a.0]] }
}
