//! A tree of boxes over the triangles of a shell.

use glam::{DVec3, Vec3};
use obvhs::{
    aabb::Aabb,
    bvh2::{Bvh2, leaf_collapser::collapse},
    ploc::{PlocBuilder, PlocSearchDistance, SortPrecision},
    ray::{Ray as BoxRay, RayHit},
};

use super::{Ray, Sides};
use crate::ShellView;

/// Triangles that stand together in one leaf, at most.
const LEAF: u32 = 4;
/// How much larger boxes are than what they hold, as a share of how far they are from the origin: rounding loses no
/// triangle that lies in a wall of its box.
const SLACK: f32 = 1e-6;

/// Finds triangles of a shell; it holds boxes and no triangle, so that every call is given the shell that it was made
/// of.
///
/// It takes 16 to 64 bytes for each triangle, and about twice as much while it is made: a second for a million
/// triangles.
#[derive(Clone)]
pub struct ShellTree {
    tree: Bvh2,
}

/// Where a ray meets a shell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShellHit {
    /// The ray's parameter.
    pub at: f32,
    /// Whether it goes into the solid, and not out of it.
    pub is_front: bool,
    /// Which triangle: its first index is three times that.
    pub triangle: u32,
    /// The vertices' normals, interpolated: out of the solid, not of unit length.
    pub normal: [f32; 3],
    /// Index of the triangle's material.
    pub material: u32,
}

/// The point of a shell that is nearest to another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShellPoint {
    /// The point in metres.
    pub position: [f32; 3],
    /// How far it is in metres, negative from inside.
    pub distance: f32,
    /// Which triangle: its first index is three times that.
    pub triangle: u32,
    /// Index of the triangle's material.
    pub material: u32,
}

impl ShellTree {
    /// Sorts the triangles of a shell.
    pub fn new(shell: &ShellView) -> Self {
        let boxes: Vec<Aabb> = (0..shell.indices.len() as u32 / 3)
            .map(|triangle| {
                let [a, b, c] = corners(shell, shell.positions, triangle);
                let (min, max) = (a.min(b).min(c), a.max(b).max(c));
                let slack = SLACK * min.abs().max(max.abs()).max_element();
                Aabb::new(other(min - slack), other(max + slack))
            })
            .collect();
        let numbers = (0..boxes.len() as u32).collect();
        let mut tree = PlocBuilder::with_capacity(boxes.len()).build(
            PlocSearchDistance::VeryLow,
            &boxes,
            numbers,
            SortPrecision::U64,
            0,
        );
        collapse(&mut tree, LEAF, 1.0);
        tree.nodes.shrink_to_fit();
        Self { tree }
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(self.tree.nodes.as_slice()) + size_of_val(self.tree.primitive_indices.as_slice())
    }

    /// Where a ray first meets the shell. No ray passes between two triangles that share an edge. Nothing for a ray
    /// that is not finite or leads nowhere.
    pub fn cast_ray(&self, shell: &ShellView, ray: &Ray) -> Option<ShellHit> {
        if !ray.is_valid() {
            return None;
        }
        // The boxes want a direction of unit length.
        let length = Vec3::from(ray.direction).length();
        let (origin, direction) = (Vec3::from(ray.origin), Vec3::from(ray.direction) / length);
        let shear = Shear::new(origin, direction);
        let mut found = RayHit::none();
        let mut nearest: Option<Crossing> = None;
        let boxes = BoxRay::new(other(origin), other(direction), 0.0, ray.end * length);
        self.tree.ray_traverse(boxes, &mut found, |boxes, leaf| {
            let Some(&triangle) = self.tree.primitive_indices.get(leaf) else { return f32::INFINITY };
            match shear.cross(shell, triangle, ray.sides) {
                Some(crossing) if crossing.at < boxes.tmax => {
                    nearest = Some(crossing);
                    crossing.at
                }
                _ => f32::INFINITY,
            }
        });
        let Crossing { at, is_front, triangle, weights } = nearest?;
        let normal = corners(shell, shell.normals, triangle)
            .into_iter()
            .zip(weights)
            .map(|(normal, weight)| normal * weight);
        Some(ShellHit {
            at: at / length,
            is_front,
            triangle,
            normal: normal.sum::<Vec3>().to_array(),
            material: material_of(shell, triangle),
        })
    }

    /// The nearest point of a shell that is less than `within` metres away.
    pub fn nearest(&self, shell: &ShellView, point: [f32; 3], within: f32) -> Option<ShellPoint> {
        let point = Vec3::from(point);
        if !point.is_finite() || self.tree.nodes.is_empty() {
            return None;
        }
        let nodes = &self.tree.nodes;
        let far = |node: u32| {
            nodes.get(node as usize).map_or(f32::INFINITY, |node| {
                let [min, max] =
                    [node.aabb().min, node.aabb().max].map(|corner| Vec3::from(corner.to_array()));
                point.clamp(min, max).distance_squared(point)
            })
        };
        let mut best = (within * within, None);
        let mut open = vec![(far(0), 0_u32)];
        while let Some((distance, index)) = open.pop() {
            if distance >= best.0 {
                continue;
            }
            let Some(node) = nodes.get(index as usize) else { continue };
            if !node.is_leaf() {
                let mut children = [node.first_index, node.first_index + 1].map(|child| (far(child), child));
                // The nearer one comes off first.
                children.sort_by(|a, b| b.0.total_cmp(&a.0));
                open.extend(children.into_iter().filter(|child| child.0 < best.0));
                continue;
            }
            let leaves = node.first_index as usize..(node.first_index + node.prim_count) as usize;
            for &triangle in self.tree.primitive_indices.get(leaves).unwrap_or_default() {
                let position = nearest_of(corners(shell, shell.positions, triangle), point);
                let distance = position.distance_squared(point);
                if distance < best.0 {
                    best = (distance, Some((triangle, position)));
                }
            }
        }
        let (triangle, position) = best.1?;
        // A shell is closed: from inside, every ray first comes out of it.
        let out = Ray {
            origin: point.to_array(),
            direction: [0.36, 0.48, 0.8],
            end: f32::INFINITY,
            sides: Sides::Both,
        };
        let is_inside = self.cast_ray(shell, &out).is_some_and(|hit| !hit.is_front);
        let distance = best.0.sqrt();
        Some(ShellPoint {
            position: position.to_array(),
            distance: if is_inside { -distance } else { distance },
            triangle,
            material: material_of(shell, triangle),
        })
    }
}

/// What a list has for each corner of a triangle: positions or normals.
fn corners(shell: &ShellView, list: &[[f32; 3]], triangle: u32) -> [Vec3; 3] {
    let first = 3 * triangle as usize;
    let Some(&[a, b, c]) = shell.indices.get(first..first + 3) else { return [Vec3::ZERO; 3] };
    [a, b, c].map(|index| list.get(index as usize).copied().unwrap_or_default().into())
}

fn material_of(shell: &ShellView, triangle: u32) -> u32 {
    // Parts follow each other and cover all indices.
    let after = shell.parts.partition_point(|part| part.first_index <= 3 * triangle);
    after.checked_sub(1).and_then(|part| shell.parts.get(part)).map_or(0, |part| part.material)
}

/// The same vector in the version of glam that the tree is built on.
fn other<V: From<[f32; 3]>>(v: Vec3) -> V {
    v.to_array().into()
}

#[derive(Clone, Copy)]
struct Crossing {
    at: f32,
    is_front: bool,
    triangle: u32,
    weights: [f32; 3],
}

/// A ray in a space in which it is the z axis: Woop, Benthin and Wald, "Watertight Ray/Triangle Intersection", JCGT
/// 2013. In double precision, so that an edge has the same side for both of its triangles.
struct Shear {
    origin: DVec3,
    direction: DVec3,
    axes: [usize; 3],
    shear: DVec3,
}

impl Shear {
    fn new(origin: Vec3, direction: Vec3) -> Self {
        let (origin, direction) = (origin.as_dvec3(), direction.as_dvec3());
        let size = direction.abs();
        let z = if size.x > size.y && size.x > size.z {
            0
        } else if size.y > size.z {
            1
        } else {
            2
        };
        let axes = [(z + 1) % 3, (z + 2) % 3, z];
        let shear = DVec3::new(
            direction[axes[0]] / direction[z],
            direction[axes[1]] / direction[z],
            direction[z].recip(),
        );
        Self { origin, direction, axes, shear }
    }

    fn cross(&self, shell: &ShellView, triangle: u32, sides: Sides) -> Option<Crossing> {
        let corners = corners(shell, shell.positions, triangle).map(|corner| corner.as_dvec3() - self.origin);
        let [x, y, z] = self.axes;
        let [a, b, c] =
            corners.map(|p| (p[x] - self.shear.x * p[z], p[y] - self.shear.y * p[z], self.shear.z * p[z]));
        let edges = [c.0 * b.1 - c.1 * b.0, a.0 * c.1 - a.1 * c.0, b.0 * a.1 - b.1 * a.0];
        let is_within = edges.iter().all(|&edge| edge >= 0.0) || edges.iter().all(|&edge| edge <= 0.0);
        let area: f64 = edges.iter().sum();
        if !is_within || area == 0.0 {
            return None;
        }
        let weights = edges.map(|edge| edge / area);
        let at = weights[0] * a.2 + weights[1] * b.2 + weights[2] * c.2;
        let out = (corners[1] - corners[0]).cross(corners[2] - corners[0]);
        let is_front = out.dot(self.direction) < 0.0;
        (at >= 0.0 && (is_front || sides == Sides::Both)).then(|| Crossing {
            at: at as f32,
            is_front,
            triangle,
            weights: weights.map(|weight| weight as f32),
        })
    }
}

/// The point of a triangle that is nearest to a point: Ericson, "Real-Time Collision Detection", 2005, 5.1.5.
fn nearest_of([a, b, c]: [Vec3; 3], p: Vec3) -> Vec3 {
    let (ab, ac, ap) = (b - a, c - a, p - a);
    let (d1, d2) = (ab.dot(ap), ac.dot(ap));
    if d1 <= 0.0 && d2 <= 0.0 {
        return a;
    }
    let (d3, d4) = (ab.dot(p - b), ac.dot(p - b));
    if d3 >= 0.0 && d4 <= d3 {
        return b;
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 {
        return a + ab * (d1 / (d1 - d3));
    }
    let (d5, d6) = (ab.dot(p - c), ac.dot(p - c));
    if d6 >= 0.0 && d5 <= d6 {
        return c;
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 {
        return a + ac * (d2 / (d2 - d6));
    }
    let va = d3 * d6 - d5 * d4;
    if va <= 0.0 && d4 >= d3 && d5 >= d6 {
        return b + (c - b) * ((d4 - d3) / ((d4 - d3) + (d5 - d6)));
    }
    let sum = va + vb + vc;
    // A triangle without an area has been met at an edge.
    if sum > 0.0 { a + ab * (vb / sum) + ac * (vc / sum) } else { a }
}
