"""Models generated from the Rust types; see `cargo xtask codegen`."""
