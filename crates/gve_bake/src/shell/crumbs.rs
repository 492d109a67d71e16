//! Pieces of the mesh that are no part of the object.

use std::collections::BTreeMap;

use gve_sdf::Aabb;

use super::mesh::{Mesh, Triangle};

/// A connected piece.
struct Piece {
    /// Area in cells that are fine enough, and in those that are not; twice the square metres.
    areas: [f64; 2],
    bounds: Aabb,
}

impl Default for Piece {
    fn default() -> Self {
        Self { areas: [0.0; 2], bounds: Aabb::EMPTY }
    }
}

impl Piece {
    /// Whether it is a piece of something that is thinner than `limit_m`, met by chance.
    fn is_crumb(&self, limit_m: f32) -> bool {
        let longest_m = self.bounds.size().max_element();
        let [sure, doubtful] = self.areas;
        longest_m < limit_m
            || doubtful > 0.0 && longest_m < CRUMB_LENGTHS * limit_m
            || doubtful > CRUMB_SHARE * (sure + doubtful)
    }
}

/// Pieces that are not longer than so many times the thinnest part, and partly in cells that are too coarse,
/// are left out.
const CRUMB_LENGTHS: f32 = 8.0;
/// Pieces of which a larger share of the area stands in cells that are too coarse are left out.
const CRUMB_SHARE: f64 = 0.25;

impl Mesh {
    /// Leaves out pieces that stand in good part in cells that are too coarse for them: what the finest cells
    /// meet now and then of something that they cannot hold.
    pub(super) fn drop_crumbs(&mut self, limit_m: f32) {
        if self.is_doubtful.is_empty() {
            return;
        }
        let pieces = self.pieces();
        let is_doubtful =
            |i: u32| (i as usize).checked_sub(self.tree_base as usize).is_some_and(|i| self.is_doubtful[i]);
        let mut all: BTreeMap<u32, Piece> = BTreeMap::new();
        for &Triangle { vertices, .. } in &self.triangles {
            let [a, b, c] = vertices.map(|i| self.positions[i as usize]);
            let area = f64::from((b - a).cross(c - a).length());
            let doubtful = vertices.iter().any(|&i| is_doubtful(i));
            let piece = all.entry(pieces[vertices[0] as usize]).or_default();
            piece.areas[usize::from(doubtful)] += area;
            piece.bounds = Aabb { min: piece.bounds.min.min(a), max: piece.bounds.max.max(a) };
        }
        self.triangles.retain(|triangle| {
            all.get(&pieces[triangle.vertices[0] as usize]).is_some_and(|piece| !piece.is_crumb(limit_m))
        });
    }

    /// For each vertex a number that its whole piece shares.
    fn pieces(&self) -> Vec<u32> {
        let mut parent = self.weld.clone();
        fn root(parent: &mut [u32], mut i: u32) -> u32 {
            while parent[i as usize] != i {
                parent[i as usize] = parent[parent[i as usize] as usize];
                i = parent[i as usize];
            }
            i
        }
        for &Triangle { vertices: [a, b, c], .. } in &self.triangles {
            let a = root(&mut parent, a);
            for other in [b, c] {
                let other = root(&mut parent, other);
                let (low, high) = (a.min(other), a.max(other));
                parent[high as usize] = low;
            }
        }
        (0..parent.len() as u32).map(|i| root(&mut parent, i)).collect()
    }
}
