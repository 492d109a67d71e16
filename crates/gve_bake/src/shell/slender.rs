//! Solid that is thin in two directions: wires, bars and spokes.
//!
//! A sheet meets the edges of coarse cells wherever it goes, and so it is found there. A wire may pass from
//! cell to cell through the middles of their faces. That its neighbours hold a surface says nothing about such
//! a cell: they may hold the wire, and nothing but it. So every cell that a wire may be in is halved until it
//! cannot pass the cells' edges any more. That is cheap, a wire being a line; for sheets it would not be.

use glam::Vec3;
use gve_sdf::{Evaluator, Region};

use super::{inspect::surfaces_near, lines::Care};
use crate::points::Points;

/// Largest difference from a linear field at the corners of a cell that only one flat surface is near, in cells.
const MAX_BEND: f32 = 0.05;
/// Least slope of the field between the corners of such a cell.
const MIN_SLOPE: f32 = 0.9;
/// Where the way through is looked at, in cells: from far below the finest part to what no cell can miss.
const WAY: [f32; 8] = [1.0 / 64.0, 1.0 / 32.0, 1.0 / 16.0, 1.0 / 8.0, 0.25, 0.5, 1.0, REACH];
/// Where the sides are looked at, in cells.
const SIDES: [f32; 3] = [0.25, 0.5, 1.0];
/// How far the places that are looked at may be from the first one, in cells.
pub(super) const REACH: f32 = 1.8;
/// Share of its distance from the middle of the wire that a place must be off it: a bent sheet is nearer.
const CLEAR: f32 = 0.3;
/// Side of a cell that a wire cannot pass without meeting edges, as a share of its thickness: a circle about a
/// square is larger by the root of two.
const FINE: f32 = 0.7;

/// Whether more than one flat piece of surface is near a cell, as the distances at its corners tell it: a
/// field that falls on all sides towards a wire is not linear.
pub(super) fn is_bent(corners: &[f32; 8], size: f32) -> bool {
    let mean = 0.125 * corners.iter().sum::<f32>();
    // Half the difference from one side to the other.
    let [x, y, z] = [1, 2, 4]
        .map(|bit| 0.125 * (0..8).map(|i| if i & bit == 0 { -corners[i] } else { corners[i] }).sum::<f32>());
    if Vec3::new(x, y, z).length() < 0.5 * MIN_SLOPE * size {
        return true;
    }
    corners.iter().enumerate().any(|(i, &corner)| {
        let signed = |half: f32, bit: usize| if i & bit == 0 { -half } else { half };
        let linear = mean + signed(x, 1) + signed(y, 2) + signed(z, 4);
        (corner - linear).abs() > MAX_BEND * size
    })
}

/// Whether a surface can be in a cell, as the distances at its corners tell it, if it is no farther than `reach` cells
/// from its middle. Of a flat one their mean is the distance there. Of something small the mean is larger: a crumb
/// beside a corner is one cell and an eighth away in the mean, and so the nearest corner tells.
pub(super) fn may_hold(corners: &[f32; 8], size: f32, reach: f32) -> bool {
    let mean = 0.125 * corners.iter().sum::<f32>();
    if mean.abs() < reach * size {
        return true;
    }
    corners.iter().any(|corner| corner.abs() < reach * size) && is_bent(corners, size)
}

/// How many ways [`ways_in`] gives.
pub(super) const WAYS_IN: usize = 5;

/// Directions from a place on the surface into the solid, straight against the normal first. That one only
/// follows a side of a bar where its edge was come upon from beside it.
pub(super) fn ways_in(normal: Vec3) -> [Vec3; WAYS_IN] {
    let (u, v) = normal.any_orthonormal_pair();
    [Vec3::ZERO, u, -u, v, -v].map(|aside| (0.6 * aside - normal).normalize_or_zero())
}

/// A point of a wire that passes a cell which something else is nearer to: the way to the nearest surface
/// is gone from eight places in it. The program must hold [`REACH`] cells around the cell.
pub(super) fn passing(
    evaluator: &mut Evaluator,
    region: &Region,
    low: Vec3,
    size: f32,
    care: Care,
) -> Option<Vec3> {
    let starts: [Vec3; 8] = std::array::from_fn(|i| {
        low + size * Vec3::from_array([1, 2, 4].map(|bit| if i & bit == 0 { 0.25 } else { 0.75 }))
    });
    let found = surfaces_near(evaluator, region, &starts, 0.5 * size, care);
    (found.into_iter().flatten())
        .find(|&(point, normal)| is_missed(evaluator, region, point, normal, size))
        .map(|(point, _)| point)
}

/// Whether the solid behind a place on the surface is a wire that cells of a size may miss. The program must
/// hold [`REACH`] cells around the place.
pub(super) fn is_missed(
    evaluator: &mut Evaluator,
    region: &Region,
    point: Vec3,
    normal: Vec3,
    size: f32,
) -> bool {
    let mut points = Points::default();
    let ways_in = ways_in(normal);
    ways_in.iter().for_each(|&way| points.push(point + WAY[1] * size * way));
    let mut distances = [0.0; WAYS_IN];
    evaluator.distances(region, &points.xs, &points.ys, &points.zs, &mut distances);
    let deepest = (1..WAYS_IN).fold(0, |a, b| if distances[b] < distances[a] { b } else { a });
    let normal = -ways_in[deepest];
    points.clear();
    WAY.iter().for_each(|by| points.push(point - by * size * normal));
    let mut distances = [0.0; WAY.len()];
    evaluator.distances(region, &points.xs, &points.ys, &points.zs, &mut distances);
    // The place may be off by the tolerance of its own search.
    let Some(entered) = distances.iter().position(|&distance| distance < 0.0) else { return false };
    let Some(left) = (entered..WAY.len()).find(|&i| distances[i] >= 0.0) else { return false };
    let [mut inside, mut outside] = [WAY[left - 1] * size, WAY[left] * size];
    for _ in 0..4 {
        let middle = 0.5 * (inside + outside);
        let distance = evaluator.distance(region, point - middle * normal);
        *(if distance < 0.0 { &mut inside } else { &mut outside }) = middle;
    }
    if size < FINE * inside {
        return false;
    }
    let middle = point - 0.5 * inside * normal;
    let (u, v) = normal.any_orthonormal_pair();
    let diagonal = std::f32::consts::FRAC_1_SQRT_2;
    let ways = [u, v, diagonal * (u + v), diagonal * (u - v)];
    points.clear();
    for by in SIDES {
        for way in ways {
            points.push(middle + by * size * way);
            points.push(middle - by * size * way);
        }
    }
    let mut distances = [0.0; 2 * SIDES.len() * 4];
    evaluator.distances(region, &points.xs, &points.ys, &points.zs, &mut distances);
    distances.chunks_exact(8).zip(SIDES).any(|(around, by)| {
        around.chunks_exact(2).any(|two| two.iter().all(|&distance| distance > CLEAR * by * size))
    })
}
