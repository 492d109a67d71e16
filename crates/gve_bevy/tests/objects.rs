//! The parts of objects: who has which, what they take over, and what stays behind.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bevy::{
    camera::{
        primitives::Aabb,
        visibility::{NoCpuCulling, NoFrustumCulling, RenderLayers, VisibilityRange},
    },
    ecs::entity::EntityCloner,
    light::{NotShadowCaster, NotShadowReceiver},
    prelude::*,
};
use common::{
    asset::{Shape, asset, bytes, material},
    *,
};
use gve_assets::AssetFile;
use gve_bevy::{object::GvePart, prelude::*, volume::GveVolumeMaterial};

const COLOR: [u8; 3] = [200, 40, 30];

fn ball(radius: f32) -> GveAsset {
    asset(&Shape::sphere(radius, material(COLOR, 0.0, 0.5)), 12)
}

fn object(app: &mut App, what: GveRepresentation) -> Entity {
    spawn(app, ball(1.0), what, Transform::default())
}

/// The parts of an object.
fn parts(app: &App, object: Entity) -> Vec<(Entity, GvePart)> {
    let children = app.world().get::<Children>(object).into_iter().flat_map(Children::iter);
    children.filter_map(|child| Some((child, *app.world().get::<GvePart>(child)?))).collect()
}

/// The only part of an object.
#[track_caller]
fn only_part(app: &App, object: Entity) -> Entity {
    let parts = parts(app, object);
    assert_eq!(parts.len(), 1, "{parts:?}");
    parts[0].0
}

/// All parts there are, whoever has them.
fn all_parts(app: &mut App) -> usize {
    app.world_mut().query::<&GvePart>().iter(app.world()).count()
}

fn count<A: Asset>(app: &App) -> usize {
    app.world().resource::<Assets<A>>().len()
}

fn update(app: &mut App, times: usize) {
    for _ in 0..times {
        app.update();
    }
}

/// Despawns what is marked with this number, in the set in which parts are spawned, so that the commands of both are
/// applied together.
struct Doom<const NUMBER: u8>;

#[derive(Component)]
struct Doomed(u8);

impl<const NUMBER: u8> Plugin for Doom<NUMBER> {
    fn build(&self, app: &mut App) {
        let despawn = |mut commands: Commands, doomed: Query<(Entity, &Doomed)>| {
            for (entity, _) in doomed.iter().filter(|(_, doomed)| doomed.0 == NUMBER) {
                commands.entity(entity).despawn();
            }
        };
        app.add_systems(PostUpdate, despawn.in_set(GveSystems::Apply));
    }
}

#[test]
fn an_object_that_goes_in_the_frame_of_its_parts_leaves_none() {
    // One before the systems that spawn parts and one after: neither order is promised.
    let mut app = app_with(GvePlugin.build().add_before::<GveAssetPlugin>(Doom::<0>).add(Doom::<1>));
    for round in 0..24 {
        let what = GveRepresentation::ALL[round % 3];
        let object = object(&mut app, what);
        app.world_mut().entity_mut(object).insert(Doomed((round / 3 % 2) as u8));
        app.update();
        assert!(app.world().get_entity(object).is_err());
        assert_eq!(all_parts(&mut app), 0, "round {round}: parts without an object");
    }
}

#[test]
fn a_copy_has_parts_of_its_own() {
    for what in GveRepresentation::ALL {
        let mut app = app();
        let original = object(&mut app, what);
        app.update();
        let part = only_part(&app, original);
        for with_children in [true, false] {
            let copy = app.world_mut().spawn_empty().id();
            let mut cloner = EntityCloner::build_opt_out(app.world_mut());
            if !with_children {
                cloner.deny::<Children>();
            }
            cloner.linked_cloning(with_children).clone_entity(original, copy);
            update(&mut app, 2);
            let its_own = only_part(&app, copy);
            assert_ne!(its_own, part, "{what}, children copied: {with_children}");
            assert_eq!(only_part(&app, original), part);
            let meshes = [part, its_own].map(|part| app.world().get::<Mesh3d>(part).unwrap().0.id());
            assert_eq!(meshes[0], meshes[1], "both show the same");
            app.world_mut().despawn(copy);
            update(&mut app, 1);
        }
        assert_eq!(all_parts(&mut app), 1);
    }
}

/// A scene brings parts back as they were saved: marks, and nothing that draws.
#[test]
fn parts_out_of_a_scene_are_taken_over() {
    for what in GveRepresentation::ALL {
        let mut app = app();
        let handle = app.world_mut().resource_mut::<Assets<GveAsset>>().add(ball(1.0));
        let saved = GvePart { representation: what, index: 0 };
        let twice = GvePart { representation: what, index: 0 };
        let stale = GvePart {
            representation: if what == GveRepresentation::Shell {
                GveRepresentation::Volume
            } else {
                GveRepresentation::Shell
            },
            index: 0,
        };
        let object = app.world_mut().spawn((GveObject(handle), what, children![saved, twice, stale])).id();
        app.update();
        let part = only_part(&app, object);
        assert_eq!(app.world().get::<GvePart>(part), Some(&saved));
        assert!(app.world().get::<Mesh3d>(part).is_some(), "{what}: the part draws");
    }
    let app = app();
    let types = app.world().resource::<AppTypeRegistry>().read();
    let of_part = types.get(std::any::TypeId::of::<GvePart>()).unwrap();
    assert!(of_part.data::<ReflectComponent>().is_some(), "scenes hold parts");
}

#[test]
fn a_part_that_is_taken_away_comes_back() {
    let mut app = app();
    let object = object(&mut app, GveRepresentation::Volume);
    app.update();
    let first = only_part(&app, object);
    app.world_mut().entity_mut(object).detach_all_children();
    update(&mut app, 2);
    let second = only_part(&app, object);
    assert_ne!(first, second);
    assert_eq!(all_parts(&mut app), 1, "the part without an object is gone");
    app.world_mut().despawn(second);
    update(&mut app, 2);
    only_part(&app, object);
}

#[test]
fn what_is_no_object_any_more_shows_nothing() {
    for what in GveRepresentation::ALL {
        let mut app = app();
        let object = object(&mut app, what);
        app.update();
        assert!(app.world().get::<Aabb>(object).is_some());
        app.world_mut().entity_mut(object).remove::<GveObject>();
        update(&mut app, 2);
        assert_eq!(all_parts(&mut app), 0, "{what}");
        assert!(app.world().get::<Aabb>(object).is_none(), "{what}");
        assert_eq!(app.world().get::<GveDrawnAs>(object), Some(&GveDrawnAs::default()));
    }
}

#[test]
fn objects_of_one_asset_share_what_draws_them_and_the_last_takes_it_along() {
    let mut app = app();
    let meshes = count::<Mesh>(&app);
    let first = object(&mut app, GveRepresentation::Volume);
    app.update();
    let handle = app.world().get::<GveObject>(first).unwrap().clone();
    let second = app.world_mut().spawn(handle).id();
    app.update();
    assert_eq!((count::<Mesh>(&app), count::<GveVolumeMaterial>(&app)), (meshes + 1, 1));
    for object in [first, second] {
        let part = only_part(&app, object);
        assert!(app.world().get::<MeshMaterial3d<GveVolumeMaterial>>(part).is_some());
        app.world_mut().despawn(object);
        update(&mut app, 3);
    }
    assert_eq!((count::<Mesh>(&app), count::<GveVolumeMaterial>(&app)), (meshes, 0));
    assert_eq!(count::<GveAsset>(&app), 0);
}

/// Everything on the GPU that belongs to a form, by the labels of its buffers and textures.
fn gpu_bytes(app: &App, what: GveRepresentation) -> u64 {
    let label = match what {
        GveRepresentation::Volume => "gve_volume",
        GveRepresentation::Splats => "gve splats",
        GveRepresentation::Shell | GveRepresentation::Auto => {
            unreachable!("Bevy's meshes share their buffers")
        }
    };
    common::gpu_bytes(app, label)
}

#[test]
fn a_form_that_is_not_drawn_is_not_resident() {
    let mut app = app();
    let materials = count::<StandardMaterial>(&app);
    let meshes = count::<Mesh>(&app);
    let object = object(&mut app, GveRepresentation::Volume);
    update(&mut app, 3);
    let volume = gpu_bytes(&app, GveRepresentation::Volume);
    assert!(volume > 10_000, "{volume} bytes");
    for _ in 0..2 {
        app.world_mut().entity_mut(object).insert(GveRepresentation::Shell);
        update(&mut app, 6);
        assert_eq!(gpu_bytes(&app, GveRepresentation::Volume), 0);
        assert_eq!(
            (count::<GveVolumeMaterial>(&app), count::<StandardMaterial>(&app), count::<Mesh>(&app)),
            (0, materials + 1, meshes + 1)
        );
        app.world_mut().entity_mut(object).insert(GveRepresentation::Splats);
        update(&mut app, 6);
        assert!(gpu_bytes(&app, GveRepresentation::Splats) > 0);
        // The shadow's.
        assert_eq!((count::<StandardMaterial>(&app), count::<Mesh>(&app)), (materials, meshes + 1));
        app.world_mut().entity_mut(object).insert(GveRepresentation::Volume);
        update(&mut app, 6);
        assert_eq!((count::<GveVolumeMaterial>(&app), count::<Mesh>(&app)), (1, meshes + 1));
        let again = gpu_bytes(&app, GveRepresentation::Volume);
        assert!(again.abs_diff(volume) < 1024, "{again} bytes, {volume} before");
    }
    // Splats stay for two seconds, so that going back and forth costs nothing.
    update(&mut app, 130);
    assert_eq!(gpu_bytes(&app, GveRepresentation::Splats), 0);
}

#[test]
fn a_reload_frees_the_old_file_whatever_is_drawn() {
    let file = |radius| {
        let bytes = bytes(&Shape::sphere(radius, material(COLOR, 0.0, 0.5)), 12);
        std::sync::Arc::new(AssetFile::from_bytes(bytes).unwrap())
    };
    let mut app = app();
    for what in GveRepresentation::ALL {
        let old = file(1.0);
        let object = spawn(&mut app, GveAsset::new(old.clone()), what, Transform::default());
        update(&mut app, 3);
        // Hidden behind another form, and then shown again.
        let other = if what == GveRepresentation::Shell {
            GveRepresentation::Volume
        } else {
            GveRepresentation::Shell
        };
        app.world_mut().entity_mut(object).insert(other);
        update(&mut app, 3);
        let id = app.world().get::<GveObject>(object).unwrap().id();
        app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, GveAsset::new(file(2.0))).unwrap();
        // Splats may stay for a while.
        update(&mut app, 130);
        assert_eq!(std::sync::Arc::strong_count(&old), 1, "{what}: somebody keeps the old file");
        app.world_mut().entity_mut(object).insert(what);
        update(&mut app, 3);
        assert_eq!(app.world().get::<Aabb>(object).unwrap().half_extents.x, 2.0);
        app.world_mut().despawn(object);
        update(&mut app, 3);
    }
}

#[test]
fn loading_and_dropping_leaves_nothing_behind() {
    let mut app = app();
    let counts = |app: &App| {
        (
            count::<Mesh>(app),
            count::<StandardMaterial>(app),
            count::<GveVolumeMaterial>(app),
            count::<GveAsset>(app),
        )
    };
    let before = counts(&app);
    for round in 0..30 {
        let object = object(&mut app, GveRepresentation::ALL[round % 3]);
        update(&mut app, 2);
        app.world_mut().despawn(object);
        update(&mut app, 2);
    }
    update(&mut app, 130);
    assert_eq!(counts(&app), before);
    // Uniforms and the corners of the quads of all splats stay, whatever was there.
    let left = common::gpu_bytes(&app, "gve");
    assert!(left < 12_288, "{left} bytes");
}

/// Checks that the parts of an object have a component when it has it, in each form and across switches.
fn is_handed_down<C: Component + PartialEq + Clone>(app: &mut App, component: C) {
    for what in GveRepresentation::ALL {
        let object = object(app, what);
        app.world_mut().entity_mut(object).insert(component.clone());
        app.update();
        let has = |app: &App| app.world().get::<C>(only_part(app, object)).cloned();
        assert!(has(app).as_ref() == Some(&component), "{what}: from the beginning");
        app.world_mut().entity_mut(object).remove::<C>();
        app.update();
        assert!(has(app).is_none(), "{what}: when the object has lost it");
        app.world_mut().entity_mut(object).insert(component.clone());
        app.update();
        assert!(has(app).as_ref() == Some(&component), "{what}: when it comes later");
        app.world_mut().entity_mut(object).insert(match what {
            GveRepresentation::Volume => GveRepresentation::Shell,
            _ => GveRepresentation::Volume,
        });
        app.update();
        assert!(has(app).as_ref() == Some(&component), "{what}: after a switch");
        app.world_mut().despawn(object);
    }
}

/// A marker, compared by its being there.
macro_rules! marker {
    ($app:expr, $marker:expr, $type:ty) => {{
        for what in GveRepresentation::ALL {
            let object = object($app, what);
            let has = |app: &App| app.world().get::<$type>(only_part(app, object)).is_some();
            $app.update();
            assert!(!has($app), "{what}");
            $app.world_mut().entity_mut(object).insert($marker);
            $app.update();
            assert!(has($app), "{what}");
            $app.world_mut().entity_mut(object).remove::<$type>();
            $app.update();
            assert!(!has($app), "{what}");
            $app.world_mut().despawn(object);
        }
    }};
}

#[test]
fn parts_take_over_how_their_object_is_to_be_drawn() {
    let mut app = app();
    is_handed_down(&mut app, RenderLayers::from_layers(&[1, 3]));
    is_handed_down(&mut app, VisibilityRange::abrupt(1.0, 20.0));
    marker!(&mut app, NotShadowCaster, NotShadowCaster);
    marker!(&mut app, NotShadowReceiver, NotShadowReceiver);
    marker!(&mut app, NoFrustumCulling, NoFrustumCulling);
    marker!(&mut app, NoCpuCulling, NoCpuCulling);

    // A change in place.
    let object = object(&mut app, GveRepresentation::Volume);
    app.world_mut().entity_mut(object).insert(RenderLayers::layer(1));
    app.update();
    *app.world_mut().get_mut::<RenderLayers>(object).unwrap() = RenderLayers::layer(2);
    app.update();
    let part = only_part(&app, object);
    assert_eq!(app.world().get::<RenderLayers>(part), Some(&RenderLayers::layer(2)));
}

/// Rays at meshes hit surfaces: boxes around volumes and meshes for shadows are none.
#[test]
fn nothing_but_surfaces_can_be_hit_by_rays_at_meshes() {
    let mut app = app();
    for (what, can_be_hit) in [
        (GveRepresentation::Volume, false),
        (GveRepresentation::Splats, false),
        (GveRepresentation::Shell, true),
    ] {
        let object = object(&mut app, what);
        update(&mut app, 3);
        let mesh = app.world().get::<Mesh3d>(only_part(&app, object)).unwrap();
        let mesh = app.world().resource::<Assets<Mesh>>().get(mesh).unwrap();
        let vertices = mesh.try_attribute(Mesh::ATTRIBUTE_POSITION);
        assert_eq!(vertices.is_ok(), can_be_hit, "{what}: {:?}", vertices.err());
        app.world_mut().despawn(object);
    }
}

#[test]
fn nothing_is_written_while_nothing_happens() {
    #[derive(Resource, Default)]
    struct Written(Vec<&'static str>);
    let mut app = app();
    let objects: Vec<Entity> = (0..30).map(|i| object(&mut app, GveRepresentation::ALL[i % 3])).collect();
    app.world_mut().entity_mut(objects[0]).insert(RenderLayers::layer(0));
    app.init_resource::<Written>();
    app.add_systems(
        Last,
        |meshes: Res<Assets<Mesh>>,
         standard: Res<Assets<StandardMaterial>>,
         volumes: Res<Assets<GveVolumeMaterial>>,
         drawn_as: Query<(), Changed<GveDrawnAs>>,
         status: Query<(), Changed<GveAssetStatus>>,
         bounds: Query<(), (Changed<Aabb>, With<GveObject>)>,
         parts: Query<(), (With<GvePart>, Or<(Changed<Mesh3d>, Changed<RenderLayers>)>)>,
         mut written: ResMut<Written>| {
            let of = [
                ("meshes", meshes.is_changed()),
                ("materials", standard.is_changed()),
                ("volumes", volumes.is_changed()),
                ("GveDrawnAs", !drawn_as.is_empty()),
                ("GveAssetStatus", !status.is_empty()),
                ("Aabb", !bounds.is_empty()),
                ("parts", !parts.is_empty()),
            ];
            written.0.extend(of.into_iter().filter(|(_, is_changed)| *is_changed).map(|(name, _)| name));
        },
    );
    update(&mut app, 6);
    let names = |app: &mut App| std::mem::take(&mut app.world_mut().resource_mut::<Written>().0);
    assert!(names(&mut app).contains(&"meshes"), "the first frames make everything");
    update(&mut app, 5);
    assert_eq!(names(&mut app), Vec::<&str>::new());
}
