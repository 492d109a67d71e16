//! Uniform grids of cubic cells, cut into cubic bricks.

use glam::{UVec3, Vec3};
use gve_sdf::Aabb;

/// A uniform grid: sample `i` stands at `origin + i * cell_size_m`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lattice {
    /// Position of sample (0, 0, 0).
    pub(crate) origin: Vec3,
    /// Side of a cell in metres.
    pub(crate) cell_size_m: f32,
    /// Bricks along each axis.
    pub(crate) bricks: UVec3,
    /// Cells along one side of a brick.
    pub(crate) brick_cells: u32,
}

impl Lattice {
    /// Bricks in the whole grid.
    pub(crate) fn brick_count(&self) -> usize {
        self.bricks.x as usize * self.bricks.y as usize * self.bricks.z as usize
    }

    /// Number of a brick, x fastest.
    pub(crate) fn brick_index(&self, at: UVec3) -> usize {
        (at.x + self.bricks.x * (at.y + self.bricks.y * at.z)) as usize
    }

    /// Position of a sample.
    pub(crate) fn position(&self, sample: UVec3) -> Vec3 {
        self.origin + sample.as_vec3() * self.cell_size_m
    }

    /// Writes the coordinates of the `side`³ samples from `first` on, x fastest.
    pub(crate) fn fill_positions(&self, first: UVec3, side: usize, [x, y, z]: [&mut [f32]; 3]) {
        let rows = x.chunks_exact_mut(side).zip(y.chunks_exact_mut(side)).zip(z.chunks_exact_mut(side));
        for (row, ((x, y), z)) in rows.take(side * side).enumerate() {
            let sample = first + UVec3::new(0, (row % side) as u32, (row / side) as u32);
            // The same arithmetic as in `position`, to the last bit.
            let start = self.position(sample);
            for (i, x) in x.iter_mut().enumerate() {
                *x = self.origin.x + (first.x + i as u32) as f32 * self.cell_size_m;
            }
            y.fill(start.y);
            z.fill(start.z);
        }
    }

    /// The box of a cube of bricks.
    pub(crate) fn block_bounds(&self, block: Block) -> Aabb {
        let max = (block.at + block.side).min(self.bricks);
        Aabb::new(self.position(block.at * self.brick_cells), self.position(max * self.brick_cells))
    }
}

/// A cube of `side`³ bricks, less what hangs over the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// Its first brick.
    pub(crate) at: UVec3,
    /// Bricks along one side; a power of two.
    pub(crate) side: u32,
}

impl Block {
    /// The eight blocks of half the side, less those that lie outside the grid.
    pub(crate) fn children(self, lattice: &Lattice) -> impl Iterator<Item = Block> + use<> {
        let (side, bricks) = (self.side / 2, lattice.bricks);
        (0..8u32)
            .map(move |i| Block { at: self.at + side * UVec3::new(i & 1, i >> 1 & 1, i >> 2), side })
            .filter(move |block| block.at.cmplt(bricks).all())
    }

    /// Its bricks, x fastest.
    pub(crate) fn bricks(self, lattice: &Lattice) -> impl Iterator<Item = UVec3> + use<> {
        let max = (self.at + self.side).min(lattice.bricks);
        (self.at.z..max.z).flat_map(move |z| {
            (self.at.y..max.y).flat_map(move |y| (self.at.x..max.x).map(move |x| UVec3::new(x, y, z)))
        })
    }
}
