//! A torus of thin surfels: a cloud of splats of any size, for measuring.

use std::{f32::consts::TAU, sync::Arc};

use anyhow::Context;
use bevy::math::{Quat, Vec3};
use gve_assets::{
    AssetData, AssetFile, BrickCell, PartIds, Refinement, Shell, ShellPart, Splat, Volume, VolumeLevel,
};
use gve_bevy::prelude::*;
use gve_types::{
    Bounds, FileMetadata, MassProperties, MaterialTable,
    dna::{AssetCategory, AudioPatch},
};

/// Metres from the middle of the torus to the middle of its tube.
pub const MAJOR_RADIUS: f32 = 6.0;
/// Metres from the middle of its tube to its surface.
pub const MINOR_RADIUS: f32 = 2.5;

/// The surfels, in an order of which every prefix is spread evenly.
fn surfels(count: u32) -> Vec<Splat> {
    let area = TAU * MAJOR_RADIUS * TAU * MINOR_RADIUS / count as f32;
    let sigma = area.sqrt() * 0.6;
    // Additive recurrence with the two-dimensional golden ratio (Roberts, "The Unreasonable Effectiveness of
    // Quasirandom Sequences", 2018).
    const STEP: [f64; 2] = [0.754_877_666_246_693, 0.569_840_290_998_053];
    (0..count)
        .map(|i| {
            let [u, v] = STEP.map(|step| ((0.5 + step * f64::from(i)).fract() * f64::from(TAU)) as f32);
            let outward = Vec3::new(u.cos(), 0.0, u.sin());
            let normal = outward * v.cos() + Vec3::Y * v.sin();
            let position = outward * MAJOR_RADIUS + normal * MINOR_RADIUS;
            let shade = |phase: f32| (140.0 + 100.0 * (3.0 * u + phase).sin()) as u8;
            Splat {
                position: position.to_array(),
                scale: [sigma, sigma, sigma * 0.1],
                rotation: Quat::from_rotation_arc(Vec3::Z, normal).normalize().to_array(),
                color: [shade(0.0), shade(2.0), shade(4.0), 240],
                normal_oct: octahedral(normal),
                material: 0,
                reserved: 0,
            }
        })
        .collect()
}

/// The code of a direction in a file; docs/format.md.
fn octahedral(n: Vec3) -> [i8; 2] {
    let p = n / (n.x.abs() + n.y.abs() + n.z.abs());
    let fold = |a: f32, b: f32| (1.0 - b.abs()) * if a >= 0.0 { 1.0 } else { -1.0 };
    let (x, y) = if n.z >= 0.0 { (p.x, p.y) } else { (fold(p.x, p.y), fold(p.y, p.x)) };
    [(x * 127.0).round() as i8, (y * 127.0).round() as i8]
}

/// An asset of these surfels; its volume and its shell are as small as a file allows.
///
/// # Errors
/// When the file cannot be made, for its size for example.
pub fn asset(count: u32) -> anyhow::Result<GveAsset> {
    let material = MaterialTable::builtin().iter().next().context("there are materials")?.clone();
    let reach = MAJOR_RADIUS + MINOR_RADIUS;
    let materials = vec![material];
    let data = AssetData {
        asset_id: 0,
        version: 1,
        refinement: Refinement::Geometry,
        volume: Volume {
            origin: [0.0; 3],
            cell_size: 0.1,
            lipschitz: 1.0,
            bricks: [1; 3],
            slab: [1; 2],
            levels: vec![VolumeLevel {
                cells: vec![BrickCell::stored(0)],
                scales: vec![1.0],
                distances: vec![Default::default(); 512],
                parts: PartIds::U8(vec![0; 512]),
            }],
        },
        splats: surfels(count),
        shell: Shell {
            positions: vec![[0.0; 3], [0.01, 0.0, 0.0], [0.0, 0.01, 0.0], [0.0, 0.0, 0.01]],
            normals: vec![[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            weld: vec![0, 1, 2, 3],
            indices: vec![0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3],
            parts: vec![ShellPart { material: 0, first_index: 0, index_count: 12 }],
        },
        audio_patch: AudioPatch::default(),
        metadata: FileMetadata {
            name: "Torus".into(),
            category: AssetCategory::Prop,
            bounds: Bounds { min: [-reach, -MINOR_RADIUS, -reach], max: [reach, MINOR_RADIUS, reach] },
            parts: gve_assets::parts_of_materials(&materials),
            materials,
            dna_hash: "0".repeat(64),
            compiler_version: "stress".into(),
            mass: MassProperties {
                mass_kg: 1.0,
                volume_m3: 1.0,
                relative_error: 0.0,
                inertia_relative_error: 0.0,
                center_of_mass: [0.0; 3],
                inertia_kg_m2: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            },
            embedding: Vec::new(),
            splats_trained: false,
            warnings: Vec::new(),
            volume_lacks: Vec::new(),
        },
    };
    Ok(GveAsset::new(Arc::new(AssetFile::from_bytes(gve_assets::encode(&data)?)?)))
}
