//! Volumes made by sampling a field in bricks that the caller names.

use gve_assets::{
    BRICK_CELLS, BRICK_SAMPLES, BRICK_TEXELS, BrickCell, PartIds, Volume, VolumeLevel, slot_texel,
    texel_count,
};
use half::f16;

/// Where the coarsest level lies.
pub struct Frame {
    pub origin: [f32; 3],
    pub cell_size: f32,
    pub bricks: [u32; 3],
    pub slab: [u32; 2],
}

/// What is stored of a level: cells with their slots, and cells with the groups they are refined into.
pub struct Plan<'a> {
    pub stored: &'a [(usize, u32)],
    pub refined: &'a [(usize, u32)],
    pub scale: f32,
}

/// Samples a field, which gives metres and a part, in the planned bricks.
pub fn sample(frame: Frame, plans: &[Plan<'_>], field: impl Fn([f32; 3]) -> (f32, u16)) -> Volume {
    let Frame { origin, cell_size, bricks, slab } = frame;
    let count = bricks.iter().product::<u32>();
    let mut places: Vec<[u32; 3]> =
        (0..count).map(|i| [i % bricks[0], i / bricks[0] % bricks[1], i / (bricks[0] * bricks[1])]).collect();
    let mut levels = Vec::new();
    for (depth, plan) in plans.iter().enumerate() {
        let cell = cell_size / (1_u32 << depth) as f32;
        levels.push(level(origin, cell, slab, &places, plan, &field));
        let mut children = vec![[0; 3]; 8 * plan.refined.len()];
        for &(parent, group) in plan.refined {
            for child in 0..8_u32 {
                let bits = [child & 1, child >> 1 & 1, child >> 2];
                children[(8 * group + child) as usize] =
                    std::array::from_fn(|axis| 2 * places[parent][axis] + bits[axis]);
            }
        }
        places = children;
    }
    Volume { origin, cell_size, lipschitz: 1.0, bricks, slab, levels }
}

fn level(
    origin: [f32; 3],
    cell_size: f32,
    slab: [u32; 2],
    places: &[[u32; 3]],
    plan: &Plan<'_>,
    field: &impl Fn([f32; 3]) -> (f32, u16),
) -> VolumeLevel {
    let texels = texel_count(slab, plan.stored.len());
    let mut level = VolumeLevel {
        cells: Vec::new(),
        scales: vec![plan.scale; plan.stored.len()],
        distances: vec![f16::ZERO; texels],
        parts: PartIds::zeros(texels, 4),
    };
    let [width, height] = slab.map(|side| (side * BRICK_SAMPLES) as usize);
    for (i, place) in places.iter().enumerate() {
        let samples: Vec<_> = (0..BRICK_TEXELS as u32)
            .map(|sample| {
                let local = [sample % 8, sample / 8 % 8, sample / 64];
                let p = std::array::from_fn(|axis| {
                    origin[axis] + (place[axis] * BRICK_CELLS + local[axis]) as f32 * cell_size
                });
                (local, field(p))
            })
            .collect();
        let Some(&(_, slot)) = plan.stored.iter().find(|(cell, _)| *cell == i) else {
            let nearest = samples.iter().map(|(_, (d, _))| d.abs()).fold(f32::INFINITY, f32::min);
            let inside = samples.iter().all(|(_, (distance, _))| *distance < 0.0);
            // No point of a cell is farther from a sample than half its diagonal.
            let bound = (nearest - 0.87 * cell_size).max(0.0);
            level.cells.push(BrickCell::empty(if inside { -bound } else { bound }));
            continue;
        };
        let group = plan.refined.iter().find(|(cell, _)| *cell == i).map(|&(_, group)| group);
        level.cells.push(group.map_or(BrickCell::stored(slot), |group| BrickCell::refined(slot, group)));
        let corner = slot_texel(slab, slot).map(|texel| texel as usize);
        for (local, (distance, part)) in samples {
            let [x, y, z]: [usize; 3] = std::array::from_fn(|axis| corner[axis] + local[axis] as usize);
            let texel = x + width * (y + height * z);
            level.distances[texel] = f16::from_f32(distance / plan.scale);
            level.parts.set(texel, part);
        }
    }
    level
}
