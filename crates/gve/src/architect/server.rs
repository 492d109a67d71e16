//! The connection to the Architect.

use gve_net::{Client, Config, DEFAULT_SERVER, Rest, RestError};

use super::{args::ServerArgs, refusal};
use crate::failure::Failure;

/// The variable that names the Architect where the command line does not.
const VARIABLE: &str = "GVE_SERVER";

/// A running Architect.
pub(crate) struct Server {
    pub(crate) client: Client,
    /// Its address in the one form in which it is remembered.
    pub(crate) address: String,
}

impl Server {
    /// Connects, and fails if nobody answers there.
    pub(crate) fn connect(args: &ServerArgs) -> Result<Self, Failure> {
        let given = args.server.clone().or_else(from_environment);
        let mut config = Config::new(given.as_deref().unwrap_or(DEFAULT_SERVER))
            .map_err(|error| Failure::new("bad_server", error.to_string()))?;
        config.events = true;
        let client =
            Client::start(&config).map_err(|error| Failure::new("cannot_connect", error.to_string()))?;
        let server = Self { client, address: config.server.as_str().trim_end_matches('/').to_owned() };
        server.call(|rest| async move { rest.health().await })?;
        Ok(server)
    }

    /// Calls the REST interface, and waits for the answer.
    pub(crate) fn call<T, F, Fut>(&self, function: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(Rest) -> Fut,
        Fut: Future<Output = Result<T, RestError>> + Send + 'static,
    {
        self.try_call(function)?.map_err(|error| refusal::failure(&error))
    }

    /// [`call`](Self::call) for a caller who looks at the error.
    pub(crate) fn try_call<T, F, Fut>(&self, function: F) -> Result<Result<T, RestError>, Failure>
    where
        T: Send + 'static,
        F: FnOnce(Rest) -> Fut,
        Fut: Future<Output = Result<T, RestError>> + Send + 'static,
    {
        let ended = || Failure::new("cannot_connect", "the thread of the network has ended");
        self.client.call(function).wait().ok_or_else(ended)
    }
}

fn from_environment() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|value| !value.trim().is_empty())
}
