//! How well splats stand for the field that they were made from.

use gve_assets::Splat;
use gve_sdf::{Aabb, Field};

use crate::render::{Camera, FieldScene, Look, RenderOptions, SplatScene, SplatStyle, mask_overlap, psnr_db};

/// What [`evaluate`] measures.
#[derive(Debug, Clone, PartialEq)]
pub struct SplatQuality {
    /// Peak signal-to-noise ratio of each view in decibels, background included.
    pub psnr_db: Vec<f32>,
    /// Mean of `psnr_db`.
    pub mean_psnr_db: f32,
    /// Intersection over union of the silhouettes, over the pixels of all views.
    pub silhouette_iou: f32,
}

/// Cameras spread evenly about a box (a spherical Fibonacci lattice); none of them is used for making
/// splats.
pub fn held_out_views(bounds: Aabb, count: u32) -> Vec<Camera> {
    let golden = std::f32::consts::PI * (3.0 - 5f32.sqrt());
    (0..count)
        .map(|i| {
            let sin_elevation = 1.0 - 2.0 * (i as f32 + 0.5) / count as f32;
            Camera::framing(bounds, golden * i as f32 + 0.4, sin_elevation.asin(), 0.7, 1.0)
        })
        .collect()
}

/// Draws splats and field from the same views in the flat look and compares the pictures.
///
/// The reference has 16 samples per pixel; `size` is the side of the square pictures in pixels.
pub fn evaluate(
    field: &Field,
    splats: &[Splat],
    style: &SplatStyle,
    views: &[Camera],
    size: u32,
) -> SplatQuality {
    let reference = FieldScene::new(field);
    let scene = SplatScene { splats, materials: field.materials() };
    let options = RenderOptions { size: [size, size], look: Look::Flat, samples_per_side: 4 };
    let mut overlap = [0, 0];
    let psnr_db: Vec<f32> = views
        .iter()
        .map(|camera| {
            let (wanted, found) = (reference.render(camera, options), scene.render(camera, options, style));
            let [both, either] = mask_overlap(&wanted, &found);
            overlap = [overlap[0] + both, overlap[1] + either];
            psnr_db(&wanted, &found).unwrap_or(0.0)
        })
        .collect();
    SplatQuality {
        mean_psnr_db: psnr_db.iter().sum::<f32>() / psnr_db.len().max(1) as f32,
        silhouette_iou: if overlap[1] == 0 { 1.0 } else { overlap[0] as f32 / overlap[1] as f32 },
        psnr_db,
    }
}
