//! A perspective camera.

use glam::{Vec2, Vec3};
use gve_sdf::Aabb;

/// A camera that looks from one point at another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Where it stands, in metres.
    pub position: Vec3,
    /// The point in the middle of the picture.
    pub target: Vec3,
    /// Roughly upwards; not along the line of sight.
    pub up: Vec3,
    /// Angle between the bottom and the top of the picture, in radians.
    pub vertical_fov_rad: f32,
}

/// The camera's axes in the world.
#[derive(Debug, Clone, Copy)]
pub(super) struct Basis {
    pub(super) right: Vec3,
    pub(super) up: Vec3,
    pub(super) forward: Vec3,
}

impl Camera {
    /// A view from the front right and a little above that shows the whole box.
    ///
    /// `aspect` is width over height.
    pub fn three_quarter(bounds: Aabb, aspect: f32) -> Self {
        Self::framing(bounds, 35f32.to_radians(), 22f32.to_radians(), 30f32.to_radians(), aspect)
    }

    /// A view that shows the whole box with a margin.
    ///
    /// `azimuth_rad` turns from +z (the front) towards +x, `elevation_rad` from the horizon upwards.
    pub fn framing(
        bounds: Aabb,
        azimuth_rad: f32,
        elevation_rad: f32,
        vertical_fov_rad: f32,
        aspect: f32,
    ) -> Self {
        let (sin_a, cos_a) = azimuth_rad.sin_cos();
        let (sin_e, cos_e) = elevation_rad.sin_cos();
        let towards = Vec3::new(sin_a * cos_e, sin_e, cos_a * cos_e);
        let up = if cos_e.abs() < 1e-3 { Vec3::NEG_Z } else { Vec3::Y };
        let center = bounds.center();
        let mut camera = Self { position: center + towards, target: center, up, vertical_fov_rad };
        let basis = camera.basis();
        // Just outside of the box's corners, 8 % of the picture stay free.
        let tan = Vec2::new(aspect, 1.0) * (0.5 * vertical_fov_rad).tan() * 0.92;
        let mut distance = 0f32;
        for corner in corners(bounds) {
            let p = corner - center;
            let side = Vec2::new(p.dot(basis.right).abs(), p.dot(basis.up).abs()) / tan;
            distance = distance.max(side.max_element() - p.dot(basis.forward));
        }
        camera.position = center + towards * distance.max(1e-4);
        camera
    }

    pub(super) fn basis(&self) -> Basis {
        let forward = (self.target - self.position).try_normalize().unwrap_or(Vec3::NEG_Z);
        let right =
            forward.cross(self.up).try_normalize().unwrap_or_else(|| forward.any_orthonormal_vector());
        Basis { right, up: right.cross(forward), forward }
    }

    /// Half the picture at distance 1: along x and along y.
    pub(super) fn half_extents(&self, size: [u32; 2]) -> Vec2 {
        let tan = (0.5 * self.vertical_fov_rad.clamp(1e-3, 3.0)).tan();
        Vec2::new(tan * size[0] as f32 / size[1] as f32, tan)
    }
}

/// The eight corners of a box.
pub(super) fn corners(bounds: Aabb) -> [Vec3; 8] {
    std::array::from_fn(|i| {
        let pick = |axis: usize| if i >> axis & 1 == 0 { bounds.min[axis] } else { bounds.max[axis] };
        Vec3::new(pick(0), pick(1), pick(2))
    })
}
