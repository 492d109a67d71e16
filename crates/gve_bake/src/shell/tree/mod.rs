//! Cells that are halved where the grid's own are too coarse.
//!
//! Two kinds of cells of the grid leave the quick way of [`super::cells`]: those with an edge that the
//! surface crosses more than once, and those that are halved, with their neighbours. Here they are the leaves
//! of octrees, and the surface in them is taken for what it is: every piece of an edge that no leaf halves
//! has a list of crossings, every piece of a face joins the crossings on its rim two by two, and in every
//! leaf these joints close to loops. A loop becomes a vertex, a joint an edge between the vertices on
//! its two sides, a crossing the polygon of the leaves about its edge: the dual of a net of curves on
//! the cells' faces, closed and manifold whatever the leaves' sizes and however many sheets share one.

mod faces;
mod judge;
mod loops;
mod pair;
mod place;
mod polygons;
mod sample;

use glam::{IVec3, UVec3, Vec3};
use gve_sdf::{Evaluator, Field, Region};

use super::{
    crossings::Crossing,
    inspect::Passage,
    key::{Map, Set, SideKey, point_key},
    lines::Care,
    signs::{SIDE, SignGrid},
    table::axis_after,
    thin::Suspect,
};
pub(super) use judge::{MAX_MISS, MAX_SMOOTH_MISS, MAX_STRAIN, is_strained};
pub(super) use place::Placed;
pub(super) use polygons::Faces;

/// Most cells of the trees together; what is finer than they can tell is reported.
const MAX_NODES: usize = 1 << 19;
/// Marks a leaf.
const LEAF: u32 = u32::MAX;

/// A cell.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// Its low corner, counted in the finest cells.
    low: UVec3,
    /// How often it was halved.
    level: u32,
    /// The first of its eight children, or [`LEAF`].
    child: u32,
}

/// An edge of cells.
#[derive(Debug, Clone, Copy, Default)]
struct Edge {
    /// Its first crossing, and how many.
    first: u32,
    count: u32,
    is_split: bool,
}

/// What the grid knows about one of its edges: its crossings, upwards.
pub(super) trait GridEdges: Sync {
    /// Appends the crossings of the edge from a sample along an axis.
    fn passages(&self, low: UVec3, axis: usize, out: &mut Vec<Passage>);
}

/// The octrees.
pub(super) struct Tree<'a> {
    field: &'a Field,
    grid: &'a SignGrid,
    care: Care,
    /// How often cells may be halved.
    depth: u32,
    nodes: Vec<Node>,
    /// Nodes of the grid's cells.
    roots: Map<u64, u32>,
    split_faces: Set<SideKey>,
    /// Distances at corners of halved cells, their signs settled.
    values: Map<u64, f32>,
    /// Edges that are crossed or halved.
    edges: Map<SideKey, Edge>,
    /// The keys of those that are crossed, in the order in which they were found.
    edge_list: Vec<SideKey>,
    crossings: Vec<Passage>,
    /// The edge of each crossing.
    edge_of: Vec<SideKey>,
    /// Leaves that are not resolved by the finest cells either, with a point of the surface in them.
    unresolved: Vec<(u32, Vec3)>,
    /// Where cells were not halved, though they are too coarse, because there are too many.
    pub(super) cut_short: Vec<Vec3>,
    /// One side of each wall and gap that is too thin to be looked for.
    pub(super) left_out: Vec<Suspect>,
}

/// Cells of the grid that the trees begin with.
#[derive(Default)]
pub(super) struct Seeds {
    /// Those that are to be looked at.
    pub(super) doubtful: Vec<UVec3>,
    /// Those that are halved whatever they hold.
    pub(super) unresolved: Vec<UVec3>,
}

impl<'a> Tree<'a> {
    /// Grows the trees.
    pub(super) fn grow(
        field: &'a Field,
        grid: &'a SignGrid,
        care: Care,
        depth: u32,
        seeds: &Seeds,
        edges: &impl GridEdges,
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let mut tree = Self {
            field,
            grid,
            care,
            depth,
            nodes: Vec::new(),
            roots: Map::default(),
            split_faces: Set::default(),
            values: Map::default(),
            edges: Map::default(),
            edge_list: Vec::new(),
            crossings: Vec::new(),
            edge_of: Vec::new(),
            unresolved: Vec::new(),
            cut_short: Vec::new(),
            left_out: Vec::new(),
        };
        for &cell in seeds.doubtful.iter().chain(&seeds.unresolved) {
            tree.add_root(cell);
        }
        let mut open = 0..tree.nodes.len();
        tree.take_edges(open.clone(), edges);
        let forced: Set<u64> = seeds.unresolved.iter().map(|&cell| point_key(cell)).collect();
        for level in 0..=depth {
            if open.is_empty() || is_cancelled() {
                break;
            }
            let mut found = tree.judge(open.clone());
            if level == 0 {
                let shift = depth;
                for i in open.clone() {
                    if forced.contains(&point_key(tree.nodes[i].low >> shift)) {
                        found.push((i as u32, tree.middle(tree.nodes[i])));
                    }
                }
                found.sort_unstable_by_key(|&(node, _)| node);
                found.dedup_by_key(|&mut (node, _)| node);
            }
            let chosen: Vec<u32> = found.iter().map(|&(node, _)| node).collect();
            if level == depth {
                tree.unresolved = found;
                break;
            }
            if tree.nodes.len() + 8 * chosen.len() > MAX_NODES {
                tree.cut_short = found.iter().map(|&(_, point)| point).collect();
                break;
            }
            open = tree.split(&chosen);
            tree.sample(open.clone());
            tree.trace(open.clone());
        }
        let all = 0..tree.nodes.len() as u32;
        tree.add_rim(all.filter(|&node| !tree.nodes[node as usize].is_leaf()).collect(), edges);
        let mut coarse: Vec<u32> = Vec::new();
        let mut candidates: Vec<u32> = (0..tree.nodes.len() as u32).collect();
        while !is_cancelled() {
            let mut chosen = tree.broken(&candidates);
            chosen.append(&mut coarse);
            chosen.sort_unstable();
            chosen.dedup();
            if chosen.is_empty() {
                break;
            }
            if tree.nodes.len() + 8 * chosen.len() > MAX_NODES {
                let places = chosen.iter().map(|&node| tree.middle(tree.nodes[node as usize]));
                tree.cut_short = places.chain(tree.cut_short.iter().copied()).collect();
                break;
            }
            let children = tree.split(&chosen);
            tree.sample(children.clone());
            tree.trace(children.clone());
            candidates = tree.add_rim(chosen, edges);
            candidates.extend(children.clone().map(|node| node as u32));
            for (node, point) in tree.judge(children) {
                if tree.nodes[node as usize].level == depth {
                    tree.unresolved.push((node, point));
                } else {
                    coarse.push(node);
                }
            }
        }
        let first = tree.nodes.len();
        for node in tree.pinched() {
            tree.add_around((tree.nodes[node as usize].low >> depth).as_ivec3());
        }
        tree.take_edges(first..tree.nodes.len(), edges);
        tree
    }

    /// Points of the surface where the finest cells are too coarse.
    pub(super) fn unresolved(&self) -> impl Iterator<Item = Vec3> + '_ {
        self.unresolved.iter().map(|&(_, point)| point)
    }

    /// Bits of the cells of each of the grid's bricks that belong to the trees, as in
    /// [`super::signs::Brick::signs`].
    pub(super) fn masks(&self) -> Vec<[u64; SIDE]> {
        let mut masks = vec![[0; SIDE]; self.grid.bricks.len()];
        for node in self.nodes.iter().filter(|node| node.level == 0) {
            let cell = node.low >> self.depth;
            let local = cell % SIDE as u32;
            if let Some(mask) = masks.get_mut(self.brick_of(node.low) as usize) {
                mask[local.z as usize] |= 1 << (local.x + SIDE as u32 * local.y);
            }
        }
        masks
    }

    /// Whether a cell of the grid belongs to the trees.
    fn has_root(&self, cell: IVec3) -> bool {
        cell.min_element() >= 0 && self.roots.contains_key(&point_key(cell.as_uvec3()))
    }

    fn add_root(&mut self, cell: UVec3) {
        if cell.cmpge(self.grid.lattice.bricks * SIDE as u32).any() {
            return;
        }
        let node = Node { low: cell << self.depth, level: 0, child: LEAF };
        if let std::collections::hash_map::Entry::Vacant(entry) = self.roots.entry(point_key(cell)) {
            entry.insert(self.nodes.len() as u32);
            self.nodes.push(node);
        }
    }

    /// Side of a node, in the finest cells.
    fn side(&self, level: u32) -> u32 {
        1 << (self.depth - level)
    }

    fn unit_m(&self) -> f32 {
        self.grid.lattice.cell_size_m / (1 << self.depth) as f32
    }

    fn size_m(&self, level: u32) -> f32 {
        self.unit_m() * self.side(level) as f32
    }

    /// Place of a corner in metres; the same as the lattice's own for its samples.
    fn position(&self, p: UVec3) -> Vec3 {
        self.grid.lattice.origin + p.as_vec3() * self.unit_m()
    }

    fn middle(&self, node: Node) -> Vec3 {
        self.position(node.low) + 0.5 * self.size_m(node.level)
    }

    /// The program for a brick's inside, faces included; the whole field's where the brick has none.
    fn region(&self, evaluator: &Evaluator, p: UVec3) -> Region {
        let slot = self.brick_of(p);
        self.grid.bricks.get(slot as usize).map_or_else(|| evaluator.root(), |brick| brick.region.clone())
    }

    /// Slot of the brick that a corner, or the cell at it, belongs to.
    fn brick_of(&self, p: UVec3) -> u32 {
        self.grid.slot(((p >> self.depth) / SIDE as u32).as_ivec3())
    }

    /// The leaf that holds the finest cell at `p`, if the trees reach there.
    fn locate(&self, p: IVec3) -> Option<u32> {
        if p.min_element() < 0 {
            return None;
        }
        let p = p.as_uvec3();
        let mut node = *self.roots.get(&point_key(p >> self.depth))?;
        while self.nodes[node as usize].child != LEAF {
            let Node { level, child, .. } = self.nodes[node as usize];
            let bit = p >> (self.depth - level - 1) & 1;
            node = child + bit.x + 2 * bit.y + 4 * bit.z;
        }
        Some(node)
    }

    /// The node of a level at a corner, leaf or not.
    fn node_at(&self, p: IVec3, level: u32) -> Option<u32> {
        if p.min_element() < 0 {
            return None;
        }
        let p = p.as_uvec3();
        let mut node = *self.roots.get(&point_key(p >> self.depth))?;
        for _ in 0..level {
            let Node { level, child, .. } = self.nodes[node as usize];
            if child == LEAF {
                return None;
            }
            let bit = p >> (self.depth - level - 1) & 1;
            node = child + bit.x + 2 * bit.y + 4 * bit.z;
        }
        Some(node)
    }

    /// Halves nodes and returns their children.
    fn split(&mut self, chosen: &[u32]) -> std::ops::Range<usize> {
        let first = self.nodes.len();
        for &node in chosen {
            let Node { low, level, .. } = self.nodes[node as usize];
            self.nodes[node as usize].child = self.nodes.len() as u32;
            let side = self.side(level);
            for axis in 0..3 {
                let (b, c) = (axis_after(axis, 1), axis_after(axis, 2));
                for i in 0..4 {
                    let mut at = low;
                    at[b] += side * (i & 1);
                    at[c] += side * (i >> 1);
                    self.edges.entry(SideKey::new(at, axis, level)).or_default().is_split = true;
                }
                for i in 0..2 {
                    let mut at = low;
                    at[axis] += side * i;
                    self.split_faces.insert(SideKey::new(at, axis, level));
                }
            }
            for i in 0..8u32 {
                let low = low + side / 2 * UVec3::new(i & 1, i >> 1 & 1, i >> 2);
                self.nodes.push(Node { low, level: level + 1, child: LEAF });
            }
        }
        first..self.nodes.len()
    }

    /// Adds the grid's cells around those that were halved: their faces and edges are halved too. Returns the
    /// leaves beside halved nodes.
    fn add_rim(&mut self, split: Vec<u32>, edges: &impl GridEdges) -> Vec<u32> {
        let first = self.nodes.len();
        for &node in &split {
            let Node { low, level, .. } = self.nodes[node as usize];
            if level == 0 {
                self.add_around((low >> self.depth).as_ivec3());
            }
        }
        self.take_edges(first..self.nodes.len(), edges);
        let mut beside = Vec::with_capacity(6 * split.len());
        for node in split {
            let Node { low, level, .. } = self.nodes[node as usize];
            for axis in 0..3 {
                for step in [-1, self.side(level) as i32] {
                    let mut at = low.as_ivec3();
                    at[axis] += step;
                    beside.extend(self.locate(at));
                }
            }
        }
        beside.sort_unstable();
        beside.dedup();
        beside
    }

    fn add_around(&mut self, cell: IVec3) {
        for offset in offsets() {
            let at = cell + offset;
            if at.min_element() >= 0 {
                self.add_root(at.as_uvec3());
            }
        }
    }

    /// Takes over what the grid knows about the edges of its cells.
    fn take_edges(&mut self, nodes: std::ops::Range<usize>, edges: &impl GridEdges) {
        for i in nodes {
            let node = self.nodes[i];
            if node.level > 0 {
                continue;
            }
            for (low, axis) in node_edges(node.low, self.side(0)) {
                let key = SideKey::new(low, axis, 0);
                if self.edge(key).count > 0 {
                    continue;
                }
                let first = self.crossings.len();
                edges.passages(low >> self.depth, axis, &mut self.crossings);
                let count = self.crossings.len() - first;
                if count > 0 {
                    self.take_crossings(key, first, count);
                    self.edge_of.resize(self.crossings.len(), key);
                }
            }
        }
    }

    /// Numbers of the crossings of an edge.
    fn crossings_on(&self, key: SideKey) -> std::ops::Range<u32> {
        self.edge(key).crossings()
    }

    fn edge(&self, key: SideKey) -> Edge {
        self.edges.get(&key).copied().unwrap_or_default()
    }

    /// Gives an edge its crossings.
    fn take_crossings(&mut self, key: SideKey, first: usize, count: usize) {
        let edge = self.edges.entry(key).or_default();
        (edge.first, edge.count) = (first as u32, count as u32);
        self.edge_list.push(key);
    }

    fn crossing(&self, i: u32) -> &Crossing {
        &self.crossings[i as usize].0
    }
}

impl Edge {
    fn crossings(self) -> std::ops::Range<u32> {
        self.first..self.first + self.count
    }
}

/// The edges of a cell: low corner and axis.
fn node_edges(low: UVec3, side: u32) -> impl Iterator<Item = (UVec3, usize)> {
    (0..12u32).map(move |edge| {
        let axis = edge as usize / 4;
        let mut at = low;
        at[axis_after(axis, 1)] += side * (edge & 1);
        at[axis_after(axis, 2)] += side * (edge >> 1 & 1);
        (at, axis)
    })
}

/// A cell and its 26 neighbours.
fn offsets() -> impl Iterator<Item = IVec3> {
    (0..27).map(|i| IVec3::new(i % 3, i / 3 % 3, i / 9) - 1)
}
