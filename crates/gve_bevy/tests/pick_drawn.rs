//! Rays through the pixels of pictures: what they meet is what is drawn there.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;

use bevy::{ecs::system::RunSystemOnce, prelude::*};
use common::{
    asset::{Shape, asset, data, material, shell},
    stage::{BLUE, RED, Stage},
    *,
};
use gve_assets::AssetFile;
use gve_bevy::prelude::*;
use gve_types::MissingFeature;

const GREEN: [u8; 3] = [40, 160, 60];

/// What the ray through each pixel meets first.
fn hits(stage: &mut Stage) -> Vec<Option<GveRayHit>> {
    let cast =
        |mut raycast: GveRaycast, camera: Single<(&Camera, &GlobalTransform)>| -> Vec<Option<GveRayHit>> {
            let (camera, place) = *camera;
            let pixels =
                (0..SIZE).flat_map(|y| (0..SIZE).map(move |x| Vec2::new(x as f32 + 0.5, y as f32 + 0.5)));
            pixels
                .map(|pixel| {
                    let ray = camera.viewport_to_world(place, pixel).unwrap();
                    let settings =
                        GveRaycastSettings { visibility: GveRayVisibility::VisibleInView, ..default() };
                    raycast.cast_ray(ray.origin, *ray.direction, &settings).first().copied()
                })
                .collect()
        };
    stage.app.world_mut().run_system_once(cast).unwrap()
}

/// Which of the three colours a pixel is of.
fn color([red, green, blue]: [u8; 3]) -> Option<[u8; 3]> {
    let most = red.max(green).max(blue);
    match most {
        0..=8 => None,
        _ if most == red => Some(RED),
        _ if most == green => Some(GREEN),
        _ => Some(BLUE),
    }
}

impl Stage {
    /// Draws the scene and casts a ray through each pixel; their colours must be those of what is hit.
    #[track_caller]
    fn agree(&mut self, name: &str, what: GveRepresentation, tolerance: f32) -> usize {
        let picture = self.shoot(what);
        picture.keep(name);
        let hits = hits(self);
        let colors = |hit: &Option<GveRayHit>| {
            let object = self.app.world().get::<GveObject>(hit.as_ref()?.entity)?;
            let assets = self.app.world().resource::<Assets<GveAsset>>();
            Some(assets.get(object.id())?.materials()[hit.as_ref()?.material as usize].base_color_srgb)
        };
        let marks: Vec<u8> = hits
            .iter()
            .flat_map(|hit| colors(hit).map_or([0, 0, 0, 255], |[r, g, b]| [r, g, b, 255]))
            .collect();
        Picture { rgba: marks }.keep(&format!("{name}_hits"));
        let covered = picture.covered();
        assert!(covered > 2_000, "{name}: {covered} pixels are covered");
        let wrong = picture.pixels().zip(&hits).filter(|(pixel, hit)| color(*pixel) != colors(hit)).count();
        let share = wrong as f32 / covered as f32;
        assert!(share <= tolerance, "{name}: {wrong} of {covered} pixels show something else");
        covered
    }
}

fn ball(radius: f32, color: [u8; 3]) -> GveAsset {
    asset(&Shape::sphere(radius, material(color, 0.0, 0.5)), 40)
}

fn cube(half: f32, color: [u8; 3]) -> GveAsset {
    asset(&Shape::cube(half, 0.05, material(color, 0.0, 0.5)), 40)
}

#[test]
fn rays_meet_what_is_drawn() {
    let mut stage = Stage::new(Msaa::Off);
    stage.app.insert_resource(GlobalAmbientLight { brightness: 2000.0, ..default() });

    let turn = Quat::from_euler(EulerRot::XYZ, 0.4, 0.7, -0.3);
    stage.object(ball(0.7, RED), Transform::from_xyz(-0.4, 0.0, 0.0));
    stage.object(
        cube(0.5, BLUE),
        Transform::from_xyz(0.4, 0.1, 0.2).with_rotation(turn).with_scale(Vec3::new(1.2, 0.7, 0.9)),
    );
    stage.object(
        cube(0.4, GREEN),
        Transform::from_xyz(0.0, -0.5, 0.3)
            .with_rotation(turn.inverse())
            .with_scale(Vec3::new(-1.6, 0.5, 0.8)),
    );
    // The march is the same, but for the last bits of its numbers: single pixels along outlines.
    stage.agree("pick_volumes", GveRepresentation::Volume, 0.003);
    // Beside the volume's own grid, a mesh of balls is drawn: the picture of three spheres that cut through each
    // other. Bevy turns the triangles of a mirrored mesh around, and shows its inside.
    let mirrored = stage.objects.pop().unwrap();
    stage.app.world_mut().despawn(mirrored);
    stage.agree("pick_shells", GveRepresentation::Shell, 0.003);
    stage.clear();

    // From within the box, and with a part of the ball cut off by the near plane.
    stage.object(ball(1.0, RED), Transform::from_scale(Vec3::splat(2.0)));
    stage.look_from(Vec3::splat(1.5));
    stage.agree("pick_near", GveRepresentation::Volume, 0.003);
    // From within the solid nothing is seen, and nothing is hit.
    stage.look_from(Vec3::new(0.3, 0.2, 0.4));
    stage.shoot(GveRepresentation::Volume);
    assert_eq!(hits(&mut stage).iter().flatten().count(), 0);
    stage.clear();

    // A wire that the volume lacks: the file says so, and both the picture and the rays take the shell.
    let mut wired = data(&Shape::sphere(0.5, material(RED, 0.0, 0.5)), 16, wired_ball());
    wired.metadata.bounds.max[1] = 1.2;
    wired.metadata.volume_lacks =
        vec![MissingFeature { path: "$.root_node".into(), place: [0.0, 0.8, 0.0], thickness_m: 0.01 }];
    let file = AssetFile::from_bytes(gve_assets::encode(&wired).unwrap()).unwrap();
    stage.object(GveAsset::new(Arc::new(file)), Transform::default());
    stage.agree("pick_wire", GveRepresentation::Volume, 0.003);
    let wire = hits(&mut stage).iter().flatten().filter(|hit| hit.point.y > 0.55).count();
    assert!(wire > 30, "{wire} pixels of the wire");
    stage.clear();

    // What is hidden is not seen in any view.
    stage.object(ball(0.7, RED), Transform::default());
    stage.app.world_mut().entity_mut(stage.objects[0]).insert(Visibility::Hidden);
    stage.shoot(GveRepresentation::Volume);
    assert_eq!(hits(&mut stage).iter().flatten().count(), 0);
}

/// A ball with a thin cylinder on it.
fn wired_ball() -> gve_assets::Shell {
    let mut mesh = Sphere::new(0.5).mesh().uv(64, 32);
    mesh.merge(&Cylinder::new(0.006, 1.4).mesh().build().translated_by(Vec3::Y * 0.5)).unwrap();
    shell(&mesh)
}
