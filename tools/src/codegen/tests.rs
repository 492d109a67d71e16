#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use super::*;

const SPECIFIED: &str = r#"
export type AssetCategory =
    | "Architecture"
    | "Weapon"
    | "Vehicle"
    | "Prop"
    | "Character";

export interface AssetMetadata {
    name: string;
    version: number;
    category: AssetCategory;
    material_spec?: string;
}
"#;

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// The text without its documentation.
fn code(typescript: &str) -> String {
    let mut rest = typescript;
    let mut code = String::new();
    while let Some((before, comment)) = rest.split_once("/**") {
        code.push_str(before);
        rest = comment.split_once("*/").unwrap().1;
    }
    code + rest
}

#[test]
fn committed_files_are_what_the_source_says() {
    let root = root().unwrap();
    verify(&root, &without_python(&root, &schema::document()).unwrap()).unwrap();
}

#[test]
fn a_stale_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        Generated { path: "a.txt", text: "a".into() },
        Generated { path: "sub/b.txt", text: "b".into() },
        Generated { path: "c.txt", text: "c".into() },
    ];
    write(folder.path(), &files[..2]).unwrap();
    fs::write(folder.path().join("sub/b.txt"), "b\n").unwrap();
    let error = verify(folder.path(), &files).unwrap_err().to_string();
    assert_eq!(error, "out of date: sub/b.txt, c.txt; run `cargo xtask codegen`");
    write(folder.path(), &files).unwrap();
    verify(folder.path(), &files).unwrap();
}

#[test]
fn typescript_has_the_form_of_the_specification() {
    let root = root().unwrap();
    let text = fs::read_to_string(root.join("schema/gve.ts")).unwrap();
    assert_eq!(text.lines().next(), Some("// Auto-generated - DO NOT EDIT"));
    let code = code(&text);
    let found = words(&code);
    for block in SPECIFIED.split("\n\n") {
        let specified = words(block);
        assert!(found.windows(specified.len()).any(|window| window == specified), "{code}");
    }
}

#[test]
fn typescript_refuses_what_it_cannot_say() {
    let schema = serde_json::json!({ "$defs": {} });
    let document = |source: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("lib.rs"), source).unwrap();
        typescript::document(folder.path(), &schema).map_err(|error| format!("{error:#}"))
    };
    let unshared = document("#[typeshare] struct A { b: B }").unwrap_err();
    assert!(unshared.contains("type B is not shared with TypeScript"), "{unshared}");
    assert!(document("#[typeshare] struct A { b: u64 }").is_err());
    assert!(document("#[typeshare] struct A { b: ").is_err());
}

#[test]
fn typescript_reads_the_serde_attributes() {
    let schema = serde_json::json!({ "$defs": {} });
    let folder = tempfile::tempdir().unwrap();
    let source = r#"
        #[typeshare]
        #[serde(tag = "op", rename_all = "snake_case")]
        enum Node { RoundBox(RoundBox) }
        #[typeshare]
        struct RoundBox {
            #[serde(rename = "$schema", default = "one")] size: f32,
            #[serde(default)] list: Vec<Option<String>>,
            map: BTreeMap<String, [f32; 2]>,
        }
        #[typeshare]
        struct Envelope { #[serde(flatten)] node: Node, time: String }
    "#;
    fs::write(folder.path().join("lib.rs"), source).unwrap();
    let text = typescript::document(folder.path(), &schema).unwrap();
    let expected = r#"// Auto-generated - DO NOT EDIT
        export type Node = | ({ op: "round_box" } & RoundBox);
        export interface RoundBox { $schema?: number; list?: (string | null)[];
            map: Record<string, [number, number]>; }
        export type Envelope = Node & { time: string; };"#;
    assert_eq!(words(&text), words(expected));
}

/// Whether every type in the JSON Schema is in the TypeScript and the other way round.
#[test]
fn every_shared_type_is_in_every_language() {
    let root = root().unwrap();
    let schema = schema::document();
    let in_schema: BTreeSet<&str> =
        schema["$defs"].as_object().unwrap().iter().map(|(name, _)| name.as_str()).collect();
    let text = fs::read_to_string(root.join("schema/gve.ts")).unwrap();
    let exported = |line: &str| {
        let line = line.strip_prefix("export interface ").or(line.strip_prefix("export type "))?;
        Some(line.split_whitespace().next()?.to_owned())
    };
    let mut in_typescript: BTreeSet<String> = text.lines().filter_map(exported).collect();
    // An alias for text, and the structs that JSON Schema writes into the branches of `DnaNode`.
    assert!(in_typescript.remove("MaterialSpecId"));
    // A map that browsers alone read, from an app.
    assert!(in_typescript.remove("SceneLabels"));
    for branch in schema["$defs"]["DnaNode"]["oneOf"].as_array().unwrap() {
        assert!(in_typescript.remove(branch["title"].as_str().unwrap()), "{}", branch["title"]);
    }
    let mut in_schema: BTreeSet<String> = in_schema.into_iter().map(str::to_owned).collect();
    assert_eq!(in_schema.remove("Event"), in_typescript.remove("Event"));
    assert_eq!(in_schema, in_typescript);
}

#[test]
fn numbers_have_bounds_and_no_formats_of_rust() {
    fn walk(schema: &Value, seen: &mut usize) {
        if let Some(object) = schema.as_object() {
            let integer = object.get("type").is_some_and(|ty| ty == "integer");
            if integer && !object.contains_key("enum") {
                assert!(object.contains_key("minimum") && object.contains_key("maximum"), "{schema}");
                *seen += 1;
            }
            assert!(object.get("format").is_none_or(|format| !format.is_string()), "{schema}");
        }
        match schema {
            Value::Object(object) => object.values().for_each(|value| walk(value, seen)),
            Value::Array(values) => values.iter().for_each(|value| walk(value, seen)),
            _ => {}
        }
    }
    let mut seen = 0;
    walk(&schema::document(), &mut seen);
    assert!(seen > 5);
}
