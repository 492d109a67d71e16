//! Volumes that come to the GPU over several frames: coarse first, never more than the budget, and nobody sees half a
//! reload.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bevy::{camera::primitives::Aabb, prelude::*};
use common::{
    asset::{Shape, asset, asset_with, material, tree},
    stage::{BLUE, RED, Stage},
    *,
};
use gve_assets::{BrickCell, Volume};
use gve_bevy::{
    prelude::*,
    volume::{GveVolumeProgress, GveVolumeSettings},
};

/// Bytes of a frame in which whole volumes come at once.
const ALL: u64 = 1 << 30;
/// Bytes of a brick on the GPU.
const BRICK: u64 = 1536;

fn cube(color: [u8; 3]) -> Shape {
    Shape::cube(0.9, 0.05, material(color, 0.0, 0.5))
}

fn deep(shape: &Shape) -> Volume {
    tree(shape, 12, 3, |_| true)
}

/// The first levels of a volume as a volume of their own.
fn coarse(volume: &Volume, levels: usize) -> Volume {
    let mut coarse = Volume { levels: volume.levels[..levels].to_vec(), ..volume.clone() };
    for cell in coarse.levels.last_mut().into_iter().flat_map(|level| &mut level.cells) {
        if cell.is_stored() {
            cell.link = BrickCell::NONE;
        }
    }
    coarse
}

fn budget(app: &mut App, bytes: u64) {
    app.world_mut().resource_mut::<GveVolumeSettings>().upload_bytes_per_frame = bytes;
}

fn progress(app: &App, object: Entity) -> GveVolumeProgress {
    *app.world().get::<GveVolumeProgress>(object).unwrap()
}

fn reload(app: &mut App, object: Entity, asset: GveAsset) {
    let id = app.world().get::<GveObject>(object).unwrap().id();
    app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, asset).unwrap();
}

/// A light without shadows: there are many frames.
fn light(stage: &mut Stage) {
    stage.add((
        PointLight { intensity: 500_000.0, range: 100.0, ..default() },
        Transform::from_xyz(2.0, 2.0, 4.0),
    ));
}

#[test]
fn volumes_come_coarse_first_within_the_budget_and_reloads_as_a_whole() {
    let mut stage = Stage::new(Msaa::Off);
    coarse_levels_are_drawn_while_fine_ones_come(&mut stage);
    a_reload_is_drawn_once_it_is_there(&mut stage);
    a_reload_of_a_reload_replaces_it(&mut stage);
}

fn coarse_levels_are_drawn_while_fine_ones_come(stage: &mut Stage) {
    let shape = cube(RED);
    let volume = deep(&shape);
    let mut wanted = Vec::new();
    for levels in 1..=3 {
        light(stage);
        stage.object(asset_with(&shape, coarse(&volume, levels)), Transform::default());
        wanted.push(stage.shoot(GveRepresentation::Volume));
        stage.clear();
    }
    let differ = |a: &Picture, b: &Picture| a.other_pixels(b, 8);
    assert!(differ(&wanted[0], &wanted[1]) > 0.01 && differ(&wanted[1], &wanted[2]) > 0.002);

    // Nothing comes, and so nothing is drawn.
    budget(&mut stage.app, 0);
    light(stage);
    stage.object(asset_with(&shape, volume), Transform::default());
    let object = stage.objects[0];
    assert_eq!(stage.shoot(GveRepresentation::Volume).covered(), 0);
    let start = progress(&stage.app, object);
    assert_eq!((start.sent_bytes, start.levels_shown, start.levels), (0, 0, 3));
    assert!(!start.is_complete() && start.bytes > 100 * BRICK, "{start:?}");

    const BUDGET: u64 = 100 * BRICK;
    let mut before = start;
    let mut frames = 0;
    let mut seen = [false; 4];
    while !before.is_complete() {
        budget(&mut stage.app, BUDGET);
        stage.app.update();
        budget(&mut stage.app, 0);
        let now = progress(&stage.app, object);
        let sent = now.sent_bytes - before.sent_bytes;
        // What is begun is sent: at most one brick more.
        assert!(sent > 0 && sent <= BUDGET + BRICK, "{sent} bytes in a frame");
        assert!(now.levels_shown >= before.levels_shown && !now.is_reload);
        if now.levels_shown > before.levels_shown {
            let picture = stage.shoot(GveRepresentation::Volume);
            picture.keep(&format!("levels_{}", now.levels_shown));
            let other = differ(&picture, &wanted[now.levels_shown as usize - 1]);
            assert!(other < 0.0005, "{} levels: {:.2} % differ", now.levels_shown, 100.0 * other);
            seen[now.levels_shown as usize] = true;
        }
        before = now;
        frames += 1;
    }
    assert_eq!(seen, [false, true, true, true]);
    assert_eq!(before.sent_bytes, before.bytes);
    assert!(frames as u64 >= before.bytes / (BUDGET + BRICK), "{frames} frames");
    budget(&mut stage.app, ALL);
    stage.clear();
}

/// The first frame that is one picture no longer, and that all before are it, and all from there on the other.
#[track_caller]
fn turns_from_to(frames: &[Picture], before: &Picture, after: &Picture) {
    let is = |frame: &Picture, other: &Picture| frame.other_pixels(other, 8) < 0.001;
    let old = frames.iter().take_while(|frame| is(frame, before)).count();
    let new = frames.iter().skip(old).take_while(|frame| is(frame, after)).count();
    assert!(old >= 2 && new >= 2, "{old} old frames, then {new} new ones");
    if let Some(other) = frames.get(old + new) {
        other.keep("neither");
        panic!("frame {} of {} shows neither: {} are covered", old + new, frames.len(), other.covered());
    }
}

fn a_reload_is_drawn_once_it_is_there(stage: &mut Stage) {
    light(stage);
    let (small, large) = (cube(RED), Shape::sphere(1.2, material(BLUE, 0.0, 0.5)));
    stage.object(asset_with(&large, deep(&large)), Transform::default());
    let of_large = stage.shoot(GveRepresentation::Volume);
    let object = stage.objects[0];
    reload(&mut stage.app, object, asset_with(&small, deep(&small)));
    let of_small = stage.shoot(GveRepresentation::Volume);
    assert!(of_small.other_pixels(&of_large, 8) > 0.05);
    // From small to large and back: the box in which it is drawn and culled must be right all the time.
    for (next, before, after) in [(&large, &of_small, &of_large), (&small, &of_large, &of_small)] {
        let frames = watch(&mut stage.app, &stage.target);
        budget(&mut stage.app, 60 * BRICK);
        stage.app.update();
        reload(&mut stage.app, object, asset_with(next, deep(next)));
        let mut in_between = 0;
        loop {
            stage.app.update();
            let now = progress(&stage.app, object);
            if now.is_complete() {
                break;
            }
            assert!(now.is_reload && now.levels_shown == 3, "{now:?}");
            in_between += 1;
        }
        assert!(in_between >= 3, "{in_between} frames");
        // Culled by what is drawn now.
        let part = stage.app.world().get::<Children>(object).unwrap()[0];
        let reach = stage.app.world().get::<Aabb>(part).unwrap().half_extents.x;
        let wanted = Vec3::from(next.bounds.max).x;
        assert!((wanted..1.15 * wanted).contains(&reach), "{reach} m around {wanted} m");
        budget(&mut stage.app, ALL);
        (0..8).for_each(|_| stage.app.update());
        turns_from_to(&frames.take(&mut stage.app), before, after);
    }
    stage.clear();
}

fn a_reload_of_a_reload_replaces_it(stage: &mut Stage) {
    light(stage);
    let first = || asset(&Shape::sphere(1.0, material(RED, 0.0, 0.5)), 24);
    let second = cube(BLUE);
    let third = || asset(&Shape::sphere(0.5, material(BLUE, 0.0, 0.5)), 24);
    stage.object(third(), Transform::default());
    let of_third = stage.shoot(GveRepresentation::Volume);
    let object = stage.objects[0];
    reload(&mut stage.app, object, first());
    let of_first = stage.shoot(GveRepresentation::Volume);
    let bytes = gpu_bytes(&stage.app, "gve_volume");
    for _ in 0..3 {
        let frames = watch(&mut stage.app, &stage.target);
        budget(&mut stage.app, 60 * BRICK);
        stage.app.update();
        reload(&mut stage.app, object, asset_with(&second, deep(&second)));
        (0..3).for_each(|_| stage.app.update());
        assert!(progress(&stage.app, object).is_reload);
        reload(&mut stage.app, object, third());
        for _ in 0..40 {
            stage.app.update();
        }
        assert!(progress(&stage.app, object).is_complete());
        turns_from_to(&frames.take(&mut stage.app), &of_first, &of_third);
        budget(&mut stage.app, ALL);
        reload(&mut stage.app, object, first());
        assert!(stage.shoot(GveRepresentation::Volume).other_pixels(&of_first, 8) < 0.001);
        let left = gpu_bytes(&stage.app, "gve_volume");
        assert!(left.abs_diff(bytes) < 1024, "{left} bytes, {bytes} before: something is left of the second");
    }
    stage.clear();
}

/// Whoever goes before it is there leaves nothing behind, and does not hold up the others.
#[test]
fn an_object_that_goes_while_it_comes_is_forgotten() {
    let mut app = app();
    let shape = cube(RED);
    let large = asset_with(&shape, deep(&shape));
    let stays = spawn(&mut app, large.clone(), GveRepresentation::Volume, Transform::default());
    (0..6).for_each(|_| app.update());
    let bytes = gpu_bytes(&app, "gve_volume");
    budget(&mut app, 20 * BRICK);
    let goes = spawn(&mut app, large.clone(), GveRepresentation::Volume, Transform::default());
    (0..3).for_each(|_| app.update());
    assert!(!progress(&app, goes).is_complete());
    let comes = spawn(&mut app, large, GveRepresentation::Volume, Transform::default());
    app.world_mut().despawn(goes);
    let mut frames = 0;
    app.update();
    while !progress(&app, comes).is_complete() {
        app.update();
        frames += 1;
        assert!(frames < 200, "{:?}", progress(&app, comes));
    }
    assert!(progress(&app, stays).is_complete());
    // Neither does a reload.
    reload(&mut app, comes, asset_with(&shape, deep(&shape)));
    (0..3).for_each(|_| app.update());
    assert!(progress(&app, comes).is_reload);
    app.world_mut().despawn(comes);
    (0..6).for_each(|_| app.update());
    // Drivers round a little, each time otherwise.
    let left = gpu_bytes(&app, "gve_volume");
    assert!(left.abs_diff(bytes) < 1024, "{left} bytes, {bytes} before");
}

/// Coarse levels of all before fine ones of any.
#[test]
fn everybody_gets_a_coarse_level_first() {
    let mut app = app();
    let shape = cube(RED);
    budget(&mut app, 0);
    let objects: Vec<Entity> = (0..5)
        .map(|_| {
            spawn(&mut app, asset_with(&shape, deep(&shape)), GveRepresentation::Volume, Transform::default())
        })
        .collect();
    app.update();
    budget(&mut app, 30 * BRICK);
    for _ in 0..400 {
        app.update();
        let levels: Vec<u32> = objects.iter().map(|object| progress(&app, *object).levels_shown).collect();
        let (least, most) = (levels.iter().min().unwrap(), levels.iter().max().unwrap());
        assert!(most - least <= 1, "{levels:?}");
        if *least == 3 {
            return;
        }
    }
    panic!("they do not come");
}
