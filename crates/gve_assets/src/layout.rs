//! The bytes of a `.gve_bin`: every constant, header and offset of `docs/format.md`, in one place.
//!
//! Everything is little-endian. Sections and the arrays in them start on 256-byte boundaries of the
//! file, so that mapped bytes can be handed to a GPU as they are. Where an array starts follows from
//! the counts in its section's header; only sections have their offset stored.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use gve_types::limits::{MAX_MATERIALS, MAX_SHELL_TRIANGLES, MAX_SHELL_VERTICES, MAX_TEXTURE_3D_TEXELS, MAX_VOLUME_LEVELS};
use half::f16;

use crate::{
    error::{Fault, Section},
    model::{BRICK_CELLS, BRICK_SAMPLES, BrickCell, ShellPart, Splat},
};

/// Most levels of a volume.
pub const MAX_LEVELS: usize = MAX_VOLUME_LEVELS as usize;

/// The first four bytes of every file.
pub const MAGIC: [u8; 4] = *b"GVE1";
/// The format version that this build reads and writes.
pub const FORMAT_VERSION: u16 = 1;
/// Sections and arrays start on multiples of this many bytes: what every GPU takes as a buffer offset.
pub const SECTION_ALIGN: u64 = 256;
/// Bytes of the file header.
pub const HEADER_BYTES: usize = size_of::<Header>();

/// Header flag: the splats were trained, not only seeded.
pub const FLAG_SPLATS_TRAINED: u16 = 1;
/// All header flags of this version; any other bit is refused.
pub const KNOWN_FLAGS: u16 = FLAG_SPLATS_TRAINED;

/// Distance encoding: IEEE 754 half precision, in metres.
pub const DISTANCES_F16: u32 = 1;
/// Material encoding: one byte, an index into the metadata's materials.
pub const MATERIALS_U8: u32 = 1;

/// Largest difference between 1 and the squared length of a rotation or normal.
pub const UNIT_TOLERANCE: f32 = 1e-3;

pub(crate) const VERSION_OFFSET: u64 = 4;
pub(crate) const FLAGS_OFFSET: u64 = 6;
pub(crate) const ASSET_ID_OFFSET: u64 = 8;
pub(crate) const LENGTH_OFFSET: u64 = 20;
pub(crate) const CRC_OFFSET: u64 = 60;

/// The 64 bytes at the start of a file.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: [u8; 4],
    /// [`FORMAT_VERSION`].
    pub format_version: u16,
    /// See [`KNOWN_FLAGS`].
    pub flags: u16,
    /// The asset's `wire_id`; 0 for one that no Architect has numbered.
    pub asset_id: u64,
    /// The asset version that the file was compiled from.
    pub version: u32,
    /// Bytes in the whole file.
    pub file_length: u32,
    /// Start of the SDF section.
    pub sdf_offset: u32,
    /// Bytes of the SDF section.
    pub sdf_size: u32,
    /// Start of the splats.
    pub splat_offset: u32,
    /// How many splats there are, 48 bytes each.
    pub splat_count: u32,
    /// Start of the shell section.
    pub shell_offset: u32,
    /// Bytes of the shell section.
    pub shell_size: u32,
    /// Start of the audio patch.
    pub audio_offset: u32,
    /// Bytes of the audio patch.
    pub audio_size: u32,
    /// Start of the metadata section, which begins with its size.
    pub metadata_offset: u32,
    /// CRC-32C of the whole file with these four bytes zero.
    pub crc32c: u32,
}

impl Header {
    /// Whether the splats were trained, not only seeded.
    pub fn splats_trained(&self) -> bool {
        self.flags & FLAG_SPLATS_TRAINED != 0
    }
}

/// The first 64 bytes of the SDF section.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct SdfHeader {
    /// How distances are stored: [`DISTANCES_F16`].
    pub distance_encoding: u32,
    /// How materials are stored: [`MATERIALS_U8`].
    pub material_encoding: u32,
    /// Cells along one side of a brick: 7.
    pub brick_cells: u32,
    /// Samples along one side of a brick: 8.
    pub brick_samples: u32,
    /// Position of sample (0, 0, 0) in metres.
    pub origin: [f32; 3],
    /// Distance between samples in metres.
    pub cell_size: f32,
    /// Bricks along x, y and z.
    pub bricks: [u32; 3],
    /// Bound on the gradient of the field.
    pub lipschitz: f32,
    /// Bricks along x, y and z of the atlas.
    pub atlas_bricks: [u32; 3],
    /// 0.
    pub reserved: u32,
}

/// The first 16 bytes of the shell section.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct ShellHeader {
    /// Vertices: lengths of the positions, normals and weld arrays.
    pub vertex_count: u32,
    /// Indices: three per triangle.
    pub index_count: u32,
    /// Runs of indices.
    pub part_count: u32,
    /// 0.
    pub reserved: u32,
}

/// Where an array stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Array {
    pub start: u64,
    pub count: u64,
    pub stride: u64,
}

impl Array {
    fn new<T>(start: u64, count: u64) -> Self {
        Self { start: next_boundary(start), count, stride: size_of::<T>() as u64 }
    }

    pub(crate) fn end(&self) -> u64 {
        self.start + self.count * self.stride
    }

    /// Its bytes in the file. Only for arrays that were found to end inside the file: their places fit.
    pub(crate) fn bytes(&self) -> Range<usize> {
        self.start as usize..self.end() as usize
    }
}

/// The smallest multiple of [`SECTION_ALIGN`] that is not below `at`.
pub(crate) fn next_boundary(at: u64) -> u64 {
    at.next_multiple_of(SECTION_ALIGN)
}

/// The arrays of the SDF section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SdfLayout {
    pub start: u64,
    pub grid: Array,
    pub distances: Array,
    pub materials: Array,
}

impl SdfLayout {
    /// Lays the section out at `start`; no number is trusted.
    pub(crate) fn new(start: u64, bricks: [u32; 3], atlas_bricks: [u32; 3]) -> Result<Self, Fault> {
        // The grid and the atlas become 3D textures. Both limits also keep the products below 2^64.
        let sides = [
            ("bricks", std::mem::offset_of!(SdfHeader, bricks), bricks, MAX_TEXTURE_3D_TEXELS),
            (
                "atlas bricks",
                std::mem::offset_of!(SdfHeader, atlas_bricks),
                atlas_bricks,
                MAX_TEXTURE_3D_TEXELS / BRICK_SAMPLES,
            ),
        ];
        for (what, at, counts, most) in sides {
            if let Some(&bad) = counts.iter().find(|&&count| count == 0 || count > most) {
                let expected = format!("1 to {most} along each side");
                return Err(Fault::new(Section::Sdf, start + at as u64, what, expected, bad));
            }
        }
        let product = |counts: [u32; 3]| counts.iter().map(|&count| u64::from(count)).product::<u64>();
        let texels = product(atlas_bricks) * u64::from(BRICK_SAMPLES).pow(3);
        let grid = Array::new::<BrickCell>(start + size_of::<SdfHeader>() as u64, product(bricks));
        let distances = Array::new::<f16>(grid.end(), texels);
        let materials = Array::new::<u8>(distances.end(), texels);
        Ok(Self { start, grid, distances, materials })
    }

    pub(crate) fn size(&self) -> u64 {
        self.materials.end() - self.start
    }
}

/// The arrays of the shell section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShellLayout {
    pub start: u64,
    pub positions: Array,
    pub normals: Array,
    pub weld: Array,
    pub indices: Array,
    pub parts: Array,
}

impl ShellLayout {
    /// Lays the section out at `start`; no number is trusted.
    pub(crate) fn new(start: u64, header: &ShellHeader) -> Result<Self, Fault> {
        let &ShellHeader { vertex_count, index_count, part_count, reserved } = header;
        let fault = |field: u64, what: &str, expected: String, found: u32| {
            Err(Fault::new(Section::Shell, start + 4 * field, what, expected, found))
        };
        if vertex_count > MAX_SHELL_VERTICES {
            return fault(0, "vertices", format!("at most {MAX_SHELL_VERTICES}"), vertex_count);
        }
        if index_count % 3 != 0 || index_count / 3 > MAX_SHELL_TRIANGLES {
            let expected = format!("a multiple of 3, at most {}", u64::from(MAX_SHELL_TRIANGLES) * 3);
            return fault(1, "indices", expected, index_count);
        }
        if part_count as usize > MAX_MATERIALS {
            return fault(2, "parts", format!("at most {MAX_MATERIALS}, one per material"), part_count);
        }
        if reserved != 0 {
            return fault(3, "reserved", "0".to_owned(), reserved);
        }
        let vertices = u64::from(vertex_count);
        let positions = Array::new::<[f32; 3]>(start + size_of::<ShellHeader>() as u64, vertices);
        let normals = Array::new::<[f32; 3]>(positions.end(), vertices);
        let weld = Array::new::<u32>(normals.end(), vertices);
        let indices = Array::new::<u32>(weld.end(), u64::from(index_count));
        let parts = Array::new::<ShellPart>(indices.end(), u64::from(part_count));
        Ok(Self { start, positions, normals, weld, indices, parts })
    }

    pub(crate) fn size(&self) -> u64 {
        self.parts.end() - self.start
    }
}

/// Where everything stands in one file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub sdf: SdfLayout,
    pub splats: Array,
    pub shell: ShellLayout,
    /// The JSON of the audio patch.
    pub audio: Array,
    /// The JSON of the metadata, after its size.
    pub metadata: Array,
}

/// An array of splats at `start`.
pub(crate) fn splat_array(start: u64, count: u32) -> Array {
    Array { start, count: u64::from(count), stride: size_of::<Splat>() as u64 }
}

/// An array of bytes at `start`.
pub(crate) fn byte_array(start: u64, count: u64) -> Array {
    Array { start, count, stride: 1 }
}

const _: () = {
    assert!(size_of::<Header>() == 64);
    assert!(size_of::<SdfHeader>() == 64);
    assert!(size_of::<ShellHeader>() == 16);
    assert!(size_of::<BrickCell>() == 8);
    assert!(size_of::<Splat>() == 48);
    assert!(size_of::<ShellPart>() == 12);
    assert!(std::mem::offset_of!(Header, file_length) as u64 == LENGTH_OFFSET);
    assert!(std::mem::offset_of!(Header, crc32c) as u64 == CRC_OFFSET);
    assert!(BRICK_SAMPLES == BRICK_CELLS + 1);
};
