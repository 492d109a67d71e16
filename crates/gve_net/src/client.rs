//! A client with its own thread, for programs without tokio.

use std::{
    io,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use crate::{
    assets::{AssetMessage, Assets, RequestError},
    config::Config,
    events::{EventMessage, Events},
    rest::{Rest, RestError},
    versions::AssetVersions,
};

/// How long the sockets may take to say farewell when a client is dropped.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a client could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The system gives no thread or no event queue.
    #[error("cannot start the thread of the network: {0}")]
    Thread(#[from] io::Error),
    /// The REST interface cannot be set up.
    #[error(transparent)]
    Rest(#[from] RestError),
}

/// A client of the Architect with a thread of its own: nothing here needs a runtime, and nothing
/// blocks but what says so.
///
/// Dropping it says farewell to the Architect and waits, for a second at most, until its thread ends.
#[derive(Debug)]
pub struct Client {
    assets: Assets,
    events: Option<Events>,
    rest: Rest,
    runtime: Handle,
    /// Dropped or used, it ends the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Client {
    /// Starts the thread and begins to connect. Whether there is an Architect, messages tell.
    ///
    /// # Errors
    /// The system gives no thread or sockets.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        let rest = Rest::new(config)?;
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let assets = Assets::start_on(&handle, config);
        let events = config.events.then(|| Events::start_on(&handle, config));
        let thread = thread::Builder::new().name("gve-net".to_owned()).spawn(move || {
            // An error means that the client is gone, which is what is waited for.
            let _ = runtime.block_on(stopped);
            // The system's look-up of a name cannot be called off; it is left behind.
            runtime.shutdown_background();
        })?;
        Ok(Self { assets, events, rest, runtime: handle, stop: Some(stop), thread: Some(thread) })
    }

    /// The next message about assets or the connection, if one is there.
    pub fn try_recv(&self) -> Option<AssetMessage> {
        self.assets.try_next()
    }

    /// The next message about assets or the connection; blocks for at most this long.
    pub fn recv_timeout(&self, patience: Duration) -> Option<AssetMessage> {
        self.assets.next_within(patience)
    }

    /// The next event, if one is there and [`Config::events`] asked for them.
    pub fn try_recv_event(&self) -> Option<EventMessage> {
        self.events.as_ref()?.try_next()
    }

    /// The next event; blocks for at most this long. At once without [`Config::events`].
    pub fn recv_event_timeout(&self, patience: Duration) -> Option<EventMessage> {
        self.events.as_ref()?.next_within(patience)
    }

    /// Wants an asset: see [`Assets::subscribe`].
    ///
    /// # Errors
    /// No asset can have this wire id.
    pub fn subscribe(&self, id: u64) -> Result<(), RequestError> {
        self.assets.subscribe(id)
    }

    /// Does not want the asset any longer: see [`Assets::unsubscribe`].
    pub fn unsubscribe(&self, id: u64) {
        self.assets.unsubscribe(id);
    }

    /// Asks for the present binary again: see [`Assets::reload`].
    pub fn reload(&self, id: u64) {
        self.assets.reload(id);
    }

    /// Asks for a compile, with a recipe to save or without: see [`Assets::request_compile`].
    ///
    /// # Errors
    /// What cannot be sent, or a queue that is full: try again later.
    pub fn request_compile(
        &self,
        id: u64,
        recipe: impl Into<Bytes>,
        base_version: u32,
    ) -> Result<(), RequestError> {
        self.assets.try_request_compile(id, recipe, base_version)
    }

    /// Cancels the asset's compile.
    ///
    /// # Errors
    /// What cannot be sent, or a queue that is full: try again later.
    pub fn cancel_compile(&self, id: u64) -> Result<(), RequestError> {
        self.assets.try_cancel_compile(id)
    }

    /// The versions of a subscribed asset, as far as messages were taken out.
    pub fn versions(&self, id: u64) -> AssetVersions {
        self.assets.versions(id)
    }

    /// Whether the connection stands.
    pub fn is_connected(&self) -> bool {
        self.assets.is_connected()
    }

    /// Calls the REST interface on the client's thread:
    /// `client.call(|rest| async move { rest.health().await })`.
    pub fn call<T, F, Fut>(&self, function: F) -> Pending<T>
    where
        T: Send + 'static,
        F: FnOnce(Rest) -> Fut,
        Fut: Future<Output = T> + Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        let answer = function(self.rest.clone());
        self.runtime.spawn(async move {
            // Whoever asked may have gone.
            let _ = sender.send(answer.await);
        });
        Pending(receiver)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let assets = self.assets.shut_down();
        let events = self.events.as_mut().and_then(Events::shut_down);
        let stop = self.stop.take();
        self.runtime.spawn(async move {
            let farewells = async {
                for task in assets.into_iter().chain(events) {
                    // A task that panicked has ended as well.
                    let _ = task.await;
                }
            };
            let _ = tokio::time::timeout(FAREWELL, farewells).await;
            drop(stop);
        });
        if let Some(thread) = self.thread.take() {
            // It does nothing after its runtime that could panic.
            let _ = thread.join();
        }
    }
}

/// The answer to a [`Client::call`], when it comes.
#[derive(Debug)]
pub struct Pending<T>(mpsc::Receiver<T>);

impl<T> Pending<T> {
    /// The answer, if it is there; `None` again once it was taken.
    pub fn try_take(&self) -> Option<T> {
        self.0.try_recv().ok()
    }

    /// Blocks until the answer is there; `None` if it was taken already or the client has shut down.
    pub fn wait(self) -> Option<T> {
        self.0.recv().ok()
    }
}
