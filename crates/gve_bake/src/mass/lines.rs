//! Integration over one cube along lines.
//!
//! The cube's face across the field's steepest axis is cut into squares. In each of them two independent
//! pairs of lines are drawn at random, the lines of a pair opposite each other about the square's
//! middle, so that a flat face slanted across it is integrated without error; and all of that twice over (see
//! [`Tally`]). Every line is walked by
//! distance, never by more than the field allows, which finds layers far thinner than the cube: where a
//! part is thin, the distance to its surface is small, and so are the steps. The difference
//! between the two pairs says how uncertain the square is.

use glam::{DVec3, Vec3, Vec4, Vec4Swizzles as _};
use gve_sdf::{Evaluator, Region};

use super::tally::{DRAWS, LINES, SQUARES, Scale, Sums, Tally};
use crate::points::{Points, resize};

/// So many steps a line takes as short as they need be; then they are at least so many times the shortest.
const PATIENCE: usize = 24;
const GRAZING_STEP: f32 = 4.0;
/// Longest step inside the solid where parts meet, as a share of the cube's side: the first where they weigh
/// differently. The distance tells how far the surface is, not how far the next part: where parts overlap, a small one
/// may lie deep inside a large one.
const LONGEST_STEP: [f32; 2] = [1.0 / 8.0, 1.0 / 4.0];
/// Shortest step, as a share of the cube's side.
const SHORTEST_STEP: f32 = 1.0 / 16.0;

/// A cube and what is needed to integrate over it.
#[derive(Debug, Clone)]
pub(super) struct Cube {
    pub(super) min: Vec3,
    pub(super) side: f32,
    pub(super) region: Region,
}

impl Cube {
    pub(super) fn middle(&self) -> Vec3 {
        self.min + 0.5 * self.side
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
    /// Where it came nearest to the surface.
    nearest: At,
    /// The way through one part that it has come by the last steps, not yet added up.
    run: Stretch,
}

/// A piece of a line that lies in one part.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    part: u16,
    from: f64,
    to: f64,
}

impl Line {
    fn go_to(&mut self, at: At) {
        self.at = at;
        if at.distance.abs() < self.nearest.distance.abs() {
            self.nearest = at;
        }
    }
}

/// Between two points of a line.
#[derive(Debug, Clone, Copy)]
struct Gap {
    line: usize,
    from: At,
    to: At,
    /// Whether it is a piece of one in which the surface was looked for more closely.
    is_close: bool,
}

impl Gap {
    /// Whether both ends are in the same part.
    fn is_in_one_part(&self) -> bool {
        self.from.is_inside() && self.to.is_inside() && self.from.part == self.to.part
    }

    /// Where it is cut for a closer look: where the surface seems to be, or half way.
    fn cut(&self) -> f32 {
        let Self { from, to, .. } = *self;
        let share = if from.is_inside() == to.is_inside() {
            0.5
        } else {
            (from.distance.abs() / (from.distance.abs() + to.distance.abs())).clamp(0.05, 0.95)
        };
        from.t + share * (to.t - from.t)
    }
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
    /// Lines that have not come to the cube's end, and how far each goes next.
    open: Vec<usize>,
    ahead: Vec<f32>,
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
            ahead: vec![],
            gaps: vec![],
        }
    }

    /// What is in a cube through which the surface may pass, or in which parts may meet.
    /// Looks with different numbers draw other lines.
    pub(super) fn tally(&mut self, cube: &Cube, look: u64) -> Tally {
        let axis = self.steepest_axis(cube);
        self.draw_lines(cube, axis, look);
        let square = cube.side / SQUARES as f32;
        let section = f64::from(square).powi(2) / (LINES * DRAWS) as f64;
        let mut run = Run { scale: self.scale, axis, section, sums: Sums::default() };
        let end = cube.min[axis] + cube.side;
        let lipschitz = self.scale.field.lipschitz().min(cube.region.lipschitz()).max(1e-3);
        let per_metre = lipschitz.recip();
        let shortest = self.scale.finest.min(SHORTEST_STEP * cube.side);
        let longest = self.longest_step(cube);
        let mut met = false;
        self.open.clear();
        self.open.extend(0..self.lines.len());
        self.points.clear();
        self.lines.iter().for_each(|line| self.points.push_along(axis, [line.at.t, line.u, line.v]));
        self.evaluate_points(cube);
        for (i, line) in self.lines.iter_mut().enumerate() {
            line.nearest.distance = f32::INFINITY;
            line.go_to(At { t: line.at.t, distance: self.distances[i], part: self.parts[i] });
            met |= line.at.is_inside();
        }
        let mut round = 0;
        while !self.open.is_empty() {
            round += 1;
            // A line that grazes a surface would take hundreds of steps, alone.
            let least = if round > PATIENCE {
                (GRAZING_STEP * shortest).min(cube.side / 16.0).max(shortest)
            } else {
                shortest
            };
            self.ahead.clear();
            self.points.clear();
            for &index in &self.open {
                let line = &self.lines[index];
                let farthest = if line.at.is_inside() { longest.max(least) } else { f32::INFINITY };
                let step = (line.at.distance.abs() * per_metre).max(least).min(farthest);
                // Far from the origin a step may be too short to change the number.
                let t = (line.at.t + step).max(line.at.t.next_up()).min(end);
                self.ahead.push(t);
                self.points.push_along(axis, [t, line.u, line.v]);
            }
            self.evaluate_points(cube);
            for (i, &index) in self.open.iter().enumerate() {
                let line = &mut self.lines[index];
                let to = At { t: self.ahead[i], distance: self.distances[i], part: self.parts[i] };
                let gap = Gap { line: index, from: line.at, to, is_close: false };
                line.go_to(to);
                met |= to.is_inside();
                if gap.is_in_one_part() {
                    run.extend(line, &gap);
                } else if !run.close(line, gap, shortest) {
                    self.gaps.push(gap);
                }
            }
            let lines = &self.lines;
            self.open.retain(|&index| lines[index].at.t < end);
        }
        for (index, line) in self.lines.iter().enumerate() {
            run.add(line, index, line.run);
        }
        self.cut_gaps(cube, axis, shortest, &mut run);
        let mut tally = run.sums.finish(&self.scale);
        tally.may_hide = !met && self.comes_near(cube, axis, square * lipschitz);
        tally.note_unmet(
            cube.region.uniform_part().map_or_else(|| cube.region.possible_parts(), |part| vec![part]),
        );
        tally
    }

    /// How far a line may go at once inside the solid, in metres.
    fn longest_step(&self, cube: &Cube) -> f32 {
        if cube.region.uniform_part().is_some() {
            return f32::INFINITY;
        }
        let parts = cube.region.possible_parts();
        let density = |&part: &u16| self.scale.densities[usize::from(part)];
        let weigh_alike = parts.iter().all(|part| density(part) == density(&parts[0]));
        LONGEST_STEP[usize::from(weigh_alike)] * cube.side
    }

    /// Whether a line comes nearer than `reach` to a surface that lies in the cube. What lies beyond its sides is in its
    /// neighbours: a face along which a cube stands does not count.
    fn comes_near(&mut self, cube: &Cube, axis: usize, reach: f32) -> bool {
        self.points.clear();
        for line in self.lines.iter().filter(|line| line.nearest.distance.abs() < reach) {
            self.points.push_along(axis, [line.nearest.t, line.u, line.v]);
        }
        resize(&mut self.gradients, self.points.len());
        let p = &self.points;
        self.evaluator.gradients(&cube.region, &p.xs, &p.ys, &p.zs, &mut self.gradients);
        let half = 0.5 * cube.side;
        self.gradients.iter().enumerate().any(|(i, value)| {
            let slope = value.xyz();
            let way = slope * (value.w / slope.length_squared().max(1e-12));
            let away = (self.points.get(i) - way - cube.middle()).abs();
            // Not all fields are as steep as they should be, and surfaces are curved.
            away.max_element() <= half + 0.25 * way.length()
        })
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

    fn draw_lines(&mut self, cube: &Cube, axis: usize, look: u64) {
        let square = cube.side / SQUARES as f32;
        let [across, up] = others(axis);
        let middle = cube.middle();
        let mut random = Random::at(middle, cube.side, look);
        self.lines.clear();
        for square_index in 0..DRAWS * SQUARES * SQUARES {
            let at = |i: usize| (i as f32 + 0.5 - 0.5 * SQUARES as f32) * square;
            let (i, j) = (square_index % SQUARES, square_index / SQUARES % SQUARES);
            let (u, v) = (middle[across] + at(i), middle[up] + at(j));
            for _ in 0..LINES / 2 {
                let (du, dv) = (random.offset() * square, random.offset() * square);
                for sign in [1.0, -1.0] {
                    let at = At { t: cube.min[axis], ..At::default() };
                    let (u, v) = (u + sign * du, v + sign * dv);
                    self.lines.push(Line { u, v, at, nearest: at, run: Stretch::default() });
                }
            }
        }
    }

    /// Distances and parts at the points.
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

    /// Finds where in gaps the surface is, and where one part ends and another begins.
    fn cut_gaps(&mut self, cube: &Cube, axis: usize, shortest: f32, run: &mut Run<'_>) {
        while !self.gaps.is_empty() {
            let gaps = std::mem::take(&mut self.gaps);
            self.points.clear();
            for gap in &gaps {
                let line = &self.lines[gap.line];
                self.points.push_along(axis, [gap.cut(), line.u, line.v]);
            }
            self.evaluate_points(cube);
            for (i, gap) in gaps.iter().enumerate() {
                let middle = At { t: gap.cut(), distance: self.distances[i], part: self.parts[i] };
                for gap in
                    [Gap { to: middle, is_close: true, ..*gap }, Gap { from: middle, is_close: true, ..*gap }]
                {
                    if !run.close(&self.lines[gap.line], gap, shortest) {
                        self.gaps.push(gap);
                    }
                }
            }
        }
    }
}

/// The lines of one cube, and what they have met so far.
struct Run<'a> {
    scale: Scale<'a>,
    axis: usize,
    /// Cross-section that a line stands for.
    section: f64,
    sums: Sums,
}

impl Run<'_> {
    /// Adds what lies in a gap, unless that takes a closer look.
    fn close(&mut self, line: &Line, gap: Gap, shortest: f32) -> bool {
        let Gap { from, to, .. } = gap;
        let mut add = |at: At, from, to| self.add(line, gap.line, Stretch { part: at.part, from, to });
        match (from.is_inside(), to.is_inside()) {
            (false, false) => {}
            (true, true) if from.part == to.part => add(from, f64::from(from.t), f64::from(to.t)),
            (true, true) => {
                let length = to.t - from.t;
                // As good as the numbers are, or as short as it gets.
                let is_short = length <= 1.01 * shortest || 0.5 * (from.t + to.t) <= from.t.next_up();
                if !is_short {
                    return false;
                }
                // Where parts touch, the field rises to 0 between them.
                let border = between(from, to);
                add(from, f64::from(from.t), border);
                add(to, border, f64::from(to.t));
            }
            // Curved surfaces are not where a straight line between two distances says, and always on the same side of it.
            _ if !gap.is_close => return false,
            (true, false) => add(from, f64::from(from.t), between(from, to)),
            (false, true) => add(to, between(from, to), f64::from(to.t)),
        }
        true
    }

    /// Goes on along the line by a gap that lies in one part; adds the stretch before where another part begins.
    fn extend(&mut self, line: &mut Line, gap: &Gap) {
        let Gap { from, to, .. } = *gap;
        if line.run.part == from.part && line.run.to == f64::from(from.t) {
            line.run.to = f64::from(to.t);
            return;
        }
        self.add(line, gap.line, line.run);
        line.run = Stretch { part: from.part, from: f64::from(from.t), to: f64::from(to.t) };
    }

    fn add(&mut self, line: &Line, index: usize, stretch: Stretch) {
        let Stretch { part, from, to } = stretch;
        if to <= from {
            return;
        }
        let density = self.scale.densities[usize::from(part)];
        let length = to - from;
        let [across, up] = others(self.axis);
        let mut middle = DVec3::ZERO;
        middle[self.axis] = 0.5 * (from + to);
        middle[across] = f64::from(line.u);
        middle[up] = f64::from(line.v);
        let sum = self.sums.part(part);
        sum.moments.add_bar(middle - self.scale.origin, self.axis, length, self.section, density);
        sum.squares[index / LINES][index / 2 % 2] += length * self.section;
    }
}

/// The two other axes.
fn others(axis: usize) -> [usize; 2] {
    [(axis + 1) % 3, (axis + 2) % 3]
}

/// Divides a gap in the proportion of its ends' distances.
fn between(from: At, to: At) -> f64 {
    let [a, b] = [from, to].map(|at| f64::from(at.distance.abs()));
    let share = if a + b > 0.0 { a / (a + b) } else { 0.5 };
    f64::from(from.t) + share * (f64::from(to.t) - f64::from(from.t))
}

/// Random numbers that depend on the cube and on the look alone (`SplitMix64`; Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", 2014).
struct Random(u64);

impl Random {
    fn at(middle: Vec3, side: f32, look: u64) -> Self {
        let mut random = Self(look);
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
