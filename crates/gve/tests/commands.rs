//! What each command does when all is well.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{fs, path::Path};

use common::{baked, file, good, gve, run, run_json};

/// Width, height and RGBA bytes of a picture.
fn picture(path: &Path) -> (u32, u32, Vec<u8>) {
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap())).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    (info.width, info.height, bytes)
}

/// The share of pixels that differ clearly between two pictures of one size.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    let differ = |(p, q): &(&[u8], &[u8])| p.iter().zip(*q).any(|(x, y)| x.abs_diff(*y) > 24);
    let pixels = a.len() / 4;
    a.chunks_exact(4).zip(b.chunks_exact(4)).filter(differ).count() as f64 / pixels as f64
}

#[test]
fn a_recipe_becomes_a_file_that_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = file(dir.path(), "r.gve.json", good());
    let out = dir.path().join("r.gve_bin");
    let (recipe, out) = (recipe.to_str().unwrap(), out.to_str().unwrap());
    let (code, report) = run_json(&[
        "bake",
        recipe,
        "-o",
        out,
        "--resolution",
        "32",
        "--splats",
        "3000",
        "--asset-id",
        "77",
        "--asset-version",
        "9",
    ]);
    assert_eq!(code, 0);
    assert_eq!(report["bytes"].as_u64().unwrap(), fs::metadata(out).unwrap().len());
    let stages: Vec<&str> =
        report["stages"].as_array().unwrap().iter().map(|s| s["stage"].as_str().unwrap()).collect();
    assert_eq!(stages.first(), Some(&"Building SDF graph"));
    assert_eq!(stages.last(), Some(&"Writing binary"));

    let (code, found) = run_json(&["inspect", out]);
    assert_eq!(code, 0);
    assert_eq!((found["asset_id"].as_u64(), found["asset_version"].as_u64()), (Some(77), Some(9)));
    assert_eq!(found["dna_hash"], report["dna_hash"]);
    assert_eq!(found["splats"]["count"], report["splats"]);
    // A box with a hole: 0.4 * 0.2 * 0.3 less pi * 0.06² * 0.2, in oak of 755 kg/m³.
    let oak = (0.4 * 0.2 * 0.3 - std::f64::consts::PI * 0.06 * 0.06 * 0.2) * 755.0;
    let mass = found["mass"]["mass_kg"].as_f64().unwrap();
    assert!((mass - oak).abs() < 0.02 * oak, "{mass} kg, expected {oak}");

    let (code, stdout, _) = run(&["inspect", out]);
    assert!(code == 0 && stdout.contains("WOOD_OAK") && stdout.contains("triangles"), "{stdout}");
    let (code, stdout, _) = run(&["verify", out, out]);
    assert_eq!((code, stdout.matches("ok ").count()), (0, 2));
    let (code, rows) = run_json(&["verify", out]);
    assert_eq!((code, &rows["bad"]), (0, &serde_json::json!(0)));
}

#[test]
fn the_version_of_the_recipe_is_the_default() {
    let dir = tempfile::tempdir().unwrap();
    let out = baked(dir.path());
    assert_eq!(run_json(&["inspect", out.to_str().unwrap()]).1["asset_version"], 3);
}

#[test]
fn recipe_splats_and_volume_show_the_same_object() {
    let dir = tempfile::tempdir().unwrap();
    let binary = baked(dir.path());
    let recipe = dir.path().join("good.gve.json");
    let draw = |input: &Path, name: &str, more: &[&str]| {
        let out = dir.path().join(name);
        let args = ["render", input.to_str().unwrap(), "-o", out.to_str().unwrap(), "--size", "96x64"];
        let (code, _, stderr) = run(&[&args, more].concat());
        assert_eq!((code, stderr.as_str()), (0, ""));
        let (width, height, bytes) = picture(&out);
        assert_eq!((width, height), (96, 64));
        bytes
    };
    let volume = draw(&binary, "volume.png", &["--content", "volume"]);
    // The corners show the background, the middle the object.
    let at = |bytes: &[u8], x: usize, y: usize| bytes[(y * 96 + x) * 4..][..3].to_vec();
    assert_eq!(at(&volume, 1, 1), at(&volume, 94, 62));
    assert_ne!(at(&volume, 1, 1), at(&volume, 30, 36));
    let exact = draw(&recipe, "exact.png", &[]);
    let splats = draw(&binary, "splats.png", &[]);
    assert!(difference(&exact, &volume) > 0.05, "another renderer lights it differently");
    assert_ne!(exact, splats);
    let behind = draw(&recipe, "behind.png", &["--view", "-145,-10"]);
    assert!(difference(&exact, &behind) > 0.05, "the camera stands elsewhere");
}

#[test]
fn lowering_gives_a_tape_or_wgsl() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = file(dir.path(), "r.gve.json", good());
    let recipe = recipe.to_str().unwrap();
    let (code, tape, _) = run(&["lower", recipe, "--to", "tape"]);
    assert!(code == 0 && tape.lines().count() > 5, "{tape}");
    let (code, wgsl, _) = run(&["lower", recipe, "--to", "wgsl"]);
    assert!(code == 0 && wgsl.contains("fn gve_distance(") && wgsl.contains("fn gve_part("));
    let (code, document) = run_json(&["lower", recipe, "--to", "wgsl"]);
    assert_eq!((code, document["text"].as_str()), (0, Some(wgsl.as_str())));
    let out = dir.path().join("r.wgsl");
    assert_eq!(run(&["lower", recipe, "--to", "wgsl", "-o", out.to_str().unwrap()]).0, 0);
    assert_eq!(fs::read_to_string(out).unwrap(), wgsl);
}

#[test]
fn a_new_recipe_bakes_and_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let status = gve()
        .current_dir(dir.path())
        .args(["new", "Tall Stool", "--category", "character"])
        .output()
        .unwrap()
        .status;
    assert!(status.success());
    let path = dir.path().join("tall_stool.gve.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"Tall Stool\"") && text.contains("\"Character\""));
    let out = dir.path().join("s.gve_bin");
    let (path, out) = (path.to_str().unwrap(), out.to_str().unwrap());
    let (code, report) = run_json(&["bake", path, "-o", out, "--splats", "1000"]);
    assert_eq!((code, report["warnings"].as_array().map(Vec::len)), (0, Some(0)));

    fs::write(path, "mine").unwrap();
    let (code, document) = run_json(&["new", "Tall Stool", "-o", path]);
    assert_eq!((code, document["error"]["code"].as_str()), (1, Some("already_exists")));
    assert_eq!(fs::read_to_string(path).unwrap(), "mine");
    assert_eq!(run(&["new", "Tall Stool", "-o", path, "--force"]).0, 0);
    assert_eq!(fs::read_to_string(path).unwrap().len(), text.len() - "Character".len() + "Prop".len());
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = run(&["completions", shell]);
        assert!(code == 0 && script.contains("inspect") && script.contains("resolution"), "{shell}");
    }
}

#[test]
fn help_is_an_answer() {
    let (code, stdout, stderr) = run(&["--help"]);
    assert!(code == 0 && stderr.is_empty());
    for command in ["bake", "inspect", "verify", "render", "lower", "new", "completions"] {
        assert!(stdout.contains(command), "{command}");
    }
}
