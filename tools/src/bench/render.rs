//! How long frames take on this machine's GPU.
//!
//! Each scene is drawn by the example `stress`, in a process of its own, each frame waited for. Beside the whole frame
//! stands what the GPU itself spends on the splats.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;
use xtask::setup::{self, Programs};

use super::figure::Figure;

/// What the example prints.
#[derive(Deserialize)]
struct Report {
    gpu: String,
    frames: usize,
    median_millis: f64,
    percentile_99_millis: f64,
    least_millis: f64,
    gpu_millis: BTreeMap<String, f64>,
}

/// Passes that draw splats, as the renderer's diagnostics name them.
const SPLAT_PASSES: [&str; 6] = [
    "gve_splat_project",
    "gve_splat_sort",
    "gve_splat_light",
    "gve_splat_tiles",
    "gve_splat_blend",
    "main_transparent_pass_3d",
];

pub(super) fn figures() -> anyhow::Result<Vec<Figure>> {
    setup::build(Programs::All)?;
    let out = tempfile::tempdir()?;
    let run = |arguments: &[&str]| -> anyhow::Result<Report> {
        let mut example = setup::program("examples/stress")?;
        example.args(arguments).arg("--headless").arg("--out").arg(out.path());
        let output = example.output().context("stress")?;
        if !output.status.success() {
            bail!("stress {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        serde_json::from_slice(&output.stdout).context("stress prints JSON")
    };
    let full = ["--width", "1920", "--height", "1080", "--seconds", "20"];
    let probe = run(&[&["--torus", "1000", "--form", "none", "--frames", "20"], &full[..]].concat())?;
    // Software draws a hundredth of what a GPU does.
    let is_software = ["llvmpipe", "lavapipe", "SwiftShader"].iter().any(|name| probe.gpu.contains(name));
    let size = if is_software { ["--width", "640", "--height", "360", "--seconds", "20"] } else { full };
    let counts: &[&str] = if is_software { &["10000", "100000"] } else { &["100000", "1000000", "2700000"] };
    let pixels = format!("{} by {} pixels", size[1], size[3]);
    let mut figures = Vec::new();
    let mut add = |name: String, arguments: &[&str]| -> anyhow::Result<()> {
        let report = run(&[arguments, &size[..]].concat())?;
        let splats: f64 = SPLAT_PASSES
            .iter()
            .filter_map(|pass| report.gpu_millis.get(&format!("render/{pass}/elapsed_gpu")))
            .sum();
        let mut figure = Figure::number(format!("frame: {name}"), "ms", report.median_millis);
        figure.min = report.least_millis;
        figure.max = report.percentile_99_millis;
        figure.runs = report.frames;
        figures
            .push(figure.note(format!("{}, {pixels}; {splats:.2} ms of it splats on the GPU", report.gpu)));
        Ok(())
    };
    add("nothing".into(), &["--torus", "1000", "--form", "none"])?;
    for count in counts {
        for raster in ["tiles", "quads"] {
            add(format!("torus of {count} splats, {raster}"), &["--torus", count, "--raster", raster])?;
        }
        add(format!("torus of {count} splats, 4 samples"), &["--torus", count, "--msaa", "4"])?;
        add(
            format!("torus of {count} splats, sorted by the processor"),
            &["--torus", count, "--sort", "cpu"],
        )?;
    }
    let copies = if is_software { "5" } else { "50" };
    let each = if is_software { "9500" } else { "95000" };
    add(format!("{copies} clouds of {each} splats"), &["--torus", each, "--copies", copies])?;
    Ok(figures)
}
