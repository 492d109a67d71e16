//! The sum of all pieces, and how far it may be off.

use glam::DVec3;
use gve_sdf::Field;

use super::{
    PartWeight, Piece, Weight,
    choose::is_unsearched,
    moments::Moments,
    tally::{Scale, Spread},
};

/// What does not even out from line to line: rounding of distances to single precision, and curvature between the two
/// points that a border lies between.
const SYSTEMATIC: f64 = 3e-5;

/// What all the pieces of a kind hold, and how uncertain that is.
#[derive(Clone, Copy, Default)]
struct Sum {
    moments: Moments,
    volume: Spread,
    /// Volume that may stand unseen.
    hidden: f64,
}

impl Sum {
    fn relative_error(&self) -> f64 {
        share(self.volume.error() + self.hidden, self.moments.volume) + SYSTEMATIC
    }
}

/// What the whole weighs and each part of it.
pub(super) fn add_up(field: &Field, scale: &Scale<'_>, pieces: &[Piece]) -> Weight {
    let (parts, total) = sums(field.parts().len(), pieces);
    let center = total.moments.center();
    let mean_density = share(total.moments.mass, total.moments.volume);
    let (mut mass, mut inertia, mut hidden_inertia) =
        (Spread::default(), [Spread::default(); 3], DVec3::ZERO);
    for piece in pieces {
        let spread = &piece.tally.mass.second;
        mass.add(spread);
        let arms = squared_arms(piece, scale, center);
        for (sum, arm) in inertia.iter_mut().zip(arms.to_array()) {
            sum.add(&spread.scaled(arm * arm));
        }
        hidden_inertia += mean_density * hidden_volume(piece) * arms;
    }
    let mass_error = share(mass.error() + mean_density * total.hidden, total.moments.mass) + SYSTEMATIC;
    let diagonal = total.moments.diagonal();
    let inertia_error = (0..3)
        .map(|axis| share(inertia[axis].error() + hidden_inertia[axis], diagonal[axis]) + SYSTEMATIC)
        .fold(0.0, f64::max);
    let mut properties = total.moments.properties(scale.asset_origin + scale.origin);
    if total.moments.volume > 0.0 {
        properties.relative_error = mass_error.max(total.relative_error()).min(1.0) as f32;
        properties.inertia_relative_error = inertia_error.min(1.0) as f32;
    }
    Weight::new(properties, parts.iter().map(part_weight).collect())
}

/// Each part, and the whole.
fn sums(part_count: usize, pieces: &[Piece]) -> (Vec<Sum>, Sum) {
    let mut parts = vec![Sum::default(); part_count];
    let mut total = Sum::default();
    for piece in pieces {
        for met in &piece.tally.parts {
            let sum = &mut parts[usize::from(met.part)];
            sum.moments.add(&met.moments);
            sum.volume.add(&met.volume.second);
        }
        total.volume.add(&piece.tally.volume.second);
        total.hidden += hidden_volume(piece);
    }
    for part in &parts {
        total.moments.add(&part.moments);
    }
    for piece in pieces {
        for &part in &piece.tally.unmet {
            let sum = &mut parts[usize::from(part)];
            if is_unsearched(piece, sum.moments.volume) {
                sum.hidden += hidden_share(piece);
            }
        }
    }
    (parts, total)
}

fn part_weight(sum: &Sum) -> PartWeight {
    let relative_error = match sum.moments.volume > 0.0 {
        true => sum.relative_error().min(1.0),
        // Nothing of it was found: there is nothing, or it was not looked for closely enough.
        false => f64::from(u8::from(sum.hidden > 0.0)),
    };
    PartWeight {
        mass_kg: sum.moments.mass as f32,
        volume_m3: sum.moments.volume as f32,
        relative_error: relative_error as f32,
    }
}

/// What may stand unseen in a piece.
fn hidden_volume(piece: &Piece) -> f64 {
    if piece.tally.may_hide { hidden_share(piece) } else { 0.0 }
}

/// The volume of a wire through a piece from end to end, as thick as a square between the lines.
fn hidden_share(piece: &Piece) -> f64 {
    piece.cube.as_ref().map_or(0.0, |cube| f64::from(cube.side).powi(3) / 16.0)
}

/// Mean squares of the distances of what is uncertain in a piece from the three axes through a point.
pub(super) fn squared_arms(piece: &Piece, scale: &Scale<'_>, center: DVec3) -> DVec3 {
    let Some(cube) = &piece.cube else { return DVec3::ZERO };
    let arm = cube.middle().as_dvec3() - scale.origin - center;
    let squares = arm * arm + f64::from(cube.side).powi(2) / 12.0;
    DVec3::splat(squares.element_sum()) - squares
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
