//! Writes tapes: shared values are found again, constants are folded, and the length is limited.

mod slope;

use std::collections::HashMap;

use gve_types::limits::MAX_TAPE_OPS;

use crate::tape::{Id, Op, Tape};

type Key = (u8, [u32; 3], u32);

fn key(op: &Op) -> Key {
    let mut operands = [u32::MAX; 3];
    for (slot, operand) in operands.iter_mut().zip(op.operands()) {
        *slot = operand.0;
    }
    let number = match *op {
        Op::Const(v) => v.to_bits(),
        Op::SmoothMin(.., k) | Op::SmoothMax(.., k) | Op::ChamferMin(.., k) | Op::ChamferMax(.., k) => {
            k.to_bits()
        }
        _ => 0,
    };
    let code = match op {
        Op::X => 0,
        Op::Y => 1,
        Op::Z => 2,
        Op::Const(_) => 3,
        Op::Neg(_) => 4,
        Op::Abs(_) => 5,
        Op::Sqrt(_) => 6,
        Op::Square(_) => 7,
        Op::Sin(_) => 8,
        Op::Cos(_) => 9,
        Op::Floor(_) => 10,
        Op::Add(..) => 11,
        Op::Sub(..) => 12,
        Op::Mul(..) => 13,
        Op::Div(..) => 14,
        Op::Min(..) => 15,
        Op::Max(..) => 16,
        Op::Atan2(..) => 17,
        Op::Less(..) => 18,
        Op::Select(..) => 19,
        Op::SmoothMin(..) => 20,
        Op::SmoothMax(..) => 21,
        Op::ChamferMin(..) => 22,
        Op::ChamferMax(..) => 23,
        Op::Length2(..) => 24,
        Op::Length3(..) => 25,
        Op::Corner2(..) => 26,
        Op::Corner3(..) => 27,
    };
    (code, operands, number)
}

/// Writes a tape. Nothing is stored beyond [`MAX_TAPE_OPS`]: from there on [`Builder::is_full`] is
/// true and what is returned means nothing.
pub(crate) struct Builder {
    ops: Vec<Op>,
    lipschitz: Vec<f32>,
    known: HashMap<Key, Id>,
    /// Derivatives that are known better than their operations tell.
    gradients: HashMap<Id, slope::Known>,
    full: bool,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            ops: Vec::new(),
            lipschitz: Vec::new(),
            known: HashMap::new(),
            gradients: HashMap::new(),
            full: false,
        }
    }

    /// Whether the limit on a tape's length was hit.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    pub(crate) fn finish(self, distance: Id, part: Id) -> Tape {
        Tape { ops: self.ops, lipschitz: self.lipschitz, distance, part }.without_dead()
    }

    /// States that a value changes by at most `bound` per metre of the point, which is more than the
    /// operations alone show.
    pub(crate) fn declare(&mut self, id: Id, bound: f32) {
        if let Some(known) = self.lipschitz.get_mut(id.index()) {
            *known = known.min(bound);
        }
    }

    /// A copy of a value that shares nothing with it, so that a bound may be declared for it alone.
    pub(crate) fn constant(&mut self, value: f32) -> Id {
        self.push(Op::Const(value))
    }

    /// The operation at a place; that of a full tape means nothing.
    pub(crate) fn op(&self, id: Id) -> Op {
        self.ops.get(id.index()).copied().unwrap_or(Op::Const(0.0))
    }

    /// The number that a value is everywhere, if it is a constant.
    pub(crate) fn value(&self, id: Id) -> Option<f32> {
        match self.ops.get(id.index()) {
            Some(&Op::Const(value)) => Some(value),
            _ => None,
        }
    }

    fn push(&mut self, op: Op) -> Id {
        if self.full {
            return Id(0);
        }
        let key = key(&op);
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        let foldable = op.operands().next().is_some() && op.operands().all(|id| self.value(id).is_some());
        if foldable {
            let value = op.apply([0.0; 3], |id| self.value(id).unwrap_or(0.0));
            return self.push(Op::Const(value));
        }
        if self.ops.len() >= MAX_TAPE_OPS {
            self.full = true;
            return Id(0);
        }
        let id = Id(self.ops.len() as u32);
        let bound = self.bound(&op);
        self.ops.push(op);
        self.lipschitz.push(bound);
        self.known.insert(key, id);
        id
    }

    /// What the operands' bounds say about the result's.
    fn bound(&self, op: &Op) -> f32 {
        let of = |id: Id| self.lipschitz[id.index()];
        match *op {
            Op::X | Op::Y | Op::Z => 1.0,
            Op::Const(_) => 0.0,
            Op::Neg(a) | Op::Abs(a) | Op::Sin(a) | Op::Cos(a) => of(a),
            Op::Add(a, b) | Op::Sub(a, b) => of(a) + of(b),
            Op::Min(a, b) | Op::Max(a, b) | Op::SmoothMin(a, b, _) | Op::SmoothMax(a, b, _) => {
                of(a).max(of(b))
            }
            Op::ChamferMin(a, b, _) | Op::ChamferMax(a, b, _) => chamfer_bound(of(a), of(b)),
            Op::Mul(a, b) => match (self.value(a), self.value(b)) {
                (Some(s), _) => s.abs() * of(b),
                (_, Some(s)) => s.abs() * of(a),
                _ => f32::INFINITY,
            },
            Op::Div(a, b) => self.value(b).map_or(f32::INFINITY, |s| of(a) / s.abs()),
            // Of vectors whose parts are known only one by one. Mostly more is known, and declared.
            Op::Length2(a, b) | Op::Corner2(a, b) => of(a).hypot(of(b)),
            Op::Length3(a, b, c) | Op::Corner3(a, b, c) => of(a).hypot(of(b)).hypot(of(c)),
            Op::Sqrt(_) | Op::Square(_) | Op::Floor(_) | Op::Atan2(..) | Op::Less(..) | Op::Select(..) => {
                f32::INFINITY
            }
        }
    }

    pub(crate) fn x(&mut self) -> Id {
        self.push(Op::X)
    }

    pub(crate) fn y(&mut self) -> Id {
        self.push(Op::Y)
    }

    pub(crate) fn z(&mut self) -> Id {
        self.push(Op::Z)
    }

    pub(crate) fn neg(&mut self, a: Id) -> Id {
        if let Some(&Op::Neg(inner)) = self.ops.get(a.index()) {
            return inner;
        }
        self.push(Op::Neg(a))
    }

    pub(crate) fn abs(&mut self, a: Id) -> Id {
        self.push(Op::Abs(a))
    }

    pub(crate) fn sqrt(&mut self, a: Id) -> Id {
        self.push(Op::Sqrt(a))
    }

    pub(crate) fn square(&mut self, a: Id) -> Id {
        self.push(Op::Square(a))
    }

    pub(crate) fn sin(&mut self, a: Id) -> Id {
        self.push(Op::Sin(a))
    }

    pub(crate) fn cos(&mut self, a: Id) -> Id {
        self.push(Op::Cos(a))
    }

    pub(crate) fn floor(&mut self, a: Id) -> Id {
        self.push(Op::Floor(a))
    }

    pub(crate) fn add(&mut self, a: Id, b: Id) -> Id {
        match (self.value(a), self.value(b)) {
            (Some(0.0), _) => b,
            (_, Some(0.0)) => a,
            // The order does not change the sum; one order lets equal sums be found.
            _ if b < a => self.push(Op::Add(b, a)),
            _ => self.push(Op::Add(a, b)),
        }
    }

    pub(crate) fn sub(&mut self, a: Id, b: Id) -> Id {
        match (self.value(a), self.value(b)) {
            (_, Some(0.0)) => a,
            (Some(0.0), _) => self.neg(b),
            _ => self.push(Op::Sub(a, b)),
        }
    }

    pub(crate) fn mul(&mut self, a: Id, b: Id) -> Id {
        match (self.value(a), self.value(b)) {
            (Some(1.0), _) => b,
            (_, Some(1.0)) => a,
            (Some(0.0), _) => a,
            (_, Some(0.0)) => b,
            (Some(-1.0), _) => self.neg(b),
            (_, Some(-1.0)) => self.neg(a),
            _ if a == b => self.square(a),
            _ if b < a => self.push(Op::Mul(b, a)),
            _ => self.push(Op::Mul(a, b)),
        }
    }

    /// The caller makes sure that `b` is never 0.
    pub(crate) fn div(&mut self, a: Id, b: Id) -> Id {
        if self.value(b) == Some(1.0) { a } else { self.push(Op::Div(a, b)) }
    }

    pub(crate) fn min(&mut self, a: Id, b: Id) -> Id {
        if a == b { a } else { self.push(Op::Min(a, b)) }
    }

    pub(crate) fn max(&mut self, a: Id, b: Id) -> Id {
        if a == b { a } else { self.push(Op::Max(a, b)) }
    }

    pub(crate) fn atan2(&mut self, y: Id, x: Id) -> Id {
        self.push(Op::Atan2(y, x))
    }

    pub(crate) fn less(&mut self, a: Id, b: Id) -> Id {
        self.push(Op::Less(a, b))
    }

    pub(crate) fn select(&mut self, condition: Id, a: Id, b: Id) -> Id {
        if a == b {
            return a;
        }
        match self.value(condition) {
            Some(0.0) => b,
            Some(_) => a,
            None => self.push(Op::Select(condition, a, b)),
        }
    }

    pub(crate) fn smooth_min(&mut self, a: Id, b: Id, radius: f32) -> Id {
        self.push(Op::SmoothMin(a, b, radius))
    }

    pub(crate) fn smooth_max(&mut self, a: Id, b: Id, radius: f32) -> Id {
        self.push(Op::SmoothMax(a, b, radius))
    }

    pub(crate) fn chamfer_min(&mut self, a: Id, b: Id, radius: f32) -> Id {
        self.push(Op::ChamferMin(a, b, radius))
    }

    pub(crate) fn chamfer_max(&mut self, a: Id, b: Id, radius: f32) -> Id {
        self.push(Op::ChamferMax(a, b, radius))
    }

    // Shorthands with numbers.

    pub(crate) fn add_c(&mut self, a: Id, c: f32) -> Id {
        let c = self.constant(c);
        self.add(a, c)
    }

    pub(crate) fn sub_c(&mut self, a: Id, c: f32) -> Id {
        let c = self.constant(c);
        self.sub(a, c)
    }

    pub(crate) fn mul_c(&mut self, a: Id, c: f32) -> Id {
        let c = self.constant(c);
        self.mul(a, c)
    }

    pub(crate) fn min_c(&mut self, a: Id, c: f32) -> Id {
        let c = self.constant(c);
        self.min(a, c)
    }

    pub(crate) fn max_c(&mut self, a: Id, c: f32) -> Id {
        let c = self.constant(c);
        self.max(a, c)
    }

    pub(crate) fn clamp_c(&mut self, a: Id, lo: f32, hi: f32) -> Id {
        let low = self.max_c(a, lo);
        self.min_c(low, hi)
    }

    /// Length of a vector that changes by at most `bound` per metre.
    pub(crate) fn length2(&mut self, a: Id, b: Id, bound: f32) -> Id {
        let length = self.push(Op::Length2(a, b));
        self.declare(length, bound);
        length
    }

    /// Length of a vector that changes by at most `bound` per metre.
    pub(crate) fn length3(&mut self, [a, b, c]: [Id; 3], bound: f32) -> Id {
        let length = self.push(Op::Length3(a, b, c));
        self.declare(length, bound);
        length
    }

    /// Distance to a quadrant in a plane whose coordinates together change by at most `bound` per metre.
    pub(crate) fn corner2(&mut self, a: Id, b: Id, bound: f32) -> Id {
        let distance = self.push(Op::Corner2(a, b));
        self.declare(distance, bound);
        distance
    }

    /// Distance to an octant in a space whose coordinates together change by at most `bound` per metre.
    pub(crate) fn corner3(&mut self, [a, b, c]: [Id; 3], bound: f32) -> Id {
        let distance = self.push(Op::Corner3(a, b, c));
        self.declare(distance, bound);
        distance
    }
}

/// Bound of a chamfer whose operands have bounds `a` and `b`.
pub(crate) fn chamfer_bound(a: f32, b: f32) -> f32 {
    a.max(b).max((a + b) * std::f32::consts::FRAC_1_SQRT_2)
}
