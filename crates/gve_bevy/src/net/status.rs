//! How an object stands with the Architect.

use bevy::prelude::*;
use gve_types::compile::CompileStage;

/// How far the compile of an asset's next version is.
#[derive(Reflect, Debug, Clone, Copy, PartialEq)]
#[reflect(Clone, PartialEq)]
pub struct GveCompiling {
    /// The version that is compiled.
    pub version: u32,
    /// The number of the stage that runs, 0 to 5: see [`stage`](Self::stage).
    pub stage_index: u8,
    /// How much of the stage is done, 0 to 1.
    pub share: f32,
}

impl GveCompiling {
    /// The stage that runs.
    pub fn stage(&self) -> CompileStage {
        let last = CompileStage::ALL.len() - 1;
        CompileStage::ALL[usize::from(self.stage_index).min(last)]
    }

    /// How much of the whole compile is done, 0 to 1, if every stage took as long.
    pub fn total(&self) -> f32 {
        (f32::from(self.stage_index) + self.share.clamp(0.0, 1.0)) / CompileStage::ALL.len() as f32
    }
}

/// How a [`GveObject`](crate::object::GveObject) with a `gve://` address stands with the Architect; appears by
/// itself and is kept up to date.
///
/// Written in [`GveSystems::Status`](crate::systems::GveSystems::Status).
#[derive(Component, Reflect, Debug, Clone, Default, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct GveNetStatus {
    /// The asset's number in the address.
    pub wire_id: u64,
    /// The newest version that is known to be saved; 0 for none.
    pub announced: u32,
    /// The version on screen; 0 for none.
    pub shown: u32,
    /// How far the binary on screen was worked out: 0 for geometry with seeded splats, 1 with sound, 2 with trained
    /// splats. A finer binary of the same version replaces a coarser one.
    pub refinement: u8,
    /// The compile that is under way, if one is.
    pub compiling: Option<GveCompiling>,
    /// Why the last compile or request failed; gone when a newer version is saved or shown.
    pub error: Option<String>,
    /// Whether the connection stands. Without one, newer versions may exist that nobody here knows of.
    pub is_connected: bool,
}

impl GveNetStatus {
    /// Whether a newer version than the one on screen is known to exist.
    pub fn is_stale(&self) -> bool {
        self.announced > self.shown
    }

    /// Whether the version on screen is the newest there is, as far as anybody can know.
    pub fn is_current(&self) -> bool {
        self.is_connected && self.shown > 0 && !self.is_stale()
    }
}
