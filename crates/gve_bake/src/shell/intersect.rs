//! Triangles that pass through each other.
//!
//! A bounding volume hierarchy over the triangles in Morton order (Karras, "Maximizing Parallelism in the
//! Construction of BVHs, Octrees, and k-d Trees", HPG 2012), as a complete binary tree of fixed shape, so that
//! it needs no links and comes out the same on any number of threads.

use glam::{DVec3, Vec3};
use rayon::prelude::*;

use super::key::Map;

/// Triangles in a leaf.
const LEAF: usize = 4;
/// Bits of the Morton code per axis.
const MORTON_BITS: u32 = 10;
/// How near to a plane a corner counts as on it, as a share of the lengths it is computed from: touching by a
/// rounding is no intersection.
const TOUCH: f64 = 1e-9;

/// A triangle: the numbers of its points, and where they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facet {
    pub(super) points: [u32; 3],
    pub(super) corners: [Vec3; 3],
}

/// An axis-aligned box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) min: Vec3,
    pub(super) max: Vec3,
}

impl Bounds {
    const EMPTY: Self = Self { min: Vec3::INFINITY, max: Vec3::NEG_INFINITY };

    fn union(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    pub(super) fn touches(&self, other: &Self) -> bool {
        self.min.cmple(other.max).all() && other.min.cmple(self.max).all()
    }
}

impl Facet {
    pub(super) fn bounds(&self) -> Bounds {
        let [a, b, c] = self.corners;
        Bounds { min: a.min(b).min(c), max: a.max(b).max(c) }
    }
}

/// Boxes in bins, so that those at a place are found at once.
pub(super) struct Places {
    bin_m: f32,
    whole: Bounds,
    bins: Map<[i32; 3], Vec<Bounds>>,
}

impl Places {
    /// Boxes, in bins that should be some times as large as what is looked for.
    pub(super) fn new(boxes: &[Bounds], bin_m: f32) -> Self {
        let mut places = Self { bin_m, whole: Bounds::EMPTY, bins: Map::default() };
        for &one in boxes {
            places.whole = places.whole.union(one);
            for bin in places.bins_of(&one) {
                places.bins.entry(bin).or_default().push(one);
            }
        }
        places
    }

    /// Whether one of the boxes touches another box.
    pub(super) fn touch(&self, other: &Bounds) -> bool {
        self.whole.touches(other)
            && self.bins_of(other).any(|bin| {
                self.bins.get(&bin).is_some_and(|boxes| boxes.iter().any(|one| one.touches(other)))
            })
    }

    fn bins_of(&self, one: &Bounds) -> impl Iterator<Item = [i32; 3]> + use<> {
        let [low, high] = [one.min, one.max].map(|p| (p / self.bin_m).floor().as_ivec3());
        (low.z..=high.z)
            .flat_map(move |z| (low.y..=high.y).flat_map(move |y| (low.x..=high.x).map(move |x| [x, y, z])))
    }
}

/// All pairs of triangles that pass through each other, each as its smaller and its larger number, in order.
/// Triangles that share a point pass through each other where they do so away from it; those that share a side
/// never do.
pub(super) fn crossing_pairs(facets: &[Facet]) -> Vec<(u32, u32)> {
    if facets.len() < 2 {
        return Vec::new();
    }
    let tree = Hierarchy::new(facets);
    let mut pairs: Vec<(u32, u32)> =
        (0..tree.leaves).into_par_iter().with_min_len(64).flat_map_iter(|leaf| tree.pairs(leaf)).collect();
    pairs.par_sort_unstable();
    pairs
}

/// The tree of boxes.
struct Hierarchy<'a> {
    facets: &'a [Facet],
    planes: Vec<Plane>,
    /// Numbers of the triangles in Morton order.
    order: Vec<u32>,
    boxes: Vec<Bounds>,
    /// Boxes of each level, the leaves first, the root last.
    levels: Vec<Vec<Bounds>>,
    leaves: usize,
}

impl<'a> Hierarchy<'a> {
    fn new(facets: &'a [Facet]) -> Self {
        let boxes: Vec<Bounds> = facets.par_iter().with_min_len(1024).map(Facet::bounds).collect();
        let whole = boxes.iter().fold(Bounds::EMPTY, |all, &one| all.union(one));
        let scale = ((1 << MORTON_BITS) - 1) as f32
            / (whole.max - whole.min).max(Vec3::splat(f32::MIN_POSITIVE)).max_element();
        let mut order: Vec<(u32, u32)> = (boxes.iter().enumerate())
            .map(|(i, one)| (morton(scale * (0.5 * (one.min + one.max) - whole.min)), i as u32))
            .collect();
        order.par_sort_unstable();
        let order: Vec<u32> = order.into_iter().map(|(_, i)| i).collect();
        let mut levels: Vec<Vec<Bounds>> = vec![
            order
                .chunks(LEAF)
                .map(|leaf| leaf.iter().fold(Bounds::EMPTY, |all, &i| all.union(boxes[i as usize])))
                .collect(),
        ];
        let leaves = levels[0].len();
        while let Some(last) = levels.last().filter(|last| last.len() > 1) {
            let next = last.chunks(2).map(|two| two.iter().fold(Bounds::EMPTY, |all, &one| all.union(one)));
            let next = next.collect();
            levels.push(next);
        }
        let planes = facets.par_iter().with_min_len(1024).map(Plane::of).collect();
        Self { facets, planes, order, boxes, levels, leaves }
    }

    fn leaf(&self, leaf: usize) -> &[u32] {
        &self.order[leaf * LEAF..self.order.len().min((leaf + 1) * LEAF)]
    }

    /// The pairs of a leaf's triangles with each other and with those of the leaves after it.
    fn pairs(&self, leaf: usize) -> Vec<(u32, u32)> {
        let mut pairs = Vec::new();
        let own = self.leaf(leaf);
        for (k, &i) in own.iter().enumerate() {
            for &j in &own[k + 1..] {
                self.push(i, j, &mut pairs);
            }
        }
        let around = self.levels[0][leaf];
        let mut open = vec![(self.levels.len() - 1, 0)];
        while let Some((level, at)) = open.pop() {
            // The last leaf below the box comes before this one.
            if ((at + 1) << level) <= leaf + 1 || !self.levels[level][at].touches(&around) {
                continue;
            }
            if level > 0 {
                let below = self.levels[level - 1].len();
                open.extend([2 * at + 1, 2 * at].into_iter().filter(|&i| i < below).map(|i| (level - 1, i)));
                continue;
            }
            for &i in own {
                if !self.boxes[i as usize].touches(&self.levels[0][at]) {
                    continue;
                }
                for &j in self.leaf(at) {
                    self.push(i, j, &mut pairs);
                }
            }
        }
        pairs
    }

    fn push(&self, i: u32, j: u32, pairs: &mut Vec<(u32, u32)>) {
        let ([s, t], [i_plane, j_plane]) =
            ([i, j].map(|i| &self.facets[i as usize]), [i, j].map(|i| &self.planes[i as usize]));
        if self.boxes[i as usize].touches(&self.boxes[j as usize])
            && s.points.iter().filter(|point| t.points.contains(point)).count() < 2
            && (pierces(&s.corners, &t.corners, j_plane) || pierces(&t.corners, &s.corners, i_plane))
        {
            pairs.push((i.min(j), i.max(j)));
        }
    }
}

/// The plane of a triangle: a normal, its length and a corner.
#[derive(Debug, Clone, Copy)]
struct Plane {
    normal: DVec3,
    length: f64,
    corner: DVec3,
}

impl Plane {
    fn of(facet: &Facet) -> Self {
        let [a, b, c] = facet.corners.map(Vec3::as_dvec3);
        let normal = (b - a).cross(c - a);
        Self { normal, length: normal.length(), corner: a }
    }
}

/// Whether a side of the first triangle passes through the inside of the second, away from a point that they
/// share.
fn pierces(s: &[Vec3; 3], t: &[Vec3; 3], &Plane { normal, length, corner }: &Plane) -> bool {
    let s = s.map(Vec3::as_dvec3);
    let heights = s.map(|p| normal.dot(p - corner));
    if heights.iter().all(|height| *height >= 0.0) || heights.iter().all(|height| *height <= 0.0) {
        return false;
    }
    let [a, b, c] = t.map(Vec3::as_dvec3);
    (0..3).any(|i| {
        let k = (i + 1) % 3;
        let ([p, q], [from, to]) = ([s[i], s[k]], [heights[i], heights[k]]);
        let least = TOUCH * length * p.distance(q);
        if from * to >= 0.0 || from.abs() < least || to.abs() < least {
            return false;
        }
        let side = |u: DVec3, v: DVec3| (u - p).cross(v - p).dot(q - p);
        let sides = [side(a, b), side(b, c), side(c, a)];
        sides.iter().all(|side| *side > 0.0) || sides.iter().all(|side| *side < 0.0)
    })
}

/// The bits of three coordinates, interleaved.
fn morton(p: Vec3) -> u32 {
    let spread = |x: f32| (0..MORTON_BITS).fold(0, |code, bit| code | (x as u32 >> bit & 1) << (3 * bit));
    spread(p.x) | spread(p.y) << 1 | spread(p.z) << 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facet(points: [u32; 3], corners: [[f32; 3]; 3]) -> Facet {
        Facet { points, corners: corners.map(Vec3::from) }
    }

    #[test]
    fn a_side_through_a_triangle_is_found_and_a_touch_is_not() {
        let flat = facet([0, 1, 2], [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
        let standing = |lift: f32| {
            facet([3, 4, 5], [[0.2, 0.2, lift - 0.5], [0.3, 0.2, lift + 0.5], [0.2, 0.4, lift + 0.5]])
        };
        assert_eq!(crossing_pairs(&[flat, standing(0.0)]), [(0, 1)]);
        assert_eq!(crossing_pairs(&[flat, standing(0.6)]), []);
        assert_eq!(crossing_pairs(&[flat, standing(0.5)]), [], "a corner on the plane");
    }

    #[test]
    fn triangles_that_share_a_point_may_pass_through_each_other_elsewhere() {
        let flat = facet([0, 1, 2], [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
        let through = facet([0, 3, 4], [[0.0, 0.0, 0.0], [0.3, 0.3, -0.2], [0.3, 0.3, 0.2]]);
        let beside = facet([0, 3, 4], [[0.0, 0.0, 0.0], [0.3, 0.3, 0.1], [0.3, 0.3, 0.2]]);
        assert_eq!(crossing_pairs(&[flat, through, beside]), [(0, 1)]);
        let on_one_side = facet([0, 1, 4], [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.3, 0.3, 0.2]]);
        assert_eq!(crossing_pairs(&[flat, on_one_side]), []);
    }

    /// The tree finds what comparing every triangle with every other one finds.
    #[test]
    fn the_tree_misses_none() {
        let scatter = |i: u32, k: f32| (i as f32 * k).fract();
        let facets: Vec<Facet> = (0..300)
            .map(|i| {
                let at = Vec3::new(scatter(i, 0.754_877), scatter(i, 0.569_84), scatter(i, 0.362_4));
                let size = if i % 50 == 0 { 0.9 } else { 0.3 };
                let corner = |k: u32| {
                    let j = 3 * i + k;
                    at + size * Vec3::new(scatter(j, 0.618_034), scatter(j, 0.414_21), scatter(j, 0.732_05))
                };
                Facet { points: [3 * i, 3 * i + 1, 3 * i + 2], corners: [corner(0), corner(1), corner(2)] }
            })
            .collect();
        let mut right = Vec::new();
        for i in 0..facets.len() {
            for j in i + 1..facets.len() {
                let pierce = |s: usize, t: usize| {
                    pierces(&facets[s].corners, &facets[t].corners, &Plane::of(&facets[t]))
                };
                if pierce(i, j) || pierce(j, i) {
                    right.push((i as u32, j as u32));
                }
            }
        }
        assert!(right.len() > 50, "{}", right.len());
        assert_eq!(crossing_pairs(&facets), right);
    }
}
