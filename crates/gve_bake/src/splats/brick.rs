//! The splats of one brick of the lattice.

use glam::{Vec2, Vec3, Vec4};
use gve_assets::Splat;
use gve_sdf::{Field, Region};

use super::{
    order,
    sample::{Lattice, Sampler, Surfel, Suspect},
    shape,
};
use crate::{
    points::{Points, resize},
    survey::Block,
};

/// A splat with its place in the order.
#[derive(Clone, Copy)]
pub(super) struct Seed {
    /// Smaller goes first.
    pub(super) rank: u32,
    /// Whose surface it lies on.
    pub(super) part: u16,
    pub(super) splat: Splat,
}

/// What a brick gave.
#[derive(Default)]
pub(super) struct Brick {
    pub(super) seeds: Vec<Seed>,
    /// Where the surface may have been missed.
    pub(super) suspects: Vec<Suspect>,
}

/// Colour and material of a part's splats.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    pub(super) material: u8,
    pub(super) color_srgb: [u8; 3],
}

/// One thread's evaluator and buffers.
pub(super) struct Worker<'a> {
    pub(super) sampler: Sampler,
    /// By part.
    paints: &'a [Paint],
    surfels: Vec<Surfel>,
    tangents: Vec<[Vec3; 2]>,
    points: Points,
    gradients: Vec<Vec4>,
    parts: Vec<u16>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(field: &Field, paints: &'a [Paint]) -> Self {
        Self {
            sampler: Sampler::new(field),
            paints,
            surfels: vec![],
            tangents: vec![],
            points: Points::default(),
            gradients: vec![],
            parts: vec![],
        }
    }

    /// Only how many splats a brick gives.
    pub(super) fn count(&mut self, lattice: &Lattice, block: &Block) -> usize {
        self.surfels.clear();
        self.sampler.sample(lattice, block, &mut self.surfels);
        self.surfels.len()
    }

    pub(super) fn brick(&mut self, lattice: &Lattice, block: &Block) -> Brick {
        let mut brick = Brick::default();
        self.surfels.clear();
        self.sampler.sample(lattice, block, &mut self.surfels);
        self.sampler.suspects(lattice, block, &mut brick.suspects);
        if self.surfels.is_empty() {
            return brick;
        }
        self.probe(lattice, &block.region);
        self.look_up_parts(&block.region);
        brick.seeds.reserve_exact(self.surfels.len());
        let probed = self.gradients.chunks_exact(4);
        for (((surfel, &tangents), probed), &part) in
            self.surfels.iter().zip(&self.tangents).zip(probed).zip(&self.parts)
        {
            let gaussian = shape::gaussian(surfel, tangents, probed, lattice.spacing);
            let paint = self.paints.get(usize::from(part)).copied();
            let Paint { material, color_srgb: [r, g, b] } =
                paint.unwrap_or(Paint { material: 0, color_srgb: [128; 3] });
            let splat = Splat {
                position: gaussian.position.into(),
                scale: gaussian.scale.into(),
                rotation: gaussian.rotation.into(),
                color: [r, g, b, 255],
                normal_oct: octahedral(surfel.normal),
                material,
                reserved: 0,
            };
            let (b, c) = ((surfel.axis + 1) % 3, (surfel.axis + 2) % 3);
            brick.seeds.push(Seed { rank: order::rank(surfel.node[b], surfel.node[c]), part, splat });
        }
        brick
    }

    fn probe(&mut self, lattice: &Lattice, region: &Region) {
        self.tangents.clear();
        self.points.clear();
        for surfel in &self.surfels {
            let tangents = shape::tangents(surfel, lattice.spacing);
            self.tangents.push(tangents);
            for p in shape::probes(surfel, tangents) {
                self.points.push(p);
            }
        }
        resize(&mut self.gradients, self.points.len());
        let p = &self.points;
        self.sampler.evaluator.gradients(region, &p.xs, &p.ys, &p.zs, &mut self.gradients);
    }

    fn look_up_parts(&mut self, region: &Region) {
        self.points.clear();
        for surfel in &self.surfels {
            self.points.push(surfel.position);
        }
        resize(&mut self.parts, self.points.len());
        if self.paints.len() <= 1 {
            return;
        }
        if let Some(part) = region.uniform_part() {
            self.parts.fill(part);
            return;
        }
        let p = &self.points;
        self.sampler.evaluator.parts(region, &p.xs, &p.ys, &p.zs, &mut self.parts);
    }
}

/// A unit vector as two signed bytes (Cigolle et al. 2014).
pub(super) fn octahedral(n: Vec3) -> [i8; 2] {
    let flat = n.truncate() / (n.x.abs() + n.y.abs() + n.z.abs()).max(1e-20);
    let sign = |x: f32| if x >= 0.0 { 1.0 } else { -1.0 };
    let folded = if n.z < 0.0 {
        Vec2::new((1.0 - flat.y.abs()) * sign(flat.x), (1.0 - flat.x.abs()) * sign(flat.y))
    } else {
        flat
    };
    (folded * 127.0).round().to_array().map(|x| x as i8)
}
