//! When an order is made anew, and where: one budget for all objects and cameras.

use std::sync::Arc;

use bevy::{
    math::Vec3A,
    tasks::{AsyncComputeTaskPool, Task, futures::check_ready},
};

use super::sort::{DepthSorter, Eye, SortPoints};

/// Splats that are sorted while a frame waits, of all objects and cameras together: about a millisecond. The rest
/// is sorted beside the frames, and meanwhile drawn in the order that is there.
const BUDGET: u32 = 200_000;
/// However many objects share the budget, one that has no order that can be drawn gets one of so many splats.
const FEWEST: u32 = 256;
/// An order cannot be drawn when the eye has gone around the object by more than this since (the cosine of 11
/// degrees): splats that face the eye now were left out then.
const LARGEST_TURN: f32 = 0.98;
/// Sorts that run beside the frames at a time, for each thread: more would only make the later ones late.
const JOBS_PER_THREAD: usize = 2;
/// What a frame of waiting weighs against the turn of an eye (one minus its cosine), so that everything gets its
/// turn.
const WAITING: f32 = 1e-3;

/// The order that is wanted of one object for one camera.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) points: Arc<SortPoints>,
    /// The first so many of them.
    pub(super) count: u32,
    pub(super) eye: Eye,
    /// Middle of the object in its own space.
    pub(super) center: Vec3A,
}

impl Wanted {
    fn is_met_by(&self, sorted: &Self) -> bool {
        Arc::ptr_eq(&self.points, &sorted.points) && self.count == sorted.count && self.eye == sorted.eye
    }

    /// How far the eye has gone around the object since an order was made, as one minus a cosine; `None` when that
    /// order cannot be drawn any more.
    fn lag_of(&self, sorted: &Self) -> Option<f32> {
        let cosine = sorted.eye.direction_from(self.center).dot(self.eye.direction_from(self.center));
        let is_usable = Arc::ptr_eq(&self.points, &sorted.points) && cosine > LARGEST_TURN;
        is_usable.then_some(1.0 - cosine)
    }
}

/// The order of one object for one camera, kept until either moves.
#[derive(Default)]
pub(super) struct Sorting {
    /// What the order that is drawn was made for.
    sorted: Option<Wanted>,
    /// A sort that runs beside the frames.
    job: Option<Task<(DepthSorter, Wanted)>>,
    /// Frames since the order was up to date.
    waited: u32,
}

impl Sorting {
    /// How many splats the order is of, before those that face away are left out.
    pub(super) fn count(&self) -> u32 {
        self.sorted.as_ref().map_or(0, |sorted| sorted.count)
    }

    pub(super) fn has_job(&self) -> bool {
        self.job.is_some()
    }

    /// Takes over the order of a job that is done and gives it back; drops a job that nobody waits for any more.
    fn finish_job(&mut self, wanted: &Wanted, sorters: &mut Sorters) -> Option<DepthSorter> {
        let (sorter, sorted) = check_ready(self.job.as_mut()?)?;
        self.job = None;
        if wanted.lag_of(&sorted).is_none() {
            sorters.put(sorter);
            return None;
        }
        self.sorted = Some(sorted);
        Some(sorter)
    }

    /// What has to be done, if the order is not up to date.
    fn demand(&mut self, wanted: &Wanted) -> Option<Demand> {
        if self.sorted.as_ref().is_some_and(|sorted| wanted.is_met_by(sorted)) {
            self.waited = 0;
            return None;
        }
        self.waited += 1;
        let lag = self.sorted.as_ref().and_then(|sorted| wanted.lag_of(sorted));
        let urgency = lag.map(|lag| lag + WAITING * self.waited as f32);
        Some(Demand { count: wanted.count, urgency, granted: 0 })
    }

    fn start_job(&mut self, wanted: &Wanted, sorters: &mut Sorters) {
        let Some(pool) = AsyncComputeTaskPool::try_get() else { return };
        let mut sorter = sorters.take();
        let wanted = wanted.clone();
        self.job = Some(pool.spawn(async move {
            sorter.sort(&wanted.points, wanted.count as usize, &wanted.eye);
            (sorter, wanted)
        }));
    }
}

/// An order that is not up to date.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Demand {
    /// Splats.
    count: u32,
    /// How badly the order that is there is out of date; `None` when it cannot be drawn.
    urgency: Option<f32>,
    /// How many splats are sorted while the frame waits.
    granted: u32,
}

/// Shares the budget out. What cannot be drawn otherwise comes first: each such object gets at least the first
/// splats, which are the most important ones. What is left goes to whole orders, the most urgent first.
fn share_out(mut budget: u32, demands: &mut [Demand]) {
    let mut unusable: Vec<&mut Demand> =
        demands.iter_mut().filter(|demand| demand.urgency.is_none()).collect();
    // From the smallest: what one does not need is shared by the rest.
    unusable.sort_by_key(|demand| demand.count);
    let mut sharers = unusable.len() as u32;
    for demand in unusable {
        demand.granted = demand.count.min((budget / sharers).max(FEWEST));
        budget = budget.saturating_sub(demand.granted);
        sharers -= 1;
    }
    let mut late: Vec<&mut Demand> = demands.iter_mut().filter(|demand| demand.urgency.is_some()).collect();
    late.sort_by(|a, b| b.urgency.partial_cmp(&a.urgency).unwrap_or(std::cmp::Ordering::Equal));
    for demand in late {
        if demand.count <= budget {
            demand.granted = demand.count;
            budget -= demand.count;
        }
    }
}

/// The buffers of sorts, shared by all objects: as many as there are sorts at a time.
#[derive(Default)]
pub(super) struct Sorters {
    idle: Vec<DepthSorter>,
}

impl Sorters {
    fn take(&mut self) -> DepthSorter {
        self.idle.pop().unwrap_or_default()
    }

    fn put(&mut self, sorter: DepthSorter) {
        self.idle.push(sorter);
    }

    /// Brings orders up to date as far as a frame has time for it; `jobs` sorts run beside the frames already.
    /// `ready` gets each new order, with the index of its object. Returns how many splats were sorted meanwhile.
    pub(super) fn sort(
        &mut self,
        objects: &mut [(&mut Sorting, Wanted)],
        mut jobs: usize,
        mut ready: impl FnMut(usize, &[u32]),
    ) -> u32 {
        let mut demands = Vec::new();
        for (index, (sorting, wanted)) in objects.iter_mut().enumerate() {
            if let Some(sorter) = sorting.finish_job(wanted, self) {
                ready(index, sorter.order());
                self.put(sorter);
            }
            if let Some(demand) = sorting.demand(wanted) {
                demands.push((index, demand));
            }
        }
        let (indices, mut demands): (Vec<usize>, Vec<Demand>) = demands.into_iter().unzip();
        share_out(BUDGET, &mut demands);
        let mut sorter = self.take();
        let mut sorted = 0;
        for (&index, demand) in indices.iter().zip(&demands).filter(|(_, demand)| demand.granted > 0) {
            let (sorting, wanted) = &mut objects[index];
            let now = Wanted { count: demand.granted, ..wanted.clone() };
            ready(index, sorter.sort(&now.points, now.count as usize, &now.eye));
            sorted += now.count;
            sorting.sorted = Some(now);
        }
        self.put(sorter);
        // The rest beside the frames, the most urgent first.
        let mut rest: Vec<_> =
            indices.into_iter().zip(demands).filter(|(_, demand)| demand.granted < demand.count).collect();
        let weight = |demand: &Demand| demand.urgency.unwrap_or(f32::INFINITY);
        rest.sort_by(|(_, a), (_, b)| weight(b).total_cmp(&weight(a)));
        let threads = AsyncComputeTaskPool::try_get().map_or(0, |pool| pool.thread_num().max(1));
        for (index, _) in rest {
            let (sorting, wanted) = &mut objects[index];
            if jobs < JOBS_PER_THREAD * threads && !sorting.has_job() {
                sorting.start_job(wanted, self);
                jobs += 1;
            }
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

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

    fn wanted(points: &Arc<SortPoints>, count: u32, eye: Eye) -> Wanted {
        Wanted { points: points.clone(), count, eye, center: Vec3A::ZERO }
    }

    /// Objects that share sorters.
    struct Scene {
        sorters: Sorters,
        objects: Vec<(Sorting, Arc<SortPoints>)>,
    }

    impl Scene {
        fn new(objects: usize, points: &Arc<SortPoints>) -> Self {
            AsyncComputeTaskPool::get_or_init(Default::default);
            let objects = (0..objects).map(|_| (Sorting::default(), points.clone())).collect();
            Self { sorters: Sorters::default(), objects }
        }

        /// One frame: the lengths of the orders that came, and how many splats the frame waited for.
        fn frame(&mut self, count: u32, eye: Eye) -> (Vec<(usize, usize)>, u32) {
            let jobs = self.objects.iter().filter(|(sorting, _)| sorting.has_job()).count();
            let mut objects: Vec<_> = self
                .objects
                .iter_mut()
                .map(|(sorting, points)| (sorting, wanted(points, count, eye)))
                .collect();
            let mut came = Vec::new();
            let sorted =
                self.sorters.sort(&mut objects, jobs, |index, order| came.push((index, order.len())));
            (came, sorted)
        }

        /// Frames until every order is whole and up to date; none may wait for more than the budget.
        fn settle(&mut self, count: u32, eye: Eye) {
            let deadline = Instant::now() + Duration::from_secs(60);
            let is_done = |(sorting, points): &(Sorting, Arc<SortPoints>)| {
                sorting.sorted.as_ref().is_some_and(|sorted| wanted(points, count, eye).is_met_by(sorted))
            };
            while !self.objects.iter().all(is_done) {
                assert!(Instant::now() < deadline, "some order never came");
                let (_, sorted) = self.frame(count, eye);
                assert!(sorted <= BUDGET, "{sorted} splats were sorted in a frame");
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn an_order_is_kept_until_something_moves() {
        let mut scene = Scene::new(1, &line(100));
        assert_eq!(scene.frame(100, eye(0.0, 0.0)), (vec![(0, 100)], 100));
        assert_eq!(scene.frame(100, eye(0.0, 0.0)), (vec![], 0), "nothing moved");
        assert_eq!(scene.frame(100, eye(1.0, 0.0)), (vec![(0, 100)], 100), "the eye moved");
        assert_eq!(scene.frame(50, eye(1.0, 0.0)), (vec![(0, 50)], 50), "fewer are wanted");
        scene.objects[0].1 = line(80);
        assert_eq!(scene.frame(80, eye(1.0, 0.0)), (vec![(0, 80)], 80), "the asset was reloaded");
    }

    #[test]
    fn a_moving_camera_waits_for_one_budget_however_many_clouds_there_are() {
        const CLOUDS: usize = 12;
        const SPLATS: u32 = 60_000;
        let mut scene = Scene::new(CLOUDS, &line(SPLATS));
        let (came, sorted) = scene.frame(SPLATS, eye(0.0, 0.0));
        assert!(sorted <= BUDGET, "{sorted} splats were sorted in the first frame");
        assert_eq!(came.len(), CLOUDS, "each has something to show from the first frame on");
        assert!(came.iter().all(|(_, len)| *len >= 10_000), "{came:?}");
        scene.settle(SPLATS, eye(0.0, 0.0));
        for step in 1..20 {
            let (_, sorted) = scene.frame(SPLATS, eye(0.02 * step as f32, 0.0));
            assert!(sorted <= BUDGET, "{sorted} splats were sorted in frame {step}");
        }
        // A cut to the other side.
        let (came, sorted) = scene.frame(SPLATS, eye(0.0, 30.0));
        assert!(sorted <= BUDGET, "{sorted} splats were sorted after a cut");
        let cut: std::collections::HashSet<_> = came.iter().map(|(index, _)| *index).collect();
        assert_eq!(cut.len(), CLOUDS, "no order of the old place is drawn from the new one");
        scene.settle(SPLATS, eye(0.0, 30.0));
    }

    #[test]
    fn another_number_of_splats_waits_for_nothing() {
        let count = 2 * BUDGET;
        let mut scene = Scene::new(1, &line(count));
        let (came, sorted) = scene.frame(count, eye(0.0, 0.0));
        assert_eq!((came, sorted), (vec![(0, BUDGET as usize)], BUDGET), "the first splats come at once");
        scene.settle(count, eye(0.0, 0.0));
        let fewer = count - BUDGET / 2;
        assert_eq!(scene.frame(fewer, eye(0.0, 0.0)), (vec![], 0), "a step of the detail comes later");
        assert_eq!(scene.objects[0].0.count(), count, "and until then all are drawn");
        scene.settle(fewer, eye(0.0, 0.0));
        assert_eq!(scene.objects[0].0.count(), fewer);
    }

    #[test]
    fn objects_share_the_buffers_of_sorts() {
        let mut scene = Scene::new(500, &line(300));
        scene.frame(300, eye(0.0, 0.0));
        scene.frame(300, eye(0.1, 0.0));
        assert_eq!(scene.sorters.idle.len(), 1);
    }

    #[test]
    fn the_budget_goes_where_it_is_needed() {
        let demand = |count, urgency| Demand { count, urgency, granted: 0 };
        let mut demands = [
            demand(900, Some(0.1)),
            demand(5000, None),
            demand(700, Some(0.2)),
            demand(100, None),
            demand(200, Some(0.0)),
        ];
        share_out(2000, &mut demands);
        assert_eq!(demands.map(|demand| demand.granted), [0, 1900, 0, 100, 0]);
        share_out(6000, &mut demands);
        assert_eq!(demands.map(|demand| demand.granted), [0, 5000, 700, 100, 200]);
        let mut many = [demand(100_000, None); 10];
        share_out(0, &mut many);
        assert!(many.iter().all(|demand| demand.granted == FEWEST));
    }
}
