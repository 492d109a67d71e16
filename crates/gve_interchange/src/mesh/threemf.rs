//! A mesh as 3MF: XML in a zip archive.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use flate2::{Compression, write::DeflateEncoder};
use rawzip::{CompressionMethod, ZipArchiveWriter};

use super::{Mesh, z_up};
use crate::{error::WriteError, format::Format};

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>
"#;
const RELATIONSHIPS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rel0" Target="/3D/3dmodel.model" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>
"#;

/// The mesh as 3MF in metres, z up: one object, whose triangles name a base material with a colour. Lost are
/// normals of vertices, metallic and roughness. Triangles that meet in one point twice, which the format forbids,
/// are left out.
///
/// # Errors
/// [`WriteError`] without a triangle.
pub fn write(mesh: &Mesh) -> Result<Vec<u8>, WriteError> {
    mesh.check(Format::ThreeMf)?;
    pack(mesh).map_err(|error| WriteError::new(Format::ThreeMf, "archive", "a zip archive", error))
}

/// No part has a time: the same mesh gives the same bytes.
fn pack(mesh: &Mesh) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut file);
    let parts =
        [("[Content_Types].xml", TYPES), ("_rels/.rels", RELATIONSHIPS), ("3D/3dmodel.model", &model(mesh))];
    for (name, text) in parts {
        let deflated = archive.new_file(name).compression_method(CompressionMethod::DEFLATE);
        let (mut entry, config) = deflated.start().map_err(io::Error::other)?;
        let mut data = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
        data.write_all(text.as_bytes())?;
        let (encoder, descriptor) = data.finish().map_err(io::Error::other)?;
        encoder.finish()?;
        entry.finish(descriptor).map_err(io::Error::other)?;
    }
    archive.finish().map_err(io::Error::other)?;
    Ok(file)
}

fn model(mesh: &Mesh) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<model unit=\"meter\" xml:lang=\"en-US\" \
         xmlns=\"http://schemas.microsoft.com/3dmanufacturing/core/2015/02\">\n",
    );
    let mut put = |arguments: std::fmt::Arguments| {
        // Writing to a text does not fail.
        let _ = text.write_fmt(arguments);
    };
    let title = escaped(mesh.name);
    put(format_args!("<metadata name=\"Title\">{title}</metadata>\n<resources>\n<basematerials id=\"1\">\n"));
    for material in mesh.materials {
        let [r, g, b] = material.base_color_srgb;
        let name = escaped(&material.display_name);
        put(format_args!("<base name=\"{name}\" displaycolor=\"#{r:02X}{g:02X}{b:02X}\"/>\n"));
    }
    put(format_args!(
        "</basematerials>\n<object id=\"2\" type=\"model\" name=\"{title}\" pid=\"1\" pindex=\"0\"><mesh>\n<vertices>\n"
    ));
    let (places, numbers) = mesh.welded();
    for place in places {
        let [x, y, z] = z_up(place);
        put(format_args!("<vertex x=\"{x}\" y=\"{y}\" z=\"{z}\"/>\n"));
    }
    put(format_args!("</vertices>\n<triangles>\n"));
    for (triangle, material) in mesh.triangles() {
        let [a, b, c] = triangle.map(|vertex| numbers.get(vertex as usize).copied().unwrap_or(0));
        if a != b && b != c && c != a {
            put(format_args!("<triangle v1=\"{a}\" v2=\"{b}\" v3=\"{c}\" pid=\"1\" p1=\"{material}\"/>\n"));
        }
    }
    put(format_args!(
        "</triangles>\n</mesh></object>\n</resources>\n<build><item objectid=\"2\"/></build>\n</model>\n"
    ));
    text
}

/// A name in XML: what means something there is escaped, and what may not stand there is left out.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if gve_types::text::is_control(c) => text.push(' '),
            c => text.push(c),
        }
    }
    text
}
