//! Fewer splats than the surface needs: the most important ones, drawn out over what the others covered.

use glam::{Quat, Vec2, Vec3};
use gve_assets::Splat;
use rayon::prelude::*;

use super::{
    sample::Surfel,
    shape::{self, SIGMA_PER_CELL},
};

/// Most pairs of splats that are compared; beyond, splats are enlarged without looking at their neighbours.
const MOST_PAIRS: usize = 40_000_000;

/// What one splat has to stand for: area, mean and covariance (xx, xy, yy) in its tangent plane.
#[derive(Clone, Copy, Default)]
struct Share {
    area: f32,
    first: Vec2,
    second: [f32; 3],
}

/// The first `count` of splats in their order, enlarged so that they cover what all of them do.
pub(super) fn thinned(splats: &[Splat], count: usize) -> Vec<Splat> {
    let (kept, _) = splats.split_at(count.min(splats.len()));
    if kept.len().saturating_mul(splats.len()) > MOST_PAIRS {
        let by = (splats.len() as f32 / kept.len().max(1) as f32).sqrt();
        let enlarged = |splat: &Splat| Splat { scale: splat.scale.map(|scale| by * scale), ..*splat };
        return kept.par_iter().map(enlarged).collect();
    }
    let normals: Vec<Vec3> = kept.iter().map(normal).collect();
    let owners: Vec<usize> = splats.par_iter().map(|splat| owner(splat, kept, &normals)).collect();
    let mut shares = vec![Share::default(); kept.len()];
    for (splat, &owner) in splats.iter().zip(&owners) {
        shares[owner].add(&kept[owner], splat);
    }
    kept.iter().zip(&shares).map(|(splat, share)| share.drawn_out(splat)).collect()
}

fn normal(splat: &Splat) -> Vec3 {
    Quat::from_array(splat.rotation) * Vec3::Z
}

/// The nearest kept splat, of those on the same side of a wall if there are any.
fn owner(splat: &Splat, kept: &[Splat], normals: &[Vec3]) -> usize {
    let (place, facing) = (Vec3::from(splat.position), normal(splat));
    let farness = |(other, normal): (&Splat, &Vec3)| {
        let apart = Vec3::from(other.position).distance_squared(place);
        (normal.dot(facing) < 0.0, apart)
    };
    let mut best = (0, (true, f32::INFINITY));
    for (index, pair) in kept.iter().zip(normals).enumerate() {
        let found = farness(pair);
        if (found.0, found.1) < best.1 {
            best = (index, found);
        }
    }
    best.0
}

impl Share {
    /// Adds a splat that `owner` stands for.
    fn add(&mut self, owner: &Splat, splat: &Splat) {
        let frame = Quat::from_array(owner.rotation).inverse();
        let turn = frame * Quat::from_array(splat.rotation);
        let at = (frame * (Vec3::from(splat.position) - Vec3::from(owner.position))).truncate();
        let sides = Vec2::new(splat.scale[0], splat.scale[1]) / SIGMA_PER_CELL;
        let [along, across] = [(turn * Vec3::X).truncate() * sides.x, (turn * Vec3::Y).truncate() * sides.y];
        // The variance of an even cell is a twelfth of its squared side.
        let own = |i: usize, j: usize| (along[i] * along[j] + across[i] * across[j]) / 12.0;
        let area = sides.x * sides.y;
        self.area += area;
        self.first += area * at;
        self.second[0] += area * (at.x * at.x + own(0, 0));
        self.second[1] += area * (at.x * at.y + own(0, 1));
        self.second[2] += area * (at.y * at.y + own(1, 1));
    }

    /// The splat that covers the whole share.
    fn drawn_out(&self, splat: &Splat) -> Splat {
        let rotation = Quat::from_array(splat.rotation);
        let axes = [rotation * Vec3::X, rotation * Vec3::Y];
        let mean = self.first / self.area;
        let [xx, xy, yy] = self.second.map(|sum| sum / self.area);
        let covariance = [xx - mean.x * mean.x, xy - mean.x * mean.y, yy - mean.y * mean.y];
        let surfel =
            Surfel { position: splat.position.into(), normal: rotation * Vec3::Z, axis: 0, node: [0; 3] };
        // One step of this "lattice" is a metre.
        let gaussian = shape::oriented(&surfel, axes, mean, covariance, splat.scale[1]);
        let [x, y, _] = gaussian.scale.to_array();
        Splat {
            position: gaussian.position.into(),
            scale: [x, y, splat.scale[2]],
            rotation: gaussian.rotation.into(),
            ..*splat
        }
    }
}
