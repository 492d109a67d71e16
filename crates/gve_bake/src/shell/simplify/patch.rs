//! One block of the mesh, in which vertices are moved into their neighbours.

use glam::Vec3;

use super::{Leave, quadric::Quadric};
use crate::shell::{
    key::Map,
    mesh::{Mesh, Triangle},
};

/// Rounds; the last ones find little.
const ROUNDS: usize = 10;
/// Least cosine between the normals of a vertex and the one that it is moved into.
const SAME_COS: f32 = 0.9;
/// Least cosine between a triangle's plane before and after.
const TURN_COS: f32 = 0.7;
/// Least cosine between a triangle and the normals of its corners.
const FACE_COS: f32 = 0.2;
/// Least height of a triangle, as a share of its longest side.
const SLENDER: f32 = 0.04;
/// Twice the area about a point, in cells, above which it does not count: some times that of a cell.
const MOST_AREA_CELLS: f32 = 20.0;
/// How many times the error is allowed where that does away with a triangle that faces inwards.
const FOLDED_PATIENCE: f32 = 9.0;
/// The same for points on edges, which the eye follows.
const EDGE_PATIENCE: f32 = 0.2;
/// How many times as costly as it was found a way may be when its turn comes; others wait for the next round.
const WORSE: f32 = 1.25;
/// A cost that does not matter, as a share of what is allowed.
const NO_COST: f32 = 1e-3;
/// No corner, no triangle.
const NONE: u32 = u32::MAX;

/// What is known about a point of the surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// All its triangles are in the patch.
    Inner,
    /// It stays as it is, and so do its triangles but for their other corners.
    Fixed,
}

/// A point that may be moved into a neighbour.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// Mean squared distance to the planes that it stands for, as a share of what is allowed.
    cost: f32,
    /// Decides among equals.
    place: u32,
    from: u32,
    to: u32,
}

/// What became of a patch.
#[derive(Clone)]
pub(super) struct Outcome {
    /// Triangles that are left: their places in the patch, and their vertices now.
    pub(super) triangles: Vec<(u32, [u32; 3])>,
    /// Quadrics of the points that are left; for fixed ones only what the patch adds.
    pub(super) quadrics: Vec<(u32, Standing, Quadric)>,
    /// Points that are worth another look where more of what is around them may change.
    pub(super) open: Vec<u32>,
}

/// The triangles of one block by their points.
pub(super) struct Patch<'a> {
    mesh: &'a Mesh,
    leave: &'a Leave<'a>,
    most_area: f32,
    /// Vertices of each triangle; the first is [`NONE`] when the triangle is gone.
    corners: Vec<[u32; 3]>,
    /// Points of each triangle, counted in the patch.
    at: Vec<[u32; 3]>,
    /// For each point the first vertex there.
    points: Vec<u32>,
    positions: Vec<Vec3>,
    standings: Vec<Standing>,
    quadrics: Vec<Quadric>,
    /// First corner of each point, and the next one at the same point after each corner.
    head: Vec<u32>,
    next: Vec<u32>,
    /// Whether each triangle faces against a normal of its corners.
    is_folded: Vec<bool>,
    /// A number that marks points for a moment, and the last one that was used.
    marks: Vec<u32>,
    mark: u32,
}

/// Buffers.
#[derive(Default)]
struct Scratch {
    /// Corners at the point.
    ring: Vec<u32>,
    /// Cost, squared length and end of each way to go.
    costs: Vec<(f32, f32, u32)>,
    around: Vec<u32>,
}

impl<'a> Patch<'a> {
    /// The patch of some triangles. Without `quadrics` the triangles are the surface itself, otherwise there is
    /// one for every inner point.
    pub(super) fn new(
        mesh: &'a Mesh,
        leave: &'a Leave<'a>,
        triangles: &[Triangle],
        numbers: &[u32],
        standing: impl Fn(u32) -> Standing,
        quadrics: Option<&[Quadric]>,
    ) -> Self {
        let mut patch = Self {
            mesh,
            leave,
            most_area: MOST_AREA_CELLS * leave.cell_size_m * leave.cell_size_m,
            corners: Vec::with_capacity(numbers.len()),
            at: Vec::with_capacity(numbers.len()),
            points: Vec::with_capacity(numbers.len()),
            positions: Vec::with_capacity(numbers.len()),
            standings: Vec::with_capacity(numbers.len()),
            quadrics: Vec::with_capacity(numbers.len()),
            head: Vec::with_capacity(numbers.len()),
            next: vec![NONE; 3 * numbers.len()],
            is_folded: Vec::with_capacity(numbers.len()),
            marks: Vec::new(),
            mark: 0,
        };
        let mut known: Map<u32, u32> = Map::with_capacity_and_hasher(numbers.len(), Default::default());
        for &t in numbers {
            let corners = triangles[t as usize].vertices;
            let at = corners.map(|vertex| {
                let point = mesh.weld[vertex as usize];
                *known.entry(point).or_insert_with(|| {
                    patch.points.push(point);
                    patch.positions.push(mesh.positions[point as usize]);
                    patch.standings.push(standing(point));
                    patch.quadrics.push(quadrics.map_or_else(Quadric::default, |all| all[point as usize]));
                    patch.head.push(NONE);
                    patch.points.len() as u32 - 1
                })
            });
            let first = 3 * patch.corners.len() as u32;
            patch.corners.push(corners);
            patch.at.push(at);
            for (i, point) in (0..3).zip(at) {
                patch.next[(first + i) as usize] = patch.head[point as usize];
                patch.head[point as usize] = first + i;
            }
            let [a, b, c] = at.map(|point| patch.positions[point as usize]);
            let normal = (b - a).cross(c - a);
            patch.is_folded.push(corners.iter().any(|&i| mesh.normals[i as usize].dot(normal) < 0.0));
            if quadrics.is_none() {
                let area = normal.length();
                if area > 0.0 {
                    for point in at {
                        patch.quadrics[point as usize].add_plane(normal / area, area);
                    }
                }
            }
        }
        patch.marks = vec![0; patch.points.len()];
        patch
    }

    /// Moves points into neighbours, of those that `is_open` names.
    pub(super) fn simplify(mut self, is_open: impl Fn(u32) -> bool) -> Outcome {
        let is_inner = |patch: &Self, v: u32| patch.standings[v as usize] == Standing::Inner;
        let was_open: Vec<bool> = self.points.iter().map(|&point| is_open(point)).collect();
        let mut open: Vec<u32> =
            (0..self.points.len() as u32).filter(|&v| was_open[v as usize] && is_inner(&self, v)).collect();
        // The last round in which something around the point was changed.
        let mut changed = vec![0u8; self.points.len()];
        let mut scratch = Scratch::default();
        let mut found: Vec<Candidate> = Vec::new();
        for round in 1..=ROUNDS as u8 {
            found.clear();
            for &v in &open {
                found.extend(self.best(v, &mut scratch));
            }
            found.sort_unstable_by(|a, b| {
                a.cost.total_cmp(&b.cost).then(a.place.cmp(&b.place)).then(a.from.cmp(&b.from))
            });
            open.clear();
            for &old in &found {
                let mut candidate = old;
                if changed[old.from as usize] == round || changed[old.to as usize] == round {
                    match self.best(old.from, &mut scratch) {
                        Some(new) if new.cost <= NO_COST.max(WORSE * old.cost) => {
                            candidate = new;
                        }
                        Some(_) => {
                            open.push(old.from);
                            continue;
                        }
                        None => continue,
                    }
                }
                let Candidate { from, to, .. } = candidate;
                self.ring(from, &mut scratch.ring);
                for &corner in &scratch.ring {
                    let neighbour = self.point(next_in_triangle(corner));
                    changed[neighbour as usize] = round;
                    open.push(neighbour);
                }
                self.collapse(from, to, &mut scratch);
            }
            open.retain(|&v| self.head[v as usize] != NONE && is_inner(&self, v));
            open.sort_unstable();
            open.dedup();
            if open.is_empty() {
                break;
            }
        }
        self.finish(&open, &was_open, &changed)
    }

    fn finish(self, open: &[u32], was_open: &[bool], changed: &[u8]) -> Outcome {
        let mut stays_open = vec![false; self.points.len()];
        open.iter().for_each(|&v| stays_open[v as usize] = true);
        let is_fixed = |v: u32| self.standings[v as usize] == Standing::Fixed;
        for (corners, at) in self.corners.iter().zip(&self.at) {
            // What stands beside a fixed point had fewer neighbours to be moved into.
            if corners[0] != NONE && at.iter().any(|&v| is_fixed(v)) {
                for &v in at {
                    let has_news = was_open[v as usize] || changed[v as usize] > 0;
                    stays_open[v as usize] |= has_news;
                }
            }
        }
        let alive = (0..self.points.len()).filter(|&v| self.head[v] != NONE);
        Outcome {
            open: alive.clone().filter(|&v| stays_open[v]).map(|v| self.points[v]).collect(),
            quadrics: alive.map(|v| (self.points[v], self.standings[v], self.quadrics[v])).collect(),
            triangles: (0..).zip(self.corners).filter(|(_, corners)| corners[0] != NONE).collect(),
        }
    }

    fn vertex(&self, corner: u32) -> u32 {
        self.corners[corner as usize / 3][corner as usize % 3]
    }

    fn point(&self, corner: u32) -> u32 {
        self.at[corner as usize / 3][corner as usize % 3]
    }

    fn position(&self, point: u32) -> Vec3 {
        self.positions[point as usize]
    }

    fn allowed(&self, point: u32) -> f32 {
        self.leave.allowed[self.points[point as usize] as usize]
    }

    /// The corners at a point, of triangles that are still there; forgets the others.
    fn ring(&mut self, point: u32, ring: &mut Vec<u32>) {
        ring.clear();
        let mut corner = self.head[point as usize];
        let mut last = NONE;
        while corner != NONE {
            let next = self.next[corner as usize];
            if self.corners[corner as usize / 3][0] != NONE {
                ring.push(corner);
                last = corner;
            } else if last == NONE {
                self.head[point as usize] = next;
            } else {
                self.next[last as usize] = next;
            }
            corner = next;
        }
    }

    /// The cheapest way to do without a point.
    fn best(&mut self, from: u32, scratch: &mut Scratch) -> Option<Candidate> {
        self.ring(from, &mut scratch.ring);
        let (quadric, at) = (self.quadrics[from as usize], self.position(from));
        scratch.costs.clear();
        let own = self.allowed(from);
        let is_folded = scratch.ring.iter().any(|&corner| self.is_folded[corner as usize / 3]);
        let is_edge = scratch.ring.iter().any(|&corner| self.vertex(corner) != self.vertex(scratch.ring[0]));
        let patience = match (is_folded, is_edge) {
            (true, _) => FOLDED_PATIENCE,
            (_, true) => EDGE_PATIENCE,
            _ => 1.0,
        };
        for &corner in &scratch.ring {
            let to = self.point(next_in_triangle(corner));
            if self.standings[to as usize] == Standing::Fixed {
                continue;
            }
            let cost = quadric.at(self.position(to) - at, self.most_area)
                / own.min(self.allowed(to)).max(f32::MIN_POSITIVE);
            if cost <= patience {
                // The shorter way among equals.
                scratch.costs.push((cost, self.position(to).distance_squared(at), to));
            }
        }
        if scratch.costs.is_empty() {
            return None;
        }
        scratch
            .costs
            .sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let [x, y, z] = at.to_array().map(f32::to_bits);
        let place =
            (x.rotate_left(13) ^ y).rotate_left(11).wrapping_mul(0x9e37_79b9) ^ z.wrapping_mul(0x85eb_ca6b);
        let Scratch { ring, costs, around } = scratch;
        let &(cost, _, to) = costs.iter().find(|&&(_, _, to)| self.may_collapse(to, ring, around))?;
        Some(Candidate { cost, place, from, to })
    }

    /// The vertices at `from` and those at `to` that take their places, one for each of the two triangles between
    /// the points.
    fn partners(&self, to: u32, ring: &[u32]) -> [Option<[u32; 2]>; 2] {
        let mut pairs = [None; 2];
        let mut count = 0;
        for &corner in ring {
            for other in [next_in_triangle(corner), previous_in_triangle(corner)] {
                if self.point(other) == to && count < 2 {
                    pairs[count] = Some([self.vertex(corner), self.vertex(other)]);
                    count += 1;
                }
            }
        }
        pairs
    }

    fn may_collapse(&mut self, to: u32, ring: &[u32], around: &mut Vec<u32>) -> bool {
        let [Some(first), Some(second)] = self.partners(to, ring) else { return false };
        if first[0] == second[0] && first[1] != second[1] {
            return false;
        }
        let normals = &self.mesh.normals;
        let turns = |[a, b]: [u32; 2]| normals[a as usize].dot(normals[b as usize]) < SAME_COS;
        if turns(first) || turns(second) {
            return false;
        }
        self.ring(to, around);
        self.mark += 1;
        for &corner in ring {
            let neighbour = self.point(next_in_triangle(corner));
            self.marks[neighbour as usize] = self.mark;
        }
        let is_shared =
            |&&corner: &&u32| self.marks[self.point(next_in_triangle(corner)) as usize] == self.mark;
        let shared = around.iter().filter(is_shared).count();
        if shared != 2 || ring.len() + around.len() < 8 {
            return false;
        }
        let normals = &self.mesh.normals;
        let target = self.position(to);
        ring.iter().all(|&corner| {
            let (b, c) = (next_in_triangle(corner), previous_in_triangle(corner));
            if self.point(b) == to || self.point(c) == to {
                return true;
            }
            let own = self.vertex(corner);
            let Some([_, taken]) = [first, second].into_iter().find(|pair| pair[0] == own) else {
                return false;
            };
            let [p, q, r] = [corner, b, c].map(|corner| self.position(self.point(corner)));
            let (before, after) = ((q - p).cross(r - p), (q - target).cross(r - target));
            let area = after.length();
            let longest =
                q.distance_squared(r).max(q.distance_squared(target)).max(r.distance_squared(target));
            let faces = [taken, self.vertex(b), self.vertex(c)]
                .into_iter()
                .all(|vertex| normals[vertex as usize].dot(after) > FACE_COS * area);
            // A triangle that faces inwards may turn.
            let was_turned = [own, self.vertex(b), self.vertex(c)]
                .into_iter()
                .any(|vertex| normals[vertex as usize].dot(before) <= 0.0);
            let keeps = was_turned || after.dot(before) > TURN_COS * area * before.length();
            area > SLENDER * longest && keeps && faces
        })
    }

    /// Moves a point into a neighbour; the scratch holds its ring.
    fn collapse(&mut self, from: u32, to: u32, scratch: &mut Scratch) {
        let Scratch { ring, around: kept, .. } = scratch;
        let [Some(first), Some(second)] = self.partners(to, ring) else { return };
        for &corner in &*ring {
            let (b, c) = (next_in_triangle(corner), previous_in_triangle(corner));
            if self.point(b) == to || self.point(c) == to {
                self.corners[corner as usize / 3][0] = NONE;
            }
        }
        self.ring(to, kept);
        for &corner in &*ring {
            let (t, i) = (corner as usize / 3, corner as usize % 3);
            if self.corners[t][0] == NONE {
                continue;
            }
            let own = &mut self.corners[t][i];
            *own = if *own == first[0] { first[1] } else { second[1] };
            self.at[t][i] = to;
            self.is_folded[t] = false;
            kept.push(corner);
        }
        self.head[from as usize] = NONE;
        self.head[to as usize] = kept.first().copied().unwrap_or(NONE);
        for (i, &corner) in kept.iter().enumerate() {
            self.next[corner as usize] = kept.get(i + 1).copied().unwrap_or(NONE);
        }
        let step = self.position(to) - self.position(from);
        let moved = self.quadrics[from as usize].moved(step);
        self.quadrics[to as usize] = self.quadrics[to as usize].plus(&moved);
    }
}

fn next_in_triangle(corner: u32) -> u32 {
    if corner % 3 == 2 { corner - 2 } else { corner + 1 }
}

fn previous_in_triangle(corner: u32) -> u32 {
    if corner.is_multiple_of(3) { corner + 2 } else { corner - 1 }
}
