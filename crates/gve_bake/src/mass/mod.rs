//! Mass, centre and inertia of a field's solid and of each of its parts, with an estimate of their error.
//!
//! Boxes that are wholly one part are weighed at once. The cubes that the surface passes through, or in
//! which parts meet, are integrated along lines (see [`lines`]), which also tells how
//! uncertain each of them is. The most uncertain ones are cut into eight until the whole is certain enough:
//! stratified sampling with adaptive strata (Press and Farrar, "Recursive stratified sampling for
//! multidimensional Monte Carlo integration", 1990). Sums are in double precision, about the asset's own middle and in a fixed
//! order.

mod choose;
mod estimate;
mod lines;
mod moments;
mod tally;

use glam::{DVec3, Vec3};
use gve_sdf::{Aabb, Field, Interval};
use gve_types::MassProperties;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::{
    choose::{Goal, choose},
    estimate::add_up,
    lines::{Cube, Tracer},
    moments::Moments,
    tally::{Scale, Tally},
};
use crate::survey::{Block, Grid, Keep, survey};

/// Cubes along the longest side of the asset to begin with.
const FIRST_CUBES: f32 = 16.0;
/// The shortest step along a line is this share of the longest side: layers down to about a thousandth of it are
/// found with some room.
const FINEST: f32 = 1.0 / 4096.0;
/// Most cubes that are looked at.
const MAX_CUBES: usize = 150_000;
/// How often the estimate may miss the tolerance before it is left at that.
const MAX_TRIES: u64 = 3;

/// So many times the tolerance the estimate of the inertia may be before all is looked at again: few lines far out decide it,
/// so that the estimate is often much too large.
const INERTIA_PATIENCE: f64 = 4.0;

/// An error, as a share of the mass, that the designer is told of.
const WORTH_A_WARNING: f32 = 0.01;

/// The error, as a share of the mass, that [`weigh`] aims at unless told otherwise.
pub const DEFAULT_TOLERANCE: f32 = 0.0025;

/// What the solid weighs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// The whole.
    pub total: MassProperties,
    /// Each of [`Field::parts`]; nothing for parts of which nothing is left.
    pub parts: Vec<PartWeight>,
    /// What the designer should know.
    pub warnings: Vec<String>,
}

impl Weight {
    fn new(total: MassProperties, parts: Vec<PartWeight>) -> Self {
        let error = total.relative_error;
        let warning = (error > WORTH_A_WARNING).then(|| {
            format!(
                "$.root_node: the mass is known to {:.1} % only: parts are too thin or too small for the size of the \
                 whole; make them thicker, or bake them as assets of their own",
                100.0 * error
            )
        });
        Self { total, parts, warnings: warning.into_iter().collect() }
    }
}

/// What a part weighs, all its copies together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PartWeight {
    /// Mass in kilograms.
    pub mass_kg: f32,
    /// Volume in cubic metres.
    pub volume_m3: f32,
    /// Estimated bound on the error of both, as a share of them.
    pub relative_error: f32,
}

/// Weighs the solid until its estimated error is at most `tolerance`, as a share of mass, volume and inertia, or until the
/// work gets out of hand; [`MassProperties::relative_error`] says what was reached.
///
/// The inertia tensor is about the centre of mass, its axes parallel to the asset's. An empty solid
/// weighs nothing. `tolerance` is taken between 0.0001 and 0.1.
pub fn weigh(field: &Field, tolerance: f32) -> Weight {
    let (field, asset_origin) = field.near();
    let bounds = field.bounds();
    let longest = (bounds.max - bounds.min).max_element();
    let nothing = vec![PartWeight::default(); field.parts().len()];
    if !(longest > 0.0 && longest.is_finite()) {
        return Weight::new(Moments::default().properties(DVec3::ZERO), nothing);
    }
    let densities: Vec<f64> = field
        .parts()
        .iter()
        .map(|part| f64::from(field.materials()[usize::from(part.material)].density_kg_m3))
        .collect();
    let center = bounds.center().as_dvec3();
    let scale =
        Scale { field, densities: &densities, origin: center, asset_origin, finest: FINEST * longest };
    let grid = Grid::covering(bounds, longest / FIRST_CUBES);
    let blocks = survey(field, &grid, 0.0, Keep::SurfaceAndInside);
    let mut pieces: Vec<Piece> = blocks
        .par_iter()
        .map_init(|| Tracer::new(scale), |tracer, block| begin(tracer, &grid, block))
        .flatten_iter()
        .collect();
    let tolerance = f64::from(tolerance.clamp(1e-4, 0.1));
    let mut aim = tolerance;
    for attempt in 0..MAX_TRIES {
        pieces = refine(scale, pieces, Goal::Whole { tolerance: aim, by_both: attempt > 0 });
        if attempt > 0 {
            look_again(scale, &mut pieces, attempt);
        }
        let weight = add_up(field, &scale, &pieces);
        let inertia_error = f64::from(weight.total.inertia_relative_error) / INERTIA_PATIENCE;
        let error = f64::from(weight.total.relative_error).max(inertia_error);
        if error <= tolerance || pieces.len() > MAX_CUBES / 2 {
            break;
        }
        aim *= (0.7 * tolerance / error).max(0.25);
    }
    pieces = refine(scale, pieces, Goal::Parts { tolerance });
    add_up(field, &scale, &pieces)
}

/// A box and what is in it.
struct Piece {
    /// What to cut if it is too uncertain; `None` where nothing is.
    cube: Option<Cube>,
    cuts: usize,
    tally: Tally,
}

/// Looks at a block of the first grid.
fn begin(tracer: &mut Tracer<'_>, grid: &Grid, block: &Block) -> Vec<Piece> {
    if let (true, Some(part)) = (block.is_inside(), block.region.uniform_part()) {
        let bounds = grid.aabb(block.first, block.size);
        let tally = Tally::of_box(&tracer.scale, part, bounds.min, bounds.max - bounds.min);
        return vec![Piece { cube: None, cuts: 0, tally }];
    }
    let [x0, y0, z0] = block.first;
    let [nx, ny, nz] = block.size;
    let mut pieces = vec![];
    for z in z0..z0 + nz {
        for y in y0..y0 + ny {
            for x in x0..x0 + nx {
                let bounds = grid.aabb([x, y, z], [1; 3]);
                let region = match block.size {
                    [1, 1, 1] => block.region.clone(),
                    _ => tracer.evaluator.prune(&block.region, bounds).0,
                };
                let cube = Cube { min: bounds.min, side: grid.brick, region };
                let tally = tracer.tally(&cube, 0);
                pieces.push(Piece { cube: Some(cube), cuts: 0, tally });
            }
        }
    }
    pieces
}

/// Cuts the most uncertain pieces until what is wanted is certain enough.
fn refine(scale: Scale<'_>, mut pieces: Vec<Piece>, goal: Goal) -> Vec<Piece> {
    let mut looked_at = pieces.len();
    loop {
        let is_cut = choose(&pieces, &scale, goal, (MAX_CUBES - looked_at.min(MAX_CUBES)) / 8);
        let chosen: Vec<&Piece> =
            pieces.iter().zip(&is_cut).filter(|(_, is_cut)| **is_cut).map(|(piece, _)| piece).collect();
        if chosen.is_empty() {
            return pieces;
        }
        looked_at += 8 * chosen.len();
        // Only these, so that the threads share them evenly.
        let mut cut_pieces = chosen
            .into_par_iter()
            .map_init(|| Tracer::new(scale), |tracer, piece| cut(tracer, piece))
            .collect::<Vec<_>>()
            .into_iter();
        let mut next = Vec::with_capacity(pieces.len());
        for (piece, is_cut) in pieces.into_iter().zip(is_cut) {
            match is_cut {
                true => next.extend(cut_pieces.next().into_iter().flatten()),
                false => next.push(piece),
            }
        }
        pieces = next;
    }
}

/// Draws all lines anew: those that both draws have chosen pieces by tell nothing of what is left.
fn look_again(scale: Scale<'_>, pieces: &mut [Piece], attempt: u64) {
    pieces.par_iter_mut().with_min_len(16).for_each_init(
        || Tracer::new(scale),
        |tracer, piece| {
            if let Some(cube) = &piece.cube {
                let was_hiding = piece.tally.may_hide;
                piece.tally = tracer.tally(cube, attempt);
                // What these lines pass by the earlier ones may have met.
                piece.tally.may_hide &= was_hiding;
            }
        },
    );
}

/// The eight parts of a piece's cube, empty ones left out.
fn cut(tracer: &mut Tracer<'_>, piece: &Piece) -> Vec<Piece> {
    let Some(cube) = &piece.cube else { return vec![] };
    let cuts = piece.cuts + 1;
    let side = 0.5 * cube.side;
    let boxes: [Aabb; 8] = std::array::from_fn(|i| {
        let corner = Vec3::new((i & 1) as f32, (i >> 1 & 1) as f32, (i >> 2) as f32);
        let min = cube.min + side * corner;
        Aabb { min, max: min + side }
    });
    let is_empty = |interval: Interval| interval.lo > 0.0;
    let parts: Vec<_> =
        tracer.evaluator.prune_many(&cube.region, &boxes, |_, interval| !is_empty(interval)).collect();
    let mut pieces = vec![];
    for ((region, interval), bounds) in parts.into_iter().zip(boxes) {
        if is_empty(interval) {
            continue;
        }
        match region.uniform_part() {
            Some(part) if interval.hi < 0.0 => {
                let tally = Tally::of_box(&tracer.scale, part, bounds.min, Vec3::splat(side));
                pieces.push(Piece { cube: None, cuts, tally });
            }
            _ => {
                let cube = Cube { min: bounds.min, side, region };
                let tally = tracer.tally(&cube, 0);
                pieces.push(Piece { cube: Some(cube), cuts, tally });
            }
        }
    }
    pieces
}
