//! The atlas: bricks laid out as one 3D texture.

use gve_assets::BRICK_SAMPLES;
use half::f16;
use rayon::prelude::*;

use super::brick::SAMPLES;

const SIDE: usize = BRICK_SAMPLES as usize;

/// Bricks along the sides of a near-cubic atlas for `count` bricks.
pub(super) fn layout(count: u32) -> [u32; 3] {
    let x = (1..=count.max(1)).find(|&x| u64::from(x).pow(3) >= u64::from(count)).unwrap_or(1);
    let y = (1..=x).find(|&y| u64::from(x) * u64::from(y) * u64::from(x) >= u64::from(count)).unwrap_or(x);
    [x, y, count.div_ceil(x * y).max(1)]
}

/// Copies bricks of 8³ samples to their places; places without a brick are zero.
pub(super) fn assemble(bricks: &[(&[f16], &[u8])], [ax, ay, az]: [u32; 3]) -> (Vec<f16>, Vec<u8>) {
    let (ax, ay, az) = (ax as usize, ay as usize, az as usize);
    let texels = ax * ay * az * SAMPLES;
    let (mut distances, mut materials) = (vec![f16::ZERO; texels], vec![0; texels]);
    // A row of bricks along x and y is one contiguous stretch of 8 texel layers.
    let layer = ax * ay * SAMPLES;
    let stride = [SIDE, ax * SIDE, ax * SIDE * ay * SIDE];
    (distances.par_chunks_mut(layer), materials.par_chunks_mut(layer), bricks.par_chunks(ax * ay))
        .into_par_iter()
        .for_each(|(distances, materials, bricks)| {
            for (slot, (from_distances, from_materials)) in bricks.iter().enumerate() {
                let start = slot % ax * stride[0] + slot / ax * SIDE * stride[1];
                let rows = from_distances.chunks_exact(SIDE).zip(from_materials.chunks_exact(SIDE));
                for (row, (row_distances, row_materials)) in rows.enumerate() {
                    let at = start + row % SIDE * stride[1] + row / SIDE * stride[2];
                    distances[at..at + SIDE].copy_from_slice(row_distances);
                    materials[at..at + SIDE].copy_from_slice(row_materials);
                }
            }
        });
    (distances, materials)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gve_types::limits;

    #[test]
    fn an_atlas_is_near_cubic_holds_all_and_fits_a_texture() {
        for count in [1, 2, 7, 8, 9, 26, 27, 28, 1000, 12_345, super::super::MAX_BRICKS as u32] {
            let [x, y, z] = layout(count);
            assert!(x * y * z >= count, "{count}: {x} {y} {z}");
            assert!(x * y * (z - 1) < count, "{count} leaves a whole layer empty: {x} {y} {z}");
            assert!(x - y <= 2 && x - z <= 2, "{count} is not near-cubic: {x} {y} {z}");
            assert!(x.max(y).max(z) * BRICK_SAMPLES <= limits::MAX_TEXTURE_3D_TEXELS);
        }
    }

    #[test]
    fn each_brick_lands_where_its_slot_says() {
        let bricks: Vec<(Vec<f16>, Vec<u8>)> = (0..11)
            .map(|brick| {
                let value = |i: usize| (brick * SAMPLES + i) % 2048;
                let distances = (0..SAMPLES).map(|i| f16::from_f32(value(i) as f32)).collect();
                (distances, (0..SAMPLES).map(|i| (value(i) % 251) as u8).collect())
            })
            .collect();
        let views: Vec<(&[f16], &[u8])> = bricks.iter().map(|(d, m)| (d.as_slice(), m.as_slice())).collect();
        let [ax, ay, az] = layout(views.len() as u32);
        let (distances, materials) = assemble(&views, [ax, ay, az]);
        let [width, height] = [ax as usize * SIDE, ay as usize * SIDE];
        assert_eq!(distances.len(), width * height * az as usize * SIDE);
        for (slot, (from_distances, from_materials)) in views.iter().enumerate() {
            let corner = [slot % ax as usize, slot / ax as usize % ay as usize, slot / (ax * ay) as usize];
            for i in 0..SAMPLES {
                let [x, y, z] = [i % SIDE, i / SIDE % SIDE, i / SIDE / SIDE];
                let texel =
                    corner[0] * SIDE + x + width * (corner[1] * SIDE + y + height * (corner[2] * SIDE + z));
                assert_eq!(distances[texel], from_distances[i]);
                assert_eq!(materials[texel], from_materials[i]);
            }
        }
    }
}
