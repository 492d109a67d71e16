//! A cart wheel whose spokes are counted: the recipe that changes in the examples about change.

use std::f32::consts::FRAC_PI_2;

use serde_json::{Value, json};

/// Radius of a spoke in metres, where nothing else is wanted.
const SPOKE_RADIUS: f32 = 0.02;

/// The recipe of a wheel with a number of spokes, as JSON text; 16 nodes.
pub fn recipe(spokes: u32) -> String {
    recipe_with(spokes, SPOKE_RADIUS)
}

/// As many recipes that differ as anybody needs, none of them heavier than a wheel of 15 spokes.
pub fn variant(number: u32) -> String {
    recipe_with(3 + number % 13, SPOKE_RADIUS + 2e-4 * (number / 13) as f32)
}

fn recipe_with(spokes: u32, spoke_radius: f32) -> String {
    let about_x =
        |child: Value| json!({ "op": "rotate", "axis": [1, 0, 0], "angle_rad": FRAC_PI_2, "child": child });
    let around = |count: u32, radius: f32, child: Value| {
        json!({ "op": "polar_repeat", "count": count, "child": {
            "op": "translate", "offset": [radius, 0, 0], "child": child }})
    };
    let spoke = json!({ "op": "rotate", "axis": [0, 0, 1], "angle_rad": FRAC_PI_2, "child": {
        "op": "capsule", "radius": spoke_radius, "half_height": 0.17 }});
    let bolt = json!({ "op": "cylinder", "material": "ASTM_A36", "radius": 0.01, "half_height": 0.088 });
    json!({
        "metadata": { "name": "Wheel", "version": 1, "category": "Vehicle", "material_spec": "WOOD_OAK" },
        "root_node": about_x(json!({ "op": "union", "children": [
            { "op": "torus", "major_radius": 0.42, "minor_radius": 0.035 },
            { "op": "subtract", "material": "ASTM_A36", "children": [
                { "op": "cylinder", "radius": 0.475, "half_height": 0.03 },
                { "op": "cylinder", "radius": 0.455, "half_height": 0.1 }
            ]},
            { "op": "cylinder", "radius": 0.09, "half_height": 0.08 },
            { "op": "sphere", "material": "ASTM_A36", "radius": 0.055 },
            { "op": "torus", "material": "ASTM_A36", "major_radius": 0.09, "minor_radius": 0.012 },
            around(spokes, 0.25, spoke),
            around(6, 0.07, bolt)
        ]}))
    })
    .to_string()
}

/// Half the size of any wheel in metres.
pub const HALF_SIZE: bevy::math::Vec3 = bevy::math::Vec3::new(0.48, 0.48, 0.09);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use gve_types::{DnaNode, MaterialTable, parse_recipe};

    fn count(node: &DnaNode) -> usize {
        1 + node.children().iter().map(|(_, child)| count(child)).sum::<usize>()
    }

    #[test]
    fn a_wheel_is_a_recipe_of_16_nodes() {
        for spokes in [3, 8, 16] {
            let dna = parse_recipe(&super::recipe(spokes), MaterialTable::builtin()).unwrap();
            assert_eq!(count(&dna.root_node), 16);
        }
        let variants: std::collections::HashSet<_> = (0..100).map(super::variant).collect();
        assert_eq!(variants.len(), 100);
    }
}
