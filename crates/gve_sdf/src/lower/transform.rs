//! Rigid motions, uniform scale and mirror.

use gve_types::{
    DnaNode,
    dna::{Axis, Mirror, Rotate, Scale, Translate},
};

use super::{Exact, Lowering, Place, SCALES, Shape, primitive::unit};
use crate::{Vec3, aabb::Aabb, error::LowerError};

impl Lowering<'_> {
    pub(super) fn translate(&mut self, n: &Translate, place: &Place) -> Result<Shape, LowerError> {
        let moved = self.moved(&place.below("child"), n.offset);
        let child = self.node(&n.child, &moved)?;
        Ok(shifted(child, n.offset))
    }

    /// A primitive that stands elsewhere than at the origin.
    pub(super) fn placed(
        &mut self,
        node: &DnaNode,
        place: &Place,
        center: [f32; 3],
    ) -> Result<Shape, LowerError> {
        let moved = self.moved(place, center);
        Ok(shifted(self.shape(node, &moved)?, center))
    }

    /// A place whose origin is at `offset` of another.
    pub(super) fn moved(&mut self, place: &Place, offset: [f32; 3]) -> Place {
        if place.is_settled() {
            let p = [0, 1, 2].map(|i| self.b.sub_c(place.p[i], offset[i]));
            return Place { p, ..place.clone() };
        }
        let beyond = [0, 1, 2].map(|i| place.beyond[i] - f64::from(offset[i]));
        Place { beyond, ..place.clone() }
    }

    /// A place whose axes are these rows, turned.
    pub(super) fn turned(&mut self, place: &Place, rows: [[f32; 3]; 3]) -> Place {
        let p = rows.map(|row| self.dot(place.p, row, place.stretch));
        let beyond = rows.map(|row| (0..3).map(|i| f64::from(row[i]) * place.beyond[i]).sum());
        Place { p, beyond, ..place.clone() }
    }

    pub(super) fn rotate(&mut self, n: &Rotate, place: &Place) -> Result<Shape, LowerError> {
        let matrix = rotation(n.axis, n.angle_rad);
        // The rows of the inverse are the columns of the rotation.
        let column = |i: usize| [matrix[0][i], matrix[1][i], matrix[2][i]];
        let turned = self.turned(&place.below("child"), [column(0), column(1), column(2)]);
        let child = self.node(&n.child, &turned)?;
        Ok(Shape { bounds: rotated_bounds(&child.bounds, &matrix), ..child })
    }

    pub(super) fn scale(&mut self, n: &Scale, place: &Place) -> Result<Shape, LowerError> {
        let scale = place.scale * n.factor;
        if !SCALES.contains(&scale) {
            return Err(LowerError::new(
                format!("{}.factor", place.path),
                format!(
                    "together with the scales above it a scale stays within {} to {}, found {scale}",
                    SCALES.start(),
                    SCALES.end()
                ),
            ));
        }
        let inverse = n.factor.recip();
        let p = place.p.map(|v| self.b.mul_c(v, inverse));
        let offset = place.offset.scaled(n.factor);
        let beyond = place.beyond.map(|v| v * f64::from(inverse));
        let inner = Place { beyond, stretch: place.stretch * inverse, scale, offset, ..place.child(p) };
        let child = self.node(&n.child, &inner)?;
        let distance = self.b.mul_c(child.distance, n.factor);
        Ok(Shape {
            distance,
            bounds: Aabb::new(child.bounds.min * n.factor, child.bounds.max * n.factor),
            ..child
        })
    }

    pub(super) fn mirror(&mut self, n: &Mirror, place: &Place) -> Result<Shape, LowerError> {
        let axis = match n.axis {
            Axis::X => 0,
            Axis::Y => 1,
            Axis::Z => 2,
        };
        let settled = self.settled_on(place, |i| i == axis);
        let mut p = settled.p;
        let from_plane = self.b.sub_c(p[axis], n.offset);
        let folded = self.b.abs(from_plane);
        p[axis] = self.b.add_c(folded, n.offset);
        let child = self.node(&n.child, &settled.child(p))?;
        let whole = child.bounds.min[axis] >= n.offset;
        let mut half = child.bounds;
        half.min[axis] = half.min[axis].max(n.offset);
        if half.is_empty() {
            return Err(LowerError::new(
                &*place.path,
                "the mirror keeps the child's positive side, but all of the child is on the negative side",
            ));
        }
        let mut image = half;
        image.min[axis] = 2.0 * n.offset - half.max[axis];
        image.max[axis] = 2.0 * n.offset - half.min[axis];
        let exact = if whole { child.exact.min(Exact::Outside) } else { Exact::No };
        Ok(Shape { bounds: half.union(&image), exact, ..child })
    }
}

fn shifted(shape: Shape, offset: [f32; 3]) -> Shape {
    let offset = Vec3::from(offset);
    Shape { bounds: Aabb::new(shape.bounds.min + offset, shape.bounds.max + offset), ..shape }
}

/// The matrix of a right-handed turn about an axis, row by row.
pub(super) fn rotation(axis: [f32; 3], angle_rad: f32) -> [[f32; 3]; 3] {
    let [x, y, z] = unit(axis).map(f64::from);
    let (sin, cos) = exact_sin_cos(f64::from(angle_rad));
    let t = 1.0 - cos;
    [
        [t * x * x + cos, t * x * y - sin * z, t * x * z + sin * y],
        [t * x * y + sin * z, t * y * y + cos, t * y * z - sin * x],
        [t * x * z - sin * y, t * y * z + sin * x, t * z * z + cos],
    ]
    .map(|row| row.map(|v| v as f32))
}

/// Sine and cosine, with the values for right angles written out in single precision (such as 1.5707964)
/// taken as meant: a quarter turn maps axes onto axes exactly.
pub(super) fn exact_sin_cos(angle_rad: f64) -> (f64, f64) {
    let quarters = angle_rad / std::f64::consts::FRAC_PI_2;
    if (quarters - quarters.round()).abs() < 1e-6 {
        match quarters.round().rem_euclid(4.0) as u8 {
            0 => (0.0, 1.0),
            1 => (1.0, 0.0),
            2 => (0.0, -1.0),
            _ => (-1.0, 0.0),
        }
    } else {
        angle_rad.sin_cos()
    }
}

/// The box about a rotated box. Infinite sides stay infinite where the rotation mixes them in.
pub(super) fn rotated_bounds(bounds: &Aabb, matrix: &[[f32; 3]; 3]) -> Aabb {
    if bounds.is_empty() {
        return *bounds;
    }
    let mut out = Aabb::new(Vec3::ZERO, Vec3::ZERO);
    for (row, axis) in matrix.iter().zip(0..3) {
        for (from, &m) in row.iter().enumerate() {
            // A part that is not mixed in must not multiply an infinite side by 0.
            if m != 0.0 {
                let (a, b) = (m * bounds.min[from], m * bounds.max[from]);
                out.min[axis] += a.min(b);
                out.max[axis] += a.max(b);
            }
        }
    }
    out
}
