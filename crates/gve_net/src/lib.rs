//! Client of the Architect, without any engine.
//!
//! | module | holds |
//! |---|---|
//! | [`Client`] | everything below on a thread of its own, for programs without tokio: poll it once a frame |
//! | [`Assets`] | the socket of binaries: subscriptions, progress, compiles; for programs with tokio |
//! | [`Events`] | the socket of the event bus |
//! | [`rest`] | the REST interface, one typed function per route |
//! | [`versions`] | which version is announced and which is loaded; pure |
//! | [`frame`] | the frames of the binary protocol with their payloads; pure |
//!
//! A game subscribes to assets by their wire ids and looks for messages once a frame:
//!
//! ```no_run
//! use gve_net::{AssetMessage, Client, Config};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::start(&Config::new("http://127.0.0.1:8420")?)?;
//! client.subscribe(42)?;
//! // Once a frame:
//! while let Some(message) = client.try_recv() {
//!     match message {
//!         AssetMessage::Ready { id, version, bytes } => println!("{id}: {} bytes of version {version}", bytes.len()),
//!         AssetMessage::Announced { id, version } => println!("{id}: version {version} is being compiled"),
//!         AssetMessage::Invalid { id, message, .. } => println!("{id}: {message}"),
//!         AssetMessage::Disconnected { error, retry_in_secs } => println!("{error}; again in {retry_in_secs} s"),
//!         other => println!("{other:?}"),
//!     }
//! }
//! let is_stale = client.versions(42).is_stale();
//! # let _ = is_stale;
//! // Over REST, without blocking: look again later.
//! let health = client.call(|rest| async move { rest.health().await });
//! if let Some(answer) = health.try_take() {
//!     println!("{:?}", answer?);
//! }
//! # Ok(()) }
//! ```
//!
//! # Promises
//! * A binary older than what was announced or loaded is never handed out, however messages are
//!   delayed, repeated or reordered: see [`versions`].
//! * A lost connection is made again, with growing waits that chance spreads out, for as long as the
//!   client lives. Subscriptions are repeated; what is loaded stays known.
//! * Nothing grows without limit. Messages that a newer one supersedes are dropped; while the user
//!   does not take out the rest, the sockets are not read, until the Architect closes them.
//! * Nothing that the Architect sends can make this panic. What is malformed costs the connection,
//!   and the error says what was expected, what was found and where.
//!
//! There is no TLS: an Architect answers on the same machine or behind a proxy.

mod assets;
mod client;
mod config;
mod events;
pub mod frame;
mod link;
mod mailbox;
pub mod rest;
pub mod versions;

pub use bytes::Bytes;

pub use assets::{AssetMessage, Assets, MAX_WAITING_REQUESTS, RequestError};
pub use client::{Client, Pending, StartError};
pub use config::{Config, ConfigError, DEFAULT_SERVER};
pub use events::{EventMessage, Events, MAX_WAITING_EVENTS};
pub use link::LinkError;
pub use rest::{Rest, RestError};
