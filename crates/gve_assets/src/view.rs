//! The parts of an asset as slices into a file, or into owned data.

use std::fmt;

use half::f16;

use crate::{
    layout::MAX_LEVELS,
    model::{Shell, ShellPart},
    volume::{BrickCell, PartIdsRef, Volume, VolumeLevel, layer_count, slot_texel},
};

/// A [`Volume`] whose arrays lie elsewhere; the fields mean the same.
///
/// [`lookup`](Self::lookup) and [`sample`](Self::sample) read it at a point.
#[derive(Clone, Copy)]
pub struct VolumeView<'a> {
    /// Position of sample (0, 0, 0) of every level in metres.
    pub origin: [f32; 3],
    /// Distance between samples of level 0 in metres.
    pub cell_size: f32,
    /// Bound on the slope of the stored field.
    pub lipschitz: f32,
    /// Bricks of level 0 along x, y and z.
    pub bricks: [u32; 3],
    /// Bricks along x and y of the atlas.
    pub slab: [u32; 2],
    levels: [LevelView<'a>; MAX_LEVELS],
    level_count: usize,
}

/// A [`VolumeLevel`] whose arrays lie elsewhere; the fields mean the same.
#[derive(Clone, Copy, PartialEq)]
pub struct LevelView<'a> {
    /// One per brick of the level.
    pub cells: &'a [BrickCell],
    /// Metres per unit of distance, one per stored brick.
    pub scales: &'a [f32],
    /// Distances over the scale of their brick, negative inside.
    pub distances: &'a [f16],
    /// The part of each of the same texels.
    pub parts: PartIdsRef<'a>,
}

impl LevelView<'_> {
    /// A level without a brick.
    pub(crate) const NONE: Self =
        Self { cells: &[], scales: &[], distances: &[], parts: PartIdsRef::U8(&[]) };

    /// Stored bricks.
    pub fn stored_bricks(&self) -> usize {
        self.scales.len()
    }

    /// A copy that owns its arrays.
    pub fn to_level(&self) -> VolumeLevel {
        VolumeLevel {
            cells: self.cells.to_vec(),
            scales: self.scales.to_vec(),
            distances: self.distances.to_vec(),
            parts: self.parts.to_ids(),
        }
    }
}

impl<'a> VolumeView<'a> {
    /// No volume: without a level, nothing else in it means anything.
    pub(crate) const NONE: Self = Self {
        origin: [0.0; 3],
        cell_size: 0.0,
        lipschitz: 1.0,
        bricks: [0; 3],
        slab: [1; 2],
        levels: [LevelView::NONE; MAX_LEVELS],
        level_count: 0,
    };

    /// The same volume over other levels, of which at most 16 are taken.
    pub(crate) fn with_levels(mut self, levels: impl IntoIterator<Item = LevelView<'a>>) -> Self {
        self.level_count = 0;
        for (place, level) in self.levels.iter_mut().zip(levels) {
            *place = level;
            self.level_count += 1;
        }
        self
    }

    /// A volume without a level.
    pub(crate) fn new(
        origin: [f32; 3],
        cell_size: f32,
        lipschitz: f32,
        bricks: [u32; 3],
        slab: [u32; 2],
    ) -> Self {
        Self { origin, cell_size, lipschitz, bricks, slab, ..Self::NONE }
    }

    /// The levels, coarse to fine.
    pub fn levels(&self) -> &[LevelView<'a>] {
        &self.levels[..self.level_count]
    }

    /// The coarser volume of the first `levels` levels. The links of its last level lead nowhere: a
    /// lookup in it ends there.
    #[must_use]
    pub fn first_levels(&self, levels: usize) -> Self {
        Self { level_count: levels.min(self.level_count), ..*self }
    }

    /// Distance between samples of a level in metres.
    pub fn cell_size_at(&self, level: usize) -> f32 {
        self.cell_size * (-(level as f32)).exp2()
    }

    /// Stored bricks of all levels.
    pub fn stored_bricks(&self) -> usize {
        self.levels().iter().map(LevelView::stored_bricks).sum()
    }

    /// Layers of bricks that a level takes in the atlas.
    pub fn layers(&self, level: usize) -> u32 {
        self.levels().get(level).map_or(0, |level| layer_count(self.slab, level.stored_bricks()) as u32)
    }

    /// Layers of bricks before those of a level, where the levels follow each other in one 3D texture;
    /// with the number of levels, all layers.
    pub fn first_layer(&self, level: usize) -> u32 {
        (0..level).map(|level| self.layers(level)).sum()
    }

    /// Where a stored brick starts in its level's texels.
    pub fn slot_texel(&self, slot: u32) -> [u32; 3] {
        slot_texel(self.slab, slot)
    }

    /// A copy that owns its arrays; the finest level is not refined in it, whatever this was cut from.
    pub fn to_volume(&self) -> Volume {
        let mut levels: Vec<_> = self.levels().iter().map(LevelView::to_level).collect();
        for cell in levels.last_mut().into_iter().flat_map(|level| &mut level.cells) {
            if cell.is_stored() {
                cell.link = BrickCell::NONE;
            }
        }
        Volume {
            origin: self.origin,
            cell_size: self.cell_size,
            lipschitz: self.lipschitz,
            bricks: self.bricks,
            slab: self.slab,
            levels,
        }
    }
}

impl PartialEq for VolumeView<'_> {
    /// What lies behind the last level of one that was cut off does not count.
    fn eq(&self, other: &Self) -> bool {
        let head = |v: &Self| (v.origin, v.cell_size, v.lipschitz, v.bricks, v.slab);
        head(self) == head(other) && self.levels() == other.levels()
    }
}

impl fmt::Debug for VolumeView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VolumeView")
            .field("origin", &self.origin)
            .field("cell_size", &self.cell_size)
            .field("lipschitz", &self.lipschitz)
            .field("bricks", &self.bricks)
            .field("slab", &self.slab)
            .field("levels", &self.levels())
            .finish()
    }
}

impl fmt::Debug for LevelView<'_> {
    /// Sizes: the contents would fill the screen a thousand times.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LevelView")
            .field("cells", &self.cells.len())
            .field("stored_bricks", &self.stored_bricks())
            .field("texels", &self.distances.len())
            .field("part_bytes", &self.parts.width())
            .finish()
    }
}

impl<'a> From<&'a Volume> for VolumeView<'a> {
    /// Of a volume with more than 16 levels, which no file holds, the first 16.
    fn from(volume: &'a Volume) -> Self {
        let levels = volume.levels.iter().map(|level| LevelView {
            cells: &level.cells,
            scales: &level.scales,
            distances: &level.distances,
            parts: level.parts.view(),
        });
        Self::new(volume.origin, volume.cell_size, volume.lipschitz, volume.bricks, volume.slab)
            .with_levels(levels)
    }
}

/// A [`Shell`] whose arrays lie elsewhere; the fields mean the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShellView<'a> {
    /// Vertex positions in metres.
    pub positions: &'a [[f32; 3]],
    /// Unit normals, one per vertex.
    pub normals: &'a [[f32; 3]],
    /// For each vertex the first vertex that is the same point of the surface.
    pub weld: &'a [u32],
    /// Three per triangle, grouped by part.
    pub indices: &'a [u32],
    /// One run of indices per material.
    pub parts: &'a [ShellPart],
}

impl ShellView<'_> {
    /// A mesh without a triangle.
    pub(crate) const NONE: Self = Self { positions: &[], normals: &[], weld: &[], indices: &[], parts: &[] };

    /// A copy that owns its arrays.
    pub fn to_shell(&self) -> Shell {
        Shell {
            positions: self.positions.to_vec(),
            normals: self.normals.to_vec(),
            weld: self.weld.to_vec(),
            indices: self.indices.to_vec(),
            parts: self.parts.to_vec(),
        }
    }
}

impl<'a> From<&'a Shell> for ShellView<'a> {
    fn from(shell: &'a Shell) -> Self {
        Self {
            positions: &shell.positions,
            normals: &shell.normals,
            weld: &shell.weld,
            indices: &shell.indices,
            parts: &shell.parts,
        }
    }
}
