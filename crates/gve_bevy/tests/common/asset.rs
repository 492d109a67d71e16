//! Assets made from distance functions, without the bakers: an independent and obvious way.

use std::sync::Arc;

use bevy::{math::bounding::Aabb3d, prelude::*};
use gve_assets::{
    AssetData, AssetFile, BRICK_CELLS, BRICK_SAMPLES, BrickCell, PartIds, Refinement, Shell, ShellPart,
    Splat, Volume, VolumeLevel, slot_texel, texel_count,
};
use gve_bevy::prelude::*;
use gve_types::{
    Bounds, ColorMode, FileMetadata, FilePart, MassProperties, MaterialSpec, PartFrame,
    dna::{AssetCategory, AudioPatch},
};
use half::f16;

/// A shape: its distance and its part at a point.
pub struct Shape {
    pub bounds: Aabb3d,
    pub distance: Box<dyn Fn(Vec3) -> f32>,
    pub part: Box<dyn Fn(Vec3) -> u16>,
    /// The material of each part.
    pub parts: Vec<u32>,
    pub materials: Vec<MaterialSpec>,
}

impl Shape {
    pub fn new(reach: f32, distance: impl Fn(Vec3) -> f32 + 'static, material: MaterialSpec) -> Self {
        Self {
            bounds: Aabb3d::new(Vec3::ZERO, Vec3::splat(reach)),
            distance: Box::new(distance),
            part: Box::new(|_| 0),
            parts: vec![0],
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
    tree(shape, resolution, 1, |_| true)
}

/// A tree of at most so many levels. The coarsest has so many cells along the shape's longest side; a brick that
/// the surface may touch is refined where `refine` says so of its middle.
pub fn tree(shape: &Shape, resolution: u32, levels: u32, refine: impl Fn(Vec3) -> bool) -> Volume {
    let (min, max) = (Vec3::from(shape.bounds.min), Vec3::from(shape.bounds.max));
    let cell_size = (max - min).max_element() / resolution as f32;
    let origin = min - 2.0 * cell_size;
    let cells = ((max - min) / cell_size).ceil().as_uvec3() + 4;
    let bricks = cells.map(|cells| cells.div_ceil(BRICK_CELLS));
    let mut level = Level { origin, cell_size, bricks: Vec::new() };
    for z in 0..bricks.z {
        for y in 0..bricks.y {
            level.bricks.extend((0..bricks.x).map(|x| UVec3::new(x, y, z)));
        }
    }
    let mut built = Vec::new();
    while !level.bricks.is_empty() {
        let is_last = built.len() as u32 + 1 == levels;
        let (cells, stored, children) = level.cells(shape, |center| !is_last && refine(center));
        let finer = Level { cell_size: 0.5 * level.cell_size, bricks: children, ..level };
        built.push((cells, Level { bricks: stored, ..level }));
        level = finer;
    }
    let most = built.iter().map(|(_, level)| level.bricks.len()).max().unwrap();
    let side = (most as f32).cbrt().ceil() as u32;
    let slab = [side; 2];
    let levels = built.into_iter().map(|(cells, level)| level.filled(shape, slab, cells)).collect();
    Volume { origin: origin.to_array(), cell_size, lipschitz: 1.0, bricks: bricks.to_array(), slab, levels }
}

/// The bricks of one level of a tree.
struct Level {
    origin: Vec3,
    cell_size: f32,
    bricks: Vec<UVec3>,
}

impl Level {
    fn at(&self, brick: UVec3, sample: UVec3) -> Vec3 {
        self.origin + (brick * BRICK_CELLS + sample).as_vec3() * self.cell_size
    }

    /// The cells of the bricks, the bricks that are stored, and the children of those that are refined.
    fn cells(
        &self,
        shape: &Shape,
        refine: impl Fn(Vec3) -> bool,
    ) -> (Vec<BrickCell>, Vec<UVec3>, Vec<UVec3>) {
        let reach = 0.5 * 3.0_f32.sqrt() * BRICK_CELLS as f32 * self.cell_size;
        let (mut stored, mut children) = (Vec::new(), Vec::new());
        let cells = self.bricks.iter().map(|&brick| {
            let center = 0.5 * (self.at(brick, UVec3::ZERO) + self.at(brick, UVec3::splat(BRICK_CELLS)));
            let distance = (shape.distance)(center);
            if distance.abs() > reach {
                return BrickCell::empty(distance.signum() * (distance.abs() - reach));
            }
            let slot = stored.len() as u32;
            stored.push(brick);
            if !refine(center) {
                return BrickCell::stored(slot);
            }
            let group = children.len() as u32 / 8;
            children.extend((0..8).map(|i| 2 * brick + UVec3::new(i & 1, i >> 1 & 1, i >> 2)));
            BrickCell::refined(slot, group)
        });
        (cells.collect(), stored, children)
    }

    /// The level with the samples of its bricks, each brick at a scale of its own.
    fn filled(&self, shape: &Shape, slab: [u32; 2], cells: Vec<BrickCell>) -> VolumeLevel {
        let texels = texel_count(slab, self.bricks.len());
        let mut level = VolumeLevel {
            cells,
            scales: Vec::new(),
            distances: vec![f16::ZERO; texels],
            parts: PartIds::zeros(texels, shape.parts.len()),
        };
        let [width, height] = slab.map(|side| side * BRICK_SAMPLES);
        for (slot, &brick) in self.bricks.iter().enumerate() {
            let corner = UVec3::from(slot_texel(slab, slot as u32));
            let samples: Vec<_> = (0..512)
                .map(|i| {
                    let sample = UVec3::new(i & 7, i >> 3 & 7, i >> 6);
                    let texel = corner + sample;
                    let index = ((texel.z * height + texel.y) * width + texel.x) as usize;
                    let point = self.at(brick, sample);
                    level.parts.set(index, (shape.part)(point));
                    (index, (shape.distance)(point))
                })
                .collect();
            let scale = samples.iter().map(|(_, distance)| distance.abs()).fold(0.0, f32::max);
            for (index, distance) in samples {
                level.distances[index] = f16::from_f32(distance / scale);
            }
            level.scales.push(scale);
        }
        level
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
        refinement: Refinement::Geometry,
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
                center_of_mass: [0.0; 3],
                inertia_kg_m2: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
                relative_error: 0.0,
                inertia_relative_error: 0.0,
            },
            embedding: Vec::new(),
            splats_trained: false,
            warnings: Vec::new(),
            parts: shape.parts.iter().map(|&material| part(material)).collect(),
            volume_lacks: Vec::new(),
        },
    }
}

fn part(material: u32) -> FilePart {
    FilePart {
        path: "$.root_node".into(),
        name: None,
        material,
        frame: PartFrame { translation: [0.0; 3], rotation: [0.0, 0.0, 0.0, 1.0], scale: 1.0 },
        mass_kg: 1.0,
        volume_m3: 1.0,
        relative_error: 0.0,
    }
}

/// The bytes of a file that holds a shape, its shell a sphere of the same reach.
pub fn bytes(shape: &Shape, resolution: u32) -> Vec<u8> {
    let reach = Vec3::from(shape.bounds.max).max_element();
    gve_assets::encode(&data(shape, resolution, shell(&Sphere::new(reach).mesh().uv(128, 64)))).unwrap()
}

/// An asset that holds a shape.
pub fn asset(shape: &Shape, resolution: u32) -> GveAsset {
    open(&bytes(shape, resolution))
}

/// An asset that holds a shape, with another volume of it.
pub fn asset_with(shape: &Shape, volume: Volume) -> GveAsset {
    let reach = Vec3::from(shape.bounds.max).max_element();
    let mut data = data(shape, 8, shell(&Sphere::new(reach).mesh().uv(128, 64)));
    data.volume = volume;
    open(&gve_assets::encode(&data).unwrap())
}

fn open(bytes: &[u8]) -> GveAsset {
    GveAsset::new(Arc::new(AssetFile::from_bytes(bytes.to_vec()).unwrap()))
}
