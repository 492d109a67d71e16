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
    format!("{path}{name}: {} thick at ({x:.4}, {y:.4}, {z:.4}) m, {says}", length(thickness_m))
}

/// A length in the unit that suits it.
fn length(length_m: f32) -> String {
    match length_m {
        1.0.. => format!("{length_m:.3} m"),
        1e-5..1.0 => format!("{:.3} mm", 1e3 * length_m),
        _ => format!("{:.3} µm", 1e6 * length_m),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_unit_that_suits_them() {
        assert_eq!(length(8.999_972), "9.000 m");
        assert_eq!(length(0.000_498), "0.498 mm");
        assert_eq!(length(0.25), "250.000 mm");
        assert_eq!(length(2.5e-8), "0.025 µm");
    }
}
