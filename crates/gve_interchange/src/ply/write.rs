//! Writing PLY.

use super::{Axes, OPACITY, half_turn};
use crate::{
    cloud::{ColorSpace, SplatCloud, coefficients},
    color,
    error::WriteError,
    format::Format,
};

/// The cloud as a binary little-endian file, in sRGB.
///
/// Opacities are at least 10⁻⁶ and at most 1 - 10⁻⁶, so that their logits are finite; standard deviations are
/// at least the smallest normal number, so that their logarithms are. What the file cannot say is lost: that
/// the splats are antialiased.
///
/// # Errors
/// [`WriteError`] for what no splat may have.
pub fn write(cloud: &SplatCloud, axes: Axes) -> Result<Vec<u8>, WriteError> {
    cloud.check(Format::Ply)?;
    let mut changed;
    let mut cloud = cloud;
    if axes == Axes::YDown || cloud.color_space != ColorSpace::Srgb {
        changed = cloud.clone();
        changed.to_srgb();
        if axes == Axes::YDown {
            half_turn(&mut changed);
        }
        cloud = &changed;
    }
    let rest = coefficients(cloud.degree);
    let mut file = header(cloud.len(), rest);
    file.reserve(cloud.len() * 4 * (17 + 3 * rest));
    for i in 0..cloud.len() {
        let mut put = |number: f32| file.extend_from_slice(&number.to_le_bytes());
        cloud.positions[i].into_iter().for_each(&mut put);
        // No normals: what reads them at all expects 0.
        [0.0; 3].into_iter().for_each(&mut put);
        cloud.colors[i].map(color::to_coefficient).into_iter().for_each(&mut put);
        let harmonics = cloud.harmonics_of(i);
        (0..3).flat_map(|channel| harmonics.iter().map(move |c| c[channel])).for_each(&mut put);
        let opacity = cloud.opacities[i].clamp(*OPACITY.start(), *OPACITY.end());
        put((opacity / (1.0 - opacity)).ln());
        cloud.scales[i].map(|scale| scale.max(f32::MIN_POSITIVE).ln()).into_iter().for_each(&mut put);
        let [x, y, z, w] = cloud.rotations[i];
        [w, x, y, z].into_iter().for_each(&mut put);
    }
    Ok(file)
}

/// The reference's properties in its order. No comment: some readers know exactly these lines.
fn header(splats: usize, rest: usize) -> Vec<u8> {
    let mut text = format!("ply\nformat binary_little_endian 1.0\nelement vertex {splats}\n");
    let mut property = |name: &str| text.push_str(&format!("property float {name}\n"));
    ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"].into_iter().for_each(&mut property);
    (0..3 * rest).for_each(|i| property(&format!("f_rest_{i}")));
    ["opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
        .into_iter()
        .for_each(property);
    text.push_str("end_header\n");
    text.into_bytes()
}
