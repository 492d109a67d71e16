//! Whole bakes through the `gve` program: time, stages and peak memory.

use std::fs;

use anyhow::{Context, bail};
use serde_json::Value;
use xtask::{
    setup::{self, Programs},
    shell::target_dir,
};

use super::figure::{Figure, time};

const RUNS: usize = 5;

pub(super) fn figures() -> anyhow::Result<Vec<Figure>> {
    setup::build(Programs::All)?;
    let folder = target_dir()?.join("bench");
    fs::create_dir_all(&folder)?;
    let mut figures = Vec::new();
    for recipe in xtask::recipes()? {
        let name = recipe.file_name().unwrap_or_default().to_string_lossy().replace(".gve.json", "");
        let file = folder.join(format!("{name}.gve_bin"));
        let mut memory = 0.0_f64;
        let mut bake = || -> anyhow::Result<Value> {
            let mut child = setup::program("gve")?;
            child.arg("bake").arg(&recipe).arg("-o").arg(&file).arg("--json");
            let output = child.output().context("cannot start gve")?;
            if !output.status.success() {
                bail!("gve bake {}: {}", recipe.display(), String::from_utf8_lossy(&output.stdout));
            }
            Ok(serde_json::from_slice(&output.stdout)?)
        };
        let (times, report) = time(RUNS, &mut bake);
        let report = report?;
        if let Some(bytes) = report.get("peak_memory_bytes").and_then(Value::as_f64) {
            memory = memory.max(bytes / f64::from(1 << 20));
        }
        let stages = report.get("stages").cloned().unwrap_or_default();
        figures.push(
            times
                .figure(format!("gve bake {name}, whole process"))
                .aim("500 ms, 512 MiB")
                .note(format!("{memory:.0} MiB at most; {}", show_stages(&stages))),
        );
    }
    Ok(figures)
}

fn show_stages(stages: &Value) -> String {
    let list = stages.as_array().map(Vec::as_slice).unwrap_or_default();
    let words = list.iter().map(|stage| {
        let name = stage.get("stage").and_then(Value::as_str).unwrap_or("?");
        let seconds = stage.get("seconds").and_then(Value::as_f64).unwrap_or(f64::NAN);
        format!("{name} {:.0} ms", seconds * 1e3)
    });
    words.collect::<Vec<_>>().join(", ")
}
