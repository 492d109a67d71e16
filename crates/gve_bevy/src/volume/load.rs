//! One load of an asset on its way to the GPU: its places in the pool, and how much of it has been sent.

use std::{ops::Range, sync::Arc};

use gve_assets::{PartIdsRef, VolumeView};
use gve_types::FileMetadata;

use super::{
    record::{self, LevelPlace, Lists, RECORD_TEXELS, Texel},
    space::{Needs, Room},
};
use crate::asset::GveAsset;

/// Bytes of a cell in the pool.
const CELL_BYTES: u64 = size_of::<Texel>() as u64;
/// Bytes of a brick in the pool: distances and parts of 8³ texels.
const BRICK_BYTES: u64 = 512 * 3;

/// One load of an asset, with room for all of it.
pub(super) struct Load {
    pub(super) asset: GveAsset,
    pub(super) room: Room,
    sent: Sent,
    /// Bytes of what has been sent, and of all.
    pub(super) sent_bytes: u64,
    pub(super) bytes: u64,
}

/// How far an upload is: levels that were sent whole, and how much of the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sent {
    looks: bool,
    levels: u32,
    cells: u32,
    bricks: u32,
}

/// What the render world is to write into the textures of the pool.
pub(super) enum Write {
    /// Texels of the node texture.
    Nodes { first: u32, texels: Vec<Texel> },
    /// Cells of a level of an asset.
    Cells { asset: GveAsset, level: u32, cells: Range<u32>, first: u32, place: LevelPlace },
    /// Bricks of a level of an asset. Where its part ids are wider than a texel, `materials` has a material for each.
    Bricks { asset: GveAsset, level: u32, bricks: Range<u32>, first: u32, materials: Option<Arc<[u8]>> },
}

/// What an asset takes in the pool.
pub(super) fn needs(asset: &GveAsset) -> Needs {
    needs_of(asset.metadata(), &asset.volume())
}

pub(super) fn needs_of(metadata: &FileMetadata, volume: &VolumeView) -> Needs {
    let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
    let levels = volume.levels().iter().map(|level| (count(level.cells.len()), count(level.stored_bricks())));
    Needs { looks: record::look_texels(metadata), levels: levels.collect() }
}

/// Bytes of what an asset takes in the pool.
fn bytes_of(needs: &Needs) -> u64 {
    let level =
        |&(cells, bricks): &(u32, u32)| u64::from(cells) * CELL_BYTES + u64::from(bricks) * BRICK_BYTES;
    u64::from(needs.looks) * CELL_BYTES + needs.levels.iter().map(level).sum::<u64>()
}

impl Load {
    pub(super) fn new(asset: &GveAsset, needs: &Needs, room: Room) -> Self {
        Self { asset: asset.clone(), room, sent: Sent::default(), sent_bytes: 0, bytes: bytes_of(needs) }
    }

    /// Levels that were sent whole: what can be drawn.
    pub(super) fn levels(&self) -> u32 {
        self.sent.levels
    }

    pub(super) fn is_complete(&self) -> bool {
        self.sent.levels as usize == self.room.levels.len()
    }

    /// The record of what can be drawn.
    pub(super) fn record(&self) -> [Texel; RECORD_TEXELS as usize] {
        match self.room.levels.first() {
            Some((cells, _)) if self.sent.levels > 0 => {
                let lists = Lists { cells: cells.start, looks: self.room.looks.start };
                record::record(&self.asset, self.sent.levels as usize, lists)
            }
            _ => record::EMPTY_RECORD,
        }
    }

    /// Sends a part of the next level that is no larger than the budget, and takes it off the budget. A budget that is
    /// not 0 gets at least one brick or cell.
    pub(super) fn send(&mut self, budget: &mut u64, writes: &mut Vec<Write>) {
        let number = self.sent.levels as usize;
        let Some((cells, bricks)) = self.room.levels.get(number) else { return };
        if *budget == 0 {
            return;
        }
        let before = *budget;
        if !self.sent.looks {
            self.sent.looks = true;
            let texels = record::looks(self.asset.metadata(), is_wide(&self.asset));
            *budget = budget.saturating_sub(texels.len() as u64 * CELL_BYTES);
            writes.push(Write::Nodes { first: self.room.looks.start, texels });
        }
        let (asset, level) = (&self.asset, self.sent.levels);
        let part = some_of(cells, &mut self.sent.cells, CELL_BYTES, budget);
        if !part.is_empty() {
            let next_cells = self.room.levels.get(number + 1).map(|level| level.0.start);
            let place = LevelPlace { first_brick: bricks.start, next_cells };
            let first = cells.start + part.start;
            writes.push(Write::Cells { asset: asset.clone(), level, cells: part, first, place });
        }
        let part = some_of(bricks, &mut self.sent.bricks, BRICK_BYTES, budget);
        if !part.is_empty() {
            let first = bricks.start + part.start;
            let materials = is_wide(asset).then(|| record::part_materials(asset.metadata()).collect());
            writes.push(Write::Bricks { asset: asset.clone(), level, bricks: part, first, materials });
        }
        if (self.sent.cells as usize, self.sent.bricks as usize) == (cells.len(), bricks.len()) {
            self.sent = Sent { looks: true, levels: self.sent.levels + 1, ..Sent::default() };
        }
        self.sent_bytes += before - *budget;
        if self.is_complete() {
            self.sent_bytes = self.bytes;
        }
    }

    /// Sends everything anew: the GPU has lost it.
    pub(super) fn start_again(&mut self) {
        (self.sent, self.sent_bytes) = (Sent::default(), 0);
    }
}

/// The next of some items, of so many bytes each, that the budget pays for.
fn some_of(items: &Range<u32>, sent: &mut u32, bytes: u64, budget: &mut u64) -> Range<u32> {
    let first = *sent;
    let left = items.end - items.start - first;
    if left == 0 || *budget == 0 {
        return first..first;
    }
    let count = u32::try_from(*budget / bytes).unwrap_or(u32::MAX).clamp(1, left);
    *sent += count;
    *budget = budget.saturating_sub(u64::from(count) * bytes);
    first..first + count
}

/// Whether an asset has more parts than a texel of the atlas can tell apart.
fn is_wide(asset: &GveAsset) -> bool {
    asset.volume().levels().iter().any(|level| !matches!(level.parts, PartIdsRef::U8(_)))
}
