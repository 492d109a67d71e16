//! What the integration tests share: fields from short JSON, and a witness for meshes.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashMap;

use gve_assets::Shell;
use gve_sdf::{Field, Vec3};
use gve_types::{MaterialTable, parse_recipe};

/// The field of a shape given as the JSON of its root node.
pub(crate) fn field(root: &str) -> Field {
    let text = format!(
        r#"{{"metadata": {{"name": "Test", "version": 1, "category": "Prop", "material_spec": "ASTM_A36"}},
            "root_node": {root}}}"#
    );
    let materials = MaterialTable::builtin();
    Field::lower(&parse_recipe(&text, materials).unwrap(), materials).unwrap()
}

/// 64 spheres and boxes on a bent grid, blended into one body.
pub(crate) fn smooth_union_of_64() -> Field {
    let children: Vec<String> = (0..64)
        .map(|i: u32| {
            // A fixed scatter: the fractional parts of multiples of irrational numbers.
            let scatter = |k: f32| (i as f32 * k).fract();
            let offset = [0.754_877_7, 0.569_840_3, 0.362_4].map(|k| 2.0 * scatter(k) - 1.0);
            let size = 0.1 + 0.15 * scatter(0.618_034);
            let shape = if i.is_multiple_of(2) {
                format!(r#"{{"op": "sphere", "radius": {size}}}"#)
            } else {
                format!(r#"{{"op": "box", "half_extents": [{size}, {}, {size}]}}"#, 0.7 * size)
            };
            let [x, y, z] = offset;
            format!(r#"{{"op": "translate", "offset": [{x}, {y}, {z}], "child": {shape}}}"#)
        })
        .collect();
    field(&format!(
        r#"{{"op": "union", "blend": {{"kind": "smooth", "radius": 0.1}}, "children": [{}]}}"#,
        children.join(",")
    ))
}

/// What is wrong with a mesh as a closed surface.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Edges with one triangle, or with two that run the same way along it.
    pub(crate) open_edges: usize,
    /// Edges with more than two triangles.
    pub(crate) crowded_edges: usize,
    /// Vertices whose triangles do not form one ring.
    pub(crate) pinched_vertices: usize,
    /// Triangles that use a vertex twice.
    pub(crate) folded_triangles: usize,
    /// Vertices or normals that are not finite, or normals that are not of length 1.
    pub(crate) bad_numbers: usize,
    /// Vertices that no triangle uses, and indices or weld targets that make no sense.
    pub(crate) bad_indices: usize,
}

/// Judges a shell from its data alone.
pub(crate) fn faults(shell: &Shell) -> Faults {
    let mut faults = Faults::default();
    let count = shell.positions.len();
    assert_eq!(shell.normals.len(), count);
    assert_eq!(shell.weld.len(), count);
    assert_eq!(shell.indices.len() % 3, 0);
    for (position, normal) in shell.positions.iter().zip(&shell.normals) {
        let (position, normal) = (Vec3::from(*position), Vec3::from(*normal));
        faults.bad_numbers += usize::from(!position.is_finite() || (normal.length() - 1.0).abs() > 1e-4);
    }
    for (i, &weld) in shell.weld.iter().enumerate() {
        let is_first = weld as usize <= i && shell.weld[weld as usize] == weld;
        let same = shell.positions.get(weld as usize) == Some(&shell.positions[i]);
        faults.bad_indices += usize::from(!is_first || !same);
    }
    let mut used = vec![false; count];
    shell.indices.iter().for_each(|&i| used[i as usize] = true);
    faults.bad_indices += used.iter().filter(|used| !**used).count();
    let covered: u32 = shell.parts.iter().map(|part| part.index_count).sum();
    assert_eq!(covered as usize, shell.indices.len());

    // Directed edges, and per vertex the edges opposite to it.
    let mut directed: HashMap<(u32, u32), usize> = HashMap::new();
    let mut rings: HashMap<u32, Vec<(u32, u32)>> = HashMap::new();
    for triangle in shell.indices.chunks_exact(3) {
        let [a, b, c] = [0, 1, 2].map(|i| shell.weld[triangle[i] as usize]);
        if a == b || b == c || c == a {
            faults.folded_triangles += 1;
        }
        for (from, to, opposite) in [(a, b, c), (b, c, a), (c, a, b)] {
            *directed.entry((from, to)).or_default() += 1;
            rings.entry(opposite).or_default().push((from, to));
        }
    }
    for (&(from, to), &forward) in &directed {
        let backward = directed.get(&(to, from)).copied().unwrap_or(0);
        if forward + backward > 2 {
            faults.crowded_edges += 1;
        } else if (forward, backward) != (1, 1) {
            faults.open_edges += 1;
        }
    }
    for ring in rings.values() {
        let next: HashMap<u32, u32> = ring.iter().copied().collect();
        let start = ring[0].0;
        let (mut at, mut steps) = (start, 0);
        loop {
            steps += 1;
            match next.get(&at) {
                Some(&to) if to != start && steps <= ring.len() => at = to,
                _ => break,
            }
        }
        faults.pinched_vertices += usize::from(steps != ring.len());
    }
    faults
}

/// Euler characteristics of the connected pieces of a closed mesh, least first: a ball has 2, a ring 0.
pub(crate) fn pieces(shell: &Shell) -> Vec<i64> {
    let mut parent: Vec<u32> = shell.weld.clone();
    fn root(parent: &mut [u32], mut i: u32) -> u32 {
        while parent[i as usize] != i {
            parent[i as usize] = parent[parent[i as usize] as usize];
            i = parent[i as usize];
        }
        i
    }
    for triangle in shell.indices.chunks_exact(3) {
        for i in 1..3 {
            let (a, b) = (root(&mut parent, triangle[0]), root(&mut parent, triangle[i]));
            parent[a as usize] = b;
        }
    }
    // Vertices less half a face each: three edges to two faces.
    let mut euler: HashMap<u32, i64> = HashMap::new();
    for i in (0..shell.weld.len()).filter(|&i| shell.weld[i] as usize == i) {
        *euler.entry(root(&mut parent, i as u32)).or_default() += 2;
    }
    for triangle in shell.indices.chunks_exact(3) {
        *euler.entry(root(&mut parent, triangle[0])).or_default() -= 1;
    }
    let mut all: Vec<i64> = euler.into_values().map(|twice| twice / 2).collect();
    all.sort_unstable();
    all
}
