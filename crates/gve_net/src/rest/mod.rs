//! The REST interface, one typed function per route.

mod assets;
mod compile;
mod error;
mod materials;
mod transfer;

use reqwest::redirect;

use crate::config::{Config, duration};
pub use assets::{AssetQuery, Binary};
pub use error::RestError;

/// The Architect's REST interface. Cheap to clone; all clones share their connections.
///
/// Every function answers within [`Config::timeout_secs`] or fails; that of a binary may take longer
/// as long as bytes keep coming.
#[derive(Debug, Clone)]
pub struct Rest {
    config: Config,
    http: reqwest::Client,
}

impl Rest {
    /// A client that connects when it is first used.
    ///
    /// # Errors
    /// The system has no resources for it.
    pub fn new(config: &Config) -> Result<Self, RestError> {
        let http = reqwest::Client::builder()
            // The sockets go straight to the Architect; so does this.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(duration(config.connect_timeout_secs))
            .read_timeout(duration(config.timeout_secs))
            .build()
            .map_err(|error| RestError::from_reqwest(&error, &config.server, config.timeout_secs))?;
        Ok(Self { config: config.clone(), http })
    }
}
