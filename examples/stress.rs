//! Many objects, or many splats, and how long a frame of them takes.
//!
//! `cargo run --example stress -- assets/library --objects 1000 --shadows` flies around a thousand objects;
//! `--torus 1000000 --copies 4` around four clouds of a million splats each. With `--headless --out DIR` it measures
//! `--frames` frames, each waited for until the GPU has finished it, prints a JSON object and writes the last picture.

use std::{
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bevy::{
    app::PluginsState,
    camera::{CameraUpdateSystems, RenderTarget},
    diagnostic::DiagnosticsStore,
    light::CascadeShadowConfigBuilder,
    prelude::*,
    render::{
        diagnostic::RenderDiagnosticsPlugin,
        render_resource::{PollType, TextureFormat},
        renderer::{RenderAdapterInfo, RenderDevice},
        view::screenshot::{Screenshot, ScreenshotCaptured},
    },
};
use clap::{Parser, ValueEnum};
use gve_bevy::prelude::*;
use gve_examples::{app, gpu, source::Source, torus};
use serde_json::json;

/// Measures frames with many objects or many splats.
#[derive(Parser, Debug, Clone, Resource)]
#[command(
    after_help = "Example: cargo run --example stress -- assets/library --objects 1000 --headless --out out/stress"
)]
struct Args {
    /// A `.gve_bin` file, a `.gve.json` recipe, or a folder of either; its assets are repeated in turn.
    path: Option<PathBuf>,
    /// How many objects of the assets, on a square grid.
    #[arg(long, default_value_t = 100)]
    objects: u32,
    /// Instead of assets: a torus of so many splats.
    #[arg(long, value_name = "SPLATS", conflicts_with = "path")]
    torus: Option<u32>,
    /// How many of it, half a metre apart.
    #[arg(long, default_value_t = 1)]
    copies: u32,
    /// How objects are drawn.
    #[arg(long, value_enum, default_value_t = Form::Splats)]
    form: Form,
    /// Where splats are sorted.
    #[arg(long, value_enum, default_value_t = Sort::Gpu)]
    sort: Sort,
    /// What blends splats.
    #[arg(long, value_enum, default_value_t = Raster::Auto)]
    raster: Raster,
    /// Splats for each pixel of an object's disc, at most.
    #[arg(long)]
    splats_per_pixel: Option<f32>,
    /// A sun with Bevy's default cascades.
    #[arg(long)]
    shadows: bool,
    /// Samples for each pixel.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=8))]
    msaa: u32,
    /// The camera stands still.
    #[arg(long)]
    still: bool,
    /// Where on its circle the camera begins, in frames.
    #[arg(long, default_value_t = 0)]
    start: u32,
    /// The camera trembles by a thousandth of a frame, so that everything is sorted anew though nothing changes to the
    /// eye.
    #[arg(long, requires = "still")]
    tremble: bool,
    /// The suite's figures in a corner of the picture.
    #[arg(long)]
    overlay: bool,
    /// Open no window: measure, print, write the last picture and exit.
    #[arg(long, requires = "out")]
    headless: bool,
    /// The folder for the picture.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How many frames are measured.
    #[arg(long, default_value_t = 200)]
    frames: u32,
    /// Seconds that are measured at most.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Pixels of the picture.
    #[arg(long, default_value_t = 1920)]
    width: u32,
    /// Pixels of the picture.
    #[arg(long, default_value_t = 1080)]
    height: u32,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum Form {
    /// By its size on the screen.
    Auto,
    Volume,
    Splats,
    Shell,
    /// Nothing: what the frame takes without objects.
    None,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum Raster {
    Auto,
    Quads,
    Tiles,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum Sort {
    Gpu,
    Cpu,
}

/// How long the assets may take to load.
const LOAD_TIMEOUT: Duration = Duration::from_secs(120);
/// Frames that are drawn before those that count.
const WARM_UP: u32 = 30;
/// Radians that the camera goes around in a frame.
const STEP_RAD: f32 = 0.02;

/// The camera's circle.
#[derive(Resource, Clone, Copy)]
struct Circle {
    middle: Vec3,
    radius: f32,
    height: f32,
}

impl Circle {
    fn at(&self, frame: f32) -> Transform {
        let (sin, cos) = (frame * STEP_RAD).sin_cos();
        let eye = self.middle + Vec3::new(self.radius * cos, self.height, self.radius * sin);
        Transform::from_translation(eye).looking_at(self.middle, Vec3::Y)
    }
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    gpu::require()?;
    let source = args.path.as_deref().map(Source::open).transpose()?;
    let root = source.as_ref().map_or_else(|| PathBuf::from("assets"), |source| source.root.clone());
    let splats = GveSplatPlugin {
        sort: match args.sort {
            Sort::Gpu => GveSplatSort::Auto,
            Sort::Cpu => GveSplatSort::Cpu,
        },
        settings: args
            .splats_per_pixel
            .map(|splats_per_pixel| GveSplatSettings { splats_per_pixel, ..default() })
            .unwrap_or_default(),
        raster: match args.raster {
            Raster::Auto => GveSplatRaster::Auto,
            Raster::Quads => GveSplatRaster::Quads,
            Raster::Tiles => GveSplatRaster::Tiles,
        },
    };
    let mut app = app::bare(&root, splats, !args.headless);
    app.add_plugins(RenderDiagnosticsPlugin);
    if args.overlay {
        app.add_plugins(GveOverlayPlugin);
    }
    app.insert_resource(args.clone());
    let addresses: Vec<String> =
        source.iter().flat_map(|source| &source.entries).map(|entry| entry.address.clone()).collect();
    let circle = fill(&mut app, &args, &addresses)?;
    app.insert_resource(circle);
    if args.headless {
        return measure(app, &args, circle);
    }
    app.add_systems(PostUpdate, fly.before(CameraUpdateSystems).before(TransformSystems::Propagate));
    app.run();
    Ok(())
}

fn fly(
    mut frame: Local<u32>,
    args: Res<Args>,
    circle: Res<Circle>,
    camera: Single<&mut Transform, With<Camera3d>>,
) {
    *camera.into_inner() = circle.at(*frame as f32);
    *frame += u32::from(!args.still);
}

/// Spawns the light and the objects.
fn fill(app: &mut App, args: &Args, addresses: &[String]) -> anyhow::Result<Circle> {
    let world = app.world_mut();
    world.insert_resource(GlobalAmbientLight { brightness: 400.0, ..default() });
    world.spawn((
        DirectionalLight { illuminance: 8000.0, shadow_maps_enabled: args.shadows, ..default() },
        CascadeShadowConfigBuilder::default().build(),
        Transform::from_xyz(2.0, 3.0, 2.5).looking_at(Vec3::ZERO, Vec3::Y),
    ));
    let form = match args.form {
        Form::Auto => GveRepresentation::Auto,
        Form::Volume => GveRepresentation::Volume,
        Form::Splats => GveRepresentation::Splats,
        Form::Shell => GveRepresentation::Shell,
        Form::None => return Ok(Circle { middle: Vec3::ZERO, radius: 20.0, height: 6.0 }),
    };
    if let Some(count) = args.torus {
        let handle = world.resource_mut::<Assets<GveAsset>>().add(torus::asset(count)?);
        for copy in 0..args.copies {
            let place = Vec3::new(0.0, 0.5 * (copy as f32 - 0.5 * (args.copies - 1) as f32), 0.0);
            world.spawn((GveObject(handle.clone()), form, Transform::from_translation(place)));
        }
        return Ok(Circle { middle: Vec3::ZERO, radius: 18.8, height: 6.8 });
    }
    if addresses.is_empty() {
        bail!("a path or --torus is needed");
    }
    let handles: Vec<Handle<GveAsset>> =
        addresses.iter().map(|address| world.resource::<AssetServer>().load(address.clone())).collect();
    let side = (args.objects as f32).sqrt().ceil() as u32;
    for i in 0..args.objects {
        let place = Vec2::new((i % side) as f32, (i / side) as f32) - 0.5 * (side as f32 - 1.0);
        world.spawn((
            GveObject(handles[i as usize % handles.len()].clone()),
            form,
            Fitted,
            Transform::from_xyz(place.x * SPACING, 0.0, place.y * SPACING)
                .with_rotation(Quat::from_rotation_y(i as f32 * 2.4)),
            Visibility::Hidden,
        ));
    }
    app.add_systems(Update, fit);
    let reach = side as f32 * SPACING;
    Ok(Circle { middle: Vec3::ZERO, radius: 0.55 * reach, height: 0.25 * reach })
}

/// Metres between objects.
const SPACING: f32 = 1.6;
/// Objects that are made about a metre large once they are loaded.
#[derive(Component)]
struct Fitted;

fn fit(
    mut commands: Commands,
    assets: Res<Assets<GveAsset>>,
    mut objects: Query<(Entity, &GveObject, &mut Transform, &mut Visibility), With<Fitted>>,
) {
    for (entity, object, mut transform, mut visibility) in &mut objects {
        let Some(asset) = assets.get(object.id()) else { continue };
        let bounds = asset.metadata().bounds;
        let size = (Vec3::from(bounds.max) - Vec3::from(bounds.min)).max_element();
        transform.scale = Vec3::splat(1.0 / size.max(1e-6));
        *visibility = Visibility::Inherited;
        commands.entity(entity).remove::<Fitted>();
    }
}

fn measure(mut app: App, args: &Args, circle: Circle) -> anyhow::Result<()> {
    let out = args.out.clone().context("--headless needs --out")?;
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    app.finish();
    app.cleanup();
    let target = app.world_mut().resource_mut::<Assets<Image>>().add(Image::new_target_texture(
        args.width,
        args.height,
        TextureFormat::Rgba8UnormSrgb,
        None,
    ));
    let msaa = match args.msaa {
        1 => Msaa::Off,
        2 => Msaa::Sample2,
        4 => Msaa::Sample4,
        _ => Msaa::Sample8,
    };
    let camera = app
        .world_mut()
        .spawn((
            Camera3d::default(),
            RenderTarget::Image(target.clone().into()),
            msaa,
            IsDefaultUiCamera,
            circle.at(args.start as f32),
        ))
        .id();
    let device = app.world().resource::<RenderDevice>().clone();
    let mut frame_number = args.start as f32;
    let mut is_odd = false;
    let mut frame = |app: &mut App| -> anyhow::Result<f64> {
        is_odd = !is_odd;
        if !args.still {
            frame_number += 1.0;
        }
        let tremor = if args.tremble && is_odd { 1e-3 } else { 0.0 };
        app.world_mut().entity_mut(camera).insert(circle.at(frame_number + tremor));
        let started = Instant::now();
        app.update();
        device.wgpu_device().poll(PollType::wait_indefinitely()).context("the GPU does not answer")?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    };
    let started = Instant::now();
    loop {
        frame(&mut app)?;
        if app.world_mut().query::<&Fitted>().iter(app.world()).next().is_none() {
            break;
        }
        if started.elapsed() > LOAD_TIMEOUT {
            bail!("the assets are not loaded within {LOAD_TIMEOUT:?}");
        }
    }
    for _ in 0..WARM_UP {
        frame(&mut app)?;
    }
    let mut millis = Vec::new();
    let started = Instant::now();
    while millis.len() < args.frames as usize && started.elapsed().as_secs() < args.seconds {
        millis.push(frame(&mut app)?);
    }
    // A picture of a frame in motion.
    if !args.still {
        frame_number += 1.0;
    }
    let last = circle.at(frame_number);
    app.world_mut().entity_mut(camera).insert(last);
    save(&mut app, &target, &out.join("stress.png"))?;
    millis.sort_by(f64::total_cmp);
    let at = |share: f64| millis[((millis.len() - 1) as f64 * share) as usize];
    let spans: serde_json::Map<_, _> = app
        .world()
        .resource::<DiagnosticsStore>()
        .iter()
        .filter(|diagnostic| diagnostic.path().as_str().ends_with("elapsed_gpu"))
        .filter_map(|diagnostic| Some((diagnostic.path().as_str().to_owned(), json!(diagnostic.average()?))))
        .collect();
    let report = json!({
        "gpu": app.world().resource::<RenderAdapterInfo>().name,
        "frames": millis.len(),
        "median_millis": at(0.5),
        "percentile_99_millis": at(0.99),
        "least_millis": at(0.0),
        "gpu_millis": spans,
        "last_frame": frame_number,
    });
    writeln!(std::io::stdout(), "{report}").context("cannot print")
}

/// Writes what a camera has drawn.
fn save(app: &mut App, target: &Handle<Image>, file: &std::path::Path) -> anyhow::Result<()> {
    let (sender, pictures) = std::sync::mpsc::channel();
    app.world_mut().spawn(Screenshot::image(target.clone())).observe(
        move |captured: On<ScreenshotCaptured>| {
            // Nobody may wait any more.
            let _ = sender.send(captured.image.clone());
        },
    );
    let started = Instant::now();
    while started.elapsed() < LOAD_TIMEOUT {
        app.update();
        if let Ok(picture) = pictures.try_recv() {
            let picture = picture.try_into_dynamic().context("the picture has another format")?;
            return picture.to_rgb8().save(file).with_context(|| format!("cannot write {}", file.display()));
        }
    }
    bail!("no picture came back within {LOAD_TIMEOUT:?}")
}
