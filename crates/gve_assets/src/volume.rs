//! The distance volume as plain data.

use bytemuck::{Pod, Zeroable};
use half::f16;

/// Cells along one side of a brick.
pub const BRICK_CELLS: u32 = 7;
/// Samples along one side of a brick: neighbouring bricks repeat the samples they share.
pub const BRICK_SAMPLES: u32 = 8;
/// Samples of one brick, and texels that it takes.
pub const BRICK_TEXELS: usize = (BRICK_SAMPLES * BRICK_SAMPLES * BRICK_SAMPLES) as usize;

/// A sparse distance volume: a tree of bricks. Level 0 is a coarse grid; a stored brick of level l can
/// have eight children of half the cell size in level l + 1.
///
/// Sample `(i, j, k)` of level l stands at `origin + (i, j, k) * cell_size / 2^l`. A brick at `(a, b, c)`
/// of its level holds the 8³ samples from `7 * (a, b, c)` on, so that every cell lies in exactly one brick
/// of a level and interpolates from samples of that brick alone; its children stand at
/// `2 * (a, b, c) + (x, y, z)`, with x, y and z 0 or 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    /// Position of sample (0, 0, 0) of every level in metres.
    pub origin: [f32; 3],
    /// Distance between samples of level 0 in metres; level l has `cell_size / 2^l`.
    pub cell_size: f32,
    /// Bound on the slope of the stored field: a ray may step by `distance / lipschitz`.
    pub lipschitz: f32,
    /// Bricks of level 0 along x, y and z.
    pub bricks: [u32; 3],
    /// Bricks along x and y of the atlas, the same for all levels.
    pub slab: [u32; 2],
    /// 1 to 16 levels, coarse to fine; the first l levels are a complete, coarser volume.
    pub levels: Vec<VolumeLevel>,
}

/// One level of a [`Volume`].
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeLevel {
    /// Level 0: one per brick, x fastest. Level l > 0: eight per refined brick of level l - 1 (child
    /// `x + 2y + 4z`); the group of eight that belongs to a brick is the one that its link names.
    pub cells: Vec<BrickCell>,
    /// For each stored brick, by slot: metres per unit of its distances, positive.
    pub scales: Vec<f32>,
    /// Distances over the scale, negative inside: `8·slab.x × 8·slab.y × 8·layers` texels, x fastest.
    /// Brick `slot` starts at texel `8 * (slot % sx, slot / sx % sy, slot / (sx * sy))`; there are
    /// `ceil(stored bricks / (sx * sy))` layers, and places without a brick hold 0.
    pub distances: Vec<f16>,
    /// The part of each of the same texels, as an index into the metadata's parts.
    pub parts: PartIds,
}

/// A brick of a level: stored, or empty.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct BrickCell {
    /// Its place among the stored bricks of its level, or [`BrickCell::EMPTY`].
    pub slot: u32,
    /// For a stored brick the group of eight cells of the next level that it is refined into, or
    /// [`BrickCell::NONE`]. For an empty brick the bits of an `f32`: a distance, negative inside, that no
    /// point of the brick is nearer to the surface than.
    pub link: u32,
}

impl BrickCell {
    /// The slot of a brick without samples.
    pub const EMPTY: u32 = u32::MAX;
    /// The link of a stored brick that is not refined.
    pub const NONE: u32 = u32::MAX;

    /// A brick without samples; no point of it is nearer to the surface than `bound`, negative inside.
    pub fn empty(bound: f32) -> Self {
        Self { slot: Self::EMPTY, link: bound.to_bits() }
    }

    /// A stored brick that is not refined.
    pub fn stored(slot: u32) -> Self {
        Self { slot, link: Self::NONE }
    }

    /// A stored brick whose children are the cells `8 * group` to `8 * group + 7` of the next level.
    pub fn refined(slot: u32, group: u32) -> Self {
        Self { slot, link: group }
    }

    /// Whether the brick has samples.
    pub fn is_stored(&self) -> bool {
        self.slot != Self::EMPTY
    }

    /// The group of its children, if it is stored and refined.
    pub fn group(&self) -> Option<u32> {
        (self.is_stored() && self.link != Self::NONE).then_some(self.link)
    }

    /// The bound of an empty brick.
    pub fn bound(&self) -> Option<f32> {
        (!self.is_stored()).then(|| f32::from_bits(self.link))
    }
}

/// A part of every texel, as narrow as the number of parts lets it be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartIds {
    /// For at most 256 parts.
    U8(Vec<u8>),
    /// For more.
    U16(Vec<u16>),
}

impl PartIds {
    /// `texels` times part 0, in the width that an asset of `parts` parts takes.
    pub fn zeros(texels: usize, parts: usize) -> Self {
        if parts <= 256 { Self::U8(vec![0; texels]) } else { Self::U16(vec![0; texels]) }
    }

    /// How many texels.
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Whether there are no texels.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The part of a texel.
    pub fn get(&self, texel: usize) -> Option<u16> {
        self.view().get(texel)
    }

    /// Sets the part of a texel.
    ///
    /// # Panics
    /// When there is no such texel, or the part does not fit into one byte where there is one.
    pub fn set(&mut self, texel: usize, part: u16) {
        match self {
            Self::U8(ids) => {
                assert!(part < 256, "part {part} does not fit into one byte");
                ids[texel] = part as u8;
            }
            Self::U16(ids) => ids[texel] = part,
        }
    }

    /// The same as slices.
    pub fn view(&self) -> PartIdsRef<'_> {
        match self {
            Self::U8(ids) => PartIdsRef::U8(ids),
            Self::U16(ids) => PartIdsRef::U16(ids),
        }
    }
}

/// [`PartIds`] that lie elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartIdsRef<'a> {
    /// One byte each.
    U8(&'a [u8]),
    /// Two bytes each.
    U16(&'a [u16]),
}

impl<'a> PartIdsRef<'a> {
    /// How many texels.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(ids) => ids.len(),
            Self::U16(ids) => ids.len(),
        }
    }

    /// Whether there are no texels.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The part of a texel.
    pub fn get(&self, texel: usize) -> Option<u16> {
        match self {
            Self::U8(ids) => ids.get(texel).copied().map(u16::from),
            Self::U16(ids) => ids.get(texel).copied(),
        }
    }

    /// Bytes of one id: 1 or 2.
    pub fn width(&self) -> u32 {
        match self {
            Self::U8(_) => 1,
            Self::U16(_) => 2,
        }
    }

    /// As they stand in a file, ready for a GPU.
    pub fn bytes(&self) -> &'a [u8] {
        match self {
            Self::U8(ids) => ids,
            Self::U16(ids) => bytemuck::cast_slice(ids),
        }
    }

    /// A copy that owns its ids.
    pub fn to_ids(&self) -> PartIds {
        match self {
            Self::U8(ids) => PartIds::U8(ids.to_vec()),
            Self::U16(ids) => PartIds::U16(ids.to_vec()),
        }
    }
}

/// Where a stored brick starts in its level's texels.
pub fn slot_texel(slab: [u32; 2], slot: u32) -> [u32; 3] {
    // Both are at least 1 in anything that was checked; a slab of nothing holds no brick to ask for.
    let [sx, sy] = slab.map(|side| side.max(1));
    let layer = slot / sx;
    [slot % sx, layer % sy, layer / sy].map(|brick| brick.saturating_mul(BRICK_SAMPLES))
}

/// Layers of bricks that a level with this many stored bricks takes.
pub fn layer_count(slab: [u32; 2], stored: usize) -> usize {
    let per_layer = slab.map(|side| side.max(1) as usize);
    stored.div_ceil(per_layer[0] * per_layer[1])
}

/// Texels of a level with this many stored bricks.
pub fn texel_count(slab: [u32; 2], stored: usize) -> usize {
    layer_count(slab, stored) * slab[0] as usize * slab[1] as usize * BRICK_TEXELS
}
