//! The sparse distance volume: a tree of bricks, coarse near all of the surface and finer where it needs it.
//!
//! A brick is refined, down to the cells that were asked for, where straight lines between its samples miss the
//! surface: at edges and on strong curves. Beyond that only parts that are thin for its cells refine it, as
//! far as a budget of bytes goes.

mod atlas;
mod brick;
mod budget;
mod ladder;
mod look;
mod source;
mod thin;
mod tree;

use gve_assets::Volume;
use gve_sdf::Field;
use gve_types::{MissingFeature, limits};

use crate::{BakeError, Watch, far::Far, warning};
use ladder::Ladder;
pub(crate) use ladder::MAX_CELLS_AWAY;
use source::Source;
use tree::Tree;

pub use budget::Lack;
pub use source::{DEFAULT_POINTS_PER_CALL, Evaluate, MAX_POINTS_PER_CALL};

/// Most bricks in an atlas: a quarter of the largest file.
const MAX_BRICKS: usize = (limits::MAX_FILE_BYTES / 4 / (look::SAMPLES as u64 * 3)) as usize;
/// The [`budget_bytes`](VolumeOptions::budget_bytes) when nothing else is asked for: a skin of 1/200 of a ball's
/// size takes about as much.
pub const DEFAULT_BUDGET_BYTES: u64 = 32 << 20;

/// How fine a volume is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeOptions {
    /// Cells along the longest side, as of a grid without levels; the cells are the nearest power of two of a metre.
    pub resolution: u32,
    /// What parts that are too thin for those cells may add to the volume, in bytes.
    pub budget_bytes: u64,
}

impl VolumeOptions {
    /// So many cells, and the usual budget.
    pub fn new(resolution: u32) -> Self {
        Self { resolution, budget_bytes: DEFAULT_BUDGET_BYTES }
    }
}

/// A volume, and what it does not show.
#[derive(Debug, Clone, PartialEq)]
pub struct BakedVolume {
    /// The volume.
    pub volume: Volume,
    /// Parts that are too thin for it, one place of each; empty when it shows everything.
    pub lacks: Vec<Lack>,
}

impl BakedVolume {
    /// What the volume does not show, with the paths of its nodes in the recipe of `field`.
    pub fn missing(&self, field: &Field) -> Vec<MissingFeature> {
        let of = |lack: &Lack| MissingFeature {
            path: field
                .parts()
                .get(usize::from(lack.part))
                .map_or_else(String::new, |part| part.path.to_string()),
            place: lack.position,
            thickness_m: lack.thickness_m,
        };
        self.lacks.iter().map(of).collect()
    }

    /// What the designer should know of it.
    pub fn warnings(&self, field: &Field) -> Vec<String> {
        let says = "too thin for the volume, so engines draw the shell instead: make it thicker, or ask for a higher \
                    resolution or a larger budget of bytes for the volume";
        let of = |lack: &Lack| warning::too_thin(field, lack.part, lack.position, lack.thickness_m, says);
        self.lacks.iter().map(of).collect()
    }
}

/// Samples the field near its surface, with `resolution` cells along its longest side and the usual budget.
///
/// The bytes depend on the field and the options alone.
///
/// # Errors
/// When the resolution is outside [`limits::VOLUME_RESOLUTION`], the field has no surface or no finite
/// bounds, or more bricks would be kept than a file may hold.
pub fn bake(field: &Field, resolution: u32) -> Result<BakedVolume, BakeError> {
    bake_watched(field, VolumeOptions::new(resolution), &())
}

/// [`bake`] for somebody who looks on.
///
/// # Errors
/// Those of [`bake`], and [`BakeError::Cancelled`].
pub fn bake_watched(
    field: &Field,
    options: VolumeOptions,
    watch: &dyn Watch,
) -> Result<BakedVolume, BakeError> {
    let far = Far::of(field);
    let mut baked = bake_within(far, options, &mut Source::Native, MAX_BRICKS, watch)?;
    // Whole bricks from whole bricks: nothing is rounded.
    baked.volume.origin = far.place(baked.volume.origin);
    baked.lacks.iter_mut().for_each(|lack| lack.position = far.place(lack.position));
    Ok(baked)
}

/// [`bake`] with distances from `evaluate` instead of the native evaluator.
///
/// Which bricks are looked at, their parts, and how thick the thin ones are come from the field itself; its
/// lipschitz bound must hold for `evaluate` too. Where that gives the native distances to the last bit, so is
/// the volume, unless the asset stands so far from its origin that [`Field::near`] is another field. `evaluate` is called on this thread, level by level, with at most `points_per_call` points at a
/// time, in whole bricks of 512: at least one, at most [`MAX_POINTS_PER_CALL`] points.
///
/// # Errors
/// Those of [`bake`], [`BakeError::NotFinite`] for a distance that is no number, and whatever `evaluate`
/// returns.
pub fn bake_with(
    field: &Field,
    options: VolumeOptions,
    points_per_call: usize,
    evaluate: &mut Evaluate<'_>,
    watch: &dyn Watch,
) -> Result<BakedVolume, BakeError> {
    // Whoever computes the distances does so in the asset's space.
    let mut source = Source::outside(evaluate, points_per_call);
    bake_within(Far::none(field), options, &mut source, MAX_BRICKS, watch)
}

fn bake_within(
    far: Far<'_>,
    options: VolumeOptions,
    source: &mut Source<'_>,
    max_bricks: usize,
    watch: &dyn Watch,
) -> Result<BakedVolume, BakeError> {
    let field = far.near;
    let ladder = Ladder::around(field.bounds(), options.resolution, far.distance_m())?;
    let mut tree = Tree::grow(field, &ladder, source, max_bricks, watch)?;
    if tree.stored() == 0 {
        return Err(BakeError::NoSurface { cell_size_m: ladder.cell_size_m(ladder.asked) });
    }
    let paid = budget::bricks_in(options.budget_bytes, field.parts().len());
    tree.refine_thin_parts(source, paid.min(max_bricks - tree.stored()))?;
    Ok(BakedVolume { volume: atlas::volume(&tree), lacks: tree.lacks() })
}
