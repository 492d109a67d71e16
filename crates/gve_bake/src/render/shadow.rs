//! Soft shadows and ambient occlusion from the field (after Quilez, "Soft shadows in raymarched SDFs").

use glam::Vec3;

use super::query::Query;

/// Steps of a shadow ray.
const SHADOW_STEPS: u32 = 40;
/// Samples of the field along a normal.
const OCCLUSION_SAMPLES: u32 = 5;

/// One thread's scratch.
#[derive(Default)]
pub(super) struct Shadows {
    points: Vec<Vec3>,
    distances: Vec<f32>,
    active: Vec<Ray>,
}

#[derive(Clone, Copy)]
struct Ray {
    index: u32,
    t: f32,
    end: f32,
    light: f32,
}

impl Shadows {
    /// How much of a large light in direction `towards` reaches each point: 0 to 1.
    ///
    /// `softness` is the tangent of the light's half angle; `bias` keeps rays off their own surface.
    pub(super) fn light(
        &mut self,
        query: &mut Query<'_>,
        origins: &[Vec3],
        towards: Vec3,
        softness: f32,
        bias: f32,
        out: &mut Vec<f32>,
    ) {
        out.clear();
        out.resize(origins.len(), 1.0);
        let bounds = query.space.aabb();
        let per_lipschitz = 1.0 / query.space.field.lipschitz().max(1.0);
        let inverse = towards.recip();
        self.active.clear();
        for (index, &origin) in origins.iter().enumerate() {
            let (a, b) = ((bounds.min - origin) * inverse, (bounds.max - origin) * inverse);
            let start = a.min(b).max_element().max(bias);
            let end = a.max(b).min_element();
            if start < end {
                self.active.push(Ray { index: index as u32, t: start, end, light: 1.0 });
            }
        }
        for _ in 0..SHADOW_STEPS {
            if self.active.is_empty() {
                break;
            }
            self.points.clear();
            self.points.extend(self.active.iter().map(|ray| origins[ray.index as usize] + towards * ray.t));
            query.distances(&self.points, &mut self.distances);
            let mut kept = 0;
            for i in 0..self.active.len() {
                let mut ray = self.active[i];
                let distance = self.distances[i];
                // From -1 (the light's disc is hidden) to 1 (all of it is seen).
                ray.light = ray.light.min(distance / (softness * ray.t));
                ray.t += (distance.abs() * per_lipschitz).max(0.35 * bias).max(0.01 * ray.t);
                if ray.light > -1.0 && ray.t < ray.end {
                    self.active[kept] = ray;
                    kept += 1;
                } else {
                    out[ray.index as usize] = visible_share(ray.light);
                }
            }
            self.active.truncate(kept);
        }
        for ray in &self.active {
            out[ray.index as usize] = visible_share(ray.light);
        }
    }

    /// How open the surroundings of each point are within `reach` metres: 0 to 1. The floor closes
    /// them too.
    pub(super) fn openness(
        &mut self,
        query: &mut Query<'_>,
        origins: &[Vec3],
        normals: &[Vec3],
        reach: f32,
        floor: f32,
        out: &mut Vec<f32>,
    ) {
        self.points.clear();
        for (&origin, &normal) in origins.iter().zip(normals) {
            for i in 1..=OCCLUSION_SAMPLES {
                self.points.push(origin + normal * height(i, reach));
            }
        }
        query.distances(&self.points, &mut self.distances);
        out.clear();
        let runs = self.distances.chunks_exact(OCCLUSION_SAMPLES as usize);
        for ((samples, origin), normal) in runs.zip(origins).zip(normals) {
            let (mut closed, mut weights) = (0.0, 0.0);
            for (i, &distance) in samples.iter().enumerate() {
                let h = height(i as u32 + 1, reach);
                let distance = distance.min(origin.y + normal.y * h - floor);
                let weight = 0.75f32.powi(i as i32);
                closed += weight * (1.0 - distance / h).clamp(0.0, 1.0);
                weights += weight;
            }
            let open = 1.0 - closed / weights;
            out.push(open * open * (3.0 - 2.0 * open));
        }
    }
}

/// Heights of the occlusion samples: closer together near the surface.
fn height(i: u32, reach: f32) -> f32 {
    let x = i as f32 / OCCLUSION_SAMPLES as f32;
    reach * x * (0.3 + 0.7 * x)
}

fn visible_share(light: f32) -> f32 {
    let x = 0.5 + 0.5 * light.clamp(-1.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}
