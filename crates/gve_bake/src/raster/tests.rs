#![allow(clippy::unwrap_used, reason = "a test may panic")]

use gve_assets::Splat;
use gve_sdf::Aabb;

use super::*;
use crate::{
    render::{Look, RenderOptions, SplatScene},
    splats,
    test_recipes::{STILL_LIFE, field},
};

/// Owned parameters, all in one list for the finite differences: 14 numbers a gaussian.
#[derive(Clone)]
struct Cloud {
    positions: Vec<[f32; 3]>,
    log_scales: Vec<[f32; 3]>,
    rotations: Vec<[f32; 4]>,
    opacities: Vec<f32>,
    albedos: Vec<[f32; 3]>,
}

fn linear(code: u8) -> f32 {
    let x = f32::from(code) / 255.0;
    if x <= 0.040_45 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
}

const PER_GAUSSIAN: usize = 14;

impl Cloud {
    fn view(&self) -> Gaussians<'_> {
        Gaussians::new(&self.positions, &self.log_scales, &self.rotations, &self.opacities, &self.albedos)
            .unwrap()
    }

    fn of(splats: &[Splat]) -> Self {
        Self {
            positions: splats.iter().map(|s| s.position).collect(),
            log_scales: splats.iter().map(|s| s.scale.map(f32::ln)).collect(),
            rotations: splats.iter().map(|s| s.rotation).collect(),
            opacities: splats.iter().map(|s| f32::from(s.color[3]) / 255.0).collect(),
            albedos: splats.iter().map(|s| [0, 1, 2].map(|i| linear(s.color[i]))).collect(),
        }
    }

    fn parameter(&mut self, gaussian: usize, number: usize) -> &mut f32 {
        match number {
            0..3 => &mut self.positions[gaussian][number],
            3..6 => &mut self.log_scales[gaussian][number - 3],
            6..10 => &mut self.rotations[gaussian][number - 6],
            10 => &mut self.opacities[gaussian],
            _ => &mut self.albedos[gaussian][number - 11],
        }
    }
}

fn gradient_of(gradients: &Gradients, gaussian: usize, number: usize) -> f32 {
    match number {
        0..3 => gradients.positions[gaussian][number],
        3..6 => gradients.log_scales[gaussian][number - 3],
        6..10 => gradients.rotations[gaussian][number - 6],
        10 => gradients.opacities[gaussian],
        _ => gradients.albedos[gaussian][number - 11],
    }
}

/// Large, soft, overlapping gaussians: no pixel is near the limit of a contribution, where finite
/// differences would jump.
fn soft_cloud() -> Cloud {
    let mut state = 7u32;
    let mut random = || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    let mut cloud = Cloud {
        positions: vec![],
        log_scales: vec![],
        rotations: vec![],
        opacities: vec![],
        albedos: vec![],
    };
    for i in 0..12 {
        cloud.positions.push([random() - 0.5, random() - 0.5, 0.12 * i as f32 - 0.7]);
        cloud.log_scales.push([0.2 + 0.5 * random(), 0.1 + 0.5 * random(), -0.4 + 0.3 * random()]);
        // Not of unit length, and turned to the camera by less than a right angle.
        cloud.rotations.push([0.5 * random() - 0.2, 0.5 * random() - 0.2, random() - 0.5, 1.3]);
        cloud.opacities.push(0.15 + 0.25 * random());
        cloud.albedos.push([random(), random(), random()]);
    }
    cloud
}

fn front() -> Camera {
    Camera { position: Vec3::new(0.3, 0.2, 3.0), target: Vec3::ZERO, up: Vec3::Y, vertical_fov_rad: 0.7 }
}

/// A loss with another weight for every number of the picture, in f64 so that differences survive.
fn weights(pixels: usize) -> Vec<[f32; 4]> {
    (0..pixels).map(|i| std::array::from_fn(|k| ((i * 7 + k * 13) as f32 * 0.37).sin())).collect()
}

fn loss(image: &Image, weights: &[[f32; 4]]) -> f64 {
    let products = image.pixels.iter().flatten().zip(weights.iter().flatten());
    products.map(|(&p, &w)| f64::from(p) * f64::from(w)).sum()
}

#[test]
fn gradients_are_those_of_finite_differences() {
    // Four tiles, three of them cut.
    let (size, style) = ([21, 19], SplatStyle { low_pass_px2: 0.3, scale: 1.1, ..SplatStyle::default() });
    let mut cloud = soft_cloud();
    let weights = weights(21 * 19);
    let rendering = Rendering::new(cloud.view(), &front(), size, &style);
    assert_eq!(rendering.sources.len(), 12, "all are seen");
    let gradients = rendering.backward(cloud.view(), &weights).unwrap();
    for gaussian in 0..12 {
        for number in 0..PER_GAUSSIAN {
            let step = 2e-3;
            let value = *cloud.parameter(gaussian, number);
            let mut at = |x: f32| {
                *cloud.parameter(gaussian, number) = x;
                loss(&Rendering::new(cloud.view(), &front(), size, &style).image, &weights)
            };
            let slope = (at(value + step) - at(value - step)) / f64::from(2.0 * step);
            at(value);
            let found = f64::from(gradient_of(&gradients, gaussian, number));
            let tolerance = 0.01 + 0.02 * slope.abs();
            assert!(
                (found - slope).abs() < tolerance,
                "parameter {number} of gaussian {gaussian}: {found} instead of {slope}"
            );
        }
    }
}

#[test]
fn the_picture_is_that_of_the_splat_renderer() {
    let field = field(STILL_LIFE);
    let splats = splats::seed(&field, 3000).unwrap();
    let cloud = Cloud::of(&splats);
    let camera = Camera::three_quarter(field.bounds(), 1.3);
    for style in [SplatStyle::default(), SplatStyle::for_prefix(1, 2)] {
        let options = RenderOptions { size: [104, 80], look: Look::Flat, samples_per_side: 1 };
        let scene = SplatScene { splats: &splats, materials: field.materials() };
        let wanted = scene.render(&camera, options, &style);
        let found = Rendering::new(cloud.view(), &camera, options.size, &style).image;
        for (p, q) in wanted.pixels.iter().flatten().zip(found.pixels.iter().flatten()) {
            assert!((p - q).abs() < 2e-4, "{p} and {q}");
        }
    }
}

#[test]
fn numbers_do_not_depend_on_the_threads() {
    let field = field(STILL_LIFE);
    let cloud = Cloud::of(&splats::seed(&field, 4000).unwrap());
    let camera = Camera::three_quarter(field.bounds(), 1.0);
    let run = || {
        let rendering = Rendering::new(cloud.view(), &camera, [96, 96], &SplatStyle::default());
        let gradients = rendering.backward(cloud.view(), &weights(96 * 96)).unwrap();
        (rendering.image, gradients)
    };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    assert!(pool(1).install(run) == pool(3).install(run));
}

#[test]
fn gaussians_that_are_not_finite_are_left_out_and_have_no_gradient() {
    let whole = soft_cloud();
    let mut broken = whole.clone();
    for (gaussian, number, value) in
        [(0, 0, f32::NAN), (1, 3, f32::INFINITY), (2, 8, f32::NAN), (3, 12, f32::INFINITY), (4, 10, 0.0)]
    {
        *broken.parameter(gaussian, number) = value;
    }
    broken.rotations[5] = [0.0; 4];
    let rendering = Rendering::new(broken.view(), &front(), [16, 16], &SplatStyle::default());
    assert!(rendering.image.pixels.iter().flatten().all(|x| x.is_finite()));
    assert_eq!(rendering.sources, [6, 7, 8, 9, 10, 11]);
    let gradients = rendering.backward(broken.view(), &weights(256)).unwrap();
    for gaussian in 0..12 {
        for number in 0..PER_GAUSSIAN {
            let gradient = gradient_of(&gradients, gaussian, number);
            assert!(gradient.is_finite() && (gaussian > 5 || gradient == 0.0));
        }
    }
}

#[test]
fn lists_that_do_not_fit_together_are_refused() {
    let cloud = soft_cloud();
    let short = Gaussians::new(
        &cloud.positions,
        &cloud.log_scales,
        &cloud.rotations[1..],
        &cloud.opacities,
        &cloud.albedos,
    );
    assert_eq!(short.unwrap_err(), LengthError { list: "rotations", expected: 12, found: 11 });
    let rendering = Rendering::new(cloud.view(), &front(), [8, 8], &SplatStyle::default());
    let refused = rendering.backward(cloud.view(), &[[0.0; 4]; 63]).unwrap_err();
    assert_eq!(refused, LengthError { list: "pixels", expected: 64, found: 63 });
}

#[test]
fn nothing_to_draw_gives_the_background() {
    let none = Gaussians::new(&[], &[], &[], &[], &[]).unwrap();
    let bounds = Aabb { min: Vec3::NEG_ONE, max: Vec3::ONE };
    let camera = Camera::three_quarter(bounds, 1.0);
    let rendering = Rendering::new(none, &camera, [5, 3], &SplatStyle::default());
    assert!(rendering.image.pixels.iter().all(|p| p[3] == 0.0 && p[0] > 0.3));
    assert_eq!(rendering.backward(none, &[[1.0; 4]; 15]).unwrap(), Gradients::default());
}
