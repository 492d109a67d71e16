//! The flat look: one Lambert shading for the field and for splats, from lights fixed in the world.

use glam::Vec3;

use super::image::grey;

/// Linear colour of a surface in the flat look. `normal` is a unit vector out of the solid.
///
/// It does not depend on the viewer, so that splats can be shaded once per gaussian.
pub(super) fn flat(albedo: Vec3, normal: Vec3) -> Vec3 {
    const KEY: Vec3 = Vec3::new(0.485_07, 0.727_61, 0.485_07);
    const FILL: Vec3 = Vec3::new(-0.816_5, 0.408_25, 0.408_25);
    let sky = 0.5 + 0.5 * normal.y;
    let light = 0.18 + 0.22 * sky + 0.50 * normal.dot(KEY).max(0.0) + 0.15 * normal.dot(FILL).max(0.0);
    // Dark metals and pale stone end up in the same range, so that neither hides an error.
    (albedo * 0.85 + 0.08) * light
}

/// Linear colour behind everything in the flat look.
pub(super) fn flat_background() -> Vec3 {
    grey(0.75)
}
