//! The `gve` command.
fn main() {}
