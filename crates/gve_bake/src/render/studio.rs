//! The studio look: three soft lights, a pale floor that runs into the backdrop, reflections of the
//! studio in the material, and tone mapping.

use glam::{Vec2, Vec3};

use super::{Paint, camera::Camera, image::grey};

/// A rectangular lamp at infinity.
#[derive(Debug, Clone, Copy)]
struct SoftBox {
    towards: Vec3,
    right: Vec3,
    up: Vec3,
    /// Half size at distance 1.
    half: Vec2,
    radiance: Vec3,
}

impl SoftBox {
    /// Radiance in a direction, seen through a reflection as blurred as `blur`.
    fn radiance(&self, direction: Vec3, blur: f32) -> Vec3 {
        let depth = direction.dot(self.towards);
        if depth <= 1e-3 {
            return Vec3::ZERO;
        }
        let at = Vec2::new(direction.dot(self.right), direction.dot(self.up)).abs() / depth;
        // A box blurred by a kernel keeps its energy: lower where it becomes wider.
        let dim = self.half / (self.half + 0.5 * blur);
        let edge = |x: f32, half: f32| 1.0 - smoothstep(half - blur, half + blur, x);
        self.radiance * edge(at.x, self.half.x) * edge(at.y, self.half.y) * dim.x * dim.y
    }
}

/// The lights of a picture; they turn with the camera, so that every view is lit well.
pub(super) struct Studio {
    key: Vec3,
    fill: Vec3,
    rim: Vec3,
    boxes: [SoftBox; 4],
}

/// Tangent of half the angle under which the key light is seen.
pub(super) const KEY_SOFTNESS: f32 = 0.22;

impl Studio {
    pub(super) fn new(camera: &Camera) -> Self {
        let basis = camera.basis();
        let forward = Vec3::new(basis.forward.x, 0.0, basis.forward.z).try_normalize().unwrap_or(basis.up);
        let right = basis.right;
        let place = |x: f32, y: f32, z: f32| (right * x + Vec3::Y * y - forward * z).normalize();
        let soft_box = |towards: Vec3, half: Vec2, radiance: Vec3| {
            let side = Vec3::Y.cross(towards).normalize();
            SoftBox { towards, right: side, up: towards.cross(side), half, radiance }
        };
        let (key, fill, rim) = (place(-0.72, 0.95, 0.62), place(0.95, 0.35, 0.45), place(0.55, 0.62, -0.95));
        let warm = Vec3::new(1.0, 0.965, 0.92);
        let cool = Vec3::new(0.90, 0.95, 1.0);
        let boxes = [
            soft_box(key, Vec2::new(0.50, 0.38), warm * 5.2),
            soft_box(fill, Vec2::new(0.22, 0.75), cool * 1.5),
            soft_box(rim, Vec2::new(0.30, 0.70), cool * 4.0),
            soft_box(place(-0.25, 0.20, -1.0), Vec2::new(0.16, 0.9), Vec3::splat(2.0)),
        ];
        Self { key, fill, rim, boxes }
    }

    /// Direction of the key light.
    pub(super) fn key(&self) -> Vec3 {
        self.key
    }

    /// Displayed linear colour of a surface.
    ///
    /// `view` points to the camera; `key` is how much of the key light arrives, `open` how open the
    /// surroundings are.
    pub(super) fn shade(&self, paint: Paint, normal: Vec3, view: Vec3, key: f32, open: f32) -> Vec3 {
        let n_dot_v = normal.dot(view).clamp(1e-3, 1.0);
        let warm = Vec3::new(1.0, 0.965, 0.92);
        let cool = Vec3::new(0.90, 0.95, 1.0);
        let wrapped = |light: Vec3, wrap: f32| ((normal.dot(light) + wrap) / (1.0 + wrap)).max(0.0);
        let diffuse = warm * (1.02 * wrapped(self.key, 0.08) * key)
            + cool * (0.26 * wrapped(self.fill, 0.3) * (0.4 + 0.6 * open))
            + cool * (0.34 * wrapped(self.rim, 0.0) * (0.3 + 0.7 * open))
            + Vec3::splat(0.30 + 0.17 * normal.y) * open;
        let f0 = Vec3::splat(0.04).lerp(paint.albedo, paint.metallic);
        let grazing = Vec3::splat(1.0 - paint.roughness).max(f0);
        // Schlick's term with the roughness-dependent ceiling of Lagarde (2011).
        let fresnel = f0 + (grazing - f0) * (1.0 - n_dot_v).powi(5);
        let mirrored = 2.0 * n_dot_v * normal - view;
        // Specular occlusion of Lagarde and de Rousiers, "Moving Frostbite to PBR" (2014).
        let exponent = (-16.0 * paint.roughness - 1.0).exp2();
        let reach = ((n_dot_v + open).powf(exponent) - 1.0 + open).clamp(0.0, 1.0);
        let reflected = self.reflection(mirrored, paint.roughness, 0.35 + 0.65 * key) * reach;
        let body = paint.albedo * (1.0 - paint.metallic);
        tone_map(body * diffuse * (Vec3::ONE - fresnel) + fresnel * reflected)
    }

    /// What a surface of this roughness mirrors in a direction.
    fn reflection(&self, direction: Vec3, roughness: f32, key: f32) -> Vec3 {
        let blur = 0.03 + 0.85 * roughness * roughness + 0.12 * roughness;
        let floor = Vec3::new(0.50, 0.49, 0.48);
        let wall = Vec3::new(0.27, 0.275, 0.285);
        let ceiling = Vec3::new(0.70, 0.71, 0.73);
        let mut radiance = floor.lerp(wall, smoothstep(-0.25 - blur, 0.02 + blur, direction.y));
        radiance = radiance.lerp(ceiling, smoothstep(0.30 - blur, 0.95 + blur, direction.y));
        for (index, lamp) in self.boxes.iter().enumerate() {
            let share = if index == 0 { key } else { 1.0 };
            radiance += lamp.radiance(direction, blur) * share;
        }
        radiance
    }
}

/// The backdrop at a place of the picture, from -1 to 1 along both axes; displayed linear colour.
pub(super) fn backdrop(at: Vec2) -> Vec3 {
    let away = (at - Vec2::new(0.0, 0.15)).length();
    grey(0.885).lerp(grey(0.66), smoothstep(0.15, 1.55, away)) * Vec3::new(1.0, 1.0, 1.005)
}

/// The floor: the backdrop, darkened where the object keeps light away.
pub(super) fn floor(backdrop: Vec3, key: f32, open: f32) -> Vec3 {
    backdrop * (0.60 + 0.40 * key) * (0.35 + 0.65 * open)
}

/// The Khronos "PBR Neutral" curve: colours up to 0.8 stay what they are, highlights roll off to white.
fn tone_map(color: Vec3) -> Vec3 {
    const START: f32 = 0.8 - 0.04;
    const DESATURATION: f32 = 0.15;
    let low = color.min_element();
    let toe = if low < 0.08 { low - 6.25 * low * low } else { 0.04 };
    let color = color - toe;
    let peak = color.max_element();
    if peak < START {
        return color;
    }
    let room = 1.0 - START;
    let new_peak = 1.0 - room * room / (peak + room - START);
    let share = 1.0 / (DESATURATION * (peak - new_peak) + 1.0);
    (color * (new_peak / peak)).lerp(Vec3::splat(new_peak), 1.0 - share)
}

fn smoothstep(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
