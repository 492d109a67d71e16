//! From a recipe to everything that a `.gve_bin` holds.

use std::time::Instant;

use gve_assets::AssetData;
use gve_sdf::{Aabb, Field};
use gve_types::{
    AssetDna, Bounds, FileMetadata, MaterialTable,
    compile::{CompileProgress, CompileStage},
    limits,
};
use sha2::{Digest as _, Sha256};

use crate::{BakeError, mass, shell, splats, volume};

/// Most thin features that are named one by one in the warnings.
const MAX_NAMED_FEATURES: usize = 4;
/// How many times finer than a cube the cells of a slender asset become, at most.
const MAX_STRETCH: f32 = 3.0;

/// What is made, and how fine.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BakeOptions {
    /// Cells of the distance volume: as many as a cube with this many along each side has, but at most
    /// three times as many along the longest side; 8 to 512. A sword gets finer cells than a ball of its
    /// length, for no more memory.
    pub volume_resolution: u32,
    /// Cells of the shell's grid along its longest side; 8 to 512.
    pub shell_resolution: u32,
    /// Most splats.
    pub splat_count: u32,
    /// Cells along the longest side of the grid that the solid is weighed on.
    pub mass_resolution: u32,
    /// The asset's `wire_id`; 0 for one that no Architect has numbered.
    pub asset_id: u64,
}

impl Default for BakeOptions {
    fn default() -> Self {
        Self {
            volume_resolution: limits::DEFAULT_VOLUME_RESOLUTION,
            shell_resolution: limits::DEFAULT_VOLUME_RESOLUTION,
            splat_count: 100_000,
            mass_resolution: 64,
            asset_id: 0,
        }
    }
}

/// How many cells the longest side of a box gets, so that the whole box gets as many as a cube with
/// `resolution` along each side; at most [`MAX_STRETCH`] times `resolution`.
fn cells_along_longest_side(bounds: Aabb, resolution: u32) -> u32 {
    let extent = bounds.max - bounds.min;
    let longest = extent.max_element();
    let even = extent.element_product().max(0.0).cbrt();
    let stretch = if even > 0.0 { (longest / even).clamp(1.0, MAX_STRETCH) } else { MAX_STRETCH };
    let cells = (f64::from(stretch) * f64::from(resolution)).round() as u32;
    // An unusable resolution stays what it is, so that its error names it.
    cells.min(*limits::VOLUME_RESOLUTION.end()).max(resolution)
}

/// Who wants to know how far a bake is, and may stop it.
///
/// Implemented for `()` (nobody) and for closures that take the progress.
pub trait Progress: Sync {
    /// Called at the start and the end of every stage, and on the way through long ones.
    fn report(&self, progress: &CompileProgress);

    /// Asked at every report; after `true` the bake ends with [`BakeError::Cancelled`].
    fn cancelled(&self) -> bool {
        false
    }
}

impl Progress for () {
    fn report(&self, _: &CompileProgress) {}
}

impl<F: Fn(&CompileProgress) + Sync> Progress for F {
    fn report(&self, progress: &CompileProgress) {
        self(progress);
    }
}

/// How long a stage took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageTime {
    /// Which stage.
    pub stage: CompileStage,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// What a bake made.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BakeOutput {
    /// Ready for `gve_assets::write`.
    pub data: AssetData,
    /// The stages in order.
    pub stages: Vec<StageTime>,
    /// What the designer should know; also in the metadata.
    pub warnings: Vec<String>,
}

/// SHA-256 of the recipe as Rust serialises it, in 64 hex digits.
///
/// Recipes that differ only in spelling, in the order of fields or in defaults left out hash alike.
pub fn dna_hash(dna: &AssetDna) -> String {
    // Only a map with keys that are no strings fails to serialise, and a recipe has none.
    let json = serde_json::to_vec(dna).unwrap_or_default();
    Sha256::digest(&json).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bakes a recipe: lowers it, then makes its volume, its shell, its splats and its mass.
///
/// The stages `Indexing` and `Writing` are the caller's. The same recipe, materials and options give
/// the same data.
///
/// # Errors
/// What is wrong with the recipe or the options, what does not fit into a file, or
/// [`BakeError::Cancelled`].
pub fn bake(
    dna: &AssetDna,
    materials: &MaterialTable,
    options: &BakeOptions,
    progress: &dyn Progress,
) -> Result<BakeOutput, BakeError> {
    let mut run = Run { progress, stages: vec![] };
    let (field, weight) = run.stage(CompileStage::MathJit, "Lowering the recipe", |step| {
        let field = Field::lower(dna, materials)?;
        step(0.3, "Weighing")?;
        let weight = mass::weigh(&field, options.mass_resolution);
        Ok((field, weight))
    })?;
    let volume = run.stage(CompileStage::VolumeBake, "Baking the distance volume", |_| {
        volume::bake(&field, cells_along_longest_side(field.bounds(), options.volume_resolution))
    })?;
    let report = run.stage(CompileStage::ShellGen, "Dual contouring", |_| {
        shell::generate(&field, options.shell_resolution)
    })?;
    let splats = run.stage(CompileStage::SplatTrain, "Seeding splats (no training)", |step| {
        splats::seed_watched(&field, options.splat_count, &mut |share| {
            step(share, "Seeding splats (no training)")
        })
    })?;
    let warnings = warnings(&report);
    let bounds = field.bounds();
    let metadata = FileMetadata {
        name: dna.metadata.name.clone(),
        category: dna.metadata.category,
        bounds: Bounds { min: bounds.min.into(), max: bounds.max.into() },
        materials: field.materials().to_vec(),
        dna_hash: dna_hash(dna),
        compiler_version: concat!("gve_bake ", env!("CARGO_PKG_VERSION")).to_owned(),
        mass: weight,
        embedding: vec![],
        splats_trained: false,
        warnings: warnings.clone(),
    };
    let data = AssetData {
        asset_id: options.asset_id,
        version: dna.metadata.version,
        volume,
        splats,
        shell: report.shell,
        audio_patch: dna.audio_patch.clone(),
        metadata,
    };
    Ok(BakeOutput { data, stages: run.stages, warnings })
}

/// A bake under way.
struct Run<'a> {
    progress: &'a dyn Progress,
    stages: Vec<StageTime>,
}

impl Run<'_> {
    /// Runs one stage; `work` is given a function to call on the way.
    fn stage<T>(
        &mut self,
        stage: CompileStage,
        message: &str,
        work: impl FnOnce(&dyn Fn(f32, &str) -> Result<(), BakeError>) -> Result<T, BakeError>,
    ) -> Result<T, BakeError> {
        let step = |share: f32, message: &str| {
            self.progress.report(&CompileProgress { stage, progress: share, message: message.to_owned() });
            if self.progress.cancelled() { Err(BakeError::Cancelled) } else { Ok(()) }
        };
        let start = Instant::now();
        step(0.0, message)?;
        let made = work(&step)?;
        step(1.0, message)?;
        self.stages.push(StageTime { stage, seconds: start.elapsed().as_secs_f64() });
        Ok(made)
    }
}

fn warnings(report: &shell::ShellReport) -> Vec<String> {
    let mut warnings: Vec<String> = report
        .thin
        .iter()
        .take(MAX_NAMED_FEATURES)
        .map(|feature| {
            let what = match feature.kind {
                shell::ThinKind::Wall => "a wall",
                _ => "a gap",
            };
            let [x, y, z] = feature.position.to_array();
            format!(
                "{what} of {:.3} mm at ({x:.4}, {y:.4}, {z:.4}) m is thinner than a cell of {:.3} mm: raise the resolution to keep it",
                1000.0 * feature.thickness_m,
                1000.0 * report.cell_size_m,
            )
        })
        .collect();
    if report.thin.len() > MAX_NAMED_FEATURES {
        let more = report.thin.len() - MAX_NAMED_FEATURES;
        warnings.push(format!("{more} more features are thinner than a cell"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::sync::Mutex;

    use super::*;
    use crate::test_recipes::{STILL_LIFE, recipe};

    fn small() -> BakeOptions {
        BakeOptions {
            volume_resolution: 48,
            shell_resolution: 48,
            splat_count: 5000,
            mass_resolution: 32,
            asset_id: 7,
        }
    }

    #[test]
    fn the_same_recipe_gives_the_same_bytes() {
        let dna = recipe(STILL_LIFE);
        let bytes = || {
            let output = bake(&dna, MaterialTable::builtin(), &small(), &()).unwrap();
            gve_assets::encode(&output.data).unwrap()
        };
        let first = bytes();
        assert!(first == bytes());
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert!(first == one_thread.install(bytes), "the number of threads shows in the bytes");
    }

    #[test]
    fn everything_is_filled_in() {
        let dna = recipe(STILL_LIFE);
        let output = bake(&dna, MaterialTable::builtin(), &small(), &()).unwrap();
        let data = &output.data;
        assert_eq!((data.asset_id, data.version), (7, 3));
        assert_eq!(data.metadata.name, "Test");
        assert_eq!(data.metadata.dna_hash, dna_hash(&dna));
        assert_eq!(data.metadata.materials.len(), 2);
        assert!(data.metadata.mass.mass_kg > 0.0 && data.splats.len() > 4000);
        assert!(!data.shell.indices.is_empty() && !data.volume.distances.is_empty());
        let stages: Vec<_> = output.stages.iter().map(|time| time.stage).collect();
        assert_eq!(stages, &CompileStage::ALL[..4]);
        gve_assets::AssetFile::from_bytes(gve_assets::encode(data).unwrap()).unwrap();
    }

    #[test]
    fn progress_runs_forward_through_the_stages() {
        let seen = Mutex::new(vec![]);
        let watch = |progress: &CompileProgress| {
            let stage = CompileStage::ALL.iter().position(|&s| s == progress.stage).unwrap();
            seen.lock().unwrap().push(stage as f32 + 0.999 * progress.progress);
        };
        bake(&recipe(STILL_LIFE), MaterialTable::builtin(), &small(), &watch).unwrap();
        let seen = seen.into_inner().unwrap();
        assert!(seen.len() > 8 && seen.is_sorted(), "{seen:?}");
    }

    #[test]
    fn a_bake_can_be_cancelled_at_every_report() {
        struct StopAfter(Mutex<u32>);
        impl Progress for StopAfter {
            fn report(&self, _: &CompileProgress) {
                *self.0.lock().unwrap() -= 1;
            }
            fn cancelled(&self) -> bool {
                *self.0.lock().unwrap() == 0
            }
        }
        let dna = recipe(r#"{"op": "sphere", "radius": 0.5}"#);
        for reports in 1..8 {
            let stop = StopAfter(Mutex::new(reports));
            let result = bake(&dna, MaterialTable::builtin(), &small(), &stop);
            assert_eq!(result, Err(BakeError::Cancelled), "after {reports}");
        }
    }

    #[test]
    fn the_hash_knows_the_recipe_and_not_its_spelling() {
        let a = recipe(r#"{"op": "sphere", "radius": 0.5}"#);
        let b = recipe(r#"{ "radius": 5e-1, "op": "sphere" }"#);
        let c = recipe(r#"{"op": "sphere", "radius": 0.25}"#);
        assert_eq!(dna_hash(&a), dna_hash(&b));
        assert_ne!(dna_hash(&a), dna_hash(&c));
        assert_eq!(dna_hash(&a).len(), 64);
    }
}
