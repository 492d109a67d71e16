//! The grid of version 1.

use crate::{
    error::{Fault, Section},
    flat::FlatCell,
    volume::{BRICK_TEXELS, BrickCell},
};

/// Every brick either lies in the atlas, each at a slot of its own, or says how far the surface is.
/// Slots may stay unused.
pub(super) fn check(cells: &[FlatCell], texels: u64, at: u64) -> Result<(), Fault> {
    let slots = texels as usize / BRICK_TEXELS;
    // Bounded: the atlas lies in the file, with 1.5 KiB for each of these.
    let mut taken = vec![false; slots];
    for (i, cell) in cells.iter().enumerate() {
        let fault = |field: u64, what: &str, expected: String, found: String| {
            let at = at + (i * size_of::<FlatCell>()) as u64 + field;
            Err(Fault::new(Section::Volume, at, format!("{what} of brick {i}"), expected, found))
        };
        if cell.slot == BrickCell::EMPTY {
            if !cell.distance.is_finite() {
                return fault(4, "distance", "a finite number".to_owned(), cell.distance.to_string());
            }
            continue;
        }
        match taken.get_mut(cell.slot as usize) {
            None => {
                let expected = format!("a slot below {slots}, or {} for none", BrickCell::EMPTY);
                return fault(0, "atlas slot", expected, cell.slot.to_string());
            }
            Some(true) => {
                let found = format!("{}, taken before", cell.slot);
                return fault(0, "atlas slot", "a slot of its own".to_owned(), found);
            }
            Some(free) => *free = true,
        }
        if cell.distance != 0.0 {
            return fault(4, "distance", "0 for a brick in the atlas".to_owned(), cell.distance.to_string());
        }
    }
    Ok(())
}
