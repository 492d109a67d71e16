//! Splats on the surface of a field.
//!
//! [`seed`] lays them on a lattice that follows the surface; nothing is trained. They come most
//! important first: to draw only the first `k` of `n`, multiply every scale by `sqrt(n / k)`
//! ([`SplatStyle::for_prefix`](crate::render::SplatStyle::for_prefix) does).

mod order;
mod quality;
mod sample;
mod shape;

pub use quality::{Reference, SplatQuality, evaluate, held_out_views};

use glam::{Vec2, Vec3, Vec4};
use gve_assets::Splat;
use gve_sdf::{Field, Region};
use gve_types::limits::MAX_SPLATS;
use rayon::prelude::*;

use crate::{
    BakeError, Watch,
    points::{Points, resize},
    survey::{Block, Keep, survey},
    watch::{Meter, check},
};
use sample::{Lattice, Sampler, Surfel};

/// Cells of the first lattice along the longest side; it only tells how large the surface is.
const SCOUT_CELLS: f32 = 40.0;
/// How much coarser the second scout is than the cloud that it foretells.
const SCOUT_RATIO: f32 = 2.6;
/// How many of the wanted splats are aimed at: the guess is some percent off, and more than were
/// asked for must not be made; another try takes as long again.
const AIM: f32 = 0.935;
/// Fewest of the wanted splats that are accepted without another try.
const ENOUGH: f32 = 0.88;
const MAX_TRIES: u32 = 5;

/// Lays splats on the surface: at most `count`, and rarely fewer than 88 % of it, usually 92 to 98 %.
///
/// Position and normal come from the exact field and its gradient, the tangent scales from the
/// distance to the neighbours and to creases, the colour from the material. The same field and count
/// give the same bytes.
///
/// # Errors
/// [`BakeError::SplatCount`] for 0 or more than a file may hold, [`BakeError::Unbounded`] for a field
/// without finite bounds, [`BakeError::NoSurface`] when no lattice line meets the surface.
pub fn seed(field: &Field, count: u32) -> Result<Vec<Splat>, BakeError> {
    seed_watched(field, count, &())
}

/// [`seed`] for somebody who looks on.
///
/// # Errors
/// Those of [`seed`], and [`BakeError::Cancelled`].
pub fn seed_watched(field: &Field, count: u32, watch: &dyn Watch) -> Result<Vec<Splat>, BakeError> {
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
        return Err(BakeError::NoSurface { cell_size_m: 0.0 });
    }
    let target = AIM * count as f32;
    // Lines farther apart than this may miss the object.
    let widest = longest / 10.0;
    let mut spacing = first_spacing(field, longest, target, watch)?.min(widest);
    let mut best: Vec<Splat> = vec![];
    // The first try is nearly always enough; it gets most of what the scouts leave.
    let share = |attempt: u32| 1.0 - 0.8 * 0.25f32.powi(attempt as i32);
    for attempt in 0..MAX_TRIES {
        let seeds = cloud(field, spacing, watch, [share(attempt), share(attempt + 1)])?;
        let found = seeds.iter().map(Vec::len).sum::<usize>();
        if found <= count as usize && found > best.len() {
            best = ordered(&seeds);
        }
        if best.len() as f32 >= ENOUGH * count as f32 {
            break;
        }
        spacing = (spacing * (found.max(1) as f32 / target).sqrt()).min(widest);
    }
    if best.is_empty() {
        // So few were wanted that no lattice is coarse enough; the most important ones will do.
        best = ordered(&cloud(field, spacing, watch, [share(MAX_TRIES), 1.0])?);
        best.truncate(count as usize);
    }
    Ok(best)
}

/// The spacing that should give `target` splats, from the numbers that coarser lattices give.
fn first_spacing(field: &Field, longest: f32, target: f32, watch: &dyn Watch) -> Result<f32, BakeError> {
    let coarse = longest / SCOUT_CELLS.min(0.5 * target.sqrt()).max(4.0);
    let few = scout(field, coarse, watch, [0.0, 0.05])?;
    if few == 0 {
        return Err(BakeError::NoSurface { cell_size_m: coarse });
    }
    let guess = coarse * (few as f32 / target).sqrt();
    let fine = guess * SCOUT_RATIO;
    if fine > 0.8 * coarse {
        return Ok(guess);
    }
    Ok(fine * (scout(field, fine, watch, [0.05, 0.2])?.max(1) as f32 / target).sqrt())
}

/// How many splats a lattice of this spacing gives.
fn scout(field: &Field, spacing: f32, watch: &dyn Watch, shares: [f32; 2]) -> Result<usize, BakeError> {
    check(watch)?;
    let lattice = Lattice::new(field, spacing);
    let blocks = survey(field, &lattice.grid, 0.0, Keep::Surface);
    let meter = Meter::new(watch, blocks.len(), shares);
    let found = blocks
        .par_iter()
        .with_min_len(4)
        .map_init(
            || (Sampler::new(field), vec![]),
            |(sampler, surfels), block| {
                meter.count();
                if meter.is_cancelled() {
                    return 0;
                }
                surfels.clear();
                sampler.sample(&lattice, block, surfels);
                surfels.len()
            },
        )
        .sum();
    check(watch)?;
    Ok(found)
}

/// A splat with its place in the order.
#[derive(Clone, Copy)]
struct Seed {
    rank: u32,
    splat: Splat,
}

fn ordered(bricks: &[Vec<Seed>]) -> Vec<Splat> {
    // Those of one rank stay in the order of the bricks.
    let mut order: Vec<(u32, u32, u32)> = Vec::with_capacity(bricks.iter().map(Vec::len).sum());
    for (seeds, brick) in bricks.iter().zip(0..) {
        order.extend(seeds.iter().zip(0..).map(|(seed, index)| (seed.rank, brick, index)));
    }
    order.par_sort_unstable();
    order.par_iter().map(|&(_, brick, index)| bricks[brick as usize][index as usize].splat).collect()
}

/// All splats of a lattice, brick by brick.
fn cloud(
    field: &Field,
    spacing: f32,
    watch: &dyn Watch,
    shares: [f32; 2],
) -> Result<Vec<Vec<Seed>>, BakeError> {
    check(watch)?;
    let lattice = Lattice::new(field, spacing);
    // Probes look one lattice step further along a tangent.
    let blocks = survey(field, &lattice.grid, 1.1 * spacing, Keep::Surface);
    let palette: Vec<[u8; 3]> = field.materials().iter().map(|m| m.base_color_srgb).collect();
    let meter = Meter::new(watch, blocks.len(), shares);
    let bricks = blocks
        .par_iter()
        .with_min_len(2)
        .map_init(
            || Worker::new(field),
            |worker, block| {
                meter.count();
                if meter.is_cancelled() { vec![] } else { worker.brick(&lattice, block, &palette) }
            },
        )
        .collect();
    check(watch)?;
    Ok(bricks)
}

/// One thread's evaluator and buffers.
struct Worker {
    sampler: Sampler,
    surfels: Vec<Surfel>,
    tangents: Vec<[Vec3; 2]>,
    points: Points,
    gradients: Vec<Vec4>,
    materials: Vec<u8>,
}

impl Worker {
    fn new(field: &Field) -> Self {
        Self {
            sampler: Sampler::new(field),
            surfels: vec![],
            tangents: vec![],
            points: Points::default(),
            gradients: vec![],
            materials: vec![],
        }
    }

    fn brick(&mut self, lattice: &Lattice, block: &Block, palette: &[[u8; 3]]) -> Vec<Seed> {
        self.surfels.clear();
        self.sampler.sample(lattice, block, &mut self.surfels);
        if self.surfels.is_empty() {
            return vec![];
        }
        self.probe(lattice, &block.region);
        self.look_up_materials(&block.region, palette.len() <= 1);
        let mut seeds = Vec::with_capacity(self.surfels.len());
        let probed = self.gradients.chunks_exact(4);
        for (((surfel, &tangents), probed), &material) in
            self.surfels.iter().zip(&self.tangents).zip(probed).zip(&self.materials)
        {
            let gaussian = shape::gaussian(surfel, tangents, probed, lattice.spacing);
            let [r, g, b] = palette.get(usize::from(material)).copied().unwrap_or([128; 3]);
            let splat = Splat {
                position: gaussian.position.into(),
                scale: gaussian.scale.into(),
                rotation: gaussian.rotation.into(),
                color: [r, g, b, 255],
                normal_oct: octahedral(surfel.normal),
                material,
                reserved: 0,
            };
            let (b, c) = ((surfel.axis + 1) % 3, (surfel.axis + 2) % 3);
            seeds.push(Seed { rank: order::rank(surfel.node[b], surfel.node[c]), splat });
        }
        seeds
    }

    fn probe(&mut self, lattice: &Lattice, region: &Region) {
        self.tangents.clear();
        self.points.clear();
        for surfel in &self.surfels {
            let tangents = shape::tangents(surfel, lattice.spacing);
            self.tangents.push(tangents);
            for p in shape::probes(surfel, tangents) {
                self.points.push(p);
            }
        }
        resize(&mut self.gradients, self.points.len());
        let p = &self.points;
        self.sampler.evaluator.gradients(region, &p.xs, &p.ys, &p.zs, &mut self.gradients);
    }

    fn look_up_materials(&mut self, region: &Region, one_material: bool) {
        self.points.clear();
        for surfel in &self.surfels {
            self.points.push(surfel.position);
        }
        resize(&mut self.materials, self.points.len());
        if one_material {
            return;
        }
        if let Some(material) = self.sampler.evaluator.uniform_material(region) {
            self.materials.fill(material);
            return;
        }
        let p = &self.points;
        self.sampler.evaluator.materials(region, &p.xs, &p.ys, &p.zs, &mut self.materials);
    }
}

/// A unit vector as two signed bytes (Cigolle et al. 2014).
pub(crate) fn octahedral(n: Vec3) -> [i8; 2] {
    let flat = n.truncate() / (n.x.abs() + n.y.abs() + n.z.abs()).max(1e-20);
    let sign = |x: f32| if x >= 0.0 { 1.0 } else { -1.0 };
    let folded = if n.z < 0.0 {
        Vec2::new((1.0 - flat.y.abs()) * sign(flat.x), (1.0 - flat.x.abs()) * sign(flat.y))
    } else {
        flat
    };
    (folded * 127.0).round().to_array().map(|x| x as i8)
}

#[cfg(test)]
mod tests;
