//! Level of detail: what objects that choose for themselves are drawn as.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "figures for people")]

mod common;
mod splat_support;

use std::{sync::Arc, time::Duration};

use bevy::{
    camera::visibility::RenderLayers,
    ecs::system::RunSystemOnce,
    prelude::*,
    render::render_resource::{TextureFormat, TextureUsages},
    time::TimeUpdateStrategy,
};
use common::{
    asset::{Shape, data, material, shell},
    *,
};
use gve_assets::AssetFile;
use gve_bevy::{
    object::GvePart,
    prelude::{
        GveRepresentation::{Shell, Splats, Volume},
        *,
    },
};
use gve_types::{MissingFeature, snapshot::SnapshotKind};

const COLOR: [u8; 3] = [200, 40, 30];

/// A ball of one metre of which volume, shell and splats are the same.
fn ball(splats: u32, lacks: bool) -> GveAsset {
    let shape = Shape::sphere(1.0, material(COLOR, 0.0, 0.5));
    let mut data = data(&shape, 24, shell(&Sphere::new(1.0).mesh().uv(96, 48)));
    data.splats = splat_support::sphere(splats, 1.0, COLOR);
    if lacks {
        data.metadata.volume_lacks =
            vec![MissingFeature { path: "$.root_node".into(), place: [0.0; 3], thickness_m: 1e-4 }];
    }
    GveAsset::new(Arc::new(AssetFile::from_bytes(gve_assets::encode(&data).unwrap()).unwrap()))
}

/// Pixels of the pictures of most tests: nobody looks at them.
const SIDE: u32 = 32;

/// An image that a camera can draw into.
fn image(app: &mut App, side: u32) -> Handle<Image> {
    let mut image = Image::new_target_texture(side, side, TextureFormat::Rgba8UnormSrgb, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    app.world_mut().resource_mut::<Assets<Image>>().add(image)
}

/// Sixty frames a second, whatever the machine takes.
fn steady(mut app: App) -> App {
    app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_secs(1) / 60));
    // Without shadows: software takes long to draw them.
    app.world_mut().spawn((
        DirectionalLight { illuminance: 6000.0, ..default() },
        Transform::from_xyz(2.0, 3.0, 2.5).looking_at(Vec3::ZERO, Vec3::Y),
    ));
    app.world_mut().insert_resource(GlobalAmbientLight { brightness: 300.0, ..default() });
    app
}

fn eye_at(distance: f32) -> Transform {
    Transform::from_xyz(0.0, 0.0, distance).looking_at(Vec3::ZERO, Vec3::Y)
}

/// The distance from which the sphere around the ball's bounds is so many pixels wide.
fn distance_for(diameter_px: f32) -> f32 {
    distance_in(SIDE, diameter_px)
}

/// The same in a picture of so many pixels.
fn distance_in(side: u32, diameter_px: f32) -> f32 {
    let radius = 3.0_f32.sqrt();
    // Bevy's default field of view is 45° high.
    let pixels_per_metre = 0.5 * side as f32 / (std::f32::consts::FRAC_PI_8).tan();
    radius + 2.0 * radius * pixels_per_metre / diameter_px
}

struct Scene {
    app: App,
    camera: Entity,
    object: Entity,
    target: Handle<Image>,
}

fn scene(app: App, asset: GveAsset, diameter_px: f32) -> Scene {
    let mut app = steady(app);
    let target = image(&mut app, SIDE);
    let camera = camera(&target, eye_at(distance_for(diameter_px)).translation);
    let camera = app.world_mut().spawn((camera, Msaa::Off)).id();
    let handle = app.world_mut().resource_mut::<Assets<GveAsset>>().add(asset);
    let object = app.world_mut().spawn(GveObject(handle)).id();
    app.update();
    Scene { app, camera, object, target }
}

impl Scene {
    fn look_for(&mut self, diameter_px: f32) {
        let place = eye_at(distance_for(diameter_px));
        self.app.world_mut().entity_mut(self.camera).insert(place);
    }

    fn update(&mut self, frames: u32) {
        for _ in 0..frames {
            self.app.update();
        }
    }

    /// From one size to another in steps that are no cut.
    fn go(&mut self, from_px: f32, to_px: f32) {
        for i in 0..=40 {
            self.look_for(from_px * (to_px / from_px).powf(i as f32 / 40.0));
            self.update(1);
        }
    }

    fn drawn_as(&self) -> &GveDrawnAs {
        self.app.world().get::<GveDrawnAs>(self.object).unwrap()
    }

    /// The forms that parts draw.
    fn parts(&self) -> Vec<GveRepresentation> {
        let world = self.app.world();
        let children = world.get::<Children>(self.object).into_iter().flat_map(Children::iter);
        let mut parts: Vec<_> =
            children.filter_map(|child| Some(world.get::<GvePart>(child)?.representation)).collect();
        parts.sort_by_key(|part| *part as u32);
        parts
    }

    fn set(&mut self, change: impl FnOnce(&mut GveLodSettings)) {
        change(&mut self.app.world_mut().resource_mut::<GveLodSettings>());
    }
}

#[test]
fn by_its_size_an_object_is_drawn_as_a_volume_as_splats_or_not_at_all() {
    for (diameter_px, what) in [(400.0, Some(Volume)), (100.0, Some(Splats)), (0.3, None)] {
        let scene = scene(app(), ball(30_000, false), diameter_px);
        assert_eq!(**scene.drawn_as(), what, "{diameter_px} px, at once");
        assert_eq!(scene.drawn_as().fading(), None);
        assert_eq!(scene.drawn_as().too_small(), what.is_none().then_some(Splats));
        assert_eq!(scene.parts(), what.into_iter().collect::<Vec<_>>());
        assert_eq!(scene.drawn_as().reason(), None);
    }
}

#[test]
fn what_suits_the_size_is_listed_and_hit_as_it_is_drawn() {
    let mut scene = scene(app(), ball(30_000, false), 400.0);
    for (diameter_px, kind) in
        [(400.0, SnapshotKind::Sdf), (100.0, SnapshotKind::Mesh), (0.3, SnapshotKind::Mesh)]
    {
        scene.look_for(diameter_px);
        scene.update(2);
        let entries = gve_bevy::scene::scene_entries(scene.app.world_mut());
        let listed: Vec<_> = entries.iter().map(|entry| (entry.kind, entry.active)).collect();
        assert_eq!(listed, [(kind, true)], "{diameter_px} px");
        let cast = |mut raycast: GveRaycast| {
            let hits =
                raycast.cast_ray(Vec3::new(0.0, 0.0, 9.0), Vec3::NEG_Z, &GveRaycastSettings::default());
            hits.first().map(|hit| hit.distance)
        };
        let distance = scene.app.world_mut().run_system_once(cast).unwrap();
        assert!((distance.unwrap() - 8.0).abs() < 0.01, "{diameter_px} px: {distance:?}");
    }
}

#[test]
fn a_camera_that_moves_changes_what_is_drawn_and_both_are_there_meanwhile() {
    let mut scene = scene(app(), ball(30_000, false), 180.0);
    let mut seen = vec![(**scene.drawn_as(), scene.drawn_as().fading())];
    for (from, to) in [(180.0, 90.0), (90.0, 250.0)] {
        for i in 0..=60 {
            scene.look_for(from + (to - from) * (i as f32 / 40.0).min(1.0));
            scene.update(1);
            let now = (**scene.drawn_as(), scene.drawn_as().fading());
            if seen.last() != Some(&now) {
                seen.push(now);
            }
            let mut drawn: Vec<_> = now.0.into_iter().chain(now.1).collect();
            drawn.sort_by_key(|part| *part as u32);
            assert_eq!(scene.parts(), drawn, "parts are what is said to be drawn");
        }
    }
    let [volume, splats] = [Some(Volume), Some(Splats)];
    assert_eq!(seen, [(volume, None), (splats, volume), (splats, None), (volume, splats), (volume, None)]);
}

#[test]
fn near_by_the_shell_takes_the_place_of_a_volume_that_lacks_something_or_is_not_drawn() {
    let no_volumes = || app_with(PluginGroup::build(GvePlugin).disable::<GveVolumePlugin>());
    for (app, lacks) in [(app(), true), (no_volumes(), false)] {
        let mut scene = scene(app, ball(30_000, lacks), 300.0);
        assert_eq!(**scene.drawn_as(), Some(Shell));
        assert!(scene.drawn_as().reason().is_some());
        scene.go(300.0, 100.0);
        scene.update(20);
        assert_eq!((**scene.drawn_as(), scene.parts()), (Some(Splats), vec![Splats]));
    }
    let scene = scene(
        app(),
        splat_support::asset(splat_support::sphere(500, 1.0, COLOR), vec![material(COLOR, 0.0, 0.5)]),
        300.0,
    );
    assert_eq!(**scene.drawn_as(), Some(Volume), "a file with few splats shows its volume near by");
}

/// Splats alone, as out of another program: neither bricks nor triangles.
#[test]
fn splats_alone_are_splats_near_by_too() {
    let shape = Shape::sphere(1.0, material(COLOR, 0.0, 0.5));
    let mut data = data(&shape, 24, shell(&Sphere::new(1.0).mesh().uv(8, 4)));
    data.splats = splat_support::sphere(500, 1.0, COLOR);
    data.shell.indices.clear();
    data.shell.parts.clear();
    let level = &mut data.volume.levels[0];
    level.cells.fill(gve_assets::BrickCell::empty(0.1));
    level.scales.clear();
    level.distances.clear();
    level.parts = gve_assets::PartIds::U8(Vec::new());
    let asset = gve_assets::encode(&data).unwrap();
    let scene = scene(app(), GveAsset::new(Arc::new(AssetFile::from_bytes(asset).unwrap())), 400.0);
    assert_eq!((**scene.drawn_as(), scene.drawn_as().reason()), (Some(Splats), None));
}

#[test]
fn what_is_asked_for_is_drawn_at_any_size() {
    let mut scene = scene(app(), ball(30_000, false), 400.0);
    for what in GveRepresentation::ALL {
        scene.app.world_mut().entity_mut(scene.object).insert(what);
        for diameter_px in [400.0, 100.0, 0.3] {
            scene.look_for(diameter_px);
            scene.update(2);
            assert_eq!(**scene.drawn_as(), Some(what), "{diameter_px} px");
        }
    }
    scene.app.world_mut().entity_mut(scene.object).insert(GveRepresentation::Auto);
    scene.update(1);
    assert_eq!(**scene.drawn_as(), None, "and by its size again");
}

#[test]
fn what_moves_grows_or_changes_its_layers_is_looked_at_again() {
    let mut scene = scene(app(), ball(30_000, false), 400.0);
    scene.update(3);
    let place = |scene: &mut Scene, place: Transform| {
        scene.app.world_mut().entity_mut(scene.object).insert(place);
        // Where it is known to be is where the last frame left it.
        scene.update(40);
        **scene.drawn_as()
    };
    assert_eq!(place(&mut scene, Transform::from_xyz(0.0, 0.0, -20.0)), Some(Splats));
    assert_eq!(
        place(&mut scene, Transform::from_xyz(0.0, 0.0, -20.0).with_scale(Vec3::new(18.0, 1.0, 1.0))),
        Some(Volume)
    );
    assert_eq!(place(&mut scene, Transform::from_scale(Vec3::splat(1e-4))), None);
    assert_eq!(place(&mut scene, Transform::from_scale(Vec3::splat(f32::NAN))), None);
    assert_eq!(place(&mut scene, Transform::from_xyz(0.0, 0.0, -20.0)), Some(Splats));
    // Another camera, near by, that sees another layer.
    let near = camera(&scene.target, Vec3::new(0.0, 0.0, -18.1));
    let near = scene.app.world_mut().spawn((near, RenderLayers::layer(1))).id();
    scene.update(40);
    assert_eq!(**scene.drawn_as(), Some(Splats), "the other camera does not show it");
    scene.app.world_mut().entity_mut(scene.object).insert(RenderLayers::from_layers(&[0, 1]));
    scene.update(40);
    assert_eq!(**scene.drawn_as(), Some(Volume));
    scene.app.world_mut().get_mut::<Camera>(near).unwrap().is_active = false;
    scene.update(40);
    assert_eq!(**scene.drawn_as(), Some(Splats), "the other camera does not draw");
    scene.app.world_mut().get_mut::<Camera>(near).unwrap().is_active = true;
    scene.update(40);
    scene.app.world_mut().entity_mut(scene.object).remove::<RenderLayers>();
    scene.update(40);
    assert_eq!(**scene.drawn_as(), Some(Splats));
}

#[test]
fn other_settings_hold_at_once_for_everything() {
    let mut scene = scene(app(), ball(30_000, false), 120.0);
    assert_eq!(**scene.drawn_as(), Some(Splats));
    scene.set(|settings| settings.splats_below_diameter_px = 100.0);
    scene.update(40);
    assert_eq!(**scene.drawn_as(), Some(Volume));
    scene.set(|settings| (settings.splats_below_diameter_px, settings.fade_secs) = (f32::INFINITY, 0.0));
    scene.update(1);
    assert_eq!((**scene.drawn_as(), scene.drawn_as().fading()), (Some(Splats), None), "without a fade");
    // The fewest splats for each pixel: these are enough for 195 pixels.
    scene.set(|settings| settings.least_splats_per_pixel = 3.0);
    scene.update(1);
    assert_eq!(**scene.drawn_as(), Some(Volume));
}

#[test]
fn a_change_goes_on_while_the_game_is_paused() {
    let mut scene = scene(app(), ball(30_000, false), 170.0);
    scene.update(5);
    scene.app.world_mut().resource_mut::<Time<Virtual>>().pause();
    scene.look_for(130.0);
    scene.update(5);
    assert_eq!(scene.drawn_as().fading(), Some(Volume));
    scene.update(30);
    assert_eq!((**scene.drawn_as(), scene.drawn_as().fading()), (Some(Splats), None));
}

#[test]
fn a_cut_is_not_faded() {
    let mut scene = scene(app(), ball(30_000, false), 400.0);
    scene.update(5);
    // The first time, splats are not there yet: it waits for them.
    scene.look_for(100.0);
    scene.update(1);
    assert_eq!((**scene.drawn_as(), scene.drawn_as().fading()), (Some(Splats), Some(Volume)));
    scene.update(60);
    for (diameter_px, what) in [(400.0, Volume), (100.0, Splats)] {
        scene.look_for(diameter_px);
        scene.update(1);
        assert_eq!((**scene.drawn_as(), scene.drawn_as().fading()), (Some(what), None));
    }
}

#[test]
fn a_volume_that_is_not_drawn_stays_for_a_while() {
    let mut scene = scene(app(), ball(30_000, false), 400.0);
    scene.set(|settings| settings.keep_secs = 1.0);
    scene.update(5);
    let volume = |scene: &Scene| gpu_bytes(&scene.app, "gve_volume");
    let all = volume(&scene);
    assert!(all > 10_000, "{all} bytes");
    for _ in 0..2 {
        scene.look_for(100.0);
        scene.update(50);
        assert_eq!(scene.parts(), [Splats]);
        assert_eq!(volume(&scene), all, "it may be needed again");
        scene.look_for(400.0);
        scene.update(40);
        assert_eq!((scene.parts(), volume(&scene)), (vec![Volume], all));
        // Its time is over, and it is drawn again.
        scene.update(60);
        assert_eq!(volume(&scene), all);
    }
    scene.look_for(100.0);
    scene.update(70);
    assert_eq!(volume(&scene), 0);
    // Nothing is kept of what is gone.
    scene.look_for(400.0);
    scene.update(10);
    let object = scene.object;
    scene.app.world_mut().despawn(object);
    scene.update(5);
    assert_eq!(volume(&scene), 0);
}

#[test]
fn at_rest_nothing_is_written() {
    let mut scene = scene(app(), ball(30_000, false), 100.0);
    #[derive(Resource, Default)]
    struct Written(u32);
    scene.app.init_resource::<Written>().add_systems(
        Last,
        |drawn_as: Query<(), Changed<GveDrawnAs>>,
         parts: Query<(), Changed<GvePart>>,
         mut written: ResMut<Written>| {
            written.0 += u32::from(!drawn_as.is_empty()) + u32::from(!parts.is_empty());
        },
    );
    scene.update(5);
    scene.app.world_mut().resource_mut::<Written>().0 = 0;
    scene.update(20);
    // A camera that moves a little changes nothing either.
    scene.go(100.0, 101.0);
    assert_eq!(scene.app.world().resource::<Written>().0, 0);
}

/// Pixels of the pictures that are looked at; their rows need no padding when they are read back.
const FILM_SIDE: u32 = 128;
const FRAMES: u32 = 90;

/// What a camera sees that slowly goes away from a ball, or comes back, frame by frame: an object of 96 to 64 pixels that
/// becomes splats below 80.
fn dolly(what: GveRepresentation, away: bool) -> Vec<Vec<u8>> {
    let mut app = steady(app());
    app.world_mut().resource_mut::<GveLodSettings>().splats_below_diameter_px = 80.0;
    let target = image(&mut app, FILM_SIDE);
    let place = |frame: u32| {
        let along = frame as f32 / FRAMES as f32;
        let along = if away { along } else { 1.0 - along };
        eye_at(distance_in(FILM_SIDE, 96.0 * (64.0_f32 / 96.0).powf(along)))
    };
    let camera = app.world_mut().spawn((camera(&target, Vec3::Z), Msaa::Sample4)).id();
    app.world_mut().entity_mut(camera).insert(place(0));
    let object = spawn(&mut app, ball(30_000, false), what, Transform::default());
    // Everything is compiled before it is needed.
    for form in [Splats, Volume, what] {
        app.world_mut().entity_mut(object).insert(form);
        shoot(&mut app, &target);
    }
    let film = watch(&mut app, &target);
    let mut has_faded = false;
    for frame in 0..=FRAMES + 6 {
        app.world_mut().entity_mut(camera).insert(place(frame.min(FRAMES)));
        app.update();
        has_faded |= app.world().get::<GveDrawnAs>(object).unwrap().fading().is_some();
    }
    assert_eq!(has_faded, what == GveRepresentation::Auto, "{what}");
    film.take(&mut app).into_iter().map(|picture| picture.rgba).collect()
}

/// How much pixels change from frame to frame, of 255, in ascending order.
fn changes(film: &[Vec<u8>]) -> Vec<f32> {
    let pixel = |(a, b): (&[u8], &[u8])| (0..3).map(|c| f32::from(a[c].abs_diff(b[c]))).sum::<f32>() / 3.0;
    let mut all: Vec<f32> = film
        .windows(2)
        .flat_map(|pair| pair[0].chunks_exact(4).zip(pair[1].chunks_exact(4)).map(pixel))
        .collect();
    all.sort_by(f32::total_cmp);
    all
}

/// The mean change of each frame, in ascending order.
fn frame_changes(film: &[Vec<u8>]) -> Vec<f32> {
    let mut all: Vec<f32> = film
        .windows(2)
        .map(|pair| {
            let changes = changes(pair);
            changes.iter().sum::<f32>() / changes.len() as f32
        })
        .collect();
    all.sort_by(f32::total_cmp);
    all
}

fn percentile(sorted: &[f32], share: f32) -> f32 {
    sorted[((sorted.len() - 1) as f32 * share) as usize]
}

/// Mean of the three channels in the middle of the ball.
fn middle(picture: &[u8]) -> f32 {
    let middle = (FILM_SIDE / 2 - 4..FILM_SIDE / 2 + 4).flat_map(|y| {
        (FILM_SIDE / 2 - 4..FILM_SIDE / 2 + 4).map(move |x| ((y * FILM_SIDE + x) * 4) as usize)
    });
    middle.flat_map(|at| picture[at..at + 3].iter()).map(|value| f32::from(*value)).sum::<f32>() / 192.0
}

#[test]
fn nothing_pops_along_a_slow_dolly() {
    // Back it changes as much as there.
    let still = dolly(Volume, true);
    for away in [true, false] {
        let switching = dolly(GveRepresentation::Auto, away);
        if let Some(folder) = std::env::var_os("GVE_TEST_PICTURES") {
            for (number, picture) in switching.iter().enumerate() {
                let path = std::path::PathBuf::from(&folder).join(format!("dolly_{away}_{number:03}.rgba"));
                std::fs::write(path, picture).unwrap();
            }
        }
        assert!(still.len() > 80 && switching.len() > 80);
        // All pixels of all frames, and the frames as wholes.
        let [pixels_still, pixels] = [&still, &switching].map(|film| percentile(&changes(film), 0.999));
        let [frames_still, frames] = [&still, &switching].map(|film| percentile(&frame_changes(film), 0.999));
        println!(
            "away {away}: 99.9 % of pixels change by at most {pixels:.2}, without switching {pixels_still:.2}; \
             of frames by {frames:.4}, {frames_still:.4}"
        );
        assert!(pixels <= 1.5 * pixels_still, "{pixels} {pixels_still}");
        assert!(frames <= 1.5 * frames_still, "{frames} {frames_still}");
        // In the middle no background shines through: what is seen is one of the two, or between them.
        let ends = [middle(&switching[0]), middle(switching.last().unwrap())];
        let [low, high] = [ends[0].min(ends[1]), ends[0].max(ends[1])];
        for (number, picture) in switching.iter().enumerate() {
            let now = middle(picture);
            assert!((low - 2.0..high + 2.0).contains(&now), "frame {number}: {now}, from {ends:?}");
        }
    }
}

/// Where one is exchanged for the other both show the same.
#[test]
fn volume_and_splats_agree_where_they_are_exchanged() {
    let take = |what| {
        let mut app = steady(app());
        let target = target(&mut app);
        let eye = eye_at(distance_in(SIZE, 160.0)).translation;
        app.world_mut().spawn((camera(&target, eye), Msaa::Sample4));
        let object = spawn(&mut app, ball(90_000, false), what, Transform::default());
        // As many splats as objects draw that choose for themselves.
        let splats_per_pixel = GveLodSettings::default().splats_per_pixel;
        app.world_mut().entity_mut(object).insert(GveSplatSettings { splats_per_pixel, ..default() });
        let picture = shoot(&mut app, &target);
        picture.keep(&format!("lod_{what}"));
        picture
    };
    let [volume, splats, shell] = [Volume, Splats, Shell].map(take);
    for near in [volume, shell] {
        let (iou, color) = (near.iou(&splats), near.color_difference(&splats));
        println!("IoU {iou:.4}, colours differ by {color:.2}");
        // A ring of a quarter of a pixel around a ball of 92 pixels is 1.1 % of it; measured 0.98 and up.
        assert!(iou > 0.97, "{iou}");
        assert!(color < 3.0, "{color}");
    }
}

#[test]
fn the_budget_holds_for_all_objects_of_a_camera() {
    let mut app = steady(app_with(PluginGroup::build(GvePlugin).add(GveDiagnosticsPlugin)));
    let target = image(&mut app, FILM_SIDE);
    app.world_mut().spawn((camera(&target, Vec3::new(0.0, 0.0, 12.0)), Msaa::Off));
    let asset = app.world_mut().resource_mut::<Assets<GveAsset>>().add(ball(20_000, false));
    for x in -2..=2 {
        let place = Transform::from_xyz(1.5 * x as f32, 0.0, -(x as f32));
        app.world_mut().spawn((GveObject(asset.clone()), Splats, place));
    }
    let drawn = |app: &App| {
        let store = app.world().resource::<bevy::diagnostic::DiagnosticsStore>();
        store.get(&gve_bevy::diagnostics::SPLATS_DRAWN).unwrap().value().unwrap() as u32
    };
    shoot(&mut app, &target);
    assert_eq!(drawn(&app), 100_000, "explicit splats are all drawn");
    for budget in [60_000, 999, 3] {
        app.insert_resource(GveSplatBudget { max_splats: budget });
        for _ in 0..3 {
            app.update();
        }
        let drawn = drawn(&app);
        assert!(drawn <= budget && drawn + 10 > budget * 19 / 20, "{drawn} of {budget}");
    }
}
