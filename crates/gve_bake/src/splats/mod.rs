//! Splats on the surface of a field.
//!
//! [`seed`] lays them on a lattice that follows the surface; nothing is trained. They come most
//! important first: to draw only the first `k` of `n`, multiply every scale by `sqrt(n / k)`
//! ([`SplatStyle::for_prefix`](crate::render::SplatStyle::for_prefix) does).
//!
//! The budget is local. The lattice hangs on the asset's origin and its spacing is a rung of a fixed
//! ladder, chosen by the area of the whole; where its lines miss something thin or small, it is halved
//! there. So a splat depends on that rung and on the field within some lattice steps of it: while a change
//! elsewhere does not move the area past the border between two rungs (each some 4 % of the area), splats
//! stay what they were, bit for bit.

mod brick;
mod cloud;
mod few;
mod order;
mod parts;
mod quality;
mod sample;
mod shape;

pub use quality::{Reference, SplatQuality, evaluate, held_out_views};

use std::collections::BTreeMap;

use gve_assets::Splat;
use gve_sdf::Field;
use gve_types::limits::MAX_SPLATS;
use rayon::prelude::*;

use crate::{
    BakeError, Watch,
    far::Far,
    survey::{Keep, survey},
    warning,
    watch::{Meter, check},
};
use brick::{Paint, Worker};
use cloud::Cloud;
use sample::{Lattice, Sampler, Suspect};

/// Cells of the first lattice along the longest side; it only tells how large the surface is.
const SCOUT_CELLS: f32 = 40.0;
/// Fewest crossings that tell it, and the finest lattice that looks for them.
const SCOUT_FINDS: usize = 40;
const SCOUT_FINEST: f32 = 8192.0;
/// How much coarser the second scout is than the cloud that it foretells.
const SCOUT_RATIO: f32 = 2.6;
/// Spacings between one and twice as much.
const RUNGS: f32 = 32.0;
/// How many of the wanted splats are aimed at: the guess is some percent off, and more than were
/// asked for must not be made; another try takes as long again.
const AIM: f32 = 0.935;
/// Fewest of the wanted splats that are accepted without another try.
const ENOUGH: f32 = 0.88;
const MAX_TRIES: i32 = 5;
/// Where fewer splats are wanted of something thin, so many are made and drawn together.
const FEW: usize = 4000;

/// Lays splats on the surface: at most `count`, and rarely fewer than 88 % of it, usually 92 to 98 %.
///
/// Position and normal come from the exact field and its gradient, the tangent scales from the
/// distance to the neighbours and to creases, the colour from the material. Whatever is a thousandth of
/// the object's longest side or larger has its splats; where `count` is too small for that, each stands
/// for more. The same field and count give the same bytes.
///
/// # Errors
/// [`BakeError::SplatCount`] for 0 or more than a file may hold, [`BakeError::Unbounded`] for a field
/// without finite bounds, [`BakeError::TooFarFromOrigin`] where single precision cannot tell splats apart,
/// [`BakeError::TooThinForSplats`] or [`BakeError::NothingSolid`] where there is nothing to lay them on.
pub fn seed(field: &Field, count: u32) -> Result<Vec<Splat>, BakeError> {
    seed_watched(field, count, &())
}

/// [`seed`] for somebody who looks on.
///
/// # Errors
/// Those of [`seed`], and [`BakeError::Cancelled`].
pub fn seed_watched(field: &Field, count: u32, watch: &dyn Watch) -> Result<Vec<Splat>, BakeError> {
    seed_reported(field, count, watch).map(|seeding| seeding.splats)
}

/// Splats, and what they do not show.
#[derive(Debug, Clone, PartialEq)]
pub struct Seeding {
    /// Most important first.
    pub splats: Vec<Splat>,
    /// Parts that are too thin somewhere; one place for each.
    pub missing: Vec<Missing>,
}

impl Seeding {
    /// What the designer should know of what is missing.
    pub fn warnings(&self, field: &Field) -> Vec<String> {
        self.missing.iter().map(|missing| missing.warning(field)).collect()
    }
}

/// A place that is too thin for splats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Missing {
    /// Index into the field's parts.
    pub part: u16,
    /// Where its part is thinnest, of the places found, in metres.
    pub place: [f32; 3],
    /// How thick it is there.
    pub thickness_m: f32,
}

impl Missing {
    fn warning(&self, field: &Field) -> String {
        let says = "too thin for splats in an object of this size: make it thicker, or ask for more splats";
        warning::too_thin(field, self.part, self.place, self.thickness_m, says)
    }
}

/// [`seed_watched`] that also tells what is missing.
///
/// # Errors
/// Those of [`seed_watched`].
pub fn seed_reported(field: &Field, count: u32, watch: &dyn Watch) -> Result<Seeding, BakeError> {
    let far = Far::of(field);
    let mut seeding = seed_near(far, count, watch).map_err(|error| far.error(error))?;
    seeding.splats.iter_mut().for_each(|splat| splat.position = far.place(splat.position));
    seeding.missing.iter_mut().for_each(|missing| missing.place = far.place(missing.place));
    Ok(seeding)
}

fn seed_near(far: Far<'_>, count: u32, watch: &dyn Watch) -> Result<Seeding, BakeError> {
    let field = far.near;
    let range = 1..=MAX_SPLATS;
    if !range.contains(&count) {
        return Err(BakeError::SplatCount { found: count, range });
    }
    let bounds = field.bounds();
    if !(bounds.min.is_finite() && bounds.max.is_finite()) {
        return Err(BakeError::Unbounded { min: bounds.min.into(), max: bounds.max.into() });
    }
    let longest = (bounds.max - bounds.min).max_element();
    if longest <= 0.0 {
        return Err(BakeError::NothingSolid { min: bounds.min.into(), max: bounds.max.into() });
    }
    let budget = Budget { field, distance_m: far.distance_m(), paints: &paints(field), longest, watch };
    let wanted = count as usize;
    // Few splats on something thin stand for more than their own cells do: those cells are found first.
    let cloud = match budget.cloud(wanted, [0.0, if wanted < FEW { 0.5 } else { 1.0 }])? {
        cloud if cloud.fine > 0 && wanted < FEW => budget.cloud(FEW, [0.5, 1.0])?,
        cloud => cloud,
    };
    let splats = order::ordered(&cloud.groups, budget.paints.len());
    let splats = if splats.len() > wanted { few::thinned(&splats, wanted) } else { splats };
    Ok(Seeding { splats, missing: missing(field, longest, &cloud.missed) })
}

/// The thinnest of the missed places of each part.
fn missing(field: &Field, longest: f32, missed: &[Suspect]) -> Vec<Missing> {
    let mut sampler = Sampler::new(field);
    let root = sampler.evaluator.root();
    let mut thinnest: BTreeMap<u16, Missing> = BTreeMap::new();
    for suspect in missed {
        let [[x], [y], [z]] = suspect.position.to_array().map(|x| [x]);
        let mut part = [0];
        sampler.evaluator.parts(&root, &[x], &[y], &[z], &mut part);
        let thickness_m = sampler.thickness_m(&root, suspect, longest / 500.0);
        let found = Missing { part: part[0], place: suspect.position.into(), thickness_m };
        if thickness_m > longest / 1000.0 {
            continue;
        }
        let entry = thinnest.entry(part[0]).or_insert(found);
        if thickness_m < entry.thickness_m {
            *entry = found;
        }
    }
    thinnest.into_values().collect()
}

/// What is needed to try one spacing after the other.
struct Budget<'a> {
    field: &'a Field,
    /// Largest coordinate that is written.
    distance_m: f32,
    paints: &'a [Paint],
    /// Longest side of the bounds in metres.
    longest: f32,
    watch: &'a dyn Watch,
}

impl Budget<'_> {
    /// A cloud of about `wanted` splats: no more, unless what is thin cannot do with so few.
    fn cloud(&self, wanted: usize, [from, to]: [f32; 2]) -> Result<Cloud, BakeError> {
        let target = AIM * wanted as f32;
        // Lines farther apart than this tell nothing of the object.
        let widest = self.longest / 8.0;
        let share = |done: f32| from + (to - from) * done;
        let first = self.first_spacing(target, [share(0.0), share(0.2)])?;
        let mut rung = rung_near(first.min(widest));
        let mut tried = vec![];
        let (mut best, mut excess): (Option<Cloud>, Option<Cloud>) = (None, None);
        // The first try is nearly always enough; it gets most of what the scouts leave.
        let attempt_share = |attempt: i32| share(1.0 - 0.8 * 0.25f32.powi(attempt));
        for attempt in 0..MAX_TRIES {
            let spacing = spacing_of(rung);
            check_precision(self.distance_m, spacing)?;
            tried.push(rung);
            let most = 4 * wanted + MOST_OVER;
            let shares = [attempt_share(attempt), attempt_share(attempt + 1)];
            let cloud = Cloud::sample(self.field, self.paints, spacing, most, self.watch, shares)?;
            let (found, fine) = (cloud.count, cloud.fine as f32);
            // What is thin takes what it needs; the rest must make do with the rest.
            let (rest, left) = if fine < 0.5 * target {
                ((found as f32 - fine).max(1.0), target - fine)
            } else {
                (found.max(1) as f32, target)
            };
            let next = rung_near((spacing * (rest / left).sqrt()).min(widest));
            if found > wanted {
                rung = next.max(rung + 1);
                if excess.as_ref().is_none_or(|excess| found < excess.count) {
                    excess = Some(cloud);
                }
            } else {
                rung = next.min(rung - 1);
                if best.as_ref().is_none_or(|best| found > best.count) {
                    best = Some(cloud);
                }
            }
            let is_enough = best.as_ref().is_some_and(|best| best.count as f32 >= ENOUGH * wanted as f32);
            if is_enough || tried.contains(&rung) || spacing_of(rung) > 1.05 * widest {
                break;
            }
        }
        // A cloud that is too small by a third is worse than one that is thinned.
        let best = best.filter(|best| excess.is_none() || best.count as f32 >= 0.7 * wanted as f32);
        let cloud = best.or(excess).filter(|cloud| cloud.count > 0);
        cloud.ok_or_else(|| nothing_found(self.field, spacing_of(rung)))
    }

    /// The spacing that should give `target` splats, from the numbers that coarser lattices give.
    fn first_spacing(&self, target: f32, [from, to]: [f32; 2]) -> Result<f32, BakeError> {
        let first = from + 0.25 * (to - from);
        let mut coarse = self.longest / SCOUT_CELLS.min(0.5 * target.sqrt()).max(4.0);
        let mut few = self.scout(coarse, [from, first])?;
        // Lines that are far apart pass by a pole.
        while few < SCOUT_FINDS && coarse * SCOUT_FINEST > self.longest {
            coarse *= 0.5;
            few = self.scout(coarse, [first, first])?;
        }
        if few == 0 {
            return Err(nothing_found(self.field, coarse));
        }
        let guess = coarse * (few as f32 / target).sqrt();
        let fine = guess * SCOUT_RATIO;
        if fine > 0.8 * coarse {
            return Ok(guess);
        }
        Ok(fine * (self.scout(fine, [first, to])?.max(1) as f32 / target).sqrt())
    }

    /// How many splats a lattice of this spacing gives.
    fn scout(&self, spacing: f32, shares: [f32; 2]) -> Result<usize, BakeError> {
        let (field, watch) = (self.field, self.watch);
        check(watch)?;
        let lattice = Lattice::new(field.bounds(), spacing);
        let blocks = survey(field, &lattice.grid, 0.01 * spacing, Keep::Surface);
        let meter = Meter::new(watch, blocks.len(), shares);
        let found = blocks
            .par_iter()
            .with_min_len(4)
            .map_init(
                || Worker::new(field, &[]),
                |worker, block| {
                    meter.count();
                    if meter.is_cancelled() { 0 } else { worker.count(&lattice, block) }
                },
            )
            .sum();
        check(watch)?;
        Ok(found)
    }
}

/// Splats that a finer lattice may give beyond four times the wanted ones, before they are thinned.
const MOST_OVER: usize = 400_000;

/// The rung of the ladder of spacings that is nearest.
fn rung_near(spacing: f32) -> i32 {
    (spacing.log2() * RUNGS).round() as i32
}

/// The spacing of a rung in metres.
fn spacing_of(rung: i32) -> f32 {
    (f64::from(rung) / f64::from(RUNGS)).exp2() as f32
}

/// Splats that are this far apart must lie apart in single precision.
fn check_precision(farthest: f32, spacing: f32) -> Result<(), BakeError> {
    if farthest * f32::EPSILON > 0.25 * spacing {
        return Err(BakeError::TooFarFromOrigin { cell_size_m: spacing, distance_m: farthest });
    }
    Ok(())
}

/// What the splats of each part look like.
fn paints(field: &Field) -> Vec<Paint> {
    let paint = |material: u8| Paint {
        material,
        color_srgb: field.materials().get(usize::from(material)).map_or([128; 3], |m| m.base_color_srgb),
    };
    field.parts().iter().map(|part| paint(part.material)).collect()
}

/// Why a lattice as fine as it may be has found nothing.
fn nothing_found(field: &Field, spacing: f32) -> BakeError {
    let bounds = field.bounds();
    let lattice = Lattice::new(bounds, spacing);
    let blocks = survey(field, &lattice.grid, cloud::MARGIN * spacing, Keep::Surface);
    let seen = blocks.par_iter().with_min_len(4).map_init(
        || Sampler::new(field),
        |sampler, block| {
            let (mut surfels, mut suspects) = (vec![], vec![]);
            sampler.sample(&lattice, block, &mut surfels);
            sampler.suspects(&lattice, block, &mut suspects);
            suspects.first().map(|suspect| (*suspect, sampler.thickness_m(&block.region, suspect, spacing)))
        },
    );
    let limit_m = (bounds.max - bounds.min).max_element() / 1000.0;
    match seen.find_first(Option::is_some).flatten() {
        Some((suspect, thickness_m)) => {
            BakeError::TooThinForSplats { thickness_m, position: suspect.position.into(), limit_m }
        }
        None => BakeError::NothingSolid { min: bounds.min.into(), max: bounds.max.into() },
    }
}

#[cfg(test)]
mod tests;
