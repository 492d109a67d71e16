//! The projection of gaussians to the screen: EWA splatting (Zwicker et al. 2001).
//!
//! The one definition of it: pictures, training and the gradients of training all start here.

use glam::{Mat3, Quat, Vec2, Vec3};

use super::Camera;

/// A gaussian never hides what is behind it completely.
pub(crate) const MAX_ALPHA: f32 = 0.99;
/// Contributions below one step of an 8-bit channel are left out.
pub(crate) const MIN_ALPHA: f32 = 1.0 / 255.0;
/// A pixel is finished when less than this of it is still see-through.
pub(crate) const MIN_TRANSMITTANCE: f32 = 1e-3;
/// Nothing nearer to the camera than this is drawn, in metres.
pub(crate) const MIN_DEPTH: f32 = 1e-6;

/// A camera with a picture size, as the projection needs them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lens {
    pub(crate) eye: Vec3,
    /// Turns world directions into camera ones: x right, y down, z forward.
    pub(crate) camera_from_world: Mat3,
    /// Pixels per unit at depth 1.
    pub(crate) focal: Vec2,
    pub(crate) middle: Vec2,
    /// Largest tangent that the projection is linearised at.
    pub(crate) limit: Vec2,
}

/// A gaussian on the screen, before its colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Projected {
    /// Its centre in the camera's axes.
    pub(crate) point: Vec3,
    /// Columns: the gaussian's axes times their standard deviations, in the camera's axes.
    pub(crate) axes: Mat3,
    /// The Jacobian of the projection.
    pub(crate) row_x: Vec3,
    pub(crate) row_y: Vec3,
    /// Where it is in the picture, in pixels.
    pub(crate) center: Vec2,
    /// Covariance in square pixels: xx, xy, yy.
    pub(crate) covariance: [f32; 3],
    /// Inverse covariance: xx, xy, yy.
    pub(crate) conic: [f32; 3],
}

impl Lens {
    pub(crate) fn new(camera: &Camera, size: [u32; 2]) -> Self {
        let basis = camera.basis();
        let half = camera.half_extents(size);
        let size = Vec2::new(size[0] as f32, size[1] as f32);
        Self {
            eye: camera.position,
            camera_from_world: Mat3::from_cols(basis.right, -basis.up, basis.forward).transpose(),
            focal: 0.5 * size / half,
            middle: 0.5 * size,
            limit: 1.3 * half,
        }
    }

    /// Projects a gaussian; `None` for one that is not finite, not in front of the camera or without
    /// extent. `rotation` is a unit quaternion, `scale` in metres, `low_pass_px2` the variance that is
    /// added on the screen.
    pub(crate) fn project(
        &self,
        position: Vec3,
        rotation: Quat,
        scale: Vec3,
        low_pass_px2: f32,
    ) -> Option<Projected> {
        let point = self.camera_from_world * (position - self.eye);
        if !(point.is_finite() && rotation.is_finite() && point.z > MIN_DEPTH) {
            return None;
        }
        let turned = self.camera_from_world * Mat3::from_quat(rotation);
        let axes = Mat3::from_cols(turned.x_axis * scale.x, turned.y_axis * scale.y, turned.z_axis * scale.z);
        // The Jacobian of the perspective projection, held back at the edges of the view.
        let tangent = (point.truncate() / point.z).clamp(-self.limit, self.limit);
        let row_x = Vec3::new(1.0, 0.0, -tangent.x) * (self.focal.x / point.z);
        let row_y = Vec3::new(0.0, 1.0, -tangent.y) * (self.focal.y / point.z);
        let (ax, ay) = (axes.transpose() * row_x, axes.transpose() * row_y);
        let (xx, xy, yy) = (ax.dot(ax) + low_pass_px2, ax.dot(ay), ay.dot(ay) + low_pass_px2);
        let determinant = xx * yy - xy * xy;
        (determinant > 0.0 && determinant.is_finite()).then(|| Projected {
            point,
            axes,
            row_x,
            row_y,
            center: point.truncate() / point.z * self.focal + self.middle,
            covariance: [xx, xy, yy],
            conic: [yy / determinant, -xy / determinant, xx / determinant],
        })
    }
}

impl Projected {
    /// Half width and height of the box that holds every contribution of at least [`MIN_ALPHA`].
    pub(crate) fn extent(&self, alpha: f32) -> Vec2 {
        let reach = (2.0 * (alpha / MIN_ALPHA).ln()).sqrt();
        Vec2::new(self.covariance[0].sqrt(), self.covariance[2].sqrt()) * reach
    }
}
