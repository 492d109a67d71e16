//! Dual contouring of the 64-primitive sample beside fidget's.

use std::collections::HashMap;

use glam::Vec3;
use gve_sdf::{Evaluator, Field};

use super::{
    figure::{Figure, time_in_turn},
    peer::{FidgetField, cube},
    sample_of_64,
};

pub(super) fn figures() -> anyhow::Result<Vec<Figure>> {
    let sample = sample_of_64()?;
    let field = sample.field()?;
    let peer = FidgetField::new(&field)?;
    let mut figures = Vec::new();
    for (depth, runs) in [(7_u8, 7), (8, 3)] {
        // The peer's cube is a little larger than our grid; as many cells per metre for both.
        let longest = 2.0 * field.bounds().half_size().max_element();
        let cells = f32::from(1_u16 << depth) * longest / (2.0 * peer.half_size);
        let cell_size = longest / cells;
        let ((ours, report), (theirs, mesh)) = time_in_turn(
            runs,
            || gve_bake::shell::generate(&field, cells.round() as u32),
            || peer.mesh(depth),
        );
        let (shell, mesh) = (report?.shell, mesh?);
        let welded: Vec<u32> = shell.indices.iter().map(|&i| shell.weld[i as usize]).collect();
        let our_positions: Vec<Vec3> = shell.positions.iter().map(|&p| p.into()).collect();
        let center = cube(&field).center();
        let their_positions: Vec<Vec3> =
            mesh.vertices.iter().map(|v| center + peer.half_size * Vec3::new(v.x, v.y, v.z)).collect();
        let their_indices: Vec<u32> =
            mesh.triangles.iter().flat_map(|t| [t.x as u32, t.y as u32, t.z as u32]).collect();
        figures.push(
            ours.figure(format!("dual contouring, depth {depth}, with evaluation"))
                .beside("fidget-mesh", &ours, &theirs)
                .aim("5 times faster")
                .note(format!(
                    "ours: {}; theirs: {}",
                    quality(&field, &our_positions, &welded, cell_size),
                    quality(&field, &their_positions, &their_indices, cell_size)
                )),
        );
    }
    Ok(figures)
}

/// Triangles, edges that are open or shared by more than two, and how far triangles are off the surface.
fn quality(field: &Field, positions: &[Vec3], indices: &[u32], cell_size: f32) -> String {
    let mut edges: HashMap<(u32, u32), u32> = HashMap::new();
    for triangle in indices.chunks_exact(3) {
        for (a, b) in [(0, 1), (1, 2), (2, 0)] {
            let (a, b) = (triangle[a], triangle[b]);
            *edges.entry((a.min(b), a.max(b))).or_default() += 1;
        }
    }
    let open = edges.values().filter(|&&count| count == 1).count();
    let crowded = edges.values().filter(|&&count| count > 2).count();
    let mut errors = centroid_errors(field, positions, indices);
    if errors.is_empty() {
        return "an empty mesh".to_owned();
    }
    errors.sort_by(f32::total_cmp);
    let at = |share: f32| {
        errors.get((share * (errors.len() - 1) as f32) as usize).map_or(f32::NAN, |e| e / cell_size)
    };
    format!(
        "{} triangles, {open} open and {crowded} non-manifold edges, error of centres in cells: median {:.4}, 99 % {:.4}, largest {:.3}",
        indices.len() / 3,
        at(0.5),
        at(0.99),
        at(1.0)
    )
}

/// First-order distance of each triangle's centre from the surface.
fn centroid_errors(field: &Field, positions: &[Vec3], indices: &[u32]) -> Vec<f32> {
    let mut evaluator = Evaluator::new(field);
    let root = evaluator.root();
    indices
        .chunks_exact(3)
        .map(|t| {
            let center = t.iter().map(|&i| positions[i as usize]).sum::<Vec3>() / 3.0;
            let gradient = evaluator.gradient(&root, center);
            gradient.w.abs() / gradient.truncate().length().max(1e-6)
        })
        .collect()
}
