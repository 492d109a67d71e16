//! Splats of other programs as assets.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{path::Path, sync::Arc, time::Duration};

use bevy::{
    asset::io::{
        AssetSourceBuilder, AssetSourceId,
        memory::{Dir, MemoryAssetReader},
    },
    prelude::*,
};
use common::{app_with, camera, shoot, spawn_lights, target};
use gve_assets::AssetFile;
use gve_bevy::{object::GveRenderers, prelude::*};
use gve_interchange::{
    SplatCloud, gve, ply,
    spz::{self, Version},
};

fn cloud() -> SplatCloud {
    SplatCloud {
        positions: vec![[0.0, 1.0, 2.0], [-1.0, 0.5, 0.0]],
        rotations: vec![[0.0, 0.0, 0.0, 1.0]; 2],
        scales: vec![[0.1, 0.2, 0.01]; 2],
        opacities: vec![0.9, 0.1],
        colors: vec![[0.2, 0.5, 0.8]; 2],
        ..SplatCloud::default()
    }
}

/// An app whose files lie in memory, and which says that it can draw volumes and splats.
fn in_memory(dir: &Dir) -> App {
    let mut app = App::new();
    let root = dir.clone();
    app.register_asset_source(
        AssetSourceId::Default,
        AssetSourceBuilder::new(move || Box::new(MemoryAssetReader { root: root.clone() })),
    );
    app.add_plugins((MinimalPlugins, AssetPlugin::default(), GvePlugin, GveForeignPlugin));
    app.finish();
    app.cleanup();
    let mut renderers = app.world_mut().resource_mut::<GveRenderers>();
    renderers.register(GveRepresentation::Volume, |_| Ok(()));
    renderers.register(GveRepresentation::Splats, |_| Ok(()));
    renderers.register(GveRepresentation::Shell, |_| Err("its shell is empty".to_owned()));
    app
}

fn spawn(app: &mut App, path: &'static str) -> Entity {
    let handle = app.world().resource::<AssetServer>().load(path);
    app.world_mut().spawn((GveObject(handle), GveRepresentation::Volume)).id()
}

/// Updates until the object is not loading any more.
fn status(app: &mut App, object: Entity) -> GveAssetStatus {
    for _ in 0..5_000 {
        app.update();
        let status = app.world().get::<GveAssetStatus>(object).unwrap();
        if *status != GveAssetStatus::Loading {
            return status.clone();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("it loads for ever");
}

#[test]
fn ply_and_spz_files_become_objects_that_are_drawn_as_splats() {
    let dir = Dir::default();
    dir.insert_asset(Path::new("scan.ply"), ply::write(&cloud(), ply::Axes::YDown).unwrap());
    dir.insert_asset(Path::new("scan.spz"), spz::write(&cloud(), Version::V4).unwrap());
    let mut app = in_memory(&dir);
    for path in ["scan.ply", "scan.spz"] {
        let object = spawn(&mut app, path);
        let GveAssetStatus::Ready { warnings } = status(&mut app, object) else {
            panic!("{path} is not ready")
        };
        assert!(warnings[0].contains("made from gaussian splats alone"), "{warnings:?}");
        app.update();
        let handle = app.world().get::<GveObject>(object).unwrap().0.clone();
        let asset = app.world().resource::<Assets<GveAsset>>().get(&handle).unwrap();
        // The more opaque one comes first; y is up.
        assert_eq!(asset.splats()[0].position, [0.0, 1.0, 2.0], "{path}");
        assert_eq!((asset.splats().len(), asset.metadata().name.as_str()), (2, "scan"));
        // Its volume was asked for, and is empty.
        let drawn = app.world().get::<GveDrawnAs>(object).unwrap();
        assert_eq!(**drawn, Some(GveRepresentation::Splats), "{path}");
        assert!(drawn.reason().unwrap().contains("made from splats alone"));
        app.world_mut().entity_mut(object).insert(GveRepresentation::Splats);
        app.update();
        assert_eq!(app.world().get::<GveDrawnAs>(object).unwrap().reason(), None);
    }
}

#[test]
fn a_bad_file_says_what_is_wrong_and_where() {
    let dir = Dir::default();
    let mut bytes = ply::write(&cloud(), ply::Axes::YDown).unwrap();
    bytes.pop();
    dir.insert_asset(Path::new("cut.ply"), bytes);
    let mut app = in_memory(&dir);
    let object = spawn(&mut app, "cut.ply");
    let status = status(&mut app, object);
    let reason = status.reason().unwrap();
    assert!(reason.contains("PLY file, byte") && reason.contains("splats: expected 136 bytes"), "{reason}");
}

/// The picture of an asset of splats alone, of which the volume is asked for.
fn picture(plugins: bevy::app::PluginGroupBuilder) -> (usize, Option<GveRepresentation>) {
    let material = gve_types::MaterialTable::builtin().get("WOOD_OAK").unwrap();
    let asset = gve::to_asset(&cloud(), "scan", material).unwrap();
    let file = AssetFile::from_bytes(gve_assets::encode(&asset).unwrap()).unwrap();
    let mut app = app_with(plugins);
    let target = target(&mut app);
    spawn_lights(&mut app);
    let eye = camera(&target, Vec3::new(0.0, 1.0, 5.0));
    app.world_mut().spawn(eye);
    let asset = GveAsset::new(Arc::new(file));
    let object = common::spawn(&mut app, asset, GveRepresentation::Volume, Transform::default());
    let covered = shoot(&mut app, &target).covered();
    (covered, **app.world().get::<GveDrawnAs>(object).unwrap())
}

#[test]
fn splats_alone_are_seen_and_an_empty_volume_harms_nobody() {
    let (covered, drawn) = picture(GvePlugin.build());
    assert!(covered > 50, "{covered}");
    assert_eq!(drawn, Some(GveRepresentation::Splats));
    // What draws volumes takes none in which nothing is stored.
    let without_splats = picture(GvePlugin.build().disable::<GveSplatPlugin>());
    assert_eq!(without_splats, (0, None));
}
