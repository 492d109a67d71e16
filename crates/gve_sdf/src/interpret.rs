//! The plain interpreter: one point at a time, one operation after the other.

use glam::Vec3;

use crate::tape::{Id, Tape};

/// Signed distance in metres at `p`, negative inside.
pub fn distance(tape: &Tape, p: Vec3) -> f32 {
    value(tape, tape.distance(), p)
}

/// Index of the part nearest to `p`.
pub fn part(tape: &Tape, p: Vec3) -> u16 {
    value(tape, tape.part(), p) as u16
}

/// Any value of the tape at `p`.
pub fn value(tape: &Tape, id: Id, p: Vec3) -> f32 {
    let mut values: Vec<f32> = Vec::with_capacity(id.index() + 1);
    for op in tape.ops().iter().take(id.index() + 1) {
        let value = op.apply(p.to_array(), |id| values[id.index()]);
        values.push(value);
    }
    values.last().copied().unwrap_or(f32::INFINITY)
}
