//! Integration over one cube along lines.
//!
//! The cube's face across the field's steepest axis is cut into squares. In each of them two independent
//! pairs of lines are drawn at random, the lines of a pair opposite each other about the square's
//! middle, so that a flat face slanted across it is integrated without error. Every line is walked by
//! distance, never by more than the field allows, which finds layers far thinner than the cube: where a
//! part is thin, the distance to its surface is small, and so are the steps. The difference
//! between the two pairs says how uncertain the square is.

use glam::{DVec3, Vec3, Vec4, Vec4Swizzles as _};
use gve_sdf::{Evaluator, Field, Region};

use super::moments::Moments;
use crate::points::{Points, resize};

/// Squares along one side of a cube's face.
const SQUARES: usize = 4;
/// Lines per square: two pairs.
const LINES: usize = 4;
/// Shortest step, as a share of the cube's side.
const SHORTEST_STEP: f32 = 1.0 / 16.0;

/// What does not change from cube to cube.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale<'a> {
    pub(super) field: &'a Field,
    /// Density of each part in kg/m³.
    pub(super) densities: &'a [f64],
    /// Moments are taken about this point.
    pub(super) origin: DVec3,
    /// Shortest step in metres: what is thinner may be missed.
    pub(super) finest: f32,
}

/// A cube and what is needed to integrate over it.
#[derive(Debug, Clone)]
pub(super) struct Cube {
    pub(super) min: Vec3,
    pub(super) side: f32,
    pub(super) region: Region,
}

impl Cube {
    fn middle(&self) -> Vec3 {
        self.min + 0.5 * self.side
    }
}

/// Which of two independent sets of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Draw {
    First,
    Second,
}

/// What is in a cube.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// Each part that was met, with its moments.
    pub(super) parts: Vec<(u16, Moments)>,
    /// Variance of the mass and of the volume.
    pub(super) mass_variance: f64,
    pub(super) volume_variance: f64,
    /// Whether the surface comes so near to a line that there may be something between the lines although none
    /// of them met it.
    pub(super) may_hide: bool,
}

impl Tally {
    fn part(&mut self, part: u16) -> &mut Moments {
        let at = self.parts.iter().position(|&(known, _)| known == part).unwrap_or_else(|| {
            self.parts.push((part, Moments::default()));
            self.parts.len() - 1
        });
        &mut self.parts[at].1
    }

    /// Takes in another, independent tally of the same cube. The first may have been let stand because its variance
    /// happened to come out small, so only the second's counts.
    pub(super) fn merge(&mut self, other: &Self) {
        for (_, moments) in &mut self.parts {
            moments.scale(0.5);
        }
        for &(part, moments) in &other.parts {
            let mut half = moments;
            half.scale(0.5);
            self.part(part).add(&half);
        }
        self.mass_variance = 0.5 * other.mass_variance;
        self.volume_variance = 0.5 * other.volume_variance;
        self.may_hide &= other.may_hide;
    }

    /// Adds a box that is one part.
    pub(super) fn add_box(&mut self, scale: &Scale<'_>, part: u16, min: Vec3, size: Vec3) {
        let center = min.as_dvec3() + 0.5 * size.as_dvec3() - scale.origin;
        self.part(part).add_box(center, size.as_dvec3(), scale.densities[usize::from(part)]);
    }
}

/// A point on a line.
#[derive(Debug, Clone, Copy, Default)]
struct At {
    t: f32,
    distance: f32,
    part: u16,
}

impl At {
    fn is_inside(&self) -> bool {
        self.distance < 0.0
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Line {
    u: f32,
    v: f32,
    at: At,
}

/// Between two points of a line.
#[derive(Debug, Clone, Copy)]
struct Gap {
    line: usize,
    from: At,
    to: At,
}

/// One thread's evaluator and buffers.
pub(super) struct Tracer<'a> {
    pub(super) scale: Scale<'a>,
    pub(super) evaluator: Evaluator,
    points: Points,
    distances: Vec<f32>,
    parts: Vec<u16>,
    gradients: Vec<Vec4>,
    lines: Vec<Line>,
    open: Vec<usize>,
    gaps: Vec<Gap>,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(scale: Scale<'a>) -> Self {
        Self {
            scale,
            evaluator: Evaluator::new(scale.field),
            points: Points::default(),
            distances: vec![],
            parts: vec![],
            gradients: vec![],
            lines: vec![],
            open: vec![],
            gaps: vec![],
        }
    }

    /// What is in a cube through which the surface may pass, or in which parts may meet.
    pub(super) fn tally(&mut self, cube: &Cube, draw: Draw) -> Tally {
        let axis = self.steepest_axis(cube);
        self.draw_lines(cube, axis, draw);
        let square = cube.side / SQUARES as f32;
        let section = f64::from(square).powi(2) / LINES as f64;
        let mut run = Run {
            scale: self.scale,
            axis,
            section,
            tally: Tally::default(),
            pairs: [[0.0; 4]; SQUARES * SQUARES],
        };
        let end = cube.min[axis] + cube.side;
        let lipschitz = self.scale.field.lipschitz().min(cube.region.lipschitz()).max(1e-3);
        let shortest = self.scale.finest.min(SHORTEST_STEP * cube.side);
        let (mut nearest, mut met) = (f32::INFINITY, false);
        self.open.clear();
        self.open.extend(0..self.lines.len());
        self.evaluate(cube, axis, |line| line.at.t);
        for (i, line) in self.lines.iter_mut().enumerate() {
            line.at.distance = self.distances[i];
            line.at.part = self.parts[i];
            met |= line.at.is_inside();
            nearest = nearest.min(line.at.distance.abs());
        }
        while !self.open.is_empty() {
            let ahead = |line: &Line| {
                let step = (line.at.distance.abs() / lipschitz).max(shortest);
                // Far from the origin a step may be too short to change the number.
                (line.at.t + step).max(line.at.t.next_up()).min(end)
            };
            self.evaluate(cube, axis, ahead);
            for (i, &index) in self.open.iter().enumerate() {
                let line = &mut self.lines[index];
                let to = At { t: ahead(line), distance: self.distances[i], part: self.parts[i] };
                let gap = Gap { line: index, from: line.at, to };
                line.at = to;
                met |= to.is_inside();
                nearest = nearest.min(to.distance.abs());
                if !run.close(line, gap, shortest) {
                    self.gaps.push(gap);
                }
            }
            let lines = &self.lines;
            self.open.retain(|&index| lines[index].at.t < end);
        }
        self.halve_gaps(cube, axis, shortest, &mut run);
        let mut tally = run.finish();
        tally.may_hide = !met && nearest < square * lipschitz;
        tally
    }

    /// The axis along which the field changes most near the surface.
    fn steepest_axis(&mut self, cube: &Cube) -> usize {
        self.points.clear();
        for i in 0..8 {
            let corner = Vec3::new((i & 1) as f32, (i >> 1 & 1) as f32, (i >> 2) as f32);
            self.points.push(cube.min + cube.side * (0.25 + 0.5 * corner));
        }
        resize(&mut self.gradients, self.points.len());
        let p = &self.points;
        self.evaluator.gradients(&cube.region, &p.xs, &p.ys, &p.zs, &mut self.gradients);
        let mut sum = Vec3::ZERO;
        for gradient in &self.gradients {
            let direction = gradient.xyz().try_normalize().unwrap_or_default();
            sum += direction * direction / (gradient.w.abs() + 0.1 * cube.side);
        }
        (0..3).fold(0, |most, axis| if sum[axis] > sum[most] { axis } else { most })
    }

    fn draw_lines(&mut self, cube: &Cube, axis: usize, draw: Draw) {
        let square = cube.side / SQUARES as f32;
        let [across, up] = others(axis);
        let middle = cube.middle();
        let mut random = Random::at(middle, cube.side, draw);
        self.lines.clear();
        for j in 0..SQUARES {
            for i in 0..SQUARES {
                let at = |i: usize| (i as f32 + 0.5 - 0.5 * SQUARES as f32) * square;
                let (u, v) = (middle[across] + at(i), middle[up] + at(j));
                for _ in 0..LINES / 2 {
                    let (du, dv) = (random.offset() * square, random.offset() * square);
                    for sign in [1.0, -1.0] {
                        let at = At { t: cube.min[axis], ..At::default() };
                        self.lines.push(Line { u: u + sign * du, v: v + sign * dv, at });
                    }
                }
            }
        }
    }

    /// Distances and parts of the open lines at `t`.
    fn evaluate(&mut self, cube: &Cube, axis: usize, t: impl Fn(&Line) -> f32) {
        self.points.clear();
        for &index in &self.open {
            let line = &self.lines[index];
            self.points.push(point(axis, line, t(line)));
        }
        self.evaluate_points(cube);
    }

    fn evaluate_points(&mut self, cube: &Cube) {
        let Self { evaluator, points: p, distances, parts, .. } = self;
        resize(distances, p.len());
        resize(parts, p.len());
        match cube.region.uniform_part() {
            Some(part) => {
                evaluator.distances(&cube.region, &p.xs, &p.ys, &p.zs, distances);
                parts.fill(part);
            }
            None => evaluator.distances_and_parts(&cube.region, &p.xs, &p.ys, &p.zs, (distances, parts)),
        }
    }

    /// Finds where in long gaps one part ends and another begins.
    fn halve_gaps(&mut self, cube: &Cube, axis: usize, shortest: f32, run: &mut Run<'_>) {
        while !self.gaps.is_empty() {
            let gaps = std::mem::take(&mut self.gaps);
            let half = |gap: &Gap| 0.5 * (gap.from.t + gap.to.t);
            self.points.clear();
            for gap in &gaps {
                self.points.push(point(axis, &self.lines[gap.line], half(gap)));
            }
            self.evaluate_points(cube);
            for (i, gap) in gaps.iter().enumerate() {
                let middle = At { t: half(gap), distance: self.distances[i], part: self.parts[i] };
                for gap in [Gap { to: middle, ..*gap }, Gap { from: middle, ..*gap }] {
                    if !run.close(&self.lines[gap.line], gap, shortest) {
                        self.gaps.push(gap);
                    }
                }
            }
        }
    }
}

/// What the lines of one cube have met so far.
struct Run<'a> {
    scale: Scale<'a>,
    axis: usize,
    /// Cross-section that a line stands for.
    section: f64,
    tally: Tally,
    /// For each square mass and volume by either pair.
    pairs: [[f64; 4]; SQUARES * SQUARES],
}

impl Run<'_> {
    /// Adds what lies in a gap, unless that takes a closer look.
    fn close(&mut self, line: &Line, gap: Gap, shortest: f32) -> bool {
        let Gap { from, to, .. } = gap;
        match (from.is_inside(), to.is_inside()) {
            (false, false) => {}
            (true, true) if from.part == to.part => {
                self.add(line, gap, from.part, f64::from(from.t), f64::from(to.t));
            }
            (true, true) => {
                let length = to.t - from.t;
                // As good as the numbers are, or as short as it gets.
                let is_short = length <= 1.01 * shortest || 0.5 * (from.t + to.t) <= from.t.next_up();
                if !is_short {
                    return false;
                }
                // Where parts touch, the field rises to 0 between them.
                let border = between(from, to, f64::from(from.distance.abs()), f64::from(to.distance.abs()));
                self.add(line, gap, from.part, f64::from(from.t), border);
                self.add(line, gap, to.part, border, f64::from(to.t));
            }
            (inside, _) => {
                let border = between(from, to, f64::from(from.distance.abs()), f64::from(to.distance.abs()));
                if inside {
                    self.add(line, gap, from.part, f64::from(from.t), border);
                } else {
                    self.add(line, gap, to.part, border, f64::from(to.t));
                }
            }
        }
        true
    }

    fn add(&mut self, line: &Line, gap: Gap, part: u16, from: f64, to: f64) {
        let density = self.scale.densities[usize::from(part)];
        let length = to - from;
        let [across, up] = others(self.axis);
        let mut middle = DVec3::ZERO;
        middle[self.axis] = 0.5 * (from + to);
        middle[across] = f64::from(line.u);
        middle[up] = f64::from(line.v);
        self.tally.part(part).add_bar(middle - self.scale.origin, self.axis, length, self.section, density);
        let pair = gap.line / 2 % 2;
        let sums = &mut self.pairs[gap.line / LINES];
        sums[pair] += length * self.section * density;
        sums[2 + pair] += length * self.section;
    }

    fn finish(mut self) -> Tally {
        for [mass_a, mass_b, volume_a, volume_b] in self.pairs {
            // Each pair alone stands for half of the square's weight, so the square's estimate is their sum, and
            // the square of their difference is unbiased for the variance of that.
            self.tally.mass_variance += (mass_a - mass_b).powi(2);
            self.tally.volume_variance += (volume_a - volume_b).powi(2);
        }
        self.tally
    }
}

/// The two other axes.
fn others(axis: usize) -> [usize; 2] {
    [(axis + 1) % 3, (axis + 2) % 3]
}

fn point(axis: usize, line: &Line, t: f32) -> Vec3 {
    let [across, up] = others(axis);
    let mut p = Vec3::ZERO;
    p[axis] = t;
    p[across] = line.u;
    p[up] = line.v;
    p
}

/// Divides a gap in the proportion of two lengths.
fn between(from: At, to: At, a: f64, b: f64) -> f64 {
    let share = if a + b > 0.0 { a / (a + b) } else { 0.5 };
    f64::from(from.t) + share * (f64::from(to.t) - f64::from(from.t))
}

/// Random numbers that depend on the cube alone (`SplitMix64`; Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", 2014).
struct Random(u64);

impl Random {
    fn at(middle: Vec3, side: f32, draw: Draw) -> Self {
        let mut random = Self(draw as u64);
        for number in [middle.x, middle.y, middle.z, side] {
            random.0 = random.next() ^ u64::from(number.to_bits());
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between −½ and ½.
    fn offset(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32 - 0.5
    }
}
