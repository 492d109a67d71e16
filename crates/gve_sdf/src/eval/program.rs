//! Programs for the distance and the part in a box, and how they are shortened for a smaller one.
//!
//! For every value two ranges are computed over the box: by interval arithmetic, and from the value at
//! the box's centre with the value's known change per metre ("Lipschitz Pruning", Barbier et al.,
//! Eurographics 2025). What both have in common decides: a `min` whose one operand is always smaller
//! becomes that operand, and so does a smooth blend whose operands are always a radius apart. Chains of
//! blends need no further care, because a running value is itself such a value: it is dropped with
//! everything behind it where the next operand is a radius below it.

use std::sync::{Arc, OnceLock};

use super::{
    code::Code,
    level::{Level, at_level},
    simplify::{Simple, View},
    visit::{Values, visit},
};
use crate::{
    aabb::Aabb,
    interval::Interval,
    tape::{Id, Op, Tape, compact},
};

/// A tape for one box.
#[derive(Debug)]
pub(crate) struct Program {
    ops: Vec<Op>,
    lipschitz: Vec<f32>,
    distance: Id,
    part: Id,
    /// The forms that batches run, each made when first needed.
    codes: [OnceLock<Code>; 3],
}

/// Which results a batch asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Distance,
    Part,
    Both,
}

impl Program {
    /// The whole tape.
    pub(crate) fn new(tape: &Tape) -> Self {
        Self {
            ops: tape.ops().to_vec(),
            lipschitz: tape.lipschitz().to_vec(),
            distance: tape.distance(),
            part: tape.part(),
            codes: Default::default(),
        }
    }

    /// The part of a tape that the distance needs; the part index is left out.
    pub(crate) fn of_distance(tape: &Tape) -> Self {
        let live = Tape::live(tape.ops(), &[tape.distance()]);
        let (ops, lipschitz, place) = compact(tape.ops(), tape.lipschitz(), &live);
        let distance = place[tape.distance().index()];
        Self { ops, lipschitz, distance, part: distance, codes: Default::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.ops.len()
    }

    /// Its first result is the first that is wanted.
    pub(super) fn code(&self, wanted: Wanted) -> &Code {
        let results = match wanted {
            Wanted::Distance => [self.distance; 2],
            Wanted::Part => [self.part; 2],
            Wanted::Both => [self.distance, self.part],
        };
        self.codes[wanted as usize].get_or_init(|| Code::new(&self.ops, results))
    }

    /// A bound on the change of the distance per metre; infinite where none is known.
    pub(crate) fn distance_lipschitz(&self) -> f32 {
        self.lipschitz[self.distance.index()]
    }

    /// Every part index that may come out.
    pub(crate) fn possible_parts(&self) -> Vec<u16> {
        let mut parts = vec![];
        let mut is_seen = vec![false; self.ops.len()];
        let mut open = vec![self.part];
        while let Some(id) = open.pop() {
            if std::mem::replace(&mut is_seen[id.index()], true) {
                continue;
            }
            match self.ops[id.index()] {
                Op::Const(part) => parts.push(part as u16),
                // The first operand is the question which of the two is nearer.
                Op::Select(_, a, b) => open.extend([a, b]),
                _ => {}
            }
        }
        parts
    }

    /// The part index, if it is the same everywhere.
    pub(crate) fn uniform_part(&self) -> Option<f32> {
        match self.ops[self.part.index()] {
            Op::Const(value) => Some(value),
            _ => None,
        }
    }
}

/// Whether a box is one that ranges can be computed over.
fn is_usable(bounds: &Aabb) -> bool {
    bounds.is_finite() && !bounds.is_empty()
}

/// Boxes that are looked at in one go.
pub(super) const LANES: usize = 8;

/// Memory for pruning.
#[derive(Debug)]
pub(crate) struct PruneScratch {
    level: Level,
    one: Values<1>,
    many: Values<LANES>,
    writer: Writer,
}

/// Memory for writing a shorter program.
#[derive(Debug, Default)]
struct Writer {
    live: Vec<bool>,
    /// Each live operation as it stands in the shorter program, operands being places of the old one.
    ops: Vec<Op>,
    /// For each live value the earlier value that it equals, or itself.
    alias: Vec<Id>,
    place: Vec<Id>,
}

impl Default for PruneScratch {
    fn default() -> Self {
        Self {
            level: Level::detect(),
            one: Values::default(),
            many: Values::default(),
            writer: Writer::default(),
        }
    }
}

impl PruneScratch {
    /// The range of the distance over a box.
    pub(crate) fn interval(&mut self, program: &Program, bounds: Aabb) -> Interval {
        if !is_usable(&bounds) {
            return Interval::ALL;
        }
        visit(&program.ops, &program.lipschitz, &[bounds], &mut self.one);
        self.one.values[program.distance.index()].range(0)
    }

    /// A program that agrees with `program` inside a box, and the range of the distance.
    pub(crate) fn prune(&mut self, program: &Arc<Program>, bounds: Aabb) -> (Arc<Program>, Interval) {
        let range = self.interval(program, bounds);
        if !is_usable(&bounds) {
            return (Arc::clone(program), range);
        }
        (self.writer.shorten(program, &self.one, 0), range)
    }

    /// [`Self::prune`] for each of the first [`LANES`] boxes. No program is written where `is_wanted` says no
    /// to a box and its range.
    pub(crate) fn prune_many(
        &mut self,
        program: &Arc<Program>,
        boxes: &[Aabb],
        is_wanted: impl Fn(usize, Interval) -> bool,
    ) -> impl Iterator<Item = (Option<Arc<Program>>, Interval)> {
        let any = boxes.iter().copied().find(is_usable);
        if let Some(any) = any {
            // Lanes without a box of their own repeat another one.
            let lanes = std::array::from_fn(|i| boxes.get(i).copied().filter(is_usable).unwrap_or(any));
            self.visit_many(program, &lanes);
        }
        boxes.iter().take(LANES).enumerate().map(move |(lane, bounds)| {
            if !is_usable(bounds) {
                return (is_wanted(lane, Interval::ALL).then(|| Arc::clone(program)), Interval::ALL);
            }
            let range = self.many.values[program.distance.index()].range(lane);
            (is_wanted(lane, range).then(|| self.writer.shorten(program, &self.many, lane)), range)
        })
    }

    fn visit_many(&mut self, program: &Program, boxes: &[Aabb; LANES]) {
        let (ops, lipschitz, values) = (&program.ops, &program.lipschitz, &mut self.many);
        at_level!(
            self.level,
            visit::<LANES>(ops: &[Op], lipschitz: &[f32], boxes: &[Aabb; N], values: &mut Values<N>)
        );
    }
}

impl Writer {
    /// The program that is left of `program` where its values have the ranges of one lane.
    ///
    /// From the results backwards, so that nothing is asked of an operation that is not needed any more.
    fn shorten<const N: usize>(
        &mut self,
        program: &Arc<Program>,
        values: &Values<N>,
        lane: usize,
    ) -> Arc<Program> {
        let view = View { ops: &program.ops, values: &values.values, lane };
        let results = [program.distance, program.part];
        let length = results[0].max(results[1]).index() + 1;
        self.live.clear();
        self.live.resize(length, false);
        self.ops.resize(length.max(self.ops.len()), Op::X);
        self.alias.resize(length.max(self.alias.len()), Id(0));
        self.place.resize(length.max(self.place.len()), Id(0));
        for result in results {
            self.live[result.index()] = true;
        }
        let (mut count, mut changed) = (0, false);
        for i in (0..length).rev() {
            if !self.live[i] {
                continue;
            }
            let id = Id(i as u32);
            let simple = if values.hints[i][lane] == 0 { Simple::Same } else { view.simplify(id) };
            let op = match simple {
                Simple::Alias(other) => {
                    changed = true;
                    self.alias[i] = other;
                    self.live[other.index()] = true;
                    continue;
                }
                Simple::Op(op) => {
                    changed = true;
                    op
                }
                Simple::Same => program.ops[i],
            };
            count += 1;
            self.alias[i] = id;
            self.ops[i] = op;
            op.each_operand(|operand| self.live[operand.index()] = true);
        }
        if !changed {
            return Arc::clone(program);
        }
        let (mut ops, mut lipschitz) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for i in 0..length {
            if !self.live[i] {
                continue;
            }
            let other = self.alias[i].index();
            if other == i {
                self.place[i] = Id(ops.len() as u32);
                ops.push(self.ops[i].map(|id| self.place[id.index()]));
                lipschitz.push(program.lipschitz[i]);
            } else {
                self.place[i] = self.place[other];
            }
        }
        let [distance, part] = results.map(|id| self.place[id.index()]);
        Arc::new(Program { ops, lipschitz, distance, part, codes: Default::default() })
    }
}
