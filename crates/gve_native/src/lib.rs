//! The Python module `gve_native`: GVE-1's lowering, evaluators, bakers and file format.
//!
//! One implementation of each thing: Python reaches the crates through this module and re-implements
//! none of it. Everything that takes long works without the GIL, says how far it is and can be
//! cancelled ([`progress`]). Arrays are views of Rust's memory ([`arrays`]). What Python sees, with its
//! types, stands in `gve_native.pyi`.

use pyo3::prelude::*;

mod arrays;
mod bake;
mod errors;
mod field;
mod file;
mod progress;
mod raster;
mod recipe;
mod render;
mod shell;
mod splats;
mod tape;
mod volume;

/// GVE-1's native parts: recipes, fields, bakers and `.gve_bin` files.
#[pymodule]
fn gve_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::register(module)?;
    module.add_class::<field::Field>()?;
    module.add_class::<tape::Tape>()?;
    module.add_class::<progress::CancelToken>()?;
    module.add_class::<volume::Volume>()?;
    module.add_class::<volume::VolumeLevel>()?;
    module.add_class::<shell::Shell>()?;
    module.add_class::<splats::Splats>()?;
    module.add_class::<file::Header>()?;
    module.add_function(wrap_pyfunction!(recipe::check_recipe, module)?)?;
    module.add_function(wrap_pyfunction!(recipe::dna_hash, module)?)?;
    module.add_function(wrap_pyfunction!(recipe::materials, module)?)?;
    module.add_function(wrap_pyfunction!(recipe::impact_properties, module)?)?;
    module.add_function(wrap_pyfunction!(field::weigh, module)?)?;
    module.add_function(wrap_pyfunction!(volume::bake_volume, module)?)?;
    module.add_function(wrap_pyfunction!(volume::bake_volume_with, module)?)?;
    module.add_function(wrap_pyfunction!(shell::generate_shell, module)?)?;
    module.add_function(wrap_pyfunction!(splats::seed_splats, module)?)?;
    module.add_function(wrap_pyfunction!(bake::bake, module)?)?;
    module.add_function(wrap_pyfunction!(file::write_asset, module)?)?;
    module.add_function(wrap_pyfunction!(file::read_header, module)?)?;
    module.add_function(wrap_pyfunction!(file::read_metadata, module)?)?;
    module.add_function(wrap_pyfunction!(file::read_stamp, module)?)?;
    module.add_function(wrap_pyfunction!(file::restamp, module)?)?;
    module.add_function(wrap_pyfunction!(file::verify, module)?)?;
    module.add_function(wrap_pyfunction!(render::render, module)?)?;
    module.add_function(wrap_pyfunction!(render::render_linear, module)?)?;
    module.add("FORMAT_VERSION", gve_assets::layout::FORMAT_VERSION)?;
    module.add("COMPILER_VERSION", gve_bake::COMPILER_VERSION)?;
    raster::register(module)
}
