//! What an entity shows, and how: [`GveObject`], [`GveRepresentation`] and what comes of them.

mod choose;
mod component;
mod inherit;
mod lod;
mod part;
mod renderers;
mod status;

use bevy::prelude::*;

pub use component::{GveDrawnAs, GveObject, GveRepresentation};
pub use lod::GveLodSettings;
pub(crate) use lod::{Ball, Eye, Fade, Lingering, keep};
pub use part::GvePart;
pub(crate) use part::{parts_of, spawn_part};
pub use renderers::GveRenderers;
pub use status::GveAssetStatus;

use crate::{
    asset,
    systems::{self, GveSystems},
};

/// Follows every [`GveObject`]: bounds, status, and which representation is drawn.
#[derive(Debug, Default, Clone, Copy)]
pub struct GveObjectPlugin;

impl Plugin for GveObjectPlugin {
    fn build(&self, app: &mut App) {
        systems::configure(app);
        asset::track_changes(app);
        app.init_resource::<GveRenderers>()
            .register_type::<GveObject>()
            .register_type::<GveRepresentation>()
            .register_type::<GveDrawnAs>()
            .register_type::<GveAssetStatus>()
            .register_type::<GvePart>()
            .add_observer(choose::forget)
            .add_observer(part::replace_lost)
            .add_observer(part::despawn_all)
            .add_systems(
                PostUpdate,
                (
                    status::follow.after(asset::TrackAssets).in_set(GveSystems::Status),
                    (lod::follow, choose::choose, lod::select, part::despawn_stale)
                        .chain()
                        .in_set(GveSystems::Choose),
                ),
            );
        inherit::build(app);
        lod::build(app);
    }
}
