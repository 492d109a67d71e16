//! The SDF section: header, grid, distances, materials.

use half::f16;

use super::{find_bad, is_finite, list};
use crate::{
    error::{Fault, Section},
    layout::{DISTANCES_F16, MATERIALS_U8, SdfHeader},
    model::{BRICK_CELLS, BRICK_SAMPLES, BrickCell},
};

/// The scalars of the section; its counts are checked where it is laid out.
pub(crate) fn header(header: &SdfHeader, at: u64) -> Result<(), Fault> {
    let fault = |offset: usize, what: &str, expected: &str, found: String| {
        Err(Fault::new(Section::Sdf, at + offset as u64, what, expected, found))
    };
    let fixed = [
        ("distance encoding", 0, header.distance_encoding, DISTANCES_F16),
        ("material encoding", 4, header.material_encoding, MATERIALS_U8),
        ("cells of a brick", 8, header.brick_cells, BRICK_CELLS),
        ("samples of a brick", 12, header.brick_samples, BRICK_SAMPLES),
        ("reserved", 60, header.reserved, 0),
    ];
    for (what, offset, found, expected) in fixed {
        if found != expected {
            return fault(offset, what, &expected.to_string(), found.to_string());
        }
    }
    if !(header.cell_size > 0.0 && is_finite(header.cell_size)) {
        return fault(28, "cell size", "a positive length", header.cell_size.to_string());
    }
    if !(header.lipschitz >= 1.0 && is_finite(header.lipschitz)) {
        return fault(44, "Lipschitz bound", "1 or more", header.lipschitz.to_string());
    }
    let far: [f32; 3] = std::array::from_fn(|axis| {
        header.origin[axis] + (header.bricks[axis] * BRICK_CELLS) as f32 * header.cell_size
    });
    // A far corner that is finite leaves no sample that is not; it also vouches for the origin.
    if !far.iter().all(|&corner| is_finite(corner)) {
        let found = format!("{} with a far corner at {}", list(&header.origin), list(&far));
        return fault(16, "origin", "a finite position", found);
    }
    Ok(())
}

/// Every brick either lies in the atlas, each at a slot of its own, or says how far the surface is.
pub(super) fn grid(cells: &[BrickCell], texels: u64, at: u64) -> Result<(), Fault> {
    let slots = (texels / u64::from(BRICK_SAMPLES).pow(3)) as usize;
    // Bounded: the atlas lies in the file, with 1.5 KiB for each of these bits.
    let mut taken = vec![0_u64; slots.div_ceil(64)];
    for (i, cell) in cells.iter().enumerate() {
        let fault = |field: u64, what: &str, expected: String, found: String| {
            let at = at + (i * size_of::<BrickCell>()) as u64 + field;
            Err(Fault::new(Section::Sdf, at, format!("{what} of brick {i}"), expected, found))
        };
        if cell.slot == BrickCell::EMPTY {
            if !is_finite(cell.distance) {
                return fault(4, "distance", "a finite number".to_owned(), cell.distance.to_string());
            }
            continue;
        }
        let slot = cell.slot as usize;
        let Some(word) = taken.get_mut(slot / 64).filter(|_| slot < slots) else {
            let expected = format!("a slot below {slots}, or {} for none", BrickCell::EMPTY);
            return fault(0, "atlas slot", expected, slot.to_string());
        };
        let bit = 1 << (slot % 64);
        if *word & bit != 0 {
            return fault(0, "atlas slot", "a slot of its own".to_owned(), format!("{slot}, taken before"));
        }
        *word |= bit;
        if cell.distance != 0.0 {
            return fault(4, "distance", "0 for a brick in the atlas".to_owned(), cell.distance.to_string());
        }
    }
    Ok(())
}

/// Every distance is finite.
pub(super) fn distances(values: &[f16], first: usize, at: u64) -> Result<(), Fault> {
    const EXPONENT: u16 = 0x7c00;
    match find_bad(values, |value| value.to_bits() & EXPONENT != EXPONENT) {
        None => Ok(()),
        Some(i) => {
            let (what, at) = (format!("distance of atlas texel {}", first + i), at + 2 * i as u64);
            Err(Fault::new(Section::Sdf, at, what, "a finite number", values[i]))
        }
    }
}

/// Every material exists.
pub(super) fn materials(values: &[u8], first: usize, at: u64, count: u32) -> Result<(), Fault> {
    match find_bad(values, |&value| u32::from(value) < count) {
        None => Ok(()),
        Some(i) => {
            let (what, at) = (format!("material of atlas texel {}", first + i), at + i as u64);
            Err(Fault::new(Section::Sdf, at, what, format!("an index below {count}"), values[i]))
        }
    }
}
