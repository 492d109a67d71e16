//! What is done to the mesh, as the cells made it, where it passes through itself.
//!
//! A polygon about an edge of the cells joins the vertices of the cells around it. While every vertex stands in
//! its cell, and the polygon is cut about its crossing and about the middles of the joints on the cells' faces,
//! each triangle stays in one cell, and the mesh cannot pass through itself (Ju and Udeshi, "Intersection-free
//! Contouring on an Octree Grid", Pacific Graphics 2006). That costs triangles and blunts what is sharper than
//! the cells, so it is done step by step, and only where it must be.

use glam::Vec3;
use rayon::prelude::*;

use super::{
    intersect::{Facet, Places, crossing_pairs},
    key::{Map, Set},
    mesh::{Mesh, Triangle},
};

/// What is done about a polygon, in this order, when it is found again.
const STEPS: [fn(&mut Mender, &mut Mesh, &Set<u32>); 4] =
    [Mender::take_home, Mender::cut_about_crossings, Mender::cut_about_joints, Mender::take_to_middle];

/// Keeps in mind what was done so far.
#[derive(Default)]
pub(super) struct Mender {
    /// How many steps were taken for each polygon, by its crossing.
    steps: Map<u32, usize>,
    /// The places of stray vertices in their cells.
    homes: Map<u32, Vec3>,
    /// Numbers of the triangles of the polygons that are looked at, and of those around them.
    local: Vec<u32>,
}

impl Mender {
    pub(super) fn new(mesh: &Mesh) -> Self {
        Self { homes: mesh.strays.iter().copied().collect(), ..Self::default() }
    }

    /// Changes the mesh until it passes through itself nowhere near the places, or nothing is left to be tried.
    pub(super) fn mend(&mut self, mesh: &mut Mesh, places: &Places) {
        self.local = surroundings(mesh, places);
        for _ in 0..2 * STEPS.len() {
            let near: Vec<Triangle> = (self.local.iter())
                .map(|&t| mesh.triangles[t as usize])
                .filter(|triangle| places.touch(&mesh.facet(triangle).bounds()))
                .collect();
            let facets: Vec<Facet> = near.iter().map(|triangle| mesh.facet(triangle)).collect();
            let pairs = crossing_pairs(&facets);
            let found: Set<u32> =
                pairs.iter().flat_map(|&(a, b)| [a, b]).map(|i| near[i as usize].crossing).collect();
            let mut groups: [Set<u32>; STEPS.len()] = Default::default();
            for crossing in found {
                let step = self.steps.entry(crossing).or_default();
                if let Some(group) = groups.get_mut(*step) {
                    group.insert(crossing);
                    *step += 1;
                }
            }
            if groups.iter().all(Set::is_empty) {
                break;
            }
            for (step, group) in STEPS.iter().zip(&groups).filter(|(_, group)| !group.is_empty()) {
                step(self, mesh, group);
            }
        }
    }

    /// Puts vertices that stand outside their cells back.
    fn take_home(&mut self, mesh: &mut Mesh, polygons: &Set<u32>) {
        let mut moved = Map::default();
        for triangle in self.of(mesh, polygons) {
            for point in mesh.points(triangle) {
                moved.extend(self.homes.get(&point).map(|&home| (point, home)));
            }
        }
        mesh.place(&moved);
    }

    /// Puts vertices to the middle of the crossings around them.
    fn take_to_middle(&mut self, mesh: &mut Mesh, polygons: &Set<u32>) {
        let mut around: Map<u32, Vec<u32>> = Map::default();
        for triangle in self.of(mesh, polygons) {
            around.extend(mesh.points(triangle).map(|point| (point, Vec::new())));
        }
        for &t in &self.local {
            let triangle = &mesh.triangles[t as usize];
            for point in mesh.points(triangle) {
                if let Some(crossings) = around.get_mut(&point) {
                    crossings.push(triangle.crossing);
                }
            }
        }
        let mut moved = Map::default();
        for (point, mut crossings) in around {
            crossings.sort_unstable();
            crossings.dedup();
            // With one crossing it is the middle of its polygon already, with two that of a joint.
            if crossings.len() > 2 {
                let sum: Vec3 = crossings.iter().map(|&i| mesh.crossings[i as usize].point).sum();
                moved.insert(point, sum / crossings.len() as f32);
            }
        }
        mesh.place(&moved);
    }

    /// The triangles of polygons.
    fn of<'m>(&self, mesh: &'m Mesh, polygons: &Set<u32>) -> impl Iterator<Item = &'m Triangle> {
        let all = self.local.iter().map(|&t| &mesh.triangles[t as usize]);
        all.filter(|triangle| polygons.contains(&triangle.crossing))
    }

    fn add(&mut self, mesh: &mut Mesh, triangle: Triangle) {
        self.local.push(mesh.triangles.len() as u32);
        mesh.triangles.push(triangle);
    }

    /// The sides of polygons, by their points.
    fn rims(&self, mesh: &Mesh, polygons: &Set<u32>) -> Set<(u32, u32)> {
        let mut count: Map<(u32, u32, u32), u32> = Map::default();
        for triangle in self.of(mesh, polygons) {
            for (a, b) in sides(mesh.points(triangle)) {
                *count.entry((triangle.crossing, a.min(b), a.max(b))).or_default() += 1;
            }
        }
        count.into_iter().filter(|&(_, count)| count == 1).map(|((_, a, b), _)| (a, b)).collect()
    }

    /// Cuts polygons about their crossings.
    fn cut_about_crossings(&mut self, mesh: &mut Mesh, polygons: &Set<u32>) {
        let mut triangles_of: Map<u32, Vec<u32>> = Map::default();
        for &t in &self.local {
            let crossing = mesh.triangles[t as usize].crossing;
            if polygons.contains(&crossing) {
                triangles_of.entry(crossing).or_default().push(t);
            }
        }
        let mut all: Vec<(u32, Vec<u32>)> = triangles_of.into_iter().collect();
        all.sort_unstable();
        for (crossing, own) in all {
            let sides: Set<(u32, u32)> =
                own.iter().flat_map(|&t| sides(mesh.triangles[t as usize].vertices)).collect();
            let mut rim: Vec<(u32, u32)> =
                sides.iter().copied().filter(|&(a, b)| !sides.contains(&(b, a))).collect();
            if rim.len() <= own.len() {
                continue;
            }
            rim.sort_unstable();
            let at = mesh.crossings[crossing as usize];
            let normal = if at.normal == Vec3::ZERO { mesh.normals[rim[0].0 as usize] } else { at.normal };
            let centre = mesh.push(at.point, normal, None, rim[0].0);
            let fan = rim.into_iter().map(|(from, to)| Triangle { vertices: [centre, from, to], crossing });
            for (i, triangle) in fan.enumerate() {
                match own.get(i) {
                    Some(&t) => mesh.triangles[t as usize] = triangle,
                    None => self.add(mesh, triangle),
                }
            }
        }
    }

    /// Cuts the sides of polygons, which have been cut about their crossings, in the middle of their joints.
    fn cut_about_joints(&mut self, mesh: &mut Mesh, polygons: &Set<u32>) {
        // Both polygons at a side have to be fans.
        let wanted = self.rims(mesh, polygons);
        let is_wanted = |&(a, b): &(u32, u32)| wanted.contains(&(a.min(b), a.max(b)));
        let all = self.local.iter().map(|&t| &mesh.triangles[t as usize]);
        let on_sides = all.filter(|triangle| sides(mesh.points(triangle)).iter().any(is_wanted));
        let beside: Set<u32> = on_sides.map(|triangle| triangle.crossing).collect();
        self.cut_about_crossings(mesh, &beside);
        let mut at_side: Map<(u32, u32), Vec<(u32, usize)>> = Map::default();
        for &t in &self.local {
            for (i, (a, b)) in sides(mesh.points(&mesh.triangles[t as usize])).into_iter().enumerate() {
                let side = (a.min(b), a.max(b));
                if wanted.contains(&side) {
                    at_side.entry(side).or_default().push((t, i));
                }
            }
        }
        let mut all: Vec<_> = at_side.into_iter().collect();
        all.sort_unstable();
        for (_, both) in all {
            let [first, second] = both[..] else { continue };
            let [p, q] = [first, second].map(|(t, _)| mesh.triangles[t as usize]);
            if p.crossing == q.crossing {
                continue;
            }
            let [a, b] = [p, q].map(|triangle| mesh.crossings[triangle.crossing as usize]);
            let middle = 0.5 * (a.point + b.point);
            let [from, to] = [p.vertices[first.1], p.vertices[(first.1 + 1) % 3]];
            let is_one = q.vertices.contains(&from) && q.vertices.contains(&to);
            let normal_of = |normal: Vec3| normal.try_normalize().unwrap_or(mesh.normals[from as usize]);
            let normals = if is_one {
                [normal_of(a.normal + b.normal); 2]
            } else {
                [normal_of(a.normal), normal_of(b.normal)]
            };
            let own = mesh.push(middle, normals[0], None, from);
            let other = if is_one { own } else { mesh.push(middle, normals[1], Some(own), from) };
            for ((t, i), vertex) in [(first, own), (second, other)] {
                let Triangle { vertices, crossing } = mesh.triangles[t as usize];
                let [from, to, third] = [0, 1, 2].map(|k| vertices[(i + k) % 3]);
                mesh.triangles[t as usize].vertices = [from, vertex, third];
                self.add(mesh, Triangle { vertices: [vertex, to, third], crossing });
            }
        }
    }
}

/// Numbers of the triangles of the polygons near some places, and of those that share a point with them.
fn surroundings(mesh: &Mesh, places: &Places) -> Vec<u32> {
    let polygons: Set<u32> = mesh.triangles_in(places).iter().map(|triangle| triangle.crossing).collect();
    let own = mesh.triangles.iter().filter(|triangle| polygons.contains(&triangle.crossing));
    let points: Set<u32> = own.flat_map(|triangle| mesh.points(triangle)).collect();
    let is_near =
        |t: &u32| mesh.points(&mesh.triangles[*t as usize]).iter().any(|point| points.contains(point));
    (0..mesh.triangles.len() as u32).into_par_iter().with_min_len(2048).filter(is_near).collect()
}

fn sides([a, b, c]: [u32; 3]) -> [(u32, u32); 3] {
    [(a, b), (b, c), (c, a)]
}

impl Mesh {
    pub(super) fn points(&self, triangle: &Triangle) -> [u32; 3] {
        triangle.vertices.map(|i| self.weld[i as usize])
    }

    pub(super) fn facet(&self, triangle: &Triangle) -> Facet {
        Facet { points: self.points(triangle), corners: self.corners(triangle) }
    }

    /// The triangles near some places.
    pub(super) fn triangles_in(&self, places: &Places) -> Vec<Triangle> {
        let near = |triangle: &&Triangle| places.touch(&self.facet(triangle).bounds());
        self.triangles.par_iter().with_min_len(2048).filter(near).copied().collect()
    }

    /// Moves points.
    fn place(&mut self, moved: &Map<u32, Vec3>) {
        if moved.is_empty() {
            return;
        }
        for (position, weld) in self.positions.iter_mut().zip(&self.weld) {
            if let Some(&to) = moved.get(weld) {
                *position = to;
            }
        }
    }

    /// Adds a vertex, at the point of another one or at its own, that may be off as far as a third one.
    fn push(&mut self, position: Vec3, normal: Vec3, weld: Option<u32>, like: u32) -> u32 {
        let vertex = self.positions.len() as u32;
        self.positions.push(position);
        self.normals.push(normal);
        self.weld.push(weld.unwrap_or(vertex));
        self.allowed_m.push(self.allowed_m[like as usize]);
        vertex
    }
}
