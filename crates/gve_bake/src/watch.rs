//! Who looks on while a stage of a bake runs.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::BakeError;

/// Who wants to know how far one stage is, and may stop it; called from many threads at once.
///
/// Implemented for `()`: nobody.
pub trait Watch: Sync {
    /// Told now and then which share of the stage is done, 0 to 1. Threads overtake each other, so a
    /// smaller share may follow a larger one.
    fn progress(&self, share: f32);

    /// Asked often, at least once for every few thousand samples; after `true` the stage ends with
    /// [`BakeError::Cancelled`].
    fn is_cancelled(&self) -> bool;
}

impl Watch for () {
    fn progress(&self, _: f32) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}

/// [`BakeError::Cancelled`] if nobody wants the result any more.
pub(crate) fn check(watch: &dyn Watch) -> Result<(), BakeError> {
    if watch.is_cancelled() { Err(BakeError::Cancelled) } else { Ok(()) }
}

/// Counts the finished parts of a loop that takes the stage from one share to another.
pub(crate) struct Meter<'a> {
    watch: &'a dyn Watch,
    done: AtomicUsize,
    total: usize,
    from: f32,
    to: f32,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(watch: &'a dyn Watch, total: usize, [from, to]: [f32; 2]) -> Self {
        Self { watch, done: AtomicUsize::new(0), total: total.max(1), from, to }
    }

    /// Whether the rest of the loop should be left out; its results are thrown away.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.watch.is_cancelled()
    }

    /// One more part is done.
    pub(crate) fn count(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        // Some sixty reports per loop, whatever the number of its parts.
        if done == self.total || done.is_multiple_of(self.total.div_ceil(64)) {
            let share = done as f32 / self.total as f32;
            self.watch.progress(self.from + (self.to - self.from) * share);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::sync::Mutex;

    use gve_sdf::Field;

    use super::*;
    use crate::{
        shell, splats,
        test_recipes::{STILL_LIFE, field},
        volume,
    };

    /// Says stop after so many questions.
    struct StopAfter {
        questions: AtomicUsize,
        limit: usize,
        shares: Mutex<Vec<f32>>,
    }

    impl StopAfter {
        fn new(limit: usize) -> Self {
            Self { questions: AtomicUsize::new(0), limit, shares: Mutex::default() }
        }
    }

    impl Watch for StopAfter {
        fn progress(&self, share: f32) {
            self.shares.lock().unwrap().push(share);
        }

        fn is_cancelled(&self) -> bool {
            self.questions.fetch_add(1, Ordering::Relaxed) >= self.limit
        }
    }

    fn ends_wherever_it_is_told_to<T: PartialEq>(stage: impl Fn(&Field, &dyn Watch) -> Result<T, BakeError>) {
        let field = field(STILL_LIFE);
        let patient = StopAfter::new(usize::MAX);
        let watched = stage(&field, &patient).ok();
        assert!(watched == stage(&field, &()).ok() && watched.is_some(), "being watched shows");
        let asked = patient.questions.into_inner();
        let shares = patient.shares.into_inner().unwrap();
        assert!(asked > 50 && shares.len() > 4, "{asked} questions, {} reports", shares.len());
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        assert!(shares.iter().any(|share| (0.2..0.8).contains(share)), "{shares:?}");
        for part in 0..12 {
            let watch = StopAfter::new(asked * part / 12);
            assert!(matches!(stage(&field, &watch), Err(BakeError::Cancelled)), "after {part}/12");
        }
    }

    #[test]
    fn a_volume_ends_wherever_it_is_told_to() {
        ends_wherever_it_is_told_to(|field, watch| {
            volume::bake_watched(field, volume::VolumeOptions::new(48), watch)
        });
    }

    #[test]
    fn a_shell_ends_wherever_it_is_told_to() {
        ends_wherever_it_is_told_to(|field, watch| shell::generate_watched(field, 48, watch));
    }

    #[test]
    fn a_cloud_ends_wherever_it_is_told_to() {
        ends_wherever_it_is_told_to(|field, watch| splats::seed_watched(field, 4000, watch));
    }
}
