//! Reader and writer of `.gve_bin` files, the one place that knows their bytes.

mod model;

pub use model::*;
