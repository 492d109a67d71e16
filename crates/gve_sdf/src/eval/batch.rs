//! Distances and materials of many points at once.
//!
//! Points are taken in blocks; each instruction runs over a whole block before the next one starts, in
//! plain loops that the compiler turns into SIMD. The loops are compiled once per instruction set and
//! chosen when the program runs. All of them round alike, so results do not depend on the machine.

use super::code::{Code, Do, Instruction};
use crate::math;

/// Points per block: long enough to hide what choosing an instruction costs, short enough for the
/// slots of a typical pruned program (about ten) to stay in 16 KiB.
pub(super) const BLOCK: usize = 256;
/// Loops run over whole groups of this many points.
const GROUP: usize = 16;

#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Block([f32; BLOCK]);

/// Memory for batches.
#[derive(Debug)]
pub(super) struct BatchScratch {
    /// Boxed, so that an instruction's result is moved to its slot by exchanging two pointers.
    slots: Vec<Box<Block>>,
    spare: Box<Block>,
    level: Level,
}

impl Default for BatchScratch {
    fn default() -> Self {
        Self { slots: Vec::new(), spare: Box::new(Block([0.0; BLOCK])), level: Level::detect() }
    }
}

/// Instruction sets that there is code for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw")
            {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Baseline
    }
}

impl BatchScratch {
    /// Runs a program over points, block by block; `store` turns a value into what is written.
    pub(super) fn run<T>(&mut self, code: &Code, xyz: [&[f32]; 3], out: &mut [T], store: impl Fn(f32) -> T) {
        let count = xyz.iter().fold(out.len(), |n, v| n.min(v.len()));
        if self.slots.len() < code.slots {
            self.slots.resize_with(code.slots, || Box::new(Block([0.0; BLOCK])));
        }
        let mut start = 0;
        while start < count {
            let length = (count - start).min(BLOCK);
            for (slot, source) in self.slots.iter_mut().zip(xyz) {
                slot.0[..length].copy_from_slice(&source[start..start + length]);
            }
            self.block(&code.instructions, length.next_multiple_of(GROUP));
            let result = &self.slots[code.result as usize].0[..length];
            for (out, &value) in out[start..start + length].iter_mut().zip(result) {
                *out = store(value);
            }
            start += length;
        }
    }

    fn block(&mut self, instructions: &[Instruction], length: usize) {
        match self.level {
            Level::Baseline => run_block(&mut self.slots, &mut self.spare, instructions, length),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                #[expect(
                    unsafe_code,
                    reason = "calls code for an instruction set that not all machines have"
                )]
                // SAFETY: `Level::detect` has found AVX2 on this machine.
                unsafe {
                    run_block_avx2(&mut self.slots, &mut self.spare, instructions, length);
                }
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                #[expect(
                    unsafe_code,
                    reason = "calls code for an instruction set that not all machines have"
                )]
                // SAFETY: `Level::detect` has found these parts of AVX-512 on this machine.
                unsafe {
                    run_block_avx512(&mut self.slots, &mut self.spare, instructions, length);
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_block_avx2(
    slots: &mut [Box<Block>],
    spare: &mut Box<Block>,
    instructions: &[Instruction],
    length: usize,
) {
    run_block(slots, spare, instructions, length);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
fn run_block_avx512(
    slots: &mut [Box<Block>],
    spare: &mut Box<Block>,
    instructions: &[Instruction],
    length: usize,
) {
    run_block(slots, spare, instructions, length);
}

#[inline(always)]
fn run_block(slots: &mut [Box<Block>], spare: &mut Box<Block>, instructions: &[Instruction], length: usize) {
    for i in instructions {
        let out = &mut spare.0;
        let a = &slots[i.a as usize].0;
        let b = &slots[i.b as usize].0;
        let n = i.number;
        match i.what {
            Do::Const => out[..length.min(BLOCK)].fill(n),
            Do::Neg => one(out, a, length, |a| -a),
            Do::Abs => one(out, a, length, f32::abs),
            Do::Sqrt => one(out, a, length, math::sqrt),
            Do::Square => one(out, a, length, |a| a * a),
            Do::Sin => one(out, a, length, math::sin),
            Do::Cos => one(out, a, length, math::cos),
            Do::Floor => one(out, a, length, f32::floor),
            Do::Add => two(out, a, b, length, |a, b| a + b),
            Do::AddC => one(out, a, length, |a| a + n),
            Do::Sub => two(out, a, b, length, |a, b| a - b),
            Do::CSub => one(out, a, length, |a| n - a),
            Do::Mul => two(out, a, b, length, |a, b| a * b),
            Do::MulC => one(out, a, length, |a| a * n),
            Do::Div => two(out, a, b, length, math::div),
            Do::DivC => one(out, a, length, |a| math::div(a, n)),
            Do::Min => two(out, a, b, length, math::min),
            Do::MinC => one(out, a, length, |a| math::min(a, n)),
            Do::Max => two(out, a, b, length, math::max),
            Do::MaxC => one(out, a, length, |a| math::max(a, n)),
            Do::Atan2 => two(out, a, b, length, math::atan2),
            Do::Less => two(out, a, b, length, math::less),
            Do::LessC => one(out, a, length, |a| math::less(a, n)),
            Do::CLess => one(out, a, length, |a| math::less(n, a)),
            Do::Select => {
                let c = &slots[i.c as usize].0;
                for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c).take(length) {
                    *out = math::select(a, b, c);
                }
            }
            Do::SmoothMin => two(out, a, b, length, |a, b| math::smooth_min(a, b, n)),
            Do::SmoothMax => two(out, a, b, length, |a, b| math::smooth_max(a, b, n)),
            Do::ChamferMin => two(out, a, b, length, |a, b| math::chamfer_min(a, b, n)),
            Do::ChamferMax => two(out, a, b, length, |a, b| math::chamfer_max(a, b, n)),
        }
        std::mem::swap(spare, &mut slots[i.out as usize]);
    }
}

#[inline(always)]
fn one(out: &mut [f32; BLOCK], a: &[f32; BLOCK], length: usize, f: impl Fn(f32) -> f32) {
    for (out, a) in out.chunks_exact_mut(GROUP).zip(a.chunks_exact(GROUP)).take(length / GROUP) {
        for i in 0..GROUP {
            out[i] = f(a[i]);
        }
    }
}

#[inline(always)]
fn two(
    out: &mut [f32; BLOCK],
    a: &[f32; BLOCK],
    b: &[f32; BLOCK],
    length: usize,
    f: impl Fn(f32, f32) -> f32,
) {
    let groups = out.chunks_exact_mut(GROUP).zip(a.chunks_exact(GROUP)).zip(b.chunks_exact(GROUP));
    for ((out, a), b) in groups.take(length / GROUP) {
        for i in 0..GROUP {
            out[i] = f(a[i], b[i]);
        }
    }
}
