//! How large things are on the screen.

use bevy::{
    camera::{primitives::Aabb, visibility::RenderLayers},
    math::{Affine3A, Mat4, Vec3A},
};

/// From where a picture is taken, and how large it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Eye {
    position: Vec3A,
    /// Pixels for each metre: at a distance of one metre, or everywhere where the projection has no vanishing point.
    pixels_per_metre: f32,
    is_orthographic: bool,
    layers: RenderLayers,
}

impl Eye {
    /// `viewport_height` is in pixels.
    pub(crate) fn new(
        clip_from_view: &Mat4,
        position: Vec3A,
        viewport_height: f32,
        layers: RenderLayers,
    ) -> Self {
        Self {
            position,
            pixels_per_metre: 0.5 * viewport_height * clip_from_view.y_axis.y.abs(),
            is_orthographic: clip_from_view.w_axis.w == 1.0,
            layers,
        }
    }

    /// Pixels that a sphere is wide; infinity when the camera stands inside it. Where it is looked at does not matter:
    /// what is behind the camera may be in front of it in the next frame.
    pub(crate) fn diameter_px(&self, sphere: Ball) -> f32 {
        let wide = 2.0 * sphere.radius * self.pixels_per_metre;
        if self.is_orthographic {
            return wide;
        }
        let distance = sphere.center.distance(self.position) - sphere.radius;
        // What is no number is not large.
        if distance <= 0.0 { f32::INFINITY } else { wide / distance }
    }

    pub(super) fn is_finite(&self) -> bool {
        self.position.is_finite() && self.pixels_per_metre.is_finite()
    }

    pub(super) fn shows(&self, layers: &RenderLayers) -> bool {
        self.layers.intersects(layers)
    }
}

/// A ball in the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ball {
    pub(crate) center: Vec3A,
    pub(crate) radius: f32,
}

impl Ball {
    /// The smallest one around a box whose middle is its own.
    pub(crate) fn around(bounds: &Aabb, world_from_local: &Affine3A) -> Self {
        let half = bounds.half_extents;
        let corners = [1.0, -1.0].into_iter().flat_map(|x| [1.0, -1.0].map(|y| Vec3A::new(x, y, 1.0) * half));
        Self {
            center: world_from_local.transform_point3a(bounds.center),
            radius: corners.map(|c| (world_from_local.matrix3 * c).length()).fold(0.0, f32::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::f32::consts::FRAC_PI_2;

    use bevy::prelude::*;

    use super::*;

    fn eye(clip_from_view: Mat4) -> Eye {
        Eye::new(&clip_from_view, Vec3A::ZERO, 200.0, RenderLayers::default())
    }

    #[test]
    fn a_sphere_is_as_wide_as_its_projection() {
        let perspective = eye(Mat4::perspective_infinite_reverse_rh(FRAC_PI_2, 1.0, 0.1));
        let sphere = |z| Ball { center: Vec3A::new(0.0, 0.0, z), radius: 1.0 };
        // Two metres at ten metres, 45 degrees to the edge.
        assert!((perspective.diameter_px(sphere(-11.0)) - 20.0).abs() < 1e-3);
        assert_eq!(perspective.diameter_px(sphere(11.0)), perspective.diameter_px(sphere(-11.0)));
        assert_eq!(perspective.diameter_px(sphere(-0.5)), f32::INFINITY, "the camera is inside");
        let orthographic = eye(Mat4::orthographic_rh(-2.0, 2.0, -2.0, 2.0, 0.1, 100.0));
        for z in [-0.5, -11.0, -1e6] {
            assert_eq!(orthographic.diameter_px(sphere(z)), 100.0);
        }
    }

    #[test]
    fn the_sphere_holds_a_box_that_is_scaled_unevenly_and_mirrored() {
        let bounds = Aabb { center: Vec3A::new(1.0, 0.0, 0.0), half_extents: Vec3A::new(1.0, 0.5, 0.25) };
        let place = Transform::from_xyz(5.0, 0.0, 0.0).with_scale(Vec3::new(-2.0, 4.0, 4.0));
        let sphere = Ball::around(&bounds, &place.compute_affine());
        assert_eq!(sphere.center, Vec3A::new(3.0, 0.0, 0.0));
        assert!((sphere.radius - 3.0).abs() < 1e-6, "{}", sphere.radius);
    }
}
