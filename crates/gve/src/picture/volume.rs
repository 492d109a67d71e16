//! Pictures of a stored distance volume: sphere tracing (Hart 1996) through its bricks.

use gve_assets::{BRICK_CELLS, BRICK_SAMPLES, BrickCell, VolumeView};
use gve_bake::render::{Camera, Image};
use gve_sdf::Vec3;
use gve_types::MaterialSpec;
use rayon::prelude::*;

/// Most steps of one ray.
const MAX_STEPS: u32 = 512;
/// Halvings of the step that crossed the surface.
const REFINEMENTS: u32 = 8;
/// Rays along each side of a pixel.
const SAMPLES: u32 = 2;
/// Linear grey behind the object.
const BACKGROUND: f32 = 0.18;

/// A volume with the materials that it refers to.
pub(crate) struct VolumeScene<'a> {
    pub(crate) volume: VolumeView<'a>,
    pub(crate) materials: &'a [MaterialSpec],
}

/// What the volume stores about a place.
enum Place<'a> {
    /// Outside of the grid.
    Nothing,
    /// In an empty brick: no surface is nearer than this.
    Empty(f32),
    /// In a stored brick: its distances, the slot's first texel, and the coordinates in it, in cells.
    Stored { atlas: Atlas<'a>, local: Vec3 },
}

/// The corner of one brick in the atlas.
#[derive(Clone, Copy)]
struct Atlas<'a> {
    view: &'a VolumeView<'a>,
    first: [u32; 3],
}

impl VolumeScene<'_> {
    /// Draws the volume lit from the camera's upper right.
    pub(crate) fn render(&self, camera: &Camera, size: [u32; 2]) -> Image {
        let mut image = Image::filled(size, [BACKGROUND, BACKGROUND, BACKGROUND, 0.0]);
        let forward = (camera.target - camera.position).normalize_or(Vec3::NEG_Z);
        let right = forward.cross(camera.up).normalize_or(Vec3::X);
        let up = right.cross(forward);
        let tan = (0.5 * camera.vertical_fov_rad).tan();
        let aspect = size[0] as f32 / size[1] as f32;
        let light = (right * 0.6 + up * 0.9 - forward * 0.7).normalize();
        let width = size[0] as usize;
        image.pixels.par_chunks_mut(width).enumerate().for_each(|(row, pixels)| {
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let mut sum = [0.0_f32; 4];
                for sample in 0..SAMPLES * SAMPLES {
                    let inside = |i: u32| (i as f32 + 0.5) / SAMPLES as f32;
                    let x = (column as f32 + inside(sample % SAMPLES)) / size[0] as f32 * 2.0 - 1.0;
                    let y = 1.0 - (row as f32 + inside(sample / SAMPLES)) / size[1] as f32 * 2.0;
                    let direction = (forward + right * (x * tan * aspect) + up * (y * tan)).normalize();
                    let color = match self.trace(camera.position, direction) {
                        Some(hit) => self.shade(hit, light).extend(1.0).to_array(),
                        None => [BACKGROUND, BACKGROUND, BACKGROUND, 0.0],
                    };
                    for (total, value) in sum.iter_mut().zip(color) {
                        *total += value / (SAMPLES * SAMPLES) as f32;
                    }
                }
                *pixel = sum;
            }
        });
        image
    }

    fn trace(&self, eye: Vec3, direction: Vec3) -> Option<Vec3> {
        let min = Vec3::from(self.volume.origin);
        let extent = self.volume.bricks.map(|n| (n * BRICK_CELLS) as f32);
        let max = min + Vec3::from(extent) * self.volume.cell_size;
        let (a, b) = ((min - eye) / direction, (max - eye) / direction);
        let enter = a.min(b).max_element().max(0.0);
        let leave = a.max(b).min_element();
        let least = 0.05 * self.volume.cell_size;
        let mut t = enter;
        let mut before = enter;
        for _ in 0..MAX_STEPS {
            if t > leave || t.is_nan() {
                return None;
            }
            let distance = self.distance(eye + direction * t)?;
            if distance <= 0.0 {
                return Some(eye + direction * self.refine(eye, direction, before, t));
            }
            before = t;
            // The volume's bound on the slope speaks of what is stored: beyond the brick it promises nothing.
            let step = distance / self.volume.lipschitz.max(1.0);
            t += step.min(self.to_next_brick(eye + direction * t, direction)).max(least);
        }
        None
    }

    /// How far a ray runs until it leaves the brick of a point.
    fn to_next_brick(&self, p: Vec3, direction: Vec3) -> f32 {
        let side = BRICK_CELLS as f32 * self.volume.cell_size;
        let inside = (p - Vec3::from(self.volume.origin)).rem_euclid(Vec3::splat(side));
        let ahead = Vec3::select(direction.cmpgt(Vec3::ZERO), side - inside, -inside);
        (ahead / direction).abs().min_element()
    }

    /// The crossing between a point outside and one inside.
    fn refine(&self, eye: Vec3, direction: Vec3, mut outside: f32, mut inside: f32) -> f32 {
        for _ in 0..REFINEMENTS {
            let middle = 0.5 * (outside + inside);
            match self.distance(eye + direction * middle) {
                Some(distance) if distance <= 0.0 => inside = middle,
                _ => outside = middle,
            }
        }
        inside
    }

    fn shade(&self, hit: Vec3, light: Vec3) -> Vec3 {
        let h = 0.5 * self.volume.cell_size;
        let along = |axis: Vec3| {
            let [a, b] = [hit + axis * h, hit - axis * h].map(|p| self.distance(p).unwrap_or(h));
            a - b
        };
        let normal = Vec3::new(along(Vec3::X), along(Vec3::Y), along(Vec3::Z)).normalize_or(Vec3::Y);
        let material = self.materials.get(usize::from(self.material(hit)));
        let albedo = material.map_or(Vec3::splat(0.5), |m| Vec3::from(m.base_color_srgb.map(linear)));
        let sky = 0.5 + 0.5 * normal.y;
        albedo * (0.75 * normal.dot(light).max(0.0) + 0.15 + 0.2 * sky)
    }

    /// Distance in metres, or less; `None` outside of the grid.
    fn distance(&self, p: Vec3) -> Option<f32> {
        match self.place(p) {
            Place::Nothing => None,
            Place::Empty(distance) => Some(distance),
            Place::Stored { atlas, local } => atlas.interpolate(local),
        }
    }

    fn material(&self, p: Vec3) -> u8 {
        match self.place(p) {
            Place::Stored { atlas, local } => {
                let nearest = (local + 0.5).floor();
                let texel = atlas.texel(nearest.to_array().map(|c| c as u32));
                texel.and_then(|i| self.volume.materials.get(i).copied()).unwrap_or(0)
            }
            _ => 0,
        }
    }

    fn place(&self, p: Vec3) -> Place<'_> {
        let cells = (p - Vec3::from(self.volume.origin)) / self.volume.cell_size;
        let brick = (cells / BRICK_CELLS as f32).floor();
        let [nx, ny, nz] = self.volume.bricks;
        let limit = Vec3::new(nx as f32, ny as f32, nz as f32);
        // A point on the far side of the grid belongs to the last brick.
        let on_grid = cells.cmpge(Vec3::splat(-1e-3)).all() && brick.cmple(limit).all();
        if !on_grid {
            return Place::Nothing;
        }
        let brick = brick.clamp(Vec3::ZERO, limit - 1.0);
        let [x, y, z] = brick.to_array().map(|c| c as usize);
        let index = (z * ny as usize + y) * nx as usize + x;
        let Some(cell) = self.volume.grid.get(index) else { return Place::Nothing };
        if cell.slot == BrickCell::EMPTY {
            return Place::Empty(cell.distance);
        }
        let [ax, ay, _] = self.volume.atlas_bricks.map(|n| n.max(1));
        let first = [cell.slot % ax, cell.slot / ax % ay, cell.slot / (ax * ay)].map(|c| c * BRICK_SAMPLES);
        let local = (cells - brick * BRICK_CELLS as f32).clamp(Vec3::ZERO, Vec3::splat(BRICK_CELLS as f32));
        Place::Stored { atlas: Atlas { view: &self.volume, first }, local }
    }
}

impl Atlas<'_> {
    /// Where a sample of the brick stands in the atlas.
    fn texel(&self, [x, y, z]: [u32; 3]) -> Option<usize> {
        let [width, height, _] = self.view.atlas_bricks.map(|n| (n * BRICK_SAMPLES) as usize);
        let last = BRICK_SAMPLES - 1;
        let at = |axis: usize, c: u32| (self.first[axis] + c.min(last)) as usize;
        Some((at(2, z) * height + at(1, y)) * width + at(0, x)).filter(|i| *i < self.view.distances.len())
    }

    fn interpolate(&self, local: Vec3) -> Option<f32> {
        let low = local.floor().min(Vec3::splat((BRICK_CELLS - 1) as f32));
        let share = local - low;
        let corner = low.to_array().map(|c| c as u32);
        let mut sum = 0.0;
        for i in 0..8_u32 {
            let step = [i & 1, i >> 1 & 1, i >> 2];
            let weight: f32 = (0..3).map(|a| if step[a] == 1 { share[a] } else { 1.0 - share[a] }).product();
            let texel = self.texel([corner[0] + step[0], corner[1] + step[1], corner[2] + step[2]])?;
            sum += weight * self.view.distances.get(texel)?.to_f32();
        }
        Some(sum)
    }
}

/// Decodes one sRGB channel.
fn linear(code: u8) -> f32 {
    let x = f32::from(code) / 255.0;
    if x <= 0.040_45 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
}
