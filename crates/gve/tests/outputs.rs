//! What the commands read and write: no file is harmed, and what is no file stays what it is.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod common;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use common::{baked, file, good, run, run_json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_gve");
const COARSE: [&str; 4] = ["--resolution", "16", "--splats", "1000"];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Each command that writes what it is told to, with the recipe that it reads.
fn commands<'a>(recipe: &'a str, output: &'a str) -> Vec<Vec<&'a str>> {
    vec![
        [vec!["bake", recipe, "-o", output], COARSE.to_vec()].concat(),
        vec!["render", recipe, "-o", output, "--size", "16x16"],
        vec!["lower", recipe, "--to", "tape", "-o", output],
        vec!["lower", recipe, "--to", "wgsl", "-o", output],
    ]
}

#[test]
fn an_output_that_is_the_input_is_refused_however_it_is_spelled() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = file(dir.path(), "r.gve.json", good());
    fs::create_dir(dir.path().join("sub")).unwrap();
    let (soft, hard, folder) = (dir.path().join("soft"), dir.path().join("hard"), dir.path().join("folder"));
    symlink(&recipe, &soft).unwrap();
    fs::hard_link(&recipe, &hard).unwrap();
    symlink(dir.path(), &folder).unwrap();
    for output in [&recipe, &soft, &hard, &dir.path().join("sub/../r.gve.json"), &folder.join("r.gve.json")] {
        for (read, written) in [(&recipe, output), (output, &recipe)] {
            for command in commands(text(read), text(written)) {
                let (code, document) = run_json(&command);
                let found = document["error"]["code"].as_str();
                assert_eq!((code, found), (1, Some("output_is_input")), "{command:?}");
                assert_eq!(fs::read_to_string(&recipe).unwrap(), good(), "{command:?}");
            }
        }
    }
    assert!(soft.is_symlink() && fs::metadata(&hard).unwrap().nlink() == 2);
    // From a pipe of the shell's that is a file.
    let output = Command::new(PROGRAM)
        .args(["lower", "-", "--to", "tape", "-o", text(&recipe)])
        .stdin(fs::File::open(&recipe).unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&recipe).unwrap(), good());
    // A baked file is an input too.
    let binary = baked(dir.path());
    let before = fs::read(&binary).unwrap();
    assert_eq!(run(&["render", text(&binary), "-o", text(&binary)]).0, 1);
    assert_eq!(fs::read(&binary).unwrap(), before);
}

#[test]
fn a_file_of_another_kind_is_replaced_by_force_only() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = file(dir.path(), "r.gve.json", good());
    let other = file(dir.path(), "other.gve.json", good());
    let notes = file(dir.path(), "notes.txt", "mine");
    for path in [&other, &notes] {
        let before = fs::read(path).unwrap();
        for command in commands(text(&recipe), text(path)) {
            let (code, document) = run_json(&command);
            assert_eq!((code, document["error"]["code"].as_str()), (1, Some("other_kind")), "{command:?}");
            let message = document["error"]["message"].as_str().unwrap();
            assert!(message.contains("--force"), "{message}");
            assert_eq!(fs::read(path).unwrap(), before, "{command:?}");
        }
    }
    // What is of the kind, or empty, is replaced without a word.
    for command in commands(text(&recipe), text(&file(dir.path(), "empty", ""))) {
        fs::write(dir.path().join("empty"), "").unwrap();
        assert_eq!(run(&command).0, 0, "{command:?}");
        assert_eq!(run(&command).0, 0, "{command:?}");
    }
    let mut command = commands(text(&recipe), text(&notes)).remove(1);
    command.push("--force");
    assert_eq!(run(&command).0, 0);
    assert!(fs::read(&notes).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_pipe_a_device_and_standard_output_are_written_into() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = file(dir.path(), "r.gve.json", good());
    let (pipe, plain) = (dir.path().join("pipe"), dir.path().join("plain"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (number, command) in commands(text(&recipe), text(&plain)).into_iter().enumerate() {
        fs::write(&plain, "").unwrap();
        assert_eq!(run(&command).0, 0, "{command:?}");
        let expected = fs::read(&plain).unwrap();
        let with = |output: &str| -> Vec<String> {
            command.iter().map(|word| if *word == text(&plain) { output } else { word }.to_owned()).collect()
        };
        for output in ["-", "/dev/stdout", "/proc/self/fd/1"] {
            let found = Command::new(PROGRAM).args(with(output)).output().unwrap();
            assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
            assert!(found.stdout == expected, "{output} {number}: the bytes and nothing else");
            assert!(!found.stderr.is_empty(), "the rest is said on standard error");
        }
        // Standard output that is a file of the shell's, behind what stands there already.
        let redirected = dir.path().join("redirected");
        fs::write(&redirected, "before ").unwrap();
        let log = fs::OpenOptions::new().append(true).open(&redirected).unwrap();
        let inode = fs::metadata(&redirected).unwrap().ino();
        let status = Command::new(PROGRAM).args(with("/dev/stdout")).stdout(log).status().unwrap();
        assert!(status.success());
        assert_eq!(fs::read(&redirected).unwrap(), [b"before ", expected.as_slice()].concat());
        assert_eq!(fs::metadata(&redirected).unwrap().ino(), inode);

        // And another one that the shell holds open.
        fs::write(&redirected, "before ").unwrap();
        let script = format!("exec \"$0\" \"$@\" 3>>'{}'", text(&redirected));
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &script, PROGRAM]).args(with("/dev/fd/3")).stdout(Stdio::null());
        assert!(shell.status().unwrap().success());
        assert_eq!(fs::read(&redirected).unwrap(), [b"before ", expected.as_slice()].concat());
        assert_eq!(fs::metadata(&redirected).unwrap().ino(), inode);

        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::read(pipe).unwrap())
        };
        let found = Command::new(PROGRAM).args(with(text(&pipe))).output().unwrap();
        assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
        assert!(reader.join().unwrap() == expected, "{number}");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());

        let device = fs::metadata("/dev/null").unwrap();
        assert!(Command::new(PROGRAM).args(with("/dev/null")).output().unwrap().status.success());
        assert!(device.file_type().is_char_device());
        assert_eq!(fs::metadata("/dev/null").unwrap().rdev(), device.rdev());
        let full = Command::new(PROGRAM).args(with("/dev/full")).output().unwrap();
        assert_eq!(full.status.code(), Some(1));
        assert!(String::from_utf8(full.stderr).unwrap().contains("No space left"));
    }
}

#[test]
fn a_link_is_followed_and_permissions_are_kept() {
    let (dir, far) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let recipe = file(dir.path(), "r.gve.json", good());
    let (link, target) = (dir.path().join("link"), far.path().join("target"));
    symlink(&target, &link).unwrap();
    for command in commands(text(&recipe), text(&link)) {
        for mode in [0o600, 0o664] {
            fs::write(&target, "").unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
            let inode = fs::metadata(&target).unwrap().ino();
            assert_eq!(run(&command).0, 0, "{command:?}");
            let after = fs::metadata(&target).unwrap();
            assert!(link.is_symlink() && after.len() > 0, "{command:?}");
            assert_ne!(after.ino(), inode, "it is replaced, not written into");
            assert_eq!(after.mode() & 0o777, mode, "{command:?}");
        }
        fs::remove_file(&target).unwrap();
        assert_eq!(run(&command).0, 0, "what the link leads to need not be there yet");
        assert!(link.is_symlink() && target.is_file());
    }
    assert_eq!(fs::read_dir(far.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

/// Runs the program with these bytes in a pipe as its standard input.
fn piped(args: &[&str], bytes: &[u8]) -> std::process::Output {
    let mut child = Command::new(PROGRAM)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || {
        // Whoever reads may have seen enough.
        let _ = input.write_all(&bytes);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

#[test]
fn recipes_and_baked_files_are_read_from_pipes() {
    let dir = tempfile::tempdir().unwrap();
    let binary = baked(dir.path());
    let recipe = dir.path().join("good.gve.json");
    let picture = |input: &Path| {
        let out = dir.path().join("plain.png");
        assert_eq!(run(&["render", text(input), "-o", text(&out), "--size", "32x32"]).0, 0);
        fs::read(out).unwrap()
    };
    for path in [&recipe, &binary] {
        let (bytes, expected) = (fs::read(path).unwrap(), picture(path));
        for input in ["/dev/stdin", "-"] {
            let found = piped(&["render", input, "-o", "-", "--size", "32x32"], &bytes);
            assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
            assert!(found.stdout == expected, "{input} {}", path.display());
        }
    }
    let bytes = fs::read(&binary).unwrap();
    let found = piped(&["inspect", "-", "--json"], &bytes);
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(found["bytes"], bytes.len());
    assert_eq!(piped(&["verify", "/dev/stdin"], &bytes).status.code(), Some(0));
    let cut = piped(&["verify", "/dev/stdin"], &bytes[..bytes.len() - 9]);
    assert_eq!(cut.status.code(), Some(1));
    assert!(String::from_utf8(cut.stdout).unwrap().contains("cut short"));
    let tape = piped(&["lower", "-", "--to", "tape"], good().as_bytes());
    assert!(tape.status.success() && tape.stdout.starts_with(b"%0 = "));
}

#[test]
fn what_cannot_be_written_is_refused_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = file(dir.path(), "r.gve.json", good());
    let longest = dir.path().join(format!("{}.out", "n".repeat(251)));
    let longer = dir.path().join(format!("{}.out", "n".repeat(252)));
    for command in commands(text(&recipe), text(&longest)) {
        let _ = fs::remove_file(&longest);
        let (code, _, stderr) = run(&command);
        assert_eq!(code, 0, "the longest name that a file can have: {stderr}");
    }
    for output in [&longer, &dir.path().join("none/x"), Path::new("/proc/none")] {
        // A recipe that would take minutes.
        let args = ["bake", text(&recipe), "-o", text(output), "--resolution", "512", "--splats", "2000000"];
        let start = Instant::now();
        let (code, document) = run_json(&args);
        assert_eq!((code, document["error"]["code"].as_str()), (1, Some("cannot_write")), "{output:?}");
        assert!(start.elapsed() < Duration::from_secs(2), "{output:?}");
    }
    // Ids that no file holds, and that JavaScript would round.
    let out = dir.path().join("x.gve_bin");
    for id in ["9007199254740992", "18446744073709551615"] {
        assert_eq!(run(&["bake", text(&recipe), "-o", text(&out), "--asset-id", id]).0, 2, "{id}");
    }
    let args = ["bake", text(&recipe), "-o", text(&out), "--asset-id", "9007199254740991"];
    assert_eq!(run(&[&args[..], &COARSE].concat()).0, 0);
}

#[test]
fn a_signal_leaves_no_temporary_file() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = file(dir.path(), "r.gve.json", good());
    let out = dir.path().join("x.gve_bin");
    for signal in ["-TERM", "-INT", "-HUP"] {
        fs::write(&out, "").unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["bake", text(&recipe), "-o", text(&out), "--resolution", "16", "--splats", "400000"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let names = || {
            let entries = fs::read_dir(dir.path()).unwrap();
            entries.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
        };
        // The moment of the write, if it can be seen at all; before or in the middle of the work if not.
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if names().len() > 2 || start.elapsed() > Duration::from_secs(20) {
                assert!(
                    Command::new("kill").arg(signal).arg(child.id().to_string()).status().unwrap().success()
                );
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        child.wait().unwrap();
        assert_eq!(names().len(), 2, "{signal}: {:?}", names());
    }
    // And one that comes early ends the program as it always did.
    let mut child = Command::new(PROGRAM)
        .args(["bake", "-", "-o", text(&out)])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Held open, so that nothing but the signal ends it.
    let input = child.stdin.take();
    std::thread::sleep(Duration::from_millis(200));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap()), Some(15));
    drop(input);
}

#[test]
fn names_are_shown_and_not_obeyed() {
    let dir = tempfile::tempdir().unwrap();
    let name = r#""name": "a\u001b[31mred\u0000\n\u009b2J\u202e""#;
    let recipe = file(dir.path(), "r.gve.json", good().replace(r#""name": "Test""#, name));
    let out = dir.path().join("x.gve_bin");
    let (code, _, stderr) = run(&[&["bake", text(&recipe), "-o", text(&out)], &COARSE[..]].concat());
    assert_eq!((code, stderr.as_str()), (0, ""));
    let is_bad = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    let (code, stdout, _) = run(&["inspect", text(&out)]);
    assert!(code == 0 && !stdout.contains(is_bad), "{stdout:?}");
    assert!(stdout.contains("a␛[31mred␀␊[U+009B]2J[U+202E]"), "{stdout}");
    // For machines the name is what it is, in characters that no terminal obeys.
    let (_, stdout, _) = run(&["--json", "inspect", text(&out)]);
    assert!(!stdout.contains(is_bad), "{stdout:?}");
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["name"], "a\u{1b}[31mred\0\n\u{9b}2J\u{202e}");
    // A file's own name, in every kind of message.
    let odd = file(dir.path(), "o\u{1b}[2J\ndd.gve.json", "{\u{9b}\u{1b}");
    for args in [
        vec!["lower", text(&odd), "--to", "tape"],
        vec!["inspect", text(&odd)],
        vec!["verify", text(&odd)],
        vec!["bake", text(&recipe), "-o", text(&odd)],
    ] {
        let (code, stdout, stderr) = run(&args);
        assert_eq!(code, 1);
        assert!(!(stdout + &stderr).contains(is_bad), "{stderr:?}");
        assert!(!stderr.contains("\ndd"), "{stderr:?}");
    }
    let picture = dir.path().join("p\u{1b}[2J\n.png");
    let (code, stdout, _) = run(&["render", text(&recipe), "-o", text(&picture), "--size", "8x8"]);
    assert!(code == 0 && stdout.contains("p␛[2J␊.png: 8x8"), "{stdout:?}");
}
