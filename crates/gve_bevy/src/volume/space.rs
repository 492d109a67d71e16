//! Who has which places in the pool: bricks in the atlas, texels of the node texture.
//!
//! Places are counted and never move, so that the textures may grow under them (`textures`).

use std::ops::Range;

use range_alloc::RangeAllocator;

/// Bricks along x and along y of a column of the atlas: 256 texels, which is as long as 3D textures may be anywhere.
pub(super) const COLUMN_BRICKS: u32 = 32;
/// Bricks of one layer of a column.
pub(super) const LAYER_BRICKS: u32 = COLUMN_BRICKS * COLUMN_BRICKS;
/// Bytes of a layer: a distance and a part for each of the 8³ texels of a brick.
const LAYER_BYTES: u64 = LAYER_BRICKS as u64 * 512 * 3;
/// Texels of a row of the node texture: as wide as 2D textures may be anywhere.
pub(super) const ROW: u32 = 2048;
const ROW_BYTES: u64 = ROW as u64 * 16;
/// Columns, side by side, of the largest atlas: 2 GiB of distances, more than drivers take in one texture.
const MOST_COLUMNS: u32 = 8;
/// Bricks along z of the tallest column.
const MOST_COLUMN_LAYERS: u32 = 256;

/// How large the textures of a pool are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Capacity {
    /// Rows of the node texture.
    pub(super) rows: u32,
    /// Layers of bricks, column after column.
    pub(super) layers: u32,
}

impl Capacity {
    pub(super) fn bytes(self) -> u64 {
        u64::from(self.rows) * ROW_BYTES + u64::from(self.layers) * LAYER_BYTES
    }
}

/// How large the textures of a pool may become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) rows: u32,
    /// Layers of one column.
    pub(super) column_layers: u32,
    pub(super) columns: u32,
}

impl Limits {
    /// For a GPU whose textures may have sides of so many texels.
    pub(super) fn new(texture_2d_side: u32, texture_3d_side: u32) -> Self {
        Self {
            rows: texture_2d_side,
            column_layers: (texture_3d_side / 8).min(MOST_COLUMN_LAYERS),
            columns: (texture_3d_side / 8 / COLUMN_BRICKS).min(MOST_COLUMNS),
        }
    }

    pub(super) fn layers(&self) -> u32 {
        self.column_layers * self.columns
    }

    /// So many layers, in whole columns where there are several.
    fn whole(&self, layers: u32) -> u32 {
        if layers <= self.column_layers { layers } else { layers.next_multiple_of(self.column_layers) }
    }
}

/// Places that are given away and taken back; the shortest gap that is long enough is given first.
#[derive(Debug)]
struct Places {
    gaps: RangeAllocator<u32>,
    taken: u32,
}

impl Places {
    fn new(count: u32) -> Self {
        Self { gaps: RangeAllocator::new(0..count), taken: 0 }
    }

    fn take(&mut self, count: u32) -> Option<Range<u32>> {
        if count == 0 {
            return Some(0..0);
        }
        let places = self.gaps.allocate_range(count).ok()?;
        self.taken += count;
        Some(places)
    }

    fn give_back(&mut self, places: Range<u32>) {
        if !places.is_empty() {
            self.taken -= places.end - places.start;
            self.gaps.free_range(places);
        }
    }

    /// The first place behind all that are taken.
    fn end(&self) -> u32 {
        self.gaps.allocated_ranges().last().map_or(0, |places| places.end)
    }
}

/// What an asset takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needs {
    /// Texels of its looks.
    pub(super) looks: u32,
    /// Cells and bricks of each level.
    pub(super) levels: Vec<(u32, u32)>,
}

impl Needs {
    pub(super) fn cells(&self) -> u64 {
        self.levels.iter().map(|level| u64::from(level.0)).sum()
    }

    pub(super) fn bricks(&self) -> u64 {
        self.levels.iter().map(|level| u64::from(level.1)).sum()
    }
}

/// The places of an asset.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) looks: Range<u32>,
    /// Cells, among the texels of the node texture, and bricks of each level.
    pub(super) levels: Vec<(Range<u32>, Range<u32>)>,
}

/// All places.
#[derive(Debug)]
pub(super) struct Space {
    nodes: Places,
    bricks: Places,
    limits: Limits,
}

impl Space {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            nodes: Places::new(limits.rows.saturating_mul(ROW)),
            bricks: Places::new(limits.layers().saturating_mul(LAYER_BRICKS)),
            limits,
        }
    }

    /// Texels of the node texture.
    pub(super) fn take_nodes(&mut self, count: u32) -> Option<Range<u32>> {
        self.nodes.take(count)
    }

    pub(super) fn give_back_nodes(&mut self, places: Range<u32>) {
        self.nodes.give_back(places);
    }

    /// Places for all of an asset, unless they are further behind than textures of so many bytes reach.
    pub(super) fn take(&mut self, needs: &Needs, most_bytes: u64) -> Option<Room> {
        let mut room = Room::default();
        if self.try_take(needs, &mut room).is_some() && self.least().bytes() <= most_bytes {
            return Some(room);
        }
        self.give_back(room);
        None
    }

    /// Whether an asset and so many texels more would find places.
    pub(super) fn has_room(&mut self, needs: &Needs, nodes: u32, most_bytes: u64) -> bool {
        let Some(nodes) = self.nodes.take(nodes) else { return false };
        let room = self.take(needs, most_bytes);
        let is_there = room.is_some();
        self.give_back(room.unwrap_or_default());
        self.nodes.give_back(nodes);
        is_there
    }

    fn try_take(&mut self, needs: &Needs, room: &mut Room) -> Option<()> {
        room.looks = self.nodes.take(needs.looks)?;
        for &(cells, bricks) in &needs.levels {
            let cells = self.nodes.take(cells)?;
            // So that it is given back if there is no room for the bricks.
            room.levels.push((cells, 0..0));
            let bricks = self.bricks.take(bricks)?;
            if let Some(level) = room.levels.last_mut() {
                level.1 = bricks;
            }
        }
        Some(())
    }

    pub(super) fn give_back(&mut self, room: Room) {
        self.nodes.give_back(room.looks);
        for (cells, bricks) in room.levels {
            self.nodes.give_back(cells);
            self.bricks.give_back(bricks);
        }
    }

    /// The smallest textures that hold what is taken.
    fn least(&self) -> Capacity {
        Capacity {
            rows: self.nodes.end().div_ceil(ROW),
            layers: self.limits.whole(self.bricks.end().div_ceil(LAYER_BRICKS)),
        }
    }

    /// How large the textures should be, which are so large now. They grow by half at least, so that they do not grow
    /// for every asset, and shrink when half of them lies idle.
    pub(super) fn capacity(&self, now: Capacity, most_bytes: u64) -> Capacity {
        let least = self.least();
        let resized = |now: u32, least: u32, most: u32| {
            if least > now {
                least.max(now + now / 2).min(most)
            } else if 2 * least <= now {
                least
            } else {
                now
            }
        };
        let roomy = Capacity {
            rows: resized(now.rows, least.rows, self.limits.rows),
            layers: self.limits.whole(resized(now.layers, least.layers, self.limits.layers())),
        };
        if roomy.bytes() <= most_bytes { roomy } else { least }
    }

    /// Texels of the node texture and bricks that are taken.
    #[cfg(test)]
    fn taken(&self) -> (u32, u32) {
        (self.nodes.taken, self.bricks.taken)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn needs(bricks: u32) -> Needs {
        Needs { looks: 20, levels: vec![(bricks / 2, bricks / 4), (2 * bricks, bricks - bricks / 4)] }
    }

    fn space() -> Space {
        // As small as GPUs are.
        Space::new(Limits::new(2048, 256))
    }

    #[test]
    fn nobody_shares_a_place() {
        let mut space = space();
        let rooms: Vec<Room> = (1..30).map(|i| space.take(&needs(37 * i), u64::MAX).unwrap()).collect();
        let disjoint = |mut places: Vec<Range<u32>>| {
            places.sort_by_key(|places| places.start);
            places.windows(2).all(|pair| pair[0].end <= pair[1].start)
        };
        let levels = || rooms.iter().flat_map(|room| &room.levels);
        let looks = rooms.iter().map(|room| room.looks.clone());
        assert!(disjoint(levels().map(|level| level.0.clone()).chain(looks).collect()));
        assert!(disjoint(levels().map(|level| level.1.clone()).collect()));
        let bricks: u32 = (1..30).map(|i| 37 * i).sum();
        assert_eq!(space.taken().1, bricks);
        assert_eq!(space.least().layers, bricks.div_ceil(LAYER_BRICKS));
    }

    #[test]
    fn what_comes_and_goes_leaves_the_space_where_it_was() {
        let mut space = space();
        let kept: Vec<Room> = (0..5).map(|i| space.take(&needs(100 + i), u64::MAX).unwrap()).collect();
        let (taken, least) = (space.taken(), space.least());
        let mut random = 1_u32;
        for _ in 0..10_000 {
            let mut come = Vec::new();
            for _ in 0..4 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                come.push(space.take(&needs(1 + random % 3000), u64::MAX).unwrap());
            }
            // In another order than they came.
            come.rotate_left(random as usize % 4);
            come.into_iter().for_each(|room| space.give_back(room));
            assert_eq!((space.taken(), space.least()), (taken, least));
        }
        kept.into_iter().for_each(|room| space.give_back(room));
        assert_eq!((space.taken(), space.least()), ((0, 0), Capacity::default()));
    }

    #[test]
    fn what_does_not_fit_takes_nothing() {
        let mut space = space();
        let most = 32 * LAYER_BRICKS;
        let all = space.take(&Needs { looks: 1, levels: vec![(1, most)] }, u64::MAX).unwrap();
        let before = space.taken();
        assert!(space.take(&Needs { looks: 1, levels: vec![(8, 0), (8, 1)] }, u64::MAX).is_none());
        assert_eq!(space.taken(), before);
        space.give_back(all);
        // A limit in bytes: two layers and a few rows.
        let bytes = 2 * LAYER_BYTES + 4 * ROW_BYTES;
        let first = space.take(&needs(LAYER_BRICKS), bytes).unwrap();
        let second = space.take(&needs(LAYER_BRICKS), bytes).unwrap();
        let before = space.taken();
        assert!(space.take(&needs(1), bytes).is_none());
        assert_eq!(space.taken(), before);
        space.give_back(first);
        let third = space.take(&needs(LAYER_BRICKS), bytes).unwrap();
        assert!(space.least().bytes() <= bytes);
        space.give_back(second);
        space.give_back(third);
    }

    #[test]
    fn textures_grow_in_strides_and_shrink_when_most_of_them_is_idle() {
        let mut space = space();
        let mut now = Capacity::default();
        let mut grown = 0;
        let mut rooms = Vec::new();
        for _ in 0..100 {
            rooms.push(space.take(&needs(300), u64::MAX).unwrap());
            let next = space.capacity(now, u64::MAX);
            assert!(next.layers >= space.least().layers && next.rows >= space.least().rows);
            grown += u32::from(next != now);
            now = next;
        }
        assert!(grown < 25, "grown {grown} times for 30 layers");
        assert!(now.layers <= 45 && now.layers <= space.limits.layers());
        // With a limit, no more than what is needed.
        let least = space.least();
        assert_eq!(space.capacity(Capacity { layers: least.layers - 1, ..least }, least.bytes()), least);
        rooms.drain(8..).for_each(|room| space.give_back(room));
        assert_eq!(space.capacity(now, u64::MAX), space.least());
        rooms.drain(..).for_each(|room| space.give_back(room));
        assert_eq!(space.capacity(now, u64::MAX), Capacity::default());
    }

    #[test]
    fn a_pool_reaches_as_far_as_the_gpu() {
        assert_eq!(Limits::new(2048, 256).layers(), 32);
        assert_eq!(Limits::new(8192, 2048).layers(), 8 * 256);
        assert_eq!(Limits::new(8192, 16_384).layers(), 8 * 256);
        assert_eq!(Limits::new(8192, 1024).layers(), 4 * 128);
        assert_eq!(Limits::new(8192, 128).layers(), 0);
        // Beside a column stands another one as tall.
        let limits = Limits::new(2048, 512);
        assert_eq!([0, 1, 64, 65, 128].map(|layers| limits.whole(layers)), [0, 1, 64, 128, 128]);
    }
}
