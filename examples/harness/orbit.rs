//! The camera of the examples: it looks at a point and is turned about it with the mouse.

use std::f32::consts::{FRAC_PI_2, TAU};

use bevy::{
    input::mouse::{AccumulatedMouseMotion, AccumulatedMouseScroll, MouseScrollUnit},
    prelude::*,
};

/// Where an orbiting camera stands.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct Orbit {
    /// The point it looks at.
    pub target: Vec3,
    /// Distance from the point in metres.
    pub distance: f32,
    /// Turn about the y axis in radians; 0 looks from +z.
    pub azimuth_rad: f32,
    /// Height above the horizon in radians.
    pub elevation_rad: f32,
}

/// Vertical field of view of the examples' cameras in radians.
pub const FOV_Y_RAD: f32 = 0.6;
/// The share of the picture that a framed box fills.
const MARGIN: f32 = 0.9;

impl Orbit {
    /// A three-quarter view that just holds a box, also in a square picture.
    pub fn framing(min: Vec3, max: Vec3) -> Self {
        let target = 0.5 * (min + max);
        let mut orbit = Self { target, distance: 1.0, azimuth_rad: 0.62, elevation_rad: 0.36 };
        let to_camera = orbit.transform().rotation.inverse();
        let half = 0.5 * (max - min);
        let slope = MARGIN * ops::tan(0.5 * FOV_Y_RAD);
        // Each corner must lie inside the cone of view; the farthest that one asks for is taken.
        orbit.distance = (0..8)
            .map(|corner| {
                let sign = |bit: i32| if corner & bit == 0 { 1.0 } else { -1.0 };
                let p = to_camera * (half * Vec3::new(sign(1), sign(2), sign(4)));
                p.x.abs().max(p.y.abs()) / slope + p.z
            })
            .fold(0.0, f32::max);
        orbit
    }

    /// Where the camera stands.
    pub fn transform(&self) -> Transform {
        let rotation = Quat::from_rotation_y(self.azimuth_rad) * Quat::from_rotation_x(-self.elevation_rad);
        Transform::from_translation(self.target + rotation * Vec3::Z * self.distance).with_rotation(rotation)
    }

    /// A projection for this view; its planes follow the distance so that millimetres and kilometres work.
    pub fn projection(&self) -> Projection {
        Projection::Perspective(PerspectiveProjection {
            fov: FOV_Y_RAD,
            near: self.distance * 0.01,
            far: self.distance * 100.0,
            ..default()
        })
    }
}

/// Turns, moves and zooms every [`Orbit`] camera with the mouse.
pub struct OrbitPlugin;

impl Plugin for OrbitPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Update, (steer, place).chain());
    }
}

fn steer(
    buttons: Res<ButtonInput<MouseButton>>,
    motion: Res<AccumulatedMouseMotion>,
    scroll: Res<AccumulatedMouseScroll>,
    mut orbits: Query<&mut Orbit>,
) {
    for mut orbit in &mut orbits {
        if buttons.pressed(MouseButton::Left) && motion.delta != Vec2::ZERO {
            orbit.azimuth_rad = (orbit.azimuth_rad - 0.006 * motion.delta.x) % TAU;
            let limit = FRAC_PI_2 - 0.02;
            orbit.elevation_rad = (orbit.elevation_rad + 0.006 * motion.delta.y).clamp(-limit, limit);
        }
        if buttons.pressed(MouseButton::Right) && motion.delta != Vec2::ZERO {
            let transform = orbit.transform();
            let step = 0.0012 * orbit.distance;
            orbit.target += step * (motion.delta.y * transform.up() - motion.delta.x * transform.right());
        }
        let notches = match scroll.unit {
            MouseScrollUnit::Line => scroll.delta.y,
            MouseScrollUnit::Pixel => scroll.delta.y / 60.0,
        };
        if notches != 0.0 {
            orbit.distance = (orbit.distance * ops::exp(-0.12 * notches)).clamp(1e-3, 1e5);
        }
    }
}

fn place(mut cameras: Query<(&Orbit, &mut Transform, &mut Projection), Changed<Orbit>>) {
    for (orbit, mut transform, mut projection) in &mut cameras {
        *transform = orbit.transform();
        *projection = orbit.projection();
    }
}
