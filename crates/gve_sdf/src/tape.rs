//! The scalar program that a recipe is lowered to.

use crate::math;

/// A value of a tape: the result of the operation at that place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(crate) u32);

impl Id {
    /// Place on the tape, from 0.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// One scalar operation. Operands are earlier places on the tape.
///
/// Lengths, corners and the four blends are fused, because pruning must see each as one operation;
/// [`mod@math`] says what each means in plain arithmetic.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// First coordinate of the point, in metres.
    X,
    /// Second coordinate.
    Y,
    /// Third coordinate.
    Z,
    /// A number.
    Const(f32),
    /// `-a`
    Neg(Id),
    /// `|a|`
    Abs(Id),
    /// Square root; 0 below 0.
    Sqrt(Id),
    /// `a * a`
    Square(Id),
    /// Sine of radians.
    Sin(Id),
    /// Cosine of radians.
    Cos(Id),
    /// The whole number at or below.
    Floor(Id),
    /// `a + b`
    Add(Id, Id),
    /// `a - b`
    Sub(Id, Id),
    /// `a * b`
    Mul(Id, Id),
    /// `a / b`
    Div(Id, Id),
    /// The smaller.
    Min(Id, Id),
    /// The larger.
    Max(Id, Id),
    /// Angle of the point (second, first).
    Atan2(Id, Id),
    /// 1 where `a < b`, else 0.
    Less(Id, Id),
    /// Second where the first is not 0, else third.
    Select(Id, Id, Id),
    /// [`math::length2`]
    Length2(Id, Id),
    /// [`math::length3`]
    Length3(Id, Id, Id),
    /// [`math::corner2`]: the distance to a product of two shapes from the distances to each.
    Corner2(Id, Id),
    /// [`math::corner3`]: the distance to a box from the distances to its sides.
    Corner3(Id, Id, Id),
    /// [`math::smooth_min`] with its radius.
    SmoothMin(Id, Id, f32),
    /// [`math::smooth_max`] with its radius.
    SmoothMax(Id, Id, f32),
    /// [`math::chamfer_min`] with its radius.
    ChamferMin(Id, Id, f32),
    /// [`math::chamfer_max`] with its radius.
    ChamferMax(Id, Id, f32),
}

impl Op {
    /// The operands, in order.
    #[inline]
    pub fn operands(&self) -> impl Iterator<Item = Id> + use<> {
        let all = match *self {
            Self::X | Self::Y | Self::Z | Self::Const(_) => [None; 3],
            Self::Neg(a)
            | Self::Abs(a)
            | Self::Sqrt(a)
            | Self::Square(a)
            | Self::Sin(a)
            | Self::Cos(a)
            | Self::Floor(a) => [Some(a), None, None],
            Self::Add(a, b)
            | Self::Sub(a, b)
            | Self::Mul(a, b)
            | Self::Div(a, b)
            | Self::Min(a, b)
            | Self::Max(a, b)
            | Self::Atan2(a, b)
            | Self::Less(a, b)
            | Self::Length2(a, b)
            | Self::Corner2(a, b)
            | Self::SmoothMin(a, b, _)
            | Self::SmoothMax(a, b, _)
            | Self::ChamferMin(a, b, _)
            | Self::ChamferMax(a, b, _) => [Some(a), Some(b), None],
            Self::Select(a, b, c) | Self::Length3(a, b, c) | Self::Corner3(a, b, c) => {
                [Some(a), Some(b), Some(c)]
            }
        };
        all.into_iter().flatten()
    }

    /// The same operation on other operands.
    #[inline(always)]
    pub(crate) fn map(self, mut f: impl FnMut(Id) -> Id) -> Self {
        match self {
            Self::X | Self::Y | Self::Z | Self::Const(_) => self,
            Self::Neg(a) => Self::Neg(f(a)),
            Self::Abs(a) => Self::Abs(f(a)),
            Self::Sqrt(a) => Self::Sqrt(f(a)),
            Self::Square(a) => Self::Square(f(a)),
            Self::Sin(a) => Self::Sin(f(a)),
            Self::Cos(a) => Self::Cos(f(a)),
            Self::Floor(a) => Self::Floor(f(a)),
            Self::Add(a, b) => Self::Add(f(a), f(b)),
            Self::Sub(a, b) => Self::Sub(f(a), f(b)),
            Self::Mul(a, b) => Self::Mul(f(a), f(b)),
            Self::Div(a, b) => Self::Div(f(a), f(b)),
            Self::Min(a, b) => Self::Min(f(a), f(b)),
            Self::Max(a, b) => Self::Max(f(a), f(b)),
            Self::Atan2(a, b) => Self::Atan2(f(a), f(b)),
            Self::Less(a, b) => Self::Less(f(a), f(b)),
            Self::Select(c, a, b) => Self::Select(f(c), f(a), f(b)),
            Self::Length2(a, b) => Self::Length2(f(a), f(b)),
            Self::Length3(a, b, c) => Self::Length3(f(a), f(b), f(c)),
            Self::Corner2(a, b) => Self::Corner2(f(a), f(b)),
            Self::Corner3(a, b, c) => Self::Corner3(f(a), f(b), f(c)),
            Self::SmoothMin(a, b, k) => Self::SmoothMin(f(a), f(b), k),
            Self::SmoothMax(a, b, k) => Self::SmoothMax(f(a), f(b), k),
            Self::ChamferMin(a, b, k) => Self::ChamferMin(f(a), f(b), k),
            Self::ChamferMax(a, b, k) => Self::ChamferMax(f(a), f(b), k),
        }
    }

    /// [`Self::operands`], one after the other: faster, for the loops that every box goes through.
    #[inline(always)]
    pub(crate) fn each_operand(self, mut f: impl FnMut(Id)) {
        self.map(|id| {
            f(id);
            id
        });
    }

    /// The operation's value at the point `p`, given the values of earlier places.
    #[inline(always)]
    pub(crate) fn apply(&self, p: [f32; 3], get: impl Fn(Id) -> f32) -> f32 {
        match *self {
            Self::X => p[0],
            Self::Y => p[1],
            Self::Z => p[2],
            Self::Const(value) => value,
            Self::Neg(a) => -get(a),
            Self::Abs(a) => get(a).abs(),
            Self::Sqrt(a) => math::sqrt(get(a)),
            Self::Square(a) => get(a) * get(a),
            Self::Sin(a) => math::sin(get(a)),
            Self::Cos(a) => math::cos(get(a)),
            Self::Floor(a) => get(a).floor(),
            Self::Add(a, b) => get(a) + get(b),
            Self::Sub(a, b) => get(a) - get(b),
            Self::Mul(a, b) => get(a) * get(b),
            Self::Div(a, b) => math::div(get(a), get(b)),
            Self::Min(a, b) => math::min(get(a), get(b)),
            Self::Max(a, b) => math::max(get(a), get(b)),
            Self::Atan2(a, b) => math::atan2(get(a), get(b)),
            Self::Less(a, b) => math::less(get(a), get(b)),
            Self::Select(c, a, b) => math::select(get(c), get(a), get(b)),
            Self::Length2(a, b) => math::length2(get(a), get(b)),
            Self::Length3(a, b, c) => math::length3(get(a), get(b), get(c)),
            Self::Corner2(a, b) => math::corner2(get(a), get(b)),
            Self::Corner3(a, b, c) => math::corner3(get(a), get(b), get(c)),
            Self::SmoothMin(a, b, k) => math::smooth_min(get(a), get(b), k),
            Self::SmoothMax(a, b, k) => math::smooth_max(get(a), get(b), k),
            Self::ChamferMin(a, b, r) => math::chamfer_min(get(a), get(b), r),
            Self::ChamferMax(a, b, r) => math::chamfer_max(get(a), get(b), r),
        }
    }

    /// The operation's name as [`Tape`] displays it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Y => "y",
            Self::Z => "z",
            Self::Const(_) => "const",
            Self::Neg(_) => "neg",
            Self::Abs(_) => "abs",
            Self::Sqrt(_) => "sqrt",
            Self::Square(_) => "square",
            Self::Sin(_) => "sin",
            Self::Cos(_) => "cos",
            Self::Floor(_) => "floor",
            Self::Add(..) => "add",
            Self::Sub(..) => "sub",
            Self::Mul(..) => "mul",
            Self::Div(..) => "div",
            Self::Min(..) => "min",
            Self::Max(..) => "max",
            Self::Atan2(..) => "atan2",
            Self::Less(..) => "less",
            Self::Select(..) => "select",
            Self::Length2(..) => "length2",
            Self::Length3(..) => "length3",
            Self::Corner2(..) => "corner2",
            Self::Corner3(..) => "corner3",
            Self::SmoothMin(..) => "smooth_min",
            Self::SmoothMax(..) => "smooth_max",
            Self::ChamferMin(..) => "chamfer_min",
            Self::ChamferMax(..) => "chamfer_max",
        }
    }
}

/// A program of scalar operations in static single assignment, with two results: the distance in
/// metres and the index of the nearest part in the field's list.
#[derive(Debug, Clone, PartialEq)]
pub struct Tape {
    pub(crate) ops: Vec<Op>,
    /// For each value, a bound on its change per metre of the point; infinite where none is known.
    pub(crate) lipschitz: Vec<f32>,
    pub(crate) distance: Id,
    pub(crate) part: Id,
}

impl Tape {
    /// The operations in order; each reads only earlier ones.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// For each operation, a bound on the change of its value per metre; infinite where none is known.
    pub fn lipschitz(&self) -> &[f32] {
        &self.lipschitz
    }

    /// Where the distance is.
    pub fn distance(&self) -> Id {
        self.distance
    }

    /// Where the part index is.
    pub fn part(&self) -> Id {
        self.part
    }

    /// Which operations the given results need.
    pub(crate) fn live(ops: &[Op], results: &[Id]) -> Vec<bool> {
        let mut live = vec![false; ops.len()];
        for result in results {
            live[result.index()] = true;
        }
        for i in (0..ops.len()).rev() {
            if live[i] {
                for operand in ops[i].operands() {
                    live[operand.index()] = true;
                }
            }
        }
        live
    }

    /// The tape without the operations that neither result needs.
    pub(crate) fn without_dead(self) -> Self {
        let live = Self::live(&self.ops, &[self.distance, self.part]);
        let (ops, lipschitz, place) = compact(&self.ops, &self.lipschitz, &live);
        Self { distance: place[self.distance.index()], part: place[self.part.index()], ops, lipschitz }
    }
}

/// Keeps the live operations: them, their bounds, and where each old place went.
pub(crate) fn compact(ops: &[Op], lipschitz: &[f32], live: &[bool]) -> (Vec<Op>, Vec<f32>, Vec<Id>) {
    let count = live.iter().filter(|&&l| l).count();
    let mut place = vec![Id(0); ops.len()];
    let (mut kept, mut bounds) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for (i, op) in ops.iter().enumerate() {
        if live[i] {
            place[i] = Id(kept.len() as u32);
            kept.push(op.map(|id| place[id.index()]));
            bounds.push(lipschitz[i]);
        }
    }
    (kept, bounds, place)
}

impl std::fmt::Display for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, op) in self.ops.iter().enumerate() {
            write!(f, "%{i} = {}", op.name())?;
            for operand in op.operands() {
                write!(f, " {operand}")?;
            }
            match op {
                Op::Const(value) => write!(f, " {value}")?,
                Op::SmoothMin(.., r)
                | Op::SmoothMax(.., r)
                | Op::ChamferMin(.., r)
                | Op::ChamferMax(.., r) => {
                    write!(f, " radius={r}")?;
                }
                _ => {}
            }
            writeln!(f)?;
        }
        writeln!(f, "distance {}", self.distance)?;
        writeln!(f, "part {}", self.part)
    }
}
