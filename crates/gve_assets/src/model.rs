//! What a `.gve_bin` holds, as plain data: what the bakers fill in and the writer takes.

use bytemuck::{Pod, Zeroable};
use gve_types::{FileMetadata, dna::AudioPatch};
use half::f16;

/// A whole asset, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct AssetData {
    /// The asset's `wire_id`; 0 for one that no Architect has numbered.
    pub asset_id: u64,
    /// The version it was compiled from.
    pub version: u32,
    /// Distance volume with material channel.
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

/// Cells along one side of a brick.
pub const BRICK_CELLS: u32 = 7;
/// Samples along one side of a brick: neighbouring bricks repeat the samples they share.
pub const BRICK_SAMPLES: u32 = 8;

/// A sparse distance volume: a coarse grid of bricks, and an atlas of the bricks near the surface.
///
/// Sample `(i, j, k)` of the whole grid stands at `origin + (i, j, k) * cell_size`. Brick `(a, b, c)`
/// holds the 8³ samples from `7 * (a, b, c)` on, so that every cell lies in exactly one brick and
/// interpolates from samples of that brick alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    /// Position of sample (0, 0, 0) in metres.
    pub origin: [f32; 3],
    /// Distance between samples in metres.
    pub cell_size: f32,
    /// Bound on the gradient of the stored field: a ray may step by `distance / lipschitz`.
    pub lipschitz: f32,
    /// Bricks along x, y and z.
    pub bricks: [u32; 3],
    /// One entry per brick, x fastest.
    pub grid: Vec<BrickCell>,
    /// Bricks along x, y and z of the atlas.
    pub atlas_bricks: [u32; 3],
    /// The atlas as a 3D texture, x fastest: distances in metres, negative inside. Brick `slot` starts
    /// at texel `8 * (slot % ax, slot / ax % ay, slot / (ax * ay))`.
    pub distances: Vec<f16>,
    /// The material of each atlas texel, as an index into the metadata's materials.
    pub materials: Vec<u8>,
}

/// A brick of the coarse grid.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct BrickCell {
    /// Its place in the atlas, or [`BrickCell::EMPTY`].
    pub slot: u32,
    /// For an empty brick a distance, negative inside, that no point of the brick is nearer to the
    /// surface than; 0 for a brick in the atlas.
    pub distance: f32,
}

impl BrickCell {
    /// The slot of a brick that the surface does not touch.
    pub const EMPTY: u32 = u32::MAX;
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
