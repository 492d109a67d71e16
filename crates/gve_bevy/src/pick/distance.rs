//! Distances from points to surfaces.

use bevy::{ecs::system::SystemParam, math::DMat3, prelude::*};

use super::{objects::Objects, shape::Shape};
use crate::asset::GveAsset;

/// How far a point is from the surface of an object.
#[derive(Reflect, Debug, Clone, Copy, PartialEq)]
pub struct GveDistanceSample {
    /// Metres in the world, negative inside. The surface is no nearer than that.
    pub distance: f32,
    /// The gradient of `distance`: it points away from the surface, and its length is at most about 1. The surface is
    /// about `distance / gradient.length_squared()` times it behind the point. `None` where only a bound is known:
    /// between the bounds of the asset and the samples along its surface, and deep inside.
    pub gradient: Option<Vec3>,
    /// Index of the material of the nearest part, where it is known: see [`GveAsset::materials`].
    pub material: Option<u32>,
}

/// Tells distances from points to a [`GveObject`](crate::object::GveObject), for particles, cloth and characters.
///
/// # What is exact
/// Along the surface, where the volume has samples, distances are those of the volume: exact but for its
/// interpolation where the object is scaled evenly and the recipe's field is a true distance, and otherwise too small.
/// An uneven scale stretches distances by the least of its three factors, which holds in every direction. Farther away
/// a distance is a bound: how far the point is from the asset's box, or what the volume knows. An object that is hit
/// as its shell (see [the module](super)) tells exact distances everywhere.
///
/// # Cost
/// A descent and some samples: below a microsecond. For a shell, a search in its sorted triangles.
#[derive(SystemParam)]
pub struct GveDistance<'w, 's> {
    objects: Objects<'w, 's>,
}

impl GveDistance<'_, '_> {
    /// The distance from a point of the world to the surface of an object. `None` where the entity is no object, its
    /// asset is not loaded or has no surface, its transform cannot be inverted, or the point is not finite.
    pub fn at(&self, object: Entity, point: Vec3) -> Option<GveDistanceSample> {
        let Objects { shells: Some(shells), assets: Some(assets), shown, .. } = &self.objects else {
            return None;
        };
        let (handle, drawn_as, wanted, transform) = shown.get(object).ok()?;
        let asset = assets.get(handle.id())?;
        let local_from_world = transform.affine().inverse();
        let local = local_from_world.transform_point3(point);
        if !local_from_world.is_finite() || !local.is_finite() {
            return None;
        }
        let near = match Shape::of(asset, **drawn_as, *wanted)? {
            Shape::Volume => of_volume(asset, local)?,
            Shape::Shell => {
                let shell = asset.shell();
                let trees = shells.get(handle.id(), asset);
                let nearest = trees.get()?.nearest(&shell, local.to_array(), f32::INFINITY)?;
                let away = (local - Vec3::from(nearest.position)).normalize_or_zero();
                let gradient = if nearest.distance < 0.0 { -away } else { away };
                Near {
                    distance: nearest.distance,
                    gradient: (gradient != Vec3::ZERO).then_some(gradient),
                    material: Some(nearest.material),
                }
            }
        };
        // Metres of the world for each of the asset, at least.
        let stretch = 1.0 / greatest_stretch(local_from_world.matrix3.into());
        // Slopes are covectors: the transpose takes them to the world.
        let to_world = local_from_world.matrix3.transpose();
        Some(GveDistanceSample {
            distance: near.distance * stretch,
            gradient: near.gradient.map(|slope| stretch * (to_world * slope)),
            material: near.material,
        })
    }
}

/// In the asset's own space.
struct Near {
    distance: f32,
    gradient: Option<Vec3>,
    material: Option<u32>,
}

fn of_volume(asset: &GveAsset, point: Vec3) -> Option<Near> {
    let (volume, metadata) = (asset.volume(), asset.metadata());
    let steepest = volume.lipschitz.max(1.0);
    let field = volume.field(point.to_array());
    let within = point.clamp(metadata.bounds.min.into(), metadata.bounds.max.into());
    let away = point - within;
    match field {
        Some(field) if field.gradient.is_some() => {
            let material_of = |part: u16| metadata.parts.get(usize::from(part)).map(|part| part.material);
            Some(Near {
                distance: field.distance / steepest,
                gradient: field.gradient.map(|slope| Vec3::from(slope) / steepest),
                material: field.part.map(|part| material_of(part).unwrap_or(part.into())),
            })
        }
        // The surface lies within the asset's bounds.
        field if away.length() > field.map_or(0.0, |field| field.distance) => {
            Some(Near { distance: away.length(), gradient: Some(away.normalize_or_zero()), material: None })
        }
        // The bound of an empty brick is a true distance.
        field => field.map(|field| Near { distance: field.distance, gradient: None, material: None }),
    }
}

/// The largest factor by which a matrix stretches a vector: the root of the largest eigenvalue of what it makes of
/// squares (Smith, "Eigenvalues of a Symmetric 3 × 3 Matrix", CACM 1961).
fn greatest_stretch(matrix: Mat3) -> f32 {
    let matrix = matrix.as_dmat3();
    let squares = matrix.transpose() * matrix;
    let third = (squares.x_axis.x + squares.y_axis.y + squares.z_axis.z) / 3.0;
    let rest = squares - DMat3::from_diagonal(bevy::math::DVec3::splat(third));
    let spread = (rest.to_cols_array().iter().map(|x| x * x).sum::<f64>() / 6.0).sqrt();
    // All three are the same.
    if spread <= 1e-9 * third {
        return third.sqrt() as f32;
    }
    let half = (0.5 * (rest * spread.recip()).determinant()).clamp(-1.0, 1.0);
    (third + 2.0 * spread * (half.acos() / 3.0).cos()).sqrt() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_stretch_is_that_of_the_longest_axis() {
        let turn = Mat3::from_quat(Quat::from_euler(EulerRot::XYZ, 0.3, -1.1, 2.0));
        let back = Mat3::from_quat(Quat::from_rotation_y(0.7));
        for scale in [
            Vec3::ONE,
            Vec3::splat(0.01),
            Vec3::new(1.0, 2.0, 3.0),
            Vec3::new(5.0, -0.1, 5.0),
            Vec3::new(-0.2, 0.1, 0.1),
            Vec3::new(1e4, 1.0, 1e-3),
        ] {
            let stretch = greatest_stretch(turn * Mat3::from_diagonal(scale) * back);
            let wanted = scale.abs().max_element();
            assert!((stretch / wanted - 1.0).abs() < 1e-4, "{scale}: {stretch}");
        }
    }
}
