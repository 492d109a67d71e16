//! Where messages wait between a socket's task and its user, who may be a task or a thread.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// What waits, and how much of it may.
pub(crate) trait Waiting {
    type Message;

    /// Takes out the next message.
    fn next(&mut self) -> Option<Self::Message>;

    /// Whether more may come in.
    fn has_room(&self) -> bool;
}

/// A queue with everybody who waits for it.
#[derive(Debug)]
pub(crate) struct Mailbox<Q> {
    queue: Mutex<Q>,
    /// Something waits for the user: for tasks and for threads.
    arrived: Notify,
    arrived_for_threads: Condvar,
    /// There may be room again.
    drained: Notify,
}

impl<Q: Waiting> Mailbox<Q> {
    pub(crate) fn new(queue: Q) -> Self {
        Self {
            queue: Mutex::new(queue),
            arrived: Notify::new(),
            arrived_for_threads: Condvar::new(),
            drained: Notify::new(),
        }
    }

    /// The queue. Nothing that holds it can panic halfway through a change.
    pub(crate) fn queue(&self) -> MutexGuard<'_, Q> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the queue from the socket's side.
    pub(crate) fn deliver<T>(&self, change: impl FnOnce(&mut Q) -> T) -> T {
        let result = change(&mut self.queue());
        self.arrived.notify_one();
        self.arrived_for_threads.notify_one();
        result
    }

    /// Changes the queue from the user's side, which may make room.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Q) -> T) -> T {
        let result = change(&mut self.queue());
        self.drained.notify_one();
        result
    }

    pub(crate) fn try_next(&self) -> Option<Q::Message> {
        let message = self.queue().next()?;
        self.drained.notify_one();
        Some(message)
    }

    pub(crate) async fn next(&self) -> Q::Message {
        loop {
            if let Some(message) = self.try_next() {
                // Whoever waits beside this one looks as well: there may be more.
                self.arrived.notify_one();
                return message;
            }
            self.arrived.notified().await;
        }
    }

    /// The next message; blocks the thread for at most this long.
    pub(crate) fn next_within(&self, patience: Duration) -> Option<Q::Message> {
        let since = Instant::now();
        let mut queue = self.queue();
        loop {
            if let Some(message) = queue.next() {
                self.drained.notify_one();
                return Some(message);
            }
            let left = patience.checked_sub(since.elapsed())?;
            let waited = self.arrived_for_threads.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.queue().has_room()
    }

    /// Resolves when there is room.
    pub(crate) async fn room(&self) {
        while !self.has_room() {
            self.drained.notified().await;
        }
    }
}
