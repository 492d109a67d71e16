//! The way down the tree, and samples of the brick at its end.

use glam::{IVec3, UVec3, Vec3};
use half::f16;

use crate::{BRICK_CELLS, BRICK_SAMPLES, BrickCell, VolumeView};

/// Cells along one side of a brick.
pub(super) const CELLS: f32 = BRICK_CELLS as f32;

/// What a lookup ends in. A place counts bricks of the finest level: shifted right, those of a coarser one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    pub(super) level: u32,
    /// Among the bricks of its level.
    pub(super) index: IVec3,
    pub(super) cell: BrickCell,
}

/// A volume, and what is asked of it again and again.
pub(super) struct Tree<'a> {
    pub(super) volume: &'a VolumeView<'a>,
    pub(super) origin: Vec3,
    /// The finest level.
    pub(super) depth: u32,
    /// Places beyond the last.
    pub(super) places: IVec3,
    bricks: UVec3,
    row: usize,
    slice: usize,
}

impl<'a> Tree<'a> {
    /// `None` for a volume without a level.
    pub(super) fn new(volume: &'a VolumeView<'a>) -> Option<Self> {
        let depth = volume.levels().len().checked_sub(1)? as u32;
        let bricks = UVec3::from(volume.bricks);
        let [width, height] = volume.slab.map(|side| (side * BRICK_SAMPLES) as usize);
        Some(Self {
            volume,
            origin: volume.origin.into(),
            depth,
            // At most 2048 bricks, 15 times doubled.
            places: (bricks << depth).as_ivec3(),
            bricks,
            row: width,
            slice: width * height,
        })
    }

    /// A point of the asset in cells of level 0.
    pub(super) fn to_grid(&self, point: Vec3) -> Vec3 {
        (point - self.origin) / self.volume.cell_size
    }

    /// The far corner of the grid, in cells of level 0.
    pub(super) fn end(&self) -> Vec3 {
        (self.bricks * BRICK_CELLS).as_vec3()
    }

    /// The place that a point in cells of level 0 lies in, or the nearest to it.
    pub(super) fn place_of(&self, point: Vec3) -> IVec3 {
        let scale = (1_u32 << self.depth) as f32 / CELLS;
        (point * scale).floor().as_ivec3().clamp(IVec3::ZERO, self.places - 1)
    }

    /// The finest brick at a place.
    pub(super) fn descend(&self, place: IVec3) -> Option<Node> {
        let mut index = place >> self.depth;
        let first = index.as_uvec3();
        let number = first.x + self.bricks.x * (first.y + self.bricks.y * first.z);
        let mut level = 0;
        let mut cell = *self.volume.levels().first()?.cells.get(number as usize)?;
        while level < self.depth {
            let Some(group) = cell.group() else { break };
            level += 1;
            index = place >> (self.depth - level);
            let octant = index & 1;
            let child = 8 * group as usize + (octant.x + 2 * octant.y + 4 * octant.z) as usize;
            cell = *self.volume.levels().get(level as usize)?.cells.get(child)?;
        }
        Some(Node { level, index, cell })
    }

    /// The samples of a node that has some.
    pub(super) fn brick(&self, node: &Node) -> Option<Brick<'a>> {
        let level = self.volume.levels().get(node.level as usize)?;
        let scale = *level.scales.get(node.cell.slot as usize)?;
        let first = self.volume.texel(node.cell.slot, [0; 3]);
        let distances = level.distances.get(first..)?;
        Some(Brick { distances, row: self.row, slice: self.slice, scale })
    }

    /// The distance at a point that may lie a little beyond a brick, in whatever brick is there; in an empty one the
    /// nearest sample of this brick stands in. Returns the point that the sample is of, and the distance.
    fn sample_around(&self, node: &Node, brick: &Brick, local: Vec3) -> Option<(Vec3, f32)> {
        let inside = local.clamp(Vec3::ZERO, Vec3::splat(CELLS));
        if inside == local {
            return Some((local, brick.sample(local)));
        }
        let shift = self.depth - node.level;
        let step = (local * ((1_u32 << shift) as f32 / CELLS)).floor().as_ivec3();
        let place = ((node.index << shift) + step).clamp(IVec3::ZERO, self.places - 1);
        let there = self.descend(place)?;
        let is_same = there.level == node.level && there.index == node.index;
        if !there.cell.is_stored() || is_same {
            return Some((inside, brick.sample(inside)));
        }
        // Between the two corners, in bricks of this level: exact.
        let width = width_of(there.level) / width_of(node.level);
        let between = there.index.as_vec3() * width - node.index.as_vec3();
        Some((local, self.brick(&there)?.sample((local - CELLS * between) / width)))
    }

    /// The gradient of the stored distances at a point of a stored brick, per metre. Differences over one cell of the
    /// trilinear field go on without a step from cell to cell, and from brick to brick of one level.
    pub(super) fn gradient(&self, node: &Node, local: Vec3) -> Option<Vec3> {
        let brick = self.brick(node)?;
        let mut slope = Vec3::ZERO;
        for axis in 0..3 {
            let mut half_cell = Vec3::ZERO;
            half_cell[axis] = 0.5;
            let (after_at, after) = self.sample_around(node, &brick, local + half_cell)?;
            let (before_at, before) = self.sample_around(node, &brick, local - half_cell)?;
            slope[axis] = (after - before) / (after_at[axis] - before_at[axis]).max(1e-3);
        }
        Some(slope / (self.volume.cell_size * width_of(node.level)))
    }
}

/// The width of a level's cells in cells of level 0; exact.
pub(super) fn width_of(level: u32) -> f32 {
    1.0 / (1_u32 << level) as f32
}

/// The samples of a stored brick.
#[derive(Clone, Copy)]
pub(super) struct Brick<'a> {
    /// From its first sample on.
    distances: &'a [f16],
    row: usize,
    slice: usize,
    scale: f32,
}

impl Brick<'_> {
    /// The distance in metres at a point in cells from the brick's corner; trilinear.
    #[inline]
    pub(super) fn sample(&self, local: Vec3) -> f32 {
        let inside = local.clamp(Vec3::ZERO, Vec3::splat(CELLS));
        // Rounded down: nothing is below 0.
        let [x, y, z] = inside.to_array().map(|x| (x as i32).min(BRICK_CELLS as i32 - 1));
        let t = inside - IVec3::new(x, y, z).as_vec3();
        let first = x as usize + self.row * y as usize + self.slice * z as usize;
        let (a, b) = (self.between(first, t.x), self.between(first + self.row, t.x));
        let far = first + self.slice;
        let (c, d) = (self.between(far, t.x), self.between(far + self.row, t.x));
        let (near, far) = (a + (b - a) * t.y, c + (d - c) * t.y);
        self.scale * (near + (far - near) * t.z)
    }

    /// Between a sample and the next one along x.
    #[inline(always)]
    fn between(&self, at: usize, t: f32) -> f32 {
        match self.distances.get(at..at + 2) {
            Some(&[a, b]) => {
                let (a, b) = (to_f32(a), to_f32(b));
                a + (b - a) * t
            }
            // Files are checked when they are opened: all samples of their bricks are there.
            _ => 0.0,
        }
    }
}

/// The same number, if it is finite; `f16::to_f32` asks the processor each time what it can do.
#[inline(always)]
fn to_f32(half: f16) -> f32 {
    const TWO_TO_112: f32 = f32::from_bits((112 + 127) << 23);
    let bits = u32::from(half.to_bits());
    let magnitude = f32::from_bits((bits & 0x7fff) << 13) * TWO_TO_112;
    f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_half_is_converted_exactly() {
        for half in (0..=u16::MAX).map(f16::from_bits).filter(|half| half.is_finite()) {
            assert_eq!(to_f32(half).to_bits(), half.to_f32().to_bits(), "{half:?}");
        }
    }
}
