//! Triangles of a mesh that pass through each other.

use std::collections::{HashMap, HashSet};

use gve_assets::Shell;
use gve_sdf::Vec3;

/// How many triangles pass through another one, away from a point that they share, and where the first is. Those
/// that share a side do not count.
pub(crate) fn self_intersections(shell: &Shell) -> (usize, Option<Vec3>) {
    let triangles: Vec<[u32; 3]> =
        shell.indices.chunks_exact(3).map(|t| [0, 1, 2].map(|i| shell.weld[t[i] as usize])).collect();
    let corners = |t: &[u32; 3]| t.map(|i| Vec3::from(shell.positions[i as usize]));
    let boxes: Vec<(Vec3, Vec3)> =
        (triangles.iter().map(corners)).map(|[a, b, c]| (a.min(b).min(c), a.max(b).max(c))).collect();
    let mean = boxes.iter().map(|(low, high)| (high - low).max_element()).sum::<f32>() / boxes.len() as f32;
    let bin = |p: Vec3| (p / (2.0 * mean)).floor().as_ivec3();
    let mut bins: HashMap<[i32; 3], Vec<u32>> = HashMap::new();
    for (i, (low, high)) in boxes.iter().enumerate() {
        let (from, to) = (bin(*low), bin(*high));
        for z in from.z..=to.z {
            for y in from.y..=to.y {
                for x in from.x..=to.x {
                    bins.entry([x, y, z]).or_default().push(i as u32);
                }
            }
        }
    }
    let mut seen: HashSet<(u32, u32)> = HashSet::new();
    let mut bad: HashSet<u32> = HashSet::new();
    let mut place = None;
    for list in bins.values() {
        for (k, &i) in list.iter().enumerate() {
            for &j in &list[k + 1..] {
                let (a, b) = (boxes[i as usize], boxes[j as usize]);
                if a.0.cmpgt(b.1).any() || b.0.cmpgt(a.1).any() {
                    continue;
                }
                let (s, t) = (triangles[i as usize], triangles[j as usize]);
                if s.iter().filter(|v| t.contains(v)).count() > 1 || !seen.insert((i.min(j), i.max(j))) {
                    continue;
                }
                if cross(corners(&s), corners(&t)) || cross(corners(&t), corners(&s)) {
                    bad.extend([i, j]);
                    place = place.or(Some(a.0));
                }
            }
        }
    }
    (bad.len(), place)
}

/// Whether a side of the first triangle passes through the inside of the second.
fn cross(s: [Vec3; 3], t: [Vec3; 3]) -> bool {
    let [a, b, c] = t.map(Vec3::as_dvec3);
    (0..3).any(|i| {
        let (p, q) = (s[i].as_dvec3(), s[(i + 1) % 3].as_dvec3());
        let volume = |u: glam::DVec3, v: glam::DVec3, w: glam::DVec3| (v - p).cross(w - p).dot(u - p);
        let normal = (b - a).cross(c - a);
        let (from, to) = (normal.dot(p - a), normal.dot(q - a));
        // Touching by a rounding does not count.
        let least = 1e-9 * normal.length() * (q - p).length();
        if from * to >= 0.0 || from.abs() < least || to.abs() < least {
            return false;
        }
        let sides = [volume(q, a, b), volume(q, b, c), volume(q, c, a)];
        sides.iter().all(|side| *side > 0.0) || sides.iter().all(|side| *side < 0.0)
    })
}

#[test]
fn triangles_that_cross_are_counted() {
    let shell = |lift: f32| Shell {
        positions: vec![
            [0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.2, 0.2, lift - 0.5],
            [0.3, 0.2, lift + 0.5],
            [0.2, 0.4, lift + 0.5],
        ],
        normals: vec![[0.0, 0.0, 1.0]; 6],
        weld: (0..6).collect(),
        indices: (0..6).collect(),
        parts: Vec::new(),
    };
    assert_eq!(self_intersections(&shell(0.0)).0, 2);
    assert_eq!(self_intersections(&shell(0.6)).0, 0);
    // The same where both stand on one point.
    let mut fan = shell(0.0);
    fan.positions[3] = [0.0, 0.0, 0.0];
    (fan.positions[4], fan.positions[5]) = ([0.3, 0.3, -0.2], [0.3, 0.3, 0.2]);
    fan.weld[3] = 0;
    assert_eq!(self_intersections(&fan).0, 2);
    fan.positions[4][2] = 0.1;
    assert_eq!(self_intersections(&fan).0, 0);
}
