//! Assets to test with: two that are golden files, and random ones.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod dump;
pub mod golden;
pub mod random;
pub mod walk;

use gve_assets::{AssetData, BRICK_CELLS, BRICK_SAMPLES, BrickCell, Shell, ShellPart, Splat, Volume};
use gve_types::{
    AssetCategory, Bounds, ColorMode, FileMetadata, MassProperties, MaterialSpec,
    dna::{AudioMode, AudioPatch},
};
use half::f16;

/// The smallest useful asset: a sphere in one brick, six splats, an octahedron, one material.
pub fn minimal() -> AssetData {
    let radius = 0.25;
    let volume = sample_volume([1, 1, 1], [1, 1, 1], &[0], [-0.35; 3], 0.1, |p| (length(p) - radius, 0));
    let shell = octahedron(radius);
    let splats = shell.normals.iter().map(|&normal| splat_on(normal, radius)).collect();
    AssetData {
        asset_id: 1,
        version: 1,
        volume,
        splats,
        shell,
        audio_patch: AudioPatch::default(),
        metadata: metadata("Ball", vec![steel()], radius, false),
    }
}

/// Everything at once: several bricks, slots out of order and unused, four materials, a box whose
/// corners are split, a sound with modes, an embedding, names beyond ASCII, the largest asset id.
pub fn several_materials() -> AssetData {
    let field = |p: [f32; 3]| {
        let left = length([p[0] + 0.9, p[1], p[2]]) - 0.25;
        let right = length([p[0] - 0.5, p[1], p[2]]) - 0.3;
        if left <= right { (left, 3) } else { (right, 1) }
    };
    let volume = sample_volume([4, 1, 1], [2, 2, 1], &[3, 0], [-1.25, -0.35, -0.35], 0.1, field);
    let shell = box_shell([0.5, 0.25, 0.125]);
    let splats = (0..8_u8)
        .map(|i| {
            let normal = shell.normals[usize::from(i) * 3];
            let mut splat = splat_on(normal, 0.5);
            splat.position = shell.positions[usize::from(i) * 3];
            splat.scale = [0.04 / (1.0 + f32::from(i)), 0.02, 0.001];
            splat.color = [255 - i, 17 * i, 128, 255 - 16 * i];
            splat.normal_oct = [i as i8 * 16 - 127, 127 - i as i8 * 8];
            splat.material = i % 4;
            splat
        })
        .collect();
    let mut metadata = metadata("Kästchen №7", vec![steel(), oak(), glass(), rubber()], 0.5, true);
    metadata.embedding = vec![0.5, -0.25, 0.125, 1.0e-7];
    metadata.warnings = vec!["1.5 mm thin at «Öse»".to_owned()];
    AssetData {
        asset_id: (1 << 53) - 1,
        version: 4_000_000_007,
        volume,
        splats,
        shell,
        audio_patch: AudioPatch {
            gain: 0.8,
            pitch_scale: 1.25,
            damping_scale: 0.5,
            modes: vec![
                AudioMode { frequency_hz: 440.0, decay_secs: 1.5, gain: 1.0 },
                AudioMode { frequency_hz: 1181.3, decay_secs: 0.7, gain: 0.4 },
                AudioMode { frequency_hz: 2342.05, decay_secs: 0.05, gain: 0.1 },
            ],
        },
        metadata,
    }
}

/// The least that is valid: no surface, no splats, no mesh. Small, which a fuzzer likes.
pub fn bare() -> AssetData {
    let mut asset = minimal();
    asset.volume.grid[0] = BrickCell { slot: BrickCell::EMPTY, distance: 1.0 };
    asset.splats.clear();
    asset.shell = Shell::default();
    asset.metadata.warnings = vec!["no surface".to_owned()];
    asset
}

fn length(p: [f32; 3]) -> f32 {
    (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt()
}

/// Samples a field; bricks that it crosses take the given slots in their order.
fn sample_volume(
    bricks: [u32; 3],
    atlas_bricks: [u32; 3],
    slots: &[u32],
    origin: [f32; 3],
    cell_size: f32,
    field: impl Fn([f32; 3]) -> (f32, u8),
) -> Volume {
    let side = BRICK_SAMPLES as usize;
    let texels = atlas_bricks.iter().product::<u32>() as usize * side.pow(3);
    let mut volume = Volume {
        origin,
        cell_size,
        lipschitz: 1.0,
        bricks,
        grid: Vec::new(),
        atlas_bricks,
        distances: vec![f16::ZERO; texels],
        materials: vec![0; texels],
    };
    let mut slots = slots.iter();
    let row = atlas_bricks[0] as usize * side;
    let slice = row * atlas_bricks[1] as usize * side;
    for brick in 0..bricks.iter().product() {
        let at = [brick % bricks[0], brick / bricks[0] % bricks[1], brick / (bricks[0] * bricks[1])];
        let samples: Vec<_> = (0..BRICK_SAMPLES.pow(3))
            .map(|i| {
                let local = [i % 8, i / 8 % 8, i / 64];
                let p = std::array::from_fn(|axis| {
                    origin[axis] + (at[axis] * BRICK_CELLS + local[axis]) as f32 * cell_size
                });
                (local, field(p))
            })
            .collect();
        let distances = samples.iter().map(|(_, (distance, _))| *distance);
        let nearest = distances.clone().map(f32::abs).fold(f32::INFINITY, f32::min);
        let inside = distances.clone().all(|distance| distance < 0.0);
        if inside || distances.clone().all(|distance| distance > 0.0) {
            // No point of a cell is farther from a sample than half its diagonal.
            let distance = (nearest - 0.87 * cell_size).max(0.0);
            volume.grid.push(BrickCell {
                slot: BrickCell::EMPTY,
                distance: if inside { -distance } else { distance },
            });
            continue;
        }
        let slot = *slots.next().expect("a slot for every brick on the surface");
        volume.grid.push(BrickCell { slot, distance: 0.0 });
        let [ax, ay, _] = atlas_bricks;
        let corner = [slot % ax, slot / ax % ay, slot / (ax * ay)].map(|c| c as usize * side);
        for ([i, j, k], (distance, material)) in samples {
            let texel =
                corner[0] + i as usize + (corner[1] + j as usize) * row + (corner[2] + k as usize) * slice;
            volume.distances[texel] = f16::from_f32(distance);
            volume.materials[texel] = material;
        }
    }
    assert!(slots.next().is_none(), "a brick on the surface for every slot");
    volume
}

fn octahedron(radius: f32) -> Shell {
    let axes: Vec<[f32; 3]> = (0..6)
        .map(|i| {
            let mut axis = [0.0; 3];
            axis[i / 2] = if i % 2 == 0 { 1.0 } else { -1.0 };
            axis
        })
        .collect();
    let mut indices = Vec::new();
    for [x, y, z] in [[0, 2, 4], [1, 2, 5], [1, 3, 4], [0, 3, 5]] {
        indices.extend([x, y, z]); // an even number of negative axes keeps the winding
    }
    for [x, y, z] in [[1, 2, 4], [0, 3, 4], [0, 2, 5], [1, 3, 5]] {
        indices.extend([y, x, z]);
    }
    Shell {
        positions: axes.iter().map(|axis| axis.map(|x| x * radius)).collect(),
        normals: axes,
        weld: (0..6).collect(),
        parts: vec![ShellPart { material: 0, first_index: 0, index_count: 24 }],
        indices,
    }
}

/// A box: four vertices for each face, welded to eight corners; two faces to a part.
fn box_shell(half: [f32; 3]) -> Shell {
    let mut shell = Shell::default();
    for face in 0..6_u32 {
        let (axis, sign) = (face as usize / 2, if face % 2 == 0 { 1.0 } else { -1.0 });
        let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
        let first = shell.positions.len() as u32;
        for corner in 0..4 {
            let mut position = [0.0; 3];
            position[axis] = sign * half[axis];
            position[u] = if corner & 1 == 0 { -half[u] } else { half[u] };
            position[v] = if corner & 2 == 0 { -half[v] } else { half[v] };
            let earlier = shell.positions.iter().position(|&other| other == position);
            shell.weld.push(earlier.unwrap_or(shell.positions.len()) as u32);
            shell.positions.push(position);
            let mut normal = [0.0; 3];
            normal[axis] = sign;
            shell.normals.push(normal);
        }
        let quad = if sign > 0.0 { [0, 1, 3, 0, 3, 2] } else { [0, 3, 1, 0, 2, 3] };
        shell.indices.extend(quad.map(|i| first + i));
    }
    shell.parts = [2, 0, 3]
        .iter()
        .zip(0..)
        .map(|(&material, i)| ShellPart { material, first_index: 12 * i, index_count: 12 })
        .collect();
    shell
}

/// A splat on an axis, turned so that its z is the normal.
fn splat_on(normal: [f32; 3], radius: f32) -> Splat {
    let s = std::f32::consts::FRAC_1_SQRT_2;
    let (rotation, normal_oct) = match normal {
        [1.0, ..] => ([0.0, s, 0.0, s], [127, 0]),
        [-1.0, ..] => ([0.0, -s, 0.0, s], [-127, 0]),
        [_, 1.0, _] => ([-s, 0.0, 0.0, s], [0, 127]),
        [_, -1.0, _] => ([s, 0.0, 0.0, s], [0, -127]),
        [_, _, 1.0] => ([0.0, 0.0, 0.0, 1.0], [0, 0]),
        _ => ([1.0, 0.0, 0.0, 0.0], [127, 127]),
    };
    Splat {
        position: normal.map(|x| x * radius),
        scale: [0.1, 0.1, 0.005],
        rotation,
        color: [120, 122, 125, 255],
        normal_oct,
        material: 0,
        reserved: 0,
    }
}

fn metadata(name: &str, materials: Vec<MaterialSpec>, half: f32, splats_trained: bool) -> FileMetadata {
    FileMetadata {
        name: name.to_owned(),
        category: AssetCategory::Prop,
        bounds: Bounds { min: [-half; 3], max: [half; 3] },
        materials,
        dna_hash: "0123456789abcdef".repeat(4),
        compiler_version: "gve 0.1.0".to_owned(),
        mass: MassProperties {
            mass_kg: 513.8,
            volume_m3: 0.06545,
            relative_error: 0.0,
            center_of_mass: [0.0; 3],
            inertia_kg_m2: [[12.84, 0.0, 0.0], [0.0, 12.84, 0.0], [0.0, 0.0, 12.84]],
        },
        embedding: Vec::new(),
        splats_trained,
        warnings: Vec::new(),
        parts: Vec::new(),
        volume_lacks: Vec::new(),
    }
}

fn material(spec_id: &str, display_name: &str, density_kg_m3: f32, base_color_srgb: [u8; 3]) -> MaterialSpec {
    MaterialSpec {
        spec_id: spec_id.to_owned(),
        display_name: display_name.to_owned(),
        density_kg_m3,
        youngs_modulus_gpa: 200.0,
        poissons_ratio: 0.26,
        damping_coefficient: 0.0006,
        resonance_freq_min_hz: 200.0,
        resonance_freq_max_hz: 4000.0,
        base_color_srgb,
        metallic: 0.0,
        roughness: 0.5,
        recommended_color_mode: ColorMode::Oklab,
    }
}

pub fn steel() -> MaterialSpec {
    MaterialSpec { metallic: 1.0, ..material("ASTM_A36", "Structural steel", 7850.0, [120, 122, 125]) }
}

fn oak() -> MaterialSpec {
    material("WOOD_OAK", "Oak", 720.0, [152, 118, 84])
}

fn glass() -> MaterialSpec {
    material("GLASS_SODA_LIME", "Soda-lime glass", 2500.0, [200, 220, 215])
}

fn rubber() -> MaterialSpec {
    material("RUBBER_NR", "Natural rubber", 930.0, [30, 30, 30])
}
