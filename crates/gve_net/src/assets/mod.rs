//! The connection to `/ws/assets`: binaries, their progress, and requests for compiles.

mod message;
mod queue;
mod reset;
mod session;
mod shared;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gve_types::{limits::MAX_RECIPE_BYTES, protocol::FrameError};
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    config::Config,
    frame::{ClientFrame, check_id},
    link,
    versions::AssetVersions,
};
pub use message::AssetMessage;
use session::AssetSession;
use shared::Shared;

/// Most requests for compiles that wait to be sent.
pub const MAX_WAITING_REQUESTS: usize = 16;

/// Why a request was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No asset can have this wire id.
    #[error("asset id {found} is not between 1 and 2^53")]
    BadId {
        /// The id given.
        found: u64,
    },
    /// The recipe is over the limit.
    #[error("a recipe has at most {MAX_RECIPE_BYTES} bytes, found {found}")]
    RecipeTooLong {
        /// Bytes there were.
        found: usize,
    },
    /// Too many requests wait, usually because there is no connection.
    #[error("{MAX_WAITING_REQUESTS} requests wait to be sent already")]
    QueueFull,
    /// The connection was shut down.
    #[error("the client has shut down")]
    Shutdown,
}

impl From<FrameError> for RequestError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::BadAssetId { found } => Self::BadId { found },
            _ => Self::BadId { found: 0 },
        }
    }
}

/// A connection to `/ws/assets` that stays: it is made again whenever it is lost, everything
/// subscribed is asked for again, and what is loaded stays known.
///
/// Dropping it says farewell to the Architect and ends its task.
///
/// # When the Architect's store begins again
/// On every connection, before anything is asked for, the client asks over REST which store this is and
/// compares the versions it knows with those in it. An asset of another store, or one that the store
/// has at a lower version, was reset: it is forgotten, [`AssetMessage::Reset`] says so, and its present
/// binary is asked for like that of a new asset. If the store does not answer, the client stays with
/// what it has.
///
/// # Unsubscribing
/// The protocol has no message for it. What still arrives of an asset that is no longer subscribed is
/// dropped here, and the next connection does not ask for it.
#[derive(Debug)]
pub struct Assets {
    shared: Arc<Shared>,
    requests: mpsc::Sender<ClientFrame>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Assets {
    /// Begins to connect, on the runtime that this is called in.
    ///
    /// # Panics
    /// Outside of a tokio runtime; use [`Client`](crate::Client) there.
    pub fn start(config: &Config) -> Self {
        Self::start_on(&Handle::current(), config)
    }

    /// Begins to connect, on this runtime. It needs tokio's network and time.
    pub fn start_on(runtime: &Handle, config: &Config) -> Self {
        let shared = Arc::new(Shared::new(config.max_queued_bytes));
        let (requests, waiting) = mpsc::channel(MAX_WAITING_REQUESTS);
        let (stop, stopping) = watch::channel(false);
        let mut session = AssetSession::new(config.clone(), shared.clone(), waiting, stopping.clone());
        let config = config.clone();
        let task = runtime.spawn(async move { link::keep(&mut session, &config, stopping).await });
        Self { shared, requests, stop, task: Some(task) }
    }

    /// Wants an asset: its present binary, every later one, and the progress of its compiles.
    ///
    /// # Errors
    /// No asset can have this wire id. Whether one has it, a message tells.
    pub fn subscribe(&self, id: u64) -> Result<(), RequestError> {
        check_id(id)?;
        self.shared.request(|queue| queue.subscribe(id));
        Ok(())
    }

    /// Does not want the asset any longer, and forgets what was loaded of it.
    pub fn unsubscribe(&self, id: u64) {
        self.shared.request(|queue| queue.unsubscribe(id));
    }

    /// Asks for the present binary of a subscribed asset again, also if it is loaded: after a forced
    /// compile, whose version is the old one, or when what was loaded got lost.
    pub fn reload(&self, id: u64) {
        self.shared.request(|queue| queue.reload(id));
    }

    /// Saves a recipe as the next version and compiles it; compiles what is stored if the recipe is
    /// empty. `base_version` is the one that the recipe was made on top of; 0 is not compared. What
    /// comes of it arrives as messages. Waits while the queue is full.
    ///
    /// A request that may not have reached the Architect when a connection broke is sent again.
    ///
    /// # Errors
    /// A wire id or a recipe that cannot be sent, or a client that has shut down.
    pub async fn request_compile(
        &self,
        id: u64,
        recipe: impl Into<Bytes>,
        base_version: u32,
    ) -> Result<(), RequestError> {
        let request = compile_request(id, recipe.into(), base_version)?;
        self.requests.send(request).await.map_err(|_| RequestError::Shutdown)
    }

    /// [`request_compile`](Self::request_compile) that does not wait.
    ///
    /// # Errors
    /// The same, and a queue that is full.
    pub fn try_request_compile(
        &self,
        id: u64,
        recipe: impl Into<Bytes>,
        base_version: u32,
    ) -> Result<(), RequestError> {
        self.try_send(compile_request(id, recipe.into(), base_version)?)
    }

    /// Cancels the asset's compile, if one waits or runs. Waits while the queue is full.
    ///
    /// # Errors
    /// No asset can have this wire id, or the client has shut down.
    pub async fn cancel_compile(&self, id: u64) -> Result<(), RequestError> {
        check_id(id)?;
        self.requests.send(ClientFrame::CancelCompile { id }).await.map_err(|_| RequestError::Shutdown)
    }

    /// [`cancel_compile`](Self::cancel_compile) that does not wait.
    ///
    /// # Errors
    /// The same, and a queue that is full.
    pub fn try_cancel_compile(&self, id: u64) -> Result<(), RequestError> {
        check_id(id)?;
        self.try_send(ClientFrame::CancelCompile { id })
    }

    /// The next message; waits for one.
    pub async fn next(&self) -> AssetMessage {
        self.shared.mailbox.next().await
    }

    /// The next message, if one is there.
    pub fn try_next(&self) -> Option<AssetMessage> {
        self.shared.mailbox.try_next()
    }

    /// The next message; blocks the thread for at most this long. Not for tasks of a runtime.
    pub fn next_within(&self, patience: Duration) -> Option<AssetMessage> {
        self.shared.mailbox.next_within(patience)
    }

    /// The versions of a subscribed asset, as far as messages were taken out.
    pub fn versions(&self, id: u64) -> AssetVersions {
        self.shared.mailbox.queue().versions(id)
    }

    /// Whether the connection stands.
    pub fn is_connected(&self) -> bool {
        self.shared.is_connected()
    }

    fn try_send(&self, request: ClientFrame) -> Result<(), RequestError> {
        self.requests.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RequestError::QueueFull,
            mpsc::error::TrySendError::Closed(_) => RequestError::Shutdown,
        })
    }

    /// Says farewell; the task that ends by it.
    pub(crate) fn shut_down(&mut self) -> Option<JoinHandle<()>> {
        self.stop.send_replace(true);
        self.task.take()
    }
}

impl Drop for Assets {
    fn drop(&mut self) {
        self.shut_down();
    }
}

fn compile_request(id: u64, recipe: Bytes, base_version: u32) -> Result<ClientFrame, RequestError> {
    check_id(id)?;
    if recipe.len() > MAX_RECIPE_BYTES {
        return Err(RequestError::RecipeTooLong { found: recipe.len() });
    }
    Ok(ClientFrame::RequestCompile { id, base_version, recipe })
}
