//! Derivatives of a value, written on the tape: backwards, every operation once.

use std::collections::{BTreeMap, HashSet};

use super::Builder;
use crate::tape::{Id, Op};

/// Keeps quotients finite where a length is 0.
const TINY: f32 = 1e-18;

/// What a value's derivatives are known to be without going through its operations.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    by: [Id; 3],
    slope: [Id; 3],
}

impl Builder {
    /// States a value's derivatives by three others that it is computed from: [`Builder::gradient`] then takes
    /// them in place of its own.
    pub(crate) fn know_gradient(&mut self, of: Id, by: [Id; 3], slope: [Id; 3]) {
        self.gradients.insert(of, Known { by, slope });
    }

    /// The derivatives of `of` by three values that it is computed from, as if those were independent of each
    /// other; `None` where one is 0 everywhere. At creases it passes from one side's to the other's within `soft`
    /// metres.
    pub(crate) fn gradient(&mut self, of: Id, by: [Id; 3], soft: f32) -> [Option<Id>; 3] {
        let depends = self.depending(of, by);
        let mut slopes: BTreeMap<Id, Id> = BTreeMap::new();
        let mut out = [None; 3];
        if !depends.contains(&of) {
            return out;
        }
        let one = self.constant(1.0);
        slopes.insert(of, one);
        // Operands stand before what reads them, so the last place is always complete.
        while let Some((id, slope)) = slopes.pop_last() {
            if let Some((axis, is_mirrored)) = self.end(id, by) {
                let slope = if is_mirrored { self.neg(slope) } else { slope };
                out[axis] = Some(match out[axis] {
                    Some(other) => self.add(other, slope),
                    None => slope,
                });
                continue;
            }
            for (operand, share) in self.shares(id, slope, soft) {
                if !depends.contains(&operand) || self.value(share) == Some(0.0) {
                    continue;
                }
                let sum = match slopes.get(&operand) {
                    Some(&other) => self.add(other, share),
                    None => share,
                };
                slopes.insert(operand, sum);
            }
        }
        out
    }

    /// Which of the three a value is, or the negative of: negating twice gives what stood before.
    fn end(&self, id: Id, by: [Id; 3]) -> Option<(usize, bool)> {
        let same = by.iter().position(|&v| v == id).map(|axis| (axis, false));
        same.or_else(|| {
            let mirrored = |v: &Id| matches!(self.ops[v.index()], Op::Neg(a) if a == id);
            by.iter().position(mirrored).map(|axis| (axis, true))
        })
    }

    /// The values on the way from `by` to `of`, both included.
    fn depending(&self, of: Id, by: [Id; 3]) -> HashSet<Id> {
        let mut seen: BTreeMap<Id, bool> = BTreeMap::new();
        let mut open = vec![of];
        while let Some(id) = open.pop() {
            if seen.contains_key(&id) {
                continue;
            }
            let is_end = self.end(id, by).is_some();
            seen.insert(id, is_end);
            if !is_end {
                open.extend(self.ops[id.index()].operands());
            }
        }
        let mut depends = HashSet::new();
        for (&id, &is_end) in &seen {
            if is_end || self.ops[id.index()].operands().any(|operand| depends.contains(&operand)) {
                depends.insert(id);
            }
        }
        depends
    }

    /// What an operation passes on of its result's derivative to each operand.
    fn shares(&mut self, id: Id, g: Id, soft: f32) -> Vec<(Id, Id)> {
        if let Some(&Known { by, slope }) = self.gradients.get(&id) {
            return (0..3).map(|i| (by[i], self.mul(g, slope[i]))).collect();
        }
        let zero = self.constant(0.0);
        match self.ops[id.index()] {
            Op::X | Op::Y | Op::Z | Op::Const(_) | Op::Floor(_) | Op::Less(..) => Vec::new(),
            Op::Neg(a) => vec![(a, self.neg(g))],
            Op::Abs(a) => {
                let below = self.less(a, zero);
                let minus = self.neg(g);
                vec![(a, self.select(below, minus, g))]
            }
            Op::Sqrt(a) => {
                let half = self.mul_c(g, 0.5);
                let root = self.max_c(id, TINY);
                vec![(a, self.div(half, root))]
            }
            Op::Square(a) => {
                let twice = self.mul_c(a, 2.0);
                vec![(a, self.mul(g, twice))]
            }
            Op::Sin(a) => {
                let cos = self.cos(a);
                vec![(a, self.mul(g, cos))]
            }
            Op::Cos(a) => {
                let sin = self.sin(a);
                let down = self.mul(g, sin);
                vec![(a, self.neg(down))]
            }
            Op::Add(a, b) => vec![(a, g), (b, g)],
            Op::Sub(a, b) => vec![(a, g), (b, self.neg(g))],
            Op::Mul(a, b) => vec![(a, self.mul(g, b)), (b, self.mul(g, a))],
            Op::Div(a, b) => {
                let first = self.div(g, b);
                let second = self.mul(first, id);
                vec![(a, first), (b, self.neg(second))]
            }
            Op::Atan2(y, x) => {
                let (xx, yy) = (self.square(x), self.square(y));
                let squares = self.add(xx, yy);
                let squares = self.max_c(squares, TINY);
                let part = self.div(g, squares);
                let (by_y, by_x) = (self.mul(part, x), self.mul(part, y));
                vec![(y, by_y), (x, self.neg(by_x))]
            }
            Op::Select(c, a, b) => vec![(a, self.select(c, g, zero)), (b, self.select(c, zero, g))],
            Op::Length2(a, b) => self.length_shares(id, g, &[a, b]),
            Op::Length3(a, b, c) => self.length_shares(id, g, &[a, b, c]),
            Op::Corner2(a, b) => self.corner_shares(g, &[a, b], soft),
            Op::Corner3(a, b, c) => self.corner_shares(g, &[a, b, c], soft),
            Op::Min(a, b) if self.value(a).is_none() && self.value(b).is_none() => {
                let lead = self.sub(b, a);
                self.smooth_shares(lead, g, [a, b], soft)
            }
            Op::Max(a, b) if self.value(a).is_none() && self.value(b).is_none() => {
                let lead = self.sub(a, b);
                self.smooth_shares(lead, g, [a, b], soft)
            }
            Op::Min(a, b) => {
                let second = self.less(b, a);
                vec![(a, self.select(second, zero, g)), (b, self.select(second, g, zero))]
            }
            Op::Max(a, b) => {
                let second = self.less(a, b);
                vec![(a, self.select(second, zero, g)), (b, self.select(second, g, zero))]
            }
            Op::SmoothMin(a, b, k) => {
                let lead = self.sub(b, a);
                self.smooth_shares(lead, g, [a, b], k)
            }
            Op::SmoothMax(a, b, k) => {
                let lead = self.sub(a, b);
                self.smooth_shares(lead, g, [a, b], k)
            }
            Op::ChamferMin(a, b, r) => {
                let plane = self.chamfer_plane(a, b, -r);
                let (nearest, second) = (self.min(a, b), self.less(b, a));
                let on_plane = self.less(plane, nearest);
                self.chamfer_shares([on_plane, second], g, [a, b])
            }
            Op::ChamferMax(a, b, r) => {
                let plane = self.chamfer_plane(a, b, r);
                let (nearest, second) = (self.max(a, b), self.less(a, b));
                let on_plane = self.less(nearest, plane);
                self.chamfer_shares([on_plane, second], g, [a, b])
            }
        }
    }

    /// The plane that cuts the seam of two fields at 45 degrees, moved by `r`.
    pub(crate) fn chamfer_plane(&mut self, a: Id, b: Id, r: f32) -> Id {
        let sum = self.add(a, b);
        let moved = self.add_c(sum, r);
        self.mul_c(moved, std::f32::consts::FRAC_1_SQRT_2)
    }

    fn length_shares(&mut self, length: Id, g: Id, parts: &[Id]) -> Vec<(Id, Id)> {
        let length = self.max_c(length, TINY);
        let part = self.div(g, length);
        parts.iter().map(|&v| (v, self.mul(part, v))).collect()
    }

    /// As for the length of what is positive, or inside for the largest side alone; over `soft` metres from one to
    /// the other: a gradient that jumps would tear what is divided by it.
    fn corner_shares(&mut self, g: Id, sides: &[Id], soft: f32) -> Vec<(Id, Id)> {
        let zero = self.constant(0.0);
        let largest = sides.iter().copied().reduce(|a, b| self.max(a, b)).unwrap_or(zero);
        let largest = self.min_c(largest, 0.0);
        let from = self.sub_c(largest, soft);
        let parts: Vec<Id> = sides
            .iter()
            .map(|&v| {
                let part = self.sub(v, from);
                self.max_c(part, 0.0)
            })
            .collect();
        let length = match parts[..] {
            [a, b] => self.length2(a, b, f32::INFINITY),
            [a, b, c] => self.length3([a, b, c], f32::INFINITY),
            _ => zero,
        };
        let length = self.max_c(length, TINY);
        let share = self.div(g, length);
        sides.iter().zip(parts).map(|(&v, part)| (v, self.mul(share, part))).collect()
    }

    fn smooth_shares(&mut self, lead: Id, g: Id, [a, b]: [Id; 2], k: f32) -> Vec<(Id, Id)> {
        let share = self.mul_c(lead, 0.5 / k);
        let share = self.add_c(share, 0.5);
        let share = self.clamp_c(share, 0.0, 1.0);
        let first = self.mul(g, share);
        vec![(a, first), (b, self.sub(g, first))]
    }

    fn chamfer_shares(&mut self, [on_plane, second]: [Id; 2], g: Id, [a, b]: [Id; 2]) -> Vec<(Id, Id)> {
        let zero = self.constant(0.0);
        let half = self.mul_c(g, std::f32::consts::FRAC_1_SQRT_2);
        let (alone_a, alone_b) = (self.select(second, zero, g), self.select(second, g, zero));
        vec![(a, self.select(on_plane, half, alone_a)), (b, self.select(on_plane, half, alone_b))]
    }
}
