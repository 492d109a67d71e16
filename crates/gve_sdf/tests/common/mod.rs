//! What the integration tests share.
#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod surface;

use gve_sdf::{Field, testing};
use gve_types::{AssetDna, DnaNode, MaterialTable, parse_recipe};

/// A recipe around a shape that is written as JSON.
pub(crate) fn recipe(shape: &str) -> AssetDna {
    let text = format!(
        r#"{{"metadata": {{"name": "Test", "version": 1, "category": "Prop", "material_spec": "ASTM_A36"}}, "root_node": {shape}}}"#
    );
    parse_recipe(&text, MaterialTable::builtin()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A field from a shape that is written as JSON.
pub(crate) fn field(shape: &str) -> Field {
    Field::lower(&recipe(shape), MaterialTable::builtin()).unwrap_or_else(|error| panic!("{error}\n{shape}"))
}

/// The paths and messages that lowering a shape gives.
pub(crate) fn refusal(shape: &str) -> Vec<(String, String)> {
    match Field::lower(&recipe(shape), MaterialTable::builtin()) {
        Ok(_) => panic!("lowered: {shape}"),
        Err(error) => error.violations.into_iter().map(|v| (v.path, v.message)).collect(),
    }
}

/// Lowered random recipes with their seeds. A few random recipes cannot be lowered; they are left out.
pub(crate) fn random_fields(seeds: std::ops::Range<u64>) -> Vec<(u64, Field)> {
    let asked = (seeds.end - seeds.start) as usize;
    let fields: Vec<_> = seeds
        .filter_map(|seed| match Field::lower(&testing::random_recipe(seed), MaterialTable::builtin()) {
            Ok(field) => Some((seed, field)),
            Err(error) => {
                assert!(error.violations.iter().all(|v| v.path.starts_with("$.")), "seed {seed}: {error}");
                None
            }
        })
        .collect();
    assert!(fields.len() * 10 > asked * 8, "only {} of {asked} recipes could be lowered", fields.len());
    fields
}

/// Every operation that occurs in a shape.
pub(crate) fn operations(node: &DnaNode, into: &mut std::collections::BTreeSet<&'static str>) {
    into.insert(node.op());
    for (_, child) in node.children() {
        operations(child, into);
    }
}
