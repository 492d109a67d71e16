//! What has come from the Architect and waits to be loaded; shared between the app and its asset reader.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use gve_net::Bytes;

/// The newest binary of every asset that somebody wants.
#[derive(Clone, Default)]
pub(super) struct Inbox {
    slots: Arc<Mutex<HashMap<u64, Slot>>>,
}

#[derive(Default)]
struct Slot {
    /// The newest binary, until the loader takes it.
    newest: Option<Bytes>,
    /// Why there is none.
    refused: Option<String>,
    /// Whether a load has begun and not ended. Loads of one asset must not overlap: the older one might end last.
    is_loading: bool,
    waiting: Vec<Waker>,
}

impl Slot {
    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

impl Inbox {
    fn slots(&self) -> MutexGuard<'_, HashMap<u64, Slot>> {
        // A panic elsewhere leaves the map whole: no step below is half done.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A binary has come.
    pub(super) fn put(&self, wire_id: u64, bytes: Bytes) {
        if let Some(slot) = self.slots().get_mut(&wire_id) {
            slot.newest = Some(bytes);
            slot.refused = None;
            slot.wake();
        }
    }

    /// There will be no binary: whoever waits for a first one hears why.
    pub(super) fn refuse(&self, wire_id: u64, reason: &str) {
        if let Some(slot) = self.slots().get_mut(&wire_id)
            && slot.is_loading
            && slot.newest.is_none()
        {
            slot.refused = Some(reason.to_owned());
            slot.wake();
        }
    }

    /// Nobody wants the asset any more.
    pub(super) fn forget(&self, wire_id: u64) {
        if let Some(mut slot) = self.slots().remove(&wire_id) {
            slot.wake();
        }
    }

    /// A load has ended, well or not.
    pub(super) fn load_ended(&self, wire_id: u64) {
        if let Some(slot) = self.slots().get_mut(&wire_id) {
            slot.is_loading = false;
            slot.refused = None;
        }
    }

    /// The assets that have a newer binary and no load under way; each counts as loading from now on.
    pub(super) fn begin_reloads(&self) -> Vec<u64> {
        let mut slots = self.slots();
        let ready = slots.iter_mut().filter(|(_, slot)| slot.newest.is_some() && !slot.is_loading);
        ready
            .map(|(wire_id, slot)| {
                slot.is_loading = true;
                *wire_id
            })
            .collect()
    }

    /// Waits for the newest binary, or for the reason why there is none.
    pub(super) async fn take(&self, wire_id: u64) -> Result<Bytes, String> {
        self.slots().entry(wire_id).or_default().is_loading = true;
        std::future::poll_fn(|context| {
            let mut slots = self.slots();
            let Some(slot) = slots.get_mut(&wire_id) else {
                return Poll::Ready(Err("nobody wants the asset any more".to_owned()));
            };
            if let Some(bytes) = slot.newest.take() {
                return Poll::Ready(Ok(bytes));
            }
            if let Some(reason) = slot.refused.take() {
                return Poll::Ready(Err(reason));
            }
            slot.waiting.retain(|waker| !waker.will_wake(context.waker()));
            slot.waiting.push(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use bevy::tasks::block_on;

    use super::*;

    fn bytes(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    /// Begins a load as the asset server does, and lets it end.
    fn load(inbox: &Inbox) -> Result<Bytes, String> {
        block_on(inbox.take(7))
    }

    #[test]
    fn loads_do_not_overlap_and_take_the_newest() {
        let inbox = Inbox::default();
        let waiting = std::thread::spawn({
            let inbox = inbox.clone();
            move || block_on(inbox.take(7))
        });
        while inbox.slots().get(&7).is_none_or(|slot| slot.waiting.is_empty()) {
            std::thread::yield_now();
        }
        inbox.put(7, bytes("one"));
        assert_eq!(waiting.join().unwrap(), Ok(bytes("one")));
        // More comes while the loader still checks the first.
        inbox.put(7, bytes("two"));
        inbox.put(7, bytes("three"));
        assert!(inbox.begin_reloads().is_empty());
        inbox.load_ended(7);
        assert_eq!(inbox.begin_reloads(), [7]);
        assert!(inbox.begin_reloads().is_empty(), "it is loading now");
        assert_eq!(load(&inbox), Ok(bytes("three")));
        inbox.load_ended(7);
        assert!(inbox.begin_reloads().is_empty());
    }

    #[test]
    fn a_first_load_hears_why_there_is_nothing() {
        let inbox = Inbox::default();
        inbox.slots().entry(7).or_default().is_loading = true;
        inbox.refuse(7, "unknown asset");
        assert_eq!(load(&inbox), Err("unknown asset".to_owned()));
        inbox.load_ended(7);
        // A failed compile of a later version is no failed load.
        inbox.refuse(7, "no surface");
        inbox.put(7, bytes("two"));
        assert_eq!(load(&inbox), Ok(bytes("two")));
    }

    #[test]
    fn what_nobody_wants_is_not_kept() {
        let inbox = Inbox::default();
        inbox.put(7, bytes("one"));
        assert!(inbox.slots().is_empty());
    }
}
