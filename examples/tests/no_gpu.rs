//! What an example says where nothing can draw.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "the other process reads it")]

use std::{path::Path, process::Command};

use gve_examples::{gpu, studio::Studio};

/// Set for the process that sees no driver.
const PROBE: &str = "GVE_TEST_PROBE_GPU";

#[test]
fn a_machine_without_a_driver_gets_one_clear_message() {
    if std::env::var_os(PROBE).is_some() {
        let error = Studio::new(Path::new("assets"), 64).err().unwrap();
        println!("SAID {error:#}");
        return;
    }
    // The driver list is read once per process, so a process without one is needed.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_machine_without_a_driver_gets_one_clear_message", "--nocapture"])
        .env(PROBE, "1")
        .env("WGPU_BACKEND", "vulkan")
        .env("VK_DRIVER_FILES", "/nonexistent.json")
        .env("VK_ICD_FILENAMES", "/nonexistent.json")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        text.contains("SAID no GPU: expected a graphics adapter for one of vulkan, found none"),
        "{text}"
    );
}

#[test]
fn a_driver_is_found_where_there_is_one() {
    gpu::require().unwrap();
}
