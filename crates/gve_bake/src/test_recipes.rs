//! Recipes and fields for the tests of this crate.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use gve_sdf::Field;
use gve_types::{AssetDna, MaterialTable, parse_recipe};

/// A recipe around a shape; steel where the shape names no material.
pub(crate) fn recipe(root: &str) -> AssetDna {
    let text = format!(
        r#"{{"metadata": {{"name": "Test", "version": 3, "category": "Prop", "material_spec": "ASTM_A36"}},
            "root_node": {root}}}"#
    );
    parse_recipe(&text, MaterialTable::builtin()).unwrap()
}

/// The field of a shape.
pub(crate) fn field(root: &str) -> Field {
    Field::lower(&recipe(root), MaterialTable::builtin()).unwrap()
}

/// A turned oak table with a steel vase on it: flat faces, creases, thin walls, two materials.
pub(crate) const STILL_LIFE: &str = r#"{"op": "union", "children": [
    {"op": "translate", "offset": [0, -0.45, 0],
     "child": {"op": "box", "half_extents": [0.6, 0.05, 0.5], "material": "WOOD_OAK"}},
    {"op": "subtract", "children": [
        {"op": "cylinder", "radius": 0.3, "half_height": 0.4},
        {"op": "translate", "offset": [0, 0.1, 0], "child": {"op": "cylinder", "radius": 0.27, "half_height": 0.4}}]},
    {"op": "translate", "offset": [0.4, -0.2, 0.2],
     "child": {"op": "sphere", "radius": 0.2, "material": "WOOD_OAK"}},
    {"op": "translate", "offset": [0, 0.4, 0],
     "child": {"op": "torus", "major_radius": 0.32, "minor_radius": 0.06}},
    {"op": "translate", "offset": [-0.4, -0.1, 0.3],
     "child": {"op": "rotate", "axis": [0, 1, 0.4], "angle_rad": 0.6,
               "child": {"op": "box", "half_extents": [0.12, 0.3, 0.02]}}}]}"#;
