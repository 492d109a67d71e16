//! Assets to test with: two that are golden files, and random ones.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod dump;
pub mod golden;
pub mod random;
pub mod seal;
pub mod tree;
pub mod walk;

use gve_assets::{AssetData, BrickCell, PartIds, Refinement, Shell, ShellPart, Splat, parts_of_materials};
use gve_types::{
    AssetCategory, Bounds, ColorMode, FileMetadata, FilePart, MassProperties, MaterialSpec, MissingFeature,
    PartFrame,
    dna::{AudioMode, AudioPatch},
};

/// The smallest useful asset: a sphere in one brick, six splats, an octahedron, one material.
pub fn minimal() -> AssetData {
    let radius = 0.25;
    let volume = tree::sample(
        tree::Frame { origin: [-0.35; 3], cell_size: 0.1, bricks: [1, 1, 1], slab: [1, 1] },
        &[tree::Plan { stored: &[(0, 0)], refined: &[], scale: 0.5 }],
        |p| (length(p) - radius, 0),
    );
    let shell = octahedron(radius);
    let splats = shell.normals.iter().map(|&normal| splat_on(normal, radius)).collect();
    AssetData {
        asset_id: 1,
        version: 1,
        refinement: Refinement::Geometry,
        volume,
        splats,
        shell,
        audio_patch: AudioPatch::default(),
        metadata: metadata("Ball", vec![steel()], radius, false),
    }
}

/// Everything at once: three levels, slots and links out of order, places without a brick, four
/// materials, a box whose corners are split, a sound with modes, an embedding, names beyond ASCII, the
/// largest asset id.
pub fn several_materials() -> AssetData {
    let (left, right) = ([-1.0375, 0.0875, 0.0875], [0.2375, -0.2625, -0.2625]);
    let field = |p: [f32; 3]| {
        let away = |c: [f32; 3]| length([p[0] - c[0], p[1] - c[1], p[2] - c[2]]);
        let (left, right) = (away(left) - 0.1, away(right) - 0.05);
        if left <= right { (left, 3) } else { (right, 1) }
    };
    let volume = tree::sample(
        tree::Frame { origin: [-1.25, -0.35, -0.35], cell_size: 0.1, bricks: [4, 1, 1], slab: [1, 2] },
        &[
            tree::Plan { stored: &[(0, 1), (2, 0)], refined: &[(0, 1), (2, 0)], scale: 1.0 },
            // Group 0 belongs to brick 2, in whose first child the ball on the right lies.
            tree::Plan { stored: &[(0, 1), (14, 0)], refined: &[(0, 0)], scale: 0.25 },
            tree::Plan { stored: &[(0, 0)], refined: &[], scale: 0.0625 },
        ],
        field,
    );
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
    metadata.parts = ["Fuß", "Öse", "", "Deckel", "Griff"]
        .iter()
        .zip([0, 1, 2, 3, 1])
        .zip(0_u8..)
        .map(|((name, material), i)| FilePart {
            path: format!("$.root_node.children[{i}]"),
            name: Some((*name).to_owned()).filter(|name| !name.is_empty()),
            material,
            frame: PartFrame {
                translation: [f32::from(i) * 0.25, 0.0, -1.0],
                rotation: [0.0, 0.6, 0.0, -0.8],
                scale: 1.0 + f32::from(i),
            },
            mass_kg: 100.0 + f32::from(i),
            volume_m3: 0.01,
            relative_error: 0.001,
        })
        .collect();
    metadata.volume_lacks = vec![MissingFeature {
        path: "$.root_node.children[1]".to_owned(),
        place: [0.25, 0.5, -0.125],
        thickness_m: 0.0015,
    }];
    metadata.warnings = vec!["$.root_node.children[1] (Öse): 1.5 mm thin".to_owned()];
    AssetData {
        asset_id: (1 << 53) - 1,
        version: 4_000_000_007,
        refinement: Refinement::TrainedSplats,
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
    let level = &mut asset.volume.levels[0];
    level.cells[0] = BrickCell::empty(1.0);
    level.scales.clear();
    level.distances.clear();
    level.parts = PartIds::zeros(0, 1);
    asset.splats.clear();
    asset.shell = Shell::default();
    asset.metadata.warnings = vec!["no surface".to_owned()];
    asset
}

fn length(p: [f32; 3]) -> f32 {
    (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt()
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
        parts: parts_of_materials(&materials),
        volume_lacks: Vec::new(),
        name: name.to_owned(),
        category: AssetCategory::Prop,
        bounds: Bounds { min: [-half; 3], max: [half; 3] },
        materials,
        dna_hash: "0123456789abcdef".repeat(4),
        compiler_version: "gve 0.1.0".to_owned(),
        mass: MassProperties {
            mass_kg: 513.8,
            volume_m3: 0.06545,
            relative_error: 0.00125,
            inertia_relative_error: 0.0025,
            center_of_mass: [0.0; 3],
            inertia_kg_m2: [[12.84, 0.0, 0.0], [0.0, 12.84, 0.0], [0.0, 0.0, 12.84]],
        },
        embedding: Vec::new(),
        splats_trained,
        warnings: Vec::new(),
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
