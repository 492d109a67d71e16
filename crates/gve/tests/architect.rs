//! `gve push`, `gve watch` and `gve search`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/architect.rs"]
mod architect;
mod common;

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use architect::{Architect, ID};
use common::{file, good, recipe, run, run_json};
use serde_json::{Value, json};

fn push(architect: &Architect, recipe: &Path, more: &[&str]) -> (i32, String, String) {
    run(&[&["push", recipe.to_str().unwrap(), "--server", &architect.url], more].concat())
}

#[test]
fn a_recipe_is_pushed_once_and_then_updated() {
    let architect = Architect::start();
    let folder = tempfile::tempdir().unwrap();
    let recipe = file(folder.path(), "good.gve.json", good());
    let (code, stdout, stderr) = push(&architect, &recipe, &[]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains(&format!("Test is asset 7 ({ID}), new, version 1")), "{stdout}");
    for part in [
        "Building SDF graph",
        "250.0 ms",
        "1500.0 ms on cpu",
        "1000 splats, trained for 300 iterations",
        "PSNR 30.0 dB before, 34.5 dB after",
        "warning: one leg is thin",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    let (code, stdout, _) = push(&architect, &recipe, &[]);
    assert_eq!(code, 0);
    assert!(stdout.contains("unchanged since version 1"), "{stdout}");
    file(folder.path(), "good.gve.json", good().replace("0.06", "0.05"));
    let (code, stdout, _) = push(&architect, &recipe, &["--iterations", "50", "--subcategory", "toys"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("saved as version 2"), "{stdout}");
    let state = architect.state.lock().unwrap();
    assert_eq!(state.saves.len(), 2);
    assert!(state.saves[0].get("expected_version").is_none());
    let second = &state.saves[1];
    assert_eq!(
        [&second["expected_version"], &second["splat_iterations"], &second["subcategory"]],
        [&json!(1), &json!(50), &json!("toys")]
    );
}

#[test]
fn a_push_for_machines() {
    let architect = Architect::start();
    let folder = tempfile::tempdir().unwrap();
    let recipe = file(folder.path(), "good.gve.json", good());
    let path = recipe.to_str().unwrap();
    let (code, document) = run_json(&["push", path, "--server", &architect.url]);
    assert_eq!(code, 0);
    let asset = &document["assets"][0];
    assert_eq!(
        [&asset["file"], &asset["id"], &asset["wire_id"], &asset["version"], &asset["outcome"]],
        [&json!(path), &json!(ID), &json!(7), &json!(1), &json!("created")]
    );
    assert_eq!(asset["result"]["splats"]["psnr_after_db"], 34.5);
    architect.state.lock().unwrap().compile_error = Some("no surface");
    let (code, document) = run_json(&["push", path, "--server", &architect.url, "--force"]);
    assert_eq!(code, 1);
    assert_eq!(document["error"]["code"], "compile_failed");
    assert_eq!(document["assets"][0]["error"]["message"], "version 2 was not compiled: no surface");
}

#[test]
fn a_failed_compile_fails_the_push() {
    let architect = Architect::start();
    architect.state.lock().unwrap().compile_error = Some("no surface");
    let folder = tempfile::tempdir().unwrap();
    let recipe = file(folder.path(), "good.gve.json", good());
    let (code, stdout, stderr) = push(&architect, &recipe, &[]);
    assert_eq!(code, 1);
    assert!(stdout.contains("new, version 1"), "{stdout}");
    assert!(stderr.contains("version 1 was not compiled: no surface"), "{stderr}");
    let (code, _, stderr) = push(&architect, &recipe, &["--force", "--no-wait"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "without waiting it is not known");
}

#[test]
fn somebody_else_was_faster() {
    let architect = Architect::start();
    let folder = tempfile::tempdir().unwrap();
    let recipe = file(folder.path(), "good.gve.json", good());
    assert_eq!(push(&architect, &recipe, &[]).0, 0);
    architect.state.lock().unwrap().document.as_mut().unwrap()["version"] = json!(5);
    file(folder.path(), "good.gve.json", good().replace("0.06", "0.05"));
    let (code, stdout, stderr) = push(&architect, &recipe, &[]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains("you last pushed version 1, the Architect has version 5"), "{stderr}");
    assert!(stderr.contains("--force"), "{stderr}");
    let (code, stdout, _) = push(&architect, &recipe, &["--force"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("saved as version 6"), "{stdout}");
}

#[test]
fn a_save_whose_answer_was_lost_is_no_conflict() {
    let architect = Architect::start();
    let folder = tempfile::tempdir().unwrap();
    let recipe = file(folder.path(), "good.gve.json", good());
    assert_eq!(push(&architect, &recipe, &[]).0, 0);
    // As if the save had been done, and the connection had broken before its answer.
    architect.state.lock().unwrap().document.as_mut().unwrap()["version"] = json!(2);
    let (code, stdout, _) = push(&architect, &recipe, &[]);
    assert_eq!(code, 0);
    assert!(stdout.contains("unchanged since version 2"), "{stdout}");
    file(folder.path(), "good.gve.json", good().replace("0.06", "0.05"));
    assert!(push(&architect, &recipe, &[]).1.contains("saved as version 3"));
}

#[test]
fn mistakes_are_shown_in_the_recipe_whoever_finds_them() {
    let architect = Architect::start();
    let folder = tempfile::tempdir().unwrap();
    let bad = file(folder.path(), "bad.gve.json", recipe("{\"op\": \"sphere\",\n\"radius\": -1}"));
    let good = file(folder.path(), "good.gve.json", good());
    let (code, _, stderr) = push(&architect, &good, &[bad.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(stderr.contains("bad.gve.json:4"), "{stderr}");
    assert!(architect.state.lock().unwrap().requests.is_empty(), "nothing is pushed while one is wrong");
    // Only the Architect's materials do not have this one.
    architect.state.lock().unwrap().save_error = Some((
        422,
        json!({"code": "invalid_recipe", "message": "1 mistake", "violations": [
            {"path": "$.root_node.children[1].material", "message": "unknown here"}]}),
    ));
    let (code, _, stderr) = push(&architect, &good, &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("$.root_node.children[1].material: unknown here"), "{stderr}");
    assert!(stderr.contains("good.gve.json:3") && stderr.contains("ASTM_A36"), "{stderr}");
}

#[test]
fn an_asset_that_the_architect_has_lost_is_made_again() {
    let architect = Architect::start();
    let folder = tempfile::tempdir().unwrap();
    let recipe = file(folder.path(), "good.gve.json", good());
    assert_eq!(push(&architect, &recipe, &[]).0, 0);
    architect.state.lock().unwrap().document = None;
    let (code, stdout, _) = push(&architect, &recipe, &[]);
    assert_eq!(code, 0);
    assert!(stdout.contains("new, version 1"), "{stdout}");
}

#[test]
fn no_architect_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = file(folder.path(), "good.gve.json", good());
    let path = recipe.to_str().unwrap();
    for command in [&["push", path][..], &["watch", path], &["search", "ball"]] {
        let (code, stdout, stderr) = run(&[command, &["--server", "http://127.0.0.1:1"]].concat());
        assert_eq!((code, stdout.as_str()), (1, ""));
        assert!(stderr.contains("no Architect answers at http://127.0.0.1:1"), "{stderr}");
        assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    }
    let (code, _, stderr) = run(&["search", "ball", "--server", "nonsense"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("`nonsense` is no address"), "{stderr}");
    let (code, document) = run_json(&["search", "ball", "--server", "http://127.0.0.1:1"]);
    assert_eq!((code, &document["error"]["code"]), (1, &json!("unreachable")));
}

#[test]
fn searching() {
    let architect = Architect::start();
    let (code, stdout, _) = run(&["search", "a red ball", "--server", &architect.url, "--limit", "3"]);
    assert_eq!(code, 0);
    assert_eq!(stdout, format!("0.500  Ball  Prop/toys  asset 7 ({ID})  version 3\n"));
    let asked =
        architect.state.lock().unwrap().requests.iter().any(|r| r.ends_with("?text=a+red+ball&limit=3"));
    assert!(asked);
    let (code, document) = run_json(&["search", "ball", "--server", &architect.url]);
    assert_eq!((code, &document["hits"][0]["asset"]["wire_id"]), (0, &json!(7)));
    assert_eq!(run(&["search", "  ", "--server", &architect.url]).0, 1);
}

/// A running `gve watch --json`, and the documents that it prints.
struct Watch {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Watch {
    fn start(architect: &Architect, path: &Path) -> Self {
        // Whoever runs the tests in the background may have had interrupts ignored, which programs inherit.
        let mut child = Command::new("env")
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_gve")])
            .args(["--json", "watch", path.to_str().unwrap(), "--fast", "--server", &architect.url])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next document, which must be about this.
    fn expect(&mut self, what: &str) -> Value {
        let line = self.lines.next().expect("it goes on").unwrap();
        let document: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(document["what"], what, "{line}");
        document
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn a_recipe_that_is_a_link_is_watched_where_it_leads_to() {
    let architect = Architect::start();
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = file(there.path(), "source.json", good());
    std::os::unix::fs::symlink(&target, here.path().join("good.gve.json")).unwrap();
    let mut watch = Watch::start(&architect, here.path());
    assert_eq!(watch.expect("watching")["recipes"], 1);
    assert_eq!(watch.expect("saved")["version"], 1);
    watch.expect("compiled");
    file(there.path(), "source.json", good().replace("0.06", "0.05"));
    assert_eq!(watch.expect("saved")["version"], 2);
    watch.expect("compiled");
    let temporary = file(there.path(), "source.tmp", good().replace("0.06", "0.04"));
    std::fs::rename(temporary, &target).unwrap();
    assert_eq!(watch.expect("saved")["version"], 3);
    watch.expect("compiled");
}

#[test]
fn a_watch_tells_each_warning_once() {
    let architect = Architect::start();
    let thin = "$.root_node.children[1] (leg\u{1b}[2J): 0.4 mm thick at (0, 1, 0)";
    architect.state.lock().unwrap().warnings = Some(vec![thin]);
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "good.gve.json", good());
    let mut child = Command::new(env!("CARGO_BIN_EXE_gve"))
        .args(["watch", folder.path().to_str().unwrap(), "--server", &architect.url])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut expect = |part: &str| {
        let line = lines.next().expect("it goes on").unwrap();
        assert!(line.contains(part), "{line}");
    };
    let shown = "  warning: $.root_node.children[1] (leg␛[2J): 0.4 mm thick at (0, 1, 0)";
    for part in ["watching", "new, asset", "version 1 is there", shown] {
        expect(part);
    }
    file(folder.path(), "good.gve.json", good().replace("0.06", "0.05"));
    for part in ["version 2 saved", "version 2 is there", "  1 warning as before"] {
        expect(part);
    }
    architect.state.lock().unwrap().warnings = Some(vec![thin, "$: the mass is not known well"]);
    file(folder.path(), "good.gve.json", good().replace("0.06", "0.04"));
    for part in [
        "version 3 saved",
        "version 3 is there",
        "  warning: $: the mass is not known well",
        "  1 warning as before",
    ] {
        expect(part);
    }
    let _ = child.kill();
    let _ = child.wait();
    // Another watch begins with what is known: the asset is compiled, and this is what its file lacks.
    let mut watch = Watch::start(&architect, folder.path());
    watch.expect("watching");
    assert_eq!(watch.expect("saved")["warnings"], json!([thin, "$: the mass is not known well"]));
}

#[test]
fn a_watch_from_the_first_push_to_the_interrupt() {
    let architect = Architect::start();
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "good.gve.json", good());
    let mut watch = Watch::start(&architect, folder.path());
    assert_eq!(watch.expect("watching")["recipes"], 1);
    assert_eq!(watch.expect("saved")["version"], 1);
    assert_eq!(watch.expect("compiled")["result"]["version"], 1);
    // In place.
    file(folder.path(), "good.gve.json", good().replace("0.06", "0.05"));
    assert_eq!(watch.expect("saved")["version"], 2);
    watch.expect("compiled");
    // A mistake, told once.
    file(folder.path(), "good.gve.json", good().replace("0.06", "-1"));
    let failed = watch.expect("failed");
    assert_eq!((&failed["error"]["code"], &failed["error"]["line"]), (&json!("invalid_recipe"), &json!(3)));
    file(folder.path(), "good.gve.json", good().replace("0.06", "-1"));
    // Renamed over the old one, as many editors do.
    let temporary = file(folder.path(), ".good.tmp", good().replace("0.06", "0.04"));
    std::fs::rename(temporary, &path).unwrap();
    assert_eq!(watch.expect("saved")["version"], 3);
    watch.expect("compiled");
    {
        let state = architect.state.lock().unwrap();
        assert!(state.saves[0].get("splat_iterations").is_none(), "the first push trains");
        assert_eq!(state.saves[1]["splat_iterations"], 0);
        assert_eq!(state.saves[2]["priority"], 2);
    }
    let pid = watch.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    watch.expect("done");
    assert!(watch.child.wait().unwrap().success());
}
