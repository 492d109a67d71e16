//! Fields measured along the normal: what offsets stand on.
//!
//! A deformed child's field `c(q(p))` changes by `G = |J^T grad c|` metres per metre of the world, `J` the
//! Jacobian of the map `q`; so `c / G` is the distance to first order. Dividing the field as a whole would
//! tear it wherever the gradient jumps from one face to another. It is taken apart instead: a minimum or
//! maximum of fields is that of the true ones, a corner is the corner of its true sides, and what is left, a
//! *piece*, has a gradient without jumps near its surface and is divided by its own `G`.

use std::collections::HashMap;

use super::offset::Asked;
use crate::{
    builder::Builder,
    tape::{Id, Op},
};

/// Least length of a gradient that a field is divided by.
const LEAST_SLOPE: f32 = 0.4;
/// A field's value up to which levels are looked at, per metre of their distance.
const FARTHEST: f32 = 1.75;

/// How a space measures lengths.
#[derive(Debug, Clone, Copy)]
pub(super) enum Metric {
    /// As the world does. Of the gradient's length only a share counts: beyond the surface's radius of curvature
    /// the gradient at the point says little about that at the surface. `reach` is as far as levels
    /// are looked at; a lean form goes on beyond.
    /// `relief` is half of what the slope changes by per metre towards the surface, if that is known.
    World { reach: f32, share: f32, relief: Option<Id>, is_lean: bool },
    /// Bent: along the first coordinate the world is `ratio` as long as the space.
    /// The ratio falls by `curvature` per metre of the second.
    Bent { ratio: Id, curvature: f32 },
    /// Twisted by `rate` about the second coordinate.
    Twisted { rate: f32 },
    /// First and third coordinate are the world's divided by `factor`, which changes by `slope` per metre of
    /// the second.
    Tapered { factor: Id, slope: Id },
}

/// A space with its three coordinates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Space {
    pub(super) q: [Id; 3],
    pub(super) metric: Metric,
    /// Over how many metres a gradient passes from one side of a crease to the other.
    pub(super) soft: f32,
    /// Bounds of `G` for gradients of length 1.
    pub(super) slopes: [f32; 2],
}

impl Space {
    /// The space of the world itself, for levels up to `reach` of a surface whose tightest radius of curvature
    /// is about `radius`.
    pub(super) fn world(q: [Id; 3], offset: Asked, radius: f32, relief: Option<Id>) -> Self {
        let (reach, is_lean) = (offset.reach(), offset.is_lean());
        let share = (1.0 + (reach / radius).powi(2)).recip();
        let share = if share > 0.9 { 1.0 } else { share };
        Self {
            q,
            metric: Metric::World { reach, share, relief, is_lean },
            soft: offset.soft(),
            slopes: [0.0, f32::INFINITY],
        }
    }

    /// A field of the space as a distance of the world, near its surface.
    pub(super) fn measured(&self, b: &mut Builder, field: Id) -> Id {
        let level = Level { value: field, factor: 1.0, offset: 0.0, extra: None };
        Walk { space: self, known: HashMap::new() }.level(b, level)
    }
}

/// The field `factor * value + offset + extra`.
#[derive(Debug, Clone, Copy)]
struct Level {
    value: Id,
    factor: f32,
    offset: f32,
    extra: Option<Id>,
}

impl Level {
    fn is_plain(&self) -> bool {
        self.offset == 0.0 && self.extra.is_none()
    }

    fn at(self, value: Id) -> Self {
        Self { value, ..self }
    }

    fn plus(self, b: &mut Builder, value: Id) -> Self {
        let term = b.mul_c(value, self.factor);
        let extra = match self.extra {
            Some(extra) => b.add(extra, term),
            None => term,
        };
        Self { extra: Some(extra), ..self }
    }

    fn field(&self, b: &mut Builder) -> Id {
        let mut field = b.mul_c(self.value, self.factor);
        field = b.add_c(field, self.offset);
        match self.extra {
            Some(extra) => b.add(field, extra),
            None => field,
        }
    }
}

type Key = (Id, u32, u32, Option<Id>);

struct Walk<'a> {
    space: &'a Space,
    known: HashMap<Key, Id>,
}

impl Walk<'_> {
    fn level(&mut self, b: &mut Builder, level: Level) -> Id {
        if level.factor < 0.0 {
            let extra = level.extra.map(|extra| b.neg(extra));
            let up = Level { factor: -level.factor, offset: -level.offset, extra, ..level };
            let up = self.level(b, up);
            return b.neg(up);
        }
        let key = (level.value, level.factor.to_bits(), level.offset.to_bits(), level.extra);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let out = self.apart(b, level);
        self.known.insert(key, out);
        out
    }

    fn apart(&mut self, b: &mut Builder, l: Level) -> Id {
        match b.op(l.value) {
            Op::Neg(a) => self.level(b, Level { factor: -l.factor, ..l.at(a) }),
            Op::Add(a, c) => match (b.value(a), b.value(c)) {
                (Some(v), _) => self.level(b, Level { offset: l.offset + l.factor * v, ..l.at(c) }),
                (_, Some(v)) => self.level(b, Level { offset: l.offset + l.factor * v, ..l.at(a) }),
                _ => match (is_folded(b, a), is_folded(b, c)) {
                    (true, false) => {
                        let sum = l.plus(b, c);
                        self.level(b, sum.at(a))
                    }
                    (false, true) => {
                        let sum = l.plus(b, a);
                        self.level(b, sum.at(c))
                    }
                    _ => self.piece(b, l),
                },
            },
            Op::Sub(a, c) => match (b.value(a), b.value(c)) {
                (Some(v), _) => {
                    let offset = l.offset + l.factor * v;
                    self.level(b, Level { factor: -l.factor, offset, ..l.at(c) })
                }
                (_, Some(v)) => self.level(b, Level { offset: l.offset - l.factor * v, ..l.at(a) }),
                _ => self.piece(b, l),
            },
            Op::Mul(a, c) => match (b.value(a), b.value(c)) {
                (Some(v), _) if v != 0.0 => self.level(b, Level { factor: l.factor * v, ..l.at(c) }),
                (_, Some(v)) if v != 0.0 => self.level(b, Level { factor: l.factor * v, ..l.at(a) }),
                _ => self.piece(b, l),
            },
            Op::Min(a, c) if is_fold_of(b, a, c) => {
                let (a, c) = (self.level(b, l.at(a)), self.level(b, l.at(c)));
                b.min(a, c)
            }
            Op::Max(a, c) if is_fold_of(b, a, c) => {
                let (a, c) = (self.level(b, l.at(a)), self.level(b, l.at(c)));
                b.max(a, c)
            }
            Op::ChamferMin(a, c, r) => {
                let plane = b.chamfer_plane(a, c, -r);
                let [a, c, plane] = [a, c, plane].map(|v| (v, l.at(v)));
                let (a, c, plane) = (self.level(b, a.1), self.level(b, c.1), self.piece(b, plane.1));
                let nearest = b.min(a, c);
                b.min(nearest, plane)
            }
            Op::ChamferMax(a, c, r) => {
                let plane = b.chamfer_plane(a, c, r);
                let [a, c, plane] = [a, c, plane].map(|v| (v, l.at(v)));
                let (a, c, plane) = (self.level(b, a.1), self.level(b, c.1), self.piece(b, plane.1));
                let nearest = b.max(a, c);
                b.max(nearest, plane)
            }
            // Beyond an inner level a corner is sharp.
            Op::Corner2(a, c) if l.extra.is_none() && l.offset >= 0.0 => {
                let (a, c) = (self.level(b, l.at(a)), self.level(b, l.at(c)));
                b.corner2(a, c, f32::INFINITY)
            }
            Op::Corner3(a, c, d) if l.extra.is_none() && l.offset >= 0.0 => {
                let sides = [a, c, d].map(|v| l.at(v));
                let sides = sides.map(|side| self.level(b, side));
                b.corner3(sides, f32::INFINITY)
            }
            // Where a choice changes, both fields are 0: only there do the true ones agree as well.
            Op::Select(condition, a, c) if l.is_plain() && is_fold_of(b, a, c) => {
                let (a, c) = (self.level(b, l.at(a)), self.level(b, l.at(c)));
                b.select(condition, a, c)
            }
            Op::Abs(a) if is_solid(b, a) => {
                let up = self.level(b, l.at(a));
                let down = self.level(b, Level { factor: -l.factor, ..l.at(a) });
                b.max(up, down)
            }
            // The root of the smallest square.
            Op::Sqrt(a) if l.is_plain() && matches!(b.op(a), Op::Min(..)) => {
                let mut squares = vec![a];
                let mut smallest: Option<Id> = None;
                while let Some(square) = squares.pop() {
                    if let Op::Min(one, other) = b.op(square) {
                        squares.extend([other, one]);
                        continue;
                    }
                    let root = b.sqrt(square);
                    let root = self.piece(b, l.at(root));
                    smallest = Some(match smallest {
                        Some(known) => b.min(known, root),
                        None => root,
                    });
                }
                smallest.unwrap_or(l.value)
            }
            _ => self.piece(b, l),
        }
    }

    /// A field divided by the length of its gradient.
    fn piece(&self, b: &mut Builder, level: Level) -> Id {
        let field = level.field(b);
        let q = self.space.q;
        match self.space.metric {
            Metric::World { reach, share, relief, is_lean } => {
                let slope = b.gradient(field, q, self.space.soft);
                let Some(slope) = self.length(b, slope) else { return field };
                // Farther off than levels are looked at the correction stays as it is there.
                let far = FARTHEST * reach;
                let near = if is_lean { field } else { b.clamp_c(field, -far, far) };
                let mut slope = match relief {
                    Some(relief) => {
                        let past = b.mul(relief, near);
                        b.add(slope, past)
                    }
                    None => slope,
                };
                if share < 1.0 {
                    slope = b.mul_c(slope, share);
                    slope = b.add_c(slope, 1.0 - share);
                }
                if relief.is_some() || share == 1.0 {
                    slope = b.max_c(slope, LEAST_SLOPE);
                }
                let measured = b.div(near, slope);
                if is_lean {
                    // Between unit gradients none is longer: inside, where seams cross, nothing is measured.
                    return if relief.is_none() { b.max(field, measured) } else { measured };
                }
                let more = b.sub(measured, near);
                b.add(field, more)
            }
            Metric::Bent { ratio, curvature } => self.bent(b, level, field, ratio, curvature),
            Metric::Twisted { rate } => {
                let [x, y, z] = b.gradient(field, q, self.space.soft);
                let twice = |b: &mut Builder, [x, z]: [Option<Id>; 2], [u, w]: [Id; 2]| {
                    (x.map(|x| b.mul(x, u)), z.map(|z| b.mul(z, w)))
                };
                // What height adds by turning the space.
                let turn = match twice(b, [x, z], [q[2], q[0]]) {
                    (Some(one), Some(other)) => Some(b.sub(one, other)),
                    (Some(one), None) => Some(one),
                    (None, Some(other)) => Some(b.neg(other)),
                    (None, None) => None,
                };
                let steep = |b: &mut Builder, turn: Option<Id>| {
                    let turn = turn.map(|turn| b.mul_c(turn, -rate));
                    let y = sum(b, y, turn);
                    self.length(b, [x, y, z])
                };
                let (Some(slope), Some(turn)) = (steep(b, turn), turn) else {
                    return match self.length(b, [x, y, z]) {
                        Some(slope) => self.scaled(b, field, level, slope),
                        None => field,
                    };
                };
                // The lever that it has halfway to the surface.
                let (one, other) = twice(b, [x, z], [q[0], q[2]]);
                let Some(across) = sum(b, one, other) else { return field };
                let past = b.mul(across, field);
                let past = b.mul_c(past, 0.5 * rate * rate);
                let square = b.square(slope);
                let square = b.max_c(square, 0.05);
                let past = b.div(past, square);
                let past = b.clamp_c(past, -0.5, 0.5);
                let past = b.mul(past, turn);
                let turn = b.add(turn, past);
                match steep(b, Some(turn)) {
                    Some(slope) => self.scaled(b, field, level, slope),
                    None => field,
                }
            }
            Metric::Tapered { factor, slope } => {
                let [x, y, z] = b.gradient(field, q, self.space.soft);
                let (mut across, mut steep) = (None, None);
                for (n, v) in [(x, q[0]), (z, q[2])] {
                    let Some(n) = n else { continue };
                    let along = b.mul(n, v);
                    across = sum(b, across, Some(along));
                    let square = b.square(n);
                    steep = sum(b, steep, Some(square));
                }
                let Some((across, steep)) = across.zip(steep) else {
                    return match self.length(b, [None, y, None]) {
                        Some(slope) => b.div(field, slope),
                        None => field,
                    };
                };
                // The section that the surface has, not the point.
                let past = b.mul(field, steep);
                let section = b.sub(across, past);
                let lean = b.mul(section, slope);
                let lean = b.neg(lean);
                let y = y.map(|y| b.mul(y, factor));
                let up = sum(b, y, Some(lean));
                let field = b.mul(field, factor);
                match self.length(b, [x, up, z]) {
                    Some(slope) => b.div(field, slope),
                    None => field,
                }
            }
        }
    }

    /// Along one coordinate alone no direction is needed. Else the ratio halfway to the surface counts.
    fn bent(&self, b: &mut Builder, level: Level, field: Id, ratio: Id, curvature: f32) -> Id {
        let q = self.space.q;
        if let Some(plain) = stripped(b, level) {
            let found = b.gradient(plain, q, self.space.soft);
            match found {
                [Some(along), None, None] if b.value(along).is_some() => return b.mul(field, ratio),
                [None, ..] => {
                    return match self.length(b, found) {
                        Some(slope) if b.value(slope) != Some(1.0) => b.div(field, slope),
                        _ => field,
                    };
                }
                _ => {}
            }
        }
        let [u, v, w] = b.gradient(field, q, self.space.soft);
        let mut ratio = ratio;
        if let Some(v) = v {
            // From the point to halfway the second coordinate changes by -field v / 2.
            let half = b.mul(field, v);
            let half = b.mul_c(half, 0.5 * curvature);
            ratio = b.add(ratio, half);
            let [least, most] = self.space.slopes;
            ratio = b.clamp_c(ratio, most.recip(), least.recip());
        }
        let (v, w) = (v.map(|v| b.mul(v, ratio)), w.map(|w| b.mul(w, ratio)));
        let field = b.mul(field, ratio);
        match self.length(b, [u, v, w]) {
            Some(slope) => {
                let slope = b.max_c(slope, 1e-3);
                b.div(field, slope)
            }
            None => field,
        }
    }

    fn scaled(&self, b: &mut Builder, field: Id, level: Level, slope: Id) -> Id {
        let [least, most] = self.space.slopes.map(|slope| slope * level.factor);
        match b.value(slope) {
            Some(1.0) => field,
            _ => {
                let slope = b.clamp_c(slope, least, most);
                b.div(field, slope)
            }
        }
    }

    fn length(&self, b: &mut Builder, parts: [Option<Id>; 3]) -> Option<Id> {
        let mut present = parts.into_iter().flatten();
        let length = match (present.next(), present.next(), present.next()) {
            (None, ..) => return None,
            (Some(a), None, _) => b.abs(a),
            (Some(a), Some(c), None) => b.length2(a, c, f32::INFINITY),
            (Some(a), Some(c), Some(d)) => b.length3([a, c, d], f32::INFINITY),
        };
        Some(length)
    }
}

fn sum(b: &mut Builder, a: Option<Id>, c: Option<Id>) -> Option<Id> {
    match (a, c) {
        (Some(a), Some(c)) => Some(b.add(a, c)),
        (one, other) => one.or(other),
    }
}

/// What a piece is made of but for its sign and level: its gradient is as long.
fn stripped(b: &Builder, level: Level) -> Option<Id> {
    if level.extra.is_some() || level.factor != 1.0 {
        return None;
    }
    let mut value = level.value;
    loop {
        value = match b.op(value) {
            Op::Neg(a) | Op::Abs(a) => a,
            Op::Add(a, c) | Op::Sub(a, c) if b.value(c).is_some() => a,
            Op::Add(a, c) | Op::Sub(a, c) if b.value(a).is_some() => c,
            _ => return Some(value),
        };
    }
}

/// Whether neither is a number: a minimum or maximum of two fields and no clamp.
fn is_fold_of(b: &Builder, a: Id, c: Id) -> bool {
    b.value(a).is_none() && b.value(c).is_none()
}

/// Whether a field is made of several by minimum or maximum.
fn is_folded(b: &Builder, value: Id) -> bool {
    match b.op(value) {
        Op::Min(a, c) | Op::Max(a, c) => is_fold_of(b, a, c),
        Op::ChamferMin(..) | Op::ChamferMax(..) => true,
        Op::Neg(a) => is_folded(b, a),
        Op::Add(a, c) => is_folded(b, a) || is_folded(b, c),
        Op::Sub(a, c) if b.value(c).is_some() => is_folded(b, a),
        Op::Mul(a, c) => {
            (b.value(a).is_some() && is_folded(b, c)) || (b.value(c).is_some() && is_folded(b, a))
        }
        _ => false,
    }
}

/// Whether a field is a solid's, and not a coordinate's.
fn is_solid(b: &Builder, value: Id) -> bool {
    match b.op(value) {
        Op::Corner2(..) | Op::Corner3(..) | Op::Select(..) => true,
        Op::Neg(a) => is_solid(b, a),
        Op::Add(a, c) | Op::Sub(a, c) if b.value(c).is_some() => is_solid(b, a),
        Op::Add(a, c) if b.value(a).is_some() => is_solid(b, c),
        Op::Mul(a, c) if b.value(a).is_some() => is_solid(b, c),
        Op::Mul(a, c) if b.value(c).is_some() => is_solid(b, a),
        _ => is_folded(b, value),
    }
}
