//! What is in a box, part by part, and how uncertain that is.

use glam::{DVec3, Vec3};
use gve_sdf::Field;

use super::moments::Moments;

/// Squares along one side of a cube's face.
pub(super) const SQUARES: usize = 4;
/// Lines per square in one draw: two pairs.
pub(super) const LINES: usize = 4;
/// Independent draws.
pub(super) const DRAWS: usize = 2;
/// Squares of all draws.
const ALL_SQUARES: usize = DRAWS * SQUARES * SQUARES;
/// Deviations of a normal error that hold it in 99.4 % of all cases, with some room for what is not normal.
pub(super) const NORMAL_QUANTILE: f64 = 2.75;
/// With fewer degrees of freedom the expansion of Student's t is no good.
const LEAST_FREEDOM: f64 = 3.0;

/// What does not change from cube to cube.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale<'a> {
    pub(super) field: &'a Field,
    /// Density of each part in kg/m³.
    pub(super) densities: &'a [f64],
    /// Moments are taken about this point.
    pub(super) origin: DVec3,
    /// Where the field's origin is in the asset's space.
    pub(super) asset_origin: DVec3,
    /// Shortest step in metres: what is thinner may be missed.
    pub(super) finest: f32,
}

impl Scale<'_> {
    fn density(&self, part: u16) -> f64 {
        self.densities[usize::from(part)]
    }
}

/// What is in a cube: the mean of two independent draws of lines.
///
/// Whether a cube is cut is decided by the spread of the first. Those that are left are the ones whose first draw
/// happened to look certain, so only the second tells how certain they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// Each part that was met.
    pub(super) parts: Vec<PartTally>,
    /// Parts that may be there, but were not met.
    pub(super) unmet: Box<[u16]>,
    /// How uncertain the whole is.
    pub(super) mass: Uncertainty,
    pub(super) volume: Uncertainty,
    /// Whether none of the lines met anything, but one comes so near to a surface within the cube that something may
    /// stand between them.
    pub(super) may_hide: bool,
}

/// What is in a cube of one part.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PartTally {
    pub(super) part: u16,
    pub(super) moments: Moments,
    /// How uncertain its volume is.
    pub(super) volume: Uncertainty,
}

impl Tally {
    /// A box that is one part.
    pub(super) fn of_box(scale: &Scale<'_>, part: u16, min: Vec3, size: Vec3) -> Self {
        let center = min.as_dvec3() + 0.5 * size.as_dvec3() - scale.origin;
        let mut moments = Moments::default();
        moments.add_box(center, size.as_dvec3(), scale.density(part));
        Self { parts: vec![PartTally { part, moments, volume: Uncertainty::default() }], ..Self::default() }
    }

    /// Of the parts that may be there, notes those that no line has met.
    pub(super) fn note_unmet(&mut self, mut possible: Vec<u16>) {
        possible.retain(|part| self.parts.iter().all(|met| met.part != *part));
        possible.sort_unstable();
        possible.dedup();
        self.unmet = possible.into();
    }
}

/// How uncertain a sum over the squares of a cube is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Uncertainty {
    /// Variance by the first draw, to choose by.
    pub(super) first: f64,
    /// By the second, which was not chosen by.
    pub(super) second: Spread,
}

impl Uncertainty {
    /// By the first draw alone, or by both where that has missed something small.
    pub(super) fn variance(&self, by_both: bool) -> f64 {
        if by_both { 0.5 * (self.first + self.second.variance) } else { self.first }
    }

    /// From the estimates by either pair of lines in each square of either draw.
    fn of(squares: &[[f64; 2]; ALL_SQUARES]) -> Self {
        let (first, second) = squares.split_at(SQUARES * SQUARES);
        // Each pair alone stands for half of a draw's square, so the draw's estimate is their sum, and the square of their
        // difference is unbiased for the variance of that; the draws' mean has half of it.
        let difference = |&[a, b]: &[f64; 2]| DRAWS as f64 * (a - b);
        let mut uncertainty = Self::default();
        for square in first {
            uncertainty.first += 0.5 * difference(square).powi(2);
        }
        for square in second {
            uncertainty.second.add_difference(difference(square));
        }
        uncertainty.second = uncertainty.second.scaled(0.5);
        uncertainty
    }
}

/// What the differences between two independent estimates in many squares tell of the sum of all.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Spread {
    /// Sum of the variances.
    pub(super) variance: f64,
    /// Sum of their squares.
    squares: f64,
}

impl Spread {
    /// Adds a square whose variance was estimated from one difference.
    fn add_difference(&mut self, difference: f64) {
        let variance = difference * difference;
        self.add(&Self { variance, squares: variance * variance });
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.variance += other.variance;
        self.squares += other.squares;
    }

    /// With variances so many times as large.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self { variance: factor * self.variance, squares: factor * factor * self.squares }
    }

    /// How far the sum is off at most, in 99 of 100 cases: Student's t for as many degrees of freedom as
    /// the squares that matter give (Welch, "The generalization of Student's problem", 1947, with his
    /// correction for few degrees; t by its expansion, Abramowitz and Stegun 26.7.5).
    pub(super) fn error(&self) -> f64 {
        if self.squares <= 0.0 {
            return 0.0;
        }
        let freedom = (3.0 * self.variance * self.variance / self.squares - 2.0).max(LEAST_FREEDOM);
        let z = NORMAL_QUANTILE;
        let terms = [
            (z.powi(3) + z) / 4.0,
            (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0,
            (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0,
        ];
        let [a, b, c] = terms;
        let student = z + (a + (b + c / freedom) / freedom) / freedom;
        student * self.variance.sqrt()
    }
}

/// Sums over the lines of a cube.
#[derive(Debug, Default)]
pub(super) struct Sums {
    parts: Vec<PartSum>,
}

/// What the lines of a cube have met of one part.
#[derive(Debug)]
pub(super) struct PartSum {
    part: u16,
    pub(super) moments: Moments,
    /// For each square of either draw, the volume by either pair of lines.
    pub(super) squares: [[f64; 2]; ALL_SQUARES],
}

impl Sums {
    pub(super) fn part(&mut self, part: u16) -> &mut PartSum {
        let at = self.parts.iter().position(|known| known.part == part).unwrap_or_else(|| {
            self.parts.push(PartSum { part, moments: Moments::default(), squares: [[0.0; 2]; ALL_SQUARES] });
            self.parts.len() - 1
        });
        &mut self.parts[at]
    }

    pub(super) fn finish(self, scale: &Scale<'_>) -> Tally {
        let mut mass = [[0.0; 2]; ALL_SQUARES];
        let mut volume = mass;
        for sum in &self.parts {
            let density = scale.density(sum.part);
            for (square, of_part) in sum.squares.iter().enumerate() {
                for pair in 0..2 {
                    mass[square][pair] += density * of_part[pair];
                    volume[square][pair] += of_part[pair];
                }
            }
        }
        let of = |sum: PartSum| PartTally {
            part: sum.part,
            moments: sum.moments,
            volume: Uncertainty::of(&sum.squares),
        };
        Tally {
            parts: self.parts.into_iter().map(of).collect(),
            mass: Uncertainty::of(&mass),
            volume: Uncertainty::of(&volume),
            ..Tally::default()
        }
    }
}
