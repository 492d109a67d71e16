//! The volume: its head, and the cells, scales, distances and part ids of its levels.

use half::f16;

use super::{find_bad, is_finite, list};
use crate::{
    error::{Fault, Section},
    layout::{DISTANCES_F16_SCALED, PARTS_U8, PARTS_U16, VolumeHeader},
    volume::{BRICK_CELLS, BRICK_SAMPLES, BrickCell, PartIdsRef},
};

/// The scalars of the head at `at`; its counts are checked where the volume is laid out.
pub(crate) fn header(header: &VolumeHeader, at: u64) -> Result<(), Fault> {
    let fault = |offset: usize, what: &str, expected: &str, found: String| {
        Err(Fault::new(Section::Volume, at + offset as u64, what, expected, found))
    };
    let fixed = [
        ("distance encoding", 0, header.distance_encoding, DISTANCES_F16_SCALED),
        ("cells of a brick", 8, header.brick_cells, BRICK_CELLS),
        ("samples of a brick", 12, header.brick_samples, BRICK_SAMPLES),
        ("reserved", 60, header.reserved, 0),
    ];
    for (what, offset, found, expected) in fixed {
        if found != expected {
            return fault(offset, what, &expected.to_string(), found.to_string());
        }
    }
    if !matches!(header.part_encoding, PARTS_U8 | PARTS_U16) {
        let expected = format!("{PARTS_U8} or {PARTS_U16}");
        return fault(4, "part encoding", &expected, header.part_encoding.to_string());
    }
    let finest = header.cell_size * 0.5_f32.powi(header.level_count as i32 - 1);
    if !(header.cell_size > 0.0 && is_finite(header.cell_size) && finest.is_normal()) {
        let expected = "a positive length, also halved once for each further level";
        return fault(28, "cell size", expected, header.cell_size.to_string());
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

/// Numbers below a limit, each to be met once.
struct Once {
    limit: u32,
    met: Vec<u64>,
    count: u32,
}

impl Once {
    /// The limit was found to be that of something in the file, which is larger than these bits.
    fn below(limit: u32) -> Self {
        Self { limit, met: vec![0; (limit as usize).div_ceil(64)], count: 0 }
    }

    /// `Err` with what was expected when the number is out of range or was met before.
    fn meet(&mut self, number: u32, what: &str) -> Result<(), (String, String)> {
        let Some(word) = self.met.get_mut(number as usize / 64).filter(|_| number < self.limit) else {
            return Err((
                format!("{what} below {}, or {} for none", self.limit, u32::MAX),
                number.to_string(),
            ));
        };
        let bit = 1 << (number % 64);
        if *word & bit != 0 {
            return Err((format!("{what} of its own"), format!("{number}, taken before")));
        }
        *word |= bit;
        self.count += 1;
        Ok(())
    }
}

/// Every brick is stored at a slot of its own and refined into a group of its own, or says how far the
/// surface is; every slot and every group of the next level is used.
pub(crate) fn cells(cells: &[BrickCell], level: u32, stored: u32, groups: u32, at: u64) -> Result<(), Fault> {
    let (mut slots, mut links) = (Once::below(stored), Once::below(groups));
    for (i, cell) in cells.iter().enumerate() {
        let fault = |field: u64, what: &str, (expected, found): (String, String)| {
            let at = at + (i * size_of::<BrickCell>()) as u64 + field;
            Fault::new(Section::Level(level), at, format!("{what} of brick {i}"), expected, found)
        };
        if let Some(bound) = cell.bound() {
            if !is_finite(bound) {
                return Err(fault(4, "bound", ("a finite number".to_owned(), bound.to_string())));
            }
            continue;
        }
        slots.meet(cell.slot, "a slot").map_err(|wrong| fault(0, "slot", wrong))?;
        if let Some(group) = cell.group() {
            links.meet(group, "a group").map_err(|wrong| fault(4, "link", wrong))?;
        }
    }
    let after = at + size_of_val(cells) as u64;
    for (what, used, expected) in [("stored bricks", &slots, stored), ("links", &links, groups)] {
        if used.count != expected {
            let expected = format!("{expected}, as the head of the volume says");
            return Err(Fault::new(Section::Level(level), after, what, expected, used.count));
        }
    }
    Ok(())
}

/// Every scale is positive, and so small that no distance is infinite.
pub(crate) fn scales(values: &[f32], first: usize, level: u32, at: u64) -> Result<(), Fault> {
    let most = f32::MAX / f16::MAX.to_f32();
    match find_bad(values, |&value| (value > 0.0) & (value <= most)) {
        None => Ok(()),
        Some(i) => {
            let (what, at) = (format!("scale of slot {}", first + i), at + 4 * i as u64);
            let expected = format!("a positive length, at most {most:e}");
            Err(Fault::new(Section::Level(level), at, what, expected, values[i]))
        }
    }
}

/// Every distance is finite.
pub(crate) fn distances(values: &[f16], first: usize, section: Section, at: u64) -> Result<(), Fault> {
    const EXPONENT: u16 = 0x7c00;
    match find_bad(values, |value| value.to_bits() & EXPONENT != EXPONENT) {
        None => Ok(()),
        Some(i) => {
            let (what, at) = (format!("distance of texel {}", first + i), at + 2 * i as u64);
            Err(Fault::new(section, at, what, "a finite number", values[i]))
        }
    }
}

/// Every part id of a run of texels names a part.
pub(crate) fn parts(
    ids: PartIdsRef<'_>,
    first: usize,
    section: Section,
    at: u64,
    count: u32,
) -> Result<(), Fault> {
    let bad = match ids {
        PartIdsRef::U8(ids) => find_bad(ids, |&id| u32::from(id) < count),
        PartIdsRef::U16(ids) => find_bad(ids, |&id| u32::from(id) < count),
    };
    match bad {
        None => Ok(()),
        Some(i) => {
            let at = at + u64::from(ids.width()) * i as u64;
            let found = ids.get(i).unwrap_or_default();
            let what = format!("part of texel {}", first + i);
            Err(Fault::new(section, at, what, format!("an index below {count}"), found))
        }
    }
}
