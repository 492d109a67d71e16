//! Random assets that are valid, from a handful of sizes and a seed.

use gve_assets::{
    AssetData, BrickCell, PartIds, Refinement, Shell, ShellPart, Splat, Volume, VolumeLevel, texel_count,
};
use gve_types::{
    FileMetadata, FilePart, MissingFeature, PartFrame,
    dna::{AudioMode, AudioPatch},
};
use half::f16;
use proptest::prelude::*;

/// What a random asset is made of.
#[derive(Debug, Clone)]
pub struct Recipe {
    pub seed: u64,
    pub bricks: [u32; 3],
    pub slab: [u32; 2],
    pub levels: u32,
    /// How many of 256 cells are stored.
    pub stored_of_256: u32,
    pub splats: u32,
    pub vertices: u32,
    pub triangles: u32,
    pub materials: u32,
    pub modes: u32,
    pub name: String,
}

/// Small assets of every kind, the empty shell and the cloud of no splats included.
pub fn recipes() -> impl Strategy<Value = Recipe> {
    let volume = ([1_u32..5, 1_u32..4, 1_u32..4], [1_u32..4, 1_u32..3], 1_u32..6, 0_u32..200);
    let sizes = (0_u32..40, 0_u32..30, 0_u32..40, 1_u32..=255, 0_u32..=64);
    (any::<u64>(), volume, sizes, ".{0,32}").prop_map(
        |(seed, (bricks, slab, levels, stored_of_256), sizes, name)| {
            let (splats, vertices, triangles, materials, modes) = sizes;
            let triangles = if vertices == 0 { 0 } else { triangles };
            Recipe {
                seed,
                bricks,
                slab,
                levels,
                stored_of_256,
                splats,
                vertices,
                triangles,
                materials,
                modes,
                name,
            }
        },
    )
}

/// `SplitMix64`: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u32) -> u32 {
        (self.next() % u64::from(limit.max(1))) as u32
    }

    /// Any finite float, denormals and negative zero included.
    fn finite(&mut self) -> f32 {
        loop {
            let value = f32::from_bits(self.next() as u32);
            if value.is_finite() {
                return value;
            }
        }
    }

    fn unit_interval(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    fn unit<const N: usize>(&mut self) -> [f32; N] {
        loop {
            let v: [f32; N] = std::array::from_fn(|_| self.unit_interval() * 2.0 - 1.0);
            let length = v.iter().map(|x| x * x).sum::<f32>().sqrt();
            if length > 0.1 {
                return v.map(|x| x / length);
            }
        }
    }

    fn vector(&mut self) -> [f32; 3] {
        std::array::from_fn(|_| self.finite())
    }
}

/// The asset of a recipe; the same recipe always gives the same one.
pub fn asset(recipe: &Recipe) -> AssetData {
    let mut random = Random(recipe.seed);
    let refinement = Refinement::ALL[random.below(3) as usize];
    let splats_trained = refinement == Refinement::TrainedSplats;
    AssetData {
        asset_id: random.next() >> 11,
        version: random.next() as u32,
        refinement,
        volume: volume(recipe, &mut random),
        splats: (0..recipe.splats).map(|_| splat(recipe, &mut random)).collect(),
        shell: shell(recipe, &mut random),
        audio_patch: AudioPatch {
            gain: random.finite(),
            pitch_scale: random.finite(),
            damping_scale: random.finite(),
            modes: (0..recipe.modes)
                .map(|_| AudioMode {
                    frequency_hz: random.finite(),
                    decay_secs: random.finite(),
                    gain: random.finite(),
                })
                .collect(),
        },
        metadata: metadata(recipe, splats_trained, &mut random),
    }
}

fn volume(recipe: &Recipe, random: &mut Random) -> Volume {
    let mut levels = Vec::new();
    let mut count = recipe.bricks.iter().product::<u32>();
    // Cells that are left over for the levels to come, so that no level is without limit.
    let mut room = 4 * count.max(64);
    while count > 0 {
        let mut level = level(recipe, count, random);
        room = room.saturating_sub(count);
        count = 0;
        if levels.len() as u32 + 1 < recipe.levels {
            let mut stored: Vec<usize> =
                (0..level.cells.len()).filter(|&i| level.cells[i].is_stored()).collect();
            let groups = random.below(1 + (stored.len() as u32).min(room / 8));
            for group in 0..groups {
                let cell = stored.swap_remove(random.below(stored.len() as u32) as usize);
                level.cells[cell].link = group;
            }
            count = 8 * groups;
        }
        levels.push(level);
    }
    Volume {
        origin: std::array::from_fn(|_| random.unit_interval() * 100.0 - 50.0),
        cell_size: random.unit_interval() + 1e-5,
        lipschitz: 1.0 + 10.0 * random.unit_interval(),
        bricks: recipe.bricks,
        slab: recipe.slab,
        levels,
    }
}

/// More than one byte counts, for every third recipe.
fn part_count(recipe: &Recipe) -> u32 {
    if recipe.seed.is_multiple_of(3) { recipe.materials + 256 } else { recipe.materials }
}

fn level(recipe: &Recipe, count: u32, random: &mut Random) -> VolumeLevel {
    let is_stored: Vec<bool> = (0..count).map(|_| random.below(256) < recipe.stored_of_256).collect();
    let stored = is_stored.iter().filter(|&&stored| stored).count();
    let mut slots: Vec<u32> = (0..stored as u32).collect();
    let cells = is_stored
        .into_iter()
        .map(|stored| {
            if !stored {
                return BrickCell::empty(random.finite());
            }
            BrickCell::stored(slots.swap_remove(random.below(slots.len() as u32) as usize))
        })
        .collect();
    let texels = texel_count(recipe.slab, stored);
    let parts: Vec<u16> = (0..texels).map(|_| random.below(part_count(recipe)) as u16).collect();
    VolumeLevel {
        cells,
        scales: (0..stored).map(|_| random.unit_interval() + 1e-6).collect(),
        parts: if part_count(recipe) > 256 {
            PartIds::U16(parts)
        } else {
            PartIds::U8(parts.into_iter().map(|part| part as u8).collect())
        },
        distances: (0..texels)
            .map(|_| {
                let value = f16::from_bits(random.next() as u16);
                if value.is_finite() { value } else { f16::MAX }
            })
            .collect(),
    }
}

fn splat(recipe: &Recipe, random: &mut Random) -> Splat {
    Splat {
        position: random.vector(),
        scale: std::array::from_fn(|_| random.finite().abs().max(f32::MIN_POSITIVE)),
        rotation: random.unit(),
        color: (random.next() as u32).to_le_bytes(),
        normal_oct: [random.next() as i8, random.next() as i8],
        material: random.below(recipe.materials) as u8,
        reserved: 0,
    }
}

fn shell(recipe: &Recipe, random: &mut Random) -> Shell {
    let mut shell = Shell::default();
    for vertex in 0..recipe.vertices {
        let earlier = random.below(vertex + 1);
        let first = if random.below(3) == 0 { shell.weld.get(earlier as usize).copied() } else { None };
        shell.weld.push(first.unwrap_or(vertex));
        let position = first.map_or_else(|| random.vector(), |first| shell.positions[first as usize]);
        shell.positions.push(position);
        shell.normals.push(random.unit());
    }
    shell.indices = (0..3 * recipe.triangles).map(|_| random.below(recipe.vertices)).collect();
    let (mut material, mut first_index) = (random.below(recipe.materials), 0);
    let total = 3 * recipe.triangles;
    while first_index < total {
        let last = material + 1 == recipe.materials;
        let left = (total - first_index) / 3;
        let index_count = if last { 3 * left } else { 3 * (1 + random.below(left)) };
        shell.parts.push(ShellPart { material, first_index, index_count });
        first_index += index_count;
        material += 1;
    }
    shell
}

fn metadata(recipe: &Recipe, splats_trained: bool, random: &mut Random) -> FileMetadata {
    let mut metadata = super::minimal().metadata;
    metadata.name = recipe.name.chars().take(32).collect();
    metadata.bounds.min = random.vector();
    metadata.bounds.max = metadata.bounds.min.map(|x| x.max(random.finite()));
    metadata.materials = (0..recipe.materials)
        .map(|i| {
            let mut material = super::steel();
            material.spec_id = format!("MATERIAL_{i}");
            material.density_kg_m3 = random.finite();
            material.roughness = random.finite();
            material
        })
        .collect();
    metadata.parts = (0..part_count(recipe))
        .map(|i| FilePart {
            path: format!("$.root_node.children[{i}]"),
            name: (i % 2 == 0).then(|| format!("{i}")),
            material: random.below(recipe.materials),
            frame: PartFrame { translation: random.vector(), rotation: random.unit(), scale: 0.5 },
            mass_kg: random.finite(),
            volume_m3: random.finite(),
            relative_error: random.unit_interval(),
        })
        .collect();
    metadata.volume_lacks = (0..random.below(3))
        .map(|i| MissingFeature {
            path: format!("$.root_node.children[{i}]"),
            place: random.vector(),
            thickness_m: random.finite(),
        })
        .collect();
    metadata.mass.relative_error = random.unit_interval();
    metadata.mass.inertia_relative_error = random.unit_interval();
    metadata.mass.mass_kg = random.finite();
    metadata.mass.center_of_mass = random.vector();
    metadata.mass.inertia_kg_m2 = std::array::from_fn(|_| random.vector());
    metadata.embedding = (0..random.below(20)).map(|_| random.finite()).collect();
    metadata.splats_trained = splats_trained;
    metadata.warnings = (0..random.below(3)).map(|i| format!("{}: {i}", recipe.name)).collect();
    metadata
}
