//! Recipes that pass validation and still cannot be made say why and where.

mod common;

use std::time::Instant;

use common::{recipe, refusal};
use gve_sdf::Field;
use gve_types::{MaterialTable, limits::MAX_TAPE_OPS};

fn assert_refused(shape: &str, path: &str, words: &[&str]) {
    let found = refusal(shape);
    assert!(
        found.iter().any(|(p, message)| p == path && words.iter().all(|word| message.contains(word))),
        "expected {path} with {words:?}, found {found:?}"
    );
}

#[test]
fn shapes_without_an_end() {
    assert_refused(r#"{"op": "plane", "normal": [0, 1, 0]}"#, "$.root_node", &["no end"]);
    let union = r#"{"op": "union", "children": [{"op": "sphere", "radius": 1}, {"op": "plane", "normal": [1, 1, 0]}]}"#;
    assert_refused(union, "$.root_node", &["no end"]);
    let twist = r#"{"op": "twist", "rate_rad_per_m": 1, "child": {"op": "plane", "normal": [0, 1, 0]}}"#;
    assert_refused(twist, "$.root_node", &["without an end", "twisted"]);
}

#[test]
fn shapes_without_a_point() {
    let apart = r#"{"op": "intersect", "children": [{"op": "sphere", "radius": 1},
        {"op": "translate", "offset": [5, 0, 0], "child": {"op": "sphere", "radius": 1}}]}"#;
    assert_refused(apart, "$.root_node", &["holds no point"]);
    // Bounds alone do not show that this is empty.
    let eaten =
        r#"{"op": "subtract", "children": [{"op": "sphere", "radius": 1}, {"op": "sphere", "radius": 2}]}"#;
    assert_refused(eaten, "$.root_node", &["holds no point"]);
    let behind = r#"{"op": "mirror", "axis": "x", "offset": 3, "child": {"op": "sphere", "radius": 1}}"#;
    assert_refused(behind, "$.root_node", &["negative side"]);
}

#[test]
fn copies_that_overlap_in_large_numbers() {
    let grid = r#"{"op": "linear_repeat", "counts": [1000, 1, 1], "spacing": [1, 0, 0],
        "child": {"op": "sphere", "radius": 0.6}}"#;
    assert_refused(grid, "$.root_node.spacing[0]", &["1.2 m wide", "-0.6", "cell 1 m", "1000"]);
    let ring = r#"{"op": "polar_repeat", "count": 100, "child":
        {"op": "translate", "offset": [1, 0, 0], "child": {"op": "sphere", "radius": 0.2}}}"#;
    assert_refused(ring, "$.root_node.count", &["rad wide", "100"]);
}

#[test]
fn bends_that_close() {
    let long =
        r#"{"op": "bend", "curvature_per_m": 4, "child": {"op": "box", "half_extents": [1, 0.1, 0.1]}}"#;
    assert_refused(long, "$.root_node.curvature_per_m", &["2 m long", "full turn"]);
    let thick =
        r#"{"op": "bend", "curvature_per_m": 4, "child": {"op": "box", "half_extents": [0.1, 0.3, 0.1]}}"#;
    assert_refused(thick, "$.root_node.curvature_per_m", &["centre of the arc", "0.25 m away"]);
}

#[test]
fn distortions_that_are_too_strong() {
    let twist =
        r#"{"op": "twist", "rate_rad_per_m": 1000, "child": {"op": "box", "half_extents": [5, 5, 5]}}"#;
    assert_refused(twist, "$.root_node", &["distorted"]);
    let mut scaled = r#"{"op": "sphere", "radius": 1}"#.to_owned();
    for _ in 0..3 {
        scaled = format!(r#"{{"op": "scale", "factor": 0.001, "child": {scaled}}}"#);
    }
    assert_refused(&scaled, "$.root_node.child.factor", &["scale"]);
}

/// Nested repeats of something that is written out grow without limit; lowering stops at the limit.
#[test]
fn programs_that_are_too_long() {
    let mut shape = r#"{"op": "ellipsoid", "radii": [1, 0.9, 0.8]}"#.to_owned();
    for _ in 0..3 {
        shape = format!(r#"{{"op": "polar_repeat", "count": 40, "child": {shape}}}"#);
    }
    let start = Instant::now();
    let found = refusal(&shape);
    assert!(
        found
            .iter()
            .any(|(path, message)| path.starts_with("$.root_node")
                && message.contains(&MAX_TAPE_OPS.to_string())),
        "{found:?}"
    );
    assert!(start.elapsed().as_secs() < 20, "no time limit that matters, but no hang either");
}

/// Deformations measure their child before they lower it; nested ones must not do so over and over.
#[test]
fn deep_deformations_are_lowered_in_time() {
    let mut shape = r#"{"op": "box", "half_extents": [0.3, 0.3, 0.3]}"#.to_owned();
    for _ in 0..30 {
        shape = format!(r#"{{"op": "twist", "rate_rad_per_m": 0.000001, "child": {shape}}}"#);
    }
    let field = Field::lower(&recipe(&shape), MaterialTable::builtin());
    assert!(field.is_ok(), "{field:?}");
}

#[test]
fn an_invalid_recipe_is_validated_first() {
    let mut dna = recipe(r#"{"op": "sphere", "radius": 1}"#);
    dna.metadata.material_spec = None;
    let error = Field::lower(&dna, MaterialTable::builtin()).expect_err("no material");
    assert_eq!(error.violations[0].path, "$.root_node");
    assert!(error.to_string().contains("no material"));
}
