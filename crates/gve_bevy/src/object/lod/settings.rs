//! When an object is drawn as what.

use bevy::prelude::*;

/// When objects that choose for themselves ([`GveRepresentation::Auto`](crate::object::GveRepresentation::Auto)) are
/// drawn as what.
///
/// Sizes are diameters, in pixels of the picture, of the sphere around an object's bounds; of all the cameras that show
/// the object's layers, the one in whose picture it is largest decides. May be changed at any time.
#[derive(Resource, Reflect, Debug, Clone, Copy, PartialEq)]
#[reflect(Resource, Default, Clone, PartialEq)]
pub struct GveLodSettings {
    /// Smaller objects are drawn as splats, larger ones as their volume or shell. Infinity for splats always, 0 for
    /// never.
    pub splats_below_diameter_px: f32,
    /// An object is drawn as splats only where its file has as many of them for each pixel of its disc: the fewer there
    /// are, the smaller it is when it becomes splats.
    pub least_splats_per_pixel: f32,
    /// Splats that are drawn for each pixel of its disc, at most; an object's own
    /// [`GveSplatSettings`](crate::splat::GveSplatSettings) come before it.
    pub splats_per_pixel: f32,
    /// Smaller objects are not drawn at all. 0 for never.
    pub nothing_below_diameter_px: f32,
    /// How far below a size an object shrinks before the change that happens at it, as a share of the size: one that
    /// wavers there changes once.
    pub hysteresis: f32,
    /// Seconds that a change takes, of real time: it goes on in a game that is paused. 0 for at once.
    pub fade_secs: f32,
    /// Seconds for which a volume or a shell that is not drawn any more stays ready to be drawn again, if nobody else
    /// needs the room.
    pub keep_secs: f32,
}

impl Default for GveLodSettings {
    fn default() -> Self {
        Self {
            splats_below_diameter_px: 160.0,
            least_splats_per_pixel: 1.0,
            splats_per_pixel: 2.0,
            nothing_below_diameter_px: 0.5,
            hysteresis: 0.15,
            fade_secs: 0.3,
            keep_secs: 5.0,
        }
    }
}
