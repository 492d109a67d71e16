//! Pictures without a GPU: the exact field by sphere tracing, splats by rasterising.
//!
//! Both renderers know two looks ([`Look`]): [`Look::Studio`] for thumbnails and documentation, and
//! [`Look::Flat`], which shades both from albedo and normal with the same function, so that a
//! difference between their pictures is a difference in shape or colour.

pub(crate) mod blend;
mod camera;
pub(crate) mod ewa;
mod field;
mod image;
pub(crate) mod lights;
mod query;
mod shadow;
mod splat;
mod studio;
mod trace;

pub use camera::Camera;
pub use field::FieldScene;
pub use image::{Image, mask_overlap, psnr_db};
pub use splat::{SplatScene, SplatStyle};

use glam::Vec3;
use gve_types::MaterialSpec;

/// How surfaces and background are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// A photographer's studio: soft lights, a floor, reflections, tone mapping.
    #[default]
    Studio,
    /// Lambert shading from fixed lights before an even background.
    Flat,
}

/// What a picture is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// Width and height in pixels; at most 8192 each.
    pub size: [u32; 2],
    /// Look of surfaces and background.
    pub look: Look,
    /// Samples along each side of a pixel, 1 to 8; the splat renderer filters instead.
    pub samples_per_side: u32,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { size: [512, 512], look: Look::Studio, samples_per_side: 2 }
    }
}

impl RenderOptions {
    /// The same with every number inside its limits.
    fn clamped(self) -> Self {
        Self {
            size: self.size.map(|n| n.clamp(1, 8192)),
            samples_per_side: self.samples_per_side.clamp(1, 8),
            ..self
        }
    }
}

/// A material as the renderers use it.
#[derive(Debug, Clone, Copy)]
struct Paint {
    /// Linear base colour.
    albedo: Vec3,
    metallic: f32,
    roughness: f32,
}

impl Paint {
    fn palette(materials: &[MaterialSpec]) -> Vec<Self> {
        let paint = |m: &MaterialSpec| Self {
            albedo: Vec3::from(m.base_color_srgb.map(image::linear_from_srgb8)),
            metallic: m.metallic.clamp(0.0, 1.0),
            roughness: m.roughness.clamp(0.0, 1.0),
        };
        if materials.is_empty() {
            return vec![Self { albedo: Vec3::splat(0.5), metallic: 0.0, roughness: 0.5 }];
        }
        materials.iter().map(paint).collect()
    }
}

/// The paint of a material index; the last one where a file names one that it does not have.
fn paint_of(palette: &[Paint], material: u8) -> Paint {
    palette[usize::from(material).min(palette.len() - 1)]
}

#[cfg(test)]
mod tests;
