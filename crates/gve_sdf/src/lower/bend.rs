//! Bend.
//!
//! It tears space at the back of the arc and crushes it at the arc's centre; the field keeps away from
//! both.

use gve_types::dna::Bend;

use super::{
    Exact, Lowering, Place, Shape,
    normal::{Metric, Space},
};
use crate::{Vec3, aabb::Aabb, error::LowerError, tape::Id};

/// The inner side of a bend keeps at least this share of the radius of its arc.
const SMALLEST_INNER_SHARE: f64 = 0.02;
/// Share of a full turn that a bend may fill.
const LARGEST_TURN_SHARE: f64 = 0.98;
/// An offset may use the map up to this share of the way to where it ends.
const LARGEST_MARGIN_SHARE: f64 = 0.6;

impl Lowering<'_> {
    /// With `R` the radius of the arc, about the centre `(0, R)`, the point at `(x, y)` comes from
    /// `v = R - rho`, `u = R phi`, `rho` and `phi` its distance and direction from the centre. The map
    /// stretches by `R / rho`.
    ///
    /// Let `A` be the bent image of the child's bounds, a sector of a ring; `d` a lower bound of the
    /// distance to it that changes by at most 1 per metre; and `m` a margin such that `d < m` keeps away
    /// from the centre and from the tear at the back. Where `d < m` the field `g` has a bound `L >= 1`, and
    ///
    /// `f = min(max(g, d), max(m, d))`
    ///
    /// is continuous, has the bound `L`, and never exceeds `L` times the distance `D`. Where `d >= m` the
    /// field is `d <= D` whatever `g` is. Where `d < m` and `D >= m` it is at most `m <= D`. If `D < m`, every
    /// point on the way to the nearest surface point `s` is less than `m` from `s`, where `d <= 0`; so `d < m`
    /// all the way and `g` has its bound there. Within `A` it is `g` but for the ceiling.
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
        let mut arc = Arc::new(&child.bounds, v0, v1, curvature, place)?;
        arc.widen(f64::from(place.offset.room()));
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
        let q = [u, child_y, z];
        let inner = Place { stretch: f32::INFINITY, offset: place.offset.below(), ..place.child(q) };
        let mut bent = self.node(&n.child, &inner)?;
        if place.offset.is_measured() {
            let curvature = if down { -k } else { k };
            let slopes = arc.slopes();
            let space = Space {
                q,
                soft: place.offset.soft(),
                metric: Metric::Bent { ratio: rho, curvature },
                slopes,
            };
            bent.distance = space.measured(&mut self.b, bent.distance);
            bent.continuous = false;
        }

        let b = &mut self.b;
        let ceiling = b.max_c(outside, arc.margin as f32);
        let at_least = b.max(bent.distance, outside);
        let distance = b.min(at_least, ceiling);
        let mut bounds = arc.bounds();
        (bounds.min.z, bounds.max.z) = (child.bounds.min.z, child.bounds.max.z);
        if down {
            (bounds.min.y, bounds.max.y) = (-bounds.max.y, -bounds.min.y);
        }
        // Off a box the largest of the distances to its sides is at least that share of the distance.
        let growth = 3.0_f32.sqrt().recip();
        Ok(Shape { distance, bounds, lipschitz, growth, exact: Exact::No, ..bent })
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
        use std::f64::consts::{FRAC_PI_2, TAU};
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
        let mut arc = Self { radius, v0: f64::from(v0), v1: f64::from(v1), middle, half_width, margin: 0.0 };
        // Up to half the child's size around it is enough; more would only make the bound worse.
        arc.margin = (0.25 * inner * arc.gap()).min(0.5 * f64::from(child.size().max_element()));
        Ok(arc)
    }

    /// Lets the map be used up to `room` around the sector, if nothing is in the way.
    fn widen(&mut self, room: f64) {
        let limit = LARGEST_MARGIN_SHARE * self.inner() * self.gap();
        self.margin = self.margin.max(room.min(limit));
    }

    /// What of the inner radius separates the ends of the sector from the tear between them.
    fn gap(&self) -> f64 {
        use std::f64::consts::{FRAC_PI_2, PI};
        if self.half_width > FRAC_PI_2 { (PI - self.half_width).sin() } else { 1.0 }
    }

    /// Least and largest length of a gradient of length 1, seen in the world, where the map is used.
    fn slopes(&self) -> [f32; 2] {
        let outer = self.radius - self.v0 + self.margin;
        [(self.radius / outer).min(1.0) as f32, self.stretch() as f32]
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
