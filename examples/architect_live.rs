//! A recipe is edited through the Architect while it is on screen, and the picture follows.
//!
//! Start an Architect (`cargo xtask demo` does, or `python -m architect serve`), then
//! `cargo run --example architect_live`. Up and down change the number of spokes and save the recipe over REST; the
//! bar shows how the compile goes, and the new wheel replaces the old one when its binary has come. X cancels.
//! With `--headless --out DIR` it writes the frames of a scripted run and exits.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bevy::{ecs::message::MessageCursor, platform::cell::SyncCell, prelude::*};
use clap::Parser;
use gve_bevy::{
    net::{
        self,
        gve_net::{Client, Config, DEFAULT_SERVER, Pending, RestError},
    },
    prelude::*,
};
use gve_examples::{
    app,
    args::CommonArgs,
    environment::studio_light,
    hud::{self, Hud},
    orbit::Orbit,
    stage::{Ground, ground_below},
    studio::Studio,
    wheel,
};
use gve_types::{
    MaterialTable, api::SaveAsset, compile::CompilePriority, document::AssetDocument, parse_recipe,
};
use serde_json::json;

/// Edits a recipe through the Architect while it is on screen.
#[derive(Parser)]
struct Args {
    /// The Architect.
    #[arg(long, value_name = "URL", env = "GVE_SERVER", default_value = DEFAULT_SERVER)]
    architect: String,
    /// Training iterations of each compile; 0 shows a save soonest, as `--measure` does by default.
    #[arg(long)]
    iterations: Option<u32>,
    /// Draw nothing: save this often, and print the times from save to new picture as JSON.
    #[arg(long, value_name = "TIMES")]
    measure: Option<usize>,
    #[command(flatten)]
    common: CommonArgs,
}

/// Spokes of the wheel in the scripted run, save by save.
const STEPS: [u32; 4] = [5, 8, 12, 6];
/// Training iterations of a compile whose progress is to be seen.
const TRAINING: u32 = 100;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer to a save, when it comes.
type Saving = Pending<Result<AssetDocument, RestError>>;

/// Somebody who edits one asset over REST.
struct Designer {
    client: Client,
    document: AssetDocument,
    iterations: u32,
}

impl Designer {
    /// Makes a new asset.
    fn begin(server: &str, iterations: u32) -> anyhow::Result<Self> {
        let client = Client::start(&Config::new(server)?)?;
        let save = save(&wheel::recipe(STEPS[0]), iterations, None)?;
        let answer = client.call(|rest| async move { rest.create_asset(&save).await }).wait();
        let document = answer.context("the client runs")?.with_context(|| format!("saving at {server}"))?;
        Ok(Self { client, document, iterations })
    }

    /// Begins to save another recipe on top of the version that was saved last.
    fn begin_save(&self, recipe: &str) -> anyhow::Result<Saving> {
        let save = save(recipe, self.iterations, Some(self.document.version))?;
        let id = self.document.id.clone();
        Ok(self.client.call(|rest| async move { rest.save_asset(&id, &save).await }))
    }

    /// Saves another recipe and waits for the answer: not in a system, which would hold up the frame.
    fn save(&mut self, recipe: &str) -> anyhow::Result<()> {
        self.document = self.begin_save(recipe)?.wait().context("the client runs")??;
        Ok(())
    }

    /// Takes the asset away again.
    fn end(self) -> anyhow::Result<()> {
        let id = self.document.id;
        let answer = self.client.call(|rest| async move { rest.delete_asset(&id).await }).wait();
        Ok(answer.context("the client runs")??)
    }
}

fn save(recipe: &str, iterations: u32, expected_version: Option<u32>) -> anyhow::Result<SaveAsset> {
    Ok(SaveAsset {
        dna: parse_recipe(recipe, MaterialTable::builtin())?,
        subcategory: Some("examples".to_owned()),
        expected_version,
        priority: CompilePriority::High,
        splat_iterations: Some(iterations),
        volume_resolution: None,
    })
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let iterations = args.iterations.unwrap_or(if args.measure.is_some() { 0 } else { TRAINING });
    let designer = Designer::begin(&args.architect, iterations)?;
    match args.measure {
        Some(times) => measure(times, &args, designer),
        None if args.common.headless => draw(&args, designer),
        None => show(&args, designer),
    }
}

/// The scripted run: a picture of every step, and one of every compile under way.
fn draw(args: &Args, mut designer: Designer) -> anyhow::Result<()> {
    let out = args.common.out_dir()?;
    let mut studio = open(args, &designer, args.common.size)?;
    studio.turn(0.3, 0.25);
    write_hud(&mut studio);
    studio.picture()?.save(out.join("step_0.png"))?;
    for (step, &spokes) in STEPS.iter().enumerate().skip(1) {
        designer.save(&wheel::recipe(spokes))?;
        let version = designer.document.version;
        wait(&mut studio, "a compile under way", |status| {
            status.compiling.is_some() || status.shown == version
        })?;
        write_hud(&mut studio);
        studio.picture_now()?.save(out.join(format!("step_{step}_compiling.png")))?;
        wait(&mut studio, "the new version", |status| status.shown == version)?;
        write_hud(&mut studio);
        studio.picture()?.save(out.join(format!("step_{step}.png")))?;
    }
    designer.end()
}

/// Side of the picture that is watched while measuring: drawing it should cost little beside the rest.
const MEASURED_SIZE: u32 = 64;

fn measure(times: usize, args: &Args, mut designer: Designer) -> anyhow::Result<()> {
    let mut studio = open(args, &designer, MEASURED_SIZE)?;
    // On a machine without a GPU they would take most of the time, and they say nothing about saving.
    studio.shadows(false);
    let mut before = studio.picture()?;
    let (mut millis, mut with_progress) = (Vec::new(), 0);
    let mut progress = MessageCursor::<GveCompileProgress>::default();
    for i in 0..times {
        let started = Instant::now();
        // Never the same recipe twice: one that was compiled before would be used again.
        designer.save(&wheel::variant(i as u32))?;
        let mut seen = false;
        loop {
            let pictures = studio.film()?;
            seen |= progress.read(studio.app().world().resource()).count() > 0;
            if let Some(changed) = pictures.into_iter().find(|picture| *picture != before) {
                before = changed;
                break;
            }
            if started.elapsed() > PATIENCE {
                bail!("save {i}: the picture did not change within {PATIENCE:?}");
            }
        }
        millis.push(started.elapsed().as_secs_f64() * 1e3);
        with_progress += usize::from(seen);
    }
    let frame = Instant::now();
    studio.picture_now()?;
    let picture_millis = frame.elapsed().as_secs_f64() * 1e3;
    let report =
        json!({ "millis": millis, "picture_millis": picture_millis, "with_progress": with_progress });
    designer.end()?;
    writeln!(std::io::stdout(), "{report}").context("cannot print")
}

/// A studio that shows the designer's asset.
fn open(args: &Args, designer: &Designer, size: u32) -> anyhow::Result<Studio> {
    let mut studio = Studio::connected("assets".as_ref(), Some(&args.architect), size)?;
    studio.show(&net::address(designer.document.wire_id).to_string(), GveRepresentation::Volume)?;
    Ok(studio)
}

fn wait(studio: &mut Studio, what: &str, done: impl Fn(&GveNetStatus) -> bool) -> anyhow::Result<()> {
    let started = Instant::now();
    while !studio.net_status().is_some_and(&done) {
        if let Some(error) = studio.net_status().and_then(|status| status.error.clone()) {
            bail!("{error}");
        }
        if started.elapsed() > PATIENCE {
            bail!("{what} did not come within {PATIENCE:?}; {:?}", studio.net_status());
        }
        studio.update();
    }
    Ok(())
}

fn write_hud(studio: &mut Studio) {
    let hud = studio.net_status().map(hud_of).unwrap_or_default();
    studio.app().insert_resource(hud);
}

fn hud_of(status: &GveNetStatus) -> Hud {
    Hud {
        help: "up/down changes the spokes and saves   X cancels the compile   drag to turn".to_owned(),
        status: hud::net_line(status),
        progress: status.compiling.map(|compiling| compiling.total()),
    }
}

/// What the window works on.
#[derive(Resource)]
struct Editing {
    designer: Designer,
    /// As many as the user wants.
    spokes: u32,
    /// As many as were saved last, or are being saved.
    saved: u32,
    /// The save that is under way. The next one builds on its version, so it waits for it.
    saving: Option<SyncCell<Saving>>,
}

fn show(args: &Args, designer: Designer) -> anyhow::Result<()> {
    let mut app = app::windowed("GVE-1 and the Architect", "assets".as_ref(), Some(&args.architect))?;
    app.insert_resource(Editing { designer, spokes: STEPS[0], saved: STEPS[0], saving: None });
    app.add_systems(Startup, build);
    app.add_systems(Update, (edit, save_edits, report).chain());
    app.run();
    Ok(())
}

fn build(
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    server: Res<AssetServer>,
    editing: Res<Editing>,
    mut ground: Single<&mut Transform, With<Ground>>,
) {
    let size = wheel::HALF_SIZE;
    commands.spawn((Camera3d::default(), Orbit::framing(-size, size), studio_light(&mut images)));
    let address = net::address(editing.designer.document.wire_id);
    commands.spawn((GveObject(server.load(address)), GveRepresentation::Volume));
    **ground = ground_below(-size, size).with_scale(Vec3::splat(20.0));
}

fn edit(keys: Res<ButtonInput<KeyCode>>, mut editing: ResMut<Editing>, architect: Res<GveArchitect>) {
    let change =
        i32::from(keys.just_pressed(KeyCode::ArrowUp)) - i32::from(keys.just_pressed(KeyCode::ArrowDown));
    if change != 0 {
        editing.spokes = editing.spokes.saturating_add_signed(change).clamp(3, 40);
    }
    if keys.just_pressed(KeyCode::KeyX)
        && let Err(error) = architect.cancel(editing.designer.document.wire_id)
    {
        error!("not cancelled: {error}");
    }
}

/// Saves what was edited, one save at a time, and never waits for an answer.
fn save_edits(mut editing: ResMut<Editing>) {
    let editing = &mut *editing;
    if let Some(saving) = &mut editing.saving {
        match saving.get().try_take() {
            None => return,
            Some(Ok(document)) => editing.designer.document = document,
            Some(Err(error)) => error!("not saved: {error:#}"),
        }
        editing.saving = None;
    }
    if editing.spokes != editing.saved {
        editing.saved = editing.spokes;
        match editing.designer.begin_save(&wheel::recipe(editing.spokes)) {
            Ok(saving) => editing.saving = Some(SyncCell::new(saving)),
            Err(error) => error!("not saved: {error:#}"),
        }
    }
}

fn report(mut hud: ResMut<Hud>, status: Query<&GveNetStatus>) {
    if let Some(status) = status.iter().next() {
        hud.set_if_neq(hud_of(status));
    }
}
