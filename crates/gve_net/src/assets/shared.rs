//! What the user's side and the socket's side of a connection share.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use super::queue::Queue;
use crate::mailbox::Mailbox;

/// The messages that wait, the subscriptions that have to be sent, and whether there is a connection.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) mailbox: Mailbox<Queue>,
    /// A subscription waits to be sent.
    requested: Notify,
    connected: AtomicBool,
}

impl Shared {
    pub(crate) fn new(max_queued_bytes: usize) -> Self {
        Self {
            mailbox: Mailbox::new(Queue::new(max_queued_bytes)),
            requested: Notify::new(),
            connected: AtomicBool::new(false),
        }
    }

    /// Changes the subscriptions from the user's side.
    pub(crate) fn request(&self, change: impl FnOnce(&mut Queue)) {
        self.mailbox.change(change);
        self.requested.notify_one();
    }

    /// The next subscription to send.
    pub(crate) async fn next_request(&self) -> u64 {
        loop {
            if let Some(id) = self.mailbox.queue().next_unsent() {
                return id;
            }
            self.requested.notified().await;
        }
    }

    pub(crate) fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Release);
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }
}
