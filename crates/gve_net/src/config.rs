//! Where the Architect is and how patiently it is talked to.

use std::time::Duration;

use url::Url;

/// Where the Architect listens when nothing else is said.
pub const DEFAULT_SERVER: &str = "http://127.0.0.1:8420";

/// How a client talks to its Architect. Every time is in seconds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Root of the REST interface, such as `http://127.0.0.1:8420`; the sockets lie below it.
    pub server: Url,
    /// Until a connection stands, with its handshake.
    pub connect_timeout_secs: f32,
    /// Until an answer of the REST interface is complete, or a frame has been handed to the network.
    pub timeout_secs: f32,
    /// Between two pings on a socket.
    pub ping_interval_secs: f32,
    /// A socket on which nothing arrives for so long is given up. More than the interval of the pings.
    pub silence_timeout_secs: f32,
    /// Before the first attempt to connect again; doubles with every further one.
    pub retry_min_secs: f32,
    /// The longest wait between two attempts. Up to the same again is added by chance, so that many
    /// clients do not all come at once.
    pub retry_max_secs: f32,
    /// Bytes of binaries and texts that wait for the user; beyond them the socket is not read.
    pub max_queued_bytes: usize,
    /// Whether a [`Client`](crate::Client) follows the event bus as well.
    pub events: bool,
}

/// Why an address is none of an Architect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not a URL.
    #[error("`{found}` is no address of an Architect such as {DEFAULT_SERVER}: {message}")]
    BadUrl {
        /// What was given.
        found: String,
        /// What the parser says.
        message: String,
    },
    /// A scheme that this client does not speak.
    #[error("an Architect is reached by http, found `{found}`: put a proxy in front of it for anything else")]
    Scheme {
        /// The scheme found.
        found: String,
    },
    /// A URL without a host.
    #[error("`{found}` names no host")]
    NoHost {
        /// What was given.
        found: String,
    },
}

impl Config {
    /// The defaults with this address. A path, as behind a proxy, is kept; a query is not.
    ///
    /// # Errors
    /// The text is no `http` URL with a host.
    pub fn new(server: &str) -> Result<Self, ConfigError> {
        let mut server = Url::parse(server.trim())
            .map_err(|error| ConfigError::BadUrl { found: server.to_owned(), message: error.to_string() })?;
        if server.scheme() != "http" {
            return Err(ConfigError::Scheme { found: server.scheme().to_owned() });
        }
        if server.host().is_none() {
            return Err(ConfigError::NoHost { found: server.to_string() });
        }
        server.set_query(None);
        server.set_fragment(None);
        Ok(Self {
            server,
            connect_timeout_secs: 5.0,
            timeout_secs: 30.0,
            ping_interval_secs: 5.0,
            silence_timeout_secs: 20.0,
            retry_min_secs: 0.1,
            retry_max_secs: 2.0,
            max_queued_bytes: 256 << 20,
            events: false,
        })
    }

    /// The address of something below the server, from whole path segments.
    pub(crate) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.server.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// The address of a socket below the server.
    pub(crate) fn socket_url(&self, segments: &[&str]) -> Url {
        let mut url = self.url(segments);
        // From http to ws: both are special schemes with a host, so this cannot fail.
        let _ = url.set_scheme("ws");
        url
    }
}

/// Seconds as a duration; what is no time is taken as none, and everything ends within a day.
pub(crate) fn duration(secs: f32) -> Duration {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    if secs.is_nan() || secs <= 0.0 {
        return Duration::ZERO;
    }
    Duration::try_from_secs_f32(secs).unwrap_or(DAY).min(DAY)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn addresses_below_the_server() {
        let config = Config::new(DEFAULT_SERVER).unwrap();
        assert_eq!(config.url(&["assets", "a/b"]).as_str(), "http://127.0.0.1:8420/assets/a%2Fb");
        assert_eq!(config.socket_url(&["ws", "assets"]).as_str(), "ws://127.0.0.1:8420/ws/assets");
        let behind = Config::new("http://studio/architect/?x#y").unwrap();
        assert_eq!(behind.url(&["health"]).as_str(), "http://studio/architect/health");
        assert_eq!(behind.socket_url(&["ws", "events"]).as_str(), "ws://studio/architect/ws/events");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        assert!(matches!(Config::new("127.0.0.1:8420"), Err(ConfigError::BadUrl { .. })));
        assert!(matches!(Config::new(""), Err(ConfigError::BadUrl { .. })));
        let scheme = |found: &str| Err(ConfigError::Scheme { found: found.into() });
        assert_eq!(Config::new("https://studio"), scheme("https"));
        assert_eq!(Config::new("localhost:8420"), scheme("localhost"));
    }

    #[test]
    fn odd_times_are_no_trouble() {
        assert_eq!(duration(f32::NAN), Duration::ZERO);
        assert_eq!(duration(-1.0), Duration::ZERO);
        assert_eq!(duration(f32::INFINITY), Duration::from_secs(86_400));
        assert_eq!(duration(0.5), Duration::from_millis(500));
    }
}
