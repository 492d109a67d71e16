//! Writing the types of the other languages, and the pages made from data, from the Rust source.
//!
//! Rust is the only place where a shared type is written. Everything made here is committed, and
//! `--check` fails when a file differs from what the source says now.

mod editor;
mod materials;
mod python;
mod schema;
#[cfg(test)]
mod tests;
mod typescript;

use std::{fs, path::Path};

use anyhow::{Context, bail};
use serde_json::Value;
use xtask::{
    setup::{self, Packages},
    shell::{note, root},
};

/// A generated file: its path in the checkout and what it must hold.
struct Generated {
    path: &'static str,
    text: String,
}

/// Writes all generated files, or with `check` fails naming those that are out of date.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let root = root()?;
    let schema = schema::document();
    let mut files = without_python(&root, &schema)?;
    files.extend(python::files(&schema, &setup::python_environment(Packages::Development)?)?);
    if check { verify(&root, &files) } else { write(&root, &files) }
}

/// The files that need nothing but Rust.
fn without_python(root: &Path, schema: &Value) -> anyhow::Result<Vec<Generated>> {
    Ok(vec![
        Generated { path: "schema/gve.schema.json", text: pretty(schema)? },
        Generated { path: "schema/gve.editor.schema.json", text: pretty(&editor::document(schema)?)? },
        Generated {
            path: "schema/gve.ts",
            text: typescript::document(&root.join("crates/gve_types/src"), schema)?,
        },
        Generated { path: "docs/materials.md", text: materials::page()? },
    ])
}

fn pretty(value: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn verify(root: &Path, files: &[Generated]) -> anyhow::Result<()> {
    let stale: Vec<&str> = files
        .iter()
        .filter(|file| fs::read_to_string(root.join(file.path)).ok().as_deref() != Some(&file.text))
        .map(|file| file.path)
        .collect();
    if !stale.is_empty() {
        bail!("out of date: {}; run `cargo xtask codegen`", stale.join(", "));
    }
    Ok(())
}

fn write(root: &Path, files: &[Generated]) -> anyhow::Result<()> {
    for file in files {
        let path = root.join(file.path);
        if fs::read_to_string(&path).ok().as_deref() == Some(&file.text) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, &file.text).with_context(|| path.display().to_string())?;
        note(&format!("wrote {}", file.path));
    }
    Ok(())
}
