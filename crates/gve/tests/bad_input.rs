//! Each kind of bad input gets one clear message, and nothing that was there is lost.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::{baked, file, good, recipe, run, run_json};

/// A bad recipe: what its text is, which code it gets, and what the message and the path must hold.
struct Case {
    name: &'static str,
    text: Vec<u8>,
    code: &'static str,
    message: &'static str,
    path: &'static str,
}

fn case(
    name: &'static str,
    text: impl Into<Vec<u8>>,
    code: &'static str,
    message: &'static str,
    path: &'static str,
) -> Case {
    Case { name, text: text.into(), code, message, path }
}

fn sphere(radius: &str) -> String {
    recipe(&format!("{{\n    \"op\": \"sphere\",\n    \"radius\": {radius}\n  }}"))
}

fn cases() -> Vec<Case> {
    let deep = |levels: usize| {
        let open = "{\"op\": \"round\", \"radius\": 0.1, \"child\": ".repeat(levels);
        recipe(&format!("{open}{{\"op\": \"sphere\", \"radius\": 1}}{}", "}".repeat(levels)))
    };
    let radius = "$.root_node.radius";
    vec![
        case(
            "wrong field",
            sphere("1, \"radus\": 2"),
            "invalid_recipe",
            "unknown field `radus`",
            "$.root_node",
        ),
        case(
            "missing field",
            recipe(r#"{"op": "sphere"}"#),
            "invalid_recipe",
            "the field `radius` is missing",
            "$.root_node",
        ),
        case("wrong type", sphere("\"big\""), "invalid_recipe", "expected a number", "$.root_node"),
        case("unknown op", recipe(r#"{"op": "spere"}"#), "invalid_recipe", "spere", "$.root_node"),
        case("NaN", sphere("NaN"), "not_json", "not JSON", ""),
        case("too large a number", sphere("1e39"), "invalid_recipe", "number", radius),
        case("far too large a number", sphere("1e999"), "invalid_recipe", "1e999 is too large", radius),
        case("negative radius", sphere("-1"), "invalid_recipe", "found -1", radius),
        case("60 levels", deep(60), "invalid_recipe", "48 deep", "$.root_node.child"),
        case("10,000 levels", deep(10_000), "invalid_recipe", "48 deep", "$.root_node.child"),
        case(
            "a billion copies",
            recipe(
                r#"{"op": "linear_repeat", "counts": [1000, 1000, 1000], "spacing": [1, 1, 1], "child": {"op": "sphere", "radius": 0.1}}"#,
            ),
            "invalid_recipe",
            "found 1000000000",
            "$.root_node.counts",
        ),
        case(
            "unknown material",
            recipe(r#"{"op": "sphere", "radius": 1, "material": "WOOD_OAKK"}"#),
            "invalid_recipe",
            "did you mean `WOOD_OAK`",
            "$.root_node.material",
        ),
        case(
            "self-intersecting polygon",
            recipe(
                r#"{"op": "extruded_polygon", "half_depth": 1, "points": [[0, 0], [1, 1], [1, 0], [0, 1]]}"#,
            ),
            "invalid_recipe",
            "crosses itself",
            "$.root_node.points[0]",
        ),
        case(
            "no end",
            recipe(r#"{"op": "plane", "normal": [0, 1, 0]}"#),
            "invalid_recipe",
            "no end",
            "$.root_node",
        ),
        case("not JSON", "{\n  \"metadata\": oops\n}", "not_json", "not JSON", ""),
        case("empty", "", "not_json", "not JSON", ""),
        case("not UTF-8", b"{\n \"name\": \"\xff\xfe\"}".to_vec(), "not_utf8", "byte 12 (line 2)", ""),
        case("huge", vec![b' '; 5 << 20], "recipe_too_long", "found 5242880", ""),
        case(
            "a later version",
            good().replacen('{', "{\"dna_version\": 2,", 1),
            "invalid_recipe",
            "found 2",
            "$.dna_version",
        ),
    ]
}

#[test]
fn a_bad_recipe_is_explained_and_the_old_file_stays() {
    let dir = tempfile::tempdir().unwrap();
    let out = baked(dir.path());
    let before = fs::read(&out).unwrap();
    let out = out.to_str().unwrap();
    for Case { name, text, code, message, path } in cases() {
        let bad = file(dir.path(), "bad.gve.json", &text);
        let bad = bad.to_str().unwrap();
        let (exit, document) = run_json(&["bake", bad, "-o", out]);
        let error = &document["error"];
        let found = error["message"].as_str().unwrap();
        assert_eq!((exit, error["code"].as_str()), (1, Some(code)), "{name}: {found}");
        assert!(found.contains(message), "{name}: {found}");
        assert!(error["path"].as_str().unwrap_or("").starts_with(path), "{name}: {error}");

        let (exit, stdout, stderr) = run(&["bake", bad, "-o", out]);
        assert_eq!((exit, stdout.as_str()), (1, ""), "{name}");
        assert!(stderr.contains("bad.gve.json") && stderr.contains(message), "{name}: {stderr}");
        assert!(stderr.len() < 4000, "{name}: one clear message, not {} bytes", stderr.len());
        for command in [vec!["lower", bad, "--to", "tape"], vec!["render", bad, "-o", out]] {
            assert_eq!(run(&command).0, 1, "{name}: {command:?}");
        }
        assert_eq!(fs::read(out).unwrap(), before, "{name}");
    }
    assert_eq!(leftovers(dir.path()), 0);
}

fn leftovers(folder: &std::path::Path) -> usize {
    let is_temporary = |entry: &std::io::Result<fs::DirEntry>| {
        entry.as_ref().unwrap().file_name().to_string_lossy().contains("tmp")
    };
    fs::read_dir(folder).unwrap().filter(is_temporary).count()
}

#[test]
fn the_snippet_points_at_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let bad = file(dir.path(), "bad.gve.json", sphere("-1"));
    let (_, _, stderr) = run(&["lower", bad.to_str().unwrap(), "--to", "tape"]);
    assert!(stderr.contains("bad.gve.json:5:15"), "{stderr}");
    assert!(stderr.contains("\"radius\": -1"), "{stderr}");
    let (_, document) = run_json(&["lower", bad.to_str().unwrap(), "--to", "tape"]);
    assert_eq!((&document["error"]["line"], &document["error"]["column"]), (&5.into(), &15.into()));
}

#[test]
fn all_findings_are_reported_together() {
    let dir = tempfile::tempdir().unwrap();
    let two = recipe(r#"{"op": "cylinder", "radius": -1, "half_height": 0, "material": "TIN"}"#);
    let bad = file(dir.path(), "bad.gve.json", two);
    let (_, document) = run_json(&["lower", bad.to_str().unwrap(), "--to", "tape"]);
    assert_eq!(document["error"]["findings"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_damaged_binary_is_named_and_the_others_are_still_checked() {
    let dir = tempfile::tempdir().unwrap();
    let good = baked(dir.path());
    let bytes = fs::read(&good).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 4;
    let mut future = bytes.clone();
    future[4] = 9;
    let bad = [
        ("flipped", flipped, "damaged"),
        ("future", future, "version 9"),
        ("truncated", bytes[..bytes.len() - 100].to_vec(), "cut short"),
        ("stub", bytes[..10].to_vec(), "expected 64 bytes"),
        (
            "foreign",
            b"PK\x03\x04 and so on, long enough to hold a header of sixty-four bytes or more".to_vec(),
            "GVE1",
        ),
        ("empty", vec![], "expected"),
    ];
    for (name, content, message) in bad {
        let path = file(dir.path(), &format!("{name}.gve_bin"), content);
        let path = path.to_str().unwrap();
        let (code, stdout, stderr) = run(&["verify", path, good.to_str().unwrap()]);
        assert_eq!(code, 1, "{name}");
        assert!(stdout.contains(message) && stdout.contains(name), "{name}: {stdout}");
        assert!(stdout.contains("ok ") && stderr.contains("1 of 2"), "{name}: {stdout}{stderr}");
        let (code, document) = run_json(&["verify", path]);
        assert_eq!((code, &document["files"][0]["ok"]), (1, &false.into()), "{name}");
        assert_eq!(run_json(&["inspect", path]).0, 1, "{name}");
        let out = dir.path().join("never.png");
        assert_eq!(run(&["render", path, "-o", out.to_str().unwrap()]).0, 1, "{name}");
        assert!(!out.exists(), "{name}");
    }
}

#[test]
fn files_that_are_not_there_and_folders_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = file(dir.path(), "good.gve.json", good());
    let (folder, recipe) = (dir.path().to_str().unwrap(), recipe.to_str().unwrap());
    let gone = dir.path().join("gone");
    let gone = gone.to_str().unwrap();
    for command in [
        vec!["bake", gone, "-o", "x"],
        vec!["lower", gone, "--to", "tape"],
        vec!["render", gone, "-o", "x.png"],
        vec!["inspect", gone],
    ] {
        let (code, document) = run_json(&command);
        assert_eq!((code, document["error"]["code"].as_str()), (1, Some("not_found")), "{command:?}");
        assert_eq!(document["error"]["file"].as_str(), Some(gone));
    }
    for command in [
        vec!["bake", folder, "-o", "x"],
        vec!["bake", recipe, "-o", folder],
        vec!["render", folder, "-o", "x.png"],
        vec!["render", recipe, "-o", folder],
        vec!["inspect", folder],
    ] {
        let (code, document) = run_json(&command);
        assert_eq!((code, document["error"]["code"].as_str()), (1, Some("is_folder")), "{command:?}");
    }
    let (code, document) = run_json(&["verify", gone, folder]);
    assert_eq!((code, &document["bad"]), (1, &2.into()));
    let missing_folder = format!("{gone}/out.gve_bin");
    let (code, document) = run_json(&["bake", recipe, "-o", &missing_folder]);
    assert_eq!((code, document["error"]["code"].as_str()), (1, Some("cannot_write")));
}

/// A folder that takes no files: /proc refuses even the superuser.
#[cfg(target_os = "linux")]
#[test]
fn an_unwritable_folder_is_one_message() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = file(dir.path(), "good.gve.json", good());
    let recipe = recipe.to_str().unwrap();
    for command in [
        vec!["bake", recipe, "-o", "/proc/x.gve_bin"],
        vec!["render", recipe, "-o", "/proc/x.png"],
        vec!["lower", recipe, "--to", "wgsl", "-o", "/proc/x.wgsl"],
        vec!["new", "X", "-o", "/proc/x.gve.json"],
    ] {
        let (code, stdout, stderr) = run(&command);
        assert_eq!((code, stdout.as_str()), (1, ""), "{command:?}");
        assert!(stderr.contains("cannot write /proc/x."), "{stderr}");
        assert_eq!(stderr.trim().lines().count(), 1, "{stderr}");
    }
}

/// A disk without space for the answer itself.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_the_answer_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = file(dir.path(), "good.gve.json", good());
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin("gve"))
        .args(["lower", recipe.to_str().unwrap(), "--to", "wgsl"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("No space left"));
}

#[test]
fn a_binary_is_not_a_recipe() {
    let dir = tempfile::tempdir().unwrap();
    let binary = baked(dir.path());
    let (code, document) = run_json(&["lower", binary.to_str().unwrap(), "--to", "tape"]);
    assert_eq!((code, document["error"]["code"].as_str()), (1, Some("not_a_recipe")));
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    for args in [
        vec!["bake"],
        vec!["bake", "r", "-o", "x", "--resolution", "7"],
        vec!["bake", "r", "-o", "x", "--resolution", "513"],
        vec!["bake", "r", "-o", "x", "--splats", "0"],
        vec!["render", "r", "-o", "x", "--size", "0x10"],
        vec!["render", "r", "-o", "x", "--view", "0,100"],
        vec!["lower", "r", "--to", "glsl"],
        vec!["new", "x", "--category", "toy"],
        vec!["fly"],
        vec!["verify"],
    ] {
        let (code, stdout, stderr) = run(&args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        assert!(stderr.starts_with("error: "), "{stderr}");
        let (code, document) = run_json(&args);
        assert_eq!((code, document["error"]["code"].as_str()), (2, Some("usage")), "{args:?}");
    }
    let (code, document) = run_json(&["new", " "]);
    assert_eq!((code, document["error"]["code"].as_str()), (1, Some("bad_name")));
}
