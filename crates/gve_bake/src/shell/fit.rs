//! A simplified surface that runs as much outside of the true one as inside.
//!
//! Vertices on the surface leave everything between them on its hollow side. Each vertex of a smooth place is
//! moved along its normal by the mean distance of the triangles around it, the least-squares fit with a lumped
//! matrix, which about halves the error.

use glam::Vec3;
use gve_sdf::{Evaluator, Field};
use rayon::prelude::*;

use super::{
    mesh::{Mesh, Triangle},
    signs::{SIDE, SignGrid},
};
use crate::points::{Points, resize};

/// Points that are handed to a thread at a time, at most.
const CHUNK: usize = 2048;
/// The mean distance between a triangle and the surface as a share of that in its middle, where the surface is
/// bent like a ball or a cylinder.
const MEAN_SHARE: f32 = 0.75;
/// Cosine between normals that count as one.
const SAME_COS: f32 = 0.999;

/// How the surface stands at a point.
#[derive(Clone, Copy, Default)]
struct Fit {
    /// Weighted sums of one and of the distances around.
    weight: f32,
    distance: f32,
    /// A vertex that is used there, plus one.
    vertex: u32,
    /// Whether it stays: where the surface has an edge, or the mesh must be as it is.
    stays: bool,
}

/// Positions of all vertices after the fit of `triangles`. Points that are fixed stay, and so do folds.
pub(super) fn balanced(
    field: &Field,
    grid: &SignGrid,
    mesh: &Mesh,
    triangles: &[Triangle],
    is_fixed: &[bool],
) -> Vec<Vec3> {
    let mut fits = vec![Fit::default(); mesh.positions.len()];
    for triangle in triangles {
        let [a, b, c] = mesh.corners(triangle);
        let plane = (b - a).cross(c - a);
        let is_folded = triangle.vertices.iter().any(|&i| mesh.normals[i as usize].dot(plane) <= 0.0);
        for vertex in triangle.vertices {
            let fit = &mut fits[mesh.weld[vertex as usize] as usize];
            if fit.vertex == 0 {
                fit.vertex = vertex + 1;
                fit.stays = is_fixed[mesh.weld[vertex as usize] as usize];
            } else {
                let normals = [fit.vertex - 1, vertex].map(|i| mesh.normals[i as usize]);
                fit.stays |= normals[0].dot(normals[1]) < SAME_COS;
            }
            fit.stays |= is_folded;
        }
    }
    let mut samples: Vec<(u32, u32)> = (0..triangles.len() as u32)
        .into_par_iter()
        .with_min_len(512)
        .filter(|&t| mesh.points(&triangles[t as usize]).iter().any(|&point| !fits[point as usize].stays))
        .map(|t| {
            let at = (middle(mesh, &triangles[t as usize]) - grid.lattice.origin) / grid.lattice.cell_size_m;
            (grid.slot((at / SIDE as f32).floor().as_ivec3()), t)
        })
        .collect();
    samples.par_sort_unstable();
    let groups: Vec<&[(u32, u32)]> =
        samples.chunk_by(|a, b| a.0 == b.0).flat_map(|group| group.chunks(CHUNK)).collect();
    let found: Vec<Vec<f32>> = groups
        .par_iter()
        .map_init(
            || (Evaluator::new(field), Points::default()),
            |(evaluator, points), group| {
                points.clear();
                group.iter().for_each(|&(_, t)| points.push(middle(mesh, &triangles[t as usize])));
                let mut distances = Vec::new();
                resize(&mut distances, points.len());
                let brick = grid.bricks.get(group[0].0 as usize);
                let region = brick.map_or_else(|| evaluator.root(), |brick| brick.region.clone());
                evaluator.distances(&region, &points.xs, &points.ys, &points.zs, &mut distances);
                distances
            },
        )
        .collect();
    for (&(_, t), &distance) in samples.iter().zip(found.iter().flatten()) {
        let [a, b, c] = mesh.corners(&triangles[t as usize]);
        let area = (b - a).cross(c - a).length();
        for point in mesh.points(&triangles[t as usize]) {
            let fit = &mut fits[point as usize];
            fit.weight += area;
            fit.distance += area * distance;
        }
    }
    (mesh.positions.iter().enumerate())
        .map(|(vertex, &position)| {
            let fit = fits[mesh.weld[vertex] as usize];
            let most = mesh.allowed_m[vertex];
            let step = -MEAN_SHARE * fit.distance / fit.weight;
            let may_move = fit.vertex > 0 && !fit.stays && step.is_finite();
            if may_move {
                position + step.clamp(-most, most) * mesh.normals[fit.vertex as usize - 1]
            } else {
                position
            }
        })
        .collect()
}

/// The middle of a triangle.
fn middle(mesh: &Mesh, triangle: &Triangle) -> Vec3 {
    let [a, b, c] = mesh.corners(triangle);
    (a + b + c) / 3.0
}
