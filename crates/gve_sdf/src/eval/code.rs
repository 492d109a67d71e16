//! Programs in the form that batches run: instructions on numbered slots.
//!
//! A slot holds one value for every point of a block. Slots are used again as soon as their value has
//! been read for the last time, so that a block's slots stay in the first-level cache.

use crate::tape::{Id, Op};

/// What an instruction does. `…C` take a number as second operand, `C…` as first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Do {
    Const,
    Neg,
    Abs,
    Sqrt,
    Square,
    Sin,
    Cos,
    Floor,
    Add,
    AddC,
    Sub,
    CSub,
    Mul,
    MulC,
    Div,
    DivC,
    Min,
    MinC,
    Max,
    MaxC,
    Atan2,
    Less,
    LessC,
    CLess,
    Select,
    Length2,
    Length3,
    Corner2,
    Corner3,
    SmoothMin,
    SmoothMax,
    ChamferMin,
    ChamferMax,
}

/// One instruction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instruction {
    pub(super) what: Do,
    pub(super) out: u32,
    pub(super) a: u32,
    pub(super) b: u32,
    /// Third operand.
    pub(super) c: u32,
    pub(super) number: f32,
}

/// A program on slots. Slots 0, 1 and 2 hold the coordinates and are never written.
#[derive(Debug)]
pub(crate) struct Code {
    pub(super) instructions: Vec<Instruction>,
    pub(super) slots: usize,
    pub(super) results: [u32; 2],
}

impl Code {
    pub(super) fn new(ops: &[Op], results: [Id; 2]) -> Self {
        let mut last_use = last_uses(ops, results);
        let mut slot_of = vec![u32::MAX; ops.len()];
        let mut free: Vec<u32> = Vec::new();
        let mut slots = 3;
        let mut instructions = Vec::with_capacity(ops.len());
        let number = |id: Id| match ops[id.index()] {
            Op::Const(value) => Some(value),
            _ => None,
        };
        for (i, op) in ops.iter().enumerate() {
            let coordinate = match op {
                Op::X => Some(0),
                Op::Y => Some(1),
                Op::Z => Some(2),
                _ => None,
            };
            if let Some(slot) = coordinate {
                slot_of[i] = slot;
                continue;
            }
            if last_use[i] == 0 {
                // Only read as a number inside other instructions, or not at all.
                continue;
            }
            let mut instruction = select(op, &slot_of, number);
            // Operands read for the last time free their slots first: an instruction may write where it
            // reads.
            op.each_operand(|operand| {
                let slot = slot_of[operand.index()];
                if last_use[operand.index()] == i as u32 + 1 && slot != u32::MAX && slot > 2 {
                    // Not a second time, when it is both operands.
                    last_use[operand.index()] = u32::MAX;
                    free.push(slot);
                }
            });
            instruction.out = free.pop().unwrap_or_else(|| {
                slots += 1;
                slots - 1
            });
            slot_of[i] = instruction.out;
            instructions.push(instruction);
        }
        Self { instructions, slots: slots as usize, results: results.map(|id| slot_of[id.index()]) }
    }
}

/// For each value one more than the place of the last instruction that reads its slot; 0 if none does.
fn last_uses(ops: &[Op], results: [Id; 2]) -> Vec<u32> {
    let mut last_use = vec![0; ops.len()];
    for result in results {
        last_use[result.index()] = u32::MAX;
    }
    let is_number = |id: Id| matches!(ops[id.index()], Op::Const(_));
    for (i, op) in ops.iter().enumerate().rev() {
        if last_use[i] == 0 {
            continue;
        }
        let mut read = |id: Id| last_use[id.index()] = last_use[id.index()].max(i as u32 + 1);
        match *op {
            // The number is part of the instruction.
            Op::Add(a, b) | Op::Mul(a, b) | Op::Sub(a, b) | Op::Less(a, b)
                if is_number(a) != is_number(b) =>
            {
                read(if is_number(a) { b } else { a });
            }
            Op::Div(a, b) | Op::Min(a, b) | Op::Max(a, b) if is_number(b) && !is_number(a) => read(a),
            _ => op.each_operand(read),
        }
    }
    last_use
}

fn select(op: &Op, slot_of: &[u32], number: impl Fn(Id) -> Option<f32>) -> Instruction {
    let slot = |id: Id| slot_of[id.index()];
    let make = |what, a, b, c, number| Instruction { what, out: 0, a, b, c, number };
    let one = |what, a: Id| make(what, slot(a), 0, 0, 0.0);
    let two = |what, a: Id, b: Id| make(what, slot(a), slot(b), 0, 0.0);
    let with = |what, a: Id, value| make(what, slot(a), 0, 0, value);
    match *op {
        Op::X | Op::Y | Op::Z => make(Do::Const, 0, 0, 0, 0.0),
        Op::Const(value) => make(Do::Const, 0, 0, 0, value),
        Op::Neg(a) => one(Do::Neg, a),
        Op::Abs(a) => one(Do::Abs, a),
        Op::Sqrt(a) => one(Do::Sqrt, a),
        Op::Square(a) => one(Do::Square, a),
        Op::Sin(a) => one(Do::Sin, a),
        Op::Cos(a) => one(Do::Cos, a),
        Op::Floor(a) => one(Do::Floor, a),
        Op::Add(a, b) => match (number(a), number(b)) {
            (None, Some(value)) => with(Do::AddC, a, value),
            (Some(value), None) => with(Do::AddC, b, value),
            _ => two(Do::Add, a, b),
        },
        Op::Sub(a, b) => match (number(a), number(b)) {
            // a - c and a + (-c) are the same number.
            (None, Some(value)) => with(Do::AddC, a, -value),
            (Some(value), None) => with(Do::CSub, b, value),
            _ => two(Do::Sub, a, b),
        },
        Op::Mul(a, b) => match (number(a), number(b)) {
            (None, Some(value)) => with(Do::MulC, a, value),
            (Some(value), None) => with(Do::MulC, b, value),
            _ => two(Do::Mul, a, b),
        },
        Op::Div(a, b) => match (number(a), number(b)) {
            (None, Some(value)) => with(Do::DivC, a, value),
            _ => two(Do::Div, a, b),
        },
        Op::Min(a, b) => match (number(a), number(b)) {
            (None, Some(value)) => with(Do::MinC, a, value),
            _ => two(Do::Min, a, b),
        },
        Op::Max(a, b) => match (number(a), number(b)) {
            (None, Some(value)) => with(Do::MaxC, a, value),
            _ => two(Do::Max, a, b),
        },
        Op::Atan2(a, b) => two(Do::Atan2, a, b),
        Op::Less(a, b) => match (number(a), number(b)) {
            (None, Some(value)) => with(Do::LessC, a, value),
            (Some(value), None) => with(Do::CLess, b, value),
            _ => two(Do::Less, a, b),
        },
        Op::Select(c, a, b) => make(Do::Select, slot(c), slot(a), slot(b), 0.0),
        Op::Length2(a, b) => two(Do::Length2, a, b),
        Op::Length3(a, b, c) => make(Do::Length3, slot(a), slot(b), slot(c), 0.0),
        Op::Corner2(a, b) => two(Do::Corner2, a, b),
        Op::Corner3(a, b, c) => make(Do::Corner3, slot(a), slot(b), slot(c), 0.0),
        Op::SmoothMin(a, b, k) => make(Do::SmoothMin, slot(a), slot(b), 0, k),
        Op::SmoothMax(a, b, k) => make(Do::SmoothMax, slot(a), slot(b), 0, k),
        Op::ChamferMin(a, b, r) => make(Do::ChamferMin, slot(a), slot(b), 0, r),
        Op::ChamferMax(a, b, r) => make(Do::ChamferMax, slot(a), slot(b), 0, r),
    }
}
