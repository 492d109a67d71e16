//! How failures are shown: a snippet of the recipe for people, a document for machines.

pub(crate) mod json;
pub(crate) mod snippet;
pub(crate) mod span;
