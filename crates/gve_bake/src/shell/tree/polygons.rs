//! The faces of the mesh about the edges of the leaves.

use glam::{IVec3, UVec3, Vec3};

use super::{Placed, Tree};
use crate::shell::{
    crossings::Crossing,
    key::{Map, Set, SideKey, point_of},
    mesh::Triangle,
    quads::{AROUND, Corners, cut},
    table::axis_after,
};

/// Which joint an edge of the mesh stands for: its face and the first of its crossings.
type JointKey = (SideKey, u32);

/// Triangles by vertex numbers of the leaves, and vertices that were added to the leaves' own.
#[derive(Default)]
pub(in crate::shell) struct Faces {
    pub(in crate::shell) triangles: Vec<Triangle>,
    /// The crossings that triangles stand about.
    pub(in crate::shell) crossings: Vec<Crossing>,
    /// The joint that the edge between two vertices stands for.
    joints: Map<(u32, u32), JointKey>,
    /// Vertices in the middle of edges that would stand between two vertices a second time.
    middles: Map<JointKey, Vec<(u8, u32)>>,
    /// Diagonals of polygons.
    diagonals: Set<(u32, u32)>,
}

/// A corner of a polygon.
#[derive(Clone, Copy)]
struct Corner {
    node: u32,
    vertex: u32,
}

impl Tree<'_> {
    /// The vertex that the quadrilateral around an edge of the grid takes from one of the trees' cells.
    pub(in crate::shell) fn vertex(
        &self,
        placed: &Placed,
        cell: UVec3,
        low: UVec3,
        axis: usize,
    ) -> Option<u32> {
        let node = self.locate((cell << self.depth).as_ivec3())?;
        let crossing = self.crossings_on(SideKey::new(low << self.depth, axis, 0)).next()?;
        placed.corner(node, crossing)
    }

    /// Whether the faces about an edge of the grid are the trees' own: all its cells are.
    pub(in crate::shell) fn owns(&self, low: UVec3, axis: usize) -> bool {
        AROUND.into_iter().all(|[back_b, back_c]| {
            let mut cell = low.as_ivec3();
            cell[axis_after(axis, 1)] -= back_b as i32;
            cell[axis_after(axis, 2)] -= back_c as i32;
            self.has_root(cell)
        })
    }

    /// The faces about all edges that are the trees' own.
    pub(in crate::shell) fn faces(&self, placed: &mut Placed) -> Faces {
        let mut faces = Faces::default();
        let mut polygon: Vec<Corner> = Vec::with_capacity(4);
        for &key in &self.edge_list {
            let low = point_of(key.low);
            if self.edge(key).is_split || key.level() == 0 && !self.owns(low >> self.depth, key.axis()) {
                continue;
            }
            let (b, c) = (axis_after(key.axis(), 1), axis_after(key.axis(), 2));
            let nodes = AROUND.map(|[back_b, back_c]| {
                let mut at: IVec3 = low.as_ivec3();
                at[b] -= back_b as i32;
                at[c] -= back_c as i32;
                self.locate(at)
            });
            for crossing in self.crossings_on(key) {
                polygon.clear();
                for node in nodes.into_iter().flatten() {
                    if polygon.iter().any(|corner| corner.node == node) {
                        continue;
                    }
                    if let Some(vertex) = placed.corner(node, crossing) {
                        polygon.push(Corner { node, vertex });
                    }
                }
                debug_assert!(polygon.len() > 2, "a polygon with {} corners", polygon.len());
                if !self.crossings[crossing as usize].1 {
                    polygon.reverse();
                }
                faces.add(self, placed, crossing, &polygon, self.size_m(key.level()));
            }
        }
        faces
    }
}

impl Faces {
    fn add(&mut self, tree: &Tree<'_>, placed: &mut Placed, crossing: u32, polygon: &[Corner], size: f32) {
        let at = tree.crossing(crossing);
        self.crossings.push(*at);
        let mut ring: Vec<u32> = Vec::with_capacity(8);
        for (i, &corner) in polygon.iter().enumerate() {
            ring.push(corner.vertex);
            let next = polygon[(i + 1) % polygon.len()];
            ring.extend(self.middle(tree, placed, crossing, corner, next));
        }
        match ring[..] {
            [a, b, c] => self.push([a, b, c]),
            [a, b, c, d] => {
                let corners = [a, b, c, d].map(|i| placed.positions[i as usize]);
                let weld = [a, b, c, d].map(|i| placed.weld[i as usize]);
                self.add_quad(placed, at, [a, b, c, d], weld, corners, size);
            }
            _ => self.fan(placed, at, &ring),
        }
    }

    fn add_quad(
        &mut self,
        placed: &mut Placed,
        at: &Crossing,
        [a, b, c, d]: [u32; 4],
        weld: [u32; 4],
        corners: Corners,
        size: f32,
    ) {
        let cut = cut(corners, at, size);
        let along = |first: usize| ordered(weld[first], weld[first + 2]);
        let is_free = |faces: &Self, first| {
            !faces.diagonals.contains(&along(first)) && !faces.joints.contains_key(&along(first))
        };
        let wanted = if cut.along_ac { [0, 1] } else { [1, 0] };
        let is_fan_good = (0..4).all(|i| {
            let [p, q] = [corners[i] - at.point, corners[(i + 1) % 4] - at.point];
            p.cross(q).dot(at.normal) > 1e-6 * size * size
        });
        let free = wanted.into_iter().filter(|&first| is_free(self, first));
        let best = free.clone().find(|&first| !cut.turns[first]);
        match best.or_else(|| free.clone().find(|_| !is_fan_good)) {
            Some(first) => {
                self.diagonals.insert(along(first));
                let triangles = if first == 0 { [[a, b, c], [a, c, d]] } else { [[b, c, d], [b, d, a]] };
                for triangle in triangles {
                    self.push(triangle);
                }
            }
            None => self.fan(placed, at, &[a, b, c, d]),
        }
    }

    /// Cuts a polygon about its crossing.
    fn fan(&mut self, placed: &mut Placed, at: &Crossing, ring: &[u32]) {
        let normal = if at.normal == Vec3::ZERO { placed.normals[ring[0] as usize] } else { at.normal };
        let allowed_m = placed.allowed_m[ring[0] as usize];
        let centre = push(placed, at.point, normal, None, allowed_m);
        for (i, &from) in ring.iter().enumerate() {
            self.push([centre, from, ring[(i + 1) % ring.len()]]);
        }
    }

    /// Adds a triangle about the last crossing.
    fn push(&mut self, vertices: [u32; 3]) {
        let crossing = self.crossings.len() as u32 - 1;
        self.triangles.push(Triangle { vertices, crossing });
    }

    /// The vertex between two corners, where the edge between them would otherwise have more than two faces.
    fn middle(
        &mut self,
        tree: &Tree<'_>,
        placed: &mut Placed,
        crossing: u32,
        from: Corner,
        to: Corner,
    ) -> Option<u32> {
        let with_crossing =
            |node: u32| placed.sides_of(node).iter().filter(move |s| s.ends.contains(&crossing));
        let (side, other) = with_crossing(from.node).find_map(|side| {
            with_crossing(to.node).find(|s| s.face == side.face).map(|other| (*side, *other))
        })?;
        let joint = (side.face, side.ends[0].min(side.ends[1]));
        let known = *self.joints.entry(ordered(side.weld, other.weld)).or_insert(joint);
        if known == joint {
            return None;
        }
        let material = tree.crossing(crossing).material;
        let own = self.middles.entry(joint).or_default();
        if let Some(&(_, vertex)) = own.iter().find(|&&(m, _)| m == material) {
            return Some(vertex);
        }
        let [a, b] = side.ends.map(|i| tree.crossing(i));
        let normal = (a.normal + b.normal).try_normalize().unwrap_or(placed.normals[from.vertex as usize]);
        let allowed_m = placed.allowed_m[from.vertex as usize];
        let vertex = push(
            placed,
            0.5 * (a.point + b.point),
            normal,
            own.first().map(|&(_, vertex)| vertex),
            allowed_m,
        );
        own.push((material, vertex));
        Some(vertex)
    }
}

fn push(placed: &mut Placed, position: Vec3, normal: Vec3, weld: Option<u32>, allowed_m: f32) -> u32 {
    let vertex = placed.positions.len() as u32;
    placed.positions.push(position);
    placed.normals.push(normal);
    placed.weld.push(weld.unwrap_or(vertex));
    placed.is_doubtful.push(false);
    placed.allowed_m.push(allowed_m);
    vertex
}

fn ordered(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}
