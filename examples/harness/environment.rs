//! A photo studio as an environment map: a bright ceiling, two soft boxes and a rim light, made of
//! spherical gaussians so that every roughness level is blurred in closed form.
//!
//! Spherical gaussians after Wang et al., "All-Frequency Rendering of Dynamic, Spatially-Varying
//! Reflectance", SIGGRAPH Asia 2009.

use bevy::{
    asset::RenderAssetUsages,
    image::Image,
    light::EnvironmentMapLight,
    math::{Vec3, Vec4},
    prelude::*,
    render::render_resource::{
        Extent3d, TextureDimension, TextureFormat, TextureViewDescriptor, TextureViewDimension,
    },
};

/// Side of the sharpest specular face in texels.
const SPECULAR_SIZE: u32 = 64;
const SPECULAR_MIPS: u32 = 7;
const DIFFUSE_SIZE: u32 = 16;

/// A lamp: a lobe of light about a direction.
struct Lamp {
    direction: Vec3,
    /// Sharpness of the lobe: larger is smaller and crisper.
    sharpness: f32,
    radiance: Vec3,
}

fn lamps() -> [Lamp; 4] {
    [
        Lamp { direction: Vec3::new(0.6, 0.7, 0.5), sharpness: 14.0, radiance: Vec3::new(5.0, 4.8, 4.5) },
        Lamp { direction: Vec3::new(-0.9, 0.35, 0.4), sharpness: 9.0, radiance: Vec3::new(1.7, 1.9, 2.2) },
        Lamp { direction: Vec3::new(-0.1, 0.45, -1.0), sharpness: 18.0, radiance: Vec3::new(3.0, 3.0, 3.2) },
        Lamp { direction: Vec3::Y, sharpness: 2.0, radiance: Vec3::new(0.9, 0.95, 1.0) },
    ]
}

/// Light from a direction as a surface blurs it whose reflection lobe has the given sharpness.
fn radiance(direction: Vec3, lobe_sharpness: f32) -> Vec3 {
    let horizon = 0.5 + 0.5 * direction.y;
    let mut light = Vec3::new(0.11, 0.105, 0.10).lerp(Vec3::new(0.40, 0.42, 0.46), horizon);
    for lamp in lamps() {
        // The product of two lobes about one axis keeps its energy while it widens.
        let sharpness = 1.0 / (1.0 / lamp.sharpness + 1.0 / lobe_sharpness);
        let height = sharpness / lamp.sharpness;
        let cosine = lamp.direction.normalize_or_zero().dot(direction);
        light += lamp.radiance * height * ops::exp(sharpness * (cosine - 1.0));
    }
    light
}

/// The studio as an environment light for a camera.
pub fn studio_light(images: &mut Assets<Image>) -> EnvironmentMapLight {
    // A cosine lobe is close to a gaussian of sharpness 2.1.
    let diffuse_map = images.add(cube(DIFFUSE_SIZE, 1, |_| 2.1));
    let specular_map = images.add(cube(SPECULAR_SIZE, SPECULAR_MIPS, |mip| {
        let roughness = (mip as f32 / (SPECULAR_MIPS - 1) as f32).max(0.04);
        let alpha = roughness * roughness;
        // GGX about the half vector; the reflected direction turns twice as fast, so a quarter of it.
        0.5 / (alpha * alpha)
    }));
    EnvironmentMapLight { diffuse_map, specular_map, intensity: 430.0, ..default() }
}

/// A cube map whose mip levels are blurred by lobes of the given sharpness.
fn cube(size: u32, mips: u32, lobe_sharpness: impl Fn(u32) -> f32) -> Image {
    let mut texels = Vec::new();
    for face in 0..6 {
        for mip in 0..mips {
            let side = size >> mip;
            for y in 0..side {
                for x in 0..side {
                    let light = radiance(face_direction(face, x, y, side), lobe_sharpness(mip));
                    texels.extend(half_floats(light.extend(1.0)));
                }
            }
        }
    }
    let extent = Extent3d { width: size, height: size, depth_or_array_layers: 6 };
    let mut image = Image::new_uninit(
        extent,
        TextureDimension::D2,
        TextureFormat::Rgba16Float,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.texture_descriptor.mip_level_count = mips;
    image.texture_view_descriptor =
        Some(TextureViewDescriptor { dimension: Some(TextureViewDimension::Cube), ..default() });
    image.data = Some(texels);
    image
}

/// The direction in the world of a texel of a cube map face. Cube maps are left-handed: z is flipped.
fn face_direction(face: u32, x: u32, y: u32, side: u32) -> Vec3 {
    let u = 2.0 * (x as f32 + 0.5) / side as f32 - 1.0;
    let v = 2.0 * (y as f32 + 0.5) / side as f32 - 1.0;
    let cube = match face {
        0 => Vec3::new(1.0, -v, -u),
        1 => Vec3::new(-1.0, -v, u),
        2 => Vec3::new(u, 1.0, v),
        3 => Vec3::new(u, -1.0, -v),
        4 => Vec3::new(u, -v, 1.0),
        _ => Vec3::new(-u, -v, -1.0),
    };
    Vec3::new(cube.x, cube.y, -cube.z).normalize()
}

fn half_floats(texel: Vec4) -> [u8; 8] {
    let mut bytes = [0; 8];
    for (pair, value) in bytes.chunks_exact_mut(2).zip(texel.to_array()) {
        pair.copy_from_slice(&half::f16::from_f32(value).to_le_bytes());
    }
    bytes
}
