//! A mesh as binary STL.

use super::{Mesh, Unit, z_up};
use crate::{error::WriteError, format::Format};

/// What files start with. Not "solid": files of text do.
const HEAD: &[u8] = b"binary STL, z up";
/// Bytes of a triangle.
const TRIANGLE: usize = 50;

/// The mesh as binary STL, z up. Lost are materials and the normals of vertices.
///
/// # Errors
/// [`WriteError`] without a triangle.
pub fn write(mesh: &Mesh, unit: Unit) -> Result<Vec<u8>, WriteError> {
    mesh.check(Format::Stl)?;
    let mut file = HEAD.to_vec();
    file.resize(80, b' ');
    let count = mesh.triangles().count();
    file.reserve(4 + count * TRIANGLE);
    // A shell has at most 2^25 triangles.
    file.extend_from_slice(&(count as u32).to_le_bytes());
    for (triangle, _) in mesh.triangles() {
        let corners = triangle.map(|vertex| z_up(mesh.position(vertex)).map(|c| c * unit.per_metre()));
        for vector in [normal(corners), corners[0], corners[1], corners[2]] {
            vector.iter().for_each(|c| file.extend_from_slice(&c.to_le_bytes()));
        }
        file.extend_from_slice(&[0, 0]);
    }
    Ok(file)
}

/// Whether a file that begins like this was written here; nothing else tells a binary STL from other bytes.
pub fn looks_like(start: &[u8]) -> bool {
    start.starts_with(HEAD)
}

/// The normal of a triangle; 0 for one without an area, as the format has it.
fn normal([a, b, c]: [[f32; 3]; 3]) -> [f32; 3] {
    let side = |to: [f32; 3]| -> [f64; 3] { std::array::from_fn(|i| f64::from(to[i]) - f64::from(a[i])) };
    let (u, v) = (side(b), side(c));
    let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let length = cross.iter().map(|c| c * c).sum::<f64>().sqrt();
    if length > 0.0 { cross.map(|c| (c / length) as f32) } else { [0.0; 3] }
}
