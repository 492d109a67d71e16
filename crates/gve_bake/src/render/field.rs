//! Pictures of the exact field.

use glam::{Vec2, Vec3};
use gve_sdf::{Evaluator, Field};
use rayon::prelude::*;

use super::{
    Camera, Image, Look, Paint, RenderOptions, lights, paint_of,
    query::{Query, Space},
    shadow::Shadows,
    studio::{self, KEY_SOFTNESS, Studio},
    trace::{TILE, TileBins, Tracer},
};
use crate::{Watch, watch::Meter};

/// A field made ready for pictures; make it once and draw many.
pub struct FieldScene {
    space: Space,
    palette: Vec<Paint>,
    /// Height of the lowest point of the solid.
    floor: f32,
}

impl FieldScene {
    /// Cuts the field into bricks and finds the floor that it stands on.
    pub fn new(field: &Field) -> Self {
        let space = Space::new(field);
        let floor = lowest_point(&space);
        Self { space, palette: Paint::palette(field.materials()), floor }
    }

    /// Draws the field as seen by a camera. Coverage is the share of a pixel's samples that meet it.
    pub fn render(&self, camera: &Camera, options: RenderOptions) -> Image {
        let size = options.clamped().size;
        // Nobody cancels it.
        self.render_watched(camera, options, &()).unwrap_or_else(|| Image::filled(size, [0.0; 4]))
    }

    /// [`render`](Self::render) for somebody who looks on; `None` when it was cancelled.
    pub fn render_watched(
        &self,
        camera: &Camera,
        options: RenderOptions,
        watch: &dyn Watch,
    ) -> Option<Image> {
        let options = options.clamped();
        let bins = TileBins::new(&self.space, camera, options.size);
        let studio = Studio::new(camera);
        let tile_count = bins.tiles[0] * bins.tiles[1];
        let frame = Frame { scene: self, camera, options, studio };
        let meter = Meter::new(watch, tile_count as usize, [0.0, 1.0]);
        let tiles: Vec<Vec<[f32; 4]>> = (0..tile_count)
            .into_par_iter()
            .map_init(
                || Scratch::new(&self.space),
                |scratch, tile| {
                    meter.count();
                    if meter.is_cancelled() {
                        return vec![];
                    }
                    let corner = [tile % bins.tiles[0] * TILE, tile / bins.tiles[0] * TILE];
                    frame.tile(scratch, corner, bins.bin(tile))
                },
            )
            .collect();
        if watch.is_cancelled() {
            return None;
        }
        let mut image = Image::filled(options.size, [0.0; 4]);
        let width = options.size[0] as usize;
        for (tile, pixels) in (0..).zip(&tiles) {
            let [x0, y0] = [tile % bins.tiles[0] * TILE, tile / bins.tiles[0] * TILE].map(|n| n as usize);
            let columns = width.min(x0 + TILE as usize) - x0;
            for (row, values) in pixels.chunks_exact(columns).enumerate() {
                image.pixels[(y0 + row) * width + x0..][..columns].copy_from_slice(values);
            }
        }
        Some(image)
    }
}

/// One picture being drawn.
struct Frame<'a> {
    scene: &'a FieldScene,
    camera: &'a Camera,
    options: RenderOptions,
    studio: Studio,
}

/// One thread's buffers.
struct Scratch<'a> {
    query: Query<'a>,
    tracer: Tracer,
    shadows: Shadows,
    origins: Vec<Vec3>,
    normals: Vec<Vec3>,
    key: Vec<f32>,
    open: Vec<f32>,
    colors: Vec<Vec3>,
    covered: Vec<bool>,
}

impl<'a> Scratch<'a> {
    fn new(space: &'a Space) -> Self {
        Self {
            query: Query::new(space),
            tracer: Tracer::default(),
            shadows: Shadows::default(),
            origins: vec![],
            normals: vec![],
            key: vec![],
            open: vec![],
            colors: vec![],
            covered: vec![],
        }
    }
}

impl Frame<'_> {
    /// The pixels of one tile, row by row.
    fn tile(&self, scratch: &mut Scratch<'_>, corner: [u32; 2], bin: &[u32]) -> Vec<[f32; 4]> {
        let [width, height] = self.options.size;
        let columns = (width - corner[0]).min(TILE);
        let rows = (height - corner[1]).min(TILE);
        let side = self.options.samples_per_side;
        let half = self.camera.half_extents(self.options.size);
        let basis = self.camera.basis();
        scratch.tracer.rays.clear();
        let mut places = vec![];
        for row in 0..rows {
            for column in 0..columns {
                for sample in 0..side * side {
                    let offset =
                        (Vec2::new((sample % side) as f32, (sample / side) as f32) + 0.5) / side as f32;
                    let pixel = Vec2::new((corner[0] + column) as f32, (corner[1] + row) as f32) + offset;
                    let at = pixel / Vec2::new(width as f32, height as f32) * 2.0 - 1.0;
                    places.push(at);
                    let direction =
                        basis.forward + basis.right * (at.x * half.x) - basis.up * (at.y * half.y);
                    scratch.tracer.rays.push(direction.normalize());
                }
            }
        }
        let footprint = 2.0 * half.y / (height * side) as f32;
        scratch.tracer.trace(&mut scratch.query, self.camera.position, bin, footprint);
        scratch.colors.clear();
        scratch.covered.clear();
        scratch.covered.resize(places.len(), false);
        match self.options.look {
            Look::Flat => self.shade_flat(scratch, places.len()),
            Look::Studio => {
                scratch.colors.extend(places.iter().map(|&at| studio::backdrop(at)));
                self.shade_surface(scratch);
                self.shade_floor(scratch);
            }
        }
        let per_pixel = (side * side) as usize;
        let weight = 1.0 / per_pixel as f32;
        scratch
            .colors
            .chunks_exact(per_pixel)
            .zip(scratch.covered.chunks_exact(per_pixel))
            .map(|(colors, covered)| {
                let color = colors.iter().copied().sum::<Vec3>() * weight;
                let coverage = covered.iter().filter(|&&c| c).count() as f32 * weight;
                color.extend(coverage).into()
            })
            .collect()
    }

    fn shade_flat(&self, scratch: &mut Scratch<'_>, samples: usize) {
        scratch.colors.resize(samples, lights::flat_background());
        for hit in &scratch.tracer.hits {
            let albedo = paint_of(&self.scene.palette, hit.material).albedo;
            scratch.colors[hit.ray as usize] = lights::flat(albedo, hit.normal);
            scratch.covered[hit.ray as usize] = true;
        }
    }

    /// Lengths that light effects are measured in: the largest side of the object.
    fn reach(&self) -> f32 {
        (self.scene.space.field.bounds().half_size() * 2.0).max_element()
    }

    fn shade_surface(&self, scratch: &mut Scratch<'_>) {
        let eye = self.camera.position;
        let lift = 2e-3 * self.reach();
        scratch.origins.clear();
        scratch.normals.clear();
        for hit in &scratch.tracer.hits {
            scratch.origins.push(hit.position + hit.normal * lift);
            scratch.normals.push(hit.normal);
        }
        self.gather_light(scratch, 0.10 * self.reach());
        for (i, hit) in scratch.tracer.hits.iter().enumerate() {
            let paint = paint_of(&self.scene.palette, hit.material);
            let view = (eye - hit.position).normalize();
            scratch.colors[hit.ray as usize] =
                self.studio.shade(paint, hit.normal, view, scratch.key[i], scratch.open[i]);
            scratch.covered[hit.ray as usize] = true;
        }
    }

    fn shade_floor(&self, scratch: &mut Scratch<'_>) {
        let eye = self.camera.position;
        let floor = self.scene.floor;
        let center = self.scene.space.field.bounds().center();
        let far = 3.0 * self.reach();
        scratch.origins.clear();
        scratch.normals.clear();
        let mut rays = vec![];
        for (ray, direction) in scratch.tracer.rays.iter().enumerate() {
            let t = (floor - eye.y) / direction.y;
            let p = eye + *direction * t;
            let away = Vec2::new(p.x - center.x, p.z - center.z).length();
            if !scratch.covered[ray] && direction.y < 0.0 && t > 0.0 && away < far {
                rays.push((ray, (away / far).powi(2)));
                scratch.origins.push(Vec3::new(p.x, floor + 1e-3 * self.reach(), p.z));
                scratch.normals.push(Vec3::Y);
            }
        }
        self.gather_light(scratch, 0.16 * self.reach());
        for (i, &(ray, fade)) in rays.iter().enumerate() {
            let backdrop = scratch.colors[ray];
            let shaded = studio::floor(backdrop, scratch.key[i], scratch.open[i]);
            scratch.colors[ray] = shaded.lerp(backdrop, fade);
        }
    }

    /// Fills `key` and `open` for the origins and normals of the scratch.
    fn gather_light(&self, scratch: &mut Scratch<'_>, reach: f32) {
        let Scratch { query, shadows, origins, normals, key, open, .. } = scratch;
        let bias = 6e-3 * self.reach();
        shadows.light(query, origins, self.studio.key(), KEY_SOFTNESS, bias, key);
        shadows.openness(query, origins, normals, reach, self.scene.floor, open);
    }
}

/// Height of the lowest point of the solid, to about a thousandth of its size.
fn lowest_point(space: &Space) -> f32 {
    const SAMPLES: usize = 12;
    let mut evaluator = Evaluator::new(&space.field);
    let step = space.grid.brick / SAMPLES as f32;
    for layer in 0..space.grid.counts[1] {
        let mut lowest = f32::INFINITY;
        for block in space.blocks.iter().filter(|b| b.has_surface() && b.first[1] == layer) {
            let min = space.grid.aabb(block.first, block.size).min;
            let mut points = crate::points::Points::default();
            for i in 0..SAMPLES.pow(3) {
                let at = Vec3::new(
                    (i % SAMPLES) as f32,
                    (i / SAMPLES % SAMPLES) as f32,
                    (i / SAMPLES / SAMPLES) as f32,
                );
                points.push(min + (at + 0.5) * step);
            }
            let mut distances = vec![0.0; points.len()];
            evaluator.distances(&block.region, &points.xs, &points.ys, &points.zs, &mut distances);
            for (&y, &distance) in points.ys.iter().zip(&distances) {
                if distance < 0.0 {
                    lowest = lowest.min(y + distance.max(-step));
                }
            }
        }
        if lowest.is_finite() {
            return lowest;
        }
    }
    space.field.bounds().min.y
}
