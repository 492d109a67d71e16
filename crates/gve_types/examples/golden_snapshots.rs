//! Writes the golden scene snapshots under `tests/golden/snapshots` and their index again.
//!
//! They are the promise that engine and panel agree, byte for byte. If this changes one of them, the layout has
//! changed.

#[path = "../tests/common/golden.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod golden;

fn main() -> std::io::Result<()> {
    std::fs::create_dir_all(golden::folder())?;
    for (path, content) in golden::derived_files() {
        std::fs::write(&path, content)?;
    }
    Ok(())
}
