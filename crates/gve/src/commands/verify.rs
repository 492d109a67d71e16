//! `gve verify`: every byte of a file against the format.

use std::path::{Path, PathBuf};

use gve_assets::AssetFile;
use gve_types::text::shown;
use serde_json::{Value, json};

use crate::{
    failure::{Failure, name},
    input::{self, ReadFailure},
    output::Output,
};

/// Checks all files, and fails at the end if one of them is bad.
pub(crate) fn run(files: &[PathBuf], output: &mut Output) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut lines = String::new();
    let mut bad = 0_usize;
    for path in files {
        match check(path) {
            Ok(bytes) => {
                lines.push_str(&format!("ok   {} ({bytes} bytes)\n", name(path)));
                rows.push(json!({"file": path.display().to_string(), "ok": true, "bytes": bytes}));
            }
            Err(ReadFailure { failure, place }) => {
                bad += 1;
                lines.push_str(&format!("bad  {}\n", failure.message));
                let mut row = json!({"file": path.display().to_string(), "ok": false, "code": failure.code, "message": failure.message});
                if let (Some(row), Some((section, offset))) = (row.as_object_mut(), place) {
                    row.insert("section".into(), section.into());
                    row.insert("offset".into(), offset.into());
                }
                rows.push(row);
            }
        }
    }
    let message = format!("{bad} of {} files are bad", files.len());
    if output.json() && bad > 0 {
        let document = json!({
            "files": rows, "bad": bad,
            "error": {"code": "invalid_file", "message": message},
        });
        return Err(Failure { document: Some(document), ..Failure::new("invalid_file", message) });
    }
    if output.json() {
        return output.document(&json!({"files": rows, "bad": bad}));
    }
    output.text(&lines)?;
    if bad > 0 { Err(Failure::new("invalid_file", message)) } else { Ok(()) }
}

/// The file's length, or why it is bad and where.
fn check(path: &Path) -> Result<u64, ReadFailure> {
    input::open_binary(path).map(|file| file.source_length())
}

/// A checked file, or the failure that says what is wrong with it.
pub(crate) fn open(path: &Path) -> Result<AssetFile, Failure> {
    input::open_binary(path).map_err(|error| error.failure)
}

/// Bytes as people read them.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0)),
    }
}

/// Some rows of a document as `name: value` lines, nested objects indented.
pub(crate) fn table(document: &Value, indent: usize, text: &mut String) {
    let Some(fields) = document.as_object() else { return };
    let width = fields.keys().map(String::len).max().unwrap_or(0);
    for (name, value) in fields {
        let pad = " ".repeat(indent);
        let shown = match value {
            Value::Object(_) => {
                text.push_str(&format!("{pad}{name}\n"));
                table(value, indent + 2, text);
                continue;
            }
            Value::String(string) => shown(string).into_owned(),
            Value::Array(items) if items.iter().all(|i| !i.is_object() && !i.is_array()) => {
                let plain =
                    |i: &Value| i.as_str().map_or_else(|| i.to_string(), |text| shown(text).into_owned());
                items.iter().map(plain).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        text.push_str(&format!("{pad}{name:width$}  {shown}\n"));
    }
}
