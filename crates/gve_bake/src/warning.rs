//! How designers are told of a place that is too thin for what is made of it.

use gve_sdf::Field;

/// A warning about a place of a part: `says` tells what becomes of it and what to do.
pub(crate) fn too_thin(field: &Field, part: u16, place: [f32; 3], thickness_m: f32, says: &str) -> String {
    let (path, name) = match field.parts().get(usize::from(part)) {
        Some(part) => (&*part.path, part.name.as_deref()),
        None => ("$.root_node", None),
    };
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    let [x, y, z] = place;
    format!("{path}{name}: {:.3} mm thick at ({x:.4}, {y:.4}, {z:.4}) m, {says}", 1000.0 * thickness_m)
}
