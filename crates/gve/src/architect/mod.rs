//! Working with a running Architect: what `push`, `watch` and `search` share.

pub(crate) mod args;
pub(crate) mod bars;
pub(crate) mod compile;
pub(crate) mod memory;
pub(crate) mod refusal;
pub(crate) mod save;
pub(crate) mod server;
