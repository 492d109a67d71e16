//! Where the sections of version 1 stand: the header alone says it, in any order.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use gve_types::limits::MAX_TEXTURE_3D_TEXELS;
use half::f16;

use crate::{
    error::{Fault, Section},
    flat::FlatCell,
    layout::{Array, HEADER_BYTES, SECTION_ALIGN},
    volume::{BRICK_CELLS, BRICK_SAMPLES},
};

/// The first 64 bytes of the SDF section.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub(super) struct SdfHeader {
    /// How distances are stored: 1, half precision in metres.
    pub distance_encoding: u32,
    /// How materials are stored: 1, one byte.
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
    /// Bound on the slope of the field.
    pub lipschitz: f32,
    /// Bricks along x, y and z of the atlas.
    pub atlas_bricks: [u32; 3],
    /// 0.
    pub reserved: u32,
}

/// The arrays of the SDF section.
#[derive(Debug, Clone, Copy)]
pub(super) struct SdfLayout {
    pub start: u64,
    pub grid: Array,
    pub distances: Array,
    pub materials: Array,
}

impl SdfLayout {
    /// Lays the section out at `start`; no number is trusted.
    pub(super) fn new(start: u64, bricks: [u32; 3], atlas_bricks: [u32; 3]) -> Result<Self, Fault> {
        // Both limits also keep the products below 2^64.
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
                return Err(Fault::new(Section::Volume, start + at as u64, what, expected, bad));
            }
        }
        let product = |counts: [u32; 3]| counts.iter().map(|&count| u64::from(count)).product::<u64>();
        let texels = product(atlas_bricks) * u64::from(BRICK_SAMPLES).pow(3);
        let grid = Array::new::<FlatCell>(start + size_of::<SdfHeader>() as u64, product(bricks));
        let distances = Array::new::<f16>(grid.end(), texels);
        let materials = Array::new::<u8>(distances.end(), texels);
        Ok(Self { start, grid, distances, materials })
    }

    pub(super) fn size(&self) -> u64 {
        self.materials.end() - self.start
    }
}

/// The scalars of the section that are not checked as a volume of version 2 is.
pub(super) fn check_header(header: &SdfHeader, at: u64) -> Result<(), Fault> {
    let fixed = [
        ("distance encoding", 0, header.distance_encoding, 1),
        ("material encoding", 4, header.material_encoding, 1),
        ("cells of a brick", 8, header.brick_cells, BRICK_CELLS),
        ("samples of a brick", 12, header.brick_samples, BRICK_SAMPLES),
        ("reserved", 60, header.reserved, 0),
    ];
    for (what, offset, found, expected) in fixed {
        if found != expected {
            return Err(Fault::new(Section::Volume, at + offset, what, expected, found));
        }
    }
    let far = (0..3).map(|i| header.origin[i] + (header.bricks[i] * BRICK_CELLS) as f32 * header.cell_size);
    if !(header.cell_size.is_normal() && header.cell_size > 0.0) {
        return Err(Fault::new(Section::Volume, at + 28, "cell size", "a positive length", header.cell_size));
    }
    if !(header.lipschitz >= 1.0 && header.lipschitz.is_finite()) {
        return Err(Fault::new(Section::Volume, at + 44, "Lipschitz bound", "1 or more", header.lipschitz));
    }
    match far.into_iter().find(|corner| !corner.is_finite()) {
        None => Ok(()),
        Some(corner) => {
            let found = format!("a far corner at {corner}");
            Err(Fault::new(Section::Volume, at + 16, "origin", "a finite position", found))
        }
    }
}

/// No section reaches into another.
pub(super) fn expect_apart(mut sections: [(&str, Range<usize>); 5]) -> Result<(), Fault> {
    sections.sort_by_key(|(_, range)| (range.start, range.end));
    for pair in sections.windows(2) {
        if let [(before, first), (name, second)] = pair
            && second.start < first.end
        {
            let expected = format!("a start at or after the end of the {before} section, {}", first.end);
            let (what, at) = (format!("{name} section"), second.start as u64);
            return Err(Fault::new(Section::Header, at, what, expected, second.start));
        }
    }
    Ok(())
}

/// Where a section lies, if that is inside the file, behind the header and on a boundary. `field` is
/// the place of its offset in the header.
pub(super) fn section(
    bytes: &[u8],
    field: u64,
    name: &str,
    offset: u32,
    size: u64,
) -> Result<Range<usize>, Fault> {
    let offset = u64::from(offset);
    if !offset.is_multiple_of(SECTION_ALIGN) || offset < HEADER_BYTES as u64 {
        let (what, expected) =
            (format!("{name} offset"), format!("a multiple of {SECTION_ALIGN} behind the header"));
        return Err(Fault::new(Section::Header, field, what, expected, offset));
    }
    let end = offset + size;
    if end > bytes.len() as u64 {
        let (what, expected) = (format!("end of the {name} section"), format!("at most {}", bytes.len()));
        return Err(Fault::new(Section::Header, field, what, expected, end));
    }
    Ok(offset as usize..end as usize)
}

pub(super) fn section_header<T: Pod>(
    section: Section,
    bytes: &[u8],
    range: &Range<usize>,
) -> Result<T, Fault> {
    let bytes = bytes[range.clone()].get(..size_of::<T>()).ok_or_else(|| {
        let expected = format!("at least {} bytes", size_of::<T>());
        Fault::new(section, range.start as u64, "section header", expected, range.len())
    })?;
    Ok(bytemuck::pod_read_unaligned(bytes))
}

pub(super) fn expect_size(field: u64, name: &str, expected: u64, found: u32) -> Result<(), Fault> {
    if expected == u64::from(found) {
        return Ok(());
    }
    let expected = format!("{expected}, which its counts take");
    Err(Fault::new(Section::Header, field, format!("{name} size"), expected, found))
}

const _: () = {
    assert!(size_of::<SdfHeader>() == 64);
    assert!(size_of::<FlatCell>() == 8);
};
