//! How many splats are drawn in all.

use bevy::prelude::*;

use super::lod::FEWEST;

/// The most splats that one camera draws in a frame, of all objects together.
///
/// Where objects ask for more, all are given as many for each of their pixels, so that those that are large on the
/// screen lose none of theirs to small ones that have more than can be seen. The numbers follow the sizes without
/// steps. May be changed at any time.
#[derive(Resource, Reflect, Debug, Clone, Copy, PartialEq, Eq)]
#[reflect(Resource, Default, Clone, PartialEq)]
pub struct GveSplatBudget {
    /// Splats for each camera.
    pub max_splats: u32,
}

impl Default for GveSplatBudget {
    /// What a GPU of a desktop draws with ease.
    fn default() -> Self {
        Self { max_splats: 4_000_000 }
    }
}

/// Nothing is larger than that.
const MOST_PIXELS: f32 = 1e9;
/// How often the density is halved in search of the one that fits.
const STEPS: u32 = 24;

/// Gives each object as many splats as there are in all: `wanted` at most, `most` together. `pixels` is how large each
/// is.
pub(super) fn hold(wanted: &mut [u32], pixels: &[f32], most: u64) {
    let sum = |counts: &[u32]| counts.iter().map(|count| u64::from(*count)).sum::<u64>();
    if sum(wanted) <= most {
        return;
    }
    let at = |density: f32, wanted: u32, pixels: f32| {
        wanted.min((density * pixels.min(MOST_PIXELS)).max(FEWEST) as u32)
    };
    let total = |density: f32| {
        let counts = wanted.iter().zip(pixels).map(|(wanted, pixels)| at(density, *wanted, *pixels));
        counts.map(u64::from).sum::<u64>()
    };
    if total(0.0) > most {
        // Not even the fewest: all of them are cut short.
        let share = most as f64 / total(0.0) as f64;
        for count in wanted {
            *count = (share * f64::from(at(0.0, *count, 0.0))) as u32;
        }
        return;
    }
    // Splats for each pixel, in doublings: the largest number that fits.
    let (mut fits, mut over) = (-64.0_f32, 32.0_f32);
    for _ in 0..STEPS {
        let middle = 0.5 * (fits + over);
        if total(middle.exp2()) <= most { fits = middle } else { over = middle }
    }
    for (count, pixels) in wanted.iter_mut().zip(pixels) {
        *count = at(fits.exp2(), *count, *pixels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(wanted: &[u32], pixels: &[f32], most: u64) -> Vec<u32> {
        let mut counts = wanted.to_vec();
        hold(&mut counts, pixels, most);
        counts
    }

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(held(&[5000, 700, 3], &[1.0, f32::INFINITY, 0.0], 5703), [5000, 700, 3]);
    }

    #[test]
    fn the_budget_holds_and_is_used() {
        let mut state = 7_u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        for most in [0_u64, 10, 1000, 50_000, 2_000_000] {
            for objects in [1, 3, 100, 3000] {
                let wanted: Vec<u32> = (0..objects).map(|_| random() % 200_000).collect();
                let pixels: Vec<f32> = (0..objects)
                    .map(|_| match random() % 50 {
                        0 => f32::INFINITY,
                        1 => 0.0,
                        other => (other as f32).powi(3),
                    })
                    .collect();
                let counts = held(&wanted, &pixels, most);
                let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
                assert!(total <= most, "{total} of {most}");
                assert!(counts.iter().zip(&wanted).all(|(count, wanted)| count <= wanted));
                let asked: u64 = wanted.iter().map(|count| u64::from(*count)).sum();
                if asked > most && pixels.iter().all(|pixels| pixels.is_finite()) {
                    let left = most - total;
                    assert!(left <= most / 50 + objects as u64, "{left} of {most} are left over");
                }
            }
        }
    }

    #[test]
    fn objects_have_as_many_for_each_pixel() {
        let counts = held(&[90_000, 90_000, 400], &[40_000.0, 10_000.0, 20_000.0], 50_400);
        assert!(counts[0].abs_diff(40_000) < 100 && counts[1].abs_diff(10_000) < 100, "{counts:?}");
        assert_eq!(counts[2], 400, "it has fewer anyway");
    }

    #[test]
    fn a_size_that_changes_a_little_changes_the_numbers_a_little() {
        let at = |pixels: f32| held(&[90_000; 3], &[pixels, 20_000.0, 20_000.0], 60_000);
        let mut before = at(20_000.0);
        for step in 1..=100 {
            let now = at(20_000.0 + 20.0 * step as f32);
            assert!(now.iter().zip(&before).all(|(a, b)| a.abs_diff(*b) < 60), "{before:?} {now:?}");
            before = now;
        }
    }
}
