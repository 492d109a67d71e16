//! From a recipe to everything that a `.gve_bin` holds.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use gve_assets::{AssetData, Refinement, Shell, Splat, Volume};
use gve_sdf::{Aabb, Field};
use gve_types::{
    AssetDna, Bounds, FileMetadata, FilePart, MaterialTable, MissingFeature, PartFrame,
    compile::{CompileProgress, CompileStage},
    limits,
};
use sha2::{Digest as _, Sha256};

use crate::{
    BakeError, Watch,
    mass::{self, Weight},
    shell, splats, volume,
};

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
    /// What parts that are too thin for those cells may add to the volume, in bytes.
    pub volume_budget_bytes: u64,
    /// Cells of the shell's grid along its longest side; 8 to 512.
    pub shell_resolution: u32,
    /// Most splats.
    pub splat_count: u32,
    /// Error of the mass to aim at, as a share of it; see [`mass::weigh()`].
    pub mass_tolerance: f32,
    /// The asset's `wire_id`; 0 for one that no Architect has numbered.
    pub asset_id: u64,
    /// The version that the file is stamped with; the recipe's own when `None`.
    pub version: Option<u32>,
}

impl Default for BakeOptions {
    fn default() -> Self {
        Self {
            volume_resolution: limits::DEFAULT_VOLUME_RESOLUTION,
            volume_budget_bytes: volume::DEFAULT_BUDGET_BYTES,
            shell_resolution: limits::DEFAULT_VOLUME_RESOLUTION,
            splat_count: 100_000,
            mass_tolerance: mass::DEFAULT_TOLERANCE,
            asset_id: 0,
            version: None,
        }
    }
}

/// Cells along the longest side of a field's volume that is asked for with
/// [`volume_resolution`](BakeOptions::volume_resolution): what [`bake`] passes to [`volume::bake()`].
pub fn volume_cells(field: &Field, volume_resolution: u32) -> u32 {
    cells_along_longest_side(field.bounds(), volume_resolution)
}

/// How many cells the longest side of a box gets, so that the whole box gets as many as a cube with
/// `resolution` along each side; at most [`MAX_STRETCH`] times `resolution`, and beyond `resolution` no more than
/// single precision tells apart so far from the origin.
fn cells_along_longest_side(bounds: Aabb, resolution: u32) -> u32 {
    if !limits::VOLUME_RESOLUTION.contains(&resolution) {
        // It stays what it is, so that its error names it.
        return resolution;
    }
    let extent = bounds.max - bounds.min;
    let longest = extent.max_element();
    let even = extent.element_product().max(0.0).cbrt();
    let stretch = if even > 0.0 { (longest / even).clamp(1.0, MAX_STRETCH) } else { MAX_STRETCH };
    let cells = (f64::from(stretch) * f64::from(resolution)).round() as u32;
    let farthest = bounds.max.abs().max(bounds.min.abs()).max_element();
    let told_apart = (f64::from(longest) * f64::from(volume::MAX_CELLS_AWAY) / f64::from(farthest)) as u32;
    cells.min(told_apart).clamp(resolution, *limits::VOLUME_RESOLUTION.end())
}

/// Who wants to know how far a bake is, and may stop it.
///
/// Implemented for `()` (nobody) and for closures that take the progress.
pub trait Progress: Sync {
    /// Called at the start and the end of every stage, and on the way through long ones, then also from
    /// other threads; one call at a time, with progress that never runs back.
    fn report(&self, progress: &CompileProgress);

    /// Asked often, from any thread; after `true` the bake ends with [`BakeError::Cancelled`].
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

/// What files say of who made them. What stands behind the `+` counts up whenever recipes come out differently, so
/// that binaries made before count as stale.
pub const COMPILER_VERSION: &str = concat!("gve_bake ", env!("CARGO_PKG_VERSION"), "+6");

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

/// SHA-256 of the recipe as Rust serialises it, its version left out, in 64 hex digits.
///
/// Recipes that differ only in spelling, in the order of fields, in defaults left out or in
/// `metadata.version` hash alike: they are the same asset, saved again.
pub fn dna_hash(dna: &AssetDna) -> String {
    let mut dna = dna.clone();
    dna.metadata.version = 0;
    // Only a map with keys that are no strings fails to serialise, and a recipe has none.
    let json = serde_json::to_vec(&dna).unwrap_or_default();
    Sha256::digest(&json).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the stages made of a recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// From [`volume::bake()`].
    pub volume: Volume,
    /// From [`shell::generate()`].
    pub shell: Shell,
    /// From [`splats::seed()`], trained or not.
    pub splats: Vec<Splat>,
    /// From [`mass::weigh()`].
    pub weight: Weight,
}

/// What a file says about its contents beside what the recipe says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stamp {
    /// The asset's `wire_id`; 0 for one that no Architect has numbered.
    pub asset_id: u64,
    /// The version that was compiled.
    pub version: u32,
    /// Sentence embedding of the asset; empty when none was made.
    pub embedding: Vec<f32>,
    /// Whether the splats were trained.
    pub splats_trained: bool,
    /// What the designer should know.
    pub warnings: Vec<String>,
    /// What the volume does not show.
    pub volume_lacks: Vec<MissingFeature>,
}

/// Puts together what a file holds. `field` is the recipe's.
pub fn assemble(dna: &AssetDna, field: &Field, parts: Parts, stamp: Stamp) -> AssetData {
    let bounds = field.bounds();
    let metadata = FileMetadata {
        name: dna.metadata.name.clone(),
        category: dna.metadata.category,
        bounds: Bounds { min: bounds.min.into(), max: bounds.max.into() },
        materials: field.materials().to_vec(),
        dna_hash: dna_hash(dna),
        compiler_version: COMPILER_VERSION.to_owned(),
        mass: parts.weight.total,
        embedding: stamp.embedding,
        splats_trained: stamp.splats_trained,
        warnings: stamp.warnings,
        parts: file_parts(field, &parts.weight),
        volume_lacks: stamp.volume_lacks,
    };
    AssetData {
        asset_id: stamp.asset_id,
        version: stamp.version,
        refinement: if stamp.splats_trained { Refinement::TrainedSplats } else { Refinement::Geometry },
        volume: parts.volume,
        splats: parts.splats,
        shell: parts.shell,
        audio_patch: dna.audio_patch.clone(),
        metadata,
    }
}

/// The field's parts as a file lists them.
fn file_parts(field: &Field, weight: &Weight) -> Vec<FilePart> {
    let of = |(part, weight): (&gve_sdf::Part, &mass::PartWeight)| FilePart {
        path: part.path.to_string(),
        name: part.name.as_deref().map(str::to_owned),
        material: part.material.into(),
        frame: PartFrame {
            translation: part.frame.translation.into(),
            rotation: part.frame.rotation.into(),
            scale: part.frame.scale,
        },
        mass_kg: weight.mass_kg,
        volume_m3: weight.volume_m3,
        relative_error: weight.relative_error,
    };
    field.parts().iter().zip(&weight.parts).map(of).collect()
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
    let (field, weight) = run.stage(CompileStage::MathJit, "Lowering the recipe", |stage| {
        let field = Field::lower(dna, materials)?;
        stage.step(0.3, "Weighing")?;
        let weight = mass::weigh(&field, options.mass_tolerance);
        Ok((field, weight))
    })?;
    let volume = run.stage(CompileStage::VolumeBake, "Baking the distance volume", |stage| {
        let resolution = volume_cells(&field, options.volume_resolution);
        let fineness = volume::VolumeOptions { resolution, budget_bytes: options.volume_budget_bytes };
        volume::bake_watched(&field, fineness, stage)
    })?;
    let report = run.stage(CompileStage::ShellGen, "Dual contouring", |stage| {
        shell::generate_watched(&field, options.shell_resolution, stage)
    })?;
    let seeding = run.stage(CompileStage::SplatTrain, "Seeding splats (no training)", |stage| {
        splats::seed_reported(&field, options.splat_count, stage)
    })?;
    let mut warnings = field.warnings().to_vec();
    warnings.extend_from_slice(&weight.warnings);
    warnings.extend(volume.warnings(&field));
    warnings.extend(report.warnings());
    warnings.extend(seeding.warnings(&field));
    let stamp = Stamp {
        asset_id: options.asset_id,
        version: options.version.unwrap_or(dna.metadata.version),
        warnings: warnings.clone(),
        volume_lacks: volume.missing(&field),
        ..Stamp::default()
    };
    let parts = Parts { volume: volume.volume, shell: report.shell, splats: seeding.splats, weight };
    let data = assemble(dna, &field, parts, stamp);
    Ok(BakeOutput { data, stages: run.stages, warnings })
}

/// A bake under way.
struct Run<'a> {
    progress: &'a dyn Progress,
    stages: Vec<StageTime>,
}

impl Run<'_> {
    /// Runs one stage, watched by the bake's progress.
    fn stage<T>(
        &mut self,
        stage: CompileStage,
        message: &str,
        work: impl FnOnce(&StageWatch<'_>) -> Result<T, BakeError>,
    ) -> Result<T, BakeError> {
        let watch = StageWatch {
            progress: self.progress,
            stopped: AtomicBool::new(false),
            last: Mutex::new(CompileProgress { stage, progress: 0.0, message: message.to_owned() }),
        };
        let start = Instant::now();
        watch.step(0.0, message)?;
        let made = work(&watch)?;
        let message = watch.last.lock().map_or_else(|_| message.to_owned(), |last| last.message.clone());
        watch.step(1.0, &message)?;
        self.stages.push(StageTime { stage, seconds: start.elapsed().as_secs_f64() });
        Ok(made)
    }
}

/// Passes on what happens in one stage.
struct StageWatch<'a> {
    progress: &'a dyn Progress,
    /// Whether the caller has said that it no longer wants the result; then it hears no more.
    stopped: AtomicBool,
    last: Mutex<CompileProgress>,
}

impl StageWatch<'_> {
    fn step(&self, share: f32, message: &str) -> Result<(), BakeError> {
        // A thread that finds another one reporting leaves it at that. To wait would be to wait for
        // itself, if the report ran this thread's next piece of work.
        if let Ok(mut last) = self.last.try_lock()
            && !self.stopped.load(Ordering::Relaxed)
            && share >= last.progress
        {
            last.progress = share;
            message.clone_into(&mut last.message);
            self.progress.report(&last);
            // Asked before another thread can report: after a "no" the caller hears no more.
            self.is_cancelled();
        }
        if self.is_cancelled() { Err(BakeError::Cancelled) } else { Ok(()) }
    }
}

impl Watch for StageWatch<'_> {
    fn progress(&self, share: f32) {
        let message = self.last.try_lock().map(|last| last.message.clone());
        if let Ok(message) = message {
            // Whoever works asks whether to go on.
            let _ = self.step(share, &message);
        }
    }

    fn is_cancelled(&self) -> bool {
        if self.stopped.load(Ordering::Relaxed) {
            return true;
        }
        let cancelled = self.progress.cancelled();
        if cancelled {
            self.stopped.store(true, Ordering::Relaxed);
        }
        cancelled
    }
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
            volume_budget_bytes: volume::DEFAULT_BUDGET_BYTES,
            shell_resolution: 48,
            splat_count: 5000,
            mass_tolerance: 0.01,
            asset_id: 7,
            version: None,
        }
    }

    #[test]
    fn a_slender_object_far_away_gets_the_cells_that_can_be_told_apart() {
        let rod = |y: f32| {
            let root = format!(
                r#"{{"op": "cylinder", "radius": 0.02, "half_height": 0.5, "center": [0, {y}, 0], "material": "ASTM_A36"}}"#
            );
            Field::lower(&recipe(&root), MaterialTable::builtin()).unwrap()
        };
        let cells = |y: f32| volume_cells(&rod(y), limits::DEFAULT_VOLUME_RESOLUTION);
        // 131,072 cells from the origin, and no fewer than were asked for.
        assert!((240..=262).contains(&cells(500.0)), "{}", cells(500.0));
        assert_eq!(cells(5000.0), limits::DEFAULT_VOLUME_RESOLUTION);
        assert!(cells(0.0) > 300);
        volume::bake(&rod(500.0), cells(500.0)).unwrap();
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
        assert!(!data.shell.indices.is_empty() && !data.volume.levels[0].distances.is_empty());
        let stages: Vec<_> = output.stages.iter().map(|time| time.stage).collect();
        assert_eq!(stages, &CompileStage::ALL[..4]);
        gve_assets::AssetFile::from_bytes(gve_assets::encode(data).unwrap()).unwrap();
    }

    #[test]
    fn the_stages_one_by_one_give_the_same_data() {
        let dna = recipe(STILL_LIFE);
        let options = BakeOptions { version: Some(9), ..small() };
        let whole = bake(&dna, MaterialTable::builtin(), &options, &()).unwrap();
        assert_eq!(whole.data.version, 9);
        let field = Field::lower(&dna, MaterialTable::builtin()).unwrap();
        let report = shell::generate(&field, 48).unwrap();
        let warnings = report.warnings();
        let parts = Parts {
            volume: volume::bake(&field, volume_cells(&field, 48)).unwrap().volume,
            shell: report.shell,
            splats: splats::seed(&field, 5000).unwrap(),
            weight: mass::weigh(&field, 0.01),
        };
        let stamp = Stamp { asset_id: 7, version: 9, warnings, ..Stamp::default() };
        assert!(assemble(&dna, &field, parts, stamp) == whole.data);
    }

    #[test]
    fn an_unusable_resolution_is_named_as_it_was_given() {
        let field = crate::test_recipes::field(r#"{"op": "box", "half_extents": [2, 0.1, 0.1]}"#);
        for found in [0, 4, 7, 513, u32::MAX] {
            assert_eq!(volume_cells(&field, found), found);
        }
        assert_eq!(volume_cells(&field, 8), 24);
        assert_eq!(volume_cells(&field, 512), 512);
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
        let mut saved_again = a.clone();
        saved_again.metadata.version += 1;
        assert_eq!(dna_hash(&a), dna_hash(&saved_again));
        let mut renamed = a.clone();
        renamed.metadata.name.push('!');
        assert_ne!(dna_hash(&a), dna_hash(&renamed));
        assert_eq!(dna_hash(&a).len(), 64);
    }
}
