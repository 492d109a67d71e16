//! A scene that is drawn as volumes and as shells.

use bevy::prelude::*;
use gve_bevy::prelude::*;

use super::{Picture, app, camera, shoot, spawn, spawn_mesh, target};

pub const RED: [u8; 3] = [200, 40, 30];
pub const BLUE: [u8; 3] = [30, 60, 200];
pub const EYE: Vec3 = Vec3::new(1.2, 1.4, 2.6);

/// An app, its camera and its picture.
pub struct Stage {
    pub app: App,
    pub target: Handle<Image>,
    pub camera: Entity,
    scene: Vec<Entity>,
    pub objects: Vec<Entity>,
}

impl Stage {
    pub fn new(msaa: Msaa) -> Self {
        Self::on(app(), msaa)
    }

    pub fn on(mut app: App, msaa: Msaa) -> Self {
        app.insert_resource(GlobalAmbientLight { brightness: 300.0, ..default() });
        let target = target(&mut app);
        let camera = app.world_mut().spawn((camera(&target, EYE), msaa)).id();
        Self { app, target, camera, scene: Vec::new(), objects: Vec::new() }
    }

    pub fn add(&mut self, bundle: impl Bundle) {
        let entity = self.app.world_mut().spawn(bundle).id();
        self.scene.push(entity);
    }

    pub fn sun(&mut self) {
        self.add((
            DirectionalLight { illuminance: 6000.0, shadow_maps_enabled: true, ..default() },
            Transform::from_xyz(2.0, 3.0, 2.5).looking_at(Vec3::ZERO, Vec3::Y),
        ));
    }

    pub fn mesh(&mut self, mesh: impl Into<Mesh>, color: Color, place: Transform) {
        let entity = spawn_mesh(&mut self.app, mesh, color, place);
        self.scene.push(entity);
    }

    pub fn object(&mut self, asset: GveAsset, place: Transform) {
        let entity = spawn(&mut self.app, asset, GveRepresentation::Volume, place);
        self.objects.push(entity);
    }

    pub fn look_from(&mut self, eye: Vec3) {
        let place = Transform::from_translation(eye).looking_at(Vec3::ZERO, Vec3::Y);
        self.app.world_mut().entity_mut(self.camera).insert(place);
    }

    /// Another camera at the same place: Bevy does not take prepasses from a camera that has drawn with them.
    pub fn replace_camera(&mut self, more: impl Bundle) {
        self.app.world_mut().despawn(self.camera);
        self.camera = self.app.world_mut().spawn((camera(&self.target, EYE), Msaa::Off)).insert(more).id();
    }

    pub fn shoot(&mut self, what: GveRepresentation) -> Picture {
        for &object in &self.objects {
            self.app.world_mut().entity_mut(object).insert(what);
        }
        shoot(&mut self.app, &self.target)
    }

    /// Draws the scene with volumes and with shells; they must look alike.
    #[track_caller]
    pub fn compare(&mut self, name: &str) -> (Picture, Picture) {
        let volume = self.shoot(GveRepresentation::Volume);
        let shell = self.shoot(GveRepresentation::Shell);
        volume.keep(&format!("{name}_volume"));
        shell.keep(&format!("{name}_shell"));
        assert!(shell.covered() > 4_000, "{name}: {} pixels are covered", shell.covered());
        let (iou, difference) = (volume.iou(&shell), volume.color_difference(&shell));
        let other = volume.other_pixels(&shell, 24);
        assert!(iou > 0.985, "{name}: silhouettes agree to {iou}");
        assert!(difference < 2.0, "{name}: colours differ by {difference} of 255");
        // Along outlines and the borders of shadows single pixels fall to one side or the other.
        assert!(other < 0.02, "{name}: {:.1} % of the pixels show something else", 100.0 * other);
        (volume, shell)
    }

    pub fn clear(&mut self) {
        for entity in self.scene.drain(..).chain(self.objects.drain(..)) {
            self.app.world_mut().despawn(entity);
        }
        self.look_from(EYE);
    }
}
