//! Assets made from distance functions, without the bakers: an independent and obvious way.

use std::sync::Arc;

use bevy::{math::bounding::Aabb3d, prelude::*};
use gve_assets::{
    AssetData, AssetFile, BRICK_CELLS, BRICK_SAMPLES, BrickCell, Shell, ShellPart, Splat, Volume,
};
use gve_bevy::prelude::*;
use gve_types::{
    Bounds, ColorMode, FileMetadata, MassProperties, MaterialSpec,
    dna::{AssetCategory, AudioPatch},
};
use half::f16;

/// A shape: its distance and its material at a point.
pub struct Shape {
    pub bounds: Aabb3d,
    pub distance: Box<dyn Fn(Vec3) -> f32>,
    pub material: Box<dyn Fn(Vec3) -> u8>,
    pub materials: Vec<MaterialSpec>,
}

impl Shape {
    pub fn new(reach: f32, distance: impl Fn(Vec3) -> f32 + 'static, material: MaterialSpec) -> Self {
        Self {
            bounds: Aabb3d::new(Vec3::ZERO, Vec3::splat(reach)),
            distance: Box::new(distance),
            material: Box::new(|_| 0),
            materials: vec![material],
        }
    }

    pub fn sphere(radius: f32, material: MaterialSpec) -> Self {
        Self::new(radius, move |p| p.length() - radius, material)
    }

    /// A box with round edges.
    pub fn cube(half: f32, round: f32, material: MaterialSpec) -> Self {
        let distance = move |p: Vec3| {
            let q = p.abs() - Vec3::splat(half - round);
            q.max(Vec3::ZERO).length() + q.max_element().min(0.0) - round
        };
        Self::new(half, distance, material)
    }
}

/// A material with the given look.
pub fn material(base_color_srgb: [u8; 3], metallic: f32, roughness: f32) -> MaterialSpec {
    MaterialSpec {
        spec_id: "TEST".into(),
        display_name: "Test".into(),
        density_kg_m3: 1000.0,
        youngs_modulus_gpa: 100.0,
        poissons_ratio: 0.3,
        damping_coefficient: 0.01,
        resonance_freq_min_hz: 100.0,
        resonance_freq_max_hz: 1000.0,
        base_color_srgb,
        metallic,
        roughness,
        recommended_color_mode: ColorMode::Rgb,
    }
}

/// The volume of a shape whose distance is exact, with so many cells along its longest side.
pub fn volume(shape: &Shape, resolution: u32) -> Volume {
    let (min, max) = (Vec3::from(shape.bounds.min), Vec3::from(shape.bounds.max));
    let cell_size = (max - min).max_element() / resolution as f32;
    let origin = min - 2.0 * cell_size;
    let cells = ((max - min) / cell_size).ceil().as_uvec3() + 4;
    let bricks = cells.map(|cells| cells.div_ceil(BRICK_CELLS));
    let at = |brick: UVec3, sample: UVec3| origin + (brick * BRICK_CELLS + sample).as_vec3() * cell_size;
    let brick_reach = 0.5 * 3.0_f32.sqrt() * BRICK_CELLS as f32 * cell_size;
    let mut grid = Vec::new();
    let mut stored = Vec::new();
    for z in 0..bricks.z {
        for y in 0..bricks.y {
            for x in 0..bricks.x {
                let brick = UVec3::new(x, y, z);
                let center = (at(brick, UVec3::ZERO) + at(brick, UVec3::splat(BRICK_CELLS))) * 0.5;
                let distance = (shape.distance)(center);
                if distance.abs() > brick_reach {
                    let distance = distance.signum() * (distance.abs() - brick_reach);
                    grid.push(BrickCell { slot: BrickCell::EMPTY, distance });
                } else {
                    grid.push(BrickCell { slot: stored.len() as u32, distance: 0.0 });
                    stored.push(brick);
                }
            }
        }
    }
    let side = (stored.len() as f32).cbrt().ceil() as u32;
    let atlas_bricks = UVec3::new(side, side, (stored.len() as u32).div_ceil(side * side));
    let size = atlas_bricks * BRICK_SAMPLES;
    let texels = (size.x * size.y * size.z) as usize;
    let (mut distances, mut materials) = (vec![f16::ZERO; texels], vec![0; texels]);
    for (slot, &brick) in stored.iter().enumerate() {
        let slot = slot as u32;
        let corner = BRICK_SAMPLES * UVec3::new(slot % side, slot / side % side, slot / (side * side));
        for k in 0..BRICK_SAMPLES {
            for j in 0..BRICK_SAMPLES {
                for i in 0..BRICK_SAMPLES {
                    let sample = UVec3::new(i, j, k);
                    let texel = corner + sample;
                    let index = ((texel.z * size.y + texel.y) * size.x + texel.x) as usize;
                    let point = at(brick, sample);
                    distances[index] = f16::from_f32((shape.distance)(point));
                    materials[index] = (shape.material)(point);
                }
            }
        }
    }
    Volume {
        origin: origin.to_array(),
        cell_size,
        lipschitz: 1.0,
        bricks: bricks.to_array(),
        grid,
        atlas_bricks: atlas_bricks.to_array(),
        distances,
        materials,
    }
}

/// The shell that Bevy's mesh of the same shape makes.
pub fn shell(mesh: &Mesh) -> Shell {
    let floats = |attribute| mesh.attribute(attribute).unwrap().as_float3().unwrap().to_vec();
    let positions = floats(Mesh::ATTRIBUTE_POSITION);
    let indices: Vec<u32> = mesh.indices().unwrap().iter().map(|index| index as u32).collect();
    Shell {
        normals: floats(Mesh::ATTRIBUTE_NORMAL),
        weld: (0..positions.len() as u32).collect(),
        parts: vec![ShellPart { material: 0, first_index: 0, index_count: indices.len() as u32 }],
        positions,
        indices,
    }
}

/// Everything that a file holds, with one splat.
pub fn data(shape: &Shape, resolution: u32, shell: Shell) -> AssetData {
    AssetData {
        asset_id: 7,
        version: 1,
        volume: volume(shape, resolution),
        splats: vec![Splat {
            position: [0.0; 3],
            scale: [0.1; 3],
            rotation: [0.0, 0.0, 0.0, 1.0],
            color: [255; 4],
            normal_oct: [0, 127],
            material: 0,
            reserved: 0,
        }],
        shell,
        audio_patch: AudioPatch::default(),
        metadata: FileMetadata {
            name: "test".into(),
            category: AssetCategory::Prop,
            bounds: Bounds {
                min: Vec3::from(shape.bounds.min).to_array(),
                max: Vec3::from(shape.bounds.max).to_array(),
            },
            materials: shape.materials.clone(),
            dna_hash: "0".repeat(64),
            compiler_version: "test".into(),
            mass: MassProperties {
                mass_kg: 1.0,
                volume_m3: 1.0,
                relative_error: 0.0,
                center_of_mass: [0.0; 3],
                inertia_kg_m2: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            },
            embedding: Vec::new(),
            splats_trained: false,
            warnings: Vec::new(),
            parts: Vec::new(),
            volume_lacks: Vec::new(),
        },
    }
}

/// The bytes of a file that holds a shape, its shell a sphere of the same reach.
pub fn bytes(shape: &Shape, resolution: u32) -> Vec<u8> {
    let reach = Vec3::from(shape.bounds.max).max_element();
    gve_assets::encode(&data(shape, resolution, shell(&Sphere::new(reach).mesh().uv(128, 64)))).unwrap()
}

/// An asset that holds a shape.
pub fn asset(shape: &Shape, resolution: u32) -> GveAsset {
    GveAsset::new(Arc::new(AssetFile::from_bytes(bytes(shape, resolution)).unwrap()))
}
