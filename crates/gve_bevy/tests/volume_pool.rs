//! The pool that all volumes share: how few draws they take, who has which place in it, how it fills and empties.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bevy::{
    core_pipeline::{
        core_3d::AlphaMask3d,
        prepass::{AlphaMask3dPrepass, DepthPrepass},
    },
    pbr::Shadow,
    prelude::*,
    render::{
        RenderApp,
        render_phase::{BinnedPhaseItem, ViewBinnedRenderPhases},
    },
};
use common::{
    asset::{Shape, asset, asset_with, material, tree},
    stage::{BLUE, RED, Stage},
    *,
};
use gve_bevy::{
    object::GvePart,
    prelude::*,
    volume::{GveVolumeMaterial, GveVolumeProgress, GveVolumeSettings},
};

fn ball(radius: f32, color: [u8; 3]) -> GveAsset {
    asset(&Shape::sphere(radius, material(color, 0.0, 0.5)), 12)
}

/// Different from one another in everything that a volume has.
fn assets(count: u32) -> Vec<GveAsset> {
    let asset = |i: u32| {
        let color = [40 + (i * 37 % 200) as u8, 40 + (i * 91 % 200) as u8, 40 + (i * 53 % 200) as u8];
        let material = material(color, (i % 2) as f32, 0.3 + 0.1 * (i % 5) as f32);
        let shape = match i % 3 {
            0 => Shape::sphere(0.6 + 0.05 * (i % 7) as f32, material),
            1 => Shape::cube(0.5 + 0.04 * (i % 7) as f32, 0.08, material),
            _ => {
                let two = Shape::cube(0.7, 0.05, material.clone());
                let other = asset::material([255 - color[0], color[2], color[1]], 0.0, 0.6);
                Shape {
                    part: Box::new(|p| u16::from(p.x + 0.3 * p.y > 0.1)),
                    parts: vec![1, 0],
                    materials: vec![material, other],
                    ..two
                }
            }
        };
        match i % 4 {
            0 => asset_with(&shape, tree(&shape, 10, 2, |p| p.y > 0.0)),
            _ => asset(&shape, 8 + i % 9),
        }
    };
    (0..count).map(asset).collect()
}

/// Sets of instances that are drawn with one call, or one of several, for all cameras and lights.
fn batches<Item: BinnedPhaseItem>(app: &App) -> Vec<usize> {
    let world = app.get_sub_app(RenderApp).unwrap().world();
    let phases = world.resource::<ViewBinnedRenderPhases<Item>>().values();
    let mut counts: Vec<usize> = phases
        .map(|phase| {
            phase.multidrawable_meshes.len() + phase.batchable_meshes.len() + phase.unbatchable_meshes.len()
        })
        .collect();
    counts.sort_unstable();
    counts
}

fn all_batches(app: &App) -> [Vec<usize>; 3] {
    [batches::<AlphaMask3d>(app), batches::<AlphaMask3dPrepass>(app), batches::<Shadow>(app)]
}

fn progress(app: &App, object: Entity) -> GveVolumeProgress {
    *app.world().get::<GveVolumeProgress>(object).unwrap()
}

fn settings(app: &mut App) -> Mut<'_, GveVolumeSettings> {
    app.world_mut().resource_mut::<GveVolumeSettings>()
}

fn drawn_as(app: &App, object: Entity) -> (Option<GveRepresentation>, Option<String>) {
    let drawn_as = app.world().get::<GveDrawnAs>(object).unwrap();
    (**drawn_as, drawn_as.reason().map(str::to_owned))
}

fn id_of(app: &App, object: Entity) -> AssetId<GveAsset> {
    app.world().get::<GveObject>(object).unwrap().id()
}

fn reload(app: &mut App, object: Entity, asset: GveAsset) {
    let id = id_of(app, object);
    app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, asset).unwrap();
}

#[test]
fn many_assets_and_instances_are_as_few_draws_as_one() {
    let mut stage = Stage::new(Msaa::Off);
    stage.replace_camera(DepthPrepass);
    stage.sun();
    stage.add((
        PointLight { intensity: 300_000.0, shadow_maps_enabled: true, ..default() },
        Transform::from_xyz(1.5, 2.0, 1.5),
    ));
    stage.object(ball(0.5, RED), Transform::default());
    stage.shoot(GveRepresentation::Volume);
    let one = all_batches(&stage.app);
    assert!(one.iter().all(|views| views.iter().any(|batches| *batches > 0)), "{one:?}");

    // On a grid, so that each is to be seen; the first stays where it is.
    stage.look_from(Vec3::new(0.0, 3.0, 0.01));
    let assets = assets(12);
    let (mut count, side) = (0, 8);
    for z in 0..side {
        for x in 0..side {
            let place = Vec3::new(x as f32 - 3.5, 0.0, z as f32 - 3.5) * 0.3;
            let turn = Quat::from_rotation_y(count as f32);
            let place = Transform::from_translation(place).with_rotation(turn).with_scale(Vec3::splat(0.16));
            stage.object(assets[count % assets.len()].clone(), place);
            count += 1;
        }
    }
    let first = stage.objects.remove(0);
    stage.app.world_mut().despawn(first);
    let picture = stage.shoot(GveRepresentation::Volume);
    picture.keep("many");
    let many = all_batches(&stage.app);
    // What each camera, and each light in each direction, draws at once. They look elsewhere than before.
    let most = |batches: &[Vec<usize>; 3]| batches.clone().map(|views| views.into_iter().max());
    assert_eq!(most(&many), most(&one), "for {count} objects of {} assets: {many:?}", assets.len());
    assert_eq!(most(&many), [Some(1); 3]);
    let world = stage.app.world();
    assert_eq!(world.resource::<Assets<GveVolumeMaterial>>().len(), 1);
    // They are all there: in each place the picture shows something.
    for z in 0..side {
        for x in 0..side {
            let pixels_per_metre = SIZE as f32 / 2.0 / (3.0 * FIELD_OF_VIEW_TAN);
            let at = |i: u32| (SIZE as f32 / 2.0 + (i as f32 - 3.5) * 0.3 * pixels_per_metre) as u32;
            let pixel = picture.at(at(x), at(z));
            assert!(pixel.iter().any(|channel| *channel > 8), "({x}, {z}) is empty: {pixel:?}");
        }
    }
}

/// Of half of Bevy's default field of view, 45 degrees.
const FIELD_OF_VIEW_TAN: f32 = 0.414_213_57;

/// Neighbours in the pool know nothing of each other.
#[test]
fn two_assets_look_beside_each_other_as_each_does_alone() {
    let mut stage = Stage::new(Msaa::Off);
    let all = assets(12);
    let places = [Vec3::new(-0.8, 0.0, 0.0), Vec3::new(0.8, 0.0, 0.0)];
    let place = |place| Transform::from_translation(place).with_scale(Vec3::splat(0.7));
    // Where each of them is to be seen.
    let halves = |picture: &Picture| -> [Vec<[u8; 3]>; 2] {
        let half = |left: bool| {
            let columns = if left { 0..SIZE / 2 } else { SIZE / 2..SIZE };
            (0..SIZE)
                .flat_map(|y| columns.clone().map(move |x| (x, y)))
                .map(|(x, y)| picture.at(x, y))
                .collect()
        };
        [half(true), half(false)]
    };
    // A light without shadows: they do not fall on each other.
    let light = (
        PointLight { intensity: 500_000.0, shadow_maps_enabled: false, range: 100.0, ..default() },
        Transform::from_xyz(0.0, 2.0, 4.0),
    );
    for (a, b) in [(0, 1), (2, 5), (8, 4)] {
        let alone = [(a, places[0]), (b, places[1])].map(|(which, at)| {
            stage.add(light);
            stage.object(all[which].clone(), place(at));
            stage.look_from(Vec3::new(0.0, 0.0, 3.5));
            let picture = stage.shoot(GveRepresentation::Volume);
            stage.clear();
            picture
        });
        stage.add(light);
        stage.look_from(Vec3::new(0.0, 0.0, 3.5));
        for (which, at) in [(a, places[0]), (b, places[1])] {
            stage.object(all[which].clone(), place(at));
        }
        // Others in between, which nobody sees.
        for (i, other) in all.iter().enumerate() {
            stage.object(other.clone(), Transform::from_xyz(1000.0 + i as f32, 0.0, 0.0));
        }
        let both = stage.shoot(GveRepresentation::Volume);
        both.keep(&format!("beside_{a}_{b}"));
        stage.clear();
        let (both, left, right) = (halves(&both), halves(&alone[0]), halves(&alone[1]));
        for (together, alone) in [(&both[0], &left[0]), (&both[1], &right[1])] {
            assert!(alone.iter().filter(|pixel| pixel.iter().any(|c| *c > 8)).count() > 3_000);
            // The side of the atlas is another one, and places in it are rounded otherwise.
            let differ = |(a, b): &(&[u8; 3], &[u8; 3])| (0..3).any(|c| a[c].abs_diff(b[c]) > 2);
            let count = together.iter().zip(alone).filter(differ).count();
            assert!(count < 4, "{a} and {b}: {count} pixels differ");
        }
    }
}

/// Textures grow and shrink under what is drawn.
#[test]
fn what_is_drawn_stays_as_it_is_while_others_come_and_go() {
    let mut stage = Stage::new(Msaa::Off);
    stage.sun();
    stage.object(assets(1).remove(0), Transform::default());
    let alone = stage.shoot(GveRepresentation::Volume);
    assert!(alone.covered() > 4_000);
    let small = gpu_bytes(&stage.app, "gve_volume");
    let frames = watch(&mut stage.app, &stage.target);
    // Enough for several layers of the atlas.
    let shape = Shape::sphere(1.0, material(BLUE, 0.0, 0.5));
    let large = asset_with(&shape, tree(&shape, 60, 1, |_| true));
    let far = Transform::from_xyz(1000.0, 0.0, 0.0);
    let others: Vec<Entity> =
        (0..6).map(|_| spawn(&mut stage.app, large.clone(), GveRepresentation::Volume, far)).collect();
    (0..6).for_each(|_| stage.app.update());
    let grown = gpu_bytes(&stage.app, "gve_volume");
    assert!(grown > 2 * small, "{grown} bytes, {small} before");
    others.into_iter().for_each(|other| {
        stage.app.world_mut().despawn(other);
    });
    (0..6).for_each(|_| stage.app.update());
    let shrunk = gpu_bytes(&stage.app, "gve_volume");
    // Drivers round a little, each time otherwise.
    assert!(shrunk.abs_diff(small) < 1024, "{shrunk} bytes, {small} before");
    let frames = frames.take(&mut stage.app);
    assert!(frames.len() > 6);
    for (i, frame) in frames.iter().enumerate() {
        let other = frame.other_pixels(&alone, 2);
        assert!(other == 0.0, "frame {i}: {:.2} % of the pixels differ", 100.0 * other);
    }
}

/// Ten thousand times.
#[test]
fn loading_and_dropping_leaves_the_pool_where_it_was() {
    let mut app = app();
    let all = assets(10);
    let stays = spawn(&mut app, all[0].clone(), GveRepresentation::Volume, Transform::default());
    (0..6).for_each(|_| app.update());
    let before = gpu_bytes(&app, "gve_volume");
    assert!(before > 0);
    let mut loaded = Vec::new();
    for round in 0..100 {
        for i in 0..100 {
            loaded.push(spawn(
                &mut app,
                all[(round + i) % all.len()].clone(),
                GveRepresentation::Volume,
                Transform::default(),
            ));
        }
        app.update();
        assert!(loaded.iter().all(|object| progress(&app, *object).is_complete()), "round {round}");
        for object in loaded.drain(..) {
            app.world_mut().despawn(object);
        }
    }
    (0..6).for_each(|_| app.update());
    let after = gpu_bytes(&app, "gve_volume");
    assert!(after.abs_diff(before) < 1024, "{after} bytes, {before} before");
    assert_eq!(app.world_mut().query::<&GvePart>().iter(app.world()).count(), 1);
    app.world_mut().despawn(stays);
    (0..6).for_each(|_| app.update());
    assert_eq!(gpu_bytes(&app, "gve_volume"), 0);
}

#[test]
fn an_object_without_room_is_a_shell_until_there_is() {
    let mut app = app();
    // One layer of the atlas, and a few rows of cells.
    settings(&mut app).pool_bytes = 2 << 20;
    let shape = Shape::sphere(1.0, material(RED, 0.0, 0.5));
    // More than half of a layer each.
    let large = || asset_with(&shape, tree(&shape, 72, 1, |_| true));
    let bricks = large().volume().stored_bricks();
    assert!((520..1000).contains(&bricks), "{bricks}");
    let spawn = |app: &mut App| {
        let object = spawn(app, large(), GveRepresentation::Volume, Transform::default());
        (0..4).for_each(|_| app.update());
        object
    };
    let first = spawn(&mut app);
    assert_eq!(drawn_as(&app, first), (Some(GveRepresentation::Volume), None));
    let second = spawn(&mut app);
    let (what, reason) = drawn_as(&app, second);
    assert_eq!(what, Some(GveRepresentation::Shell));
    let reason = reason.unwrap();
    assert!(reason.contains("no room") && reason.contains(&bricks.to_string()), "{reason}");
    assert!(app.world().get::<GveVolumeProgress>(second).is_none());
    assert_eq!(drawn_as(&app, first).0, Some(GveRepresentation::Volume), "what is there stays");
    assert!(gpu_bytes(&app, "gve_volume") < 4 << 20);

    // A reload beside its old version has no room either, and then in its place.
    reload(&mut app, first, large());
    (0..6).for_each(|_| app.update());
    let drawn = [first, second].map(|object| drawn_as(&app, object).0.unwrap());
    assert!(
        drawn.contains(&GveRepresentation::Volume) && drawn.contains(&GveRepresentation::Shell),
        "{drawn:?}"
    );

    // Once the other is gone there is room for whoever is left.
    let (goes, stays) = if drawn[0] == GveRepresentation::Volume { (first, second) } else { (second, first) };
    app.world_mut().despawn(goes);
    (0..6).for_each(|_| app.update());
    assert_eq!(drawn_as(&app, stays), (Some(GveRepresentation::Volume), None));
    assert!(progress(&app, stays).is_complete());
    assert_eq!(app.should_exit(), None);
}
