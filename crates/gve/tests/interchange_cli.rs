//! `gve convert`: formats by extension, nothing lost in silence, no file harmed.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{fs, path::Path};

use common::{baked, file, good, gve, run, run_json};
use gve_interchange::{gltf, ply, spz};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn an_asset_goes_into_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let asset = baked(dir.path());
    for (extension, noun) in [
        ("ply", "splats"),
        ("spz", "splats"),
        ("glb", "triangles"),
        ("obj", "triangles"),
        ("stl", "triangles"),
        ("3MF", "triangles"),
    ] {
        let out = dir.path().join(format!("out.{extension}"));
        // A second time over the first: the same kind needs no force.
        for _ in 0..2 {
            let (code, document) = run_json(&["convert", text(&asset), "-o", text(&out)]);
            assert_eq!(code, 0, "{extension}: {document}");
            assert!(document[noun].as_u64().unwrap() > 100, "{extension}: {document}");
            assert_eq!(document["bytes"].as_u64(), Some(fs::metadata(&out).unwrap().len()));
            assert!(!document["lost"].as_array().unwrap().is_empty(), "{extension}");
        }
    }
    assert!(fs::read_to_string(dir.path().join("out.mtl")).unwrap().contains("newmtl WOOD_OAK"));
    assert!(fs::read_to_string(dir.path().join("out.obj")).unwrap().contains("mtllib out.mtl"));
    let splats = dir.path().join("splats.glb");
    let (code, stdout, stderr) = run(&["convert", text(&asset), "-o", text(&splats), "--content", "splats"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains(" splats\n") && stdout.contains("not kept: volume, mesh"), "{stdout}");
    assert!(gltf::read(&fs::read(&splats).unwrap()).unwrap().len() > 1000);
}

#[test]
fn splats_go_from_format_to_format_and_into_ours() {
    let dir = tempfile::tempdir().unwrap();
    let asset = baked(dir.path());
    let path = |name: &str| dir.path().join(name);
    let convert = |from: &Path, to: &Path, more: &[&str]| {
        let (code, document) = run_json(&[&["convert", text(from), "-o", text(to)], more].concat());
        assert_eq!(code, 0, "{document}");
        document
    };
    convert(&asset, &path("a.ply"), &[]);
    convert(&path("a.ply"), &path("b.spz"), &["--spz-version", "4"]);
    assert!(fs::read(path("b.spz")).unwrap().starts_with(b"NGSP"));
    convert(&path("b.spz"), &path("c.glb"), &[]);
    // What a file is says its start, not its name.
    fs::rename(path("c.glb"), path("c.bin")).unwrap();
    convert(&path("c.bin"), &path("d.ply"), &["--ply-axes", "y-up"]);
    let first = ply::read(&fs::read(path("a.ply")).unwrap(), ply::Axes::YDown).unwrap();
    let last = ply::read(&fs::read(path("d.ply")).unwrap(), ply::Axes::YUp).unwrap();
    assert!(last.len() > 1000 && first.len() == last.len());
    for (a, b) in first.positions.iter().zip(&last.positions) {
        assert!((0..3).all(|i| (a[i] - b[i]).abs() < 1e-5), "{a:?} {b:?}");
    }
    let document =
        convert(&path("d.ply"), &path("e.gve_bin"), &["--ply-axes", "y-up", "--material", "WOOD_OAK"]);
    assert!(document["lost"][0].as_str().unwrap().contains("no volume, no mesh"), "{document}");
    assert_eq!(run(&["verify", text(&path("e.gve_bin"))]).0, 0);
    let (_, inspected) = run_json(&["inspect", text(&path("e.gve_bin"))]);
    assert!(inspected.to_string().contains("made from gaussian splats alone"), "{inspected}");
    assert_eq!(
        run(&["render", text(&path("e.gve_bin")), "-o", text(&path("e.png")), "--size", "32x32"]).0,
        0
    );
    // It has no mesh to write.
    let (code, document) = run_json(&["convert", text(&path("e.gve_bin")), "-o", text(&path("e.stl"))]);
    assert_eq!((code, document["error"]["code"].as_str()), (1, Some("cannot_convert")));
    assert!(!path("e.stl").exists());
}

#[test]
fn pipes_are_read_and_written() {
    let dir = tempfile::tempdir().unwrap();
    let asset = fs::read(baked(dir.path())).unwrap();
    let output =
        gve().args(["convert", "-", "-o", "-", "--to", "spz"]).write_stdin(asset.clone()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(spz::read(&output.stdout).unwrap().len() > 1000);
    assert!(String::from_utf8(output.stderr).unwrap().contains(" splats\n"));
    let output = gve().args(["convert", "-", "-o", "-", "--to", "obj"]).write_stdin(asset).output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains("mtllib"), "there is no file beside a pipe");
}

#[test]
fn no_file_is_harmed_and_every_refusal_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let asset = baked(dir.path());
    let path = |name: &str| dir.path().join(name);
    let notes = file(dir.path(), "notes.ply", "mine");
    file(dir.path(), "chair.mtl", "mine");
    let mesh = file(
        dir.path(),
        "mesh.ply",
        "ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nend_header\n",
    );
    let recipe = file(dir.path(), "r.gve.json", good());
    let cases = [
        (&asset, "notes.ply", "other_kind", "a PLY file would replace something else"),
        (&asset, "chair.obj", "other_kind", "chair.mtl"),
        (&mesh, "mesh.ply", "output_is_input", "it is the file that is read"),
        (&asset, "x.fbx", "unknown_format", "none of gve_bin, ply, spz, glb, obj, stl and 3mf"),
        (&asset, "x.gltf", "unknown_format", "glTF is written as .glb"),
        (&asset, "x.gve_bin", "cannot_convert", "already"),
        (&mesh, "x.spz", "invalid_file", "line 3: property \"y\""),
        (&mesh, "x.stl", "cannot_convert", "only a .gve_bin has a mesh"),
        (&recipe, "x.spz", "invalid_file", "glTF file"),
        (&notes, "x.spz", "invalid_file", "it starts like none of them"),
    ];
    for (input, output, code, message) in cases {
        let (exit, document) = run_json(&["convert", text(input), "-o", text(&path(output))]);
        let error = &document["error"];
        assert_eq!((exit, error["code"].as_str()), (1, Some(code)), "{output}: {document}");
        assert!(error["message"].as_str().unwrap().contains(message), "{document}\n  does not say {message}");
    }
    assert_eq!(fs::read_to_string(&notes).unwrap(), "mine");
    assert_eq!(fs::read_to_string(path("chair.mtl")).unwrap(), "mine");
    assert!(!path("chair.obj").exists() && !path("x.spz").exists());
    assert_eq!(run(&["convert", text(&asset), "-o", text(&notes), "--force"]).0, 0);
    assert!(fs::read(&notes).unwrap().starts_with(b"ply\n"));
    let bad =
        run_json(&["convert", text(&notes), "-o", text(&path("y.gve_bin")), "--material", "UNOBTAINIUM"]);
    assert_eq!(bad.1["error"]["code"], "unknown_material");
}

#[test]
fn buffers_of_a_gltf_are_read_beside_it_only() {
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let asset = baked(dir.path());
    let glb = dir.path().join("s.glb");
    assert_eq!(run(&["convert", text(&asset), "-o", text(&glb), "--content", "splats"]).0, 0);
    let bytes = fs::read(&glb).unwrap();
    let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let mut document: serde_json::Value = serde_json::from_slice(&bytes[20..20 + length]).unwrap();
    let binary = &bytes[28 + length..];
    file(dir.path(), "s.bin", binary);
    let elsewhere = file(outside.path(), "s.bin", binary);
    let mut convert = |uri: &str| {
        document["buffers"][0]["uri"] = uri.into();
        let gltf = file(dir.path(), "s.gltf", document.to_string());
        run(&["convert", text(&gltf), "-o", text(&dir.path().join("s.spz"))])
    };
    assert_eq!(convert("s.bin").0, 0);
    for uri in [text(&elsewhere), "../s.bin", "file:///etc/passwd", "none.bin", "/dev/zero"] {
        let (code, _, stderr) = convert(uri);
        assert!(code == 1 && stderr.contains("buffers[0]: uri"), "{uri}: {stderr}");
    }
}
