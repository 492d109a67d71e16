//! What a `.gve_bin` holds, as plain data: what the bakers fill in and the writer takes.

use bytemuck::{Pod, Zeroable};
use gve_types::{FileMetadata, FilePart, MaterialSpec, PartFrame, dna::AudioPatch};

use crate::volume::Volume;

/// A whole asset, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct AssetData {
    /// The asset's `wire_id`; 0 for one that no Architect has numbered.
    pub asset_id: u64,
    /// The version it was compiled from.
    pub version: u32,
    /// How far the compile of that version had come.
    pub refinement: Refinement,
    /// Distances and part ids near the surface.
    pub volume: Volume,
    /// Splats, most important first.
    pub splats: Vec<Splat>,
    /// Surface mesh.
    pub shell: Shell,
    /// How it sounds.
    pub audio_patch: AudioPatch,
    /// Everything else.
    pub metadata: FileMetadata,
}

/// A part for each material, for assets that know no others: what a sample names is a part. Their masses
/// are not known and 0.
pub fn parts_of_materials(materials: &[MaterialSpec]) -> Vec<FilePart> {
    let frame = PartFrame { translation: [0.0; 3], rotation: [0.0, 0.0, 0.0, 1.0], scale: 1.0 };
    (0..materials.len() as u32)
        .map(|material| FilePart {
            path: "$.root_node".to_owned(),
            name: None,
            material,
            frame,
            mass_kg: 0.0,
            volume_m3: 0.0,
            relative_error: 0.0,
        })
        .collect()
}

/// How far the compile of one version had come: a file may replace another of the same version whose
/// refinement is lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Refinement {
    /// Geometry, with splats that were seeded and not trained.
    #[default]
    Geometry,
    /// The same, and its sound.
    Sound,
    /// The same, and trained splats.
    TrainedSplats,
}

impl Refinement {
    /// All of them, lowest first.
    pub const ALL: [Self; 3] = [Self::Geometry, Self::Sound, Self::TrainedSplats];

    /// The number that stands in a file's flags.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The refinement of a number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// A gaussian on the surface; 48 bytes, as in the file.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct Splat {
    /// Centre in metres.
    pub position: [f32; 3],
    /// Standard deviations along the gaussian's own axes in metres; z is across the surface.
    pub scale: [f32; 3],
    /// Unit quaternion (x, y, z, w) that turns the gaussian's axes into the asset's; its z is the normal.
    pub rotation: [f32; 4],
    /// sRGB albedo and opacity.
    pub color: [u8; 4],
    /// Surface normal, octahedral: Cigolle et al., "A Survey of Efficient Representations for
    /// Independent Unit Vectors", JCGT 2014.
    pub normal_oct: [i8; 2],
    /// Index into the metadata's materials.
    pub material: u8,
    /// 0.
    pub reserved: u8,
}

/// A closed triangle mesh, counter-clockwise seen from outside.
///
/// Vertices are split where normals or materials jump; `weld` joins them again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shell {
    /// Vertex positions in metres.
    pub positions: Vec<[f32; 3]>,
    /// Unit normals, one per vertex.
    pub normals: Vec<[f32; 3]>,
    /// For each vertex the first vertex that is the same point of the surface.
    pub weld: Vec<u32>,
    /// Three per triangle, grouped by part.
    pub indices: Vec<u32>,
    /// One run of indices per material.
    pub parts: Vec<ShellPart>,
}

/// A run of triangles of one material.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct ShellPart {
    /// Index into the metadata's materials.
    pub material: u32,
    /// First of its indices.
    pub first_index: u32,
    /// How many indices; a multiple of 3.
    pub index_count: u32,
}
