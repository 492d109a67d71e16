//! Polygons, extruded along z or turned about y.

use gve_types::dna::{ExtrudedPolygon, RevolvedPolygon};

use super::{Lowering, Place, Shape};
use crate::{Vec3, aabb::Aabb, error::LowerError, tape::Id};

impl Lowering<'_> {
    pub(super) fn extruded_polygon(
        &mut self,
        n: &ExtrudedPolygon,
        place: &Place,
    ) -> Result<Shape, LowerError> {
        let [x, y, z] = place.p;
        let outline = self.polygon(x, y, &n.points, false, place.stretch);
        let depth = self.b.abs(z);
        let cap = self.b.sub_c(depth, n.half_depth);
        let distance = self.b.corner2(outline, cap, place.stretch);
        let flat = Aabb::from_points(n.points.iter().map(|&[x, y]| Vec3::new(x, y, 0.0)));
        let depth = Vec3::new(0.0, 0.0, n.half_depth);
        self.exact(distance, Aabb::new(flat.min - depth, flat.max + depth), place)
    }

    pub(super) fn revolved_polygon(
        &mut self,
        n: &RevolvedPolygon,
        place: &Place,
    ) -> Result<Shape, LowerError> {
        let [x, y, z] = place.p;
        let rho = self.b.length2(x, z, place.stretch);
        let distance = self.polygon(rho, y, &n.points, true, place.stretch);
        let radius = n.points.iter().fold(0.0_f32, |r, p| r.max(p[0]));
        let (low, high) = n
            .points
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(lo, hi), p| (lo.min(p[1]), hi.max(p[1])));
        self.exact(
            distance,
            Aabb::new(Vec3::new(-radius, low, -radius), Vec3::new(radius, high, radius)),
            place,
        )
    }

    /// Signed distance to a simple polygon in the plane; the sign is the winding number's.
    ///
    /// For each edge: how far the point lies across its line (positive outside) and how far past its
    /// ends. Within `near` of the outline the distance across the nearest edge is the result itself:
    /// the root of its square has no gradient where it is 0.
    ///
    /// Turned about the axis x = 0, edges on the axis bound nothing and are left out.
    fn polygon(&mut self, x: Id, y: Id, points: &[[f32; 2]], turned: bool, stretch: f32) -> Id {
        let area: f64 = edges(points).map(|([ax, ay], [bx, by])| ax * by - ay * bx).sum();
        let size = points.iter().flatten().fold(0.0_f32, |size, v| size.max(v.abs()));
        let b = &mut self.b;
        let zero = b.constant(0.0);
        let mut nearest: Option<(Id, Id)> = None;
        let mut winding = zero;
        for (start, end) in edges(points) {
            // Counter-clockwise, so that the outside is on the right of every edge.
            let ([ax, ay], [ex, ey]) = if area > 0.0 { (start, end) } else { (end, start) };
            if turned && ax == 0.0 && ex == 0.0 {
                continue;
            }
            let length = (ex - ax).hypot(ey - ay);
            let tangent = [((ex - ax) / length) as f32, ((ey - ay) / length) as f32];
            let (dx, dy) = (b.sub_c(x, ax as f32), b.sub_c(y, ay as f32));
            let across = {
                let (u, v) = (b.mul_c(dx, tangent[1]), b.mul_c(dy, -tangent[0]));
                b.add(u, v)
            };
            b.declare(across, stretch);
            let along = {
                let (u, v) = (b.mul_c(dx, tangent[0]), b.mul_c(dy, tangent[1]));
                b.add(u, v)
            };
            b.declare(along, stretch);
            let on_edge = b.clamp_c(along, 0.0, length as f32);
            let past = b.sub(along, on_edge);
            b.declare(past, stretch);
            let squared = {
                let (across, past) = (b.square(across), b.square(past));
                b.add(across, past)
            };
            nearest = Some(match nearest {
                None => (squared, across),
                Some((best, best_across)) => {
                    let closer = b.less(squared, best);
                    (b.min(best, squared), b.select(closer, across, best_across))
                }
            });
            // A ray from the point towards +x crosses the edge where exactly one end is above the
            // point, and the point is on the left of an edge that goes up or on the right of one that
            // goes down.
            if ay as f32 != ey as f32 {
                let (at_start, at_end) = (b.constant(ay as f32), b.constant(ey as f32));
                let (start_above, end_above) = (b.less(y, at_start), b.less(y, at_end));
                let spans = b.sub(end_above, start_above);
                let left = if ey > ay { b.less(across, zero) } else { b.less(zero, across) };
                let crossing = b.mul(spans, left);
                winding = b.add(winding, crossing);
            }
        }
        // Never empty: a polygon has area, so not all of its edges lie on the axis.
        let Some((squared, across)) = nearest else { return zero };
        let distance = b.sqrt(squared);
        b.declare(distance, stretch);
        let minus = b.neg(distance);
        let signed = b.select(winding, minus, distance);
        b.declare(signed, stretch);
        let near = b.constant((size * 1e-6).powi(2));
        let on_outline = b.less(squared, near);
        let signed = b.select(on_outline, across, signed);
        b.declare(signed, stretch);
        signed
    }
}

fn edges(points: &[[f32; 2]]) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
    points.iter().zip(points.iter().cycle().skip(1)).map(|(a, b)| (a.map(f64::from), b.map(f64::from)))
}
