//! Primitives. All but the ellipsoid are exact distances.

use gve_types::dna::{
    BoxNode, Capsule, Cone, Cylinder, Ellipsoid, HexagonalPrism, Plane, RoundedBox, Sphere, Torus,
};

use super::{Exact, Lowering, Place, Shape};
use crate::{Vec3, aabb::Aabb, error::LowerError, tape::Id};

/// Around an ellipsoid's surface the field is close to the distance within this share of its tightest
/// radius of curvature.
pub(super) const ELLIPSOID_SHARE: f32 = 0.25;

impl Lowering<'_> {
    /// An exact distance within a finite box.
    pub(super) fn exact(&mut self, distance: Id, bounds: Aabb, place: &Place) -> Result<Shape, LowerError> {
        Ok(Shape {
            distance,
            part: self.part(place)?,
            bounds,
            lipschitz: 1.0,
            growth: 1.0,
            exact: Exact::Everywhere,
            continuous: true,
        })
    }

    pub(super) fn sphere(&mut self, n: &Sphere, place: &Place) -> Result<Shape, LowerError> {
        self.sphere_of(n.radius, place)
    }

    fn sphere_of(&mut self, radius: f32, place: &Place) -> Result<Shape, LowerError> {
        let length = self.b.length3(place.p, place.stretch);
        let distance = self.b.sub_c(length, radius);
        self.exact(distance, Aabb::from_center(Vec3::ZERO, Vec3::splat(radius)), place)
    }

    /// With `k = |p / r|` and `l = |p / r²|`, `e = (k - 1) k / l` is the distance to first order: its
    /// gradient has length 1 on the surface. Its bound holds only near there, so it is used within
    /// `t = a min(r)² / max(r)` of 0 (a share of the tightest radius of curvature); beyond, the larger of
    /// `t` and the safe `s = (k - 1) min(r)`:
    ///
    /// `f = clamp(e, min(-t, s), max(t, s))`
    ///
    /// `s` has the bound 1, and `|e| >= |s|` because `k / l >= min(r)`, so `f` is continuous. The gradient
    /// of `e` is at most `|2 - 1/k| + |e| max(r) / (k min(r)²)`, which for `|e| <= t`, so `|k - 1| <= a`, is
    /// at most `2 - (1 - a) / (1 + a)`.
    pub(super) fn ellipsoid(&mut self, n: &Ellipsoid, place: &Place) -> Result<Shape, LowerError> {
        let smallest = n.radii.into_iter().fold(f32::INFINITY, f32::min);
        let largest = n.radii.into_iter().fold(0.0, f32::max);
        if smallest == largest {
            return self.sphere_of(smallest, place);
        }
        if place.offset.is_asked() {
            return self.true_ellipsoid(n.radii, place);
        }
        let inverse = n.radii.map(f32::recip);
        let b = &mut self.b;
        let q = [0, 1, 2].map(|i| b.mul_c(place.p[i], inverse[i]));
        let k = b.length3(q, place.stretch / smallest);
        let qq = [0, 1, 2].map(|i| b.mul_c(q[i], inverse[i]));
        let l = b.length3(qq, place.stretch / (smallest * smallest));
        // At the centre both are 0, and the quotient takes its smallest value.
        let l = b.max_c(l, 1e-20);
        let scale = b.div(k, l);
        let scale = b.max_c(scale, smallest);
        let centred = b.sub_c(k, 1.0);
        let first_order = b.mul(centred, scale);
        let safe = b.mul_c(centred, smallest);
        let near = ELLIPSOID_SHARE * smallest * smallest / largest;
        let (low, high) = (b.min_c(safe, -near), b.max_c(safe, near));
        let distance = b.max(first_order, low);
        let distance = b.min(distance, high);
        let exact = self.exact(distance, Aabb::from_center(Vec3::ZERO, Vec3::from(n.radii)), place)?;
        let lipschitz = 2.0 - (1.0 - ELLIPSOID_SHARE) / (1.0 + ELLIPSOID_SHARE);
        Ok(Shape { lipschitz, growth: smallest / largest, exact: Exact::No, ..exact })
    }

    /// Distance to a box about the origin, its faces at `half` from there.
    fn box_distance(&mut self, p: [Id; 3], half: [f32; 3], stretch: f32) -> Id {
        let b = &mut self.b;
        let mut side = |v: Id, h: f32| {
            let v = b.abs(v);
            b.sub_c(v, h)
        };
        let q = [side(p[0], half[0]), side(p[1], half[1]), side(p[2], half[2])];
        b.corner3(q, stretch)
    }

    pub(super) fn box_node(&mut self, n: &BoxNode, place: &Place) -> Result<Shape, LowerError> {
        let distance = self.box_distance(place.p, n.half_extents, place.stretch);
        self.exact(distance, Aabb::from_center(Vec3::ZERO, Vec3::from(n.half_extents)), place)
    }

    pub(super) fn rounded_box(&mut self, n: &RoundedBox, place: &Place) -> Result<Shape, LowerError> {
        let core = self.box_distance(place.p, n.half_extents.map(|h| h - n.radius), place.stretch);
        let distance = self.b.sub_c(core, n.radius);
        self.exact(distance, Aabb::from_center(Vec3::ZERO, Vec3::from(n.half_extents)), place)
    }

    pub(super) fn cylinder(&mut self, n: &Cylinder, place: &Place) -> Result<Shape, LowerError> {
        let [x, y, z] = place.p;
        let axis = self.b.length2(x, z, place.stretch);
        let side = self.b.sub_c(axis, n.radius);
        let height = self.b.abs(y);
        let cap = self.b.sub_c(height, n.half_height);
        let distance = self.b.corner2(side, cap, place.stretch);
        let bounds = Aabb::from_center(Vec3::ZERO, Vec3::new(n.radius, n.half_height, n.radius));
        self.exact(distance, bounds, place)
    }

    pub(super) fn capsule(&mut self, n: &Capsule, place: &Place) -> Result<Shape, LowerError> {
        let [x, y, z] = place.p;
        let on_axis = self.b.clamp_c(y, -n.half_height, n.half_height);
        let y = self.b.sub(y, on_axis);
        let length = self.b.length3([x, y, z], place.stretch);
        let distance = self.b.sub_c(length, n.radius);
        let half = Vec3::new(n.radius, n.half_height + n.radius, n.radius);
        self.exact(distance, Aabb::from_center(Vec3::ZERO, half), place)
    }

    /// A trapezium turned about the axis: inside, the nearest of its planes; outside, the nearest of
    /// cap and flank. The planes keep the gradient whole on the surface, where a root has none.
    pub(super) fn cone(&mut self, n: &Cone, place: &Place) -> Result<Shape, LowerError> {
        let [x, y, z] = place.p;
        let (bottom, top, h) = (n.radius_bottom, n.radius_top, n.half_height);
        let b = &mut self.b;
        let rho = b.length2(x, z, place.stretch);
        let height = b.abs(y);
        let cap = b.sub_c(height, h);

        // Flank: from (bottom, -h), along its unit tangent, and its unit normal pointing out.
        let (run, rise) = (f64::from(top) - f64::from(bottom), 2.0 * f64::from(h));
        let length = run.hypot(rise);
        let tangent = [(run / length) as f32, (rise / length) as f32];
        let (from_r, from_y) = (b.sub_c(rho, bottom), b.add_c(y, h));
        let across = {
            let (r, y) = (b.mul_c(from_r, tangent[1]), b.mul_c(from_y, -tangent[0]));
            b.add(r, y)
        };
        b.declare(across, place.stretch);
        let along = {
            let (r, y) = (b.mul_c(from_r, tangent[0]), b.mul_c(from_y, tangent[1]));
            b.add(r, y)
        };
        let on_flank = b.clamp_c(along, 0.0, length as f32);
        let past = b.sub(along, on_flank);
        let flank = b.length2(across, past, place.stretch);

        // Caps: discs of radius `bottom` below and `top` above.
        let zero = b.constant(0.0);
        let (radius_bottom, radius_top) = (b.constant(bottom), b.constant(top));
        let below = b.less(y, zero);
        let radius = b.select(below, radius_bottom, radius_top);
        let past_rim = b.sub(rho, radius);
        let past_rim = b.max_c(past_rim, 0.0);
        let disc = b.length2(past_rim, cap, f32::INFINITY);

        let outside = b.min(flank, disc);
        let inside = b.max(cap, across);
        let is_outside = b.less(zero, inside);
        let distance = b.select(is_outside, outside, inside);
        let r = bottom.max(top);
        self.exact(distance, Aabb::from_center(Vec3::ZERO, Vec3::new(r, h, r)), place)
    }

    pub(super) fn torus(&mut self, n: &Torus, place: &Place) -> Result<Shape, LowerError> {
        let [x, y, z] = place.p;
        let rho = self.b.length2(x, z, place.stretch);
        let from_ring = self.b.sub_c(rho, n.major_radius);
        let tube = self.b.length2(from_ring, y, place.stretch);
        let distance = self.b.sub_c(tube, n.minor_radius);
        let r = n.major_radius + n.minor_radius;
        self.exact(distance, Aabb::from_center(Vec3::ZERO, Vec3::new(r, n.minor_radius, r)), place)
    }

    pub(super) fn plane(&mut self, n: &Plane, place: &Place) -> Result<Shape, LowerError> {
        let normal = unit(n.normal);
        let along = self.dot(place.p, normal, place.stretch);
        let beyond: f64 = (0..3).map(|i| f64::from(normal[i]) * place.beyond[i]).sum();
        let distance = self.b.sub_c(along, (f64::from(n.offset) - beyond) as f32);
        let mut bounds = Aabb::UNBOUNDED;
        for (axis, along) in normal.into_iter().enumerate() {
            if along == 1.0 {
                bounds.max[axis] = n.offset;
            } else if along == -1.0 {
                bounds.min[axis] = -n.offset;
            }
        }
        self.exact(distance, bounds, place)
    }

    pub(super) fn hexagonal_prism(&mut self, n: &HexagonalPrism, place: &Place) -> Result<Shape, LowerError> {
        let [x, y, z] = place.p;
        let b = &mut self.b;
        // One twelfth of the hexagon is enough: fold about both axes, then about the line at 60 degrees
        // between two sides, until the nearest side is the one that faces +x.
        let (x, z) = (b.abs(x), b.abs(z));
        let (cos, sin) = (0.5_f32, 0.75_f32.sqrt());
        let (a, c) = (b.mul_c(x, -cos), b.mul_c(z, sin));
        let beyond = b.add(a, c);
        let beyond = b.max_c(beyond, 0.0);
        let (dx, dz) = (b.mul_c(beyond, 2.0 * cos), b.mul_c(beyond, 2.0 * sin));
        let (u, v) = (b.add(x, dx), b.sub(z, dz));
        b.declare(u, place.stretch);
        b.declare(v, place.stretch);
        let side = b.sub_c(u, n.apothem);
        let half_side = n.apothem / 3.0_f32.sqrt();
        let on_side = b.clamp_c(v, -half_side, half_side);
        let past = b.sub(v, on_side);
        let outside = b.length2(side, past, place.stretch);
        let zero = b.constant(0.0);
        let is_outside = b.less(zero, side);
        let hexagon = b.select(is_outside, outside, side);
        b.declare(hexagon, place.stretch);
        let height = b.abs(y);
        let cap = b.sub_c(height, n.half_height);
        let distance = self.b.corner2(hexagon, cap, place.stretch);
        let half = Vec3::new(n.apothem, n.half_height, 2.0 * half_side);
        self.exact(distance, Aabb::from_center(Vec3::ZERO, half), place)
    }

    /// The dot product of a point with a unit vector.
    pub(super) fn dot(&mut self, p: [Id; 3], v: [f32; 3], stretch: f32) -> Id {
        let b = &mut self.b;
        let terms = [b.mul_c(p[0], v[0]), b.mul_c(p[1], v[1]), b.mul_c(p[2], v[2])];
        let sum = b.add(terms[0], terms[1]);
        let sum = b.add(sum, terms[2]);
        b.declare(sum, stretch);
        sum
    }
}

/// The vector made to length 1. Validation has made sure that it has a length.
pub(super) fn unit(v: [f32; 3]) -> [f32; 3] {
    let v = v.map(f64::from);
    let length = v.iter().map(|c| c * c).sum::<f64>().sqrt();
    v.map(|c| (c / length) as f32)
}
