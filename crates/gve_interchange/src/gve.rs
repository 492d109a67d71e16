//! From the splats of a `.gve_bin` to a cloud and back.
//!
//! Our splats are lit by the scene: their colour is the surface's own. Splats of other programs carry the light
//! of the photographs they were trained from. A conversion leaves colours as they are and cannot tell the two
//! apart; what else it loses is said at each function.

use gve_assets::{
    AssetData, BrickCell, PartIds, Refinement, Shell, Splat, Volume, VolumeLevel, parts_of_materials,
};
use gve_types::{
    AssetCategory, Bounds, FileMetadata, MassProperties, MaterialSpec, MissingFeature,
    dna::AudioPatch,
    limits::{self, MAX_NAME_BYTES},
};

use crate::{
    cloud::{ColorSpace, SplatCloud},
    error::WriteError,
    format::Format,
    turn::{rotate, times},
};

/// What a file that was made from splats alone says of itself.
pub const WARNING: &str = "made from gaussian splats alone: it has no volume, no mesh, no mass and no recipe, and \
                           shows only as splats";
/// The shortest that a standard deviation may be in a `.gve_bin`; ours are not 0.
const MIN_SCALE_M: f32 = 1e-9;

/// The splats of a `.gve_bin` as a cloud, without harmonics, in sRGB. Lost are normal and material; the normal
/// stays to be found as the splat's z axis.
pub fn from_splats(splats: &[Splat]) -> SplatCloud {
    SplatCloud {
        positions: splats.iter().map(|s| s.position).collect(),
        rotations: splats.iter().map(|s| crate::turn::normalized(s.rotation)).collect(),
        scales: splats.iter().map(|s| s.scale).collect(),
        opacities: splats.iter().map(|s| f32::from(s.color[3]) / 255.0).collect(),
        colors: splats.iter().map(|s| [0, 1, 2].map(|i| f32::from(s.color[i]) / 255.0)).collect(),
        color_space: ColorSpace::Srgb,
        ..SplatCloud::default()
    }
}

/// The cloud as splats of a `.gve_bin`, most important first, all of the material with index 0.
///
/// Lost are harmonics from degree 1 on, what of the colours is below 0 or above 1, and steps of colour and
/// opacity finer than 1/255. The axes of a splat are renamed so that its shortest is z, which the normal is
/// then taken from; nothing tells which side of it is the outer one.
pub fn to_splats(cloud: &SplatCloud) -> Vec<Splat> {
    let mut srgb;
    let cloud = if cloud.color_space == ColorSpace::Srgb {
        cloud
    } else {
        srgb = cloud.clone();
        srgb.to_srgb();
        &srgb
    };
    let byte = |c: f32| (c.clamp(0.0, 1.0) * 255.0).round() as u8;
    let splat = |i: usize| {
        let (scale, rotation) = shortest_last(cloud.scales[i], cloud.rotations[i]);
        let [r, g, b] = cloud.colors[i].map(byte);
        Splat {
            position: cloud.positions[i],
            scale: scale.map(|s| s.clamp(MIN_SCALE_M, f32::MAX)),
            rotation,
            color: [r, g, b, byte(cloud.opacities[i])],
            normal_oct: octahedral(rotate(rotation, [0.0, 0.0, 1.0])),
            material: 0,
            reserved: 0,
        }
    };
    let mut splats: Vec<Splat> = (0..cloud.len()).map(splat).collect();
    // How much of a picture a splat fills, roughly.
    let weight = |s: &Splat| f32::from(s.color[3]) * s.scale[0] * s.scale[1];
    splats.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    splats
}

/// A whole asset of splats alone: its volume is one empty brick, its mesh has no triangle, its mass is 0, and
/// [`WARNING`] says so in the file. The material is what the splats are lit as.
///
/// # Errors
/// No splats, more than a `.gve_bin` holds, or values that no splat may have.
pub fn to_asset(cloud: &SplatCloud, name: &str, material: &MaterialSpec) -> Result<AssetData, WriteError> {
    let format = Format::GveBin;
    cloud.check(format)?;
    if cloud.is_empty() || cloud.len() > limits::MAX_SPLATS as usize {
        let expected = format!("1 to {}", limits::MAX_SPLATS);
        return Err(WriteError::new(format, "splats", expected, cloud.len()));
    }
    let splats = to_splats(cloud);
    let bounds = bounds(&splats);
    let center: [f32; 3] = std::array::from_fn(|i| 0.5 * bounds.min[i] + 0.5 * bounds.max[i]);
    let side = (0..3).map(|i| bounds.max[i] - bounds.min[i]).fold(1e-3, f32::max);
    if !(side.is_finite() && center.iter().all(|c| c.is_finite())) {
        return Err(WriteError::new(format, "size", "a finite length", side));
    }
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let materials = vec![material.clone()];
    let metadata = FileMetadata {
        name: name.get(..end).unwrap_or_default().to_owned(),
        category: AssetCategory::Prop,
        bounds,
        parts: parts_of_materials(&materials),
        materials,
        // There is no recipe.
        dna_hash: "0".repeat(64),
        compiler_version: format!("gve_interchange {}", env!("CARGO_PKG_VERSION")),
        mass: MassProperties {
            mass_kg: 0.0,
            volume_m3: 0.0,
            center_of_mass: center,
            inertia_kg_m2: [[0.0; 3]; 3],
            relative_error: 0.0,
            inertia_relative_error: 0.0,
        },
        embedding: Vec::new(),
        splats_trained: false,
        warnings: vec![WARNING.to_owned()],
        volume_lacks: vec![MissingFeature { path: "$".to_owned(), place: center, thickness_m: side }],
    };
    Ok(AssetData {
        asset_id: 0,
        version: 1,
        refinement: Refinement::Geometry,
        volume: empty_volume(center, side),
        splats,
        shell: Shell::default(),
        audio_patch: AudioPatch::default(),
        metadata,
    })
}

/// One brick around everything, in which no surface is; nothing is known of how far away one would be.
fn empty_volume(center: [f32; 3], side: f32) -> Volume {
    let level = VolumeLevel {
        cells: vec![BrickCell::empty(0.0)],
        scales: Vec::new(),
        distances: Vec::new(),
        parts: PartIds::zeros(0, 1),
    };
    Volume {
        origin: center.map(|c| c - 0.5 * side),
        cell_size: side / gve_assets::BRICK_CELLS as f32,
        lipschitz: 1.0,
        bricks: [1; 3],
        slab: [1; 2],
        levels: vec![level],
    }
}

/// A box around three standard deviations of every splat.
fn bounds(splats: &[Splat]) -> Bounds {
    let (mut min, mut max) = ([f32::MAX; 3], [f32::MIN; 3]);
    for splat in splats {
        let axes =
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|axis| rotate(splat.rotation, axis));
        for i in 0..3 {
            let reach: f32 = (0..3).map(|k| (axes[k][i] * splat.scale[k]).powi(2)).sum::<f32>().sqrt() * 3.0;
            min[i] = min[i].min(splat.position[i] - reach);
            max[i] = max[i].max(splat.position[i] + reach);
        }
    }
    Bounds { min: min.map(|c| c.max(f32::MIN)), max: max.map(|c| c.min(f32::MAX)) }
}

/// Renames the axes of a splat so that its shortest is z; the splat itself stays as it is.
fn shortest_last([x, y, z]: [f32; 3], rotation: [f32; 4]) -> ([f32; 3], [f32; 4]) {
    // A third of a turn about the diagonal takes x to y to z to x.
    if z <= x && z <= y {
        ([x, y, z], rotation)
    } else if x <= y {
        ([y, z, x], times(rotation, [0.5, 0.5, 0.5, 0.5]))
    } else {
        ([z, x, y], times(rotation, [-0.5, -0.5, -0.5, 0.5]))
    }
}

/// A unit vector as two bytes: Cigolle et al., "A Survey of Efficient Representations for Independent Unit
/// Vectors", JCGT 2014.
fn octahedral([x, y, z]: [f32; 3]) -> [i8; 2] {
    let sum = (x.abs() + y.abs() + z.abs()).max(f32::MIN_POSITIVE);
    let (u, v) = (x / sum, y / sum);
    let (u, v) = if z >= 0.0 { (u, v) } else { ((1.0 - v.abs()).copysign(u), (1.0 - u.abs()).copysign(v)) };
    [u, v].map(|c| (c * 127.0).round() as i8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::normalized;

    #[test]
    fn the_shortest_axis_becomes_z_and_nothing_moves() {
        let q = normalized([0.2, -0.4, 0.1, 0.8]);
        for scale in [[1.0, 2.0, 3.0], [2.0, 1.0, 3.0], [3.0, 2.0, 1.0], [1.0, 1.0, 2.0], [1.0; 3]] {
            let (new, r) = shortest_last(scale, q);
            assert!(new[2] <= new[0] && new[2] <= new[1]);
            // The covariance is the same.
            let covariance = |scale: [f32; 3], q: [f32; 4]| {
                let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|axis| rotate(q, axis));
                [[0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2]]
                    .map(|[i, j]| (0..3).map(|k| axes[k][i] * axes[k][j] * scale[k] * scale[k]).sum::<f32>())
            };
            for (a, b) in covariance(scale, q).iter().zip(covariance(new, r)) {
                assert!((a - b).abs() < 1e-4, "{scale:?}");
            }
        }
    }

    #[test]
    fn octahedral_normals_are_those_of_the_format() {
        assert_eq!(octahedral([1.0, 0.0, 0.0]), [127, 0]);
        assert_eq!(octahedral([0.0, 0.0, 1.0]), [0, 0]);
        assert_eq!(octahedral([0.0, 0.0, -1.0]).map(i8::abs), [127, 127]);
    }
}
