//! Pictures of splats: elliptical gaussians projected to the screen and blended front to back.

use glam::{Quat, Vec2, Vec3};
use gve_assets::Splat;
use gve_types::MaterialSpec;
use rayon::prelude::*;

use super::{
    Camera, Image, Look, Paint, RenderOptions,
    blend::{Bins, Footprint, assemble, blend_tile},
    ewa::{Lens, MIN_ALPHA},
    image::linear_from_srgb8,
    lights, paint_of, studio,
};

/// How splats are rasterised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplatStyle {
    /// Factor on every scale.
    pub scale: f32,
    /// Variance in square pixels that is added to every gaussian on the screen, so that none falls
    /// between pixels. 0.3 is what Kerbl et al. use; a pixel's own box has 1/12.
    pub low_pass_px2: f32,
    /// Leave out splats that face away: on a closed surface they are always hidden.
    pub cull_back_facing: bool,
}

impl Default for SplatStyle {
    fn default() -> Self {
        Self { scale: 1.0, low_pass_px2: 0.02, cull_back_facing: true }
    }
}

impl SplatStyle {
    /// For drawing the first `drawn` of `all` splats: fewer splats must each cover more.
    pub fn for_prefix(drawn: usize, all: usize) -> Self {
        let scale = (all.max(1) as f32 / drawn.clamp(1, all.max(1)) as f32).sqrt();
        Self { scale, ..Self::default() }
    }
}

/// Splats with the materials they refer to.
#[derive(Clone, Copy)]
pub struct SplatScene<'a> {
    /// The splats.
    pub splats: &'a [Splat],
    /// What [`Splat::material`] indexes.
    pub materials: &'a [MaterialSpec],
}

impl SplatScene<'_> {
    /// Draws the splats as seen by a camera. Splats that are not finite are left out.
    pub fn render(&self, camera: &Camera, options: RenderOptions, style: &SplatStyle) -> Image {
        let options = options.clamped();
        let palette = Paint::palette(self.materials);
        let projector = Projector {
            lens: Lens::new(camera, options.size),
            look: options.look,
            studio: studio::Studio::new(camera),
            style,
            palette: &palette,
        };
        let footprints: Vec<Footprint> =
            self.splats.par_iter().with_min_len(1024).filter_map(|splat| projector.project(splat)).collect();
        let bins = Bins::new(&footprints, options.size);
        let size = Vec2::new(options.size[0] as f32, options.size[1] as f32);
        let background = |at: Vec2| match options.look {
            Look::Flat => lights::flat_background(),
            Look::Studio => studio::backdrop(at / size * 2.0 - 1.0),
        };
        let drawn: Vec<Vec<[f32; 4]>> = (0..bins.count())
            .into_par_iter()
            .map(|tile| blend_tile(&footprints, bins.bin(tile), bins.corner(tile), background, |_| ()))
            .collect();
        assemble(options.size, &bins, drawn.iter().map(Vec::as_slice))
    }
}

struct Projector<'a> {
    lens: Lens,
    look: Look,
    studio: studio::Studio,
    style: &'a SplatStyle,
    palette: &'a [Paint],
}

impl Projector<'_> {
    fn project(&self, splat: &Splat) -> Option<Footprint> {
        let position = Vec3::from(splat.position);
        let rotation = Quat::from_array(splat.rotation);
        let to_eye = self.lens.eye - position;
        let normal = rotation * Vec3::Z;
        if self.style.cull_back_facing && normal.dot(to_eye) <= 0.0 {
            return None;
        }
        let alpha = f32::from(splat.color[3]) / 255.0;
        if alpha <= MIN_ALPHA {
            return None;
        }
        let scale = Vec3::from(splat.scale) * self.style.scale;
        let projected = self.lens.project(position, rotation, scale, self.style.low_pass_px2)?;
        let albedo = Vec3::from([0, 1, 2].map(|i| linear_from_srgb8(splat.color[i])));
        let color = match self.look {
            Look::Flat => lights::flat(albedo, normal),
            Look::Studio => {
                let paint = Paint { albedo, ..paint_of(self.palette, splat.material) };
                self.studio.shade(paint, normal, to_eye.normalize(), 1.0, 1.0)
            }
        };
        Some(Footprint {
            center: projected.center,
            conic: projected.conic,
            extent: projected.extent(alpha),
            alpha,
            color,
            depth: projected.point.z,
        })
    }
}
