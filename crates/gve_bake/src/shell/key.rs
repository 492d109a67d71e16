//! Whole-numbered places in the tree, and maps from them.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
};

use glam::UVec3;

/// A corner of cells, counted in the finest cells from the grid's first sample: 21 bits along each axis.
pub(super) fn point_key(p: UVec3) -> u64 {
    u64::from(p.x) | u64::from(p.y) << 21 | u64::from(p.z) << 42
}

/// The corner of [`point_key`].
pub(super) fn point_of(key: u64) -> UVec3 {
    let part = |shift: u32| (key >> shift & 0x1f_ffff) as u32;
    UVec3::new(part(0), part(21), part(42))
}

/// An edge or a face: its low corner, the axis that it runs along or stands across, and its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SideKey {
    pub(super) low: u64,
    /// Axis, and the level times four.
    place: u8,
}

impl SideKey {
    pub(super) fn new(low: UVec3, axis: usize, level: u32) -> Self {
        Self { low: point_key(low), place: axis as u8 | (level as u8) << 2 }
    }

    pub(super) fn axis(self) -> usize {
        usize::from(self.place & 3)
    }

    pub(super) fn level(self) -> u32 {
        u32::from(self.place >> 2)
    }
}

/// A quick hash for whole numbers; the same in every run.
#[derive(Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        // The table takes both ends of the number.
        self.0 ^ self.0 >> 29
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_i32(&mut self, n: i32) {
        self.write_u64(u64::from(n as u32));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(23) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;
pub(super) type Set<K> = HashSet<K, BuildHasherDefault<KeyHasher>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_their_parts() {
        let p = UVec3::new(0x1f_ffff, 12, 1 << 20);
        assert_eq!(point_of(point_key(p)), p);
        let side = SideKey::new(p, 2, 11);
        assert_eq!((point_of(side.low), side.axis(), side.level()), (p, 2, 11));
    }
}
