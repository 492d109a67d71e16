//! Client of the Architect.

pub mod frame;
