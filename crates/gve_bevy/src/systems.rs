//! The sets that this crate's systems run in.

use bevy::{asset::AssetEventSystems, camera::CameraUpdateSystems, prelude::*};

/// The order of the work in a frame, for apps that want to run before or after a part of it.
///
/// All run in [`PostUpdate`], chained in this order, before Bevy sends its asset events
/// ([`AssetEventSystems`]) and propagates transforms and visibility: a reload that arrives in a frame is drawn
/// in that frame, whole.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GveSystems {
    /// Loads and reloads are noticed: [`GveAssetStatus`](crate::object::GveAssetStatus) and
    /// [`GveAssetFailed`](crate::asset::GveAssetFailed) are written.
    Status,
    /// [`GveDrawnAs`](crate::object::GveDrawnAs) and the bounds of every object follow what was asked for and
    /// what can be drawn.
    Choose,
    /// The entities, meshes and materials of each representation follow.
    Apply,
    /// The entities that draw an object take over its render layers, its visibility range, and its marks about
    /// culling and shadows.
    Inherit,
}

/// Orders the sets; each member plugin calls it, so that any of them can be left out.
pub(crate) fn configure(app: &mut App) {
    app.configure_sets(
        PostUpdate,
        (GveSystems::Status, GveSystems::Choose, GveSystems::Apply, GveSystems::Inherit)
            .chain()
            // Sizes on the screen are asked of cameras.
            .after(CameraUpdateSystems)
            .before(AssetEventSystems)
            .before(TransformSystems::Propagate)
            .before(bevy::camera::visibility::VisibilitySystems::CalculateBounds)
            .before(bevy::camera::visibility::VisibilitySystems::VisibilityPropagate),
    );
}
