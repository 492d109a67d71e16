//! Which assets' splats are drawn as soon as they are asked for, told to the main world.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::{platform::collections::HashSet, prelude::*};

use crate::asset::GveAsset;

/// The assets of which all splats are on the GPU, once everything that draws them has been compiled. The same one in both
/// worlds.
#[derive(Resource, Clone, Default)]
pub(super) struct ReadySplats(Arc<Mutex<HashSet<AssetId<GveAsset>>>>);

impl ReadySplats {
    pub(super) fn has(&self, id: AssetId<GveAsset>) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    pub(super) fn set(&self, ids: impl Iterator<Item = AssetId<GveAsset>>) {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ready.clear();
        ready.extend(ids);
    }
}
