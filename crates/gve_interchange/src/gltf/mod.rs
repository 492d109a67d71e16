//! Gaussian splats in glTF 2.0, by the extension `KHR_gaussian_splatting`.
//!
//! Read are `.glb` and `.gltf` files: all splats of the default scene, turned, moved and enlarged by their nodes.
//! Written are `.glb` files, with `COLOR_0` for readers that take the splats for plain points. The axes and units
//! are those of a [`SplatCloud`].

mod accessor;
pub(crate) mod container;
mod document;
mod scene;
mod splats;
mod write;

use crate::{
    cloud::SplatCloud,
    error::{Place, ReadError},
    format::Format,
};
use container::Parts;
use document::Document;

pub(crate) use write::generator;
pub use write::write;

/// The extension's name.
pub(crate) const EXTENSION: &str = "KHR_gaussian_splatting";

/// Finds the bytes of a buffer that lies in a file of its own: called with the buffer's URI, answers with what is
/// there, or with a sentence that says why not.
pub type Resolve<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// Reads a `.glb` or `.gltf` file whose buffers are all in it.
///
/// # Errors
/// As [`read_with`]; a buffer in a file of its own is one.
pub fn read(bytes: &[u8]) -> Result<SplatCloud, ReadError> {
    read_with(bytes, &mut |_| Err("a file of its own, which is not looked for here".to_owned()))
}

/// Reads a `.glb` or `.gltf` file.
///
/// # Errors
/// [`ReadError`]: what is not such a file, is cut short, holds no splats, or splats that cannot be kept: of
/// another kernel or colour space, packed by another extension, enlarged unevenly by a node.
pub fn read_with(bytes: &[u8], resolve: &mut Resolve) -> Result<SplatCloud, ReadError> {
    let parts = Parts::of(bytes)?;
    let document = Document::parse(&parts)?;
    let buffers = document.buffers(&parts, resolve)?;
    splats::read(&document, &buffers)
}

/// What an error is about that concerns a value in the JSON.
pub(crate) fn json(path: impl Into<String>) -> Place {
    Place::Json(path.into())
}

/// A fault in the JSON.
pub(crate) fn invalid(
    path: impl Into<String>,
    what: &str,
    expected: impl std::fmt::Display,
    found: impl std::fmt::Display,
) -> ReadError {
    ReadError::invalid(Format::Gltf, json(path), what, expected, found)
}

/// Something in the JSON that is not taken.
pub(crate) fn unsupported(
    path: impl Into<String>,
    what: &str,
    expected: impl std::fmt::Display,
    found: impl std::fmt::Display,
) -> ReadError {
    ReadError::unsupported(Format::Gltf, json(path), what, expected, found)
}
