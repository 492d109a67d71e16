//! Where the surface crosses the edges of the grid.

use glam::{UVec3, Vec3, Vec4};
use gve_sdf::{Evaluator, Field};

use super::{
    signs::{Brick, SIDE, SignGrid, sample_index},
    table::EDGE_CORNERS,
};

/// Rounds of root finding; two or three suffice on all but strongly curved fields.
const ROUNDS: usize = 10;
/// A root is found when the distance is less than this many cells.
const TOLERANCE_CELLS: f32 = 2e-5;

/// The edges of a brick that the surface crosses.
pub(super) struct EdgeSet {
    /// Per axis and z slice a bit for each edge, at its low sample.
    masks: [[u64; SIDE]; 3],
    /// Edges before each row of each slice.
    starts: [[[u16; SIDE]; SIDE]; 3],
    count: usize,
}

/// Where the surface crosses one edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossing {
    /// The point.
    pub(super) point: Vec3,
    /// Unit gradient; zero where there is none.
    pub(super) normal: Vec3,
    /// Palette index of the surface there.
    pub(super) material: u8,
}

/// An edge: its low sample in the brick, its axis and whether that sample is inside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) low: [usize; 3],
    pub(super) axis: usize,
    pub(super) low_inside: bool,
}

impl EdgeSet {
    /// Finds the edges from the signs.
    pub(super) fn new(rows: &[[u16; SIDE + 1]; SIDE + 1]) -> Self {
        let mut masks = [[0u64; SIDE]; 3];
        for z in 0..SIDE {
            for y in 0..SIDE {
                let row = rows[z][y];
                let crossed = [row ^ row >> 1, row ^ rows[z][y + 1], row ^ rows[z + 1][y]];
                for (mask, crossed) in masks.iter_mut().zip(crossed) {
                    mask[z] |= u64::from(crossed & 0xff) << (8 * y);
                }
            }
        }
        let mut count = 0;
        let starts = masks.map(|words| words.map(|word| row_starts(word, &mut count)));
        Self { masks, starts, count: count.into() }
    }

    /// How many edges.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The number of the edge from `low` along `axis`, which must be one of the set.
    pub(super) fn index(&self, axis: usize, low: [usize; 3]) -> usize {
        let [x, y, z] = low;
        usize::from(self.starts[axis][z][y]) + rank(self.masks[axis][z], x, y)
    }

    /// The number of an edge that may be one of the set.
    pub(super) fn find(&self, axis: usize, low: [usize; 3]) -> Option<usize> {
        let [x, y, z] = low;
        (self.masks[axis][z] >> (x + SIDE * y) & 1 == 1).then(|| self.index(axis, low))
    }

    /// The edges in the order of their numbers.
    pub(super) fn iter<'a>(
        &'a self,
        rows: &'a [[u16; SIDE + 1]; SIDE + 1],
    ) -> impl Iterator<Item = Edge> + 'a {
        (0..3).flat_map(move |axis| {
            (0..SIDE).flat_map(move |z| {
                bits(self.masks[axis][z]).map(move |bit| {
                    let (x, y) = (bit % SIDE, bit / SIDE);
                    Edge { low: [x, y, z], axis, low_inside: rows[z][y] >> x & 1 == 1 }
                })
            })
        })
    }
}

/// How many bits each byte has: without a processor's own instruction, which not all have, this is the
/// quickest way to count.
static BITS_OF_BYTE: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 1;
    while i < 256 {
        table[i] = table[i / 2] + (i % 2) as u8;
        i += 1;
    }
    table
};

/// How many bits were counted before each row of a slice; `count` goes on by all of them.
pub(super) fn row_starts(word: u64, count: &mut u16) -> [u16; SIDE] {
    word.to_le_bytes().map(|row| {
        let start = *count;
        *count += u16::from(BITS_OF_BYTE[usize::from(row)]);
        start
    })
}

/// How many bits of row `y` of a slice are set below `x`.
pub(super) fn rank(word: u64, x: usize, y: usize) -> usize {
    let row = (word >> (8 * y)) as u8;
    usize::from(BITS_OF_BYTE[usize::from(row & ((1 << x) - 1))])
}

/// Places of the set bits, lowest first.
pub(super) fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros() as usize;
        word &= word.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

/// Buffers of one thread.
pub(super) struct Refiner {
    many_materials: bool,
    brackets: Vec<Bracket>,
    active: Vec<u32>,
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    distances: Vec<f32>,
    gradients: Vec<Vec4>,
    materials: Vec<u8>,
}

/// An edge with the root between two places on it, as shares of the edge from its low sample.
pub(super) struct Bracket {
    low: Vec3,
    axis: usize,
    pub(super) inside: f32,
    pub(super) outside: f32,
    inside_distance: f32,
    outside_distance: f32,
    /// The best place so far, and the distance there.
    pub(super) root: f32,
    pub(super) residual: f32,
    /// Which end moved last: 1 the inside, -1 the outside.
    moved: i8,
}

impl Bracket {
    /// The bracket between a place inside and one outside, with the distances there.
    pub(super) fn new(low: Vec3, axis: usize, places: [f32; 2], distances: [f32; 2]) -> Self {
        let [inside, outside] = places;
        // The signs were settled before; a value that disagrees by a rounding is no bracket's end.
        let (inside_distance, outside_distance) =
            (distances[0].min(-f32::MIN_POSITIVE), distances[1].max(0.0));
        let (root, residual) = if inside_distance.abs() < outside_distance {
            (inside, -inside_distance)
        } else {
            (outside, outside_distance)
        };
        Self { low, axis, inside, outside, inside_distance, outside_distance, root, residual, moved: 0 }
    }

    pub(super) fn next(&self, round: usize) -> f32 {
        let secant = self.inside
            + (self.outside - self.inside) * self.inside_distance
                / (self.inside_distance - self.outside_distance);
        let (low, high) = (self.inside.min(self.outside), self.inside.max(self.outside));
        // Every fourth step halves the bracket, which bounds the work on steep or flat fields.
        if round % 4 != 3 && secant > low && secant < high { secant } else { 0.5 * (low + high) }
    }

    /// Takes in the distance at a place; the Illinois rule halves the weight of an end that stays.
    pub(super) fn narrow(&mut self, place: f32, distance: f32) {
        if distance.abs() < self.residual {
            (self.root, self.residual) = (place, distance.abs());
        }
        if distance < 0.0 {
            (self.inside, self.inside_distance) = (place, distance);
            if self.moved == 1 {
                self.outside_distance *= 0.5;
            }
            self.moved = 1;
        } else {
            (self.outside, self.outside_distance) = (place, distance);
            if self.moved == -1 {
                self.inside_distance *= 0.5;
            }
            self.moved = -1;
        }
    }
}

impl Refiner {
    pub(super) fn new(field: &Field) -> Self {
        Self {
            many_materials: field.materials().len() > 1,
            brackets: Vec::new(),
            active: Vec::new(),
            x: Vec::new(),
            y: Vec::new(),
            z: Vec::new(),
            distances: Vec::new(),
            gradients: Vec::new(),
            materials: Vec::new(),
        }
    }

    /// Finds the crossings of a brick, in the order of their numbers.
    pub(super) fn refine(
        &mut self,
        evaluator: &mut Evaluator,
        grid: &SignGrid,
        brick: &Brick,
        upper: &[u32; 8],
        rows: &[[u16; SIDE + 1]; SIDE + 1],
        edges: &EdgeSet,
    ) -> Vec<Crossing> {
        let cell = grid.lattice.cell_size_m;
        self.start(evaluator, grid, brick, upper, rows, edges);
        let largest = grid.lattice.position(brick.at * SIDE as u32).abs().max_element();
        let tolerance = (TOLERANCE_CELLS * cell).max(2.0 * f32::EPSILON * largest);
        let resolved = (2.0 * f32::EPSILON * largest / cell).max(1e-6);
        self.active.clear();
        self.active.extend(
            (0..self.brackets.len() as u32).filter(|&i| self.brackets[i as usize].residual > tolerance),
        );
        for round in 0..ROUNDS {
            if self.active.is_empty() {
                break;
            }
            self.clear_points();
            for k in 0..self.active.len() {
                let bracket = &self.brackets[self.active[k] as usize];
                let place = bracket.next(round);
                let point = along(bracket.low, bracket.axis, place * cell);
                self.push_point(point);
            }
            self.distances.resize(self.x.len(), 0.0);
            evaluator.distances(&brick.region, &self.x, &self.y, &self.z, &mut self.distances);
            let (brackets, distances) = (&mut self.brackets, &self.distances);
            let mut k = 0;
            self.active.retain(|&i| {
                let bracket = &mut brackets[i as usize];
                bracket.narrow(bracket.next(round), distances[k]);
                k += 1;
                bracket.residual > tolerance && (bracket.inside - bracket.outside).abs() > resolved
            });
        }
        self.clear_points();
        for i in 0..self.brackets.len() {
            let Bracket { low, axis, root, .. } = self.brackets[i];
            self.push_point(along(low, axis, root * cell));
        }
        let count = self.x.len();
        self.gradients.resize(count, Vec4::ZERO);
        evaluator.gradients(&brick.region, &self.x, &self.y, &self.z, &mut self.gradients);
        self.materials.clear();
        self.materials.resize(count, 0);
        if self.many_materials {
            evaluator.materials(&brick.region, &self.x, &self.y, &self.z, &mut self.materials);
        }
        (0..count)
            .map(|i| Crossing {
                point: Vec3::new(self.x[i], self.y[i], self.z[i]),
                normal: self.gradients[i].truncate().try_normalize().unwrap_or(Vec3::ZERO),
                material: self.materials[i],
            })
            .collect()
    }

    /// Brackets every edge by its two samples. Those that no brick has sampled are evaluated here.
    fn start(
        &mut self,
        evaluator: &mut Evaluator,
        grid: &SignGrid,
        brick: &Brick,
        upper: &[u32; 8],
        rows: &[[u16; SIDE + 1]; SIDE + 1],
        edges: &EdgeSet,
    ) {
        self.brackets.clear();
        self.clear_points();
        let first = brick.at * SIDE as u32;
        // The ends that are still unknown: the bracket, and whether it is the high end.
        let mut unknown: Vec<(usize, bool)> = Vec::new();
        let mut starts: Vec<(Vec3, usize, [f32; 2], [f32; 2])> = Vec::with_capacity(edges.len());
        for edge in edges.iter(rows) {
            let low_sample = UVec3::from_array(edge.low.map(|i| i as u32)) + first;
            let mut high_sample = low_sample;
            high_sample[edge.axis] += 1;
            let value = |values: Option<&[f32; super::signs::SAMPLES]>, [x, y, z]: [usize; 3]| {
                values.map(|values| values[sample_index(x, y, z)])
            };
            let mut high = edge.low;
            high[edge.axis] += 1;
            let owner = if high[edge.axis] == SIDE {
                high[edge.axis] = 0;
                grid.bricks.get(upper[1 << edge.axis] as usize)
            } else {
                Some(brick)
            };
            let low_value = value(brick.values.as_deref(), edge.low);
            let high_value = value(owner.and_then(|brick| brick.values.as_deref()), high);
            for (known, sample, is_high) in [(low_value, low_sample, false), (high_value, high_sample, true)]
            {
                if known.is_none() {
                    unknown.push((starts.len(), is_high));
                    self.push_point(grid.lattice.position(sample));
                }
            }
            let (low_distance, high_distance) = (low_value.unwrap_or(0.0), high_value.unwrap_or(0.0));
            let low = grid.lattice.position(low_sample);
            let (inside, outside) = if edge.low_inside { (0.0, 1.0) } else { (1.0, 0.0) };
            let (inside_distance, outside_distance) =
                if edge.low_inside { (low_distance, high_distance) } else { (high_distance, low_distance) };
            starts.push((low, edge.axis, [inside, outside], [inside_distance, outside_distance]));
        }
        if !unknown.is_empty() {
            self.distances.resize(self.x.len(), 0.0);
            evaluator.distances(&brick.region, &self.x, &self.y, &self.z, &mut self.distances);
            for (&(i, is_high), &distance) in unknown.iter().zip(&self.distances) {
                let (_, _, [_, outside], distances) = &mut starts[i];
                distances[usize::from(is_high == (*outside == 1.0))] = distance;
            }
        }
        self.brackets.extend(
            starts
                .into_iter()
                .map(|(low, axis, places, distances)| Bracket::new(low, axis, places, distances)),
        );
    }

    fn clear_points(&mut self) {
        self.x.clear();
        self.y.clear();
        self.z.clear();
    }

    fn push_point(&mut self, point: Vec3) {
        self.x.push(point.x);
        self.y.push(point.y);
        self.z.push(point.z);
    }
}

fn along(low: Vec3, axis: usize, by: f32) -> Vec3 {
    let mut point = low;
    point[axis] += by;
    point
}

/// The brick-local low sample of a cell's edge, its axis, and which of the upper bricks owns it.
pub(super) fn edge_owner(cell: [usize; 3], edge: usize) -> (usize, usize, [usize; 3]) {
    let (corner, axis) = EDGE_CORNERS[edge];
    let sum = [cell[0] + corner[0], cell[1] + corner[1], cell[2] + corner[2]];
    let owner = sum[0] / SIDE + 2 * (sum[1] / SIDE) + 4 * (sum[2] / SIDE);
    (owner, axis, sum.map(|i| i % SIDE))
}
