//! The harness that the examples share.
//!
//! | module | holds |
//! |---|---|
//! | [`args`] | the arguments every example takes |
//! | [`source`] | where assets come from: files, recipes, folders, an Architect |
//! | [`app`] | the Bevy app, with a window or without |
//! | [`gpu`] | a clear message where there is none |
//! | [`stage`] | lights, studio environment, ground |
//! | [`orbit`] | the camera, turned and moved with the mouse |
//! | [`hud`] | help, status and progress on the screen |
//! | [`studio`] | an app without a window that is asked for pictures |
//! | [`torus`] | a cloud of splats of any size |
//! | [`wheel`] | the recipe that changes in the examples about change |
//! | [`sheet`] | putting pictures beside each other |

pub mod app;
pub mod args;
pub mod environment;
pub mod gpu;
pub mod hud;
pub mod orbit;
pub mod sheet;
pub mod source;
pub mod stage;
pub mod studio;
pub mod torus;
pub mod wheel;
