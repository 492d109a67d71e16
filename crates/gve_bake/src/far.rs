//! What stands far from the asset's origin is baked about an origin near to it, and moved when it is written.

use glam::{DVec3, Vec3};
use gve_sdf::Field;

use crate::BakeError;

/// A field about an origin near to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Far<'a> {
    /// The field as it is baked.
    pub(crate) near: &'a Field,
    /// The field in the asset's space.
    whole: &'a Field,
    /// Where the origin of `near` is in the asset's space, metres.
    origin: DVec3,
}

impl<'a> Far<'a> {
    pub(crate) fn of(field: &'a Field) -> Self {
        let (near, origin) = field.near();
        Self { near, whole: field, origin }
    }

    /// The field baked where it is.
    pub(crate) fn none(field: &'a Field) -> Self {
        Self { near: field, whole: field, origin: DVec3::ZERO }
    }

    /// Largest coordinate of what is written.
    pub(crate) fn distance_m(&self) -> f32 {
        let bounds = self.whole.bounds();
        bounds.max.abs().max(bounds.min.abs()).max_element()
    }

    /// A point as it is written: in the asset's space, rounded once.
    pub(crate) fn written(&self, point: Vec3) -> Vec3 {
        if self.origin == DVec3::ZERO { point } else { (self.origin + point.as_dvec3()).as_vec3() }
    }

    /// A point where it is written, seen from near.
    pub(crate) fn rounded(&self, point: Vec3) -> Vec3 {
        if self.origin == DVec3::ZERO {
            return point;
        }
        (self.written(point).as_dvec3() - self.origin).as_vec3()
    }

    /// [`Self::written`] for arrays.
    pub(crate) fn place(&self, point: [f32; 3]) -> [f32; 3] {
        self.written(point.into()).into()
    }

    /// An error with its places as they are written.
    pub(crate) fn error(&self, mut error: BakeError) -> BakeError {
        match &mut error {
            BakeError::ThinnerThanCells { position, .. } | BakeError::TooThinForSplats { position, .. } => {
                *position = self.place(*position);
            }
            BakeError::NothingSolid { min, max } => (*min, *max) = (self.place(*min), self.place(*max)),
            _ => {}
        }
        error
    }
}
