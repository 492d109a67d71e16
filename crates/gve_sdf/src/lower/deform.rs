//! Operations that deform space: twist, taper, elongate, displace. Bend has a file of its own.
//!
//! Twist and taper stretch space without limit far from the axis, so their gradient bound holds only
//! in a box `B` about the deformed shape. Outside the box the field is extended. Let `c` be the point
//! of `B` nearest to `p`, `g` the field with bound `L` in `B`, and `d = |p - c|`:
//!
//! `f(p) = min(g(c), 0) + sqrt((L d)² + max(g(c), 0)²)`
//!
//! It never exceeds `L` times the distance to the surface: for a surface point `s`, which lies in `B`,
//! `|p - s|² >= d² + |c - s|²` because `B` is convex (the angle at `c` is not acute), and
//! `g(c) <= L |c - s|` because the segment from `c` to `s` stays in `B`. So `f² <= L² |p - s|²`. And its
//! gradient is at most `L`: where a coordinate is clamped `c` does not move along it, so `d` and `g(c)`
//! change along orthogonal directions, each by at most 1 and `L` per metre. Inside the box `f = g`.

use gve_types::{
    DnaNode,
    dna::{Displace, DisplacePattern, Elongate, Taper, Twist},
};

use super::{
    Exact, Lowering, Place, Shape,
    normal::{Metric, Space},
};
use crate::{Vec3, aabb::Aabb, error::LowerError, tape::Id};

/// By what share of its size the box about a deformed shape is larger than the shape.
const MARGIN: f32 = 0.02;
/// Outside a deformed shape's bounds its true field is at least this times the distance to them.
const FLOOR: f32 = 0.7;
/// Share of its size beyond which a tapered child's distances count as this share.
const TAPER_CEILING: f32 = 0.2;

impl Lowering<'_> {
    /// The child's bounds, which decide about its coordinates.
    pub(super) fn bounded(
        &mut self,
        child: &DnaNode,
        place: &Place,
        deformed: &str,
    ) -> Result<Shape, LowerError> {
        let shape = self.measure(child, &Place { offset: place.offset.below(), ..place.clone() })?;
        if shape.bounds.is_empty() {
            return Err(LowerError::new(
                &*place.path,
                format!("nothing is left of the shape to be {deformed}"),
            ));
        }
        if !shape.bounds.is_finite() {
            return Err(LowerError::new(
                &*place.path,
                format!(
                    "a shape without an end cannot be {deformed}: cut its planes with something bounded first"
                ),
            ));
        }
        Ok(shape)
    }

    /// The point of a box that is nearest to `p`.
    fn clamped(&mut self, p: [Id; 3], bounds: &Aabb) -> [Id; 3] {
        let (min, max) = (bounds.min.to_array(), bounds.max.to_array());
        [0, 1, 2].map(|i| self.b.clamp_c(p[i], min[i], max[i]))
    }

    /// Extends a field from a box to all of space; see the module's documentation.
    fn extended(&mut self, p: [Id; 3], c: [Id; 3], g: &Shape, lipschitz: f32, stretch: f32) -> Id {
        let b = &mut self.b;
        let away = [0, 1, 2].map(|i| {
            let d = b.sub(p[i], c[i]);
            // The distance to an interval.
            b.declare(d, stretch);
            b.mul_c(d, lipschitz)
        });
        let away = b.length3(away, lipschitz * stretch);
        let outside = b.max_c(g.distance, 0.0);
        let outside =
            b.length2(away, outside, if g.continuous { lipschitz * stretch } else { f32::INFINITY });
        let inside = b.min_c(g.distance, 0.0);
        b.add(inside, outside)
    }

    /// A deformed child as a true distance, from the box about it extended to all of space.
    ///
    /// As in the module's documentation, with 1 in place of `L`: what is a distance at `c` stays one. Off the
    /// shape's own bounds the field is at least [`FLOOR`] times the distance to them, whatever becomes of it far
    /// from the surface.
    fn measured(&mut self, space: &Space, deformed: Shape, c: [Id; 3], place: &Place) -> Shape {
        let field = space.measured(&mut self.b, deformed.distance);
        let near = Shape { distance: field, continuous: false, ..deformed };
        let extended = self.extended(place.p, c, &near, 1.0, place.stretch);
        let b = &mut self.b;
        let (center, half) = (deformed.bounds.center(), deformed.bounds.half_size());
        let sides = [0, 1, 2].map(|i| {
            let side = b.sub_c(place.p[i], center[i]);
            let side = b.abs(side);
            b.sub_c(side, half[i])
        });
        let outside = b.corner3(sides, place.stretch);
        // Inside of the bounds it must not lift the field: there it falls twice as fast.
        let inside = b.mul_c(outside, 2.0);
        let outside = b.mul_c(outside, FLOOR);
        let floor = b.min(outside, inside);
        let distance = b.max(extended, floor);
        Shape { distance, growth: FLOOR, exact: Exact::No, ..near }
    }

    /// How the factor of a taper changes with height. Where the child ends with the change it may go on; else
    /// it fades over `fade` metres, so that the field does not jump.
    fn slope_at(&mut self, height: Id, half_height: f32, ends: f32, slope: f32, fade: f32) -> Id {
        let b = &mut self.b;
        if ends <= half_height * 1.001 {
            return b.constant(slope);
        }
        let height = b.abs(height);
        let past = b.sub_c(height, half_height);
        let share = b.mul_c(past, -fade.recip());
        let share = b.add_c(share, 1.0);
        let share = b.clamp_c(share, 0.0, 1.0);
        b.mul_c(share, slope)
    }

    pub(super) fn twist(&mut self, n: &Twist, place: &Place) -> Result<Shape, LowerError> {
        let child = self.bounded(&n.child, place, "twisted")?;
        let rate = n.rate_rad_per_m;
        if rate == 0.0 {
            return self.node(&n.child, &place.below("child"));
        }
        let radius = axis_radius(&child.bounds) * (1.0 + MARGIN);
        let pad = MARGIN * child.bounds.half_size().y;
        let bounds = Aabb::new(
            Vec3::new(-radius, child.bounds.min.y - pad, -radius),
            Vec3::new(radius, child.bounds.max.y + pad, radius),
        );
        let around = bounds.padded(place.offset.room());
        // In the directions (along the turn, up) the map is [[1, rate r], [0, 1]].
        let corner = around.max.x * std::f32::consts::SQRT_2;
        let stretch = shear_norm(rate.abs() * corner);
        let lipschitz = child.lipschitz * stretch;

        let c = self.clamped(place.p, &around);
        let b = &mut self.b;
        let angle = b.mul_c(c[1], rate);
        let (sin, cos) = (b.sin(angle), b.cos(angle));
        let (xc, zs, xs, zc) = (b.mul(c[0], cos), b.mul(c[2], sin), b.mul(c[0], sin), b.mul(c[2], cos));
        let q = [b.sub(xc, zs), c[1], b.add(xs, zc)];
        let inner =
            Place { stretch: place.stretch * stretch, offset: place.offset.below(), ..place.child(q) };
        for v in q {
            self.b.declare(v, inner.stretch);
        }
        let twisted = self.node(&n.child, &inner)?;
        if place.offset.is_measured() {
            let space = Space {
                q,
                soft: place.offset.soft(),
                metric: Metric::Twisted { rate },
                slopes: [stretch.recip(), stretch],
            };
            return Ok(self.measured(&space, Shape { bounds, lipschitz, ..twisted }, c, place));
        }
        let distance = self.extended(place.p, c, &twisted, lipschitz, place.stretch);
        Ok(Shape { distance, bounds, lipschitz, growth: 1.0, exact: Exact::No, ..twisted })
    }

    /// `q = (x / s, y, z / s)` with `s` the factor at height y, and the field
    /// `g = m clamp(c(q), -t, t)`, `m = min(s, 1)`: the factor keeps it close to the true distance where the
    /// child is made thinner, and the ceiling `t` keeps its bound small.
    ///
    /// In the directions (from the axis, up) the gradient of `m c(q)` is the child's times
    /// [[m/s, -r s' m/s], [0, m]], with `r` the distance of `q` from the axis, plus `c m'`. Both only count
    /// where `|c| < t`, so where `q` is within `t / growth` of the child's bounds; and `m/s` and `m` are at
    /// most 1.
    pub(super) fn taper(&mut self, n: &Taper, place: &Place) -> Result<Shape, LowerError> {
        let child = self.bounded(&n.child, place, "tapered")?;
        let slope = 0.5 * (n.scale_top - n.scale_bottom) / n.half_height;
        let factor_at = |y: f32| {
            let t = (y / n.half_height).clamp(-1.0, 1.0);
            0.5 * ((n.scale_bottom + n.scale_top) + t * (n.scale_top - n.scale_bottom))
        };
        let (low, high) = (factor_at(child.bounds.min.y), factor_at(child.bounds.max.y));
        let (smallest, largest) = (low.min(high), low.max(high));
        if slope == 0.0 && smallest == 1.0 {
            return self.node(&n.child, &place.below("child"));
        }
        // Between two factors a coordinate is largest or smallest at one of them.
        let reach = |v: f32| (v * smallest, v * largest);
        let mut bounds = child.bounds;
        for axis in [0, 2] {
            let (lo, hi) = (reach(child.bounds.min[axis]), reach(child.bounds.max[axis]));
            bounds.min[axis] = lo.0.min(lo.1);
            bounds.max[axis] = hi.0.max(hi.1);
        }
        let pad = bounds.half_size() * MARGIN;
        bounds = Aabb::new(bounds.min - pad, bounds.max + pad);
        let around = bounds.padded(place.offset.room());
        // The padding reaches a little farther along the slope.
        let (low, high) = (factor_at(around.min.y), factor_at(around.max.y));
        let (smallest, largest) = (low.min(high), low.max(high));
        let radius = axis_radius(&around);
        let shear = radius * slope.abs() / (smallest * smallest);
        let stretch = shear_norm_of(smallest.recip(), shear, 1.0);
        let ceiling = TAPER_CEILING * child.bounds.size().max_element();
        let scaled = shear_norm((axis_radius(&child.bounds) + ceiling / child.growth) * slope.abs());
        let shrinking = if smallest < 1.0 { ceiling * slope.abs() } else { 0.0 };
        let lipschitz = (child.lipschitz * scaled + shrinking).max(1.0);

        let c = self.clamped(place.p, &around);
        let b = &mut self.b;
        let height = b.clamp_c(c[1], -n.half_height, n.half_height);
        let along = b.mul_c(height, slope);
        let factor = b.add_c(along, 0.5 * (n.scale_bottom + n.scale_top));
        let q = [b.div(c[0], factor), c[1], b.div(c[2], factor)];
        let inner =
            Place { stretch: place.stretch * stretch, offset: place.offset.below(), ..place.child(q) };
        for v in q {
            self.b.declare(v, inner.stretch);
        }
        let tapered = self.node(&n.child, &inner)?;
        if place.offset.is_measured() {
            let ends = child.bounds.min.y.abs().max(child.bounds.max.y.abs());
            let slope = self.slope_at(c[1], n.half_height, ends, slope, place.offset.room());
            let metric = Metric::Tapered { factor, slope };
            let space =
                Space { q, soft: place.offset.soft(), metric, slopes: [largest.max(1.0).recip(), stretch] };
            return Ok(self.measured(&space, Shape { bounds, lipschitz, ..tapered }, c, place));
        }
        let b = &mut self.b;
        let shrunk = b.min_c(factor, 1.0);
        let g = b.clamp_c(tapered.distance, -ceiling, ceiling);
        let g = b.mul(g, shrunk);
        if tapered.continuous {
            b.declare(g, lipschitz * place.stretch);
        }
        let distance = self.extended(place.p, c, &Shape { distance: g, ..tapered }, lipschitz, place.stretch);
        Ok(Shape { distance, bounds, lipschitz, growth: 1.0, exact: Exact::No, ..tapered })
    }

    /// `q = p - clamp(p, -h, h)`. The map moves no two points apart, so the child's bound stays.
    pub(super) fn elongate(&mut self, n: &Elongate, place: &Place) -> Result<Shape, LowerError> {
        let h = n.half_extents;
        let p = [0, 1, 2].map(|i| {
            if h[i] == 0.0 {
                return place.p[i];
            }
            let b = &mut self.b;
            let in_gap = b.clamp_c(place.p[i], -h[i], h[i]);
            let q = b.sub(place.p[i], in_gap);
            b.declare(q, place.stretch);
            q
        });
        let child = self.node(&n.child, &place.child(p))?;
        let half = Vec3::from(h);
        let bounds = Aabb::new(child.bounds.min - half, child.bounds.max + half);
        let exact = if half == Vec3::ZERO { child.exact } else { Exact::No };
        Ok(Shape { bounds, exact, ..child })
    }

    /// The pattern is added to the child's field, its octaves weighted so that together they reach 1.
    pub(super) fn displace(&mut self, n: &Displace, place: &Place) -> Result<Shape, LowerError> {
        let child = self.node(&n.child, &place.below("child"))?;
        let weights: f32 = (0..n.octaves).map(|i| 0.5_f32.powi(i as i32)).sum();
        let mut distance = child.distance;
        let (mut steepness, mut curvature, mut relief) = (0.0, 0.0, None);
        for octave in 0..n.octaves {
            let share = 0.5_f32.powi(octave as i32);
            let amplitude = n.amplitude * share / weights;
            let wave_number = std::f32::consts::TAU / (n.wavelength * share);
            let (pattern, gradient) = match n.pattern {
                DisplacePattern::Gyroid => (self.gyroid(place.p, wave_number), GYROID_GRADIENT),
                DisplacePattern::Sine => (self.sine(place.p, wave_number), 1.0),
            };
            let moved = self.b.mul_c(pattern, amplitude);
            self.b.declare(moved, amplitude * wave_number * gradient * place.stretch);
            distance = self.b.add(distance, moved);
            if place.offset.is_levelled() {
                // The patterns are waves: along any direction, in the mean, their second derivative is a
                // negative multiple of themselves.
                let bending = match n.pattern {
                    DisplacePattern::Gyroid => wave_number * wave_number / 3.0,
                    DisplacePattern::Sine => wave_number * wave_number / 2.0,
                };
                let own = self.b.mul_c(moved, bending);
                relief = Some(match relief {
                    Some(relief) => self.b.add(relief, own),
                    None => own,
                });
            }
            steepness += amplitude * wave_number * gradient;
            curvature += amplitude * wave_number * wave_number;
        }
        let continuous = child.continuous && !place.offset.is_levelled();
        if place.offset.is_levelled() {
            distance = Space::world(place.p, place.offset, curvature.recip(), relief)
                .measured(&mut self.b, distance);
        }
        Ok(Shape {
            distance,
            bounds: child.level_bounds(n.amplitude),
            lipschitz: child.lipschitz + steepness,
            exact: Exact::No,
            continuous,
            ..child
        })
    }

    /// `(sin x cos y + sin y cos z + sin z cos x) / 1.5`, from -1 to 1.
    fn gyroid(&mut self, p: [Id; 3], wave_number: f32) -> Id {
        let b = &mut self.b;
        let p = p.map(|v| b.mul_c(v, wave_number));
        let (sin, cos) = (p.map(|v| b.sin(v)), p.map(|v| b.cos(v)));
        let terms = [b.mul(sin[0], cos[1]), b.mul(sin[1], cos[2]), b.mul(sin[2], cos[0])];
        let sum = b.add(terms[0], terms[1]);
        let sum = b.add(sum, terms[2]);
        b.mul_c(sum, 1.0 / 1.5)
    }

    /// `sin x sin y sin z`.
    fn sine(&mut self, p: [Id; 3], wave_number: f32) -> Id {
        let b = &mut self.b;
        let sin = p.map(|v| {
            let v = b.mul_c(v, wave_number);
            b.sin(v)
        });
        let product = b.mul(sin[0], sin[1]);
        b.mul(product, sin[2])
    }
}

/// Largest gradient of the gyroid pattern: the root of 3 over 1.5, which it has at the origin.
const GYROID_GRADIENT: f32 = 1.154_701 * 1.001;

/// How far a box reaches from the y axis.
fn axis_radius(bounds: &Aabb) -> f32 {
    let far = bounds.min.abs().max(bounds.max.abs());
    far.x.hypot(far.z)
}

/// Norm of [[1, shear], [0, 1]].
fn shear_norm(shear: f32) -> f32 {
    0.5 * (shear + (shear * shear + 4.0).sqrt())
}

/// A bound on the norm of [[a, shear], [0, b]].
fn shear_norm_of(a: f32, shear: f32, b: f32) -> f32 {
    let scale = a.max(b).max(1.0);
    scale * shear_norm(shear / scale)
}
