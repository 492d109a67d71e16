//! From a file renamed into place to a new picture in a running app.

use anyhow::{Context, bail};
use serde::Deserialize;
use xtask::setup::{self, Programs};

use super::figure::{Figure, Times};

const TIMES: usize = 100;

/// What the example prints.
#[derive(Deserialize)]
struct Report {
    millis: Vec<f64>,
    picture_millis: f64,
}

pub(super) fn figures() -> anyhow::Result<Vec<Figure>> {
    setup::build(Programs::All)?;
    let mut example = setup::program("examples/hot_reload")?;
    let output = example.args(["--measure", &TIMES.to_string()]).output().context("hot_reload")?;
    if !output.status.success() {
        bail!("hot_reload: {}", String::from_utf8_lossy(&output.stderr));
    }
    let report: Report = serde_json::from_slice(&output.stdout).context("hot_reload prints JSON")?;
    let figure = Times::from(report.millis).figure("file renamed into place to new picture");
    Ok(vec![figure.aim("well under the 300 ms that Bevy's watcher waits").note(format!(
        "drawing and reading back one picture alone takes {:.0} ms here",
        report.picture_millis
    ))])
}
