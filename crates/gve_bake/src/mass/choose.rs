//! Which cubes to look at more closely: for the sake of the whole, and of each part.

use glam::DVec3;

use super::{
    Piece,
    estimate::squared_arms,
    moments::Moments,
    tally::{NORMAL_QUANTILE, Scale},
};

/// Most often that a cube is cut into eight.
const MAX_CUTS: usize = 12;
/// What is cut goes on until this share of the wanted variance is left: somewhat beyond it, so that there are few rounds.
const ENOUGH: f64 = 0.7;
/// So many times the error of mass and volume that of the inertia may be.
const INERTIA_TOLERANCE: f64 = 2.5;
/// The error of a part, as a share of its volume, that is aimed at: the first for large ones, the second for those that
/// hardly count. There may be hundreds of them.
const PART_TOLERANCE: [f64; 2] = [0.02, 0.05];
/// A cube that a part may be in is cut while its side is so many times as long as that of a cube as large as the part:
/// too few lines would meet it to tell how uncertain it is.
const PART_SIDES: f64 = 2.0;

/// What should be certain, and how certain.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// Mass, volume and inertia of all: to a share of them, by the first draw or by both.
    Whole { tolerance: f64, by_both: bool },
    /// The volume of each part, beside a tolerance of the whole.
    Parts { tolerance: f64 },
}

/// Which of the pieces to cut into eight, at most so many.
pub(super) fn choose(pieces: &[Piece], scale: &Scale<'_>, goal: Goal, most: usize) -> Vec<bool> {
    let mut choice = Choice { pieces, is_cut: vec![false; pieces.len()], left: most };
    match goal {
        Goal::Whole { tolerance, by_both } => choice.for_the_whole(scale, tolerance, by_both),
        Goal::Parts { tolerance } => choice.for_the_parts(scale, tolerance),
    }
    choice.is_cut
}

/// Pieces that are to be cut.
struct Choice<'a> {
    pieces: &'a [Piece],
    is_cut: Vec<bool>,
    /// How many more may be cut.
    left: usize,
}

/// A piece, and what it adds to the variance of something.
#[derive(Debug, Clone, Copy)]
struct Share {
    of: u16,
    piece: usize,
    variance: f64,
}

impl Choice<'_> {
    /// Notes a piece to be cut.
    fn cut(&mut self, piece: usize) {
        if !self.is_cut[piece] && self.left > 0 {
            self.is_cut[piece] = true;
            self.left -= 1;
        }
    }

    fn can_be_cut(&self, piece: usize) -> bool {
        self.pieces[piece].cube.is_some() && self.pieces[piece].cuts < MAX_CUTS
    }

    /// The pieces that make mass, volume and inertia uncertain, and those between whose lines something may stand.
    fn for_the_whole(&mut self, scale: &Scale<'_>, tolerance: f64, by_both: bool) {
        let mut total = Moments::default();
        for met in self.pieces.iter().flat_map(|piece| &piece.tally.parts) {
            total.add(&met.moments);
        }
        let wanted = (tolerance / NORMAL_QUANTILE).powi(2);
        let mut rest = 0.0;
        let mut shares = vec![];
        for (index, piece) in self.pieces.iter().enumerate() {
            let variance = share_of_variance(piece, &total, scale, by_both);
            rest += variance;
            if !self.can_be_cut(index) {
                continue;
            }
            if variance > 0.0 {
                shares.push(Share { of: 0, piece: index, variance });
            }
            if hides(piece, scale) {
                self.cut(index);
            }
        }
        if rest > wanted {
            self.worst_of(&mut shares, rest, ENOUGH * wanted, usize::MAX);
        }
    }

    /// The pieces that make one part or another uncertain, and those in which it was not met.
    fn for_the_parts(&mut self, scale: &Scale<'_>, tolerance: f64) {
        let mut parts = vec![PartState::default(); scale.densities.len()];
        let mut shares = vec![];
        for (index, piece) in self.pieces.iter().enumerate() {
            for met in &piece.tally.parts {
                let part = &mut parts[usize::from(met.part)];
                let variance = met.volume.first;
                part.volume += met.moments.volume;
                part.variance += variance;
                if variance > 0.0 && self.can_be_cut(index) {
                    shares.push(Share { of: met.part, piece: index, variance });
                }
            }
        }
        let whole: f64 = parts.iter().map(|part| part.volume).sum();
        let wanted = |part: &PartState| {
            let [least, most] = PART_TOLERANCE;
            let tolerance = (tolerance * (whole / part.volume).sqrt()).clamp(least, most);
            (tolerance / NORMAL_QUANTILE * part.volume).powi(2)
        };
        shares.retain(|share| {
            let part = &parts[usize::from(share.of)];
            part.variance > wanted(part)
        });
        shares.sort_by_key(|share| share.of);
        let mut coarse: Vec<(u16, usize)> = vec![];
        for (index, piece) in self.pieces.iter().enumerate() {
            if !self.can_be_cut(index) {
                continue;
            }
            let may_be_there = |&&part: &&u16| is_sought(piece, parts[usize::from(part)].volume, scale);
            let met = piece.tally.parts.iter().map(|met| &met.part);
            coarse.extend(met.chain(&piece.tally.unmet).filter(may_be_there).map(|&part| (part, index)));
        }
        coarse.sort_unstable();
        let groups =
            shares.chunk_by(|a, b| a.of == b.of).count() + coarse.chunk_by(|a, b| a.0 == b.0).count();
        // So that none starves.
        let most_each = self.left / groups.max(1);
        for pieces in coarse.chunk_by(|a, b| a.0 == b.0) {
            pieces.iter().take(most_each).for_each(|&(_, piece)| self.cut(piece));
        }
        for shares in shares.chunk_by_mut(|a, b| a.of == b.of) {
            let part = &parts[usize::from(shares[0].of)];
            self.worst_of(shares, part.variance, ENOUGH * wanted(part), most_each);
        }
    }

    /// The pieces that add most to a variance of `rest`, until no more than `wanted` is left of it.
    fn worst_of(&mut self, shares: &mut [Share], mut rest: f64, wanted: f64, most: usize) {
        shares.sort_by(|a, b| b.variance.total_cmp(&a.variance).then(a.piece.cmp(&b.piece)));
        for share in shares.iter().take(most) {
            if rest <= wanted || self.left == 0 {
                break;
            }
            self.cut(share.piece);
            rest -= share.variance;
        }
    }
}

/// What is known of a part so far.
#[derive(Debug, Clone, Copy, Default)]
struct PartState {
    volume: f64,
    /// Of its volume.
    variance: f64,
}

/// What a piece adds to the variance of mass, volume and inertia, each as a share of the whole.
fn share_of_variance(piece: &Piece, total: &Moments, scale: &Scale<'_>, by_both: bool) -> f64 {
    let tally = &piece.tally;
    let mass_variance = tally.mass.variance(by_both);
    let ratio = |variance: f64, whole: f64| if whole > 0.0 { variance / (whole * whole) } else { 0.0 };
    let mass = ratio(mass_variance, total.mass);
    let volume = ratio(tally.volume.variance(by_both), total.volume);
    let arms = squared_arms(piece, scale, total.center());
    let DVec3 { x, y, z } = total.diagonal();
    let inertia = [(arms.x, x), (arms.y, y), (arms.z, z)]
        .into_iter()
        .map(|(arm, whole)| ratio(mass_variance * arm * arm, INERTIA_TOLERANCE * whole))
        .fold(0.0, f64::max);
    mass.max(volume).max(inertia)
}

/// Whether something that is large enough to be looked for may stand between the piece's lines.
fn hides(piece: &Piece, scale: &Scale<'_>) -> bool {
    piece.tally.may_hide && is_large_enough(piece, scale)
}

fn is_large_enough(piece: &Piece, scale: &Scale<'_>) -> bool {
    piece.cube.as_ref().is_some_and(|cube| cube.side > 2.0 * scale.finest)
}

/// Whether a piece that a part may be in is to be looked at more closely for it.
fn is_sought(piece: &Piece, part_volume: f64, scale: &Scale<'_>) -> bool {
    is_unsearched(piece, part_volume) && is_large_enough(piece, scale)
}

/// Whether a part of this volume, in cubic metres, may stand between the lines of a piece that have not met it.
pub(super) fn is_unsearched(piece: &Piece, part_volume: f64) -> bool {
    piece.cube.as_ref().is_some_and(|cube| f64::from(cube.side) > PART_SIDES * part_volume.cbrt())
}
