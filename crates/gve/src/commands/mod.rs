//! One module per command.

pub(crate) mod bake;
pub(crate) mod inspect;
pub(crate) mod lower;
pub(crate) mod new;
pub(crate) mod render;
pub(crate) mod verify;
