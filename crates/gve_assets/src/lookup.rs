//! Reading a volume at a point, the slow and obvious way.

use crate::{
    view::VolumeView,
    volume::{BRICK_CELLS, BRICK_SAMPLES},
};

/// The brick that a lookup ends in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brick {
    /// Its level.
    pub level: usize,
    /// Which of the level's cells.
    pub cell: u32,
    /// Its place among the bricks of its level; its first sample is `7 * at`.
    pub at: [u32; 3],
    /// Its smallest corner in metres.
    pub min: [f32; 3],
    /// Length of its sides in metres.
    pub side: f32,
}

/// What a volume holds at a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lookup {
    /// The point lies outside the grid.
    Outside,
    /// No samples: no point of the brick is nearer to the surface than the bound.
    Empty {
        /// The brick.
        brick: Brick,
        /// A distance in metres, negative inside. A bound of 0, whatever its sign bit, says only that
        /// the side is known; it is no hit.
        bound: f32,
    },
    /// Samples.
    Stored {
        /// The brick.
        brick: Brick,
        /// Its place among the stored bricks of its level.
        slot: u32,
        /// The point in cells from the brick's smallest corner, 0 to 7 each.
        local: [f32; 3],
    },
}

/// A distance and what it was read from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Metres, negative inside: interpolated in a stored brick, otherwise the bound of an empty one.
    pub distance: f32,
    /// The part of the nearest sample; `None` for an empty brick.
    pub part: Option<u16>,
    /// The level that the brick belongs to.
    pub level: usize,
    /// Whether the brick has samples. Only then is a distance of about 0 the surface.
    pub stored: bool,
}

impl VolumeView<'_> {
    /// The finest brick at a point: from the cell of level 0 to the child that holds the point, until a
    /// brick is empty, is not refined, or is of the last level.
    pub fn lookup(&self, point: [f32; 3]) -> Lookup {
        let Some(level_0) = self.levels().first() else { return Lookup::Outside };
        let side = self.cell_size * BRICK_CELLS as f32;
        // In bricks of the level at hand from the corner of the brick at hand.
        let mut local: [f32; 3] = std::array::from_fn(|axis| (point[axis] - self.origin[axis]) / side);
        let mut at = [0_u32; 3];
        for axis in 0..3 {
            let last = self.bricks[axis].saturating_sub(1);
            if !(local[axis] >= 0.0 && local[axis] <= self.bricks[axis] as f32) {
                return Lookup::Outside;
            }
            // The far side of the grid belongs to the last brick.
            at[axis] = (local[axis] as u32).min(last);
            local[axis] -= at[axis] as f32;
        }
        let mut index = at[0] as usize
            + self.bricks[0] as usize * (at[1] as usize + self.bricks[1] as usize * at[2] as usize);
        let (mut level, mut cells) = (0, level_0.cells);
        loop {
            let Some(cell) = cells.get(index) else { return Lookup::Outside };
            let next = self.levels().get(level + 1);
            if let (Some(group), Some(next)) = (cell.group(), next) {
                index = 8 * group as usize;
                for axis in 0..3 {
                    // Doubling is exact, and so is taking away a whole number below it.
                    let upper = u32::from(local[axis] >= 0.5);
                    local[axis] = 2.0 * local[axis] - upper as f32;
                    at[axis] = 2 * at[axis] + upper;
                    index += (upper as usize) << axis;
                }
                (level, cells) = (level + 1, next.cells);
                continue;
            }
            let brick = self.brick(level, index as u32, at);
            return match cell.bound() {
                Some(bound) => Lookup::Empty { brick, bound },
                None => {
                    let local = local.map(|x| (x * BRICK_CELLS as f32).clamp(0.0, BRICK_CELLS as f32));
                    Lookup::Stored { brick, slot: cell.slot, local }
                }
            };
        }
    }

    /// The distance and the part at a point; `None` outside the grid.
    pub fn sample(&self, point: [f32; 3]) -> Option<Sample> {
        match self.lookup(point) {
            Lookup::Outside => None,
            Lookup::Empty { brick, bound } => {
                Some(Sample { distance: bound, part: None, level: brick.level, stored: false })
            }
            Lookup::Stored { brick, slot, local } => Some(Sample {
                distance: self.interpolate(brick.level, slot, local)?,
                part: self.part(brick.level, slot, local),
                level: brick.level,
                stored: true,
            }),
        }
    }

    /// The distance in a stored brick, at a point in cells from its smallest corner; trilinear.
    pub fn interpolate(&self, level: usize, slot: u32, local: [f32; 3]) -> Option<f32> {
        let view = self.levels().get(level)?;
        let scale = *view.scales.get(slot as usize)?;
        let low = local.map(|x| (x.max(0.0) as u32).min(BRICK_CELLS - 1));
        let t: [f32; 3] = std::array::from_fn(|axis| local[axis] - low[axis] as f32);
        let mut corners = [0.0; 8];
        for (corner, value) in corners.iter_mut().enumerate() {
            let sample = std::array::from_fn(|axis| low[axis] + (corner as u32 >> axis & 1));
            *value = view.distances.get(self.texel(slot, sample))?.to_f32();
        }
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let along_x: [f32; 4] = std::array::from_fn(|i| mix(corners[2 * i], corners[2 * i + 1], t[0]));
        let along_y = [mix(along_x[0], along_x[1], t[1]), mix(along_x[2], along_x[3], t[1])];
        Some(scale * mix(along_y[0], along_y[1], t[2]))
    }

    /// The part of the sample nearest to a point of a stored brick, in cells from its smallest corner.
    pub fn part(&self, level: usize, slot: u32, local: [f32; 3]) -> Option<u16> {
        let nearest = local.map(|x| (x.max(0.0).round() as u32).min(BRICK_CELLS));
        self.levels().get(level)?.parts.get(self.texel(slot, nearest))
    }

    /// Which texel of its level a sample of a stored brick is; `sample` counts 0 to 7 along each side.
    pub fn texel(&self, slot: u32, sample: [u32; 3]) -> usize {
        let corner = self.slot_texel(slot);
        let [x, y, z]: [usize; 3] = std::array::from_fn(|axis| (corner[axis] + sample[axis]) as usize);
        let [width, height] = self.slab.map(|side| (side * BRICK_SAMPLES) as usize);
        x + width * (y + height * z)
    }

    fn brick(&self, level: usize, cell: u32, at: [u32; 3]) -> Brick {
        let side = self.cell_size_at(level) * BRICK_CELLS as f32;
        let min = std::array::from_fn(|axis| self.origin[axis] + at[axis] as f32 * side);
        Brick { level, cell, at, min, side }
    }
}
