//! Fewer triangles where the surface is flat or gently curved.
//!
//! Vertices are moved into a neighbour, one by one, the cheapest first (Garland and Heckbert, "Surface
//! Simplification Using Quadric Error Metrics", SIGGRAPH 1997, with vertices that stay where they are on
//! the surface). What may not change is guarded: the mesh stays a closed manifold (the link condition of
//! Dey et al., 1999), edges between normals and between materials stay edges, no triangle turns over.
//!
//! Each round takes vertices that are no neighbours of each other. Among equals the place decides, not the
//! number, so that a part comes out the same whatever stands elsewhere.

use glam::Vec3;
use rayon::prelude::*;

use super::mesh::Mesh;

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
/// How many times the error is allowed where that does away with a triangle that faces inwards.
const FOLDED_PATIENCE: f32 = 9.0;
/// No corner, no triangle.
const NONE: u32 = u32::MAX;

/// Sum of squared distances to planes, weighted by area, about a point.
#[derive(Debug, Clone, Copy, Default)]
struct Quadric {
    /// xx, xy, xz, yy, yz, zz.
    a: [f32; 6],
    b: Vec3,
    c: f32,
    area: f32,
}

impl Quadric {
    fn add_plane(&mut self, n: Vec3, area: f32) {
        let products = [n.x * n.x, n.x * n.y, n.x * n.z, n.y * n.y, n.y * n.z, n.z * n.z];
        for (sum, product) in self.a.iter_mut().zip(products) {
            *sum += area * product;
        }
        self.area += area;
    }

    fn times(&self, v: Vec3) -> Vec3 {
        let [xx, xy, xz, yy, yz, zz] = self.a;
        Vec3::new(
            xx * v.x + xy * v.y + xz * v.z,
            xy * v.x + yy * v.y + yz * v.z,
            xz * v.x + yz * v.y + zz * v.z,
        )
    }

    /// Mean squared distance at `d` from the point it stands about.
    fn at(&self, d: Vec3) -> f32 {
        ((self.times(d) + 2.0 * self.b).dot(d) + self.c).max(0.0) / self.area.max(f32::MIN_POSITIVE)
    }

    /// The same quadric about a point at `d`.
    fn moved(&self, d: Vec3) -> Self {
        let ad = self.times(d);
        Self { a: self.a, b: self.b + ad, c: self.c + (ad + 2.0 * self.b).dot(d), area: self.area }
    }

    fn plus(&self, other: &Self) -> Self {
        let mut a = self.a;
        for (sum, more) in a.iter_mut().zip(other.a) {
            *sum += more;
        }
        Self { a, b: self.b + other.b, c: self.c + other.c, area: self.area + other.area }
    }
}

/// A vertex that may be moved into a neighbour.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    cost: f32,
    /// Decides among equals.
    place: u32,
    from: u32,
    to: u32,
}

/// The mesh by its points; a vertex is named by the first one at its point.
struct Work<'a> {
    mesh: &'a Mesh,
    /// Vertices of each triangle; the first is [`NONE`] when the triangle is gone.
    corners: Vec<[u32; 3]>,
    /// First corner of each point, and the next one at the same point after each corner.
    head: Vec<u32>,
    next: Vec<u32>,
    quadrics: Vec<Quadric>,
    /// Squares of how far the surface may be off at each point.
    allowed: &'a [f32],
}

/// Buffers of one thread.
#[derive(Default)]
struct Scratch {
    /// Corners at the point.
    ring: Vec<u32>,
    costs: Vec<(f32, u32)>,
    around: Vec<u32>,
}

/// Moves vertices of the mesh into neighbours where the surface is off by at most the root of `allowed` then:
/// a squared length for each vertex.
pub(super) fn simplify(mesh: &mut Mesh, allowed: &[f32]) {
    let mut work = Work::new(mesh, allowed);
    let mut open: Vec<u32> = (0..work.head.len() as u32).filter(|&v| work.head[v as usize] != NONE).collect();
    let mut locked = vec![0u8; work.head.len()];
    let mut scratch = Scratch::default();
    for round in 1..=ROUNDS as u8 {
        let mut found: Vec<Candidate> = open
            .par_iter()
            .with_min_len(512)
            .map_init(Scratch::default, |scratch, &v| work.best(v, scratch))
            .flatten_iter()
            .collect();
        found.par_sort_unstable_by(|a, b| {
            a.cost.total_cmp(&b.cost).then(a.place.cmp(&b.place)).then(a.from.cmp(&b.from))
        });
        open.clear();
        for candidate in &found {
            let Candidate { from, to, .. } = *candidate;
            if locked[from as usize] == round || locked[to as usize] == round {
                open.push(from);
                continue;
            }
            work.ring(from, &mut scratch.ring);
            for &corner in &scratch.ring {
                let neighbour = work.point(work.next_in_triangle(corner));
                locked[neighbour as usize] = round;
                open.push(neighbour);
            }
            locked[from as usize] = round;
            work.collapse(from, to, &scratch.ring);
        }
        open.retain(|&v| work.head[v as usize] != NONE);
        open.sort_unstable();
        open.dedup();
        if open.is_empty() {
            break;
        }
    }
    let corners = work.corners;
    let mut corners = corners.into_iter();
    mesh.triangles.retain_mut(|(_, triangle)| {
        let Some(now) = corners.next() else { return true };
        *triangle = now;
        now[0] != NONE
    });
}

impl<'a> Work<'a> {
    fn new(mesh: &'a Mesh, allowed: &'a [f32]) -> Self {
        let count = mesh.positions.len();
        let corners: Vec<[u32; 3]> = mesh.triangles.iter().map(|&(_, triangle)| triangle).collect();
        let mut work = Self {
            mesh,
            head: vec![NONE; count],
            next: vec![NONE; 3 * corners.len()],
            quadrics: vec![Quadric::default(); count],
            corners,
            allowed,
        };
        for t in 0..work.corners.len() {
            let [a, b, c] = work.corners[t].map(|v| mesh.positions[v as usize]);
            let normal = (b - a).cross(c - a);
            let area = normal.length();
            for i in 0..3 {
                let point = mesh.weld[work.corners[t][i] as usize] as usize;
                work.next[3 * t + i] = work.head[point];
                work.head[point] = (3 * t + i) as u32;
                if area > 0.0 {
                    work.quadrics[point].add_plane(normal / area, area);
                }
            }
        }
        work
    }

    fn vertex(&self, corner: u32) -> u32 {
        self.corners[corner as usize / 3][corner as usize % 3]
    }

    fn point(&self, corner: u32) -> u32 {
        self.mesh.weld[self.vertex(corner) as usize]
    }

    fn position(&self, point: u32) -> Vec3 {
        self.mesh.positions[point as usize]
    }

    fn next_in_triangle(&self, corner: u32) -> u32 {
        if corner % 3 == 2 { corner - 2 } else { corner + 1 }
    }

    fn previous_in_triangle(&self, corner: u32) -> u32 {
        if corner.is_multiple_of(3) { corner + 2 } else { corner - 1 }
    }

    /// The corners at a point, of triangles that are still there.
    fn ring(&self, point: u32, ring: &mut Vec<u32>) {
        ring.clear();
        let mut corner = self.head[point as usize];
        while corner != NONE {
            if self.corners[corner as usize / 3][0] != NONE {
                ring.push(corner);
            }
            corner = self.next[corner as usize];
        }
    }

    /// The cheapest way to do without a point.
    fn best(&self, from: u32, scratch: &mut Scratch) -> Option<Candidate> {
        self.ring(from, &mut scratch.ring);
        let (quadric, at) = (self.quadrics[from as usize], self.position(from));
        scratch.costs.clear();
        let patience = if self.is_folded(&scratch.ring) { FOLDED_PATIENCE } else { 1.0 };
        for &corner in &scratch.ring {
            let to = self.point(self.next_in_triangle(corner));
            let cost = quadric.at(self.position(to) - at);
            if cost <= patience * self.allowed[from as usize].min(self.allowed[to as usize]) {
                scratch.costs.push((cost, to));
            }
        }
        // The shorter way among equals.
        let length = |to: u32| self.position(to).distance_squared(at);
        scratch.costs.sort_unstable_by(|a, b| {
            a.0.total_cmp(&b.0).then(length(a.1).total_cmp(&length(b.1))).then(a.1.cmp(&b.1))
        });
        let [x, y, z] = at.to_array().map(f32::to_bits);
        let place =
            (x.rotate_left(13) ^ y).rotate_left(11).wrapping_mul(0x9e37_79b9) ^ z.wrapping_mul(0x85eb_ca6b);
        let Scratch { ring, costs, around } = scratch;
        costs
            .iter()
            .find(|&&(_, to)| self.may_collapse(from, to, ring, around))
            .map(|&(cost, to)| Candidate { cost, place, from, to })
    }

    /// Whether one of the triangles at a point faces against a normal of its corners.
    fn is_folded(&self, ring: &[u32]) -> bool {
        ring.iter().any(|&corner| {
            let corners = [corner, self.next_in_triangle(corner), self.previous_in_triangle(corner)];
            let [p, q, r] = corners.map(|corner| self.position(self.point(corner)));
            let plane = (q - p).cross(r - p);
            corners.into_iter().any(|c| self.mesh.normals[self.vertex(c) as usize].dot(plane) < 0.0)
        })
    }

    /// The vertices at `from` and those at `to` that take their places, one for each of the two triangles between
    /// the points.
    fn partners(&self, to: u32, ring: &[u32]) -> [Option<[u32; 2]>; 2] {
        let mut pairs = [None; 2];
        let mut count = 0;
        for &corner in ring {
            for other in [self.next_in_triangle(corner), self.previous_in_triangle(corner)] {
                if self.point(other) == to && count < 2 {
                    pairs[count] = Some([self.vertex(corner), self.vertex(other)]);
                    count += 1;
                }
            }
        }
        pairs
    }

    fn may_collapse(&self, from: u32, to: u32, ring: &[u32], around: &mut Vec<u32>) -> bool {
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
        let shared = ring
            .iter()
            .filter(|&&corner| {
                let neighbour = self.point(self.next_in_triangle(corner));
                around.iter().any(|&other| self.point(self.next_in_triangle(other)) == neighbour)
            })
            .count();
        if shared != 2 || ring.len() + around.len() < 8 {
            return false;
        }
        let target = self.position(to);
        ring.iter().all(|&corner| {
            let (b, c) = (self.next_in_triangle(corner), self.previous_in_triangle(corner));
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

    fn collapse(&mut self, from: u32, to: u32, ring: &[u32]) {
        let [Some(first), Some(second)] = self.partners(to, ring) else { return };
        for &corner in ring {
            let (b, c) = (self.next_in_triangle(corner), self.previous_in_triangle(corner));
            if self.point(b) == to || self.point(c) == to {
                self.corners[corner as usize / 3][0] = NONE;
            }
        }
        let mut kept = Vec::with_capacity(16);
        self.ring(to, &mut kept);
        for &corner in ring {
            let triangle = &mut self.corners[corner as usize / 3];
            if triangle[0] == NONE {
                continue;
            }
            let own = &mut triangle[corner as usize % 3];
            *own = if *own == first[0] { first[1] } else { second[1] };
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
