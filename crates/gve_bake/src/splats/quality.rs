//! How well splats stand for the field that they were made from.

use gve_assets::Splat;
use gve_sdf::{Aabb, Field};
use rayon::prelude::*;

use crate::{
    Watch,
    render::{Camera, FieldScene, Image, Look, RenderOptions, SplatScene, SplatStyle, mask_overlap, psnr_db},
};

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
/// `size` is the side of the square pictures in pixels.
pub fn evaluate(
    field: &Field,
    splats: &[Splat],
    style: &SplatStyle,
    views: &[Camera],
    size: u32,
) -> SplatQuality {
    let reference = Reference::new(field, views, size, &());
    reference.as_ref().map_or_else(SplatQuality::none, |r| r.compare(splats, style))
}

/// Pictures of the exact field that any number of clouds are compared with.
pub struct Reference {
    views: Vec<Camera>,
    options: RenderOptions,
    pictures: Vec<Image>,
}

impl Reference {
    /// Draws the field in the flat look with 16 samples per pixel; `None` when `watch` stops it.
    ///
    /// `size` is the side of the square pictures in pixels.
    pub fn new(field: &Field, views: &[Camera], size: u32, watch: &dyn Watch) -> Option<Self> {
        let scene = FieldScene::new(field);
        let options = RenderOptions { size: [size, size], look: Look::Flat, samples_per_side: 4 };
        let pictures: Option<Vec<Image>> =
            views.iter().map(|camera| scene.render_watched(camera, options, watch)).collect();
        Some(Self { views: views.to_vec(), options, pictures: pictures? })
    }

    /// Draws splats from the same views and compares the pictures.
    pub fn compare(&self, splats: &[Splat], style: &SplatStyle) -> SplatQuality {
        // The flat look takes its colours from the splats.
        let scene = SplatScene { splats, materials: &[] };
        // The measure of a picture runs on one core; the views share them.
        let measured: Vec<(f32, [u64; 2])> = (self.views.par_iter().zip(&self.pictures))
            .map(|(camera, wanted)| {
                let found = scene.render(camera, self.options, style);
                (psnr_db(wanted, &found).unwrap_or(0.0), mask_overlap(wanted, &found))
            })
            .collect();
        let mut quality = SplatQuality::none();
        let mut overlap = [0, 0];
        for (psnr_db, [both, either]) in measured {
            overlap = [overlap[0] + both, overlap[1] + either];
            quality.psnr_db.push(psnr_db);
        }
        quality.mean_psnr_db = quality.psnr_db.iter().sum::<f32>() / quality.psnr_db.len().max(1) as f32;
        if overlap[1] > 0 {
            quality.silhouette_iou = overlap[0] as f32 / overlap[1] as f32;
        }
        quality
    }
}

impl SplatQuality {
    /// Of no views.
    fn none() -> Self {
        Self { psnr_db: vec![], mean_psnr_db: 0.0, silhouette_iou: 1.0 }
    }
}
