//! What lies under the mouse: material, part and normal of the surface, found by rays on the processor.
//!
//! `cargo run --example pick -- assets/library/steam_locomotive.gve.json` marks what the mouse points at.
//! With `--headless --out DIR` it casts a grid of rays through a picture, marks where they hit, and exits; with
//! `--measure` it draws nothing and prints how many rays a second one core casts at `--objects` objects.

use std::{
    hint::black_box,
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bevy::{ecs::system::RunSystemOnce, prelude::*};
use clap::Parser;
use gve_bevy::prelude::*;
use gve_examples::{
    app,
    args::CommonArgs,
    environment::studio_light,
    hud::Hud,
    orbit::Orbit,
    source::Source,
    stage::{Ground, ground_below, shadows_around},
    studio::Studio,
};
use serde_json::json;

/// Shows what rays hit.
#[derive(Parser)]
#[command(after_help = "Example: cargo run --example pick -- assets/library/tin_robot.gve.json")]
struct Args {
    /// A `.gve_bin` file, a `.gve.json` recipe, or a folder of either; of a folder, the first is shown.
    #[arg(default_value = "assets/library/steam_locomotive.gve.json")]
    path: PathBuf,
    /// What is drawn, and hit.
    #[arg(long, value_enum, default_value_t = Form::Volume)]
    form: Form,
    /// Draw nothing: measure rays and print a JSON object.
    #[arg(long, conflicts_with = "headless")]
    measure: bool,
    /// With `--measure`: objects of all the assets, in a cube.
    #[arg(long, default_value_t = 1000)]
    objects: u32,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(clap::ValueEnum, Debug, Clone, Copy)]
enum Form {
    Volume,
    Splats,
    Shell,
}

impl Form {
    fn representation(self) -> GveRepresentation {
        match self {
            Self::Volume => GveRepresentation::Volume,
            Self::Splats => GveRepresentation::Splats,
            Self::Shell => GveRepresentation::Shell,
        }
    }
}

/// Rays along each side of the picture without a window.
const GRID: u32 = 24;
/// Rays of one measurement.
const RAYS: u32 = 20_000;
/// How long the assets may take to load.
const LOAD_TIMEOUT: Duration = Duration::from_secs(60);

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let source = Source::open(&args.path)?;
    if args.measure {
        measure(&args, &source)
    } else if args.common.headless {
        draw(&args, &source)
    } else {
        show(&args, source)
    }
}

/// The material and the part that a ray has hit, for people.
fn described(hit: &GveRayHit, asset: &GveAsset) -> String {
    let material = asset.materials().get(hit.material as usize).map_or("?", |spec| &spec.display_name);
    let part = hit.part.and_then(|part| asset.metadata().parts.get(part as usize));
    let part = part.map_or("", |part| part.name.as_deref().unwrap_or(&part.path));
    let [x, y, z] = hit.normal.to_array();
    format!("{material}   {part}   normal {x:.2} {y:.2} {z:.2}   {:.2} m away", hit.distance)
}

// With a window.

/// Keeps a baked recipe on disk while the window is open.
#[derive(Resource)]
struct Shown(Source);

#[derive(Component)]
struct Unframed;

fn show(args: &Args, source: Source) -> anyhow::Result<()> {
    let mut app = app::windowed("GVE-1 picking", &source.root, None)?;
    let representation = args.form.representation();
    app.insert_resource(Shown(source))
        .add_systems(
            Startup,
            move |mut commands: Commands,
                  shown: Res<Shown>,
                  server: Res<AssetServer>,
                  mut images: ResMut<Assets<Image>>| {
                let light = studio_light(&mut images);
                commands.spawn((Camera3d::default(), Orbit::framing(Vec3::NEG_ONE, Vec3::ONE), light));
                if let Some(entry) = shown.0.entries.first() {
                    let asset = GveObject(server.load(entry.address.clone()));
                    commands.spawn((asset, representation, Unframed));
                }
            },
        )
        .add_systems(Update, (frame, point).chain());
    app.run();
    Ok(())
}

/// Looks at the asset once it is there.
fn frame(
    mut commands: Commands,
    assets: Res<Assets<GveAsset>>,
    objects: Query<(Entity, &GveObject), With<Unframed>>,
    mut orbit: Single<&mut Orbit>,
    mut ground: Single<&mut Transform, With<Ground>>,
    light: Single<Entity, With<DirectionalLight>>,
) {
    for (entity, object) in &objects {
        let Some(asset) = assets.get(object.id()) else { continue };
        commands.entity(entity).remove::<Unframed>();
        let bounds = asset.metadata().bounds;
        let (min, max) = (Vec3::from(bounds.min), Vec3::from(bounds.max));
        **orbit = Orbit::framing(min, max);
        **ground = ground_below(min, max);
        commands.entity(*light).insert(shadows_around(orbit.distance, (max - min).length()));
    }
}

/// Marks what the mouse points at, and says what it is.
fn point(
    window: Single<&Window>,
    camera: Single<(&Camera, &GlobalTransform)>,
    mut raycast: GveRaycast,
    assets: Res<Assets<GveAsset>>,
    objects: Query<(&GveObject, &GlobalTransform)>,
    mut gizmos: Gizmos,
    mut hud: ResMut<Hud>,
) {
    let mut status = "nothing here".to_owned();
    let ray = window.cursor_position().and_then(|at| camera.0.viewport_to_world(camera.1, at).ok());
    let settings = GveRaycastSettings { visibility: GveRayVisibility::VisibleInView, ..default() };
    if let Some(ray) = ray
        && let Some(&hit) = raycast.cast_ray(ray.origin, *ray.direction, &settings).first()
        && let Ok((object, place)) = objects.get(hit.entity)
        && let Some(asset) = assets.get(object.id())
    {
        status = described(&hit, asset);
        let size = 0.02 * hit.distance;
        let color = Color::srgb(1.0, 0.6, 0.1);
        gizmos.circle(Isometry3d::new(hit.point, Quat::from_rotation_arc(Vec3::Z, hit.normal)), size, color);
        gizmos.arrow(hit.point, hit.point + 3.0 * size * hit.normal, color);
        let bounds = asset.aabb();
        let around = Transform::from_translation(bounds.center.into())
            .with_scale(2.0 * Vec3::from(bounds.half_extents));
        gizmos.cube(*place * around, color.with_alpha(0.3));
    }
    let help = "point at the object   drag to turn, right-drag to move, wheel to zoom";
    hud.set_if_neq(Hud { help: help.to_owned(), status, progress: None });
}

// Without one.

fn draw(args: &Args, source: &Source) -> anyhow::Result<()> {
    let out = args.common.out_dir()?;
    let mut studio = Studio::new(&source.root, args.common.size)?;
    let entry = source.entries.first().context("there is an asset")?;
    studio.show(&entry.address, args.form.representation())?;
    studio.update();
    let size = args.common.size as f32;
    let cast = move |mut raycast: GveRaycast,
                     camera: Single<(&Camera, &GlobalTransform), With<Camera3d>>,
                     assets: Res<Assets<GveAsset>>,
                     objects: Query<&GveObject>,
                     mut commands: Commands,
                     mut meshes: ResMut<Assets<Mesh>>,
                     mut materials: ResMut<Assets<StandardMaterial>>| {
        let (ball, stick) = (meshes.add(Sphere::new(1.0)), meshes.add(Cylinder::new(0.3, 6.0)));
        let paint = materials.add(StandardMaterial { base_color: Color::srgb(1.0, 0.45, 0.05), ..default() });
        let mut lines = Vec::new();
        for i in 0..GRID * GRID {
            let cell = Vec2::new((i % GRID) as f32, (i / GRID) as f32);
            let pixel = (cell + 0.5) * size / GRID as f32;
            let Ok(ray) = camera.0.viewport_to_world(camera.1, pixel) else { continue };
            let settings = GveRaycastSettings { visibility: GveRayVisibility::VisibleInView, ..default() };
            let Some(&hit) = raycast.cast_ray(ray.origin, *ray.direction, &settings).first() else {
                continue;
            };
            let asset = objects.get(hit.entity).ok().and_then(|object| assets.get(object.id()));
            lines.extend(
                asset.map(|asset| format!("{:.0} {:.0}: {}", pixel.x, pixel.y, described(&hit, asset))),
            );
            let mark = Transform::from_translation(hit.point)
                .with_rotation(Quat::from_rotation_arc(Vec3::Y, hit.normal))
                .with_scale(Vec3::splat(0.0025 * hit.distance));
            commands.spawn((Mesh3d(ball.clone()), MeshMaterial3d(paint.clone()), mark));
            let along = mark.translation + 3.0 * mark.scale.x * hit.normal;
            commands.spawn((
                Mesh3d(stick.clone()),
                MeshMaterial3d(paint.clone()),
                mark.with_translation(along),
            ));
        }
        lines
    };
    let lines = studio.app().world_mut().run_system_once(cast).map_err(|error| anyhow::anyhow!("{error}"))?;
    let picture = out.join("pick.png");
    studio.picture()?.save(&picture).with_context(|| picture.display().to_string())?;
    let text = out.join("pick.txt");
    std::fs::write(&text, lines.join("\n") + "\n").with_context(|| text.display().to_string())
}

/// What is cast, in metres.
struct Shot {
    origin: Vec3,
    direction: Vec3,
}

fn measure(args: &Args, source: &Source) -> anyhow::Result<()> {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins,
        AssetPlugin { file_path: source.root.display().to_string(), ..default() },
        TransformPlugin,
        GvePlugin,
    ));
    let server = app.world().resource::<AssetServer>().clone();
    let handles: Vec<Handle<GveAsset>> =
        source.entries.iter().map(|entry| server.load(entry.address.clone())).collect();
    let started = Instant::now();
    while handles.iter().any(|handle| !server.is_loaded(handle)) {
        app.update();
        if started.elapsed() > LOAD_TIMEOUT {
            bail!("the assets are not loaded within {LOAD_TIMEOUT:?}");
        }
    }
    // Each as large as the others, in a cube of places; a third of each side is left free.
    let side = (args.objects as f32).cbrt().ceil() as u32;
    for i in 0..args.objects {
        let handle = &handles[i as usize % handles.len()];
        let at = UVec3::new(i % side, i / side % side, i / (side * side)).as_vec3() - 0.5 * side as f32;
        let bounds = app.world().resource::<Assets<GveAsset>>().get(handle).context("it is loaded")?.aabb();
        let scale = 0.33 / Vec3::from(bounds.half_extents).max_element();
        let turn = Quat::from_euler(EulerRot::XYZ, i as f32, 2.0 * i as f32, 0.0);
        let place = Transform::from_translation(at - turn * (scale * Vec3::from(bounds.center)))
            .with_rotation(turn)
            .with_scale(Vec3::splat(scale));
        app.world_mut().spawn((GveObject(handle.clone()), args.form.representation(), place));
    }
    app.update();
    // From all around, through the middle half: most of them hit something.
    let reach = side as f32;
    let scatter =
        |i: u32| Vec3::from([0.754_877_7_f32, 0.569_840_3, 0.438_579].map(|k| (i as f32 * k).fract() - 0.5));
    let shots: Vec<Shot> = (0..RAYS)
        .map(|i| {
            let origin = 1.5 * reach * scatter(2 * i + 1).normalize_or(Vec3::X);
            Shot { origin, direction: reach * scatter(3 * i + 2) - origin }
        })
        .collect();
    let cast = move |mut raycast: GveRaycast| {
        let mut hits = 0_u32;
        let started = Instant::now();
        for shot in &shots {
            let found = raycast.cast_ray(shot.origin, shot.direction, &GveRaycastSettings::default());
            hits += u32::from(!black_box(found).is_empty());
        }
        (started.elapsed().as_secs_f64(), hits)
    };
    let mut runs = Vec::new();
    let mut hits = 0;
    let system = app.world_mut().register_system(cast);
    // The first one sorts triangles and boxes.
    for run in 0..6 {
        let (seconds, found) =
            app.world_mut().run_system(system).map_err(|error| anyhow::anyhow!("{error}"))?;
        hits = found;
        if run > 0 {
            runs.push(f64::from(RAYS) / seconds);
        }
    }
    runs.sort_by(f64::total_cmp);
    let report = json!({
        "objects": args.objects,
        "rays": RAYS,
        "hits": hits,
        "rays_per_second": runs[runs.len() / 2],
        "least": runs.first(),
        "most": runs.last(),
    });
    writeln!(std::io::stdout(), "{report}").context("cannot print")
}
