//! A recipe is rewritten while it is on screen, and the picture follows.
//!
//! Every second the number of spokes of a wheel changes: the recipe is baked again and the file
//! replaced; the app only watches. Now and then the file is spoiled on purpose: the last good wheel
//! stays and the reason is shown.
//! With `--headless --out DIR` it writes a picture of each step and exits.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bevy::prelude::*;
use clap::Parser;
use gve_bevy::prelude::*;
use gve_examples::{
    app, args::CommonArgs, environment::studio_light, hud::Hud, orbit::Orbit, source, stage::Ground,
    stage::ground_below, studio::Studio, wheel,
};
use serde_json::json;

/// Shows a recipe that is rewritten while it is on screen.
#[derive(Parser)]
struct Args {
    /// Draw nothing: replace the file this often, and print the times from rename to new picture as JSON.
    #[arg(long, value_name = "TIMES")]
    measure: Option<usize>,
    #[command(flatten)]
    common: CommonArgs,
}

const FILE: &str = "wheel.gve_bin";
/// Spokes of the wheel step by step; 0 stands for a spoiled file.
const STEPS: [u32; 5] = [5, 8, 0, 12, 6];
/// How long a step stays.
const STEP: Duration = Duration::from_secs(1);

fn write_step(spokes: u32, file: &Path) -> anyhow::Result<()> {
    if spokes > 0 {
        return source::bake_text(&wheel::recipe(spokes), file);
    }
    // What a crashed tool leaves behind: half a file, put in place like a whole one.
    let bytes = fs::read(file).context("a whole file comes first")?;
    let half = file.with_extension("half");
    fs::write(&half, &bytes[..bytes.len() / 2])?;
    fs::rename(half, file).context("cannot replace the file")
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join(FILE);
    write_step(STEPS[0], &file)?;
    match args.measure {
        Some(times) => measure(times, folder.path(), &file),
        None if args.common.headless => draw(&args, folder.path(), &file),
        None => show(folder.path(), file),
    }
}

/// Side of the picture that is watched while measuring: drawing it should cost little beside reloading.
const MEASURED_SIZE: u32 = 96;

fn measure(times: usize, folder: &Path, file: &Path) -> anyhow::Result<()> {
    let variants = [5, 8].map(|spokes| folder.join(format!("{spokes}_spokes")));
    for (variant, spokes) in variants.iter().zip([5, 8]) {
        source::bake_text(&wheel::recipe(spokes), variant)?;
    }
    let mut studio = Studio::new(folder, MEASURED_SIZE)?;
    studio.show(FILE, GveRepresentation::Volume)?;
    // On a machine without a GPU they would take most of the time, and they say nothing about reloading.
    studio.shadows(false);
    let mut before = studio.picture()?;
    let mut millis = Vec::new();
    for i in 0..times {
        let staged = folder.join("staged");
        fs::copy(&variants[(i + 1) % 2], &staged)?;
        let started = Instant::now();
        fs::rename(&staged, file)?;
        loop {
            let picture = studio.picture_now()?;
            if picture != before {
                before = picture;
                break;
            }
            if started.elapsed() > Duration::from_secs(30) {
                bail!("replacement {i}: the picture did not change within 30 s");
            }
        }
        millis.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let frame = Instant::now();
    studio.picture_now()?;
    let picture_millis = frame.elapsed().as_secs_f64() * 1e3;
    let report = json!({ "millis": millis, "picture_millis": picture_millis });
    writeln!(std::io::stdout(), "{report}").context("cannot print")
}

fn draw(args: &Args, folder: &Path, file: &Path) -> anyhow::Result<()> {
    let out = args.common.out_dir()?;
    let mut studio = Studio::new(folder, args.common.size)?;
    studio.show(FILE, GveRepresentation::Volume)?;
    studio.turn(0.3, 0.25);
    let mut before = studio.picture()?;
    before.save(out.join("step_0.png"))?;
    for (step, &spokes) in STEPS.iter().enumerate().skip(1) {
        write_step(spokes, file)?;
        let written = Instant::now();
        let spoiled = |studio: &Studio| matches!(studio.status(), Some(GveAssetStatus::Stale(_)));
        let picture = loop {
            let picture = studio.picture_now()?;
            if picture != before || (spokes == 0 && spoiled(&studio)) {
                break picture;
            }
            if written.elapsed() > Duration::from_secs(30) {
                bail!("step {step}: the picture did not change within 30 s");
            }
        };
        info!("step {step}: {:.0} ms from file to picture", written.elapsed().as_secs_f64() * 1e3);
        picture.save(out.join(format!("step_{step}.png")))?;
        if spokes == 0 && picture != before {
            bail!("step {step}: a spoiled file changed the picture");
        }
        before = picture;
    }
    Ok(())
}

/// The file that is rewritten, and how far.
#[derive(Resource)]
struct Rewriting {
    file: PathBuf,
    step: usize,
    timer: Timer,
}

fn show(folder: &Path, file: PathBuf) -> anyhow::Result<()> {
    let mut app = app::windowed("GVE-1 hot reload", folder, None)?;
    app.insert_resource(Rewriting { file, step: 0, timer: Timer::new(STEP, TimerMode::Repeating) });
    app.add_systems(Startup, build);
    app.add_systems(Update, (rewrite, report));
    app.run();
    Ok(())
}

fn build(
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    server: Res<AssetServer>,
    mut ground: Single<&mut Transform, With<Ground>>,
) {
    let size = wheel::HALF_SIZE;
    commands.spawn((Camera3d::default(), Orbit::framing(-size, size), studio_light(&mut images)));
    commands.spawn((GveObject(server.load(FILE)), GveRepresentation::Volume));
    **ground = ground_below(-size, size).with_scale(Vec3::splat(20.0));
}

fn rewrite(time: Res<Time>, mut rewriting: ResMut<Rewriting>) {
    if rewriting.timer.tick(time.delta()).just_finished() {
        rewriting.step = (rewriting.step + 1) % STEPS.len();
        let (spokes, file) = (STEPS[rewriting.step], rewriting.file.clone());
        // Baking takes longer than a frame; the window goes on meanwhile.
        std::thread::spawn(move || {
            if let Err(error) = write_step(spokes, &file) {
                error!("{error:#}");
            }
        });
    }
}

fn report(mut hud: ResMut<Hud>, status: Query<&GveAssetStatus>, rewriting: Res<Rewriting>) {
    let status = status.iter().next().map_or_else(String::new, |status| match status {
        GveAssetStatus::Loading => "loading".to_owned(),
        GveAssetStatus::Ready { .. } => format!("{} spokes", STEPS[rewriting.step]),
        GveAssetStatus::Failed(reason) | GveAssetStatus::Stale(reason) => reason.to_string(),
    });
    let help = "the recipe changes every second; drag to turn".to_owned();
    hud.set_if_neq(Hud { help, status, progress: None });
}
