//! Distances and part indices of many points at once.
//!
//! Points are taken in blocks; each instruction runs over a whole block before the next one starts, in
//! plain loops that the compiler turns into SIMD. The loops are compiled once per instruction set and
//! chosen when the program runs. All of them round alike, so results do not depend on the machine.

use super::{
    code::{Code, Do, Instruction},
    level::{Level, at_level},
};
use crate::math;

/// Points per block: long enough to hide what choosing an instruction costs, short enough for the
/// slots of a typical pruned program (about ten) to stay in 16 KiB.
pub(super) const BLOCK: usize = 256;
/// A block that is not full runs its loops over one of these numbers of points. Each is compiled for
/// itself: loops of a known length need no code for a rest.
const SMALL: usize = 16;
const MEDIUM: usize = 64;

#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Block([f32; BLOCK]);

/// Memory for batches.
#[derive(Debug)]
pub(super) struct BatchScratch {
    #[expect(clippy::vec_box, reason = "a result is moved to its slot by exchanging two pointers")]
    slots: Vec<Box<Block>>,
    spare: Box<Block>,
    level: Level,
}

impl Default for BatchScratch {
    fn default() -> Self {
        Self { slots: Vec::new(), spare: Box::new(Block([0.0; BLOCK])), level: Level::detect() }
    }
}

impl BatchScratch {
    /// Runs a program over points, block by block; `store` is given the place of each block's first point and
    /// its results.
    pub(super) fn run(
        &mut self,
        code: &Code,
        xyz: [&[f32]; 3],
        count: usize,
        mut store: impl FnMut(usize, [&[f32]; 2]),
    ) {
        let count = xyz.iter().fold(count, |n, v| n.min(v.len()));
        if self.slots.len() < code.slots {
            self.slots.resize_with(code.slots, || Box::new(Block([0.0; BLOCK])));
        }
        let mut start = 0;
        while start < count {
            let length = (count - start).min(BLOCK);
            for (slot, source) in self.slots.iter_mut().zip(xyz) {
                slot.0[..length].copy_from_slice(&source[start..start + length]);
            }
            if length <= SMALL {
                self.block::<SMALL>(&code.instructions);
            } else if length <= MEDIUM {
                self.block::<MEDIUM>(&code.instructions);
            } else {
                self.block::<BLOCK>(&code.instructions);
            }
            store(start, code.results.map(|slot| &self.slots[slot as usize].0[..length]));
            start += length;
        }
    }

    fn block<const N: usize>(&mut self, instructions: &[Instruction]) {
        let (slots, spare) = (&mut self.slots, &mut self.spare);
        at_level!(
            self.level,
            run_block::<N>(slots: &mut [Box<Block>], spare: &mut Box<Block>, instructions: &[Instruction])
        );
    }
}

#[inline(always)]
fn run_block<const N: usize>(slots: &mut [Box<Block>], spare: &mut Box<Block>, instructions: &[Instruction]) {
    for i in instructions {
        let out = &mut spare.0;
        let a = &slots[i.a as usize].0;
        let b = &slots[i.b as usize].0;
        let n = i.number;
        match i.what {
            Do::Const => out[..N].fill(n),
            Do::Neg => one::<N>(out, a, |a| -a),
            Do::Abs => one::<N>(out, a, f32::abs),
            Do::Sqrt => one::<N>(out, a, math::sqrt),
            Do::Square => one::<N>(out, a, |a| a * a),
            Do::Sin => one::<N>(out, a, math::sin),
            Do::Cos => one::<N>(out, a, math::cos),
            Do::Floor => one::<N>(out, a, f32::floor),
            Do::Add => two::<N>(out, a, b, |a, b| a + b),
            Do::AddC => one::<N>(out, a, |a| a + n),
            Do::Sub => two::<N>(out, a, b, |a, b| a - b),
            Do::CSub => one::<N>(out, a, |a| n - a),
            Do::Mul => two::<N>(out, a, b, |a, b| a * b),
            Do::MulC => one::<N>(out, a, |a| a * n),
            Do::Div => two::<N>(out, a, b, math::div),
            Do::DivC => one::<N>(out, a, |a| math::div(a, n)),
            Do::Min => two::<N>(out, a, b, math::min),
            Do::MinC => one::<N>(out, a, |a| math::min(a, n)),
            Do::Max => two::<N>(out, a, b, math::max),
            Do::MaxC => one::<N>(out, a, |a| math::max(a, n)),
            Do::Atan2 => two::<N>(out, a, b, math::atan2),
            Do::Less => two::<N>(out, a, b, math::less),
            Do::LessC => one::<N>(out, a, |a| math::less(a, n)),
            Do::CLess => one::<N>(out, a, |a| math::less(n, a)),
            Do::Select => three::<N>(out, a, b, &slots[i.c as usize].0, math::select),
            Do::Length2 => two::<N>(out, a, b, math::length2),
            Do::Length3 => three::<N>(out, a, b, &slots[i.c as usize].0, math::length3),
            Do::Corner2 => two::<N>(out, a, b, math::corner2),
            Do::Corner3 => three::<N>(out, a, b, &slots[i.c as usize].0, math::corner3),
            Do::SmoothMin => two::<N>(out, a, b, |a, b| math::smooth_min(a, b, n)),
            Do::SmoothMax => two::<N>(out, a, b, |a, b| math::smooth_max(a, b, n)),
            Do::ChamferMin => two::<N>(out, a, b, |a, b| math::chamfer_min(a, b, n)),
            Do::ChamferMax => two::<N>(out, a, b, |a, b| math::chamfer_max(a, b, n)),
        }
        std::mem::swap(spare, &mut slots[i.out as usize]);
    }
}

#[inline(always)]
fn one<const N: usize>(out: &mut [f32; BLOCK], a: &[f32; BLOCK], f: impl Fn(f32) -> f32) {
    for (out, &a) in out.iter_mut().zip(a).take(N) {
        *out = f(a);
    }
}

#[inline(always)]
fn two<const N: usize>(
    out: &mut [f32; BLOCK],
    a: &[f32; BLOCK],
    b: &[f32; BLOCK],
    f: impl Fn(f32, f32) -> f32,
) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b).take(N) {
        *out = f(a, b);
    }
}

#[inline(always)]
fn three<const N: usize>(
    out: &mut [f32; BLOCK],
    a: &[f32; BLOCK],
    b: &[f32; BLOCK],
    c: &[f32; BLOCK],
    f: impl Fn(f32, f32, f32) -> f32,
) {
    for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c).take(N) {
        *out = f(a, b, c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, eval::program::Wanted, testing};

    /// Every instruction set gives the same bits, at every length of a batch.
    #[test]
    fn instruction_sets_agree() {
        let mut checked = 0;
        for seed in 0..150 {
            let recipe = testing::random_recipe(seed);
            let Ok(field) = Field::lower(&recipe, gve_types::MaterialTable::builtin()) else { continue };
            let mut random = testing::Random::new(seed);
            for count in [1, 15, 16, 17, 64, 100, 256, 300] {
                let [xs, ys, zs] =
                    [0; 3].map(|_| (0..count).map(|_| random.range(-1.5, 1.5)).collect::<Vec<f32>>());
                let mut results = Vec::new();
                for level in Level::available() {
                    let mut scratch = BatchScratch { level, ..BatchScratch::default() };
                    let mut out = vec![0.0_f32; count];
                    let root = super::super::Evaluator::new(&field).root();
                    let code = root.0.program.code(Wanted::Distance);
                    scratch.run(code, [&xs, &ys, &zs], count, |start, [distances, _]| {
                        out[start..start + distances.len()].copy_from_slice(distances);
                    });
                    results.push(out.into_iter().map(f32::to_bits).collect::<Vec<_>>());
                }
                assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}, {count} points");
                checked += 1;
            }
        }
        assert!(checked > 1000);
    }
}
