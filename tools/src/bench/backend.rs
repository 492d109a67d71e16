//! The Architect: compiles, the torch graph, pushes, and the way from a save to a new picture.

use std::{path::Path, process::Command};

use anyhow::{Context, bail};
use serde::{Deserialize, de::DeserializeOwned};
use xtask::{
    architect::{Architect, module},
    setup::{self, Packages, Programs},
};

use super::figure::{Figure, Peer, Times};

/// Saves whose way to the screen is timed; the example has a recipe of its own for each.
const SAVES: usize = 30;

#[derive(Deserialize)]
struct Compiles {
    device: String,
    assets: Vec<CompiledAsset>,
}

#[derive(Deserialize)]
struct CompiledAsset {
    name: String,
    untrained: Compile,
    trained: Compile,
}

#[derive(Deserialize)]
struct Compile {
    seconds: f64,
    stages: serde_json::Map<String, serde_json::Value>,
    splats: Option<Splats>,
}

#[derive(Deserialize)]
struct Splats {
    count: u32,
    psnr_before_db: Option<f64>,
    psnr_after_db: Option<f64>,
}

#[derive(Deserialize)]
struct Push {
    bytes: f64,
    rounds: usize,
    architect_ms: f64,
    bare_websocket_ms: f64,
    ratio_to_websocket: f64,
}

#[derive(Deserialize)]
struct Graph {
    recipe: String,
    device: String,
    resolution: u32,
    native_dense_seconds: f64,
    torch_dense_seconds: f64,
    largest_difference_m: f64,
    native_volume_seconds: f64,
    torch_volume_seconds: f64,
    volume_f16_steps: i64,
}

#[derive(Deserialize)]
struct Saves {
    millis: Vec<f64>,
    picture_millis: f64,
    with_progress: usize,
}

pub(super) fn figures() -> anyhow::Result<Vec<Figure>> {
    let python = setup::python_environment(Packages::Training)?;
    setup::build(Programs::All)?;
    setup::native_module(&python)?;
    let mut figures = compiles(&python)?;
    figures.push(push(&python)?);
    figures.push(graph(&python)?);
    figures.push(saves(&python)?);
    Ok(figures)
}

/// Runs a program of ours that prints one JSON object.
fn ask<T: DeserializeOwned>(command: &mut Command) -> anyhow::Result<T> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{command:?} prints JSON"))
}

fn compiles(python: &Path) -> anyhow::Result<Vec<Figure>> {
    let compiles: Compiles = ask(module(python, "architect.benchmark").args(["compile", "--json"]))?;
    let device = compiles.device;
    let figures = compiles.assets.into_iter().flat_map(|asset| {
        let CompiledAsset { name, untrained, trained } = asset;
        let without = Figure::number(format!("compile {name}, untrained"), "s", untrained.seconds)
            .aim("under 1 s on 2 cores")
            .note(stages(&untrained));
        let quality = trained.splats.as_ref().map_or_else(String::new, |splats| {
            let decibels = |psnr: Option<f64>| psnr.map_or("?".to_owned(), |psnr| format!("{psnr:.2}"));
            let (before, after) = (decibels(splats.psnr_before_db), decibels(splats.psnr_after_db));
            format!("{} splats, {before} -> {after} dB; ", splats.count)
        });
        let with = Figure::number(format!("compile {name}, trained on {device}"), "s", trained.seconds)
            .aim("under 20 s on 2 cores, under 3 s on a GPU; 33 dB")
            .note(quality + &stages(&trained));
        [without, with]
    });
    Ok(figures.collect())
}

fn stages(compile: &Compile) -> String {
    let stages = compile.stages.iter().filter_map(|(stage, secs)| Some((stage, secs.as_f64()?)));
    stages.map(|(stage, secs)| format!("{stage} {secs:.2}")).collect::<Vec<_>>().join(", ")
}

fn push(python: &Path) -> anyhow::Result<Figure> {
    let push: Push = ask(module(python, "architect.benchmark").args(["push", "--json"]))?;
    let name = format!("push of {:.1} MiB over /ws/assets", push.bytes / f64::from(1 << 20));
    let mut figure = Figure::number(name, "ms", push.architect_ms).aim("within 1.5 times a bare socket");
    figure.peer = Some(Peer {
        name: "bare websocket".to_owned(),
        value: push.bare_websocket_ms,
        ratio: 1.0 / push.ratio_to_websocket,
    });
    Ok(figure.note(format!("median of {} pushes, by turns with the peer's", push.rounds)))
}

fn graph(python: &Path) -> anyhow::Result<Figure> {
    let graph: Graph = ask(module(python, "architect.math_jit.benchmark").arg("--json"))?;
    let Graph { recipe, device, resolution, torch_dense_seconds, native_dense_seconds, .. } = &graph;
    let name = format!("torch graph of {recipe}, dense {resolution} cubed, {device}");
    let mut figure = Figure::number(name, "ms", 1e3 * torch_dense_seconds);
    figure.peer = Some(Peer {
        name: "native evaluator, not pruned".to_owned(),
        value: 1e3 * native_dense_seconds,
        ratio: native_dense_seconds / torch_dense_seconds,
    });
    Ok(figure.note(format!(
        "largest difference {:.1e} m; the sparse volume: {:.0} ms with the graph, {:.0} ms natively, {} steps of half \
         precision apart",
        graph.largest_difference_m,
        1e3 * graph.torch_volume_seconds,
        1e3 * graph.native_volume_seconds,
        graph.volume_f16_steps
    )))
}

fn saves(python: &Path) -> anyhow::Result<Figure> {
    let data = tempfile::tempdir().context("a folder for the Architect")?;
    let architect = Architect::start(python, data.path(), 0, &["--no-train"])?;
    let mut example = setup::program("examples/architect_live")?;
    example.args(["--architect", &architect.ready.url, "--measure", &SAVES.to_string()]);
    let saves: Saves = ask(&mut example)?;
    let figure = Times::from(saves.millis).figure("save over REST to new picture, untrained, 16 nodes");
    Ok(figure.aim("median 600 ms").note(format!(
        "progress was seen on the way of {} of {SAVES}; drawing and reading back one picture alone takes {:.0} ms here",
        saves.with_progress, saves.picture_millis
    )))
}
