//! The support of a solid: how far it reaches along a direction, in closed form.

use std::f64::consts::{PI, TAU};

use gve_types::{DnaNode, dna::Axis};

use super::{
    Exact, Lowering,
    transform::{exact_sin_cos, rotation},
};
use crate::aabb::Aabb;

type Vector = [f64; 3];

/// Nodes asked for one support, copies counted; from there on boxes must do.
const MAX_ASKED: usize = 20_000;

fn dot(a: Vector, b: Vector) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The direction whose turn by the matrix is `d`.
fn turned_back(matrix: &[[f32; 3]; 3], d: Vector) -> Vector {
    std::array::from_fn(|i| (0..3).map(|row| f64::from(matrix[row][i]) * d[row]).sum())
}

/// The right-handed turn about y.
fn turn_about_y(angle: f64) -> [[f32; 3]; 3] {
    let (sin, cos) = exact_sin_cos(angle);
    [[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]].map(|row| row.map(|v| v as f32))
}

/// How far a box reaches along `d`.
fn support_of_box(bounds: &Aabb, d: Vector) -> f64 {
    if bounds.is_empty() {
        return f64::NEG_INFINITY;
    }
    let along = |axis: usize| {
        let (low, high) = (f64::from(bounds.min[axis]), f64::from(bounds.max[axis]));
        // A side that plays no part may be infinite.
        if d[axis] == 0.0 { 0.0 } else { (d[axis] * low).max(d[axis] * high) }
    };
    (0..3).map(along).sum()
}

impl Lowering<'_> {
    /// How far a node that was lowered before reaches along the unit vector `d` of its parent's space, in
    /// metres from the origin. Never less than it does.
    pub(super) fn support(&self, node: &DnaNode, d: Vector) -> f64 {
        let mut left = MAX_ASKED;
        self.support_within(node, d, &mut left)
    }

    fn support_within(&self, node: &DnaNode, d: Vector, left: &mut usize) -> f64 {
        let shape = self.facts.get(&std::ptr::from_ref(node).addr());
        let of_box = shape.map_or(f64::INFINITY, |shape| support_of_box(&shape.bounds, d));
        if *left == 0 {
            return of_box;
        }
        *left -= 1;
        let moved = node.center().map_or(0.0, |center| dot(center.map(f64::from), d));
        of_box.min(self.closed_form(node, d, left).map_or(f64::INFINITY, |support| support + moved))
    }

    /// The support of a node about its own center, where a formula for it is known.
    fn closed_form(&self, node: &DnaNode, d: Vector, left: &mut usize) -> Option<f64> {
        let [x, y, z] = d;
        // Along a direction across the y axis, and along that axis.
        let (across, along) = (x.hypot(z), y.abs());
        let weighed = |sizes: [f32; 3]| dot(sizes.map(f64::from), d.map(f64::abs));
        // Whatever is exact outside has for its level sets the shape and all that is as near.
        let is_exact = |child: &DnaNode, exact: Exact| {
            self.facts.get(&std::ptr::from_ref(child).addr()).is_some_and(|shape| shape.exact >= exact)
        };
        Some(match node {
            DnaNode::Sphere(n) => f64::from(n.radius),
            DnaNode::Ellipsoid(n) => {
                let [a, b, c] = [0, 1, 2].map(|i| f64::from(n.radii[i]) * d[i]);
                a.hypot(b).hypot(c)
            }
            DnaNode::Box(n) => weighed(n.half_extents),
            DnaNode::RoundedBox(n) => weighed(n.half_extents.map(|h| h - n.radius)) + f64::from(n.radius),
            DnaNode::Cylinder(n) => f64::from(n.radius) * across + f64::from(n.half_height) * along,
            DnaNode::Capsule(n) => f64::from(n.half_height) * along + f64::from(n.radius),
            DnaNode::Cone(n) => {
                let rise = f64::from(n.half_height) * y;
                let (bottom, top) = (f64::from(n.radius_bottom) * across, f64::from(n.radius_top) * across);
                (bottom - rise).max(top + rise)
            }
            DnaNode::Torus(n) => f64::from(n.major_radius) * across + f64::from(n.minor_radius),
            // A half-space; its box says what there is to say.
            DnaNode::Plane(_) => return None,
            DnaNode::HexagonalPrism(n) => {
                // Corners at 30 degrees from the side that faces +x, and every 60 degrees from there.
                let corner = f64::from(n.apothem) / (PI / 6.0).cos();
                let corners = (0..6).map(|i| PI / 6.0 + PI / 3.0 * f64::from(i));
                let reach = corners.map(|angle| corner * (x * angle.cos() + z * angle.sin()));
                reach.fold(f64::NEG_INFINITY, f64::max) + f64::from(n.half_height) * along
            }
            DnaNode::ExtrudedPolygon(n) => {
                let reach = n.points.iter().map(|&[u, v]| x * f64::from(u) + y * f64::from(v));
                reach.fold(f64::NEG_INFINITY, f64::max) + f64::from(n.half_depth) * z.abs()
            }
            DnaNode::RevolvedPolygon(n) => {
                let reach = n.points.iter().map(|&[r, v]| across * f64::from(r) + y * f64::from(v));
                reach.fold(f64::NEG_INFINITY, f64::max)
            }
            DnaNode::Union(n) if n.blend.is_none() => {
                let children = n.children.iter().map(|child| self.support_within(child, d, left));
                children.fold(f64::NEG_INFINITY, f64::max)
            }
            DnaNode::Subtract(n) => self.support_within(n.children.first()?, d, left),
            DnaNode::Intersect(n) => {
                let children = n.children.iter().map(|child| self.support_within(child, d, left));
                children.fold(f64::INFINITY, f64::min)
            }
            DnaNode::Shell(n) if is_exact(&n.child, Exact::Outside) => {
                self.support_within(&n.child, d, left) + 0.5 * f64::from(n.thickness)
            }
            DnaNode::Round(n) if is_exact(&n.child, Exact::Outside) => {
                self.support_within(&n.child, d, left) + f64::from(n.radius)
            }
            DnaNode::Morph(n) => {
                self.support_within(&n.from, d, left).max(self.support_within(&n.to, d, left))
            }
            DnaNode::Translate(n) => self.support_within(&n.child, d, left) + dot(n.offset.map(f64::from), d),
            DnaNode::Rotate(n) => {
                let matrix = rotation(n.axis, n.angle_rad);
                self.support_within(&n.child, turned_back(&matrix, d), left)
            }
            DnaNode::Scale(n) => f64::from(n.factor) * self.support_within(&n.child, d, left),
            DnaNode::Mirror(n) => {
                let axis = match n.axis {
                    Axis::X => 0,
                    Axis::Y => 1,
                    Axis::Z => 2,
                };
                let mut image = d;
                image[axis] = -d[axis];
                let across = 2.0 * f64::from(n.offset) * d[axis];
                let half = self.support_within(&n.child, d, left);
                half.max(self.support_within(&n.child, image, left) + across)
            }
            DnaNode::LinearRepeat(n) => {
                let reach = |i: usize| 0.5 * f64::from(n.counts[i] - 1) * f64::from(n.spacing[i]);
                let farthest = dot([0, 1, 2].map(reach), d.map(f64::abs));
                self.support_within(&n.child, d, left) + farthest
            }
            DnaNode::PolarRepeat(n) => {
                let copies = (0..n.count).map(|i| {
                    let matrix = turn_about_y(TAU * f64::from(i) / f64::from(n.count));
                    self.support_within(&n.child, turned_back(&matrix, d), left)
                });
                copies.fold(f64::NEG_INFINITY, f64::max)
            }
            DnaNode::Elongate(n) => self.support_within(&n.child, d, left) + weighed(n.half_extents),
            DnaNode::Union(_)
            | DnaNode::Shell(_)
            | DnaNode::Round(_)
            | DnaNode::Twist(_)
            | DnaNode::Bend(_)
            | DnaNode::Taper(_)
            | DnaNode::Displace(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vec3;

    #[test]
    fn a_turned_back_direction_turns_to_where_it_was() {
        let d: Vector = [0.6, 0.0, 0.8];
        let matrix = turn_about_y(0.3);
        let back = turned_back(&matrix, d);
        for (row, wanted) in matrix.iter().zip(d) {
            assert!((dot(row.map(f64::from), back) - wanted).abs() < 1e-6);
        }
    }

    #[test]
    fn a_side_that_plays_no_part_may_be_infinite() {
        let slab = Aabb::new(Vec3::new(f32::NEG_INFINITY, 1.0, 0.0), Vec3::new(f32::INFINITY, 2.0, 0.0));
        assert_eq!(support_of_box(&slab, [0.0, 1.0, 0.0]), 2.0);
        assert_eq!(support_of_box(&slab, [0.0, -1.0, 0.0]), -1.0);
        assert_eq!(support_of_box(&slab, [1.0, 0.0, 0.0]), f64::INFINITY);
        assert_eq!(support_of_box(&Aabb::EMPTY, [0.0, 1.0, 0.0]), f64::NEG_INFINITY);
    }
}
