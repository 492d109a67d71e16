//! What the tests of the command line share.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

/// The built program, without colours.
pub(crate) fn gve() -> Command {
    let mut command = Command::cargo_bin("gve").unwrap();
    command.env("NO_COLOR", "1");
    command
}

/// A small recipe whose root node is given.
pub(crate) fn recipe(root: &str) -> String {
    format!(
        "{{\n  \"metadata\": {{\"name\": \"Test\", \"version\": 3, \"category\": \"Prop\", \"material_spec\": \"WOOD_OAK\"}},\n  \"root_node\": {root}\n}}\n"
    )
}

/// A recipe that bakes in no time.
pub(crate) fn good() -> String {
    recipe(
        r#"{"op": "subtract", "children": [{"op": "box", "half_extents": [0.2, 0.1, 0.15]}, {"op": "cylinder", "radius": 0.06, "half_height": 1, "material": "ASTM_A36"}]}"#,
    )
}

pub(crate) fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// Runs the program: exit code, standard output, standard error.
pub(crate) fn run(args: &[&str]) -> (i32, String, String) {
    let output = gve().args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs the program with `--json` and reads the one document that it prints.
pub(crate) fn run_json(args: &[&str]) -> (i32, Value) {
    let (code, stdout, stderr) = run(&[&["--json"], args].concat());
    assert_eq!(stderr, "", "with --json everything is said on standard output");
    (code, serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{e}: {stdout}")))
}

/// Bakes [`good`] coarsely into the folder.
pub(crate) fn baked(folder: &Path) -> PathBuf {
    let recipe = file(folder, "good.gve.json", good());
    let out = folder.join("good.gve_bin");
    let (code, _, stderr) = run(&[
        "bake",
        recipe.to_str().unwrap(),
        "-o",
        out.to_str().unwrap(),
        "--resolution",
        "24",
        "--splats",
        "2000",
    ]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    out
}
