//! Sampling of single bricks.

use gve_assets::{BRICK_CELLS, BRICK_SAMPLES};
use gve_sdf::{
    Evaluator, Field,
    math::{max, min},
};
use half::{f16, slice::HalfFloatSliceExt};

use super::BAND_CELLS;
use crate::{lattice::Lattice, walk::Task};

/// Samples along one side of a brick.
const SIDE: usize = BRICK_SAMPLES as usize;
/// Samples in a brick.
pub(super) const SAMPLES: usize = SIDE * SIDE * SIDE;

/// A brick whose samples were taken.
pub(super) struct Sampled {
    /// Which brick.
    pub(super) at: glam::UVec3,
    /// Bit `x + 3 y + 9 z` is set when a cell that the surface crosses lies within the band of the
    /// neighbour at offset `(x, y, z) - 1`; bit 13 is the brick itself.
    pub(super) near: u32,
    /// Bound on the gradient of the interpolated distances.
    pub(super) slope: f32,
    /// A distance that no point of the brick is nearer to the surface than, with its sign.
    pub(super) bound: f32,
}

/// What one task made.
#[derive(Default)]
pub(super) struct TaskBricks {
    /// Bricks that the surface does not touch: number and distance, negative inside.
    pub(super) empty: Vec<(u32, f32)>,
    /// Bricks that it may touch.
    pub(super) sampled: Vec<Sampled>,
    distances: Vec<f16>,
    materials: Vec<u8>,
}

/// Buffers of one thread.
pub(super) struct Scratch {
    lipschitz: f32,
    /// Whether there is more than one material in the whole asset.
    many_materials: bool,
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    distances: Vec<f32>,
}

impl Scratch {
    pub(super) fn new(field: &Field) -> Self {
        let zeros = || vec![0.0; SAMPLES];
        Self {
            lipschitz: field.lipschitz(),
            many_materials: field.materials().len() > 1,
            x: zeros(),
            y: zeros(),
            z: zeros(),
            distances: zeros(),
        }
    }

    /// The positions of a brick's samples, x fastest.
    pub(super) fn fill_positions(&mut self, lattice: &Lattice, at: glam::UVec3) {
        lattice.fill_positions(at * BRICK_CELLS, SIDE, [&mut self.x, &mut self.y, &mut self.z]);
    }

    /// The same as points.
    pub(super) fn positions(&self) -> impl Iterator<Item = [f32; 3]> {
        self.x.iter().zip(&self.y).zip(&self.z).map(|((&x, &y), &z)| [x, y, z])
    }
}

impl Sampled {
    /// What a brick's samples tell.
    fn of(at: glam::UVec3, distances: &[f32], lipschitz: f32, cell_size_m: f32) -> Self {
        let near = near_mask(distances);
        let nearest = fold_rows(distances, f32::INFINITY, |nearest, d| min(nearest, d.abs()));
        let reach = 0.5 * 3f32.sqrt() * cell_size_m;
        let bound = (nearest / lipschitz - reach).max(0.0).copysign(distances[0]);
        let slope = if lipschitz > 1.0 { steepest(distances) / cell_size_m } else { 1.0 };
        Self { at, near, slope, bound }
    }
}

impl TaskBricks {
    /// Distances and materials of the `i`th sampled brick, x fastest.
    pub(super) fn samples_of(&self, i: usize) -> (&[f16], &[u8]) {
        let range = i * SAMPLES..(i + 1) * SAMPLES;
        (&self.distances[range.clone()], &self.materials[range])
    }

    /// Gives each brick of an untouched block the largest distance known to be safe: that of the whole
    /// block, or the one at its own centre less its half diagonal.
    pub(super) fn bound(
        &mut self,
        evaluator: &mut Evaluator,
        scratch: &mut Scratch,
        lattice: &Lattice,
        task: &Task,
    ) {
        let (lo, hi) = (task.interval.lo, task.interval.hi);
        let whole = lo.max(-hi) / scratch.lipschitz;
        let sign = if lo > 0.0 { 1.0 } else { -1.0 };
        let half_side = 0.5 * BRICK_CELLS as f32 * lattice.cell_size_m;
        let half_diagonal = half_side * 3f32.sqrt();
        if task.block.side == 1 {
            self.empty.push((lattice.brick_index(task.block.at) as u32, sign * whole));
            return;
        }
        let mut bricks = task.block.bricks(lattice).peekable();
        let mut batch = [0u32; SAMPLES];
        while bricks.peek().is_some() {
            let mut count = 0;
            for at in bricks.by_ref().take(SAMPLES) {
                let centre = lattice.position(at * BRICK_CELLS) + half_side;
                (scratch.x[count], scratch.y[count], scratch.z[count]) = centre.into();
                batch[count] = lattice.brick_index(at) as u32;
                count += 1;
            }
            let out = &mut scratch.distances[..count];
            evaluator.distances(
                &task.region,
                &scratch.x[..count],
                &scratch.y[..count],
                &scratch.z[..count],
                out,
            );
            for (&index, &distance) in batch.iter().zip(out.iter()) {
                let own = distance.abs() / scratch.lipschitz - half_diagonal;
                // `max` also drops a centre that is not a number.
                self.empty.push((index, sign * whole.max(own)));
            }
        }
    }

    /// Samples a brick.
    pub(super) fn sample(
        &mut self,
        evaluator: &mut Evaluator,
        scratch: &mut Scratch,
        lattice: &Lattice,
        task: &Task,
    ) {
        let at = task.block.at;
        scratch.fill_positions(lattice, at);
        let start = self.distances.len();
        self.distances.resize(start + SAMPLES, f16::ZERO);
        self.materials.resize(start + SAMPLES, 0);
        let Scratch { x, y, z, distances, lipschitz, many_materials } = scratch;
        let materials = &mut self.materials[start..];
        match evaluator.uniform_material(&task.region) {
            _ if !*many_materials => evaluator.distances(&task.region, x, y, z, distances),
            Some(material) => {
                evaluator.distances(&task.region, x, y, z, distances);
                materials.fill(material);
            }
            None => {
                evaluator.distances(&task.region, x, y, z, distances);
                evaluator.materials(&task.region, x, y, z, materials);
            }
        }
        self.sampled.push(Sampled::of(at, distances, *lipschitz, lattice.cell_size_m));
        self.distances[start..].convert_from_f32_slice(distances);
    }

    /// Makes room for a brick whose distances come later, through [`Self::fill`].
    pub(super) fn reserve(
        &mut self,
        evaluator: &mut Evaluator,
        scratch: &mut Scratch,
        lattice: &Lattice,
        task: &Task,
    ) {
        let at = task.block.at;
        scratch.fill_positions(lattice, at);
        self.sampled.push(Sampled { at, near: 0, slope: 1.0, bound: 0.0 });
        self.distances.resize(self.distances.len() + SAMPLES, f16::ZERO);
        self.look_up_materials(evaluator, scratch, task);
    }

    /// Gives the `i`th brick its distances.
    pub(super) fn fill(&mut self, i: usize, distances: &[f32], lipschitz: f32, cell_size_m: f32) {
        self.sampled[i] = Sampled::of(self.sampled[i].at, distances, lipschitz, cell_size_m);
        self.distances[i * SAMPLES..(i + 1) * SAMPLES].convert_from_f32_slice(distances);
    }

    /// How many bricks the surface crosses, as far as is known.
    pub(super) fn touched(&self) -> u64 {
        self.sampled.iter().filter(|brick| brick.near != 0).count() as u64
    }

    /// Appends the materials at the scratch's positions.
    fn look_up_materials(&mut self, evaluator: &mut Evaluator, scratch: &Scratch, task: &Task) {
        let Scratch { x, y, z, .. } = scratch;
        let start = self.materials.len();
        self.materials.resize(start + SAMPLES, 0);
        if scratch.many_materials {
            match evaluator.uniform_material(&task.region) {
                Some(material) => self.materials[start..].fill(material),
                None => evaluator.materials(&task.region, x, y, z, &mut self.materials[start..]),
            }
        }
    }
}

/// Folds the samples eight at a time.
fn fold_rows(distances: &[f32], start: f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; SIDE];
    for row in distances.as_chunks::<SIDE>().0 {
        for (lane, &d) in lanes.iter_mut().zip(row) {
            *lane = f(*lane, d);
        }
    }
    lanes.into_iter().fold(start, f)
}

/// The most that trilinear interpolation of a brick's samples changes over the length of a cell: along each
/// axis it changes no more than its samples do.
fn steepest(distances: &[f32]) -> f32 {
    let rows = distances.as_chunks::<SIDE>().0;
    let mut most = [[0f32; SIDE]; 3];
    let widen = |most: &mut [f32; SIDE], a: &[f32], b: &[f32]| {
        for ((most, a), b) in most.iter_mut().zip(a).zip(b) {
            *most = max(*most, (b - a).abs());
        }
    };
    for row in rows {
        widen(&mut most[0], &row[..SIDE - 1], &row[1..]);
    }
    for slice in rows.chunks_exact(SIDE) {
        for pair in slice.windows(2) {
            widen(&mut most[1], &pair[0], &pair[1]);
        }
    }
    for (a, b) in rows.iter().zip(&rows[SIDE..]) {
        widen(&mut most[2], a, b);
    }
    most.into_iter().map(|most| most.into_iter().fold(0.0, max).powi(2)).sum::<f32>().sqrt()
}

/// In which directions cells that the surface crosses lie within the band of the neighbour.
fn near_mask(distances: &[f32]) -> u32 {
    // One bit per sample of a z slice, bit `x + 8 y`; set inside.
    let mut inside = [0u64; SIDE];
    for (word, slice) in inside.iter_mut().zip(distances.as_chunks::<SIDE>().0.chunks_exact(SIDE)) {
        *word = slice.iter().enumerate().fold(0, |word, (y, row)| {
            let byte = (0..SIDE).fold(0, |byte, x| byte | u32::from(row[x] < 0.0) << x);
            word | u64::from(byte) << (8 * y)
        });
    }
    let row = (1u64 << BRICK_CELLS) - 1;
    let all_cells = (0..BRICK_CELLS).fold(0u64, |mask, y| mask | row << (8 * y));
    let mut crossed = [0u64; SIDE - 1];
    for (z, cell) in crossed.iter_mut().enumerate() {
        let (mut any, mut all) = (inside[z] | inside[z + 1], inside[z] & inside[z + 1]);
        (any, all) = (any | any >> 1, all & all >> 1);
        (any, all) = (any | any >> 8, all & all >> 8);
        *cell = any & !all & all_cells;
    }
    if crossed == [0; SIDE - 1] {
        return 0;
    }
    // Cells within the band of the low side, anywhere, and within the band of the high side.
    let cells = BRICK_CELLS;
    let ranges = [0..BAND_CELLS, 0..cells, cells - BAND_CELLS..cells];
    let bits = ranges.clone().map(|range| range.fold(0u64, |mask, i| mask | 1 << i));
    let x_masks = bits.map(|bits| (0..8).fold(0u64, |mask, y| mask | bits << (8 * y)));
    let y_masks = ranges.clone().map(|range| range.fold(0u64, |mask, y| mask | 0xff << (8 * y)));
    let mut near = 0;
    for (z, range) in ranges.into_iter().enumerate() {
        let slices = crossed[range.start as usize..range.end as usize].iter().fold(0, |a, b| a | b);
        for (y, y_mask) in y_masks.iter().enumerate() {
            for (x, x_mask) in x_masks.iter().enumerate() {
                let hit = slices & x_mask & y_mask != 0;
                near |= u32::from(hit) << (x + 3 * y + 9 * z);
            }
        }
    }
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crossing_is_near_the_sides_within_the_band() {
        let sample = |inside: [usize; 3]| {
            let mut distances = vec![1.0f32; SAMPLES];
            distances[inside[0] + SIDE * (inside[1] + SIDE * inside[2])] = -1.0;
            near_mask(&distances)
        };
        assert_eq!(near_mask(&vec![1.0; SAMPLES]), 0);
        assert_eq!(near_mask(&vec![-1.0; SAMPLES]), 0);
        // In the middle: cells 3 and 4 of each axis, near no side.
        assert_eq!(sample([4, 4, 4]), 1 << 13);
        // At the low corner: near the brick itself and its seven lower neighbours.
        let low: u32 = [0, 1, 3, 4, 9, 10, 12, 13].iter().map(|i| 1 << i).sum();
        assert_eq!(sample([0, 0, 0]), low);
        // Two cells below the high x side.
        assert_eq!(sample([5, 4, 4]), 1 << 13 | 1 << 14);
    }
}
