//! Bars on standard error, where a person sees them: one per asset, a sixth of it for each stage.

use std::io::IsTerminal as _;

use gve_types::{compile::CompileStage, text::shown};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::compile::stage_name;

/// Steps of a bar within one stage.
const STEPS: u64 = 100;

/// The bars of everything that is compiled.
pub(crate) struct Bars {
    all: Option<MultiProgress>,
}

/// The bar of one asset.
pub(crate) struct Bar(Option<ProgressBar>);

impl Bars {
    pub(crate) fn new(wanted: bool) -> Self {
        Self { all: (wanted && std::io::stderr().is_terminal()).then(MultiProgress::new) }
    }

    /// A bar for an asset, below those there are.
    pub(crate) fn add(&self, name: &str) -> Bar {
        Bar(self.all.as_ref().map(|all| {
            let bar = all.add(ProgressBar::new(STEPS * CompileStage::ALL.len() as u64));
            if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:36} {elapsed:>4} {msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(shown(name).into_owned());
            bar.set_message("waiting");
            bar
        }))
    }

    /// Prints something while no bar is in the way.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.all {
            Some(all) => all.suspend(print),
            None => print(),
        }
    }
}

impl Bar {
    pub(crate) fn set(&self, stage: CompileStage, share: f32) {
        if let Some(bar) = &self.0 {
            let number = stage as u64;
            let within = (share.clamp(0.0, 1.0) * STEPS as f32) as u64;
            bar.set_position(number * STEPS + within);
            bar.set_message(format!("{}/6 {} {within:>3} %", number + 1, stage_name(stage)));
        }
    }

    pub(crate) fn say(&self, message: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(message.to_owned());
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.finish();
    }
}
