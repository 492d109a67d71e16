//! The triangles of all cells together.

use std::collections::BTreeMap;

use glam::Vec3;
use gve_assets::{Shell, ShellPart};
use gve_sdf::Aabb;
use gve_types::limits;

use super::{
    cells::CellSet,
    quads::Quad,
    simplify::simplify,
    tree::{Faces, Placed},
};
use crate::BakeError;

/// How far simplification may move the surface, as a share of the grid's cell.
const CELL_SHARE: f32 = 0.03;

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

/// A mesh in the making.
pub(super) struct Mesh {
    pub(super) positions: Vec<Vec3>,
    pub(super) normals: Vec<Vec3>,
    /// For each vertex the first one at the same point of the surface.
    pub(super) weld: Vec<u32>,
    /// Material and vertices of each triangle.
    pub(super) triangles: Vec<(u8, [u32; 3])>,
    /// How far the surface may be off at each vertex when the mesh is simplified, metres.
    allowed_m: Vec<f32>,
    /// The vertices from here on stand in leaves of trees.
    tree_base: u32,
    /// Whether each of those stands in a leaf that is too coarse.
    is_doubtful: Vec<bool>,
}

impl Mesh {
    pub(super) fn new(
        cells: &[CellSet],
        quads: &[Vec<Quad>],
        placed: &Placed,
        faces: &Faces,
        cell_size_m: f32,
    ) -> Self {
        let count = cells.iter().map(|set| set.positions.len()).sum::<usize>() + placed.positions.len();
        let mut mesh = Self {
            positions: Vec::with_capacity(count),
            normals: Vec::with_capacity(count),
            weld: Vec::with_capacity(count),
            triangles: Vec::new(),
            allowed_m: Vec::new(),
            tree_base: 0,
            is_doubtful: placed.is_doubtful.clone(),
        };
        let mut add = |positions: &[Vec3], normals: &[Vec3], weld: &[u32]| {
            let base = mesh.positions.len() as u32;
            mesh.positions.extend_from_slice(positions);
            mesh.normals.extend_from_slice(normals);
            mesh.weld.extend(weld.iter().map(|weld| base + weld));
            base
        };
        for set in cells {
            add(&set.positions, &set.normals, &set.weld);
        }
        mesh.tree_base = add(&placed.positions, &placed.normals, &placed.weld);
        mesh.allowed_m = vec![CELL_SHARE * cell_size_m; mesh.tree_base as usize];
        mesh.allowed_m.extend(placed.allowed_m.iter().map(|allowed| allowed.min(CELL_SHARE * cell_size_m)));
        let quads = quads.iter().flatten();
        mesh.triangles
            .extend(quads.flat_map(|quad| quad.triangles.map(|triangle| (quad.material, triangle))));
        let base = mesh.tree_base;
        mesh.triangles.extend(faces.triangles.iter().map(|&(m, triangle)| (m, triangle.map(|i| base + i))));
        mesh
    }

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
        for (_, triangle) in &self.triangles {
            let [a, b, c] = triangle.map(|i| self.positions[i as usize]);
            let area = f64::from((b - a).cross(c - a).length());
            let doubtful = triangle.iter().any(|&i| is_doubtful(i));
            let piece = all.entry(pieces[triangle[0] as usize]).or_default();
            piece.areas[usize::from(doubtful)] += area;
            piece.bounds = Aabb { min: piece.bounds.min.min(a), max: piece.bounds.max.max(a) };
        }
        self.triangles.retain(|(_, triangle)| {
            all.get(&pieces[triangle[0] as usize]).is_some_and(|piece| !piece.is_crumb(limit_m))
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
        for (_, [a, b, c]) in &self.triangles {
            let a = root(&mut parent, *a);
            for other in [*b, *c] {
                let other = root(&mut parent, other);
                let (low, high) = (a.min(other), a.max(other));
                parent[high as usize] = low;
            }
        }
        (0..parent.len() as u32).map(|i| root(&mut parent, i)).collect()
    }

    /// Does with fewer triangles where the surface bends little.
    pub(super) fn simplify(&mut self) {
        let allowed: Vec<f32> = self.allowed_m.iter().map(|by| by * by).collect();
        simplify(self, &allowed);
    }

    /// Leaves out vertices that no triangle uses and sorts triangles by material.
    pub(super) fn finish(self) -> Result<Shell, BakeError> {
        let mut is_used = vec![false; self.positions.len()];
        for &i in self.triangles.iter().flat_map(|(_, triangle)| triangle) {
            is_used[i as usize] = true;
        }
        let mut shell = Shell::default();
        let mut number = vec![u32::MAX; self.positions.len()];
        // The first vertex at a point may be one of those left out; then the next one takes its place.
        let mut first_at = vec![u32::MAX; self.positions.len()];
        for i in (0..self.positions.len()).filter(|&i| is_used[i]) {
            let new = shell.positions.len() as u32;
            number[i] = new;
            let first = &mut first_at[self.weld[i] as usize];
            *first = new.min(*first);
            shell.positions.push(self.positions[i].to_array());
            shell.normals.push(self.normals[i].to_array());
            shell.weld.push(*first);
        }
        for (what, found, max) in [
            ("triangles", self.triangles.len(), limits::MAX_SHELL_TRIANGLES),
            ("vertices", shell.positions.len(), limits::MAX_SHELL_VERTICES),
        ] {
            if found > max as usize {
                return Err(BakeError::ShellTooLarge { what, found: found as u64, max: max.into() });
            }
        }
        let mut counts: BTreeMap<u8, u32> = BTreeMap::new();
        for (material, _) in &self.triangles {
            *counts.entry(*material).or_default() += 3;
        }
        let mut ends = [0usize; 256];
        let mut first_index = 0;
        for (&material, &index_count) in &counts {
            shell.parts.push(ShellPart { material: u32::from(material), first_index, index_count });
            ends[usize::from(material)] = first_index as usize;
            first_index += index_count;
        }
        shell.indices.resize(first_index as usize, 0);
        for (material, triangle) in &self.triangles {
            let end = &mut ends[usize::from(*material)];
            shell.indices[*end..*end + 3].copy_from_slice(&triangle.map(|i| number[i as usize]));
            *end += 3;
        }
        Ok(shell)
    }
}
