//! Distances at the corners of halved cells, and the crossings of their edges.

use std::ops::Range;

use glam::UVec3;
use gve_sdf::Evaluator;
use rayon::prelude::*;

use super::{Tree, node_edges};
use crate::{
    points::{Points, resize},
    shell::{
        inspect::settled,
        key::{SideKey, point_key, point_of},
        lines::{Line, Tracer},
    },
};

/// Points or edges that are handed to a thread at a time, at most.
const CHUNK: usize = 4096;

impl Tree<'_> {
    /// Evaluates the corners of new nodes.
    pub(super) fn sample(&mut self, nodes: Range<usize>) {
        let mut wanted: Vec<(u32, u64)> = Vec::with_capacity(4 * nodes.len());
        for node in &self.nodes[nodes] {
            let side = self.side(node.level);
            for i in 0..8 {
                let corner = node.low + side * UVec3::new(i & 1, i >> 1 & 1, i >> 2);
                let key = point_key(corner);
                if !self.values.contains_key(&key) {
                    wanted.push((self.brick_of(corner), key));
                }
            }
        }
        wanted.par_sort_unstable();
        wanted.dedup();
        let groups: Vec<&[(u32, u64)]> =
            wanted.chunk_by(|a, b| a.0 == b.0).flat_map(|group| group.chunks(CHUNK)).collect();
        let found: Vec<Vec<f32>> = groups
            .par_iter()
            .map_init(
                || (Evaluator::new(self.field), Points::default()),
                |(evaluator, points), group| {
                    points.clear();
                    for &(_, key) in *group {
                        points.push(self.position(point_of(key)));
                    }
                    let mut distances = Vec::new();
                    resize(&mut distances, points.len());
                    let region = self.region(evaluator, point_of(group[0].1));
                    evaluator.distances(&region, &points.xs, &points.ys, &points.zs, &mut distances);
                    for (distance, &(_, key)) in distances.iter_mut().zip(*group) {
                        *distance = self.settle(point_of(key), *distance);
                    }
                    distances
                },
            )
            .collect();
        let pairs = groups.iter().zip(&found).flat_map(|(group, found)| group.iter().zip(found));
        let values: Vec<(u64, f32)> = pairs.map(|(&(_, key), &value)| (key, value)).collect();
        self.values.extend(values);
    }

    /// Samples of the grid keep the side that the grid gave them.
    fn settle(&self, p: UVec3, distance: f32) -> f32 {
        let sample = p >> self.depth;
        let is_inside =
            if sample << self.depth == p { self.grid.is_inside(sample.as_ivec3()) } else { distance < 0.0 };
        settled(distance, is_inside)
    }

    pub(super) fn value(&self, p: UVec3) -> f32 {
        self.values.get(&point_key(p)).copied().unwrap_or(0.0)
    }

    /// Finds the crossings of the edges of new nodes.
    pub(super) fn trace(&mut self, nodes: Range<usize>) {
        let mut wanted: Vec<(u32, SideKey)> = Vec::with_capacity(6 * nodes.len());
        for node in &self.nodes[nodes] {
            let side = self.side(node.level);
            let values: [f32; 8] = std::array::from_fn(|i| {
                let i = i as u32;
                self.value(node.low + side * UVec3::new(i & 1, i >> 1 & 1, i >> 2))
            });
            let near = self.care.slope * self.size_m(node.level) - self.care.least_m;
            for (edge, (low, axis)) in node_edges(node.low, side).enumerate() {
                let (corner, _) = crate::shell::table::EDGE_CORNERS[edge];
                let from = corner[0] + 2 * corner[1] + 4 * corner[2];
                let (a, b) = (values[from], values[from + (1 << axis)]);
                let key = SideKey::new(low, axis, node.level);
                if ((a < 0.0) != (b < 0.0) || a.abs() + b.abs() < near) && self.edge(key).count == 0 {
                    wanted.push((self.brick_of(low), key));
                }
            }
        }
        wanted.par_sort_unstable();
        wanted.dedup();
        let groups: Vec<&[(u32, SideKey)]> =
            wanted.chunk_by(|a, b| a.0 == b.0).flat_map(|group| group.chunks(CHUNK)).collect();
        let found: Vec<_> = groups
            .par_iter()
            .map_init(
                || (Evaluator::new(self.field), Tracer::new(self.field)),
                |(evaluator, tracer), group| {
                    let lines: Vec<Line> = group.iter().map(|&(_, key)| self.line(key)).collect();
                    let region = self.region(evaluator, point_of(group[0].1.low));
                    let hits = tracer.trace(evaluator, &region, &lines, self.care);
                    (hits, std::mem::take(&mut tracer.left_out))
                },
            )
            .collect();
        for (group, (hits, mut left_out)) in groups.iter().zip(found) {
            self.left_out.append(&mut left_out);
            for on_edge in hits.chunk_by(|a, b| a.line == b.line) {
                let key = group[on_edge[0].line as usize].1;
                self.take_crossings(key, self.crossings.len(), on_edge.len());
                self.crossings.extend(on_edge.iter().map(|hit| (hit.crossing, hit.low_inside)));
                self.edge_of.resize(self.crossings.len(), key);
            }
        }
    }

    fn line(&self, key: SideKey) -> Line {
        let low = point_of(key.low);
        let mut high = low;
        high[key.axis()] += self.side(key.level());
        Line {
            low: self.position(low),
            axis: key.axis(),
            length_m: self.size_m(key.level()),
            ends: [self.value(low), self.value(high)],
            is_searched: true,
        }
    }
}
