//! `gve bake`: from a recipe to a `.gve_bin`.

use std::{io::IsTerminal as _, time::Instant};

use gve_bake::{BakeOptions, BakeOutput, Progress, StageTime};
use gve_types::{
    MaterialTable,
    compile::{CompileProgress, CompileStage},
    text::shown,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::verify::size;
use crate::{
    args::BakeArgs,
    failure::{Failure, name, violations_of},
    input::Recipe,
    output::Output,
    target::{Kind, Target},
};

/// Steps of the bar within one stage.
const STEPS: u64 = 100;

/// Bakes the recipe and says how long each stage took.
pub(crate) fn run(args: &BakeArgs, output: &mut Output) -> Result<(), Failure> {
    // Before the work, so that a bake that has nowhere to go is not begun.
    let target = Target::check(&args.output, Kind::Binary, &[&args.recipe], args.force)?;
    if target.is_output() {
        output.give_way();
    }
    let recipe = Recipe::load(&args.recipe)?;
    let mut options = BakeOptions::default();
    options.volume_resolution = args.resolution;
    options.volume_budget_bytes = u64::from(args.volume_budget) << 20;
    options.shell_resolution = args.resolution;
    options.splat_count = args.splats;
    options.asset_id = args.asset_id;
    let bar = Bar::new(!output.json());
    let baked = gve_bake::bake(&recipe.dna, MaterialTable::builtin(), &options, &bar);
    bar.clear();
    let mut baked = baked.map_err(|error| match violations_of(&error) {
        Some(violations) => recipe.blame(violations),
        None => Failure::from_bake_error(&args.recipe, &error),
    })?;
    baked.data.version = args.asset_version.unwrap_or(recipe.dna.metadata.version);
    let start = Instant::now();
    let encoded =
        gve_assets::encode(&baked.data).map_err(|error| Failure::from_write_error(&args.output, &error))?;
    target.write(&encoded)?;
    baked.stages.push(StageTime { stage: CompileStage::Writing, seconds: start.elapsed().as_secs_f64() });
    let bytes = encoded.len() as u64;
    if output.json() {
        return output.document(&document(args, &baked, bytes));
    }
    output.text(&summary(args, &baked, bytes))
}

fn seconds(baked: &BakeOutput) -> f64 {
    baked.stages.iter().map(|stage| stage.seconds).sum()
}

fn document(args: &BakeArgs, baked: &BakeOutput, bytes: u64) -> Value {
    let data = &baked.data;
    let stages: Vec<Value> =
        baked.stages.iter().map(|s| json!({"stage": s.stage, "seconds": s.seconds})).collect();
    json!({
        "output": args.output.display().to_string(),
        "bytes": bytes,
        "asset_id": data.asset_id,
        "asset_version": data.version,
        "dna_hash": data.metadata.dna_hash,
        "seconds": seconds(baked),
        "stages": stages,
        "volume_bricks": data.volume.bricks,
        "volume_lacks": data.metadata.volume_lacks,
        "finest_cell_m": finest_cell_m(&data.volume),
        "splats": data.splats.len(),
        "triangles": data.shell.indices.len() / 3,
        "mass_kg": data.metadata.mass.mass_kg,
        "warnings": baked.warnings,
        "peak_memory_bytes": peak_memory_bytes(),
    })
}

/// The most memory that this process held at once; `None` where the system does not tell.
fn peak_memory_bytes() -> Option<u64> {
    // Linux: "VmHWM:    123456 kB".
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

fn summary(args: &BakeArgs, baked: &BakeOutput, bytes: u64) -> String {
    let data = &baked.data;
    let mut text = format!("{}: {}\n", name(&args.output), size(bytes));
    for StageTime { stage, seconds } in &baked.stages {
        text.push_str(&format!("  {:<20} {:>8.1} ms\n", label(*stage), seconds * 1e3));
    }
    text.push_str(&format!("  {:<20} {:>8.1} ms\n", "Together", seconds(baked) * 1e3));
    text.push_str(&format!(
        "  {} splats, {} triangles, cells of {:.4} to {:.4} m, {:.3} kg\n",
        data.splats.len(),
        data.shell.indices.len() / 3,
        data.volume.cell_size,
        finest_cell_m(&data.volume),
        data.metadata.mass.mass_kg,
    ));
    for warning in &baked.warnings {
        text.push_str(&format!("  warning: {}\n", shown(warning)));
    }
    text
}

/// The stage's name as it stands in the protocol.
fn label(stage: CompileStage) -> String {
    json!(stage).as_str().unwrap_or_default().to_owned()
}

/// A bar on standard error, where a person sees it.
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new(wanted: bool) -> Self {
        if !wanted || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(STEPS * CompileStage::ALL.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {msg}") {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Bar {
    fn report(&self, progress: &CompileProgress) {
        if let Some(bar) = &self.0 {
            let before = CompileStage::ALL.iter().position(|s| *s == progress.stage).unwrap_or(0) as u64;
            let within = (progress.progress.clamp(0.0, 1.0) * STEPS as f32) as u64;
            bar.set_position(before * STEPS + within);
            bar.set_message(progress.message.clone());
        }
    }
}

/// Side of the finest cells of a volume, in metres.
fn finest_cell_m(volume: &gve_assets::Volume) -> f32 {
    let finer = volume.levels.len().saturating_sub(1) as i32;
    volume.cell_size / 2f32.powi(finer)
}
