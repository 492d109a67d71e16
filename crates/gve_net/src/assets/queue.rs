//! Messages that wait for the user, with what is superseded taken out.
//!
//! Per asset there wait at most one announcement, one progress, one binary, one reset and a few
//! errors; per connection at most its loss and its return. What the queue holds in bytes is counted,
//! so that the socket is left alone while the user does not keep up.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::AssetMessage;
use crate::{
    frame::ServerFrame,
    mailbox::Waiting,
    versions::{AssetVersions, Verdict, VersionCache, refinement_of},
};

/// Most assets that are not subscribed and of which something waits; further ones are not heard of.
const MAX_STRANGERS: usize = 1 << 16;
/// Most errors of one asset that wait; the oldest go first.
const MAX_ERRORS: usize = 8;

/// The messages that wait, the subscriptions, and the versions that decide between them.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    versions: VersionCache,
    wanted: BTreeSet<u64>,
    /// Subscriptions that have not been sent on this connection.
    unsent: BTreeSet<u64>,
    connection: VecDeque<AssetMessage>,
    assets: HashMap<u64, Vec<AssetMessage>>,
    /// Assets of which something waits, in the order of their turns.
    turns: VecDeque<u64>,
    held_bytes: usize,
    max_held_bytes: usize,
}

impl Queue {
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { max_held_bytes, ..Self::default() }
    }

    pub(crate) fn versions(&self, id: u64) -> AssetVersions {
        self.versions.get(id)
    }

    pub(crate) fn wanted(&self) -> &BTreeSet<u64> {
        &self.wanted
    }

    /// Adds a subscription; one that is there already is not sent again.
    pub(crate) fn subscribe(&mut self, id: u64) {
        if self.wanted.insert(id) {
            self.unsent.insert(id);
        }
    }

    /// Ends a subscription and forgets what was loaded.
    pub(crate) fn unsubscribe(&mut self, id: u64) {
        if self.wanted.remove(&id) {
            self.unsent.remove(&id);
            self.versions.unload(id);
            self.discard(id, |m| matches!(m, AssetMessage::Ready { .. } | AssetMessage::Progress { .. }));
        }
    }

    /// What was loaded is gone: asks for the present binary again.
    pub(crate) fn reload(&mut self, id: u64) {
        if self.wanted.contains(&id) {
            self.versions.unload(id);
            self.unsent.insert(id);
        }
    }

    /// The next subscription to send.
    pub(crate) fn next_unsent(&mut self) -> Option<u64> {
        self.unsent.pop_first()
    }

    /// A new connection stands.
    pub(crate) fn connected(&mut self) {
        self.unsent = self.wanted.clone();
        self.connection.push_back(AssetMessage::Connected);
    }

    /// The connection is lost; says so once, however often this is tried.
    pub(crate) fn disconnected(&mut self, message: AssetMessage) {
        self.connection.clear();
        self.connection.push_back(message);
    }

    /// The store says that an asset is at a version below what it announced.
    pub(crate) fn rebase(&mut self, id: u64, version: u32) {
        self.versions.rebase(id, version);
        self.discard(id, |message| !matches!(message, AssetMessage::Invalid { .. }));
        self.add(id, AssetMessage::Reset { id, version });
    }

    /// Takes in what the Architect sent.
    pub(crate) fn receive(&mut self, frame: ServerFrame) {
        match frame {
            ServerFrame::VersionBump { id, version } => self.announce(id, version),
            ServerFrame::AssetProgress { id, version, stage, share } if self.wanted.contains(&id) => {
                // A version that is compiled was saved, also if its announcement is still under way.
                self.announce(id, version);
                if version >= self.versions.get(id).announced {
                    self.discard(id, |m| matches!(m, AssetMessage::Progress { .. }));
                    self.add(id, AssetMessage::Progress { id, version, stage, share });
                }
            }
            ServerFrame::AssetReady { id, version, bytes } if self.wanted.contains(&id) => {
                let refinement = refinement_of(&bytes);
                let is_newest = self.waiting_binary(id).is_none_or(|waiting| waiting < (version, refinement));
                if is_newest && self.versions.judge(id, version, refinement) == Verdict::Take {
                    self.discard(id, |waiting| match waiting {
                        AssetMessage::Ready { .. } => true,
                        AssetMessage::Progress { version: of, .. } => *of <= version,
                        _ => false,
                    });
                    self.add(id, AssetMessage::Ready { id, version, bytes });
                }
            }
            ServerFrame::AssetInvalid { id, version, message } => {
                let errors = self.assets.get(&id).into_iter().flatten();
                if errors.filter(|m| matches!(m, AssetMessage::Invalid { .. })).count() >= MAX_ERRORS {
                    let mut is_first = true;
                    self.discard(id, |m| {
                        matches!(m, AssetMessage::Invalid { .. }) && std::mem::take(&mut is_first)
                    });
                }
                self.add(id, AssetMessage::Invalid { id, version, message });
            }
            // Of assets that are not, or no longer, subscribed.
            ServerFrame::AssetProgress { .. } | ServerFrame::AssetReady { .. } => {}
        }
    }

    /// Version and refinement of the binary of an asset that waits.
    fn waiting_binary(&self, id: u64) -> Option<(u32, u8)> {
        self.assets.get(&id)?.iter().find_map(|waiting| match waiting {
            AssetMessage::Ready { version, bytes, .. } => Some((*version, refinement_of(bytes))),
            _ => None,
        })
    }

    fn announce(&mut self, id: u64, version: u32) {
        // Versions of assets that nobody asked for are not kept: there may be any number of them.
        if self.wanted.contains(&id) && !self.versions.announce(id, version) {
            return;
        }
        let waiting = self.assets.get(&id).into_iter().flatten();
        let newest = waiting.filter_map(|m| match m {
            AssetMessage::Announced { version, .. } => Some(*version),
            _ => None,
        });
        if newest.max().is_some_and(|newest| newest >= version) {
            return;
        }
        self.discard(id, |waiting| match waiting {
            AssetMessage::Announced { .. } => true,
            AssetMessage::Ready { version: of, .. } | AssetMessage::Progress { version: of, .. } => {
                *of < version
            }
            _ => false,
        });
        self.add(id, AssetMessage::Announced { id, version });
    }

    fn add(&mut self, id: u64, message: AssetMessage) {
        if !self.assets.contains_key(&id) {
            if self.assets.len() >= MAX_STRANGERS && !self.wanted.contains(&id) {
                return;
            }
            self.turns.push_back(id);
        }
        self.held_bytes += message.held_bytes();
        self.assets.entry(id).or_default().push(message);
    }

    /// Takes out what is superseded. An asset of which nothing is left keeps its turn, which is then
    /// passed over.
    fn discard(&mut self, id: u64, mut is_superseded: impl FnMut(&AssetMessage) -> bool) {
        let Some(waiting) = self.assets.get_mut(&id) else { return };
        let mut freed = 0;
        waiting.retain(|message| {
            let goes = is_superseded(message);
            freed += if goes { message.held_bytes() } else { 0 };
            !goes
        });
        self.held_bytes = self.held_bytes.saturating_sub(freed);
    }
}

impl Waiting for Queue {
    type Message = AssetMessage;

    /// The next message. A binary counts as loaded from here on.
    fn next(&mut self) -> Option<AssetMessage> {
        if let Some(message) = self.connection.pop_front() {
            return Some(message);
        }
        while let Some(id) = self.turns.pop_front() {
            let Some(waiting) = self.assets.get_mut(&id) else { continue };
            let message = if waiting.is_empty() { None } else { Some(waiting.remove(0)) };
            if waiting.is_empty() {
                self.assets.remove(&id);
            } else {
                self.turns.push_back(id);
            }
            let Some(message) = message else { continue };
            self.held_bytes = self.held_bytes.saturating_sub(message.held_bytes());
            match message {
                AssetMessage::Ready { version, ref bytes, .. }
                    if self.versions.take(id, version, refinement_of(bytes)) != Verdict::Take => {}
                message => return Some(message),
            }
        }
        None
    }

    fn has_room(&self) -> bool {
        self.held_bytes < self.max_held_bytes
    }
}

#[cfg(test)]
mod tests;
