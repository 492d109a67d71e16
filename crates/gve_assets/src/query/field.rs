//! Distance and slope at a point.

use glam::UVec3;

use super::brick::{Node, Tree};
use crate::{BrickCell, Lookup, VolumeView};

/// What a volume knows of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldSample {
    /// Metres, negative inside: interpolated where there are samples. Elsewhere a bound: the surface is no nearer
    /// than that.
    pub distance: f32,
    /// The slope of the interpolated distance, per metre; `None` where there are no samples.
    pub gradient: Option<[f32; 3]>,
    /// The part of the nearest sample, where there is one.
    pub part: Option<u16>,
}

impl VolumeView<'_> {
    /// The distance at a point in metres and its slope; `None` outside of the grid, and at a point that is not
    /// finite. Stored distances may be [`lipschitz`](Self::lipschitz) times as large as true ones.
    pub fn field(&self, point: [f32; 3]) -> Option<FieldSample> {
        match self.lookup(point) {
            Lookup::Outside => None,
            Lookup::Empty { bound, .. } => Some(FieldSample { distance: bound, gradient: None, part: None }),
            Lookup::Stored { brick, slot, local } => {
                let tree = Tree::new(self)?;
                let index = UVec3::from(brick.at).as_ivec3();
                let node = Node { level: brick.level as u32, index, cell: BrickCell::stored(slot) };
                Some(FieldSample {
                    distance: tree.brick(&node)?.sample(local.into()),
                    gradient: tree.gradient(&node, local.into()).map(|slope| slope.to_array()),
                    part: self.part(brick.level, slot, local),
                })
            }
        }
    }
}
