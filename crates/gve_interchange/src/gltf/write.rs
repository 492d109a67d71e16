//! Splats as a `.glb`.

use serde_json::{Map, Value, json};

use super::{
    EXTENSION,
    container::{Builder, Target},
    splats::{harmonic_semantics, semantic},
};
use crate::{
    cloud::{ColorSpace, SplatCloud},
    color,
    error::WriteError,
    format::Format,
    turn::normalized,
};

/// The cloud as a `.glb` of one node, in the colour space it has. Lost is that the splats are antialiased.
///
/// # Errors
/// [`WriteError`] for what no splat may have, no splats, and more than fit into the 4 GiB of a file.
pub fn write(cloud: &SplatCloud) -> Result<Vec<u8>, WriteError> {
    let format = Format::Glb;
    cloud.check(format)?;
    if cloud.is_empty() {
        return Err(WriteError::new(format, "splats", "at least one", 0));
    }
    let mut builder = Builder::default();
    let mut attributes = Map::new();
    let mut add = |name: String, accessor: usize| attributes.insert(name, json!(accessor));
    add("POSITION".to_owned(), builder.floats(&cloud.positions, true));
    add("COLOR_0".to_owned(), fallback(cloud, &mut builder));
    let rotations: Vec<_> = cloud.rotations.iter().map(|q| normalized(*q)).collect();
    add(semantic("ROTATION"), builder.floats(&rotations, false));
    add(semantic("SCALE"), builder.floats(&cloud.scales, false));
    let opacities: Vec<_> = cloud.opacities.iter().map(|a| [*a]).collect();
    add(semantic("OPACITY"), builder.floats(&opacities, false));
    let colors: Vec<_> = cloud.colors.iter().map(|c| c.map(color::to_coefficient)).collect();
    add(semantic("SH_DEGREE_0_COEF_0"), builder.floats(&colors, false));
    for (i, name) in harmonic_semantics(cloud.degree).enumerate() {
        let column: Vec<_> = (0..cloud.len()).map(|splat| cloud.harmonics_of(splat)[i]).collect();
        add(name, builder.floats(&column, false));
    }
    let color_space = match cloud.color_space {
        ColorSpace::Srgb => "srgb_rec709_display",
        ColorSpace::Linear => "lin_rec709_display",
    };
    let document = json!({
        "asset": {"version": "2.0", "generator": generator()},
        "extensionsUsed": [EXTENSION],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{
            "attributes": attributes,
            "mode": 0,
            "extensions": {(EXTENSION): {
                "kernel": "ellipse",
                "colorSpace": color_space,
                "projection": "perspective",
                "sortingMethod": "cameraDistance",
            }},
        }]}],
    });
    let too_large = || WriteError::new(format, "file", "at most 4 GiB", "more");
    builder.finish(document).ok_or_else(too_large)
}

/// What a file names as its writer.
pub(crate) fn generator() -> Value {
    json!(format!("gve_interchange {}", env!("CARGO_PKG_VERSION")))
}

/// Linear colours and opacities in two bytes each, for readers that see points.
fn fallback(cloud: &SplatCloud, builder: &mut Builder) -> usize {
    let linear = |c: f32| match cloud.color_space {
        ColorSpace::Srgb => color::srgb_to_linear(c.clamp(0.0, 1.0)),
        ColorSpace::Linear => c,
    };
    let share = |c: f32| ((c.clamp(0.0, 1.0) * 65_535.0).round() as u16).to_le_bytes();
    let texels = cloud.colors.iter().zip(&cloud.opacities).flat_map(|(color, opacity)| {
        let [r, g, b] = color.map(linear);
        [r, g, b, *opacity].map(share)
    });
    let view = builder.view(texels.flatten(), Target::Vertices);
    builder.accessor(json!({
        "bufferView": view, "componentType": 5123, "normalized": true, "count": cloud.len(), "type": "VEC4",
    }))
}
