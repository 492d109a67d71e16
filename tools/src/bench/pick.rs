//! Rays at many objects, on one core: cast by the example `pick`, in an app that draws nothing.

use anyhow::{Context, bail};
use serde::Deserialize;
use xtask::setup::{self, Programs};

use super::figure::Figure;

/// What the example prints.
#[derive(Deserialize)]
struct Report {
    objects: u32,
    rays: u32,
    hits: u32,
    rays_per_second: f64,
    least: f64,
    most: f64,
}

pub(super) fn figures() -> anyhow::Result<Vec<Figure>> {
    setup::build(Programs::All)?;
    let mut figures = Vec::new();
    for (form, objects) in [("volume", 1000), ("shell", 1000), ("volume", 10_000)] {
        let mut example = setup::program("examples/pick")?;
        example.args(["assets/library", "--measure", "--form", form, "--objects", &objects.to_string()]);
        let output = example.output().context("pick")?;
        if !output.status.success() {
            bail!("pick --form {form}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let report: Report = serde_json::from_slice(&output.stdout).context("pick prints JSON")?;
        let name = format!("rays at {} objects, each drawn as {form}", report.objects);
        let mut figure = Figure::number(name, "/s", report.rays_per_second);
        (figure.min, figure.max, figure.runs) = (report.least, report.most, 5);
        let share = 100.0 * f64::from(report.hits) / f64::from(report.rays);
        figures.push(figure.aim("100,000 /s").note(format!("{share:.0} % of them hit")));
    }
    Ok(figures)
}
