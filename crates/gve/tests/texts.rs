//! What is said about recipes that are nearly right.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::{file, good, recipe, run, run_json};

/// Lowers a recipe of these bytes: the exit code and the one error, or `null`.
fn lower(bytes: impl AsRef<[u8]>) -> (i32, serde_json::Value) {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "r.gve.json", bytes);
    let (code, mut document) = run_json(&["lower", path.to_str().unwrap(), "--to", "tape"]);
    (code, document["error"].take())
}

/// What is said for people.
fn said(bytes: impl AsRef<[u8]>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "r.gve.json", bytes);
    let (code, stdout, stderr) = run(&["lower", path.to_str().unwrap(), "--to", "tape"]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    stderr
}

#[test]
fn a_byte_order_mark_is_accepted_and_other_encodings_are_named() {
    assert_eq!(lower(format!("\u{feff}{}", good())).0, 0);
    let mistake = lower("\u{feff}{\"root\": 1}").1;
    assert_eq!((&mistake["line"], &mistake["column"]), (&1.into(), &10.into()), "counted behind the mark");
    let units = good().encode_utf16().collect::<Vec<u16>>();
    let little = |units: &[u16]| units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<u8>>();
    let big = |units: &[u16]| units.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<u8>>();
    let marked = [&[0xfeff_u16], units.as_slice()].concat();
    for (bytes, expected) in [
        (little(&marked), "UTF-16 (little-endian)"),
        (big(&marked), "UTF-16 (big-endian)"),
        (little(&units), "UTF-16 (little-endian)"),
        (big(&units), "UTF-16 (big-endian)"),
    ] {
        let (code, error) = lower(bytes);
        assert_eq!((code, &error["code"]), (1, &"not_utf8".into()));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(expected) && message.contains("UTF-8"), "{message}");
    }
}

#[test]
fn numbers_are_what_they_are_worth() {
    let copies = |count: &str| {
        recipe(&format!(
            r#"{{"op": "polar_repeat", "count": {count}, "child": {{"op": "sphere", "radius": 0.1, "center": [1, 0, 0]}}}}"#
        ))
    };
    for count in ["2.0", "2e0", "0.2e1", "20e-1"] {
        assert_eq!(lower(copies(count).replace("\"version\": 3", "\"version\": 3.0")).0, 0, "{count}");
    }
    let message = |bytes: String| lower(bytes).1["message"].as_str().unwrap().to_owned();
    assert!(message(copies("2.5")).contains("expected a whole number from 0 to 4294967295, found 2.5"));
    assert!(message(copies("1e20")).contains("expected a whole number"));
    assert_eq!(lower(good().replacen('{', "{\"dna_version\": 1.0,", 1)).0, 0);
    assert!(message(good().replacen('{', "{\"dna_version\": 2.0,", 1)).contains("found 2"));
    for huge in ["1e400", "-1e400", &"9".repeat(400)] {
        let error = lower(recipe(&format!("{{\"op\": \"sphere\",\n \"radius\": {huge}}}"))).1;
        assert_eq!(error["code"], "invalid_recipe", "{huge}");
        assert_eq!((&error["path"], &error["line"]), (&"$.root_node.radius".into(), &4.into()));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("is too large") && message.len() < 200, "{message}");
    }
}

#[test]
fn long_and_broken_names_give_short_messages_on_one_line() {
    let long = "n".repeat(1 << 20);
    let with = |field: &str| recipe(&format!(r#"{{"op": "sphere", "radius": 1, "{field}": 2}}"#));
    let cases = [
        with(&long),
        with(&format!("{long}\": 3, \"{long}")),
        recipe(&format!(r#"{{"op": "{long}"}}"#)),
        recipe(&format!(r#"{{"op": "sphere", "radius": "{long}"}}"#)),
        recipe(&format!(r#"{{"op": "sphere", "radius": 1, "material": "{long}"}}"#)),
        recipe(&format!(r#"{{"op": "mirror", "axis": "{long}", "child": {{"op": "sphere", "radius": 1}}}}"#)),
        recipe(&format!(r#"{{"op": "sphere", "radius": 1, "center": [{long}]}}"#)),
        good().replace("Prop", &long),
        format!("{{\"{long}\": {}", "[{\"a\":".repeat(200)),
        format!("{{\"metadata\": {{\"{long}\": 1}}}}"),
    ];
    for (number, text) in cases.into_iter().enumerate() {
        let (code, error) = lower(&text);
        assert_eq!(code, 1, "{number}");
        let length = error.to_string().len();
        assert!(length < 1500, "{number}: {length} bytes");
        let stderr = said(&text);
        assert!(stderr.len() < 4000, "{number}: {} bytes", stderr.len());
    }
    for field in [r"a\nb", r"\r\u001b[2J\u0085", r"\u2028\u202e"] {
        let text = with(field);
        let error = lower(&text).1;
        let is_bad = |text: &serde_json::Value| {
            text.as_str().unwrap().contains(|c: char| c.is_control() || "\u{2028}\u{202e}".contains(c))
        };
        assert!(!is_bad(&error["message"]) && !is_bad(&error["path"]), "{error}");
        // It is still found in the text.
        assert_eq!(error["line"], 3, "{error}");
        assert!(error["column"].as_u64().unwrap() > 40, "{error}");
        let stderr = said(&text);
        let title = stderr.lines().next().unwrap();
        assert!(title.contains("unknown field") && title.contains("allowed here"), "{stderr}");
    }
    assert!(said(with(r"a\nb")).contains("unknown field `a␊b`"));
}

#[test]
fn suggestions_are_near_or_known() {
    for (op, expected) in [
        ("cube", "did you mean `box`?"),
        ("cuboid", "did you mean `box`?"),
        ("difference", "did you mean `subtract`?"),
        ("intersection", "did you mean `intersect`?"),
        ("mandrel", "did you mean `revolved_polygon`?"),
        ("extrude", "did you mean `extruded_polygon`?"),
        ("move", "did you mean `translate`?"),
        ("fillet", "did you mean `round`?"),
        ("Sphere", "did you mean `sphere`?"),
        ("cilinder", "did you mean `cylinder`?"),
        ("teapot", "there are: sphere, ellipsoid,"),
        ("gearbox", "there are: sphere, ellipsoid,"),
    ] {
        let error = lower(recipe(&format!(r#"{{"op": "{op}"}}"#))).1;
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(expected), "{op}: {message}");
    }
    let error = lower(recipe(r#"{"op": "box", "size": [1, 1, 1]}"#)).1;
    assert!(error["message"].as_str().unwrap().contains("did you mean `half_extents`?"), "{error}");
}

#[test]
fn a_recipe_that_is_a_baked_file_is_told_whatever_its_size() {
    // Longer than any recipe, so that it is told by what it is and not by its length.
    let bytes = [b"GVE1".as_slice(), &vec![0; 5 << 20]].concat();
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "r.gve.json", &bytes);
    let path = path.to_str().unwrap();
    let out = dir.path().join("x");
    for command in [vec!["lower", path, "--to", "tape"], vec!["bake", path, "-o", out.to_str().unwrap()]] {
        let (code, document) = run_json(&command);
        assert_eq!((code, document["error"]["code"].as_str()), (1, Some("not_a_recipe")), "{command:?}");
        assert!(document["error"]["message"].as_str().unwrap().contains("baked"), "{document}");
    }
    assert_eq!(fs::read(path).unwrap(), bytes);
}

#[test]
fn the_help_of_every_command_has_an_example() {
    let (_, help, _) = run(&["--help"]);
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        for flag in ["--help", "-h"] {
            let (code, help, _) = run(&[command, flag]);
            let (_, examples) = help.split_once("Example").unwrap_or_else(|| panic!("{command}: {help}"));
            assert!(
                code == 0 && examples.contains(&format!("gve {command}")) || examples.contains("gve --json"),
                "{help}"
            );
        }
    }
}
