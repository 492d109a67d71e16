//! A differentiable rasteriser of gaussians, for training splats.
//!
//! [`Rendering::new`] draws what [`SplatScene`](crate::render::SplatScene) draws in the flat look, from
//! parameters that are free to move; [`Rendering::backward`] turns the gradient of a loss by the
//! picture into gradients by the parameters. Both give the same numbers whatever the number of
//! threads: tiles sum up their own shares, which are added in the order of the tiles.
//!
//! What is discontinuous has no gradient: the order in depth, the limits of a gaussian's alpha, which
//! gaussians are left out.

mod backward;

use glam::{Quat, Vec3};
use rayon::prelude::*;

use crate::render::{
    Camera, Image, SplatStyle,
    blend::{Bins, Footprint, Fragment, assemble, blend_tile},
    ewa::{Lens, MIN_ALPHA, Projected},
    lights,
};

/// Parameters whose lists do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} {list}, one for each position, found {found}")]
pub struct LengthError {
    /// The list.
    pub list: &'static str,
    /// How many positions there are.
    pub expected: usize,
    /// How many it holds.
    pub found: usize,
}

/// The parameters of gaussians, one list for each.
#[derive(Debug, Clone, Copy)]
pub struct Gaussians<'a> {
    positions: &'a [[f32; 3]],
    log_scales: &'a [[f32; 3]],
    rotations: &'a [[f32; 4]],
    opacities: &'a [f32],
    albedos: &'a [[f32; 3]],
}

impl<'a> Gaussians<'a> {
    /// Centres in metres, natural logarithms of the standard deviations in metres, rotations as
    /// quaternions (x, y, z, w) of any length but 0, opacities 0 to 1, linear albedos.
    ///
    /// # Errors
    /// When the lists differ in length.
    pub fn new(
        positions: &'a [[f32; 3]],
        log_scales: &'a [[f32; 3]],
        rotations: &'a [[f32; 4]],
        opacities: &'a [f32],
        albedos: &'a [[f32; 3]],
    ) -> Result<Self, LengthError> {
        let expected = positions.len();
        for (list, found) in [
            ("scales", log_scales.len()),
            ("rotations", rotations.len()),
            ("opacities", opacities.len()),
            ("albedos", albedos.len()),
        ] {
            if found != expected {
                return Err(LengthError { list, expected, found });
            }
        }
        Ok(Self { positions, log_scales, rotations, opacities, albedos })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }
}

/// What a renderer needs of a camera: position (3), the rotation into its axes (x right, y down, z
/// forward) row by row (9), pixels per unit at depth 1 (2), the picture's middle in pixels (2), the
/// largest tangent that the projection is linearised at (2).
pub fn lens(camera: &Camera, size: [u32; 2]) -> [f32; 18] {
    let lens = Lens::new(camera, size);
    let rows = lens.camera_from_world.transpose().to_cols_array();
    let mut numbers = [0.0; 18];
    numbers[..3].copy_from_slice(&lens.eye.to_array());
    numbers[3..12].copy_from_slice(&rows);
    for (at, pair) in [(12, lens.focal), (14, lens.middle), (16, lens.limit)] {
        numbers[at..at + 2].copy_from_slice(&pair.to_array());
    }
    numbers
}

/// Gradients of a loss by the parameters of [`Gaussians`]; 0 for gaussians that were not seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gradients {
    /// By the centres.
    pub positions: Vec<[f32; 3]>,
    /// By the logarithms of the standard deviations.
    pub log_scales: Vec<[f32; 3]>,
    /// By the quaternions as they were given, not as they are after normalisation.
    pub rotations: Vec<[f32; 4]>,
    /// By the opacities.
    pub opacities: Vec<f32>,
    /// By the linear albedos.
    pub albedos: Vec<[f32; 3]>,
}

/// A picture, with what its gradient needs.
pub struct Rendering {
    /// Linear colour over the background of the flat look, and coverage.
    pub image: Image,
    lens: Lens,
    style: SplatStyle,
    gaussian_count: usize,
    /// The gaussian of each footprint, ascending.
    sources: Vec<u32>,
    footprints: Vec<Footprint>,
    bins: Bins,
    /// What each tile blended, in the order of its bin.
    fragments: Vec<Vec<Fragment>>,
}

impl Rendering {
    /// Draws gaussians in the flat look. Those that are not finite are left out.
    pub fn new(gaussians: Gaussians<'_>, camera: &Camera, size: [u32; 2], style: &SplatStyle) -> Self {
        let size = size.map(|n| n.clamp(1, 8192));
        let lens = Lens::new(camera, size);
        let (sources, footprints): (Vec<u32>, Vec<Footprint>) = (0..gaussians.len())
            .into_par_iter()
            .with_min_len(2048)
            .filter_map(|index| {
                let seen = Seen::new(&gaussians, index, &lens, style)?;
                Some((index as u32, seen.footprint()))
            })
            .unzip();
        let bins = Bins::new(&footprints, size);
        let background = lights::flat_background();
        let (drawn, fragments): (Vec<_>, Vec<_>) = (0..bins.count())
            .into_par_iter()
            .with_min_len(4)
            .map(|tile| {
                let bin = bins.bin(tile);
                let mut fragments = Vec::with_capacity(8 * bin.len());
                let record = |fragment| fragments.push(fragment);
                let pixels = blend_tile(&footprints, bin, bins.corner(tile), |_| background, record);
                (pixels, fragments)
            })
            .unzip();
        let image = assemble(size, &bins, drawn.iter().map(Vec::as_slice));
        let gaussian_count = gaussians.len();
        Self { image, lens, style: *style, gaussian_count, sources, footprints, bins, fragments }
    }
}

/// A gaussian that the camera sees, with everything between its parameters and its footprint.
struct Seen {
    projected: Projected,
    /// The unit quaternion, and the length of the one that was given.
    rotation: Quat,
    rotation_length: f32,
    normal: Vec3,
    scale: Vec3,
    opacity: f32,
    albedo: Vec3,
}

impl Seen {
    fn new(gaussians: &Gaussians<'_>, index: usize, lens: &Lens, style: &SplatStyle) -> Option<Self> {
        let position = Vec3::from(gaussians.positions[index]);
        let raw = Quat::from_array(gaussians.rotations[index]);
        let opacity = gaussians.opacities[index].min(1.0);
        let rotation_length = raw.length();
        if !(rotation_length > 1e-12 && opacity > MIN_ALPHA) {
            return None;
        }
        let rotation = raw * rotation_length.recip();
        let normal = rotation * Vec3::Z;
        if style.cull_back_facing && normal.dot(lens.eye - position) <= 0.0 {
            return None;
        }
        let scale = Vec3::from(gaussians.log_scales[index].map(f32::exp)) * style.scale;
        let projected = lens.project(position, rotation, scale, style.low_pass_px2)?;
        let albedo = Vec3::from(gaussians.albedos[index]);
        albedo.is_finite().then_some(Self {
            projected,
            rotation,
            rotation_length,
            normal,
            scale,
            opacity,
            albedo,
        })
    }

    fn footprint(&self) -> Footprint {
        Footprint {
            center: self.projected.center,
            conic: self.projected.conic,
            extent: self.projected.extent(self.opacity),
            alpha: self.opacity,
            color: lights::flat(self.albedo, self.normal),
            depth: self.projected.point.z,
        }
    }
}

#[cfg(test)]
mod tests;
