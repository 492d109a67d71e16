//! Pictures: those of a stored volume, and all of them as files.

pub(crate) mod png;
pub(crate) mod volume;
