//! The parts of an asset as slices into a file, or into owned data.

use half::f16;

use crate::model::{BrickCell, Shell, ShellPart, Volume};

/// A [`Volume`] whose arrays lie elsewhere; the fields mean the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VolumeView<'a> {
    /// Position of sample (0, 0, 0) in metres.
    pub origin: [f32; 3],
    /// Distance between samples in metres.
    pub cell_size: f32,
    /// Bound on the gradient of the stored field.
    pub lipschitz: f32,
    /// Bricks along x, y and z.
    pub bricks: [u32; 3],
    /// One entry per brick, x fastest.
    pub grid: &'a [BrickCell],
    /// Bricks along x, y and z of the atlas.
    pub atlas_bricks: [u32; 3],
    /// The atlas as a 3D texture, x fastest: distances in metres, negative inside.
    pub distances: &'a [f16],
    /// The material of each atlas texel, as an index into the metadata's materials.
    pub materials: &'a [u8],
}

impl VolumeView<'_> {
    /// A copy that owns its arrays.
    pub fn to_volume(&self) -> Volume {
        Volume {
            origin: self.origin,
            cell_size: self.cell_size,
            lipschitz: self.lipschitz,
            bricks: self.bricks,
            grid: self.grid.to_vec(),
            atlas_bricks: self.atlas_bricks,
            distances: self.distances.to_vec(),
            materials: self.materials.to_vec(),
        }
    }
}

impl<'a> From<&'a Volume> for VolumeView<'a> {
    fn from(volume: &'a Volume) -> Self {
        Self {
            origin: volume.origin,
            cell_size: volume.cell_size,
            lipschitz: volume.lipschitz,
            bricks: volume.bricks,
            grid: &volume.grid,
            atlas_bricks: volume.atlas_bricks,
            distances: &volume.distances,
            materials: &volume.materials,
        }
    }
}

/// A [`Shell`] whose arrays lie elsewhere; the fields mean the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShellView<'a> {
    /// Vertex positions in metres.
    pub positions: &'a [[f32; 3]],
    /// Unit normals, one per vertex.
    pub normals: &'a [[f32; 3]],
    /// For each vertex the first vertex that is the same point of the surface.
    pub weld: &'a [u32],
    /// Three per triangle, grouped by part.
    pub indices: &'a [u32],
    /// One run of indices per material.
    pub parts: &'a [ShellPart],
}

impl ShellView<'_> {
    /// A copy that owns its arrays.
    pub fn to_shell(&self) -> Shell {
        Shell {
            positions: self.positions.to_vec(),
            normals: self.normals.to_vec(),
            weld: self.weld.to_vec(),
            indices: self.indices.to_vec(),
            parts: self.parts.to_vec(),
        }
    }
}

impl<'a> From<&'a Shell> for ShellView<'a> {
    fn from(shell: &'a Shell) -> Self {
        Self {
            positions: &shell.positions,
            normals: &shell.normals,
            weld: &shell.weld,
            indices: &shell.indices,
            parts: &shell.parts,
        }
    }
}
