//! Blending footprints front to back, tile by tile (Kerbl et al., "3D Gaussian Splatting", 2023).

use glam::{Vec2, Vec3};
use rayon::prelude::*;

use super::{
    Image,
    ewa::{MAX_ALPHA, MIN_ALPHA, MIN_TRANSMITTANCE},
};

/// Pixels along one side of a tile.
pub(crate) const TILE: u32 = 16;
/// [`TILE`] as an index.
pub(crate) const SIDE: usize = TILE as usize;

/// A splat on the screen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Footprint {
    /// In pixels.
    pub(crate) center: Vec2,
    /// Inverse covariance: xx, xy, yy.
    pub(crate) conic: [f32; 3],
    /// Half width and height of what it touches.
    pub(crate) extent: Vec2,
    pub(crate) alpha: f32,
    pub(crate) color: Vec3,
    /// Positive.
    pub(crate) depth: f32,
}

/// The footprints of each tile, nearest first.
pub(crate) struct Bins {
    /// Tiles along x and y.
    pub(crate) tiles: [u32; 2],
    /// Where each tile's footprints begin, and the end of the last tile's.
    pub(crate) starts: Vec<u32>,
    /// Indices of footprints, tile by tile.
    pub(crate) entries: Vec<u32>,
}

impl Bins {
    /// Footprints of the same depth keep their order.
    pub(crate) fn new(footprints: &[Footprint], size: [u32; 2]) -> Self {
        let tiles = size.map(|n| n.div_ceil(TILE));
        let last = Vec2::new(tiles[0] as f32, tiles[1] as f32) - 1.0;
        let reach: Vec<[u16; 4]> = footprints
            .par_iter()
            .with_min_len(4096)
            .map(|f| {
                let min = ((f.center - f.extent) / TILE as f32).floor().max(Vec2::ZERO);
                let max = ((f.center + f.extent) / TILE as f32).floor().min(last);
                if min.cmple(max).all() {
                    [min.x as u16, min.y as u16, max.x as u16 + 1, max.y as u16 + 1]
                } else {
                    [0; 4]
                }
            })
            .collect();
        let each_tile = |[x0, y0, x1, y1]: [u16; 4], visit: &mut dyn FnMut(usize)| {
            for y in y0..y1 {
                for x in x0..x1 {
                    visit(usize::from(y) * tiles[0] as usize + usize::from(x));
                }
            }
        };
        let mut starts = vec![0u32; tiles[0] as usize * tiles[1] as usize + 1];
        for &range in &reach {
            each_tile(range, &mut |tile| starts[tile + 1] += 1);
        }
        for tile in 1..starts.len() {
            starts[tile] += starts[tile - 1];
        }
        let mut next = starts.clone();
        let mut keys = vec![0u64; starts.last().copied().unwrap_or(0) as usize];
        for ((index, footprint), &range) in (0u32..).zip(footprints).zip(&reach) {
            // Bits of positive floats sort like the floats.
            let key = u64::from(footprint.depth.to_bits()) << 32 | u64::from(index);
            each_tile(range, &mut |tile| {
                keys[next[tile] as usize] = key;
                next[tile] += 1;
            });
        }
        let mut bins = Self { tiles, starts, entries: vec![] };
        bins.split_mut(&mut keys).into_par_iter().with_min_len(8).for_each(<[u64]>::sort_unstable);
        bins.entries = keys.par_iter().with_min_len(8192).map(|&key| key as u32).collect();
        bins
    }

    /// Cuts a list with one value per entry into one slice per tile.
    pub(crate) fn split_mut<'a, T>(&self, mut values: &'a mut [T]) -> Vec<&'a mut [T]> {
        let mut parts = Vec::with_capacity(self.starts.len());
        for ends in self.starts.windows(2) {
            let (part, rest) = std::mem::take(&mut values).split_at_mut((ends[1] - ends[0]) as usize);
            parts.push(part);
            values = rest;
        }
        parts
    }

    pub(crate) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The footprints of one tile.
    pub(crate) fn bin(&self, tile: usize) -> &[u32] {
        &self.entries[self.starts[tile] as usize..self.starts[tile + 1] as usize]
    }

    /// The first pixel of a tile.
    pub(crate) fn corner(&self, tile: usize) -> [u32; 2] {
        let tile = tile as u32;
        [tile % self.tiles[0] * TILE, tile / self.tiles[0] * TILE]
    }
}

/// What one footprint adds to one pixel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment {
    /// Place of the footprint in the tile's bin.
    pub(crate) place: u32,
    /// Pixel of the tile, row by row.
    pub(crate) pixel: u32,
    pub(crate) alpha: f32,
    /// How much of the pixel is still see-through in front of it.
    pub(crate) transmittance: f32,
}

/// Draws one tile. `background` gets places in pixels; `record` is told of every fragment in the order
/// of the bin. Returns linear colour and coverage of the tile's 16² pixels.
pub(crate) fn blend_tile(
    footprints: &[Footprint],
    bin: &[u32],
    corner: [u32; 2],
    background: impl Fn(Vec2) -> Vec3,
    mut record: impl FnMut(Fragment),
) -> Vec<[f32; 4]> {
    let mut colors = [Vec3::ZERO; SIDE * SIDE];
    let mut transmittances = [1.0f32; SIDE * SIDE];
    let mut open = SIDE * SIDE;
    let origin = Vec2::new(corner[0] as f32, corner[1] as f32);
    let last = Vec2::splat(TILE as f32 - 1.0);
    for (place, &index) in (0u32..).zip(bin) {
        let f = &footprints[index as usize];
        // Pixel centres stand at halves.
        let min = (f.center - f.extent - origin - 0.5).ceil().max(Vec2::ZERO);
        let max = (f.center + f.extent - origin - 0.5).floor().min(last);
        if !min.cmple(max).all() {
            continue;
        }
        let (x0, x1) = (min.x as usize, max.x as usize);
        for y in min.y as usize..=max.y as usize {
            for x in x0..=x1 {
                let pixel = y * SIDE + x;
                let transmittance = transmittances[pixel];
                if transmittance < MIN_TRANSMITTANCE {
                    continue;
                }
                let d = origin + Vec2::new(x as f32, y as f32) + 0.5 - f.center;
                let power = f.conic[0] * d.x * d.x + 2.0 * f.conic[1] * d.x * d.y + f.conic[2] * d.y * d.y;
                let alpha = (f.alpha * (-0.5 * power).exp()).min(MAX_ALPHA);
                if alpha < MIN_ALPHA {
                    continue;
                }
                record(Fragment { place, pixel: pixel as u32, alpha, transmittance });
                colors[pixel] += f.color * (alpha * transmittance);
                let behind = transmittance * (1.0 - alpha);
                transmittances[pixel] = behind;
                open -= usize::from(behind < MIN_TRANSMITTANCE);
            }
        }
        if open == 0 {
            break;
        }
    }
    (0..SIDE * SIDE)
        .map(|pixel| {
            let at = Vec2::new((pixel % SIDE) as f32, (pixel / SIDE) as f32) + origin + 0.5;
            let color = colors[pixel] + background(at) * transmittances[pixel];
            color.extend(1.0 - transmittances[pixel]).into()
        })
        .collect()
}

/// Puts the pixels of all tiles together.
pub(crate) fn assemble<'a>(
    size: [u32; 2],
    bins: &Bins,
    drawn: impl Iterator<Item = &'a [[f32; 4]]>,
) -> Image {
    let mut image = Image::filled(size, [0.0; 4]);
    for (tile, pixels) in drawn.enumerate() {
        let [x0, y0] = bins.corner(tile);
        let columns = (size[0] - x0).min(TILE) as usize;
        let rows = (size[1] - y0).min(TILE) as usize;
        for (row, values) in pixels.chunks_exact(SIDE).take(rows).enumerate() {
            let to = (y0 as usize + row) * size[0] as usize + x0 as usize;
            image.pixels[to..to + columns].copy_from_slice(&values[..columns]);
        }
    }
    image
}
