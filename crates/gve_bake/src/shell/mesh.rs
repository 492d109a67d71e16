//! The triangles of all cells together.

use std::collections::BTreeMap;

use glam::Vec3;
use gve_assets::{Shell, ShellPart};
use gve_types::limits;

use super::{
    cells::CellSet,
    crossings::Crossing,
    quads::Quad,
    tree::{Faces, Placed},
};
use crate::BakeError;

/// How far simplification may move the surface, as a share of the grid's cell.
const CELL_SHARE: f32 = 0.064;

/// A triangle of a mesh in the making.
#[derive(Debug, Clone, Copy)]
pub(super) struct Triangle {
    pub(super) vertices: [u32; 3],
    /// The crossing that it stands about; its material is the triangle's.
    pub(super) crossing: u32,
}

/// A mesh in the making.
pub(super) struct Mesh {
    pub(super) positions: Vec<Vec3>,
    pub(super) normals: Vec<Vec3>,
    /// For each vertex the first one at the same point of the surface.
    pub(super) weld: Vec<u32>,
    pub(super) triangles: Vec<Triangle>,
    /// What triangles stand about: where an edge of the cells passes through the surface.
    pub(super) crossings: Vec<Crossing>,
    /// First vertices that stand outside their cell, and the best place in it.
    pub(super) strays: Vec<(u32, Vec3)>,
    /// How far the surface may be off at each vertex when the mesh is simplified, metres.
    pub(super) allowed_m: Vec<f32>,
    /// The vertices from here on stand in leaves of trees.
    pub(super) tree_base: u32,
    /// Whether each of those stands in a leaf that is too coarse.
    pub(super) is_doubtful: Vec<bool>,
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
            crossings: Vec::new(),
            strays: Vec::new(),
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
        let mut strays = Vec::new();
        for set in cells {
            let base = add(&set.positions, &set.normals, &set.weld);
            strays.extend(set.strays.iter().map(|&(vertex, home)| (base + vertex, home)));
        }
        let base = add(&placed.positions, &placed.normals, &placed.weld);
        strays.extend(placed.strays.iter().map(|&(vertex, home)| (base + vertex, home)));
        (mesh.tree_base, mesh.strays) = (base, strays);
        mesh.allowed_m = vec![CELL_SHARE * cell_size_m; mesh.tree_base as usize];
        mesh.allowed_m.extend(placed.allowed_m.iter().map(|allowed| allowed.min(CELL_SHARE * cell_size_m)));
        for quad in quads.iter().flatten() {
            let crossing = mesh.crossings.len() as u32;
            mesh.crossings.push(quad.crossing);
            mesh.triangles.extend(quad.triangles.map(|vertices| Triangle { vertices, crossing }));
        }
        let (base, first) = (mesh.tree_base, mesh.crossings.len() as u32);
        mesh.crossings.extend_from_slice(&faces.crossings);
        mesh.triangles.extend(faces.triangles.iter().map(|triangle| Triangle {
            vertices: triangle.vertices.map(|i| base + i),
            crossing: first + triangle.crossing,
        }));
        mesh
    }

    pub(super) fn material(&self, triangle: &Triangle) -> u8 {
        self.crossings[triangle.crossing as usize].material
    }

    /// Where the corners of a triangle are.
    pub(super) fn corners(&self, triangle: &Triangle) -> [Vec3; 3] {
        triangle.vertices.map(|i| self.positions[i as usize])
    }

    /// Gives corners whose normal is against their face the face's own: slivers that stand askew on an edge.
    pub(super) fn turn_normals(&mut self) {
        for t in 0..self.triangles.len() {
            let [a, b, c] = self.corners(&self.triangles[t]);
            let plane = (b - a).cross(c - a);
            for i in 0..3 {
                let vertex = self.triangles[t].vertices[i] as usize;
                if self.normals[vertex].dot(plane) >= 0.0 {
                    continue;
                }
                // One whose sides differ by a rounding has no normal.
                if let Some(normal) = plane.try_normalize() {
                    self.triangles[t].vertices[i] = self.positions.len() as u32;
                    self.positions.push(self.positions[vertex]);
                    self.normals.push(normal);
                    self.weld.push(self.weld[vertex]);
                }
            }
        }
    }

    /// Leaves out vertices that no triangle uses and sorts triangles by material.
    pub(super) fn finish(self) -> Result<Shell, BakeError> {
        let mut is_used = vec![false; self.positions.len()];
        for &i in self.triangles.iter().flat_map(|triangle| &triangle.vertices) {
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
        for triangle in &self.triangles {
            *counts.entry(self.material(triangle)).or_default() += 3;
        }
        let mut ends = [0usize; 256];
        let mut first_index = 0;
        for (&material, &index_count) in &counts {
            shell.parts.push(ShellPart { material: u32::from(material), first_index, index_count });
            ends[usize::from(material)] = first_index as usize;
            first_index += index_count;
        }
        shell.indices.resize(first_index as usize, 0);
        for triangle in &self.triangles {
            let end = &mut ends[usize::from(self.material(triangle))];
            shell.indices[*end..*end + 3].copy_from_slice(&triangle.vertices.map(|i| number[i as usize]));
            *end += 3;
        }
        Ok(shell)
    }
}
