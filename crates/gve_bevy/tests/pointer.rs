//! Objects under the pointer, through Bevy's own picking.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bevy::{
    camera::{NormalizedRenderTarget, visibility::RenderLayers},
    prelude::*,
    window::PrimaryWindow,
};
use bevy_picking::{
    InteractionPlugin, Pickable, PickingPlugin,
    events::{Out, Over, Pointer},
    hover::HoverMap,
    pointer::{Location, PointerId, PointerLocation},
};
use common::{
    asset::{Shape, asset, material},
    *,
};
use gve_bevy::{object::GvePart, prelude::*};

const RED: [u8; 3] = [200, 40, 30];

/// What was told of the pointer, in order.
#[derive(Resource, Default)]
struct Told(Vec<(&'static str, Entity, Option<GveRayHit>)>);

struct Pointed {
    app: App,
    pointer: Entity,
    camera: Entity,
    target: NormalizedRenderTarget,
}

impl Pointed {
    fn new() -> Self {
        let gve = GvePlugin.build().add(PickingPlugin).add(InteractionPlugin).add(GvePickingPlugin);
        let mut app = app_with(gve);
        // Bevy's rays ask for one, whatever the camera draws into.
        app.world_mut().spawn(PrimaryWindow);
        let image = target(&mut app);
        let camera = app.world_mut().spawn(camera(&image, Vec3::Z * 4.0)).id();
        let pointer = app.world_mut().spawn((PointerId::Mouse, PointerLocation::default())).id();
        app.init_resource::<Told>();
        app.add_observer(|over: On<Pointer<Over>>, mut told: ResMut<Told>| {
            if over.entity == over.original_event_target() {
                told.0.push(("over", over.entity, over.hit.extra_as::<GveRayHit>().copied()));
            }
        });
        app.add_observer(|out: On<Pointer<Out>>, mut told: ResMut<Told>| {
            if out.entity == out.original_event_target() {
                told.0.push(("out", out.entity, None));
            }
        });
        Self { app, pointer, camera, target: NormalizedRenderTarget::Image(image.into()) }
    }

    fn object(&mut self, radius: f32, place: Vec3) -> Entity {
        let asset = asset(&Shape::sphere(radius, material(RED, 0.0, 0.5)), 24);
        spawn(&mut self.app, asset, GveRepresentation::Volume, Transform::from_translation(place))
    }

    /// Points at a pixel, and returns what has been told since.
    fn at(&mut self, x: f32, y: f32) -> Vec<(&'static str, Entity, Option<GveRayHit>)> {
        let location = Location { target: self.target.clone(), position: Vec2::new(x, y) };
        self.app.world_mut().entity_mut(self.pointer).insert(PointerLocation::new(location));
        for _ in 0..3 {
            self.app.update();
        }
        std::mem::take(&mut self.app.world_mut().resource_mut::<Told>().0)
    }

    /// What is under the pointer.
    fn hovered(&self) -> Vec<Entity> {
        let map = self.app.world().resource::<HoverMap>();
        let mut hovered: Vec<Entity> =
            map.get(&PointerId::Mouse).into_iter().flat_map(|map| map.keys().copied()).collect();
        hovered.sort();
        hovered
    }
}

const MIDDLE: f32 = SIZE as f32 / 2.0;

#[test]
fn the_object_under_the_pointer_is_told() {
    let mut pointed = Pointed::new();
    let near = pointed.object(0.5, Vec3::new(0.1, 0.0, 0.0));
    let far = pointed.object(0.8, Vec3::new(0.0, 0.0, -2.0));
    pointed.at(2.0, 2.0);
    assert_eq!(pointed.hovered(), []);
    let told = pointed.at(MIDDLE, MIDDLE);
    let [("over", entity, Some(hit))] = told[..] else { panic!("{told:?}") };
    assert_eq!((entity, hit.entity, hit.part), (near, near, Some(0)));
    assert!((hit.point.z - 0.24_f32.sqrt()).abs() < 0.02 && hit.normal.z > 0.9, "{hit:?}");
    // The boxes in which volumes are drawn are wider than what is in them.
    let mut parts = pointed.app.world_mut().query_filtered::<&Pickable, With<GvePart>>();
    let parts: Vec<_> = parts.iter(pointed.app.world()).collect();
    assert!(!parts.is_empty() && parts.iter().all(|part| **part == Pickable::IGNORE));
    let told = pointed.at(2.0, 2.0);
    assert_eq!(told, [("out", near, None)]);

    // Not in the way any more, then looked through, then not of this camera's layer, then hidden.
    pointed.app.world_mut().entity_mut(near).insert(Pickable::IGNORE);
    pointed.at(MIDDLE, MIDDLE);
    assert_eq!(pointed.hovered(), [far]);
    let glass = Pickable { should_block_lower: false, is_hoverable: true };
    pointed.app.world_mut().entity_mut(near).insert(glass);
    pointed.at(MIDDLE, MIDDLE);
    let mut both = [near, far];
    both.sort();
    assert_eq!(pointed.hovered(), both);
    pointed.app.world_mut().entity_mut(near).insert(RenderLayers::layer(3));
    pointed.at(MIDDLE, MIDDLE);
    assert_eq!(pointed.hovered(), [far]);
    pointed.app.world_mut().entity_mut(far).insert(Visibility::Hidden);
    pointed.at(MIDDLE, MIDDLE);
    assert_eq!(pointed.hovered(), []);
}

#[test]
fn markers_are_required_on_request() {
    let mut pointed = Pointed::new();
    let object = pointed.object(0.5, Vec3::ZERO);
    pointed.app.world_mut().resource_mut::<GvePickingSettings>().require_markers = true;
    pointed.at(MIDDLE, MIDDLE);
    assert_eq!(pointed.hovered(), []);
    pointed.app.world_mut().entity_mut(object).insert(Pickable::default());
    pointed.at(MIDDLE, MIDDLE);
    assert_eq!(pointed.hovered(), []);
    pointed.app.world_mut().entity_mut(pointed.camera).insert(GvePickingCamera);
    pointed.at(MIDDLE, MIDDLE);
    assert_eq!(pointed.hovered(), [object]);
}
