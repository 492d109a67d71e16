//! The connection to `/ws/events`: everything that happens, in order.

mod session;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use gve_types::event::EventEnvelope;
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use crate::{
    config::Config,
    link::{self, LinkError},
    mailbox::{Mailbox, Waiting},
};
use session::EventSession;

/// Most events that wait for the user; beyond them the socket is not read.
pub const MAX_WAITING_EVENTS: usize = 1024;

/// What a client hears on the event bus, and about its connection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventMessage {
    /// The connection stands. Whatever happened before was not heard: ask over REST for what matters.
    Connected,
    /// The connection is lost, or did not come about.
    Disconnected {
        /// Why.
        error: LinkError,
        /// When the next attempt is made.
        retry_in_secs: f32,
    },
    /// Something happened.
    Event(EventEnvelope),
}

/// A connection to `/ws/events` that stays: it is made again whenever it is lost.
///
/// Every event comes, in the order of the Architect. While the user does not keep up the socket is
/// not read, and in the end the Architect closes it. Dropping it says farewell and ends its task.
#[derive(Debug)]
pub struct Events {
    mailbox: Arc<Mailbox<EventQueue>>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Events {
    /// Begins to connect, on the runtime that this is called in.
    ///
    /// # Panics
    /// Outside of a tokio runtime; use [`Client`](crate::Client) there.
    pub fn start(config: &Config) -> Self {
        Self::start_on(&Handle::current(), config)
    }

    /// Begins to connect, on this runtime. It needs tokio's network and time.
    pub fn start_on(runtime: &Handle, config: &Config) -> Self {
        let mailbox = Arc::new(Mailbox::new(EventQueue::default()));
        let (stop, stopping) = watch::channel(false);
        let mut session = EventSession::new(config, mailbox.clone(), stopping.clone());
        let config = config.clone();
        let task = runtime.spawn(async move { link::keep(&mut session, &config, stopping).await });
        Self { mailbox, stop, task: Some(task) }
    }

    /// The next message; waits for one.
    pub async fn next(&self) -> EventMessage {
        self.mailbox.next().await
    }

    /// The next message, if one is there.
    pub fn try_next(&self) -> Option<EventMessage> {
        self.mailbox.try_next()
    }

    /// The next message; blocks the thread for at most this long. Not for tasks of a runtime.
    pub fn next_within(&self, patience: Duration) -> Option<EventMessage> {
        self.mailbox.next_within(patience)
    }

    /// Says farewell; the task that ends by it.
    pub(crate) fn shut_down(&mut self) -> Option<JoinHandle<()>> {
        self.stop.send_replace(true);
        self.task.take()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Events that wait, in order.
#[derive(Debug, Default)]
pub(crate) struct EventQueue(VecDeque<EventMessage>);

impl EventQueue {
    /// Adds a message. Losses of the connection that follow each other are one.
    pub(crate) fn add(&mut self, message: EventMessage) {
        let is_loss = |message: &EventMessage| matches!(message, EventMessage::Disconnected { .. });
        if is_loss(&message) && self.0.back().is_some_and(is_loss) {
            self.0.pop_back();
        }
        self.0.push_back(message);
    }
}

impl Waiting for EventQueue {
    type Message = EventMessage;

    fn next(&mut self) -> Option<EventMessage> {
        self.0.pop_front()
    }

    fn has_room(&self) -> bool {
        self.0.len() < MAX_WAITING_EVENTS
    }
}
