//! How many splats of an object are drawn.

use bevy::{prelude::*, render::view::ExtractedView};

use crate::object::{Ball, Eye};

/// How many splats of an object are drawn: a component for one object,
/// [`GveSplatDefaults`](super::GveSplatDefaults) for the rest.
///
/// Splats are stored most important first, so fewer of them are a prefix; the drawn ones grow so that they
/// still cover the surface.
#[derive(Component, Reflect, Debug, Clone, Copy, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct GveSplatSettings {
    /// Never more than this many.
    pub max_splats: u32,
    /// At most this many per pixel of the disc that the object's bounding sphere fills on the screen;
    /// infinity for no limit. Where the processor sorts, the number moves in steps of √2, and back only when the size
    /// has changed by more than a step, so that it rarely changes; elsewhere it follows the size.
    pub splats_per_pixel: f32,
}

impl Default for GveSplatSettings {
    /// Everything that is in the file.
    fn default() -> Self {
        Self { max_splats: u32::MAX, splats_per_pixel: f32::INFINITY }
    }
}

/// Fewest splats that a distant object is reduced to.
pub(super) const FEWEST: f32 = 32.0;
/// How far beyond the next step, in steps, the size of an object goes before fewer splats of it are drawn.
const HYSTERESIS: f32 = 0.5;

impl GveSplatSettings {
    /// How many of `available` splats are drawn when the bounding sphere covers `pixels`.
    pub fn count(&self, available: u32, pixels: f32) -> u32 {
        let wanted = self.splats_per_pixel * pixels;
        // Infinitely many for each of no pixels: no number, and no limit.
        let by_size = if wanted.is_finite() { wanted.max(FEWEST) as u32 } else { u32::MAX };
        available.min(self.max_splats).min(by_size)
    }

    /// The number by size, as a multiple of half an octave; `None` for no limit, or when the camera stands inside.
    fn steps(&self, pixels: f32) -> Option<f32> {
        let wanted = self.splats_per_pixel * pixels;
        wanted.is_finite().then(|| wanted.max(FEWEST).log2() * 2.0)
    }
}

/// A number of splats to which another one is lowered so that it rarely changes: a power of √2.
pub(super) fn stepped(count: u32) -> u32 {
    if count == 0 { 0 } else { (0.5 * (2.0 * (count as f32).log2()).floor()).exp2() as u32 }
}

/// How many splats of one object one camera draws, by the object's size on the screen, in steps.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Detail {
    /// In steps of √2; `None` for all.
    step: Option<f32>,
}

impl Detail {
    /// How many of `available` splats are drawn when the bounding sphere covers `pixels` now.
    pub(super) fn count(&mut self, settings: &GveSplatSettings, available: u32, pixels: f32) -> u32 {
        let wanted = settings.steps(pixels);
        let is_steady = self
            .step
            .zip(wanted)
            .is_some_and(|(step, wanted)| (step - 1.0 - HYSTERESIS..=step).contains(&wanted));
        if !is_steady {
            self.step = wanted.map(f32::ceil);
        }
        let by_size = self.step.map_or(u32::MAX, |step| (0.5 * step).exp2() as u32);
        available.min(settings.max_splats).min(by_size)
    }
}

/// Through what a camera looks.
pub(super) fn eye_of(view: &ExtractedView) -> Eye {
    let position = view.world_from_view.translation_vec3a();
    Eye::new(&view.clip_from_view, position, view.viewport.w as f32, default())
}

/// Pixels that a sphere covers on the screen; infinity when the camera stands inside it.
pub(super) fn covered_pixels(eye: &Eye, sphere: Ball) -> f32 {
    let diameter = eye.diameter_px(sphere);
    0.25 * core::f32::consts::PI * diameter * diameter
}

#[cfg(test)]
mod tests {
    use bevy::math::{Mat4, Vec3A};

    use super::*;

    #[test]
    fn the_default_draws_everything() {
        assert_eq!(GveSplatSettings::default().count(1_000_000, 3.0), 1_000_000);
        assert_eq!(GveSplatSettings::default().count(1_000_000, 0.0), 1_000_000);
    }

    #[test]
    fn a_ceiling_and_a_density_both_hold() {
        let settings = GveSplatSettings { max_splats: 5000, splats_per_pixel: 2.0 };
        assert_eq!(settings.count(1_000_000, 1e9), 5000);
        assert_eq!(settings.count(1_000_000, 1024.0), 2048);
        assert_eq!(settings.count(1_000_000, 0.0), FEWEST as u32);
        assert_eq!(settings.count(20, 0.0), 20);
        assert_eq!(settings.count(1_000_000, f32::INFINITY), 5000, "a camera inside sees all it may");
    }

    #[test]
    fn the_number_is_steady_under_small_moves() {
        let settings = GveSplatSettings { max_splats: u32::MAX, splats_per_pixel: 1.0 };
        let stepped = |pixels| Detail::default().count(&settings, 1_000_000, pixels);
        assert_eq!(stepped(3000.0), stepped(3100.0));
    }

    #[test]
    fn a_size_that_wavers_at_a_step_changes_nothing() {
        let settings = GveSplatSettings { max_splats: u32::MAX, splats_per_pixel: 1.0 };
        let mut detail = Detail::default();
        for step in [4096.0, 5793.0, 8192.0_f32] {
            let low = detail.count(&settings, 1_000_000, step * 0.99);
            let high = detail.count(&settings, 1_000_000, step * 1.01);
            assert!(high > low, "{low} at {step}, {high} beyond it");
            for waver in [0.99, 1.02, 0.95, 1.1] {
                assert_eq!(detail.count(&settings, 1_000_000, step * waver), high);
            }
        }
        assert!(detail.count(&settings, 1_000_000, 2000.0) < 3000, "far away there are fewer");
        assert_eq!(detail.count(&settings, 1_000_000, f32::INFINITY), 1_000_000);
        assert_eq!(detail.count(&settings, 1_000_000, 1024.0), 1024);
    }

    #[test]
    fn a_sphere_covers_what_its_projection_says() {
        let clip = Mat4::perspective_infinite_reverse_rh(core::f32::consts::FRAC_PI_2, 1.0, 0.1);
        let eye = Eye::new(&clip, Vec3A::ZERO, 200.0, default());
        let sphere = |z| Ball { center: Vec3A::new(0.0, 0.0, z), radius: 1.0 };
        let pixels = covered_pixels(&eye, sphere(-11.0));
        // 1 m at 10 m, 45 degrees to the edge: a tenth of 100 pixels.
        assert!((pixels - core::f32::consts::PI * 100.0).abs() < 1.0, "{pixels}");
        assert_eq!(covered_pixels(&eye, sphere(0.0)), f32::INFINITY);
    }
}
