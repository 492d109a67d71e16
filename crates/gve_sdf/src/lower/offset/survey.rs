//! What an offset comes to: its level compared with the distance to the child's surface, point by point.

use crate::{Vec3, Vec4, aabb::Aabb, eval::Sampler, tape::Tape};

/// Points that look for the surface.
const SEEDS: usize = 250;
/// Steps to the surface.
const STEPS: usize = 8;
/// Steps along the surface to the point that is nearest.
const SLIDES: usize = 4;
/// Points for the slope alone.
const LOOSE: usize = 3000;
/// The share of the points that decides about the slope: the rest stands at jumps.
const COMMON: f32 = 0.999;
/// An offset that is off by more than this share is worth a word.
const LARGEST_ERROR: f32 = 0.1;
/// As long as it is so on more than this share of the surface.
const LARGEST_SHARE: f32 = 0.02;

/// How a child's field keeps to the distances that an offset takes it for.
#[derive(Debug, Clone)]
pub(in super::super) struct Survey {
    /// What the field changes by per metre, but for rare places where it jumps; and no less than by how much it
    /// exceeds the distance.
    pub(super) slope: f32,
    /// By what share the level is off, point by point, in rising order.
    errors: Vec<f32>,
}

impl Survey {
    /// Compares `field` at some levels with the surface of `plain`, whose surface is the same.
    pub(super) fn new(plain: &Tape, field: &Tape, bounds: Aabb, levels: [f32; 2]) -> Self {
        let (mut plain, mut field) = (Sampler::new(plain), Sampler::new(field));
        let size = bounds.size().max_element();
        let reach = levels[1].max(-levels[0]);
        let mut places = Places(1);
        let mut slope = 0.0_f32;
        let mut errors = Vec::new();

        let seeds: Vec<Vec3> = (0..SEEDS).map(|_| places.within(&bounds.padded(0.02 * size))).collect();
        let surface = on_surface(&mut plain, seeds, 0.2 * size, 1e-4 * size);
        let mut probes: Vec<Vec3> = surface.iter().map(|s| s.at).collect();
        for level in levels.into_iter().filter(|&level| level != 0.0) {
            // Along the normal, and anywhere about the point: edges have no normal.
            let mut lifted: Vec<Vec3> = surface.iter().map(|s| s.at + level * s.normal).collect();
            lifted.extend(surface.iter().map(|s| s.at + level * places.direction()));
            let sides = plain.distances(&lifted);
            let gradients = field.gradients(&lifted);
            let nearest = nearest(&mut plain, &surface, &lifted);
            let reached = reached(&mut plain, &lifted, &gradients);
            for i in 0..lifted.len() {
                // Where the normal runs into another part there is no such level.
                if sides[i] * level > 0.0 && nearest[i] > 0.6 * level.abs() {
                    let error = gradients[i].w.abs() / nearest[i] - 1.0;
                    slope = slope.max(1.0 + error);
                    // A search may miss the nearest point; the surface that stands where the field says so is
                    // proof of it.
                    errors.push(if error < 0.0 && reached[i] { 0.0 } else { error.abs() });
                }
            }
            probes.extend(lifted);
        }
        probes.extend((0..LOOSE).map(|i| {
            let around = if i % 3 == 0 { 0.5 * size } else { 0.0 };
            places.within(&bounds.padded(1.2 * reach + around))
        }));
        // Farther off, too, the field divided by the bound must not exceed the distance.
        let loose = &probes[probes.len() - SEEDS..];
        let far = nearest(&mut plain, &surface, loose);
        for (found, distance) in field.distances(loose).into_iter().zip(far) {
            if distance > 0.1 * reach {
                slope = slope.max(found.abs() / distance);
            }
        }
        let mut slopes: Vec<f32> =
            field.gradients(&probes).into_iter().map(|gradient| gradient.truncate().length()).collect();
        slopes.sort_by(f32::total_cmp);
        let common = ((slopes.len() as f32 * COMMON) as usize).min(slopes.len() - 1);
        slope = slope.max(slopes[common]);
        errors.sort_by(f32::total_cmp);
        Self { slope, errors }
    }

    /// What to say about an offset of `reach` metres, if it is off by too much.
    pub(super) fn warning(&self, reach: f32) -> Option<String> {
        let off = self.errors.iter().rev().take_while(|&&error| error > LARGEST_ERROR).count();
        let share = off as f32 / self.errors.len().max(1) as f32;
        if share <= LARGEST_SHARE {
            return None;
        }
        let typical = self.errors[self.errors.len() - 1 - off / 2];
        Some(format!(
            "the offset of {reach} m is off by {:.0} % on {:.0} % of the surface, edges included: make it smaller, \
             or model the offset shape itself",
            100.0 * typical,
            (100.0 * share).max(1.0),
        ))
    }
}

struct OnSurface {
    at: Vec3,
    normal: Vec3,
}

/// Where steps down the gradient arrive.
fn on_surface(plain: &mut Sampler, mut points: Vec<Vec3>, longest: f32, tolerance: f32) -> Vec<OnSurface> {
    for _ in 0..STEPS {
        let gradients = plain.gradients(&points);
        for (point, gradient) in points.iter_mut().zip(gradients) {
            let slope = gradient.truncate();
            let step = slope * (gradient.w / slope.length_squared().max(0.05));
            *point -= step.clamp_length_max(longest);
        }
    }
    let gradients = plain.gradients(&points);
    points
        .into_iter()
        .zip(gradients)
        .filter(|(_, g)| g.w.abs() <= tolerance && g.truncate().length() > 0.1)
        .map(|(at, g)| OnSurface { at, normal: g.truncate().normalize() })
        .collect()
}

/// The distance from each point to the surface: from the nearest sample along the surface to the foot.
fn nearest(plain: &mut Sampler, surface: &[OnSurface], points: &[Vec3]) -> Vec<f32> {
    let mut feet: Vec<Vec3> = points
        .iter()
        .map(|&p| {
            let closer = |a: &&OnSurface, b: &&OnSurface| {
                a.at.distance_squared(p).total_cmp(&b.at.distance_squared(p))
            };
            surface.iter().min_by(closer).map_or(p, |s| s.at)
        })
        .collect();
    let mut best: Vec<f32> = points.iter().zip(&feet).map(|(p, foot)| p.distance(*foot)).collect();
    for _ in 0..SLIDES {
        let gradients = plain.gradients(&feet);
        for ((foot, gradient), &p) in feet.iter_mut().zip(gradients).zip(points) {
            let normal = gradient.truncate().normalize_or_zero();
            let away = p - *foot;
            *foot += 0.7 * (away - normal * away.dot(normal));
        }
        for _ in 0..2 {
            let gradients = plain.gradients(&feet);
            for (foot, gradient) in feet.iter_mut().zip(gradients) {
                let slope = gradient.truncate();
                *foot -= slope * (gradient.w / slope.length_squared().max(0.05));
            }
        }
        let off = plain.distances(&feet);
        for (i, &p) in points.iter().enumerate() {
            // A foot that has left the surface is none.
            if off[i].abs() < 1e-3 * best[i] {
                best[i] = best[i].min(p.distance(feet[i]));
            }
        }
    }
    best
}

/// Whether the surface lies about as far down the gradient as the field says.
fn reached(plain: &mut Sampler, points: &[Vec3], gradients: &[Vec4]) -> Vec<bool> {
    let own = plain.distances(points);
    let mut reached = vec![false; points.len()];
    for share in [1.02, 1.06, 1.1] {
        let feet: Vec<Vec3> = points
            .iter()
            .zip(gradients)
            .map(|(&p, g)| p - g.truncate().normalize_or_zero() * (share * g.w))
            .collect();
        for (i, side) in plain.distances(&feet).into_iter().enumerate() {
            reached[i] |= side * own[i] <= 0.0;
        }
    }
    reached
}

/// Places spread at random, the same every time.
struct Places(u64);

impl Places {
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32
    }

    fn direction(&mut self) -> Vec3 {
        self.within(&Aabb::new(Vec3::NEG_ONE, Vec3::ONE)).normalize_or_zero()
    }

    fn within(&mut self, bounds: &Aabb) -> Vec3 {
        let share = Vec3::new(self.unit(), self.unit(), self.unit());
        bounds.min + share * bounds.size()
    }
}
