//! The flat look: one Lambert shading for the field and for splats, from lights fixed in the world.

use glam::Vec3;

use super::image::grey;

const KEY: Vec3 = Vec3::new(0.485_07, 0.727_61, 0.485_07);
const FILL: Vec3 = Vec3::new(-0.816_5, 0.408_25, 0.408_25);
const AMBIENT: f32 = 0.18;
const SKY: f32 = 0.22;
const KEY_LIGHT: f32 = 0.50;
const FILL_LIGHT: f32 = 0.15;
// Dark metals and pale stone end up in the same range, so that neither hides an error.
const CONTRAST: f32 = 0.85;
const LIFT: f32 = 0.08;

/// Linear colour of a surface in the flat look. `normal` is a unit vector out of the solid.
///
/// It does not depend on the viewer, so that splats can be shaded once per gaussian.
pub(crate) fn flat(albedo: Vec3, normal: Vec3) -> Vec3 {
    (albedo * CONTRAST + LIFT) * light(normal)
}

fn light(normal: Vec3) -> f32 {
    let sky = 0.5 + 0.5 * normal.y;
    AMBIENT + SKY * sky + KEY_LIGHT * normal.dot(KEY).max(0.0) + FILL_LIGHT * normal.dot(FILL).max(0.0)
}

/// From the gradient of a loss by [`flat`]'s colour to its gradients by albedo and normal.
pub(crate) fn flat_gradient(albedo: Vec3, normal: Vec3, by_color: Vec3) -> (Vec3, Vec3) {
    let by_light = by_color.dot(albedo * CONTRAST + LIFT);
    let mut slope = Vec3::new(0.0, 0.5 * SKY, 0.0);
    if normal.dot(KEY) > 0.0 {
        slope += KEY * KEY_LIGHT;
    }
    if normal.dot(FILL) > 0.0 {
        slope += FILL * FILL_LIGHT;
    }
    (by_color * (CONTRAST * light(normal)), slope * by_light)
}

/// Linear colour behind everything in the flat look.
pub(crate) fn flat_background() -> Vec3 {
    grey(0.75)
}
