//! Timing things side by side, and writing down what came out.

use std::time::{Duration, Instant};

use serde::Serialize;

/// One line of the report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// Unit of `value`, `min`, `max` and `peer_value`.
    pub(crate) unit: &'static str,
    /// The median.
    pub(crate) value: f64,
    /// The smallest value.
    pub(crate) min: f64,
    /// The largest value.
    pub(crate) max: f64,
    /// How many runs.
    pub(crate) runs: usize,
    /// What it is compared with, measured in turn with it.
    pub(crate) peer: Option<Peer>,
    /// What should be reached.
    pub(crate) aim: Option<String>,
    /// What else is worth knowing.
    pub(crate) note: String,
}

/// The same job done by somebody else.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Peer {
    /// Who.
    pub(crate) name: String,
    /// Its median.
    pub(crate) value: f64,
    /// The median of the ratios peer / ours, run by run.
    pub(crate) ratio: f64,
}

/// Milliseconds of each run of a job.
#[derive(Debug, Clone)]
pub(crate) struct Times(Vec<f64>);

impl From<Vec<f64>> for Times {
    fn from(millis: Vec<f64>) -> Self {
        Self(millis)
    }
}

impl Times {
    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// The middle run.
    pub(crate) fn median(&self) -> f64 {
        median(&self.sorted())
    }

    /// A figure of these times.
    pub(crate) fn figure(&self, name: impl Into<String>) -> Figure {
        let sorted = self.sorted();
        Figure {
            name: name.into(),
            unit: "ms",
            value: median(&sorted),
            min: sorted.first().copied().unwrap_or(f64::NAN),
            max: sorted.last().copied().unwrap_or(f64::NAN),
            runs: sorted.len(),
            peer: None,
            aim: None,
            note: String::new(),
        }
    }
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Figure {
    /// A single number that is not a time.
    pub(crate) fn number(name: impl Into<String>, unit: &'static str, value: f64) -> Self {
        Self {
            name: name.into(),
            unit,
            value,
            min: value,
            max: value,
            runs: 1,
            peer: None,
            aim: None,
            note: String::new(),
        }
    }

    /// Beside a peer whose runs were taken in turn with ours.
    pub(crate) fn beside(mut self, name: &str, ours: &Times, theirs: &Times) -> Self {
        let mut ratios: Vec<f64> = ours.0.iter().zip(&theirs.0).map(|(a, b)| b / a).collect();
        ratios.sort_by(f64::total_cmp);
        self.peer = Some(Peer { name: name.to_owned(), value: theirs.median(), ratio: median(&ratios) });
        self
    }

    /// With what should be reached.
    pub(crate) fn aim(mut self, aim: impl Into<String>) -> Self {
        self.aim = Some(aim.into());
        self
    }

    /// With a remark.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// How long a job is run before its runs count, at least once: a core that had nothing to do takes some tens of
/// milliseconds to get up to speed, and caches are full of what ran before.
const WARM_UP: Duration = Duration::from_millis(100);

/// Times a job after some runs that do not count.
pub(crate) fn time<T>(runs: usize, mut job: impl FnMut() -> T) -> (Times, T) {
    let warm_up = Instant::now();
    let mut last = job();
    while warm_up.elapsed() < WARM_UP {
        last = job();
    }
    let times = (0..runs)
        .map(|_| {
            let started = Instant::now();
            last = job();
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    (Times(times), last)
}

/// Times two jobs in turn, so that both meet the same machine; each is warmed up anew.
pub(crate) fn time_in_turn<A, B>(
    runs: usize,
    mut ours: impl FnMut() -> A,
    mut theirs: impl FnMut() -> B,
) -> ((Times, A), (Times, B)) {
    let (mut a_times, mut b_times) = (Vec::new(), Vec::new());
    loop {
        let (a_time, a) = time(1, &mut ours);
        let (b_time, b) = time(1, &mut theirs);
        a_times.extend(a_time.0);
        b_times.extend(b_time.0);
        if a_times.len() >= runs {
            return ((Times(a_times), a), (Times(b_times), b));
        }
    }
}
