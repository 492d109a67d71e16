//! A row of assets from near to far, each drawn as what suits its size on the screen.
//!
//! `cargo run --example lod -- assets/library` shows them in a window: left mouse button turns, right one moves, the wheel
//! goes nearer and farther, and assets change. With `--headless --out DIR` it writes `lod.png`, and `near.png` with every
//! asset as its volume or shell, and prints a line for each asset: how large it is and what it is drawn as.

use std::{
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bevy::prelude::*;
use clap::Parser;
use gve_bevy::prelude::*;
use gve_examples::{
    app,
    args::CommonArgs,
    orbit::{FOV_Y_RAD, Orbit},
    source::Source,
    stage::{Ground, ground_below},
    studio::Studio,
};

/// Shows a row of assets from near to far.
#[derive(Parser, Debug, Clone, Resource)]
#[command(
    after_help = "Example: cargo run --example lod -- assets/library --headless --out out/lod --size 1024"
)]
struct Args {
    /// A `.gve_bin` file, a `.gve.json` recipe, or a folder of either; its assets are repeated in turn.
    path: PathBuf,
    /// How many assets stand in the row.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=1000))]
    objects: u32,
    /// Each asset is so many times as far away as the one before it.
    #[arg(long, default_value_t = 1.3)]
    ratio: f32,
    /// Smaller assets are drawn as splats: pixels of diameter.
    #[arg(long)]
    splats_below: Option<f32>,
    /// Splats for each pixel of an asset's disc.
    #[arg(long)]
    splats_per_pixel: Option<f32>,
    #[command(flatten)]
    common: CommonArgs,
}

/// How long the assets may take to load.
const LOAD_TIMEOUT: Duration = Duration::from_secs(120);
/// Metres from the camera to the nearest asset.
const NEAREST: f32 = 3.6;

/// An asset's place in the row; it is made about a metre large once it is loaded.
#[derive(Component)]
struct Place(u32);
/// An asset that has not been made so.
#[derive(Component)]
struct Unfitted;

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let source = Source::open(&args.path)?;
    if args.common.headless {
        return draw(&args, &source);
    }
    let mut app = app::windowed("Level of detail", &source.root, None)?;
    app.add_plugins(GveOverlayPlugin);
    spawn_row(&mut app, &args, &source);
    let orbit = Orbit { target: Vec3::ZERO, distance: NEAREST, azimuth_rad: 0.0, elevation_rad: 0.1 };
    app.world_mut().spawn((Camera3d::default(), orbit, orbit.transform(), orbit.projection()));
    app.run();
    Ok(())
}

/// Where the camera stands without an orbit.
fn eye() -> Transform {
    Transform::from_xyz(0.0, 0.45, NEAREST).looking_to(Vec3::new(0.0, -0.06, -1.0), Vec3::Y)
}

fn spawn_row(app: &mut App, args: &Args, source: &Source) {
    let world = app.world_mut();
    let mut settings = world.resource_mut::<GveLodSettings>();
    settings.splats_below_diameter_px = args.splats_below.unwrap_or(settings.splats_below_diameter_px);
    settings.splats_per_pixel = args.splats_per_pixel.unwrap_or(settings.splats_per_pixel);
    let server = world.resource::<AssetServer>().clone();
    for number in 0..args.objects {
        let entry = &source.entries[number as usize % source.entries.len()];
        world.spawn((
            GveObject(server.load(entry.address.clone())),
            Name::new(entry.name.clone()),
            Place(number),
            Unfitted,
            Visibility::Hidden,
        ));
    }
    app.insert_resource(args.clone()).add_systems(Update, fit);
}

/// Puts what is loaded into its place, where none hides the next.
fn fit(
    mut commands: Commands,
    args: Res<Args>,
    assets: Res<Assets<GveAsset>>,
    mut objects: Query<(Entity, &GveObject, &Place, &mut Transform, &mut Visibility), With<Unfitted>>,
    mut grounds: Query<&mut Transform, (With<Ground>, Without<Place>)>,
) {
    for (entity, object, place, mut transform, mut visibility) in &mut objects {
        let Some(asset) = assets.get(object.id()) else { continue };
        let bounds = asset.metadata().bounds;
        let (min, max) = (Vec3::from(bounds.min), Vec3::from(bounds.max));
        let scale = 1.0 / (max - min).max_element().max(1e-6);
        let distance = NEAREST * args.ratio.powi(place.0 as i32);
        // On both sides, the farther the nearer to the middle.
        let side = if place.0.is_multiple_of(2) { -1.0 } else { 1.0 };
        let across = side * distance * (0.012 + 0.17 * 0.86_f32.powi(place.0 as i32));
        *transform = Transform::from_xyz(across, 0.0, NEAREST - distance)
            .with_rotation(Quat::from_rotation_y(place.0 as f32))
            .with_scale(Vec3::splat(scale));
        transform.translation.y = -scale * min.y - 0.5;
        *visibility = Visibility::Inherited;
        commands.entity(entity).remove::<Unfitted>();
    }
    for mut ground in &mut grounds {
        *ground = ground_below(Vec3::splat(-0.5), Vec3::splat(0.5)).with_scale(Vec3::splat(1e4));
    }
}

fn draw(args: &Args, source: &Source) -> anyhow::Result<()> {
    let out = args.common.out_dir()?;
    let mut studio = Studio::new(&source.root, args.common.size)?;
    spawn_row(studio.app(), args, source);
    let world = studio.app().world_mut();
    let camera = world.query_filtered::<Entity, With<Camera3d>>().single(world).context("one camera")?;
    let projection = PerspectiveProjection { fov: FOV_Y_RAD, near: 0.05, far: 1e6, ..default() };
    world.entity_mut(camera).insert((eye(), Projection::Perspective(projection)));
    let started = Instant::now();
    loop {
        studio.update();
        let world = studio.app().world_mut();
        if world.query::<&Unfitted>().iter(world).next().is_none() {
            break;
        }
        if started.elapsed() > LOAD_TIMEOUT {
            bail!("the assets are not loaded within {LOAD_TIMEOUT:?}");
        }
    }
    let save = |studio: &mut Studio, name: &str| -> anyhow::Result<()> {
        let file = out.join(name);
        studio.picture()?.save(&file).with_context(|| format!("cannot write {}", file.display()))
    };
    save(&mut studio, "lod.png")?;
    let world = studio.app().world_mut();
    let pixels_per_metre = 0.5 * args.common.size as f32 / ops::tan(0.5 * FOV_Y_RAD);
    let mut lines: Vec<_> = world
        .query::<(Entity, &Place, &Name, &GveDrawnAs)>()
        .iter(world)
        .map(|(entity, place, name, drawn_as)| {
            let distance = NEAREST * args.ratio.powi(place.0 as i32);
            let what = drawn_as.map_or_else(|| "nothing".to_owned(), |what| what.to_string());
            (
                place.0,
                entity,
                format!("{distance:9.1} m  {:7.1} px  {what:8} {name}", pixels_per_metre / distance),
            )
        })
        .collect();
    lines.sort_by_key(|(place, ..)| *place);
    let mut terminal = std::io::stdout();
    for (_, entity, line) in &lines {
        writeln!(terminal, "{line}").context("cannot print")?;
        world.entity_mut(*entity).insert(GveRepresentation::Volume);
    }
    save(&mut studio, "near.png")
}
