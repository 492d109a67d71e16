//! What an app may say about the memory of volumes, and what it is told.

use bevy::prelude::*;

/// How much of the GPU's memory volumes may take, and how fast they come.
///
/// Insert it before or after [`GveVolumePlugin`](super::GveVolumePlugin), and change it at any time; what is in the pool
/// already stays.
#[derive(Resource, Reflect, Debug, Clone, Copy, PartialEq, Eq)]
#[reflect(Resource, Default, Clone, PartialEq)]
pub struct GveVolumeSettings {
    /// Bytes that one frame sends to the GPU. A larger volume comes over several frames, coarse levels first; while a
    /// reload is on its way, the old version is drawn. 0 stops everything where it is.
    pub upload_bytes_per_frame: u64,
    /// Bytes that the volumes of all assets take on the GPU at most. An object for which there is no room is drawn as its
    /// shell, until there is.
    pub pool_bytes: u64,
}

impl Default for GveVolumeSettings {
    /// 16 MiB a frame: a gigabyte in a second. As much memory as textures may have.
    fn default() -> Self {
        Self { upload_bytes_per_frame: 16 << 20, pool_bytes: u64::MAX }
    }
}

/// How much of an object's volume is on the GPU; appears by itself on every [`GveObject`](crate::object::GveObject) that is
/// drawn as a volume.
///
/// Written in [`GveSystems::Apply`](crate::systems::GveSystems::Apply).
#[derive(Component, Reflect, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct GveVolumeProgress {
    /// Levels that are drawn, coarse ones first; 0 while there is nothing to draw.
    pub levels_shown: u32,
    /// Levels of the newest version.
    pub levels: u32,
    /// Bytes of the newest version that were sent.
    pub sent_bytes: u64,
    /// Bytes that it has.
    pub bytes: u64,
    /// Whether an older version is drawn until the newest has come as a whole.
    pub is_reload: bool,
}

impl GveVolumeProgress {
    /// Whether all of the newest version is drawn.
    pub fn is_complete(&self) -> bool {
        !self.is_reload && self.levels_shown == self.levels
    }
}
