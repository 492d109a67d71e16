//! Instruction sets that loops are compiled for; the best one is chosen when the program runs.

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
    /// The best one that this machine has.
    pub(super) fn detect() -> Self {
        Self::available().last().unwrap_or(Self::Baseline)
    }

    /// What this machine has, from the plainest to the best.
    pub(super) fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let more = {
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw");
            let avx2 = is_x86_feature_detected!("avx2");
            [avx2.then_some(Self::Avx2), (avx512 && avx2).then_some(Self::Avx512)]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let more = [None; 2];
        std::iter::once(Self::Baseline).chain(more.into_iter().flatten())
    }
}

/// Runs a function over `N` lanes, compiled once for each instruction set. It must be `#[inline(always)]`, so that its
/// loops are compiled for the set of the function that calls it.
macro_rules! at_level {
    ($level:expr, $run:ident::<$lanes:ident>($($argument:ident: $type:ty),+)) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn avx2<const N: usize>($($argument: $type),+) {
            $run::<N>($($argument),+);
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
        fn avx512<const N: usize>($($argument: $type),+) {
            $run::<N>($($argument),+);
        }
        match $level {
            Level::Baseline => $run::<$lanes>($($argument),+),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                #[expect(unsafe_code, reason = "calls code for an instruction set that not all machines have")]
                // SAFETY: `Level::detect` has found AVX2 on this machine.
                unsafe {
                    avx2::<$lanes>($($argument),+);
                }
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                #[expect(unsafe_code, reason = "calls code for an instruction set that not all machines have")]
                // SAFETY: `Level::detect` has found these parts of AVX-512 on this machine.
                unsafe {
                    avx512::<$lanes>($($argument),+);
                }
            }
        }
    }};
}
pub(super) use at_level;
