//! A simple mesh that passes through itself nowhere.
//!
//! The mesh is simplified as if nothing could go wrong. Then triangles that pass through each other are looked
//! for; around them the mesh is mended as the cells made it, and stays as it is when the whole is simplified
//! once more.

use std::hash::Hasher;

use glam::Vec3;
use gve_sdf::Field;
use rayon::prelude::*;

use super::{
    fit,
    intersect::{Bounds, Facet, Places, crossing_pairs},
    key::{KeyHasher, Set},
    mend::Mender,
    mesh::{Mesh, Triangle},
    signs::SignGrid,
    simplify::{Leave, Simplifier},
};

/// Most times that the mesh is simplified.
const ROUNDS: u32 = 8;
/// How far around a fault the mesh stays as it is, in cells; half as much again every round.
const MARGIN_CELLS: f32 = 0.25;
/// Side of the bins that faults are sorted into, in cells.
const BIN_CELLS: f32 = 4.0;

/// Does with fewer triangles where the surface bends little.
pub(super) fn simplify_soundly(mesh: &mut Mesh, field: &Field, grid: &SignGrid) {
    let cell_size_m = grid.lattice.cell_size_m;
    let mut is_fixed = vec![false; mesh.positions.len()];
    let (mut simplifier, mut mender) = (Simplifier::default(), None);
    let mut before = Before::default();
    let (mut margin_m, bin_m) = (MARGIN_CELLS * cell_size_m, BIN_CELLS * cell_size_m);
    for round in 1.. {
        let allowed: Vec<f32> = mesh.allowed_m.iter().map(|by| by * by).collect();
        let leave = Leave { allowed: &allowed, is_fixed: &is_fixed, cell_size_m };
        let triangles = simplifier.simplify(mesh, &leave);
        let positions = fit::balanced(field, grid, mesh, &triangles, &is_fixed);
        let faults = faults(mesh, &positions, &triangles, [margin_m, bin_m], &mut before);
        if faults.is_empty() || round == ROUNDS {
            (mesh.triangles, mesh.positions) = (triangles, positions);
            return;
        }
        let places = Places::new(&faults, bin_m);
        mender.get_or_insert_with(|| Mender::new(mesh)).mend(mesh, &places);
        is_fixed.resize(mesh.positions.len(), false);
        for triangle in mesh.triangles_in(&places) {
            for point in mesh.points(&triangle) {
                is_fixed[point as usize] = true;
            }
        }
        margin_m *= 1.5;
    }
}

/// What was known the last time that faults were looked for.
#[derive(Default)]
struct Before {
    /// Hashes of all triangles.
    prints: Set<u64>,
    faults: Vec<Bounds>,
}

/// Boxes about the places where triangles pass through each other: where they did before, and where triangles are
/// new.
fn faults(
    mesh: &Mesh,
    positions: &[Vec3],
    triangles: &[Triangle],
    [margin_m, bin_m]: [f32; 2],
    before: &mut Before,
) -> Vec<Bounds> {
    let mut facets: Vec<Facet> = (triangles.par_iter().with_min_len(2048))
        .map(|triangle| Facet {
            points: mesh.points(triangle),
            corners: triangle.vertices.map(|i| positions[i as usize]),
        })
        .collect();
    let prints: Set<u64> = facets.iter().map(print).collect();
    if !before.prints.is_empty() {
        let new = facets.iter().filter(|facet| !before.prints.contains(&print(facet)));
        let boxes: Vec<Bounds> = new.map(Facet::bounds).chain(before.faults.iter().copied()).collect();
        let places = Places::new(&boxes, bin_m);
        facets.retain(|facet| places.touch(&facet.bounds()));
    }
    let faults: Vec<Bounds> = (crossing_pairs(&facets).into_iter())
        .map(|(i, k)| {
            let [a, b] = [i, k].map(|i| facets[i as usize].bounds());
            Bounds { min: a.min.max(b.min) - margin_m, max: a.max.min(b.max) + margin_m }
        })
        .collect();
    *before = Before { prints, faults: faults.clone() };
    faults
}

/// A hash of where a triangle is.
fn print(facet: &Facet) -> u64 {
    let mut hasher = KeyHasher::default();
    for corner in facet.corners {
        corner.to_array().iter().for_each(|x| hasher.write_u32(x.to_bits()));
    }
    hasher.finish()
}
