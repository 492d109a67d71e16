//! The shell of an asset as a mesh of other programs.
//!
//! | format | keeps | axes | unit |
//! |---|---|---|---|
//! | [`glb`] | triangles, normals, materials: base colour, metallic, roughness | y up | metre |
//! | [`obj`] | triangles, normals; materials in an MTL file | y up | none; metre unless asked otherwise |
//! | [`stl`] | triangles | z up | none; metre unless asked otherwise |
//! | [`threemf`] | triangles, the colour of each material | z up | metre, as the file says |
//!
//! None of them keeps densities and the other engineering figures, parts, mass or sound.

pub mod glb;
pub mod obj;
pub mod stl;
pub mod threemf;

use gve_assets::{AssetFile, ShellView};
use gve_types::MaterialSpec;

use crate::{error::WriteError, format::Format};

/// A mesh to write: the shell of an asset with its materials.
#[derive(Debug, Clone, Copy)]
pub struct Mesh<'a> {
    /// The asset's name.
    pub name: &'a str,
    /// The triangles.
    pub shell: ShellView<'a>,
    /// The materials that the shell's parts name.
    pub materials: &'a [MaterialSpec],
}

impl<'a> Mesh<'a> {
    /// The mesh of a file.
    pub fn of(file: &'a AssetFile) -> Self {
        let metadata = file.metadata();
        Self { name: &metadata.name, shell: file.shell(), materials: &metadata.materials }
    }

    /// Its triangles as indices of vertices, part by part, each with its material.
    fn triangles(&self) -> impl Iterator<Item = ([u32; 3], usize)> {
        self.shell.parts.iter().flat_map(|part| {
            let first = part.first_index as usize;
            let indices =
                self.shell.indices.get(first..first + part.index_count as usize).unwrap_or_default();
            indices.as_chunks().0.iter().map(|triangle| (*triangle, part.material as usize))
        })
    }

    /// Where a vertex is.
    fn position(&self, vertex: u32) -> [f32; 3] {
        self.shell.positions.get(vertex as usize).copied().unwrap_or_default()
    }

    /// The vertices without those that only repeat a place, and for each vertex which of them it is.
    fn welded(&self) -> (Vec<[f32; 3]>, Vec<u32>) {
        let mut places = Vec::new();
        let mut numbers: Vec<u32> = Vec::with_capacity(self.shell.weld.len());
        for (vertex, first) in self.shell.weld.iter().enumerate() {
            // The first of a place stands before the others.
            match numbers.get(*first as usize) {
                Some(number) => numbers.push(*number),
                None => {
                    numbers.push(places.len() as u32);
                    places.push(self.position(vertex as u32));
                }
            }
        }
        (places, numbers)
    }

    /// Fails without a triangle.
    fn check(&self, format: Format) -> Result<(), WriteError> {
        if self.shell.indices.is_empty() {
            return Err(WriteError::new(format, "mesh", "at least one triangle", "a file without a mesh"));
        }
        Ok(())
    }
}

/// The unit of lengths in formats that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unit {
    /// As in the asset.
    #[default]
    Metre,
    /// A thousandth of it, which programs for printing expect.
    Millimetre,
}

impl Unit {
    fn per_metre(self) -> f32 {
        match self {
            Self::Metre => 1.0,
            Self::Millimetre => 1000.0,
        }
    }
}

/// From y up to z up: a quarter turn about x.
fn z_up([x, y, z]: [f32; 3]) -> [f32; 3] {
    [x, -z, y]
}
