//! Pieces of the mesh that are no part of the object.

use std::collections::{BTreeMap, BTreeSet};

use gve_sdf::{Aabb, Evaluator, Field, Vec3, Vec4};
use rayon::prelude::*;

use super::{
    mesh::{Mesh, Triangle},
    thin::Limits,
};
use crate::points::Points;

/// A connected piece.
struct Piece {
    /// Six times the volume about its first corner, cubic metres; negative of a hollow.
    volume: f64,
    first: Option<Vec3>,
    /// Area in cells that are fine enough, and in those that are not; twice the square metres.
    areas: [f64; 2],
    bounds: Aabb,
}

impl Default for Piece {
    fn default() -> Self {
        Self { volume: 0.0, first: None, areas: [0.0; 2], bounds: Aabb::EMPTY }
    }
}

impl Piece {
    fn add(&mut self, [a, b, c]: [Vec3; 3]) {
        let first = *self.first.get_or_insert(a);
        let [a, b, c] = [a, b, c].map(|corner| (corner - first).as_dvec3());
        self.volume += a.dot(b.cross(c));
    }

    /// Whether it is a hollow that is smaller than `limit_m`: space that was enclosed where bodies touch.
    fn is_pocket(&self, limit_m: f32) -> bool {
        self.volume < 0.0 && self.bounds.size().max_element() < limit_m
    }

    /// Whether it is a piece of something that is thinner than `limit_m`, met by chance.
    fn is_crumb(&self, limit_m: f32) -> bool {
        let longest_m = self.bounds.size().max_element();
        let [sure, doubtful] = self.areas;
        longest_m < limit_m
            || doubtful > 0.0 && longest_m < CRUMB_LENGTHS * limit_m
            || doubtful > CRUMB_SHARE * (sure + doubtful)
    }
}

/// Pieces that are not longer than so many times the thinnest part, and partly in cells that are too coarse,
/// are left out.
const CRUMB_LENGTHS: f32 = 8.0;
/// Pieces of which a larger share of the area stands in cells that are too coarse are left out.
const CRUMB_SHARE: f64 = 0.25;
/// Hollows that are smaller than so many of the narrowest gaps are filled.
const POCKET: f32 = 2.0;
/// Unless the solid is at least this thick in them, as a share of the thinnest part that must be there: then they are small
/// and nothing thin.
const THICK: f32 = 0.9;
/// How often the way to where a piece is deepest is gone on, the first step as a share of half of that thickness, and
/// each step as a share of the one before.
const CLIMB_STEPS: i32 = 6;
const CLIMB: f32 = 0.4;
const CLIMB_RATIO: f32 = 0.75;
/// Most vertices of a piece from which it is asked how thick it is.
const MAX_PROBES: usize = 128;

impl Mesh {
    /// Leaves out pieces that stand in good part in cells that are too coarse for them: what the finest cells
    /// meet now and then of something that they cannot hold.
    pub(super) fn drop_crumbs(&mut self, field: &Field, limits: Limits) {
        if self.is_doubtful.is_empty() {
            return;
        }
        let pieces = self.pieces();
        let is_doubtful =
            |i: u32| (i as usize).checked_sub(self.tree_base as usize).is_some_and(|i| self.is_doubtful[i]);
        let mut all: BTreeMap<u32, Piece> = BTreeMap::new();
        for &Triangle { vertices, .. } in &self.triangles {
            let [a, b, c] = vertices.map(|i| self.positions[i as usize]);
            let area = f64::from((b - a).cross(c - a).length());
            let doubtful = vertices.iter().any(|&i| is_doubtful(i));
            let piece = all.entry(pieces[vertices[0] as usize]).or_default();
            piece.areas[usize::from(doubtful)] += area;
            piece.add([a, b, c]);
            piece.bounds = Aabb { min: piece.bounds.min.min(a), max: piece.bounds.max.max(a) };
        }
        let pockets: BTreeSet<u32> = (all.iter())
            .filter(|(_, piece)| piece.is_pocket(POCKET * limits.doubtful_m))
            .map(|(&piece, _)| piece)
            .collect();
        all.retain(|piece, found| found.is_crumb(limits.always_m) && !pockets.contains(piece));
        let mut vertices_of: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for &Triangle { vertices, .. } in &self.triangles {
            let piece = pieces[vertices[0] as usize];
            if all.contains_key(&piece) {
                vertices_of.entry(piece).or_default().extend(vertices);
            }
        }
        let vertices_of: Vec<(u32, BTreeSet<u32>)> = vertices_of.into_iter().collect();
        let mut crumbs: BTreeSet<u32> = (vertices_of.par_iter())
            .map_init(
                || Evaluator::new(field),
                |evaluator, (piece, vertices)| {
                    (!self.is_thick(evaluator, vertices, limits.doubtful_m)).then_some(*piece)
                },
            )
            .flatten_iter()
            .collect();
        crumbs.extend(pockets);
        self.triangles.retain(|triangle| !crumbs.contains(&pieces[triangle.vertices[0] as usize]));
    }

    /// Whether the solid in a piece is somewhere about as thick as the thinnest part that must be there: in its
    /// middle, or so far below one of its vertices.
    fn is_thick(&self, evaluator: &mut Evaluator, vertices: &BTreeSet<u32>, thinnest_m: f32) -> bool {
        let half_m = 0.5 * thinnest_m;
        let mut points = Points::default();
        let (mut around, mut sum) = (Aabb::EMPTY, Vec3::ZERO);
        for &vertex in vertices {
            let at = self.positions[vertex as usize];
            around = Aabb { min: around.min.min(at), max: around.max.max(at) };
            sum += at;
        }
        points.push(sum / vertices.len().max(1) as f32);
        for &vertex in vertices.iter().step_by(vertices.len().div_ceil(MAX_PROBES).max(1)) {
            points.push(self.positions[vertex as usize] - half_m * self.normals[vertex as usize]);
        }
        let (region, _) = evaluator.prune(&evaluator.root(), around.padded(2.0 * thinnest_m));
        let mut values = vec![Vec4::ZERO; points.len()];
        // The middle of few vertices is not that of the solid: on from there to where it is deeper.
        for step in 0..=CLIMB_STEPS {
            evaluator.gradients(&region, &points.xs, &points.ys, &points.zs, &mut values);
            if values.iter().any(|value| value.w < -THICK * half_m) {
                return true;
            }
            let by = CLIMB * half_m * CLIMB_RATIO.powi(step);
            for (i, value) in values.iter().enumerate() {
                let inwards = -value.truncate().normalize_or_zero();
                let at = points.get(i) + by * inwards;
                (points.xs[i], points.ys[i], points.zs[i]) = (at.x, at.y, at.z);
            }
        }
        false
    }

    /// For each vertex a number that its whole piece shares.
    fn pieces(&self) -> Vec<u32> {
        let mut parent = self.weld.clone();
        fn root(parent: &mut [u32], mut i: u32) -> u32 {
            while parent[i as usize] != i {
                parent[i as usize] = parent[parent[i as usize] as usize];
                i = parent[i as usize];
            }
            i
        }
        for &Triangle { vertices: [a, b, c], .. } in &self.triangles {
            let a = root(&mut parent, a);
            for other in [b, c] {
                let other = root(&mut parent, other);
                let (low, high) = (a.min(other), a.max(other));
                parent[high as usize] = low;
            }
        }
        (0..parent.len() as u32).map(|i| root(&mut parent, i)).collect()
    }
}
