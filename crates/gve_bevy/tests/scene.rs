//! The scene snapshot: what is listed, as what, in which order, and under which name.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;

use bevy::{ecs::entity_disabling::Disabled, prelude::*};
use common::asset::{Shape, data, material, shell};
use gve_assets::AssetFile;
use gve_bevy::{
    object::{GvePart, GveRenderers},
    prelude::*,
    scene::{get_scene_labels, get_scene_snapshot, scene_entries},
};
use gve_types::snapshot::{SnapshotEntry, SnapshotKind, decode_snapshot};

/// A ball of this name.
fn ball(name: &str) -> GveAsset {
    let shape = Shape::sphere(1.0, material([200, 40, 30], 0.0, 0.5));
    let mut data = data(&shape, 12, shell(&Sphere::new(1.0).mesh().uv(16, 8)));
    data.metadata.name = name.to_owned();
    GveAsset::new(Arc::new(AssetFile::from_bytes(gve_assets::encode(&data).unwrap()).unwrap()))
}

/// An app without a renderer.
fn headless() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, AssetPlugin::default(), GvePlugin));
    app.finish();
    app.cleanup();
    app
}

/// An app without a renderer in which everything counts as drawn, but for volumes of assets called "thin".
fn drawing() -> App {
    let mut app = headless();
    let mut renderers = app.world_mut().resource_mut::<GveRenderers>();
    for what in GveRepresentation::ALL {
        renderers.register(what, move |asset| {
            let is_thin = what == GveRepresentation::Volume && asset.metadata().name == "thin";
            if is_thin { Err("too thin".to_owned()) } else { Ok(()) }
        });
    }
    app
}

fn object(app: &mut App, name: &str, what: GveRepresentation) -> Entity {
    common::spawn(app, ball(name), what, Transform::default())
}

fn mesh(app: &mut App) -> Entity {
    app.world_mut().spawn(Mesh3d::default()).id()
}

fn hide(app: &mut App, entity: Entity) {
    app.world_mut().entity_mut(entity).insert(Visibility::Hidden);
}

fn entry(entity: Entity, kind: SnapshotKind, active: bool) -> SnapshotEntry {
    SnapshotEntry { asset_id: entity.to_bits(), kind, active }
}

/// The snapshot, read from its bytes.
fn read(app: &mut App) -> Vec<SnapshotEntry> {
    let bytes = get_scene_snapshot(app.world_mut());
    assert_eq!(get_scene_snapshot(app.world_mut()), bytes, "twice the same");
    let entries = decode_snapshot(&bytes).unwrap();
    assert_eq!(scene_entries(app.world_mut()), entries);
    entries
}

fn is_active(app: &mut App, entity: Entity) -> bool {
    read(app).iter().find(|entry| entry.asset_id == entity.to_bits()).unwrap().active
}

#[test]
fn an_empty_world_is_four_zeros() {
    assert_eq!(get_scene_snapshot(&mut World::new()), [0; 4]);
    assert_eq!(get_scene_snapshot(headless().world_mut()), [0; 4]);
    assert!(get_scene_labels(&mut World::new()).0.is_empty());
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    let mut app = drawing();
    let volume = object(&mut app, "pump", GveRepresentation::Volume);
    let hidden = mesh(&mut app);
    hide(&mut app, hidden);
    app.update();
    let expected = [
        &[2, 0, 0, 0][..],
        &hidden.to_bits().to_le_bytes(),
        &[0, 0],
        &volume.to_bits().to_le_bytes(),
        &[1, 1],
    ];
    assert_eq!(get_scene_snapshot(app.world_mut()), expected.concat());
}

#[test]
fn meshes_come_first_and_each_in_the_order_of_spawning() {
    let mut app = drawing();
    let volume = object(&mut app, "a", GveRepresentation::Volume);
    let splats = object(&mut app, "b", GveRepresentation::Splats);
    let first_mesh = mesh(&mut app);
    let thin = object(&mut app, "thin", GveRepresentation::Volume);
    let other_volume = object(&mut app, "c", GveRepresentation::Volume);
    let shell = object(&mut app, "d", GveRepresentation::Shell);
    let second_mesh = mesh(&mut app);
    // Neither objects nor meshes.
    app.world_mut().spawn((Transform::default(), Visibility::default(), Name::new("camera rig")));
    app.world_mut().spawn((Mesh3d::default(), Disabled));
    app.update();
    use SnapshotKind::{Mesh, Sdf};
    let expected = [
        entry(splats, Mesh, true),
        entry(first_mesh, Mesh, true),
        entry(thin, Mesh, true), // drawn as its shell
        entry(shell, Mesh, true),
        entry(second_mesh, Mesh, true),
        entry(volume, Sdf, true),
        entry(other_volume, Sdf, true),
    ];
    assert_eq!(read(&mut app), expected);
    // Components come and go, which moves entities about in memory; the order stays.
    hide(&mut app, volume);
    hide(&mut app, splats);
    app.world_mut().entity_mut(first_mesh).insert(Name::new("floor"));
    let ids = read(&mut app).into_iter().map(|entry| entry.asset_id);
    assert!(ids.eq(expected.iter().map(|entry| entry.asset_id)));
    // An id leads back to its entity.
    assert_eq!(Entity::try_from_bits(expected[5].asset_id), Some(volume));
}

#[test]
fn an_object_follows_what_it_is_drawn_as() {
    let mut app = drawing();
    let object = object(&mut app, "pump", GveRepresentation::Volume);
    assert_eq!(read(&mut app), [entry(object, SnapshotKind::Sdf, false)], "not drawn before the first frame");
    app.update();
    assert_eq!(read(&mut app), [entry(object, SnapshotKind::Sdf, true)]);
    app.world_mut().entity_mut(object).insert(GveRepresentation::Splats);
    assert_eq!(read(&mut app), [entry(object, SnapshotKind::Sdf, true)], "still drawn as its volume");
    app.update();
    assert_eq!(read(&mut app), [entry(object, SnapshotKind::Mesh, true)]);
    app.world_mut().entity_mut(object).remove::<GveObject>();
    assert_eq!(read(&mut app), []);
}

#[test]
fn without_a_renderer_objects_are_listed_as_what_they_should_be() {
    let mut app = headless();
    let volume = object(&mut app, "a", GveRepresentation::Volume);
    let splats = object(&mut app, "b", GveRepresentation::Splats);
    let loading = app.world_mut().spawn(GveObject::default()).id();
    app.update();
    use SnapshotKind::{Mesh, Sdf};
    let expected = [entry(splats, Mesh, false), entry(volume, Sdf, false), entry(loading, Sdf, false)];
    assert_eq!(read(&mut app), expected);
}

#[test]
fn what_is_hidden_is_inactive_at_once() {
    let mut app = drawing();
    let parent = object(&mut app, "pump", GveRepresentation::Volume);
    let [child, grandchild, shown] = [(); 3].map(|()| mesh(&mut app));
    app.world_mut().entity_mut(parent).add_child(child);
    app.world_mut().entity_mut(child).add_child(grandchild);
    app.world_mut().entity_mut(grandchild).add_child(shown);
    app.world_mut().entity_mut(shown).insert(Visibility::Visible);
    app.update();
    assert!(read(&mut app).iter().all(|entry| entry.active));
    hide(&mut app, parent);
    for (entity, expected) in [(parent, false), (child, false), (grandchild, false), (shown, true)] {
        assert_eq!(is_active(&mut app, entity), expected, "{entity}");
    }
    app.world_mut().entity_mut(parent).insert(Visibility::Inherited);
    assert!(read(&mut app).iter().all(|entry| entry.active));
    // A parent that hides nothing breaks the chain, as it does when Bevy draws.
    let bare = app.world_mut().spawn_empty().id();
    hide(&mut app, parent);
    app.world_mut().entity_mut(parent).add_child(bare);
    app.world_mut().entity_mut(bare).add_child(grandchild);
    assert!(!is_active(&mut app, child) && is_active(&mut app, grandchild));
}

#[test]
fn entities_in_a_circle_are_inactive() {
    let mut app = drawing();
    let [a, b, c] = [(); 3].map(|()| mesh(&mut app));
    app.world_mut().entity_mut(a).insert(ChildOf(b));
    app.world_mut().entity_mut(b).insert(ChildOf(a));
    app.world_mut().entity_mut(c).insert(ChildOf(a));
    assert_eq!(read(&mut app), [a, b, c].map(|entity| entry(entity, SnapshotKind::Mesh, false)));
}

/// An app that draws, where objects have the parts that the plugins give them.
#[test]
fn parts_are_not_listed_beside_their_objects() {
    let mut app = common::app();
    let objects = GveRepresentation::ALL.map(|what| object(&mut app, "pump", what));
    let mesh = common::spawn_mesh(&mut app, Cuboid::default(), Color::WHITE, Transform::default());
    app.world_mut().entity_mut(objects[0]).add_child(mesh);
    for _ in 0..3 {
        app.update();
    }
    let meshes = app.world_mut().query_filtered::<(), With<Mesh3d>>().iter(app.world()).count();
    let parts = app.world_mut().query::<&GvePart>().iter(app.world()).count();
    assert_eq!((meshes, parts), (4, 3), "a volume's box, a splat's shadow, a shell, and the cuboid");
    use SnapshotKind::{Mesh, Sdf};
    let [volume, splats, shell] = objects;
    let expected = [
        entry(splats, Mesh, true),
        entry(shell, Mesh, true),
        entry(mesh, Mesh, true),
        entry(volume, Sdf, true),
    ];
    assert_eq!(read(&mut app), expected);
    hide(&mut app, volume);
    assert!(!is_active(&mut app, volume) && !is_active(&mut app, mesh));
    assert!(is_active(&mut app, splats) && is_active(&mut app, shell));
}

#[test]
fn labels_are_names_of_entities_and_else_of_assets() {
    let mut app = drawing();
    let of_asset = object(&mut app, "Größe 3 pump", GveRepresentation::Volume);
    let named = object(&mut app, "pump", GveRepresentation::Shell);
    app.world_mut().entity_mut(named).insert(Name::new("left pump"));
    let emptied = object(&mut app, "valve", GveRepresentation::Splats);
    app.world_mut().entity_mut(emptied).insert(Name::new(""));
    let floor = app.world_mut().spawn((Mesh3d::default(), Name::new("floor\u{1b}[2J"))).id();
    let long = app.world_mut().spawn((Mesh3d::default(), Name::new("x".repeat(1 << 20)))).id();
    app.world_mut().spawn((Mesh3d::default(), Name::new("part"), GvePart::default()));
    app.world_mut().spawn(Name::new("nothing to see"));
    // Without names: they have no label.
    app.world_mut().spawn(Mesh3d::default());
    app.world_mut().spawn(GveObject::default());
    app.update();
    let labels = get_scene_labels(app.world_mut()).0;
    let label = |entity: Entity| labels[&entity.to_bits()].as_str();
    assert_eq!(label(of_asset), "Größe 3 pump");
    assert_eq!(label(named), "left pump");
    assert_eq!(label(emptied), "valve");
    assert_eq!(label(floor), "floor␛[2J");
    assert!(label(long).chars().count() < 160);
    assert_eq!(labels.len(), 5, "{labels:?}");
    let listed: Vec<u64> = read(&mut app).iter().map(|entry| entry.asset_id).collect();
    assert!(labels.keys().all(|id| listed.contains(id)) && listed.len() == 7);
}
