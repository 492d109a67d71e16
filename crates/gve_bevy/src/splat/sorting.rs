//! When an order is made anew, and where.

use std::sync::Arc;

use bevy::{
    math::Vec3A,
    tasks::{AsyncComputeTaskPool, Task, futures::check_ready},
};

use super::sort::{DepthSorter, Eye, SortPoints};

/// Up to this many splats are sorted while the frame waits (about a millisecond); more are sorted beside it.
const SORT_AT_ONCE: u32 = 200_000;
/// An eye that has gone around the object by more than this (the cosine of 8 degrees) since the last order is
/// not shown that order, however many splats there are.
const LARGEST_TURN: f32 = 0.99;

/// What an order was made for.
#[derive(Clone)]
struct SortedFor {
    points: Arc<SortPoints>,
    count: u32,
    eye: Eye,
}

/// The order of one object for one camera, kept until either moves.
#[derive(Default)]
pub(super) struct Sorting {
    current: DepthSorter,
    sorted_for: Option<SortedFor>,
    /// A sort that runs beside the frames; meanwhile the current order is drawn.
    job: Option<Task<(DepthSorter, SortedFor)>>,
    /// The buffers of the next job.
    spare: Option<DepthSorter>,
}

impl Sorting {
    /// Brings the order of the first `count` points up to date and returns it when it is a new one.
    ///
    /// `center` is the middle of the object in its own space.
    pub(super) fn update(
        &mut self,
        points: &Arc<SortPoints>,
        count: u32,
        eye: Eye,
        center: Vec3A,
    ) -> Option<&[u32]> {
        let wanted = SortedFor { points: points.clone(), count, eye };
        let is_new = self.finish_job(&wanted);
        let sorted = self.sorted_for.as_ref().filter(|sorted| sorted.fits(&wanted));
        let up_to_date = sorted.is_some_and(|sorted| sorted.eye == eye);
        let may_lag = sorted.is_some_and(|sorted| sorted.may_lag(&wanted, center));
        if up_to_date || may_lag && self.start_job(&wanted) {
            return is_new.then(|| self.current.order());
        }
        self.job = None;
        self.current.sort(points, count as usize, &eye);
        self.sorted_for = Some(wanted);
        Some(self.current.order())
    }

    /// Takes over the order of a job that is done, unless a reload or another count has made it useless.
    fn finish_job(&mut self, wanted: &SortedFor) -> bool {
        let Some((sorter, sorted_for)) = self.job.as_mut().and_then(check_ready) else { return false };
        self.job = None;
        let fits = sorted_for.fits(wanted);
        if fits {
            self.spare = Some(core::mem::replace(&mut self.current, sorter));
            self.sorted_for = Some(sorted_for);
        } else {
            self.spare = Some(sorter);
        }
        fits
    }

    /// Whether a job is under way now; false where there are no threads for it.
    fn start_job(&mut self, wanted: &SortedFor) -> bool {
        if self.job.is_none() {
            let Some(pool) = AsyncComputeTaskPool::try_get() else { return false };
            let mut sorter = self.spare.take().unwrap_or_default();
            let wanted = wanted.clone();
            self.job = Some(pool.spawn(async move {
                sorter.sort(&wanted.points, wanted.count as usize, &wanted.eye);
                (sorter, wanted)
            }));
        }
        true
    }
}

impl SortedFor {
    /// Whether both order the same splats.
    fn fits(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.points, &other.points) && self.count == other.count
    }

    /// Whether this order may be drawn for a few more frames although `wanted` is meant.
    fn may_lag(&self, wanted: &Self, center: Vec3A) -> bool {
        wanted.count > SORT_AT_ONCE
            && self.eye.direction_from(center).dot(wanted.eye.direction_from(center)) > LARGEST_TURN
    }
}

#[cfg(test)]
mod tests {
    use bevy::math::{Affine3A, Vec3};

    use super::*;

    fn eye(x: f32, y: f32) -> Eye {
        let camera = Affine3A::from_translation(Vec3::new(x, y, 10.0));
        Eye::new(&camera, false, &Affine3A::IDENTITY).expect("the identity can be inverted")
    }

    fn line(count: u32) -> Arc<SortPoints> {
        let points = (0..count).map(|i| (Vec3::new(0.0, 0.0, i as f32 / count as f32), Vec3::Z));
        Arc::new(points.collect())
    }

    #[test]
    fn an_order_is_kept_until_something_moves() {
        let points = line(100);
        let mut sorting = Sorting::default();
        assert_eq!(sorting.update(&points, 100, eye(0.0, 0.0), Vec3A::ZERO).map(<[u32]>::len), Some(100));
        assert_eq!(sorting.update(&points, 100, eye(0.0, 0.0), Vec3A::ZERO), None, "nothing moved");
        assert!(sorting.update(&points, 100, eye(1.0, 0.0), Vec3A::ZERO).is_some(), "the eye moved");
        assert_eq!(
            sorting.update(&points, 50, eye(1.0, 0.0), Vec3A::ZERO).map(<[u32]>::len),
            Some(50),
            "fewer are wanted"
        );
        let reloaded = line(80);
        assert_eq!(
            sorting.update(&reloaded, 80, eye(1.0, 0.0), Vec3A::ZERO).map(<[u32]>::len),
            Some(80),
            "the asset was reloaded"
        );
    }

    #[test]
    fn many_splats_are_sorted_beside_the_frame_and_a_jump_is_not_shown_late() {
        AsyncComputeTaskPool::get_or_init(Default::default);
        let count = SORT_AT_ONCE + 1;
        let points = line(count);
        let mut sorting = Sorting::default();
        assert!(
            sorting.update(&points, count, eye(0.0, 0.0), Vec3A::ZERO).is_some(),
            "the first order is waited for"
        );
        assert_eq!(
            sorting.update(&points, count, eye(0.1, 0.0), Vec3A::ZERO),
            None,
            "a small move is not waited for"
        );
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while sorting.update(&points, count, eye(0.1, 0.0), Vec3A::ZERO).is_none() {
            assert!(std::time::Instant::now() < deadline, "the order of a job never came");
            std::thread::yield_now();
        }
        assert_eq!(sorting.sorted_for.as_ref().map(|sorted| sorted.eye), Some(eye(0.1, 0.0)));
        assert!(sorting.update(&points, count, eye(9.0, 0.0), Vec3A::ZERO).is_some(), "a jump is waited for");
        assert_eq!(sorting.sorted_for.as_ref().map(|sorted| sorted.eye), Some(eye(9.0, 0.0)));
    }
}
