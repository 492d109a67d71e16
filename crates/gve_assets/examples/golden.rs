//! Writes the golden files, their JSON twins and the hex dump in `docs/format.md` again.
//!
//! Golden files are never edited and seldom written: their bytes are the promise that files of this
//! format version stay readable. If this changes one of them, the format has changed.

#[path = "../tests/common/mod.rs"]
mod common;

fn main() -> std::io::Result<()> {
    for (path, content) in common::golden::derived_files() {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, content)?;
    }
    Ok(())
}
