//! How many splats the renderer has to do with, told to the main world.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bevy::prelude::*;

/// What the renderer last counted; the same one in both worlds. The main world may be a frame ahead.
#[derive(Resource, Clone, Debug, Default)]
pub struct GveSplatCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    drawn: AtomicU64,
    sorted: AtomicU64,
    resident_bytes: AtomicU64,
}

impl GveSplatCounts {
    /// Splats that cameras asked for in a frame: of the objects that they see, after the choice of detail, and before
    /// those outside of the picture are culled.
    pub fn drawn(&self) -> u64 {
        self.0.drawn.load(Ordering::Relaxed)
    }

    /// Those of them that were sorted anew; none while nothing moves.
    pub fn sorted(&self) -> u64 {
        self.0.sorted.load(Ordering::Relaxed)
    }

    /// Bytes of the GPU's memory that the splats of all assets take.
    pub fn resident_bytes(&self) -> u64 {
        self.0.resident_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, drawn: u64, sorted: u64, resident_bytes: u64) {
        self.0.drawn.store(drawn, Ordering::Relaxed);
        self.0.sorted.store(sorted, Ordering::Relaxed);
        self.0.resident_bytes.store(resident_bytes, Ordering::Relaxed);
    }
}
