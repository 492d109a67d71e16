//! Rays and distances: what an asset is at a place, for picking, physics and tools.
//!
//! | file | holds |
//! |---|---|
//! | `brick` | quick samples of a stored brick, and the way down to it |
//! | `march` | [`VolumeView::cast_ray`](crate::VolumeView::cast_ray): where a ray meets the volume |
//! | `field` | [`VolumeView::field`](crate::VolumeView::field): distance and slope at a point |
//! | `triangles` | [`ShellTree`]: where a ray meets the shell, and the nearest point of it |
//!
//! All of it reads the mapped file where it lies. The march is that of the renderer, step for step, so that what is
//! hit is what is drawn.

mod brick;
mod field;
mod march;
mod triangles;

pub use field::FieldSample;
pub use march::VolumeHit;
pub use triangles::{ShellHit, ShellPoint, ShellTree};

/// A ray in an asset's own space, and how far it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ray {
    /// Where its parameter is 0, in metres.
    pub origin: [f32; 3],
    /// Metres for each unit of the parameter; of any length above 0.
    pub direction: [f32; 3],
    /// The largest parameter.
    pub end: f32,
    /// Which sides of a surface it hits.
    pub sides: Sides,
}

/// Which sides of a surface a ray hits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Sides {
    /// Where it goes into a solid. One that starts in a solid comes out of it first.
    #[default]
    Front,
    /// Where it comes out of one as well.
    Both,
}

impl Ray {
    /// Whether all of it is finite and it leads somewhere; `end` may be infinite.
    pub(crate) fn is_valid(&self) -> bool {
        let length: f32 = self.direction.iter().map(|x| x * x).sum();
        self.origin.iter().all(|x| x.is_finite()) && length.is_finite() && length > 0.0 && self.end >= 0.0
    }
}
