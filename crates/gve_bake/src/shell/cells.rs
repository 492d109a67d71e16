//! The vertices in the cells of a brick.

use glam::{UVec3, Vec3, Vec4};
use gve_sdf::Evaluator;

use super::{
    crossings::{Crossing, EdgeSet, bits, edge_owner, rank, row_starts},
    normals::{self, Grouping},
    qef::{Best, Planes},
    signs::{Brick, SIDE, SignGrid},
    table::{EDGES, TABLE},
    tree::{MAX_MISS, MAX_SMOOTH_MISS, MAX_STRAIN, is_strained},
};

/// How far vertices stay from the sides of their cell, in cells, so that no two of them coincide.
pub(super) const INSET_CELLS: f32 = 1e-3;
/// Farthest that a vertex may stand from its cell, in cells.
pub(super) const REACH: f32 = 1.0;
/// Largest distance between the surface and a vertex outside its cell, in cells.
const AGREEMENT_CELLS: f32 = 0.01;
/// By what share vertices outside their cells are drawn back, so that those of several cells at one
/// corner of the object do not coincide.
pub(super) const DRAW_BACK: f32 = 2e-3;
/// Farthest that a vertex is moved onto the surface, in cells.
const PROJECTION_CELLS: f32 = 0.5;

/// The cells of a brick that the surface passes through, and their vertices.
#[derive(Default)]
pub(super) struct CellSet {
    /// A bit per cell.
    mask: [u64; SIDE],
    /// Cells before each row of each slice.
    starts: [[u16; SIDE]; SIDE],
    /// Per cell its first vertex, and for each edge, four bits wide, which vertex after it belongs to the
    /// quadrilateral around that edge.
    cells: Vec<(u32, u64)>,
    /// Positions of the vertices.
    pub(super) positions: Vec<Vec3>,
    /// Their unit normals.
    pub(super) normals: Vec<Vec3>,
    /// For each vertex the first one at the same point of the surface.
    pub(super) weld: Vec<u32>,
    /// First vertices that stand outside their cell, and the best place in it.
    pub(super) strays: Vec<(u32, Vec3)>,
    /// Cells that are too coarse for the surface in them.
    pub(super) strained: Vec<UVec3>,
    /// Cells in which the signs alone do not tell how the surface runs.
    pub(super) ambiguous: Vec<UVec3>,
}

impl CellSet {
    /// The vertex that the quadrilateral around an edge takes from a cell, which must be one of the set.
    pub(super) fn vertex(&self, cell: [usize; 3], edge: usize) -> u32 {
        let [x, y, z] = cell;
        let index = usize::from(self.starts[z][y]) + rank(self.mask[z], x, y);
        let (first, map) = self.cells[index];
        first + (map >> (4 * edge) & 15) as u32
    }
}

/// Buffers of one thread.
pub(super) struct Placer {
    points: Vec<Point>,
    /// Crossings about each point, with their edges.
    crossings: Vec<(u8, Crossing)>,
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    gradients: Vec<Vec4>,
    distances: Vec<f32>,
    groupings: Vec<Grouping<EDGES>>,
}

/// A point of the surface: one curve of one cell.
#[derive(Clone, Copy)]
struct Point {
    /// Low corner of the cell in metres.
    corner: Vec3,
    /// The best position in the cell, in metres; in the end, where the vertices stand.
    position: Vec3,
    /// A better one outside the cell, if the field agrees.
    free: Option<Vec3>,
    /// The best position in the cell, where the vertices stand outside.
    home: Option<Vec3>,
    /// Where its crossings end in the list.
    end: usize,
    /// Whether it is the first of its cell.
    is_first: bool,
    /// Whether the cell is too coarse for it, unless it stands better outside.
    is_strained: bool,
}

impl Placer {
    pub(super) fn new() -> Self {
        Self {
            points: Vec::new(),
            crossings: Vec::new(),
            x: Vec::new(),
            y: Vec::new(),
            z: Vec::new(),
            gradients: Vec::new(),
            distances: Vec::new(),
            groupings: Vec::new(),
        }
    }

    /// Places the vertices of a brick.
    pub(super) fn place(
        &mut self,
        evaluator: &mut Evaluator,
        grid: &SignGrid,
        brick: &Brick,
        upper: &[u32; 8],
        rows: &[[u16; SIDE + 1]; SIDE + 1],
        edges: &[(EdgeSet, Vec<Crossing>)],
    ) -> CellSet {
        let mut set = CellSet::default();
        self.points.clear();
        self.crossings.clear();
        for z in 0..SIDE {
            set.mask[z] = crossed_cells(rows, z);
            for bit in bits(set.mask[z]) {
                let cell = [bit % SIDE, bit / SIDE, z];
                self.find_points(cell, grid, brick, upper, rows, edges, &mut set.ambiguous);
            }
        }
        let mut count = 0;
        for (start, word) in set.starts.iter_mut().zip(set.mask) {
            *start = row_starts(word, &mut count);
        }
        self.evaluate(evaluator, brick);
        self.settle(evaluator, grid.lattice.cell_size_m);
        self.write(&mut set);
        for point in self.points.iter().filter(|point| point.is_strained) {
            let cell = (point.corner - grid.lattice.origin) / grid.lattice.cell_size_m;
            set.strained.push(cell.round().as_uvec3());
        }
        set
    }

    /// Gathers the crossings about the points of a cell and solves for their positions.
    fn find_points(
        &mut self,
        cell: [usize; 3],
        grid: &SignGrid,
        brick: &Brick,
        upper: &[u32; 8],
        rows: &[[u16; SIDE + 1]; SIDE + 1],
        edges: &[(EdgeSet, Vec<Crossing>)],
        ambiguous: &mut Vec<UVec3>,
    ) {
        let signs = cell_signs(rows, cell);
        let first = brick.at * SIDE as u32;
        let global = first + UVec3::from_array(cell.map(|i| i as u32));
        let curves = TABLE.curves(signs);
        if curves.count > 1 || TABLE.is_ambiguous(signs) {
            ambiguous.push(global);
        }
        let corner = grid.lattice.position(global);
        let cell_size = grid.lattice.cell_size_m;
        for curve in 0..curves.count {
            let mut planes = Planes::default();
            let start = self.crossings.len();
            for edge in bits(u64::from(curves.edges[usize::from(curve)])) {
                let (owner, axis, low) = edge_owner(cell, edge);
                let Some((set, crossings)) = edges.get(upper[owner] as usize) else { continue };
                let Some(crossing) = crossings.get(set.index(axis, low)) else { continue };
                planes.add((crossing.point - corner) / cell_size, crossing.normal);
                self.crossings.push((edge as u8, *crossing));
            }
            let best = planes.solve(INSET_CELLS, 1.0 - INSET_CELLS);
            let position = corner + cell_size * best.boxed;
            let free = free_place(&best, REACH).map(|free| corner + cell_size * free);
            let own = self.crossings[start..].iter().map(|(_, crossing)| crossing);
            let is_strained = is_strained(own, corner, cell_size, best.boxed, MAX_STRAIN);
            self.points.push(Point {
                corner,
                position,
                free,
                home: None,
                end: self.crossings.len(),
                is_first: curve == 0,
                is_strained,
            });
        }
    }

    /// Gradients and distances at all points.
    fn evaluate(&mut self, evaluator: &mut Evaluator, brick: &Brick) {
        self.clear_batch();
        for i in 0..self.points.len() {
            self.push(self.points[i].position);
        }
        self.gradients.resize(self.points.len(), Vec4::ZERO);
        evaluator.gradients(&brick.region, &self.x, &self.y, &self.z, &mut self.gradients);
    }

    /// Sorts the crossings about each point, and settles where its vertices stand.
    fn settle(&mut self, evaluator: &mut Evaluator, cell_size: f32) {
        self.clear_batch();
        self.groupings.clear();
        let mut start = 0;
        for i in 0..self.points.len() {
            let Point { position, corner, free, end, .. } = self.points[i];
            let grouping = normals::group::<EDGES>(&self.crossings[start..end]);
            start = end;
            let bend = if grouping.is_smooth { MAX_SMOOTH_MISS } else { MAX_MISS };
            self.points[i].is_strained |= self.gradients[i].w.abs() > bend * cell_size;
            if grouping.is_smooth {
                self.points[i].position = project(position, self.gradients[i], corner, cell_size);
                self.points[i].free = None;
            }
            if let Some(free) = free.filter(|_| !grouping.is_smooth) {
                self.push(free);
            }
            self.groupings.push(grouping);
        }
        if self.x.is_empty() {
            return;
        }
        // The edge or corner that the planes of a point meet in may stand in a neighbouring cell, where
        // the brick's own short program may not hold.
        let root = evaluator.root();
        self.distances.resize(self.x.len(), 0.0);
        evaluator.distances(&root, &self.x, &self.y, &self.z, &mut self.distances);
        let mut distances = self.distances.iter();
        for (point, gradient) in self.points.iter_mut().zip(&self.gradients) {
            let Some(free) = point.free else { continue };
            if distances.next().is_some_and(|&distance| is_better(distance, gradient.w, cell_size)) {
                point.home = Some(point.position);
                point.position = free.lerp(point.position, DRAW_BACK);
                point.is_strained = false;
            }
        }
    }

    /// Makes vertices of the points: one for each group of crossings that share normal and material.
    fn write(&self, set: &mut CellSet) {
        let mut start = 0;
        for ((point, gradient), grouping) in self.points.iter().zip(&self.gradients).zip(&self.groupings) {
            let crossings = &self.crossings[start..point.end];
            start = point.end;
            let weld = set.positions.len() as u32;
            if point.is_first {
                set.cells.push((weld, 0));
            }
            let Some((first, map)) = set.cells.last_mut() else { continue };
            for (&(edge, _), &group) in crossings.iter().zip(&grouping.of_crossing) {
                *map |= u64::from(weld - *first + u32::from(group)) << (4 * edge);
            }
            set.strays.extend(point.home.map(|home| (weld, home)));
            for normal in grouping.normals(crossings, *gradient) {
                set.positions.push(point.position);
                set.normals.push(normal);
                set.weld.push(weld);
            }
        }
    }

    fn clear_batch(&mut self) {
        self.x.clear();
        self.y.clear();
        self.z.clear();
    }

    fn push(&mut self, point: Vec3) {
        self.x.push(point.x);
        self.y.push(point.y);
        self.z.push(point.z);
    }
}

/// The best place for a point outside its cell, if there is one not far away.
pub(super) fn free_place(best: &Best, reach: f32) -> Option<Vec3> {
    let reach = Vec3::splat(reach);
    let is_outside = best.free != best.boxed && best.free.clamp(-reach, 1.0 + reach) == best.free;
    is_outside.then_some(best.free)
}

/// Whether the field agrees that a place outside the cell is better: the distances there and at the best one
/// inside.
pub(super) fn is_better(distance: f32, inside: f32, cell_size: f32) -> bool {
    distance.abs() < (AGREEMENT_CELLS * cell_size).min(inside.abs())
}

/// Moves a point of a smooth piece onto the surface, inside its cell.
pub(super) fn project(position: Vec3, gradient: Vec4, corner: Vec3, cell_size: f32) -> Vec3 {
    let (slope, distance) = (gradient.truncate(), gradient.w);
    let step = slope * (distance / slope.length_squared());
    if !(step.is_finite() && step.length() < PROJECTION_CELLS * cell_size) {
        return position;
    }
    let inset = INSET_CELLS * cell_size;
    (position - step).clamp(corner + inset, corner + (cell_size - inset))
}

/// The cells of a slice whose corners differ.
fn crossed_cells(rows: &[[u16; SIDE + 1]; SIDE + 1], z: usize) -> u64 {
    (0..SIDE).fold(0, |word, y| {
        let four = [rows[z][y], rows[z][y + 1], rows[z + 1][y], rows[z + 1][y + 1]];
        let any = four[0] | four[1] | four[2] | four[3];
        let all = four[0] & four[1] & four[2] & four[3];
        let crossed = (any | any >> 1) & !(all & all >> 1) & 0xff;
        word | u64::from(crossed) << (8 * y)
    })
}

fn cell_signs(rows: &[[u16; SIDE + 1]; SIDE + 1], [x, y, z]: [usize; 3]) -> u8 {
    let pair = |z: usize, y: usize| rows[z][y] >> x & 3;
    (pair(z, y) | pair(z, y + 1) << 2 | pair(z + 1, y) << 4 | pair(z + 1, y + 1) << 6) as u8
}
