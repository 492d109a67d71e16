//! Operations that bend space: twist, bend, taper, elongate, displace.
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
//!
//! Bend tears space at the back of the arc and crushes it at the arc's centre, and a box may hold both.
//! Its rule is in `Lowering::bend`.

use gve_types::{
    DnaNode,
    dna::{Bend, Displace, DisplacePattern, Elongate, Taper, Twist},
};

use super::{Exact, Lowering, Place, Shape};
use crate::{Vec3, aabb::Aabb, error::LowerError, tape::Id};

/// By what share of its size the box about a deformed shape is larger than the shape.
const MARGIN: f32 = 0.02;
/// Share of its size beyond which a tapered child's distances count as this share.
const TAPER_CEILING: f32 = 0.2;
/// The inner side of a bend keeps at least this share of the radius of its arc.
const SMALLEST_INNER_SHARE: f64 = 0.02;
/// Share of a full turn that a bend may fill.
const LARGEST_TURN_SHARE: f64 = 0.98;

impl Lowering<'_> {
    /// The child's bounds, which decide about its coordinates.
    fn bounded(&mut self, child: &DnaNode, place: &Place, deformed: &str) -> Result<Shape, LowerError> {
        let shape = self.measure(child, place)?;
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
        // In the directions (along the turn, up) the map is [[1, rate r], [0, 1]].
        let corner = radius * std::f32::consts::SQRT_2;
        let stretch = shear_norm(rate.abs() * corner);
        let lipschitz = child.lipschitz * stretch;

        let c = self.clamped(place.p, &bounds);
        let b = &mut self.b;
        let angle = b.mul_c(c[1], rate);
        let (sin, cos) = (b.sin(angle), b.cos(angle));
        let (xc, zs, xs, zc) = (b.mul(c[0], cos), b.mul(c[2], sin), b.mul(c[0], sin), b.mul(c[2], cos));
        let q = [b.sub(xc, zs), c[1], b.add(xs, zc)];
        let inner = Place { stretch: place.stretch * stretch, ..place.child(q) };
        for v in q {
            self.b.declare(v, inner.stretch);
        }
        let twisted = self.node(&n.child, &inner)?;
        let distance = self.extended(place.p, c, &twisted, lipschitz, place.stretch);
        Ok(Shape { distance, bounds, lipschitz, growth: 1.0, exact: Exact::No, ..twisted })
    }

    /// With `R` the radius of the arc, about the centre `(0, R)`, the point at `(x, y)` comes from
    /// `v = R - rho`, `u = R phi`, `rho` and `phi` its distance and direction from the centre. The map
    /// stretches by `R / rho`.
    ///
    /// Let `A` be the bent image of the child's bounds, a sector of a ring; `d` a lower bound of the
    /// distance to it that changes by at most 1 per metre; and `m` a margin such that `d < m` keeps away
    /// from the centre and from the tear at the back. Where `d < m` the field `g` has a bound `L >= 1`, and
    ///
    /// `f = min(max(g, L d), L max(m, d))`
    ///
    /// is continuous, has the bound `L`, and never exceeds `L` times the distance `D`. If `D >= m` that
    /// follows from the ceiling, since `d <= D`. If `D < m`, every point on the way to the nearest surface
    /// point `s` is less than `m` from `s`, where `d <= 0`; so `d < m` all the way and `g` has its bound
    /// there. Where `d >= m` the field is `L d` whatever `g` is. Within `A` it is `g` but for the ceiling.
    pub(super) fn bend(&mut self, n: &Bend, place: &Place) -> Result<Shape, LowerError> {
        let child = self.bounded(&n.child, place, "bent")?;
        let reach = child.bounds.min.abs().max(child.bounds.max.abs()).max_element();
        let curvature = n.curvature_per_m.abs();
        if curvature * reach < 1e-7 {
            return self.node(&n.child, &place.below("child"));
        }
        // A bend towards -y is a bend towards +y, seen upside down.
        let down = n.curvature_per_m < 0.0;
        let [x, y, z] = place.p;
        let y = if down { self.b.neg(y) } else { y };
        let (v0, v1) = if down {
            (-child.bounds.max.y, -child.bounds.min.y)
        } else {
            (child.bounds.min.y, child.bounds.max.y)
        };
        let arc = Arc::new(&child.bounds, v0, v1, curvature, place)?;
        let stretch = arc.stretch() as f32;
        let lipschitz = child.lipschitz * stretch;

        let k = curvature;
        let b = &mut self.b;
        // In units of R the centre is at (0, 1). `v` without the difference of two large numbers:
        // R - rho = (R² - rho²) / (R + rho) = (2 y - k (x² + y²)) / (1 + k rho).
        let kx = b.mul_c(x, k);
        let ky = b.mul_c(y, k);
        let one = b.constant(1.0);
        let up = b.sub(one, ky);
        let rho = b.length2(kx, up, k * place.stretch);
        let twice = b.mul_c(y, 2.0);
        let (xx, yy) = (b.square(x), b.square(y));
        let squares = b.add(xx, yy);
        let squares = b.mul_c(squares, k);
        let above = b.sub(twice, squares);
        let below = b.add_c(rho, 1.0);
        let v = b.div(above, below);
        b.declare(v, place.stretch);
        // The angle from the middle of the sector, so that the tear is at its back.
        let (sin, cos) = arc.middle.sin_cos();
        let (a, ahead) = if arc.middle == 0.0 {
            (kx, up)
        } else {
            let (s, c) = (sin as f32, cos as f32);
            let (xc, us, xs, uc) = (b.mul_c(kx, c), b.mul_c(up, s), b.mul_c(kx, s), b.mul_c(up, c));
            (b.sub(xc, us), b.add(xs, uc))
        };
        let angle = b.atan2(a, ahead);
        let angle = b.add_c(angle, arc.middle as f32);
        let u = b.mul_c(angle, k.recip());

        let outside = self.outside_arc(&arc, [x, y, z], [a, ahead, v], &child.bounds, place.stretch);
        let child_y = if down { self.b.neg(v) } else { v };
        let inner = Place { stretch: f32::INFINITY, ..place.child([u, child_y, z]) };
        let bent = self.node(&n.child, &inner)?;

        let b = &mut self.b;
        let floor = b.mul_c(outside, lipschitz);
        let ceiling = b.max_c(floor, lipschitz * arc.margin as f32);
        let at_least = b.max(bent.distance, floor);
        let distance = b.min(at_least, ceiling);
        let mut bounds = arc.bounds();
        (bounds.min.z, bounds.max.z) = (child.bounds.min.z, child.bounds.max.z);
        if down {
            (bounds.min.y, bounds.max.y) = (-bounds.max.y, -bounds.min.y);
        }
        let growth = lipschitz / 3.0_f32.sqrt();
        Ok(Shape { distance, bounds, lipschitz, growth: growth.min(1.0), exact: Exact::No, ..bent })
    }

    /// A lower bound of the distance to the bent box: the largest of distances to simple shapes that
    /// hold it. Negative inside.
    fn outside_arc(
        &mut self,
        arc: &Arc,
        p: [Id; 3],
        [a, ahead, v]: [Id; 3],
        child: &Aabb,
        stretch: f32,
    ) -> Id {
        let b = &mut self.b;
        let (sin, cos) = arc.half_width.sin_cos();
        // The ring between two radii.
        let inner = b.sub_c(v, arc.v1 as f32);
        let below = b.constant(arc.v0 as f32);
        let outer = b.sub(below, v);
        let mut all = vec![inner, outer];
        // The two planes at the ends: both bound a sector of up to half a turn, either a wider one.
        // |a| cos - ahead sin is the larger of the two distances, or for wide sectors the smaller.
        let side = b.abs(a);
        let (side, front) =
            (b.mul_c(side, (cos * arc.radius) as f32), b.mul_c(ahead, (sin * arc.radius) as f32));
        let ends = b.sub(side, front);
        b.declare(ends, stretch);
        all.push(ends);
        if cos > 0.0 {
            // A sector of up to half a turn lies in front of its inner chord.
            let chord = if arc.middle == 0.0 {
                b.sub_c(p[1], (arc.radius - arc.inner() * cos) as f32)
            } else {
                let front = b.mul_c(ahead, -arc.radius as f32);
                b.add_c(front, (arc.inner() * cos) as f32)
            };
            b.declare(chord, stretch);
            all.push(chord);
        }
        // The box about it all, which makes the field grow evenly outside.
        let bounds = arc.bounds();
        for (id, lo, hi) in [
            (p[0], bounds.min.x, bounds.max.x),
            (p[1], bounds.min.y, bounds.max.y),
            (p[2], child.min.z, child.max.z),
        ] {
            let from_middle = b.sub_c(id, 0.5 * (lo + hi));
            let from_middle = b.abs(from_middle);
            all.push(b.sub_c(from_middle, 0.5 * (hi - lo)));
        }
        all.into_iter().reduce(|a, c| b.max(a, c)).unwrap_or(inner)
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
        // The padding reaches a little farther along the slope.
        let (low, high) = (factor_at(bounds.min.y), factor_at(bounds.max.y));
        let smallest = low.min(high);
        let radius = axis_radius(&bounds);
        let shear = radius * slope.abs() / (smallest * smallest);
        let stretch = shear_norm_of(smallest.recip(), shear, 1.0);
        let ceiling = TAPER_CEILING * child.bounds.size().max_element();
        let scaled = shear_norm((axis_radius(&child.bounds) + ceiling / child.growth) * slope.abs());
        let shrinking = if smallest < 1.0 { ceiling * slope.abs() } else { 0.0 };
        let lipschitz = (child.lipschitz * scaled + shrinking).max(1.0);

        let c = self.clamped(place.p, &bounds);
        let b = &mut self.b;
        let height = b.clamp_c(c[1], -n.half_height, n.half_height);
        let along = b.mul_c(height, slope);
        let factor = b.add_c(along, 0.5 * (n.scale_bottom + n.scale_top));
        let q = [b.div(c[0], factor), c[1], b.div(c[2], factor)];
        let inner = Place { stretch: place.stretch * stretch, ..place.child(q) };
        for v in q {
            self.b.declare(v, inner.stretch);
        }
        let tapered = self.node(&n.child, &inner)?;
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
        let mut steepness = 0.0;
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
            steepness += amplitude * wave_number * gradient;
        }
        Ok(Shape {
            distance,
            bounds: child.level_bounds(n.amplitude),
            lipschitz: child.lipschitz + steepness,
            exact: Exact::No,
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

/// A bent box: a sector of a ring about the arc's centre, seen in the x-y plane.
struct Arc {
    /// Radius of the arc that the x axis becomes.
    radius: f64,
    /// The child's range across the arc; radii are `radius - v`.
    v0: f64,
    v1: f64,
    /// Direction of the middle of the sector, and half its width, in radians.
    middle: f64,
    half_width: f64,
    /// How far around the sector the map may be used.
    margin: f64,
}

impl Arc {
    fn new(child: &Aabb, v0: f32, v1: f32, curvature: f32, place: &Place) -> Result<Self, LowerError> {
        use std::f64::consts::{FRAC_PI_2, PI, TAU};
        let radius = 1.0 / f64::from(curvature);
        let at = || format!("{}.curvature_per_m", place.path);
        let (from, to) = (f64::from(child.min.x) / radius, f64::from(child.max.x) / radius);
        if to - from > LARGEST_TURN_SHARE * TAU {
            return Err(LowerError::new(
                at(),
                format!(
                    "the child is {} m long, but a full turn of radius {radius} m has only {} m, of which {} % can be used",
                    child.size().x,
                    TAU * radius,
                    LARGEST_TURN_SHARE * 100.0
                ),
            ));
        }
        let inner = radius - f64::from(v1);
        if inner < SMALLEST_INNER_SHARE * radius {
            return Err(LowerError::new(
                at(),
                format!(
                    "the child reaches {v1} m towards the centre of the arc, which is {radius} m away: \
                     at least {} % of that must stay free",
                    SMALLEST_INNER_SHARE * 100.0
                ),
            ));
        }
        // Up to a quarter turn to either side the sector is taken about the axis: turning the frame
        // costs digits where the curvature is small.
        let farthest = from.abs().max(to.abs());
        let (middle, half_width) =
            if farthest <= FRAC_PI_2 { (0.0, farthest) } else { (0.5 * (from + to), 0.5 * (to - from)) };
        let gap = if half_width > FRAC_PI_2 { (PI - half_width).sin() } else { 1.0 };
        // Up to half the child's size around it is enough; more would only make the bound worse.
        let margin = (0.25 * inner * gap).min(0.5 * f64::from(child.size().max_element()));
        Ok(Self { radius, v0: f64::from(v0), v1: f64::from(v1), middle, half_width, margin })
    }

    fn inner(&self) -> f64 {
        self.radius - self.v1
    }

    /// Largest stretch of the map where it is used.
    fn stretch(&self) -> f64 {
        (self.radius / (self.inner() - self.margin)).max(1.0)
    }

    /// The box about the sector in x and y; z is left at 0.
    fn bounds(&self) -> Aabb {
        use std::f64::consts::FRAC_PI_2;
        let (from, to) = (self.middle - self.half_width, self.middle + self.half_width);
        let mut angles = vec![from, to];
        // Where the ring is widest along an axis.
        angles.extend((-8..=8).map(|i| f64::from(i) * FRAC_PI_2).filter(|a| (from..=to).contains(a)));
        let radii = [self.inner(), self.radius - self.v0];
        let slack = 1e-6 * (self.radius.min(radii[1].abs() * 4.0));
        Aabb::from_points(angles.iter().flat_map(|a| {
            radii.map(|r| {
                // R - r cos(a) without the difference of two large numbers.
                let up = (self.radius - r) * a.cos() + 2.0 * self.radius * (0.5 * a).sin().powi(2);
                Vec3::new((r * a.sin()) as f32, up as f32, 0.0)
            })
        }))
        .padded(slack as f32)
    }
}
