//! Where the meshes of a scene stand.

use super::{
    document::{Document, Node},
    invalid, unsupported,
};
use crate::{
    error::ReadError,
    turn::{normalized, rotate, times},
};

/// Largest difference between two numbers that stand for the same, as a share of them.
const TOLERANCE: f32 = 1e-4;

/// A turn, an even enlargement and a move, in this order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placement {
    pub(super) translation: [f32; 3],
    pub(super) rotation: [f32; 4],
    pub(super) scale: f32,
}

impl Placement {
    const NONE: Self = Self { translation: [0.0; 3], rotation: [0.0, 0.0, 0.0, 1.0], scale: 1.0 };

    pub(super) fn apply(&self, position: [f32; 3]) -> [f32; 3] {
        let turned = rotate(self.rotation, position.map(|c| c * self.scale));
        std::array::from_fn(|i| turned[i] + self.translation[i])
    }

    /// What stands at `inner` in what stands here.
    fn holding(&self, inner: &Self) -> Self {
        Self {
            translation: self.apply(inner.translation),
            rotation: normalized(times(self.rotation, inner.rotation)),
            scale: self.scale * inner.scale,
        }
    }

    fn of(node: &Node, path: &str) -> Result<Self, ReadError> {
        if let Some(matrix) = &node.matrix {
            return Self::of_matrix(matrix, path);
        }
        let placement = Self {
            translation: node.translation.unwrap_or([0.0; 3]),
            rotation: normalized(node.rotation.unwrap_or(Self::NONE.rotation)),
            scale: even(node.scale.unwrap_or([1.0; 3]), path)?,
        };
        placement.checked(path)
    }

    /// Of a matrix, column by column.
    fn of_matrix(m: &[f32; 16], path: &str) -> Result<Self, ReadError> {
        let column = |i: usize| [m[4 * i], m[4 * i + 1], m[4 * i + 2]];
        let dot = |a: [f32; 3], b: [f32; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        let axes = [column(0), column(1), column(2)];
        let scale = even(axes.map(|axis| dot(axis, axis).sqrt()), path)?;
        let [x, y, z] = axes.map(|axis| axis.map(|c| c / scale));
        let cross = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
        let is_turn = dot(x, y).abs() < 10.0 * TOLERANCE && (dot(cross, z) - 1.0).abs() < 10.0 * TOLERANCE;
        if !is_turn {
            return Err(unsupported(
                path,
                "matrix",
                "a turn, an even enlargement and a move",
                format!("{m:?}"),
            ));
        }
        // Four ways to the quaternion; the one with the largest component is the most exact.
        let [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = [x, y, z];
        let all = [
            [1.0 + xx - yy - zz, xy + yx, zx + xz, yz - zy],
            [xy + yx, 1.0 + yy - xx - zz, yz + zy, zx - xz],
            [zx + xz, yz + zy, 1.0 + zz - xx - yy, xy - yx],
            [yz - zy, zx - xz, xy - yx, 1.0 + xx + yy + zz],
        ];
        let best = (1..4).fold(0, |best, i| if all[i][i] > all[best][best] { i } else { best });
        Self { translation: column(3), rotation: normalized(all[best]), scale }.checked(path)
    }

    fn checked(self, path: &str) -> Result<Self, ReadError> {
        let numbers = [&self.translation[..], &self.rotation, &[self.scale]].concat();
        let length: f32 = self.rotation.iter().map(|c| c * c).sum();
        let is_good = numbers.iter().all(|c| c.is_finite()) && (length - 1.0).abs() < TOLERANCE;
        if is_good {
            Ok(self)
        } else {
            Err(invalid(path, "place", "finite numbers and a turn", format!("{numbers:?}")))
        }
    }
}

/// The one factor that a scale is.
fn even(scale: [f32; 3], path: &str) -> Result<f32, ReadError> {
    let [x, y, z] = scale;
    let is_even = [y, z].iter().all(|c| (c - x).abs() <= TOLERANCE * x.abs());
    if is_even && x > 0.0 && x.is_finite() {
        return Ok(x);
    }
    let expected = "one positive factor for all axes, as splats keep their shape then";
    Err(unsupported(path, "scale", expected, format!("{scale:?}")))
}

/// Every mesh of the scene to show, with its place.
pub(super) fn meshes(document: &Document) -> Result<Vec<(usize, Placement)>, ReadError> {
    let roots: Vec<usize> = match (document.scene.or(Some(0)), document.scenes.as_slice()) {
        // A library of meshes without a scene: all of them, where they are.
        (_, []) => return Ok((0..document.meshes.len()).map(|mesh| (mesh, Placement::NONE)).collect()),
        (Some(scene), scenes) => match scenes.get(scene) {
            Some(scene) => scene.nodes.clone(),
            None => return Err(invalid("scene", "scene", format!("one of {}", scenes.len()), scene)),
        },
        (None, _) => Vec::new(),
    };
    let mut seen = vec![false; document.nodes.len()];
    let mut open: Vec<(usize, Placement)> = roots.into_iter().map(|node| (node, Placement::NONE)).collect();
    let mut meshes = Vec::new();
    while let Some((index, parent)) = open.pop() {
        let path = format!("nodes[{index}]");
        let Some(node) = document.nodes.get(index) else {
            return Err(invalid(path, "node", format!("{} of them", document.nodes.len()), index));
        };
        if std::mem::replace(&mut seen[index], true) {
            return Err(invalid(path, "node", "one parent at most", "two, or a circle"));
        }
        let placement = parent.holding(&Placement::of(node, &path)?);
        meshes.extend(node.mesh.map(|mesh| (mesh, placement)));
        open.extend(node.children.iter().map(|child| (*child, placement)));
    }
    Ok(meshes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_matrix_is_the_same_as_its_parts() {
        for (i, q) in
            [[0.1, 0.2, -0.3, 0.9], [0.9, 0.1, 0.2, -0.1], [0.1, -0.9, 0.1, 0.1], [0.0, 0.1, 0.9, 0.0]]
                .into_iter()
                .enumerate()
        {
            let parts = Node {
                translation: Some([1.0, 2.0, 3.0]),
                rotation: Some(normalized(q)),
                scale: Some([2.0; 3]),
                ..Node::default()
            };
            let placement = Placement::of(&parts, "").unwrap();
            let columns = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0; 3]]
                .map(|axis| placement.apply(axis));
            let mut matrix = [0.0; 16];
            for column in 0..4 {
                for row in 0..3 {
                    let origin = if column < 3 { columns[3][row] } else { 0.0 };
                    matrix[4 * column + row] = columns[column][row] - origin;
                }
            }
            matrix[15] = 1.0;
            let whole = Placement::of(&Node { matrix: Some(matrix), ..Node::default() }, "").unwrap();
            let p = [0.3, -0.7, 1.1];
            let (a, b) = (placement.apply(p), whole.apply(p));
            assert!((0..3).all(|axis| (a[axis] - b[axis]).abs() < 1e-4), "{i}: {a:?} {b:?}");
        }
    }

    #[test]
    fn what_would_bend_splats_is_refused() {
        let uneven = Node { scale: Some([1.0, 2.0, 1.0]), ..Node::default() };
        let mirrored = Node { scale: Some([-1.0; 3]), ..Node::default() };
        let mut matrix = [0.0; 16];
        (matrix[0], matrix[5], matrix[10], matrix[15]) = (-1.0, 1.0, 1.0, 1.0);
        let mirror = Node { matrix: Some(matrix), ..Node::default() };
        for node in [uneven, mirrored, mirror, Node { rotation: Some([0.0; 4]), ..Node::default() }] {
            assert!(Placement::of(&node, "nodes[0]").is_err(), "{node:?}");
        }
    }
}
