//! One module per command.

pub(crate) mod bake;
pub(crate) mod convert;
pub(crate) mod inspect;
pub(crate) mod lower;
pub(crate) mod new;
pub(crate) mod push;
pub(crate) mod render;
pub(crate) mod search;
pub(crate) mod verify;
pub(crate) mod watch;
