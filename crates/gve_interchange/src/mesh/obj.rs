//! A mesh as Wavefront OBJ, with its materials in an MTL file.

use std::fmt::Write as _;

use super::{Mesh, Unit};
use crate::{error::WriteError, format::Format};

/// The mesh as OBJ: vertices that share a place are one, so that the mesh is as closed as the shell is.
///
/// `materials` is the name of the MTL file that lies beside it; without one, materials are only named.
///
/// # Errors
/// [`WriteError`] without a triangle.
pub fn write(mesh: &Mesh, unit: Unit, materials: Option<&str>) -> Result<String, WriteError> {
    mesh.check(Format::Obj)?;
    let mut text = format!("# gve_interchange {}\n", env!("CARGO_PKG_VERSION"));
    let mut line = |arguments: std::fmt::Arguments| {
        // Writing to a text does not fail.
        let _ = text.write_fmt(arguments);
    };
    if let Some(materials) = materials {
        line(format_args!("mtllib {}\n", one_line(materials)));
    }
    line(format_args!("o {}\n", one_line(mesh.name)));
    let (places, numbers) = mesh.welded();
    for place in places {
        let [x, y, z] = place.map(|c| c * unit.per_metre());
        line(format_args!("v {x} {y} {z}\n"));
    }
    for [x, y, z] in mesh.shell.normals {
        line(format_args!("vn {x} {y} {z}\n"));
    }
    let mut before = None;
    for (triangle, material) in mesh.triangles() {
        if before.replace(material) != Some(material) {
            line(format_args!("usemtl {}\n", material_name(mesh, material)));
        }
        // Counted from 1.
        let [a, b, c] =
            triangle.map(|vertex| (numbers.get(vertex as usize).map_or(0, |n| n + 1), vertex + 1));
        line(format_args!("f {}//{} {}//{} {}//{}\n", a.0, a.1, b.0, b.1, c.0, c.1));
    }
    Ok(text)
}

/// The materials as MTL, with the metallic and roughness that later programs read (`Pm`, `Pr`). Colours are sRGB:
/// the format does not say, and most programs show them as they are.
pub fn write_materials(mesh: &Mesh) -> String {
    let mut text = format!("# gve_interchange {}\n", env!("CARGO_PKG_VERSION"));
    for (i, material) in mesh.materials.iter().enumerate() {
        let [r, g, b] = material.base_color_srgb.map(|c| f32::from(c) / 255.0);
        // Roughness as the exponent of a highlight of about that width.
        let exponent = (2.0 / material.roughness.clamp(0.04, 1.0).powi(4) - 2.0).clamp(0.0, 1000.0);
        let _ = write!(
            text,
            "newmtl {}\nKd {r:.6} {g:.6} {b:.6}\nKs 0.04 0.04 0.04\nNs {exponent:.2}\nd 1\nillum 2\nPr {:.4}\nPm {:.4}\n",
            material_name(mesh, i),
            material.roughness,
            material.metallic,
        );
    }
    text
}

/// Names of materials have no spaces, and each is there once.
fn material_name(mesh: &Mesh, index: usize) -> String {
    let code = mesh.materials.get(index).map_or("", |material| material.spec_id.as_str());
    let code: String =
        code.chars().map(|c| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' }).collect();
    let is_double =
        mesh.materials.iter().filter(|material| material.spec_id == mesh.materials[index].spec_id).count()
            > 1;
    if is_double { format!("{code}_{index}") } else { code }
}

fn one_line(name: &str) -> String {
    let name: String = name.chars().map(|c| if gve_types::text::is_control(c) { ' ' } else { c }).collect();
    // A backslash at the end of a line joins the next one to it.
    name.trim().trim_end_matches('\\').to_owned()
}
