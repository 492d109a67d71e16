//! The differentiable splat rasteriser.

use pyo3::prelude::*;

/// Adds the rasteriser to the module.
pub(crate) fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
