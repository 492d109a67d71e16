//! Shows assets: a `.gve_bin`, a recipe, a folder of either, or what an Architect has.
//!
//! `cargo run --example viewer -- assets/library` opens the sample library; with `--architect URL` instead of a path
//! the assets come from a running Architect, and change on screen when somebody saves them.
//! With `--headless --out DIR` it writes a picture of each asset and a contact sheet, and exits.

use std::path::PathBuf;

use anyhow::{Context, bail};
use bevy::{camera::Viewport, prelude::*};
use clap::Parser;
use gve_bevy::prelude::*;
use gve_examples::{
    app,
    args::CommonArgs,
    environment::studio_light,
    hud::{self, Hud},
    orbit::Orbit,
    sheet,
    source::{Entry, Source},
    stage::{Ground, ground_below, shadows_around},
    studio::Studio,
};

/// Shows GVE-1 assets.
#[derive(Parser)]
struct Args {
    /// A `.gve_bin` file, a `.gve.json` recipe, or a folder of either.
    #[arg(required_unless_present = "architect")]
    path: Option<PathBuf>,
    /// Show what the Architect at this address has.
    #[arg(long, value_name = "URL", conflicts_with = "path")]
    architect: Option<String>,
    /// Show volume, splats and shell side by side.
    #[arg(long)]
    compare: bool,
    #[command(flatten)]
    common: CommonArgs,
}

const REPRESENTATIONS: [GveRepresentation; 3] =
    [GveRepresentation::Volume, GveRepresentation::Splats, GveRepresentation::Shell];

/// Side of one picture on the contact sheet in pixels.
const SHEET_SIZE: u32 = 256;

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let source = match (&args.path, &args.architect) {
        (Some(path), _) => Source::open(path)?,
        (None, Some(url)) => Source::ask(url)?,
        (None, None) => bail!("a path or --architect is needed"),
    };
    if args.common.headless { draw(&args, &source) } else { show(&args, source) }
}

fn draw(args: &Args, source: &Source) -> anyhow::Result<()> {
    let out = args.common.out_dir()?;
    let mut studio = Studio::connected(&source.root, source.architect.as_deref(), args.common.size)?;
    let mut rows = Vec::new();
    for entry in &source.entries {
        studio.show(&entry.address, GveRepresentation::Volume)?;
        let mut pictures = Vec::new();
        for representation in REPRESENTATIONS {
            studio.represent(representation);
            pictures.push(studio.picture()?);
        }
        rows.push(pictures.iter().map(|picture| sheet::shrink(picture, SHEET_SIZE)).collect());
        let path = out.join(format!("{}.png", entry.name));
        sheet::grid(&[pictures], 4).save(&path).with_context(|| path.display().to_string())?;
        info!("{}", path.display());
    }
    let path = out.join("library.png");
    sheet::grid(&rows, 4).save(&path).with_context(|| path.display().to_string())
}

/// What the window shows.
#[derive(Resource)]
struct View {
    entries: Vec<Entry>,
    current: usize,
    representation: GveRepresentation,
    compare: bool,
    /// Keeps baked recipes on disk while the window is open.
    _source: Source,
}

/// One of the three columns: its camera and object show the same layer.
#[derive(Component, Clone, Copy)]
struct Column(usize);

fn show(args: &Args, source: Source) -> anyhow::Result<()> {
    let mut app = app::windowed("GVE-1 viewer", &source.root, source.architect.as_deref())?;
    app.insert_resource(View {
        entries: source.entries.clone(),
        current: 0,
        representation: GveRepresentation::Volume,
        compare: args.compare,
        _source: source,
    });
    app.add_systems(Startup, build);
    app.add_systems(
        Update,
        (choose, arrange.run_if(resource_changed::<View>), frame_when_ready, split).chain(),
    );
    app.run();
    Ok(())
}

fn build(mut commands: Commands, mut images: ResMut<Assets<Image>>) {
    for column in 0..REPRESENTATIONS.len() {
        let light = studio_light(&mut images);
        let mut camera = commands.spawn((
            Column(column),
            Camera3d::default(),
            Camera { order: column as isize, is_active: column == 0, ..default() },
            Orbit::framing(Vec3::NEG_ONE, Vec3::ONE),
            light,
        ));
        if column == 0 {
            camera.insert(IsDefaultUiCamera);
        }
    }
}

fn choose(keys: Res<ButtonInput<KeyCode>>, mut view: ResMut<View>, mut exit: MessageWriter<AppExit>) {
    let count = view.entries.len();
    for (key, representation) in
        [KeyCode::Digit1, KeyCode::Digit2, KeyCode::Digit3].into_iter().zip(REPRESENTATIONS)
    {
        if keys.just_pressed(key) {
            view.representation = representation;
            view.compare = false;
        }
    }
    if keys.just_pressed(KeyCode::KeyC) {
        view.compare = !view.compare;
    }
    if keys.any_just_pressed([KeyCode::ArrowRight, KeyCode::Space]) {
        view.current = (view.current + 1) % count;
    }
    if keys.just_pressed(KeyCode::ArrowLeft) {
        view.current = (view.current + count - 1) % count;
    }
    if keys.just_pressed(KeyCode::Escape) {
        exit.write(AppExit::Success);
    }
}

/// Spawns the objects of the asset that is shown: one, or one per column side by side.
fn arrange(
    mut commands: Commands,
    view: Res<View>,
    server: Res<AssetServer>,
    objects: Query<(Entity, &GveObject, &GveRepresentation)>,
    mut shown: Local<Option<(usize, bool)>>,
) {
    let wanted = Some((view.current, view.compare));
    if *shown == wanted {
        if let (false, Ok((object, ..))) = (view.compare, objects.single()) {
            commands.entity(object).insert(view.representation);
        }
        return;
    }
    *shown = wanted;
    for (object, ..) in &objects {
        commands.entity(object).despawn();
    }
    let Some(entry) = view.entries.get(view.current) else { return };
    let handle: Handle<GveAsset> = server.load(entry.address.clone());
    let representations = if view.compare { REPRESENTATIONS.to_vec() } else { vec![view.representation] };
    for (column, representation) in representations.into_iter().enumerate() {
        commands.spawn((Column(column), GveObject(handle.clone()), representation, Unframed));
    }
}

/// An object whose asset has not been looked at yet.
#[derive(Component)]
struct Unframed;

/// Frames an asset once it is there, and keeps the status line true.
fn frame_when_ready(
    mut commands: Commands,
    view: Res<View>,
    assets: Res<Assets<GveAsset>>,
    mut objects: Query<(
        (Entity, &Column, &GveObject, &mut Transform, Has<Unframed>),
        (&GveAssetStatus, Option<&GveNetStatus>),
    )>,
    mut cameras: Query<(&Column, &mut Orbit), Without<GveObject>>,
    mut ground: Single<&mut Transform, (With<Ground>, Without<GveObject>)>,
    light: Single<Entity, With<DirectionalLight>>,
    window: Single<&Window>,
    mut hud: ResMut<Hud>,
) {
    let (mut status, mut progress) = (String::new(), None);
    for ((entity, column, object, mut transform, unframed), (state, net)) in &mut objects {
        status = match state {
            GveAssetStatus::Loading => "loading".to_owned(),
            GveAssetStatus::Ready { warnings } => warnings.first().cloned().unwrap_or_default(),
            GveAssetStatus::Failed(reason) | GveAssetStatus::Stale(reason) => reason.to_string(),
        };
        if let Some(net) = net {
            status = format!("{status} {}", hud::net_line(net));
            progress = net.compiling.map(|compiling| compiling.total());
        }
        let Some(asset) = assets.get(&object.0) else { continue };
        if !unframed {
            continue;
        }
        commands.entity(entity).remove::<Unframed>();
        let bounds = asset.metadata().bounds;
        let (min, max) = (Vec3::from(bounds.min), Vec3::from(bounds.max));
        // Columns stand so far apart that no camera sees its neighbour's object or shadow.
        let spread = 12.0 * (max - min).length();
        let offset = Vec3::X * spread * column.0 as f32;
        transform.translation = offset;
        for (camera, mut orbit) in &mut cameras {
            if camera.0 == column.0 {
                *orbit = Orbit::framing(min + offset, max + offset);
                // The framing is for a square; a column of the window may be narrower.
                let columns = if view.compare { REPRESENTATIONS.len() } else { 1 };
                orbit.distance *= (columns as f32 * window.height() / window.width()).max(1.0);
                commands.entity(*light).insert(shadows_around(orbit.distance, (max - min).length()));
            }
        }
        **ground = ground_below(min, max).with_scale(Vec3::splat(40.0 * (max - min).length()));
    }
    let name = view.entries.get(view.current).map_or("", |entry| entry.name.as_str());
    let shown = if view.compare {
        "volume | splats | shell".to_owned()
    } else {
        format!("{:?}", view.representation)
    };
    let wanted = Hud {
        help: "1 volume  2 splats  3 shell  C compare   left/right asset   drag to turn, right-drag to move, wheel to zoom"
            .to_owned(),
        status: format!("{name}  {shown}  {status}"),
        progress,
    };
    hud.set_if_neq(wanted);
}

/// Gives each active camera its share of the window; the others follow the first one's view.
fn split(
    view: Res<View>,
    window: Single<&Window>,
    objects: Query<(&Column, &Transform), With<GveObject>>,
    mut cameras: Query<(&Column, &mut Camera, &mut Orbit)>,
) {
    let columns = if view.compare { REPRESENTATIONS.len() } else { 1 };
    let size = window.physical_size();
    let offset = |column: usize| {
        objects.iter().find(|(c, _)| c.0 == column).map_or(Vec3::ZERO, |(_, t)| t.translation)
    };
    let first = cameras.iter().find(|(column, ..)| column.0 == 0).map(|(.., orbit)| *orbit);
    for (column, mut camera, mut orbit) in &mut cameras {
        let active = column.0 < columns;
        if camera.is_active != active {
            camera.is_active = active;
        }
        let width = size.x / columns as u32;
        if !active || width == 0 || size.y == 0 {
            continue;
        }
        let viewport = Viewport {
            physical_position: UVec2::new(column.0 as u32 * width, 0),
            physical_size: UVec2::new(width, size.y),
            ..default()
        };
        if camera.viewport.as_ref().is_none_or(|v| {
            (v.physical_position, v.physical_size) != (viewport.physical_position, viewport.physical_size)
        }) {
            camera.viewport = Some(viewport);
        }
        if let Some(first) = first
            && column.0 > 0
        {
            let follow = Orbit { target: first.target - offset(0) + offset(column.0), ..first };
            orbit.set_if_neq(follow);
        }
    }
}
