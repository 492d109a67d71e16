//! Pictures of a stored distance volume.
//!
//! A ray goes from brick to brick. In a stored brick it steps by the distance while that is more than a cell, and
//! nearer to the surface it visits the cells one by one: along a line the interpolated distance of a cell is a
//! cubic, whose first root is the hit. An empty brick holds no surface, whatever its bound says.

use gve_assets::{BRICK_CELLS, Brick, Lookup, VolumeView};
use gve_bake::render::{Camera, Image};
use gve_sdf::Vec3;
use gve_types::{FilePart, MaterialSpec};
use rayon::prelude::*;

/// Most bricks and cells that one ray visits.
const MAX_STEPS: u32 = 4096;
/// Halvings of the interval that holds a root.
const HALVINGS: u32 = 20;
/// Rays along each side of a pixel.
const SAMPLES: u32 = 2;
/// Linear grey behind the object.
const BACKGROUND: f32 = 0.18;

/// A volume with the parts and materials that it refers to.
pub(crate) struct VolumeScene<'a> {
    pub(crate) volume: VolumeView<'a>,
    pub(crate) parts: &'a [FilePart],
    pub(crate) materials: &'a [MaterialSpec],
}

/// A line through the asset.
#[derive(Clone, Copy)]
struct Ray {
    eye: Vec3,
    direction: Vec3,
}

impl Ray {
    fn at(self, t: f32) -> Vec3 {
        self.eye + self.direction * t
    }

    /// Where along the ray a box begins and ends.
    fn span(self, min: Vec3, max: Vec3) -> [f32; 2] {
        let (a, b) = ((min - self.eye) / self.direction, (max - self.eye) / self.direction);
        [a.min(b).max_element(), a.max(b).min_element()]
    }
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
                    let color = match self.trace(Ray { eye: camera.position, direction }) {
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

    /// The first point of the surface on a ray.
    fn trace(&self, ray: Ray) -> Option<Vec3> {
        let min = Vec3::from(self.volume.origin);
        let extent = Vec3::from(self.volume.bricks.map(|n| (n * BRICK_CELLS) as f32));
        let [enter, leave] = ray.span(min, min + extent * self.volume.cell_size);
        let mut t = enter.max(0.0);
        for _ in 0..MAX_STEPS {
            let is_within = t <= leave;
            if !is_within {
                return None;
            }
            // A little beyond the side that was reached, so that the next brick is found.
            let (brick, slot, nudge) = match self.volume.lookup(ray.at(t).to_array()) {
                Lookup::Outside => (None, None, 1e-3 * self.volume.cell_size),
                Lookup::Empty { brick, bound } if bound < 0.0 => {
                    return Some(ray.at(t.max(exit(ray, brick, t)[0])));
                }
                Lookup::Empty { brick, .. } => (Some(brick), None, 1e-4 * brick.side),
                Lookup::Stored { brick, slot, .. } => (Some(brick), Some(slot), 1e-4 * brick.side),
            };
            let Some(brick) = brick else {
                t += nudge;
                continue;
            };
            let [_, end] = exit(ray, brick, t);
            if let Some(slot) = slot
                && let Some(hit) = self.march(ray, brick, slot, [t, end])
            {
                return Some(ray.at(hit));
            }
            t = end.max(t) + nudge;
        }
        None
    }

    /// Where between two points a ray meets the surface of a stored brick.
    fn march(&self, ray: Ray, brick: Brick, slot: u32, [mut t, end]: [f32; 2]) -> Option<f32> {
        let cell = brick.side / BRICK_CELLS as f32;
        let local = |t: f32| {
            ((ray.at(t) - Vec3::from(brick.min)) / cell).clamp(Vec3::ZERO, Vec3::splat(BRICK_CELLS as f32))
        };
        let distance = |t: f32| self.volume.interpolate(brick.level, slot, local(t).to_array());
        for _ in 0..MAX_STEPS {
            let here = distance(t)?;
            if here <= 0.0 {
                return Some(t);
            }
            let step = here / self.volume.lipschitz.max(1.0);
            let next = if step > cell {
                t + step
            } else {
                // To the end of the cell, a little ahead so that a point on a side belongs to the cell beyond.
                let p = local(t + 1e-3 * cell).floor().min(Vec3::splat((BRICK_CELLS - 1) as f32));
                let min = Vec3::from(brick.min) + p * cell;
                let [_, leave] = ray.span(min, min + cell);
                let leave = leave.max(t + 1e-3 * cell);
                if let Some(hit) = root(distance, [t, leave.min(end)]) {
                    return Some(hit);
                }
                leave
            };
            if next >= end {
                return None;
            }
            t = next;
        }
        None
    }

    fn shade(&self, hit: Vec3, light: Vec3) -> Vec3 {
        let Lookup::Stored { brick, slot, local } = self.volume.lookup(hit.to_array()) else {
            return Vec3::splat(0.5) * (0.15 + 0.2);
        };
        let h = 0.5 * brick.side / BRICK_CELLS as f32;
        let along = |axis: Vec3| {
            let [a, b] = [1.0, -1.0].map(|side| {
                let stored =
                    self.volume.sample((hit + side * h * axis).to_array()).filter(|sample| sample.stored);
                stored.map(|sample| sample.distance)
            });
            // The hit itself is at 0.
            match [a, b] {
                [Some(a), Some(b)] => 0.5 * (a - b),
                [a, b] => a.or(b.map(|b| -b)).unwrap_or(0.0),
            }
        };
        let normal = Vec3::new(along(Vec3::X), along(Vec3::Y), along(Vec3::Z)).normalize_or(Vec3::Y);
        let material = self.volume.part(brick.level, slot, local).and_then(|part| self.material(part));
        let albedo = material.map_or(Vec3::splat(0.5), |m| Vec3::from(m.base_color_srgb.map(linear)));
        let sky = 0.5 + 0.5 * normal.y;
        albedo * (0.75 * normal.dot(light).max(0.0) + 0.15 + 0.2 * sky)
    }
}

impl VolumeScene<'_> {
    /// The material of a part.
    fn material(&self, part: u16) -> Option<&MaterialSpec> {
        let part = self.parts.get(usize::from(part))?;
        self.materials.get(part.material as usize)
    }
}

/// Where a ray begins and leaves a brick, at `t` at the earliest.
fn exit(ray: Ray, brick: Brick, t: f32) -> [f32; 2] {
    let min = Vec3::from(brick.min);
    let [enter, leave] = ray.span(min, min + brick.side);
    [enter.max(t), if leave.is_nan() { t } else { leave.max(t) }]
}

/// The first root of a cubic that is positive at the start of an interval.
fn root(f: impl Fn(f32) -> Option<f32>, [from, to]: [f32; 2]) -> Option<f32> {
    let at = |u: f32| from + u * (to - from);
    let [a, b, c, d] = [f(from)?, f(at(1.0 / 3.0))?, f(at(2.0 / 3.0))?, f(to)?];
    // Coefficients of the polynomial through the four values, then the places where its slope is 0.
    let linear = -5.5 * a + 9.0 * b - 4.5 * c + d;
    let square = 9.0 * a - 22.5 * b + 18.0 * c - 4.5 * d;
    let cubic = -4.5 * a + 13.5 * b - 13.5 * c + 4.5 * d;
    let half = (square * square - 3.0 * cubic * linear).max(0.0).sqrt();
    let turns = if cubic.abs() > 1e-6 * square.abs() {
        [(-square - half) / (3.0 * cubic), (-square + half) / (3.0 * cubic)]
    } else {
        [-linear / (2.0 * square), 1.0]
    };
    let mut ends = [turns[0].min(turns[1]), turns[0].max(turns[1]), 1.0];
    ends.iter_mut().for_each(|end| *end = if *end > 0.0 && *end < 1.0 { *end } else { 1.0 });
    let mut low = 0.0;
    for end in ends {
        // Monotone in between.
        if f(at(end))? <= 0.0 {
            let (mut outside, mut inside) = (low, end);
            for _ in 0..HALVINGS {
                let middle = 0.5 * (outside + inside);
                if f(at(middle))? <= 0.0 { inside = middle } else { outside = middle }
            }
            return Some(at(inside));
        }
        low = end;
    }
    None
}

/// Decodes one sRGB channel.
fn linear(code: u8) -> f32 {
    let x = f32::from(code) / 255.0;
    if x <= 0.040_45 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_found_wherever_a_cubic_first_goes_below_zero() {
        let dip = |x: f32| Some((x - 0.31) * (x - 0.33));
        assert!((root(dip, [0.0, 1.0]).unwrap_or(-1.0) - 0.31).abs() < 1e-4);
        let three = |x: f32| Some((0.2 - x) * (x - 0.5) * (x - 0.9));
        assert_eq!(root(three, [0.0, 0.15]), None);
        assert!((root(|x| three(x).map(|y| -y), [0.3, 1.0]).unwrap_or(-1.0) - 0.5).abs() < 1e-4);
        assert_eq!(root(|x| Some(1.0 + x * x), [-1.0, 1.0]), None);
        assert!((root(|x| Some(0.25 - x), [0.0, 1.0]).unwrap_or(-1.0) - 0.25).abs() < 1e-5);
    }
}
