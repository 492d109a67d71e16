//! What of an asset is hit.

use crate::{asset::GveAsset, object::GveRepresentation};

/// What rays meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Volume,
    Shell,
}

impl Shape {
    /// That of an asset which is drawn like this, or would be. `None` for one that has neither.
    pub(super) fn of(
        asset: &GveAsset,
        drawn: Option<GveRepresentation>,
        wanted: GveRepresentation,
    ) -> Option<Self> {
        let lacks = !asset.metadata().volume_lacks.is_empty();
        let wants_shell = match drawn {
            Some(GveRepresentation::Shell) => true,
            // Whatever it lacks: that is not drawn either.
            Some(GveRepresentation::Volume) => false,
            Some(GveRepresentation::Splats) => lacks,
            Some(GveRepresentation::Auto) | None => wanted == GveRepresentation::Shell || lacks,
        };
        let has_shell = !asset.shell().indices.is_empty();
        let has_volume = || asset.volume().stored_bricks() > 0;
        match (wants_shell && has_shell).then_some(Self::Shell) {
            Some(shell) => Some(shell),
            None if has_volume() => Some(Self::Volume),
            None => has_shell.then_some(Self::Shell),
        }
    }
}
