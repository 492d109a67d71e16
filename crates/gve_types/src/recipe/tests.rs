#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::json;

use super::*;
use crate::{
    limits::{MAX_DEPTH, MAX_NESTED_VALUES},
    testing::random_dna,
};

/// A recipe around a node given as JSON text.
fn around(node: &str) -> String {
    format!(
        r#"{{"metadata": {{"name": "test", "version": 1, "category": "Prop", "material_spec": "ASTM_A36"}},
            "root_node": {node}}}"#
    )
}

fn parse(text: &str) -> Result<AssetDna, RecipeError> {
    parse_recipe(text, MaterialTable::builtin())
}

/// What is found wrong with a recipe around the node, as `path: message`.
fn faults(node: &str) -> Vec<String> {
    match parse(&around(node)).unwrap_err() {
        RecipeError::Invalid(violations) => violations.iter().map(ToString::to_string).collect(),
        other => vec![other.to_string()],
    }
}

#[track_caller]
fn refused(node: &str, expected: &str) {
    assert_eq!(faults(node), [expected], "{node}");
}

const BALL: &str = r#"{"op": "sphere", "radius": 1}"#;

#[test]
fn a_good_recipe_is_read() {
    let dna = parse(&around(BALL)).unwrap();
    assert_eq!(dna.dna_version, DNA_VERSION);
    assert_eq!(dna.audio_patch, Default::default());
    assert_eq!(dna.root_node.op(), "sphere");
}

#[test]
fn random_recipes_pass_and_survive_their_text() {
    for seed in 0..300 {
        let dna = random_dna(seed);
        assert_eq!(validate_recipe(&dna, MaterialTable::builtin()), []);
        let text = serde_json::to_string_pretty(&dna).unwrap();
        assert_eq!(parse(&text).unwrap(), dna, "seed {seed}");
    }
}

#[test]
fn fields() {
    refused(
        r#"{"op": "sphere", "raduis": 1}"#,
        "$.root_node.raduis: unknown field `raduis`; did you mean `radius`? allowed here: `radius`, `center`, `material`, `name`",
    );
    refused(r#"{"op": "sphere"}"#, "$.root_node: the field `radius` is missing");
    refused(r#"{"op": "shell", "thickness": 1}"#, "$.root_node: the field `child` is missing");
    refused(
        &format!(r#"{{"op": "sphere", "radius": 1, "child": {BALL}}}"#),
        "$.root_node.child: unknown field `child`; allowed here: `radius`, `center`, `material`, `name`",
    );
    refused(
        r#"{"op": "sphere", "radius": 1, "radius": 2}"#,
        "$.root_node.radius: the field `radius` stands here twice",
    );
    refused(
        r#"{"op": "sphere", "radius": 1, "r\u0061dius": 2}"#,
        "$.root_node.radius: the field `radius` stands here twice",
    );
}

#[test]
fn operations() {
    refused(
        r#"{"op": "spheer", "radius": 1}"#,
        "$.root_node.op: unknown operation `spheer`; did you mean `sphere`?",
    );
    let far = faults(r#"{"op": "teapot"}"#);
    assert!(far[0].starts_with("$.root_node.op: unknown operation `teapot`; there are: sphere, ellipsoid,"));
    refused(r#"{"radius": 1}"#, "$.root_node: the field `op` is missing: it names the shape or operation");
    refused(r#"{"op": 3}"#, "$.root_node.op: `op` is a text, found a number");
}

#[test]
fn types() {
    refused(
        r#"{"op": "sphere", "radius": "1"}"#,
        "$.root_node.radius: expected a number, found the text \"1\"",
    );
    refused(r#"{"op": "sphere", "radius": null}"#, "$.root_node.radius: expected a number, found null");
    refused(r#"{"op": "sphere", "radius": [1]}"#, "$.root_node.radius: expected a number, found a list");
    refused(
        r#"{"op": "box", "half_extents": [1, true, 1]}"#,
        "$.root_node.half_extents[1]: expected a number, found true",
    );
    refused(
        r#"{"op": "box", "half_extents": [1, 1]}"#,
        "$.root_node.half_extents: expected a list of 3, found 2",
    );
    refused(
        &format!(r#"{{"op": "polar_repeat", "count": 1.5, "child": {BALL}}}"#),
        "$.root_node.count: expected a whole number from 0 to 4294967295, found 1.5",
    );
    refused(
        &format!(r#"{{"op": "polar_repeat", "count": -1, "child": {BALL}}}"#),
        "$.root_node.count: expected a whole number from 0 to 4294967295, found -1",
    );
    refused(
        &format!(r#"{{"op": "mirror", "axis": "w", "child": {BALL}}}"#),
        "$.root_node.axis: expected \"x\" or \"y\" or \"z\", found \"w\"",
    );
    refused(
        &format!(r#"{{"op": "union", "children": {BALL}}}"#),
        "$.root_node.children: expected a list, found an object",
    );
    refused(
        r#"{"op": "sphere", "radius": 1, "material": 3}"#,
        "$.root_node.material: expected a text, found 3",
    );
}

#[test]
fn a_list_is_no_object() {
    refused(r#"["sphere", 1.0]"#, "$.root_node: a node is an object with an `op`, found a list");
    refused("null", "$.root_node: a node is an object with an `op`, found null");
    refused(r#""sphere""#, "$.root_node: a node is an object with an `op`, found a text");
    refused(
        &format!(r#"{{"op": "union", "children": [{BALL}, ["sphere", 1.0, null, null]]}}"#),
        "$.root_node.children[1]: a node is an object with an `op`, found a list",
    );
    let blended = faults(&format!(r#"{{"op": "union", "children": [{BALL}], "blend": ["smooth", 0.1]}}"#));
    assert_eq!(blended, ["$.root_node.blend: a blend is an object, found a list"]);
    let whole = |value| match parse_recipe_value(&value, MaterialTable::builtin()).unwrap_err() {
        RecipeError::Invalid(violations) => violations[0].to_string(),
        other => other.to_string(),
    };
    let ball = json!({ "op": "sphere", "radius": 1 });
    assert_eq!(whole(json!([1, 2])), "$: a recipe is an object, found a list");
    assert_eq!(
        whole(json!({ "metadata": ["a", 1, "Prop"], "root_node": ball })),
        "$.metadata: expected an object, found a list"
    );
    let metadata = json!({ "name": "a", "version": 1, "category": "Prop" });
    assert_eq!(
        whole(json!({ "metadata": metadata, "root_node": ball, "audio_patch": { "modes": [[440, 1, 1]] } })),
        "$.audio_patch.modes[0]: a mode is an object, found a list"
    );
}

#[test]
fn numbers() {
    refused(
        r#"{"op": "sphere", "radius": -1}"#,
        "$.root_node.radius: expected a number from 0.00001 to 10000, found -1",
    );
    refused(
        r#"{"op": "sphere", "radius": 0}"#,
        "$.root_node.radius: expected a number from 0.00001 to 10000, found 0",
    );
    refused(
        r#"{"op": "sphere", "radius": 1e39}"#,
        "$.root_node.radius: expected a number from 0.00001 to 10000, found a number too large",
    );
    refused(
        r#"{"op": "sphere", "radius": 1, "center": [0, 20000, 0]}"#,
        "$.root_node.center[1]: expected a number from -10000 to 10000, found 20000",
    );
    refused(
        r#"{"op": "ellipsoid", "radii": [1, -1e39, 1]}"#,
        "$.root_node.radii[1]: expected a number from 0.00001 to 10000, found a number too large",
    );
    let syntax = |node: &str| match parse(&around(node)).unwrap_err() {
        RecipeError::Syntax { line, message, .. } => (line, message),
        other => panic!("{other:?}"),
    };
    for word in ["NaN", "nan", "Infinity", "-Infinity"] {
        let (line, message) = syntax(&format!(r#"{{"op": "sphere", "radius": {word}}}"#));
        assert_eq!(line, 2);
        assert!(message.contains("expected a number, at $.root_node.radius"), "{message}");
    }
    refused(r#"{"op": "sphere", "radius": 1e999}"#, "$.root_node.radius: the number 1e999 is too large");
    let (_, message) = syntax(r#"{"op": "sphere", "radius": 1,}"#);
    assert!(message.starts_with("trailing comma, at $.root_node"), "{message}");
}

#[test]
fn whole_numbers_may_have_a_point() {
    let copies =
        |count: &str| around(&format!(r#"{{"op": "polar_repeat", "count": {count}, "child": {BALL}}}"#));
    let expected = parse(&copies("2")).unwrap();
    for count in ["2.0", "2e0", "20e-1", "0.002e3"] {
        assert_eq!(parse(&copies(count)).unwrap(), expected, "{count}");
    }
    for (count, found) in [("2.5", "2.5"), ("-2.0", "-2"), ("1e300", "1e+300"), ("-0.0", "-0.0")] {
        let [fault] = &faults(&format!(r#"{{"op": "polar_repeat", "count": {count}, "child": {BALL}}}"#))[..]
        else {
            panic!("{count}")
        };
        assert!(fault.contains("whole number") && fault.ends_with(&format!("found {found}")), "{fault}");
    }
    // Lengths keep what they are, whatever their sign.
    let box_at =
        |x: &str| around(&format!(r#"{{"op": "sphere", "radius": 1e0, "center": [{x}, 16777217.0, 0.0]}}"#));
    let [x, ..] =
        AssetDna::deserialize(&whole_numbers(&serde_json::from_str(&box_at("-0.0")).unwrap()).into_owned())
            .unwrap()
            .root_node
            .center()
            .unwrap();
    assert!(x == 0.0 && x.is_sign_negative());
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let text = format!("\u{feff}{}", around(BALL));
    assert_eq!(parse(&text).unwrap(), parse(&around(BALL)).unwrap());
    assert_eq!(find(&text, "$.root_node").map(|range| &text[range]), Some(BALL));
    assert!(parse("\u{feff}\u{feff}{}").is_err());
}

#[test]
fn names_neither_flood_nor_break_a_message() {
    let long = "n".repeat(1 << 20);
    for node in [
        format!(r#"{{"op": "sphere", "radius": 1, "{long}": 2}}"#),
        format!(r#"{{"op": "{long}"}}"#),
        format!(r#"{{"op": "sphere", "radius": 1, "material": "{long}"}}"#),
        format!(r#"{{"op": "sphere", "radius": 1, "{long}": 1, "{long}": 1}}"#),
        format!(r#"{{"op": "mirror", "axis": "{long}", "child": {BALL}}}"#),
    ] {
        let found = faults(&node);
        assert!(found.iter().all(|fault| fault.len() < 400), "{} bytes", found[0].len());
    }
    let found = faults(r#"{"op": "sphere", "radius": 1, "a\nb`, expected `c": 2}"#);
    assert_eq!(
        found,
        [
            "$.root_node.a␊b`, expected `c: unknown field `a␊b`, expected `c`; allowed here: `radius`, `center`, `material`, `name`"
        ]
    );
}

#[test]
fn materials_and_names() {
    refused(
        r#"{"op": "sphere", "radius": 1, "material": "ASTM_A63"}"#,
        "$.root_node.material: unknown material `ASTM_A63`; did you mean `ASTM_A36`?",
    );
    refused(
        r#"{"op": "sphere", "radius": 1, "material": "unobtainium"}"#,
        "$.root_node.material: unknown material `unobtainium`",
    );
    let text = around(BALL).replace(", \"material_spec\": \"ASTM_A36\"", "");
    let RecipeError::Invalid(found) = parse(&text).unwrap_err() else { panic!() };
    assert_eq!(
        found[0].to_string(),
        "$.root_node: no material: name one here, on a node above, or in metadata.material_spec"
    );
    let long = "x".repeat(129);
    refused(
        &format!(r#"{{"op": "sphere", "radius": 1, "name": "{long}"}}"#),
        "$.root_node.name: at most 128 bytes, found 129",
    );
}

#[test]
fn polygons() {
    let extruded =
        |points: &str| format!(r#"{{"op": "extruded_polygon", "half_depth": 1, "points": {points}}}"#);
    refused(
        &extruded("[[0, 0], [1, 1], [1, 0], [0, 1]]"),
        "$.root_node.points[0]: the edges from points 0 and 2 cross or touch: the polygon crosses itself",
    );
    refused(&extruded("[[0, 0], [1, 1]]"), "$.root_node.points: a polygon has 3 to 256 points, found 2");
    refused(
        &extruded("[[0, 0], [1, 1], [1, 1], [0, 1]]"),
        "$.root_node.points[1]: points 1 and 2 are the same",
    );
    refused(
        &extruded("[[0, 0], [2, 0], [1, 0]]"),
        "$.root_node.points[0]: the edge from point 0 is folded back by the next edge",
    );
    refused(
        r#"{"op": "revolved_polygon", "points": [[-1, 0], [1, 0], [1, 1]]}"#,
        "$.root_node.points[0][0]: expected a number from 0 to 10000, found -1",
    );
    refused(
        &extruded("[[0, 0], [1, 1e39], [1, 0]]"),
        "$.root_node.points[1][1]: expected a number from -10000 to 10000, found a number too large",
    );
}

#[test]
fn repeats() {
    refused(
        &format!(r#"{{"op": "polar_repeat", "count": 1000000000, "child": {BALL}}}"#),
        "$.root_node.count: a repeat makes 1 to 4096 copies, found 1000000000",
    );
    refused(
        &format!(
            r#"{{"op": "linear_repeat", "counts": [1000, 1000, 1000], "spacing": [1, 1, 1], "child": {BALL}}}"#
        ),
        "$.root_node.counts: a repeat makes 1 to 4096 copies, found 1000000000",
    );
    let most = u32::MAX;
    let huge = faults(&format!(
        r#"{{"op": "linear_repeat", "counts": [{most}, {most}, {most}], "spacing": [1, 1, 1], "child": {BALL}}}"#
    ));
    assert_eq!(huge.len(), 1, "{huge:?}");
    let mut node = BALL.to_owned();
    for _ in 0..3 {
        node = format!(r#"{{"op": "polar_repeat", "count": 100, "child": {node}}}"#);
    }
    refused(
        &node,
        "$.root_node.child.child.count: nested repeats make at most 65536 copies of a part, found 1000000",
    );
}

#[test]
fn every_mistake_is_told_at_once() {
    let node = r#"{"op": "union", "children": [
        {"op": "sphere", "radius": "a"},
        {"op": "cube"},
        {"op": "translate", "offset": [0, 0], "child": {"op": "box"}}
    ]}"#;
    assert_eq!(
        faults(node),
        [
            "$.root_node.children[0].radius: expected a number, found the text \"a\"",
            "$.root_node.children[1].op: unknown operation `cube`; did you mean `box`?",
            "$.root_node.children[2].offset: expected a list of 3, found 2",
            "$.root_node.children[2].child: the field `half_extents` is missing",
        ]
    );
    let many = vec![r#"{"op": "cube"}"#; 1000].join(",");
    let found = faults(&format!(r#"{{"op": "union", "children": [{many}]}}"#));
    assert_eq!(found.len(), MAX_VIOLATIONS + 1);
    assert_eq!(found.last().unwrap(), "$: only the first 64 mistakes are listed");
    let many = vec![r#"{"op": "sphere", "radius": -1}"#; 200].join(",");
    let found = faults(&format!(r#"{{"op": "union", "children": [{many}]}}"#));
    assert_eq!(found.len(), MAX_VIOLATIONS + 1);
}

#[test]
fn the_frame_of_the_recipe_is_checked_too() {
    let with = |from: &str, to: &str| match parse(&around(BALL).replace(from, to)).unwrap_err() {
        RecipeError::Invalid(violations) => violations[0].to_string(),
        other => other.to_string(),
    };
    assert_eq!(
        with("{\"metadata\"", "{\"dna_version\": 2, \"future\": 1, \"metadata\""),
        "$.dna_version: this build reads DNA version 1, found 2"
    );
    assert_eq!(
        with("{\"metadata\"", "{\"dna_version\": \"1\", \"metadata\""),
        "$.dna_version: expected a whole number from 0 to 4294967295, found the text \"1\""
    );
    assert_eq!(
        with("Prop", "Furniture"),
        "$.metadata.category: expected \"Architecture\" or \"Weapon\" or \"Vehicle\" or \"Prop\" or \"Character\", found \"Furniture\""
    );
    assert_eq!(with("\"test\"", "\" \""), "$.metadata.name: a name has at least one character");
    assert_eq!(with("\"version\": 1, ", ""), "$.metadata: the field `version` is missing");
    assert!(
        with("root_node", "root")
            .starts_with("$.root: unknown field `root`; did you mean `root_node`? allowed here:")
    );
    assert_eq!(
        with("{\"metadata\"", "{\"audio_patch\": {\"gain\": 9}, \"metadata\""),
        "$.audio_patch.gain: expected a number from 0 to 4, found 9"
    );
    let long = " ".repeat(MAX_RECIPE_BYTES + 1);
    assert_eq!(parse(&long).unwrap_err(), RecipeError::TooLong { found: MAX_RECIPE_BYTES + 1 });
}

fn chain(levels: usize) -> String {
    let open = r#"{"op": "round", "radius": 1, "child": "#.repeat(levels);
    format!("{open}{BALL}{}", "}".repeat(levels))
}

#[test]
fn depth() {
    assert!(parse(&around(&chain(MAX_DEPTH - 1))).is_ok());
    let place = format!("$.root_node{}", ".child".repeat(MAX_DEPTH));
    refused(&chain(MAX_DEPTH), &format!("{place}: nodes nest at most {MAX_DEPTH} deep"));
    let place = format!("$.root_node{}", ".child".repeat(MAX_DEPTH + 1));
    for levels in [MAX_DEPTH + 1, 100, 10_000, 100_000] {
        refused(&chain(levels), &format!("{place}: nodes nest at most {MAX_DEPTH} deep"));
    }
    // Lists nest without being nodes.
    let lists = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let found = faults(&lists);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("$.root_node[0][0]"), "{}", &found[0][..60]);
    let message = format!(": values nest at most {MAX_NESTED_VALUES} deep");
    assert!(found[0].ends_with(&message), "{}", &found[0][found[0].len() - 60..]);
    // Brackets that never close do not help.
    assert_eq!(faults(&"[{".repeat(100_000)).len(), 1);
    // The deepest node may have a blend, and its points nest two lists.
    let deepest =
        format!(r#"{{"op": "union", "blend": {{"kind": "smooth", "radius": 1}}, "children": [{BALL}]}}"#);
    assert!(parse(&around(&chain(MAX_DEPTH - 2).replace(BALL, &deepest))).is_ok());
}

#[test]
fn half_of_a_surrogate_pair_is_called_that() {
    for half in [r"\ud83d", r"\ud83dx", r"\ud83d\n", r"\udc00", r"\ud83d\u0041"] {
        let text = around(BALL).replacen("test", half, 1);
        let message = parse(&text).unwrap_err().to_string();
        assert!(message.contains("half of a surrogate pair"), "{half}: {message}");
        assert!(message.contains("$.metadata.name"), "{half}: {message}");
    }
}

#[test]
fn depth_of_a_value_that_no_text_made() {
    let mut node = json!({ "op": "sphere", "radius": 1 });
    for _ in 0..2000 {
        // Not `json!` around it, which would copy all that is below.
        let mut group = json!({ "op": "union" });
        group["children"] = Value::Array(vec![node]);
        node = group;
    }
    let mut value = json!({ "metadata": { "name": "a", "version": 1, "category": "Prop" } });
    value["root_node"] = node;
    let RecipeError::Invalid(found) = parse_recipe_value(&value, MaterialTable::builtin()).unwrap_err()
    else {
        panic!()
    };
    assert_eq!(found[0].path, format!("$.root_node{}", ".children[0]".repeat(MAX_DEPTH + 1)));
    assert_eq!(found.len(), 1);
}

#[test]
fn node_count() {
    let list = |count: usize| vec![BALL; count].join(",");
    let group = |count: usize| format!(r#"{{"op": "union", "children": [{}]}}"#, list(count));
    let groups = vec![group(255); 16].join(",");
    // 16 groups of 255 and their 16 heads, under one.
    assert!(parse(&around(&format!(r#"{{"op": "union", "children": [{groups}]}}"#))).is_err());
    let groups = vec![group(254); 16].join(",");
    assert!(parse(&around(&format!(r#"{{"op": "union", "children": [{groups}]}}"#))).is_ok());
    refused(&group(257), "$.root_node.children: 1 to 256 children, found 257");
    refused(r#"{"op": "union", "children": []}"#, "$.root_node.children: 1 to 256 children, found 0");
}

#[test]
fn places_in_the_text() {
    let text = around(&format!(
        r#"{{"op": "union", "children": [{BALL}, {{"op": "box", "half_extents": [1, 2, 3]}}]}}"#
    ));
    let at = |path: &str| find(&text, path).map(|range| &text[range]);
    assert_eq!(at("$.root_node.children[0].radius"), Some("1"));
    assert_eq!(at("$.root_node.children[0]"), Some(BALL));
    assert_eq!(at("$.root_node.children[1].half_extents"), Some("[1, 2, 3]"));
    assert_eq!(at("$.root_node.children[1].half_extents[2]"), Some("3"));
    assert_eq!(at("$.metadata.category"), Some("\"Prop\""));
    assert_eq!(at("$.metadata.missing"), at("$.metadata"));
    assert_eq!(at("$.root_node.children[7].radius"), at("$.root_node.children"));
    assert_eq!(at("$"), Some(text.as_str()));
    assert_eq!(find("", "$.a"), None);
    assert_eq!(find("\"\\", "$.a"), Some(0..2));
}

/// Whatever is done to the text of a recipe, reading it ends with an answer.
#[test]
fn mangled_texts_neither_panic_nor_pass_unseen() {
    let mut random = crate::testing::Random::new(7);
    for seed in 0..20 {
        let text = serde_json::to_string(&random_dna(seed)).unwrap();
        for _ in 0..25 {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len());
                match random.below(4) {
                    0 => bytes[at] = b"{}[]\",:0-.eE\\n "[random.below(15)],
                    1 => drop(bytes.remove(at)),
                    2 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, b"{}[]\",:0"[random.below(8)]),
                }
            }
            let text = String::from_utf8_lossy(&bytes);
            match parse(&text) {
                Ok(dna) => assert_eq!(validate_recipe(&dna, MaterialTable::builtin()), []),
                Err(RecipeError::Invalid(found)) => {
                    assert!(!found.is_empty());
                    for violation in found {
                        assert!(violation.path.starts_with('$') && !violation.message.is_empty());
                        assert!(find(&text, &violation.path).is_some());
                    }
                }
                Err(other) => assert!(!other.to_string().is_empty()),
            }
        }
    }
}
