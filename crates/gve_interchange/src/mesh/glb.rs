//! A mesh as glTF 2.0 in one binary file.

use serde_json::{Value, json};

use super::Mesh;
use crate::{
    color,
    error::WriteError,
    format::Format,
    gltf::{
        container::{Builder, Target},
        generator,
    },
};

/// The mesh as a `.glb`: one primitive for each part, all on the same vertices.
///
/// # Errors
/// [`WriteError`] without a triangle, and beyond the 4 GiB of a file.
pub fn write(mesh: &Mesh) -> Result<Vec<u8>, WriteError> {
    let format = Format::Glb;
    mesh.check(format)?;
    let mut builder = Builder::default();
    let positions = builder.floats(mesh.shell.positions, true);
    // What is within a thousandth of 1 here must be closer to it there.
    let normals: Vec<_> = mesh.shell.normals.iter().map(|normal| unit(*normal)).collect();
    let normals = builder.floats(&normals, false);
    let indices = builder.view(mesh.shell.indices.iter().flat_map(|i| i.to_le_bytes()), Target::Indices);
    let primitives: Vec<Value> = mesh
        .shell
        .parts
        .iter()
        .map(|part| {
            let accessor = builder.accessor(json!({
                "bufferView": indices, "byteOffset": 4 * u64::from(part.first_index), "componentType": 5125,
                "count": part.index_count, "type": "SCALAR",
            }));
            json!({
                "attributes": {"POSITION": positions, "NORMAL": normals}, "indices": accessor,
                "material": part.material, "mode": 4,
            })
        })
        .collect();
    let materials: Vec<Value> = mesh
        .materials
        .iter()
        .map(|material| {
            let [r, g, b] = material.base_color_srgb.map(|c| color::srgb_to_linear(f32::from(c) / 255.0));
            json!({
                "name": material.display_name,
                "pbrMetallicRoughness": {
                    "baseColorFactor": [r, g, b, 1.0],
                    "metallicFactor": material.metallic.clamp(0.0, 1.0),
                    "roughnessFactor": material.roughness.clamp(0.0, 1.0),
                },
                "extras": {"spec_id": material.spec_id},
            })
        })
        .collect();
    let document = json!({
        "asset": {"version": "2.0", "generator": generator()},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": mesh.name}],
        "meshes": [{"name": mesh.name, "primitives": primitives}],
        "materials": materials,
    });
    builder.finish(document).ok_or_else(|| WriteError::new(format, "file", "at most 4 GiB", "more"))
}

fn unit(v: [f32; 3]) -> [f32; 3] {
    let length = v.iter().map(|c| c * c).sum::<f32>().sqrt();
    v.map(|c| c / length)
}
