//! Where assets stand: a key light with shadows, a studio environment, a ground.

use bevy::{light::CascadeShadowConfigBuilder, prelude::*};

/// Lights and ground.
///
/// The light follows nothing; the ground is moved below the asset by whoever shows one.
pub struct StagePlugin;

/// The ground that assets stand on.
#[derive(Component)]
pub struct Ground;

/// The colour behind everything.
pub const BACKDROP: Color = Color::srgb(0.235, 0.24, 0.25);

impl Plugin for StagePlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(ClearColor(BACKDROP));
        app.insert_resource(GlobalAmbientLight::NONE);
        app.add_systems(Startup, build_stage);
    }
}

fn build_stage(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    commands.spawn((
        Name::new("Key light"),
        DirectionalLight { illuminance: 5_200.0, shadow_maps_enabled: true, ..default() },
        CascadeShadowConfigBuilder { num_cascades: 1, maximum_distance: 40.0, ..default() }.build(),
        Transform::from_xyz(1.2, 1.9, 1.4).looking_at(Vec3::ZERO, Vec3::Y),
    ));
    commands.spawn((
        Name::new("Ground"),
        Ground,
        Mesh3d(meshes.add(Circle::new(1.0).mesh().resolution(96))),
        MeshMaterial3d(materials.add(StandardMaterial {
            base_color: Color::srgb(0.33, 0.33, 0.34),
            perceptual_roughness: 0.92,
            reflectance: 0.2,
            ..default()
        })),
        Transform::from_rotation(Quat::from_rotation_x(-std::f32::consts::FRAC_PI_2)),
    ));
}

/// Where the ground lies and how wide it is, below a box.
pub fn ground_below(min: Vec3, max: Vec3) -> Transform {
    let center = 0.5 * (min + max);
    let radius = (max - min).length();
    Transform::from_translation(Vec3::new(center.x, min.y, center.z))
        .with_rotation(Quat::from_rotation_x(-std::f32::consts::FRAC_PI_2))
        .with_scale(Vec3::splat(radius))
}

/// Shadow cascades that just hold an object of the given size seen from the given distance.
pub fn shadows_around(distance: f32, size: f32) -> bevy::light::CascadeShadowConfig {
    CascadeShadowConfigBuilder {
        num_cascades: 1,
        minimum_distance: (distance - 1.5 * size).max(distance * 0.01),
        maximum_distance: distance + 1.5 * size,
        ..default()
    }
    .build()
}
