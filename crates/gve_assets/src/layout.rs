//! The bytes of a `.gve_bin`: every constant, header and offset of `docs/format.md`, in one place.
//!
//! Everything is little-endian. Sections and the arrays in them start on 256-byte boundaries of the
//! file, so that mapped bytes can be handed to a GPU as they are. Where an array starts follows from
//! the counts in its section's header; only sections have their offset stored.

use std::{mem::offset_of, ops::Range};

use bytemuck::{Pod, Zeroable};
use gve_types::limits::{
    MAX_ATLAS_BRICKS, MAX_MATERIALS, MAX_SHELL_TRIANGLES, MAX_SHELL_VERTICES, MAX_VOLUME_BRICKS,
    MAX_VOLUME_LEVELS,
};
use half::f16;

use crate::{
    error::{Fault, Section},
    model::{Refinement, ShellPart, Splat},
    volume::{BRICK_CELLS, BRICK_SAMPLES, BRICK_TEXELS, BrickCell, layer_count, texel_count},
};

pub use crate::version::{FORMAT_VERSION, OLDEST_FORMAT_VERSION};
pub(crate) use crate::version::{LENGTH_OFFSET, VERSION_OFFSET};

/// Most levels of a volume.
pub const MAX_LEVELS: usize = MAX_VOLUME_LEVELS as usize;

/// The first four bytes of every file, of any format version.
pub const MAGIC: [u8; 4] = *b"GVE1";
/// Sections and arrays start on multiples of this many bytes: what every GPU takes as a buffer offset.
pub const SECTION_ALIGN: u64 = 256;
/// Bytes of the file header.
pub const HEADER_BYTES: usize = size_of::<Header>();
/// Bytes of the file header and of the directory's own.
pub const DIRECTORY_START: usize = HEADER_BYTES + size_of::<DirectoryHeader>();

/// The header flags that hold the refinement: a number below 3. Any other bit is refused.
pub const REFINEMENT_FLAGS: u16 = 3;

/// Distance encoding: IEEE 754 half precision, times the scale of the brick in metres.
pub const DISTANCES_F16_SCALED: u32 = 2;
/// Part encoding: one byte, an index into the metadata's parts.
pub const PARTS_U8: u32 = 1;
/// Part encoding: two bytes, an index into the metadata's parts.
pub const PARTS_U16: u32 = 2;

/// Largest difference between 1 and the squared length of a rotation or normal.
pub const UNIT_TOLERANCE: f32 = 1e-3;

pub(crate) const FLAGS_OFFSET: u64 = 6;
pub(crate) const ASSET_ID_OFFSET: u64 = 8;
pub(crate) const CRC_OFFSET: u64 = 60;

/// The 64 bytes at the start of a file.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: [u8; 4],
    /// [`FORMAT_VERSION`].
    pub format_version: u16,
    /// See [`REFINEMENT_FLAGS`].
    pub flags: u16,
    /// The asset's `wire_id`; 0 for one that no Architect has numbered.
    pub asset_id: u64,
    /// The asset version that the file was compiled from.
    pub version: u32,
    /// Bytes in the whole file.
    pub file_length: u32,
    /// Start of the volume's head.
    pub sdf_offset: u32,
    /// Bytes from there to the end of the volume's last level.
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
    /// CRC-32C of the header and the directory with these four bytes zero (format version 1: of the
    /// whole file).
    pub crc32c: u32,
}

impl Header {
    /// How far the compile of this version had come.
    pub fn refinement(&self) -> Refinement {
        let number = match self.format_version {
            // Its only flag says that the splats were trained.
            1 => 2 * (self.flags & 1),
            _ => self.flags & REFINEMENT_FLAGS,
        };
        Refinement::from_number(number as u8).unwrap_or_default()
    }

    /// Whether the splats were trained, not only seeded.
    pub fn splats_trained(&self) -> bool {
        self.refinement() == Refinement::TrainedSplats
    }
}

/// The 16 bytes behind the header.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct DirectoryHeader {
    /// How many sections there are; as many entries follow.
    pub section_count: u32,
    /// 0.
    pub reserved: [u32; 3],
}

/// What the directory says of one section.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct DirectoryEntry {
    /// What the section holds: one of the `KIND_` constants, or something that this build does not know.
    pub kind: u32,
    /// The level of a volume level; 0 for the other known kinds.
    pub index: u32,
    /// Start of the section.
    pub offset: u32,
    /// Bytes of the section.
    pub size: u32,
    /// CRC-32C of the section's bytes.
    pub crc32c: u32,
    /// 0.
    pub reserved: u32,
}

/// Section kind: the metadata.
pub const KIND_METADATA: u32 = 1;
/// Section kind: the audio patch.
pub const KIND_AUDIO: u32 = 2;
/// Section kind: the volume's head.
pub const KIND_VOLUME: u32 = 3;
/// Section kind: one level of the volume.
pub const KIND_LEVEL: u32 = 4;
/// Section kind: the splats.
pub const KIND_SPLATS: u32 = 5;
/// Section kind: the shell.
pub const KIND_SHELL: u32 = 6;
/// Section kind: vibration modes. Reserved: this build neither reads nor writes it.
pub const KIND_MODES: u32 = 7;
/// Section kind: appearance beyond one colour for each material. Reserved likewise.
pub const KIND_APPEARANCE: u32 = 8;

/// The first 64 bytes of the volume's head; the counts of its levels follow.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct VolumeHeader {
    /// How distances are stored: [`DISTANCES_F16_SCALED`].
    pub distance_encoding: u32,
    /// How part ids are stored: [`PARTS_U8`] or [`PARTS_U16`].
    pub part_encoding: u32,
    /// Cells along one side of a brick: 7.
    pub brick_cells: u32,
    /// Samples along one side of a brick: 8.
    pub brick_samples: u32,
    /// Position of sample (0, 0, 0) in metres.
    pub origin: [f32; 3],
    /// Distance between samples of level 0 in metres.
    pub cell_size: f32,
    /// Bricks of level 0 along x, y and z.
    pub bricks: [u32; 3],
    /// Bound on the slope of the stored field.
    pub lipschitz: f32,
    /// Bricks along x and y of the atlas.
    pub slab: [u32; 2],
    /// How many levels there are.
    pub level_count: u32,
    /// 0.
    pub reserved: u32,
}

/// What the volume's head says of one level.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct LevelCounts {
    /// Cells of the level.
    pub cells: u32,
    /// Stored bricks among them.
    pub stored: u32,
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
    /// An array at the next boundary.
    pub(crate) fn new<T>(start: u64, count: u64) -> Self {
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

/// Where the directory ends.
pub(crate) fn directory_end(section_count: usize) -> usize {
    DIRECTORY_START + section_count * size_of::<DirectoryEntry>()
}

/// The volume's head, and what follows from its counts for the level sections.
#[derive(Debug, Clone)]
pub(crate) struct VolumePlan {
    pub header: VolumeHeader,
    /// Where the head starts.
    pub start: u64,
    /// One to 16.
    pub counts: Vec<LevelCounts>,
}

impl VolumePlan {
    /// Takes the head that stands at `start`; no number is trusted. Afterwards every count is within its
    /// limits, and the sizes that follow from them fit 64 bits by far.
    pub(crate) fn new(header: VolumeHeader, counts: Vec<LevelCounts>, start: u64) -> Result<Self, Fault> {
        let fault = |field: usize, what: &str, expected: String, found: String| {
            Err(Fault::new(Section::Volume, start + field as u64, what, expected, found))
        };
        let sides = [
            ("bricks", offset_of!(VolumeHeader, bricks), &header.bricks[..], MAX_VOLUME_BRICKS),
            ("slab", offset_of!(VolumeHeader, slab), &header.slab[..], MAX_ATLAS_BRICKS),
        ];
        for (what, at, sizes, most) in sides {
            if let Some(bad) = sizes.iter().find(|&&side| side == 0 || side > most) {
                return fault(at, what, format!("1 to {most} along each side"), bad.to_string());
            }
        }
        let grid: u64 = header.bricks.iter().map(|&side| u64::from(side)).product();
        let mut layers = 0;
        for (level, count) in counts.iter().enumerate() {
            let at = size_of::<VolumeHeader>() + level * size_of::<LevelCounts>();
            let what = format!("cells of level {level}");
            let cells = u64::from(count.cells);
            match level.checked_sub(1).and_then(|coarser| counts.get(coarser)) {
                None if cells != grid => {
                    return fault(at, &what, format!("{grid}, one per brick"), cells.to_string());
                }
                Some(coarser) if cells == 0 || cells % 8 != 0 || cells / 8 > u64::from(coarser.stored) => {
                    let expected = format!(
                        "a positive multiple of 8, at most {} for the {} bricks stored on level {}",
                        8 * u64::from(coarser.stored),
                        coarser.stored,
                        level - 1
                    );
                    return fault(at, &what, expected, cells.to_string());
                }
                _ => {}
            }
            if count.stored > count.cells {
                let what = format!("stored bricks of level {level}");
                return fault(at + 4, &what, format!("at most {cells}"), count.stored.to_string());
            }
            layers += layer_count(header.slab, count.stored as usize);
            if layers > MAX_ATLAS_BRICKS as usize {
                let what = format!("stored bricks of level {level}");
                let expected = format!("levels in at most {MAX_ATLAS_BRICKS} layers of the atlas");
                return fault(at + 4, &what, expected, format!("{} bricks in {layers}", count.stored));
            }
        }
        Ok(Self { header, start, counts })
    }

    /// Bytes of the head with its counts.
    pub(crate) fn size(&self) -> u64 {
        Self::size_with(self.counts.len())
    }

    /// The same for a number of levels.
    pub(crate) fn size_with(levels: usize) -> u64 {
        (size_of::<VolumeHeader>() + levels * size_of::<LevelCounts>()) as u64
    }

    /// How many groups of eight cells the next level has.
    pub(crate) fn groups_below(&self, level: usize) -> u32 {
        self.counts.get(level + 1).map_or(0, |finer| finer.cells / 8)
    }

    /// Lays one level out at `start`, a boundary.
    pub(crate) fn level(&self, level: usize, start: u64) -> LevelLayout {
        let count = self.counts.get(level).copied().unwrap_or(LevelCounts { cells: 0, stored: 0 });
        let texels = texel_count(self.header.slab, count.stored as usize) as u64;
        let cells = Array::new::<BrickCell>(start, u64::from(count.cells));
        let scales = Array::new::<f32>(cells.end(), u64::from(count.stored));
        let distances = Array::new::<f16>(scales.end(), texels);
        let parts = match self.header.part_encoding {
            PARTS_U16 => Array::new::<u16>(distances.end(), texels),
            _ => Array::new::<u8>(distances.end(), texels),
        };
        LevelLayout { start, cells, scales, distances, parts }
    }
}

/// The arrays of one level of the volume.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LevelLayout {
    pub start: u64,
    pub cells: Array,
    pub scales: Array,
    pub distances: Array,
    pub parts: Array,
}

impl LevelLayout {
    pub(crate) fn size(&self) -> u64 {
        self.parts.end() - self.start
    }

    pub(crate) fn arrays(&self) -> [Array; 4] {
        [self.cells, self.scales, self.distances, self.parts]
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

    pub(crate) fn arrays(&self) -> [Array; 5] {
        [self.positions, self.normals, self.weld, self.indices, self.parts]
    }
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
    assert!(size_of::<DirectoryHeader>() == 16);
    assert!(size_of::<DirectoryEntry>() == 24);
    assert!(size_of::<VolumeHeader>() == 64);
    assert!(size_of::<LevelCounts>() == 8);
    assert!(size_of::<ShellHeader>() == 16);
    assert!(size_of::<BrickCell>() == 8);
    assert!(size_of::<Splat>() == 48);
    assert!(size_of::<ShellPart>() == 12);
    assert!(offset_of!(Header, file_length) as u64 == LENGTH_OFFSET);
    assert!(offset_of!(Header, crc32c) as u64 == CRC_OFFSET);
    assert!(BRICK_SAMPLES == BRICK_CELLS + 1);
    assert!(BRICK_TEXELS == 512);
};
