//! Bevy meshes out of a shell.

use bevy::{
    asset::RenderAssetUsages,
    mesh::{Indices, PrimitiveTopology},
    prelude::*,
};
use gve_assets::{ShellPart, ShellView};

/// One part of a shell as a mesh of its own: positions, normals and indices, in the asset's space.
pub fn part_mesh(shell: &ShellView, part: &ShellPart) -> Mesh {
    let first = part.first_index as usize;
    let indices = shell.indices.get(first..first + part.index_count as usize).unwrap_or_default();
    // A part refers to few of the vertices, and mostly to neighbours in the list: the span between the first
    // and the last of them is renumbered.
    let low = indices.iter().copied().min().unwrap_or(0);
    let high = indices.iter().copied().max().map_or(low, |high| high + 1);
    const UNUSED: u32 = u32::MAX;
    let mut numbers = vec![UNUSED; (high - low) as usize];
    let mut positions = Vec::new();
    let mut normals = Vec::new();
    let mut renumbered = Vec::with_capacity(indices.len());
    for &index in indices {
        let Some(number) = numbers.get_mut((index - low) as usize) else { continue };
        let (Some(position), Some(normal)) =
            (shell.positions.get(index as usize), shell.normals.get(index as usize))
        else {
            continue;
        };
        if *number == UNUSED {
            *number = positions.len() as u32;
            positions.push(*position);
            normals.push(*normal);
        }
        renumbered.push(*number);
    }
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default())
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_indices(Indices::U32(renumbered))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use bevy::mesh::VertexAttributeValues;

    use super::*;

    #[test]
    fn a_part_keeps_its_own_vertices_only() {
        let positions: Vec<[f32; 3]> = (0..6).map(|i| [i as f32, 0.0, 0.0]).collect();
        let normals = vec![[0.0, 1.0, 0.0]; 6];
        let parts = [
            ShellPart { material: 0, first_index: 0, index_count: 3 },
            ShellPart { material: 1, first_index: 3, index_count: 6 },
        ];
        let shell = ShellView {
            positions: &positions,
            normals: &normals,
            weld: &[0, 1, 2, 3, 4, 5],
            indices: &[0, 1, 2, 5, 3, 1, 1, 3, 4],
            parts: &parts,
        };
        let mesh = part_mesh(&shell, &parts[1]);
        let Some(VertexAttributeValues::Float32x3(kept)) = mesh.attribute(Mesh::ATTRIBUTE_POSITION) else {
            panic!("no positions");
        };
        assert_eq!(kept.iter().map(|p| p[0]).collect::<Vec<_>>(), [5.0, 3.0, 1.0, 4.0]);
        assert_eq!(mesh.indices().unwrap().iter().collect::<Vec<_>>(), [0, 1, 2, 2, 1, 3]);
    }
}
