//! Rays and distances in apps without a renderer.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;

use bevy::{
    camera::visibility::RenderLayers,
    ecs::system::{RunSystemOnce, SystemState},
    math::Affine3A,
    prelude::*,
};
use common::asset::{Shape, asset, asset_with, data, material, shell};
use gve_assets::{AssetFile, BrickCell, PartIds, Volume, VolumeLevel};
use gve_bevy::{pick::GveRaycastPlugin, prelude::*};
use gve_types::{FilePart, MissingFeature};

const RED: [u8; 3] = [200, 40, 30];
const BLUE: [u8; 3] = [30, 60, 200];
const RESOLUTION: u32 = 32;

fn headless() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, AssetPlugin::default(), TransformPlugin, GvePlugin));
    app
}

fn ball(radius: f32) -> GveAsset {
    asset(&Shape::sphere(radius, material(RED, 0.0, 0.5)), RESOLUTION)
}

/// Its shell is a ball around it: what is hit tells which of the two it was.
fn cube_in_ball() -> GveAsset {
    asset(&Shape::cube(0.5, 0.0, material(RED, 0.0, 0.5)), RESOLUTION)
}

fn add(app: &mut App, asset: GveAsset) -> Handle<GveAsset> {
    app.world_mut().resource_mut::<Assets<GveAsset>>().add(asset)
}

fn spawn(app: &mut App, asset: &Handle<GveAsset>, place: Transform) -> Entity {
    app.world_mut().spawn((GveObject(asset.clone()), place)).id()
}

fn cast(app: &mut App, origin: Vec3, direction: Vec3, settings: GveRaycastSettings) -> Vec<GveRayHit> {
    let mut state = SystemState::<GveRaycast>::new(app.world_mut());
    state.get_mut(app.world_mut()).unwrap().cast_ray(origin, direction, &settings).to_vec()
}

fn nearest(app: &mut App, origin: Vec3, direction: Vec3) -> Option<GveRayHit> {
    cast(app, origin, direction, default()).first().copied()
}

fn distance(app: &mut App, object: Entity, point: Vec3) -> Option<GveDistanceSample> {
    let system = move |distances: GveDistance| distances.at(object, point);
    app.world_mut().run_system_once(system).unwrap()
}

/// Numbers between 0 and 1, scattered evenly.
fn scatter(i: u32) -> Vec3 {
    Vec3::from([0.754_877_7_f32, 0.569_840_3, 0.438_579].map(|k| (i as f32 * k).fract()))
}

fn random_ray(i: u32) -> (Vec3, Vec3) {
    let origin = 12.0 * (scatter(2 * i + 1) - 0.5);
    (origin, 3.0 * (scatter(3 * i + 2) - 0.5) - origin)
}

/// Where a ray goes into a ball of radius 1 that stands like this, in metres, and the normal there.
fn true_hit(place: &Affine3A, origin: Vec3, direction: Vec3) -> Option<(f32, Vec3)> {
    let local = place.inverse();
    let direction = direction.normalize();
    let (o, d) = (local.transform_point3(origin), local.transform_vector3(direction));
    let (a, b) = (d.length_squared(), o.dot(d));
    let root = b * b - a * (o.length_squared() - 1.0);
    let at = (-b - root.max(0.0).sqrt()) / a;
    (root > 0.0 && at > 0.0).then(|| {
        let normal = local.matrix3.transpose() * (o + at * d);
        (at, normal.normalize())
    })
}

/// How deep a ray goes into that ball, in its own metres.
fn depth(place: &Affine3A, origin: Vec3, direction: Vec3) -> f32 {
    let local = place.inverse();
    let (o, d) = (local.transform_point3(origin), local.transform_vector3(direction).normalize());
    1.0 - (o - o.dot(d) * d).length()
}

fn places() -> Vec<(&'static str, Vec<Transform>)> {
    let turn = Quat::from_euler(EulerRot::XYZ, 0.4, 1.1, -0.7);
    vec![
        ("as it is", vec![Transform::IDENTITY]),
        ("moved", vec![Transform::from_xyz(0.3, -0.5, 0.2)]),
        ("small", vec![Transform::from_scale(Vec3::splat(0.05)).with_rotation(turn)]),
        ("uneven", vec![Transform::from_rotation(turn).with_scale(Vec3::new(1.4, 0.5, 0.9))]),
        ("mirrored", vec![Transform::from_rotation(turn).with_scale(Vec3::new(-1.2, 0.8, 0.6))]),
        (
            "in a hierarchy that shears it",
            vec![
                Transform::from_xyz(0.2, 0.0, -0.1).with_scale(Vec3::new(1.5, 0.6, 1.0)),
                Transform::from_rotation(turn),
                Transform::from_xyz(0.1, 0.3, 0.0).with_scale(Vec3::new(0.8, 0.8, -1.1)),
            ],
        ),
    ]
}

#[test]
fn objects_are_hit_where_their_transforms_put_them() {
    let mut app = headless();
    let asset = add(&mut app, ball(1.0));
    for representation in [GveRepresentation::Volume, GveRepresentation::Shell] {
        for (name, transforms) in places() {
            let mut parent = None;
            for transform in &transforms[..transforms.len() - 1] {
                let entity = app.world_mut().spawn(*transform).id();
                if let Some(parent) = parent {
                    app.world_mut().entity_mut(entity).insert(ChildOf(parent));
                }
                parent = Some(entity);
            }
            let object = spawn(&mut app, &asset, *transforms.last().unwrap());
            app.world_mut().entity_mut(object).insert(representation);
            if let Some(parent) = parent {
                app.world_mut().entity_mut(object).insert(ChildOf(parent));
            }
            app.update();
            let place = app.world().get::<GlobalTransform>(object).unwrap().affine();
            let mut hits = 0;
            for i in 0..1500 {
                let (origin, direction) = random_ray(i);
                // The shell has 128 by 64 faces: flat ones, a thousandth below the ball.
                let away = place.inverse().transform_point3(origin).length() - 1.0;
                if depth(&place, origin, direction).abs() < 0.004 || away.abs() < 0.004 {
                    continue;
                }
                let truth = true_hit(&place, origin, direction);
                let hit = nearest(&mut app, origin, direction);
                let (Some((at, normal)), Some(hit)) = (truth, hit) else {
                    assert!(truth.is_none() && hit.is_none(), "{name}, {i}: {hit:?} instead of {truth:?}");
                    continue;
                };
                hits += 1;
                assert_eq!((hit.entity, hit.material, hit.part, hit.is_front), (object, 0, Some(0), true));
                // Where the ray grazes the surface, a small step of the surface is a long way along it.
                let slant = -normal.dot(direction.normalize());
                assert!(
                    (hit.distance - at).abs() * slant < 0.005,
                    "{name}: {} instead of {at}",
                    hit.distance
                );
                assert!((hit.point - origin - hit.distance * direction.normalize()).length() < 1e-5);
                assert!(hit.normal.is_normalized() && hit.normal.dot(direction) <= 0.0, "{name}: {hit:?}");
                if slant > 0.2 {
                    let cosine = hit.normal.dot(normal);
                    assert!(
                        cosine > 0.996,
                        "{name}, {representation}: normals differ by {}°",
                        cosine.acos().to_degrees()
                    );
                }
            }
            assert!(hits > if name == "small" { 0 } else { 100 }, "{name}: {hits} hits");
            for entity in [Some(object), parent].into_iter().flatten() {
                if let Ok(entity) = app.world_mut().get_entity_mut(entity) {
                    entity.despawn();
                }
            }
        }
    }
}

/// Moved, hidden, spawned and despawned, a few at a time: the tree of boxes follows.
#[test]
fn the_nearest_of_many_objects_is_hit_while_they_come_and_go() {
    let mut app = headless();
    let asset = add(&mut app, ball(1.0));
    let place = |i: u32| {
        Transform::from_translation(10.0 * (scatter(i) - 0.5))
            .with_rotation(Quat::from_rotation_z(i as f32))
            .with_scale(0.1 + 0.5 * scatter(i + 77))
    };
    let mut objects: Vec<Entity> = (0..150).map(|i| spawn(&mut app, &asset, place(i))).collect();
    let mut hits = 0;
    for round in 0..30_u32 {
        for k in 0..6 {
            let i = (31 * round + 17 * k) as usize % objects.len();
            match (round + k) % 3 {
                0 => drop(app.world_mut().despawn(objects.swap_remove(i))),
                1 => objects.push(spawn(&mut app, &asset, place(1000 + 10 * round + k))),
                _ => drop(app.world_mut().entity_mut(objects[i]).insert(place(3000 + 10 * round + k))),
            }
        }
        if round == 20 {
            // All at once.
            for (i, &object) in objects.iter().enumerate() {
                app.world_mut().entity_mut(object).insert(place(9000 + i as u32));
            }
        }
        app.update();
        let places: Vec<(Entity, Affine3A)> =
            objects.iter().map(|&o| (o, app.world().get::<GlobalTransform>(o).unwrap().affine())).collect();
        for i in 0..40 {
            let (origin, direction) = random_ray(40 * round + i);
            let mut truth: Vec<(f32, Entity)> = Vec::new();
            let is_clear = places.iter().all(|(_, place)| depth(place, origin, direction).abs() > 0.01);
            for (entity, place) in &places {
                truth.extend(true_hit(place, origin, direction).map(|(at, _)| (at, *entity)));
            }
            truth.sort_by(|a, b| a.0.total_cmp(&b.0));
            let is_apart = truth.windows(2).all(|pair| pair[1].0 - pair[0].0 > 0.02);
            if !is_clear || !is_apart {
                continue;
            }
            hits += truth.len();
            let all = cast(&mut app, origin, direction, GveRaycastSettings::default().never_early_exit());
            let found: Vec<Entity> = all.iter().map(|hit| hit.entity).collect();
            let wanted: Vec<Entity> = truth.iter().map(|(_, entity)| *entity).collect();
            assert_eq!(found, wanted, "round {round}, ray {i}");
            let first = cast(&mut app, origin, direction, default());
            assert_eq!(first.iter().map(|hit| hit.entity).collect::<Vec<_>>(), wanted[..wanted.len().min(1)]);
            // Up to the second one.
            if let [_, (second, _), ..] = truth[..] {
                let settings = GveRaycastSettings { max_distance: second - 0.01, ..default() };
                assert_eq!(cast(&mut app, origin, direction, settings.never_early_exit()).len(), 1);
            }
        }
    }
    assert!(hits > 500, "{hits}");
    for object in objects {
        app.world_mut().despawn(object);
    }
    app.update();
    assert_eq!(nearest(&mut app, Vec3::splat(9.0), Vec3::NEG_ONE), None);
}

#[test]
fn settings_decide_which_objects_are_seen() {
    let mut app = headless();
    let asset = add(&mut app, ball(0.5));
    let [front, middle, back] =
        [4.0, 0.0, -4.0].map(|z| spawn(&mut app, &asset, Transform::from_xyz(0.0, 0.0, z)));
    app.update();
    let origin = Vec3::new(0.05, 0.1, 20.0);
    let seen = |app: &mut App, settings: GveRaycastSettings| -> Vec<Entity> {
        cast(app, origin, Vec3::NEG_Z, settings).iter().map(|hit| hit.entity).collect()
    };
    assert_eq!(seen(&mut app, default()), [front]);
    let all = GveRaycastSettings::default().never_early_exit();
    assert_eq!(seen(&mut app, all), [front, middle, back]);

    let not_front = move |entity| entity != front;
    assert_eq!(seen(&mut app, GveRaycastSettings::default().with_filter(&not_front)), [middle]);
    // Looked through, and the next one hides the last.
    assert_eq!(
        seen(&mut app, GveRaycastSettings { early_exit_test: &not_front, ..default() }),
        [front, middle]
    );

    app.world_mut().entity_mut(front).insert(Visibility::Hidden);
    let parent = app.world_mut().spawn((Transform::default(), Visibility::Hidden)).id();
    app.world_mut().entity_mut(middle).insert(ChildOf(parent));
    assert_eq!(seen(&mut app, default()), [back], "without waiting for a frame");
    let any = GveRaycastSettings { visibility: GveRayVisibility::Any, ..all };
    assert_eq!(seen(&mut app, any), [front, middle, back]);
    app.world_mut().entity_mut(middle).insert(Visibility::Visible);
    assert_eq!(seen(&mut app, default()), [middle], "it says so itself");
    let in_view = GveRaycastSettings { visibility: GveRayVisibility::VisibleInView, ..all };
    assert_eq!(seen(&mut app, in_view), [], "nobody looks");

    app.world_mut().entity_mut(back).insert(RenderLayers::layer(2));
    let (first, second) = (RenderLayers::layer(0), RenderLayers::layer(2));
    assert_eq!(seen(&mut app, GveRaycastSettings { layers: Some(&first), ..any }), [front, middle]);
    assert_eq!(seen(&mut app, GveRaycastSettings { layers: Some(&second), ..any }), [back]);
}

#[test]
fn a_ray_that_starts_inside_comes_out_first() {
    let mut app = headless();
    let asset = add(&mut app, ball(1.0));
    for representation in [GveRepresentation::Volume, GveRepresentation::Shell] {
        let place = Transform::from_scale(Vec3::new(-2.0, 2.0, 1.0));
        let objects = [place, place.with_translation(Vec3::X * 8.0)].map(|place| {
            let object = spawn(&mut app, &asset, place);
            app.world_mut().entity_mut(object).insert(representation);
            object
        });
        app.update();
        let inside = Vec3::new(0.3, 0.2, 0.1);
        let hit = nearest(&mut app, inside, Vec3::X).unwrap();
        assert_eq!((hit.entity, hit.is_front), (objects[1], true));
        let both = GveRaycastSettings { back_sides: true, ..default() };
        let hit = cast(&mut app, inside, Vec3::X, both)[0];
        assert_eq!((hit.entity, hit.is_front), (objects[0], false));
        assert!((hit.point.length() - 2.0).abs() < 0.1 && hit.normal.x < -0.9, "{hit:?}");
        for object in objects {
            app.world_mut().despawn(object);
        }
    }
}

#[test]
fn what_is_drawn_decides_what_is_hit() {
    let mut app = headless();
    let whole = add(&mut app, cube_in_ball());
    let cube = Shape::cube(0.5, 0.0, material(RED, 0.0, 0.5));
    let open = |data: &gve_assets::AssetData| {
        let file = AssetFile::from_bytes(gve_assets::encode(data).unwrap()).unwrap();
        GveAsset::new(Arc::new(file))
    };
    let mut with = |change: &dyn Fn(&mut gve_assets::AssetData)| {
        let mut data = data(&cube, RESOLUTION, shell(&Sphere::new(0.5).mesh().uv(128, 64)));
        change(&mut data);
        let asset = open(&data);
        add(&mut app, asset)
    };
    let lacking = with(&|data| {
        data.metadata.volume_lacks =
            vec![MissingFeature { path: "$.root_node".into(), place: [0.0; 3], thickness_m: 0.001 }];
    });
    let without_shell = with(&|data| data.shell = default());
    // Towards a corner of the cube, far beyond the ball.
    let corner = Vec3::splat(0.4);
    let far = Vec3::splat(10.0);
    let mut hit = |asset: &Handle<GveAsset>, what: GveRepresentation| {
        let object = spawn(&mut app, asset, Transform::IDENTITY);
        app.world_mut().entity_mut(object).insert(what);
        app.update();
        let hit = nearest(&mut app, far, corner - far).unwrap();
        app.world_mut().despawn(object);
        app.update();
        hit.point.length()
    };
    let is_cube = |reach: f32| assert!((reach - 0.75_f32.sqrt()).abs() < 0.03, "{reach}");
    let is_ball = |reach: f32| assert!((reach - 0.5).abs() < 0.002, "{reach}");
    is_cube(hit(&whole, GveRepresentation::Volume));
    is_cube(hit(&whole, GveRepresentation::Splats));
    is_ball(hit(&whole, GveRepresentation::Shell));
    is_ball(hit(&lacking, GveRepresentation::Volume));
    is_ball(hit(&lacking, GveRepresentation::Splats));
    is_cube(hit(&without_shell, GveRepresentation::Shell));
    // A switch is noticed.
    let object = spawn(&mut app, &whole, Transform::IDENTITY);
    app.update();
    is_cube(nearest(&mut app, far, corner - far).unwrap().point.length());
    app.world_mut().entity_mut(object).insert(GveRepresentation::Shell);
    app.update();
    is_ball(nearest(&mut app, far, corner - far).unwrap().point.length());
}

#[test]
fn a_reload_is_hit_as_it_is_now() {
    let mut app = headless();
    let asset = add(&mut app, ball(1.0));
    for representation in [GveRepresentation::Volume, GveRepresentation::Shell] {
        let object = spawn(&mut app, &asset, Transform::IDENTITY);
        app.world_mut().entity_mut(object).insert(representation);
        for radius in [1.0, 0.4, 2.5] {
            app.world_mut().resource_mut::<Assets<GveAsset>>().insert(&asset, ball(radius)).unwrap();
            app.update();
            let hit = nearest(&mut app, Vec3::new(0.0, 0.01, 9.0), Vec3::NEG_Z).unwrap();
            assert!((hit.distance - 9.0 + radius).abs() < 0.01, "{representation}: {hit:?}");
        }
        app.world_mut().despawn(object);
    }
    // Another asset on the same object, and then none.
    let object = spawn(&mut app, &asset, Transform::IDENTITY);
    let small = add(&mut app, ball(0.25));
    app.update();
    app.world_mut().entity_mut(object).insert(GveObject(small.clone()));
    app.update();
    let hit = nearest(&mut app, Vec3::new(0.0, 0.01, 9.0), Vec3::NEG_Z).unwrap();
    assert!((hit.distance - 8.75).abs() < 0.01);
    app.world_mut().resource_mut::<Assets<GveAsset>>().remove(&small);
    app.update();
    assert_eq!(nearest(&mut app, Vec3::new(0.0, 0.01, 9.0), Vec3::NEG_Z), None);
    app.world_mut().entity_mut(object).insert(GveObject(asset));
    app.update();
    assert!(nearest(&mut app, Vec3::new(0.0, 0.01, 9.0), Vec3::NEG_Z).is_some());
    app.world_mut().entity_mut(object).remove::<GveObject>();
    assert_eq!(nearest(&mut app, Vec3::new(0.0, 0.01, 9.0), Vec3::NEG_Z), None, "at once");
}

/// Nobody then decides what is drawn, and rays still meet what has been loaded.
#[test]
fn objects_are_hit_without_the_plugin_that_follows_them() {
    let mut app = App::new();
    let gve = GvePlugin.build().disable::<GveObjectPlugin>();
    app.add_plugins((MinimalPlugins, AssetPlugin::default(), TransformPlugin, gve));
    let later = app.world().resource::<Assets<GveAsset>>().reserve_handle();
    let object = spawn(&mut app, &later, Transform::IDENTITY);
    app.update();
    let ray = (Vec3::new(0.0, 0.01, 9.0), Vec3::NEG_Z);
    assert_eq!(nearest(&mut app, ray.0, ray.1), None);
    app.world_mut().resource_mut::<Assets<GveAsset>>().insert(&later, ball(1.0)).unwrap();
    app.update();
    assert_eq!(nearest(&mut app, ray.0, ray.1).map(|hit| hit.entity), Some(object));
}

#[test]
fn nothing_that_makes_no_sense_is_hit() {
    let mut app = headless();
    let asset = add(&mut app, ball(1.0));
    let bad = [
        Transform::from_scale(Vec3::ZERO),
        Transform::from_scale(Vec3::new(1.0, 0.0, 1.0)),
        Transform::from_xyz(f32::NAN, 0.0, 0.0),
        Transform::from_scale(Vec3::new(f32::INFINITY, 1.0, 1.0)),
        Transform::from_rotation(Quat::from_xyzw(f32::NAN, 0.0, 0.0, 1.0)),
        Transform::from_scale(Vec3::splat(1e-38)),
        Transform::from_scale(Vec3::splat(1e30)),
    ];
    let bad = bad.map(|place| spawn(&mut app, &asset, place));
    // Still loading, and one whose file is not there.
    let loading = app.world().resource::<Assets<GveAsset>>().reserve_handle();
    let failed: Handle<GveAsset> = app.world().resource::<AssetServer>().load("nothing.gve_bin");
    let gone = [loading, failed].map(|handle| spawn(&mut app, &handle, Transform::IDENTITY));
    for _ in 0..20 {
        app.update();
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    for (origin, direction) in [(Vec3::new(0.1, 0.2, 9.0), Vec3::NEG_Z), (Vec3::ZERO, Vec3::X)] {
        let hits = cast(&mut app, origin, direction, GveRaycastSettings::default().never_early_exit());
        // One is so large that it is around everything, and is hit or not.
        assert!(hits.iter().all(|hit| hit.entity == bad[6]), "{hits:?}");
    }
    app.world_mut().despawn(bad[6]);
    let good = spawn(&mut app, &asset, Transform::IDENTITY);
    app.update();
    let ray = (Vec3::new(0.1, 0.2, 9.0), Vec3::NEG_Z);
    assert_eq!(nearest(&mut app, ray.0, ray.1).map(|hit| hit.entity), Some(good));
    for (origin, direction) in [
        (ray.0, Vec3::ZERO),
        (ray.0, Vec3::NAN),
        (ray.0, Vec3::new(0.0, f32::INFINITY, -1.0)),
        (Vec3::NAN, ray.1),
        (Vec3::splat(f32::INFINITY), ray.1),
        (Vec3::splat(f32::MAX), Vec3::NEG_ONE),
    ] {
        assert_eq!(cast(&mut app, origin, direction, default()), [], "{origin} {direction}");
        assert_eq!(distance(&mut app, good, Vec3::NAN), None);
    }
    for max_distance in [f32::NAN, -1.0, 0.0] {
        let settings = GveRaycastSettings { max_distance, ..default() };
        assert_eq!(cast(&mut app, ray.0, ray.1, settings), []);
    }
    for object in gone.iter().chain(&bad[..6]) {
        assert_eq!(distance(&mut app, *object, Vec3::ONE), None);
    }
    // Without the plugin nothing is found, and nothing is wrong.
    let mut app = App::new();
    let gve = GvePlugin.build().disable::<GveRaycastPlugin>();
    app.add_plugins((MinimalPlugins, AssetPlugin::default(), TransformPlugin, gve));
    let asset = add(&mut app, ball(1.0));
    let object = spawn(&mut app, &asset, Transform::IDENTITY);
    app.update();
    assert_eq!((nearest(&mut app, ray.0, ray.1), distance(&mut app, object, ray.0)), (None, None));
}

#[test]
fn a_hit_tells_part_and_material() {
    let mut app = headless();
    let part = |name: &str, material: u32| FilePart {
        path: format!("$.root_node.children[{material}]"),
        name: Some(name.into()),
        material,
        ..data(&Shape::sphere(1.0, material_red()), 8, default()).metadata.parts[0].clone()
    };
    // Left and right; the parts' materials are in the other order.
    let two = Shape {
        part: Box::new(|p| u16::from(p.x > 0.0)),
        parts: vec![1, 0],
        materials: vec![material(BLUE, 0.0, 0.4), material(RED, 0.0, 0.4)],
        ..Shape::sphere(1.0, material_red())
    };
    let mut file = data(&two, RESOLUTION, shell(&Sphere::new(1.0).mesh().uv(128, 64)));
    file.metadata.parts = vec![part("left", 1), part("right", 0)];
    file.shell.parts[0].material = 1;
    let file = AssetFile::from_bytes(gve_assets::encode(&file).unwrap()).unwrap();
    let asset = add(&mut app, GveAsset::new(Arc::new(file)));
    let object = spawn(&mut app, &asset, Transform::from_xyz(0.0, 5.0, 0.0));
    app.update();
    let hit = |app: &mut App, x: f32| {
        let hit = nearest(app, Vec3::new(x, 5.0, 4.0), Vec3::NEG_Z).unwrap();
        let asset = app.world().resource::<Assets<GveAsset>>().get(&asset).unwrap();
        let part = hit.part.map(|part| asset.metadata().parts[part as usize].name.clone().unwrap());
        (part, hit.material, asset.materials()[hit.material as usize].base_color_srgb)
    };
    assert_eq!(hit(&mut app, -0.3), (Some("left".into()), 1, RED));
    assert_eq!(hit(&mut app, 0.3), (Some("right".into()), 0, BLUE));
    // Samples stand at 0, which is left, and at a sixteenth: the border is half way.
    assert_eq!(hit(&mut app, 0.025).1, 1);
    assert_eq!(hit(&mut app, 0.04).1, 0);
    // All of this shell is of the second material: on the left that of the part there, on the right the only one.
    app.world_mut().entity_mut(object).insert(GveRepresentation::Shell);
    app.update();
    assert_eq!(hit(&mut app, -0.3), (Some("left".into()), 1, RED));
    assert_eq!(hit(&mut app, 0.3), (Some("left".into()), 1, RED));
}

fn material_red() -> gve_types::MaterialSpec {
    material(RED, 0.0, 0.5)
}

/// Slopes are blunt along an edge, and lean over to the face behind it.
#[test]
fn normals_face_the_ray_also_where_it_grazes_an_edge() {
    let mut app = headless();
    let asset = add(&mut app, asset(&Shape::cube(0.5, 0.0, material_red()), 12));
    let object = spawn(&mut app, &asset, Transform::from_scale(Vec3::new(1.0, -1.0, 1.0)));
    app.update();
    let mut hits = 0;
    for i in 0..200 {
        let target = Vec3::new(0.4 + 0.1 * scatter(i).x, 0.6 * scatter(i).y - 0.3, 0.49);
        let direction = Vec3::new(1.0, 0.0, -0.02 - 0.1 * scatter(i).z);
        for hit in cast(&mut app, target - 3.0 * direction, direction, default()) {
            hits += 1;
            assert_eq!(hit.entity, object);
            assert!(
                hit.normal.is_normalized() && hit.normal.dot(direction) <= 0.0,
                "{hit:?} along {direction}"
            );
        }
    }
    assert!(hits > 100, "{hits}");
}

#[test]
fn distances_are_true_or_less() {
    let mut app = headless();
    let asset = add(&mut app, ball(1.0));
    for (name, transforms) in places() {
        let [place] = transforms[..] else { continue };
        let object = spawn(&mut app, &asset, place);
        app.update();
        let affine = place.compute_affine();
        let scale = place.scale.abs();
        let is_even = scale.max_element() - scale.min_element() < 1e-6;
        // The surface, and points around it.
        let surface: Vec<Vec3> =
            (0..40_000).map(|i| affine.transform_point3((scatter(i) - 0.5).normalize_or(Vec3::X))).collect();
        let mut sampled = 0;
        for i in 0..300 {
            let local = 3.0 * (scatter(5 * i + 1) - 0.5);
            let point = affine.transform_point3(local);
            let sample = distance(&mut app, object, point).unwrap();
            let true_size = surface.iter().map(|at| at.distance(point)).fold(f32::MAX, f32::min);
            let slack = 0.02 * scale.max_element();
            assert!(sample.distance.abs() < true_size + slack, "{name}: {sample:?} at {point}, {true_size}");
            // Too near for a bound to tell the sides apart.
            if (local.length() - 1.0).abs() > 0.05 {
                assert_eq!(sample.distance > 0.0, local.length() > 1.0, "{name}: {sample:?} at {local}");
            }
            let Some(gradient) = sample.gradient else { continue };
            assert!(gradient.length() < 1.05, "{name}: {gradient}");
            if (local.length() - 1.0).abs() < 0.1 {
                sampled += 1;
                assert_eq!(sample.material, Some(0));
                // One step along it is the surface.
                let foot = point - sample.distance / gradient.length_squared() * gradient;
                let off = affine.inverse().transform_point3(foot).length() - 1.0;
                assert!(off.abs() < 0.02, "{name}: {off}");
                if is_even {
                    assert!((sample.distance.abs() - true_size).abs() < slack);
                    assert!((gradient.length() - 1.0).abs() < 0.02, "{name}: {gradient}");
                }
            }
        }
        assert!(sampled > 10, "{name}: {sampled}");
        // Far away: no less than to the box, and away from it.
        let far = affine.transform_point3(Vec3::new(0.0, 9.0, 0.0));
        let sample = distance(&mut app, object, far).unwrap();
        assert!(sample.distance > 7.9 * scale.min_element() && sample.distance < 8.01 * scale.max_element());
        assert!(sample.gradient.unwrap().dot(far - place.translation) > 0.0);
        app.world_mut().despawn(object);
    }
}

#[test]
fn distances_to_a_shell_are_exact_everywhere() {
    let mut app = headless();
    let shape = Shape::sphere(1.0, material_red());
    // A volume without a surface: what answers is the shell.
    let level = VolumeLevel {
        cells: vec![BrickCell::empty(0.1)],
        scales: Vec::new(),
        distances: Vec::new(),
        parts: PartIds::zeros(0, 1),
    };
    let (origin, cell_size) = ([-2.0; 3], 4.0 / 7.0);
    let empty =
        Volume { origin, cell_size, lipschitz: 1.0, bricks: [1; 3], slab: [1; 2], levels: vec![level] };
    let asset = add(&mut app, asset_with(&shape, empty));
    let object = spawn(&mut app, &asset, Transform::from_xyz(1.0, 2.0, 3.0).with_scale(Vec3::splat(2.0)));
    app.update();
    for i in 0..200 {
        let offset = 8.0 * (scatter(i) - 0.5);
        let sample = distance(&mut app, object, Vec3::new(1.0, 2.0, 3.0) + offset).unwrap();
        let truth = offset.length() - 2.0;
        assert!((sample.distance - truth).abs() < 0.005, "{sample:?}, {truth}");
        if truth.abs() > 0.05 {
            assert!(sample.gradient.unwrap().dot(offset.normalize()) > 0.99);
        }
    }
}
