//! One bar on standard error, where a person sees it, for everything that is compiled: a sixth of each asset's share
//! for each of its stages.

use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gve_types::{compile::CompileStage, text::shown};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::compile::stage_name;

/// Steps of the bar for one stage of one asset.
const STEPS: u64 = 100;

/// The bar of everything that is compiled.
pub(crate) struct Bars {
    whole: Option<Arc<Mutex<Whole>>>,
}

/// One asset's share of the bar; it counts as done when this goes.
pub(crate) struct Bar {
    whole: Option<Arc<Mutex<Whole>>>,
    place: usize,
}

struct Whole {
    bar: ProgressBar,
    assets: Vec<Asset>,
}

struct Asset {
    name: String,
    steps: u64,
    is_done: bool,
}

fn lock(whole: &Mutex<Whole>) -> MutexGuard<'_, Whole> {
    whole.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bars {
    pub(crate) fn new(wanted: bool) -> Self {
        let is_seen = wanted && std::io::stderr().is_terminal();
        Self { whole: is_seen.then(|| Arc::new(Mutex::new(Whole::new(ProgressDrawTarget::stderr())))) }
    }

    /// An asset more.
    pub(crate) fn add(&self, name: &str) -> Bar {
        let place = self.whole.as_deref().map_or(0, |whole| lock(whole).add(&shown(name)));
        Bar { whole: self.whole.clone(), place }
    }

    /// Prints something while no bar is in the way.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match self.whole.as_deref().map(|whole| lock(whole).bar.clone()) {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Bar {
    pub(crate) fn set(&self, stage: CompileStage, share: f32) {
        if let Some(whole) = self.whole.as_deref() {
            let number = stage as u64;
            let within = (share.clamp(0.0, 1.0) * STEPS as f32) as u64;
            let mut whole = lock(whole);
            whole.assets[self.place].steps = number * STEPS + within;
            whole.show(self.place, &format!("{}/6 {} {within:>3} %", number + 1, stage_name(stage)));
        }
    }

    pub(crate) fn say(&self, message: &str) {
        if let Some(whole) = self.whole.as_deref() {
            lock(whole).show(self.place, message);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(whole) = self.whole.as_deref() {
            lock(whole).end(self.place);
        }
    }
}

impl Whole {
    fn new(target: ProgressDrawTarget) -> Self {
        Self { bar: ProgressBar::with_draw_target(Some(0), target), assets: Vec::new() }
    }

    /// An asset more; its place.
    fn add(&mut self, name: &str) -> usize {
        if self.assets.is_empty() {
            self.bar.reset();
            if let Ok(style) = ProgressStyle::with_template("{bar:36} {percent:>3} % {elapsed:>4} {msg}") {
                self.bar.set_style(style);
            }
        }
        self.assets.push(Asset { name: name.to_owned(), steps: 0, is_done: false });
        self.show(self.assets.len() - 1, "waiting");
        self.assets.len() - 1
    }

    /// Redraws the bar, with what is new about one of the assets.
    fn show(&self, place: usize, news: &str) {
        let each = STEPS * CompileStage::ALL.len() as u64;
        self.bar.set_length(each * self.assets.len() as u64);
        self.bar.set_position(self.assets.iter().map(|asset| asset.steps).sum());
        let name = &self.assets[place].name;
        self.bar.set_message(match self.assets.len() {
            1 => format!("{name}: {news}"),
            all => format!("{} of {all} done; {name}: {news}", self.done()),
        });
    }

    fn done(&self) -> usize {
        self.assets.iter().filter(|asset| asset.is_done).count()
    }

    fn end(&mut self, place: usize) {
        let asset = &mut self.assets[place];
        (asset.is_done, asset.steps) = (true, STEPS * CompileStage::ALL.len() as u64);
        if self.done() == self.assets.len() {
            // What comes later begins anew.
            self.assets.clear();
            self.bar.finish_and_clear();
        } else {
            self.show(place, "done");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bar_grows_with_the_assets_and_begins_anew_after_the_last() {
        let whole = Arc::new(Mutex::new(Whole::new(ProgressDrawTarget::hidden())));
        let bars = Bars { whole: Some(Arc::clone(&whole)) };
        let state = || {
            let whole = lock(&whole);
            (whole.bar.position(), whole.bar.length().unwrap_or(0), whole.bar.message())
        };
        let (chair, lamp) = (bars.add("Chair"), bars.add("Lamp"));
        assert_eq!(state(), (0, 1200, "0 of 2 done; Lamp: waiting".to_owned()));
        lamp.set(CompileStage::ALL[4], 0.5);
        let training = stage_name(CompileStage::ALL[4]);
        assert_eq!(state(), (450, 1200, format!("0 of 2 done; Lamp: 5/6 {training}  50 %")));
        drop(chair);
        assert_eq!(state(), (1050, 1200, "1 of 2 done; Chair: done".to_owned()));
        drop(lamp);
        let stool = bars.add("Stool");
        stool.say("the Architect is away");
        assert_eq!(state(), (0, 600, "Stool: the Architect is away".to_owned()));
    }
}
