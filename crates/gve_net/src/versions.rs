//! Which version of each asset is announced and which is loaded.
//!
//! Two numbers per asset. A save announces its version at once; the binary of that version follows
//! when it is compiled. In between the asset is *stale*: what is loaded is older than what is known
//! to exist. The rules, whatever order messages arrive in and however often:
//!
//! * announced and loaded never decrease;
//! * a binary is taken when its version is above the loaded one and not below the announced one;
//! * a binary of the loaded version is taken when its [refinement](refinement_of) is higher: the same recipe
//!   with more work put into it. It never replaces a newer version, nor comes when one is announced;
//! * an asset is stale while announced > loaded, so an older version is never taken for current.
//!
//! # When the numbers begin again
//! Versions come from the Architect's store and only grow. A store that was emptied, or put back
//! from a copy, counts again from a lower number, and by the rules above everything it sends would be
//! dropped as old. Messages alone cannot tell this from messages that were delayed, so nothing here
//! guesses: [`VersionCache::rebase`] is called only after the store itself was asked over REST on a
//! new connection (see [`Assets`](crate::Assets)). Until then the client stays with what it has.
//!
//! # When an asset is deleted
//! Its wire id is never given to another asset, so its numbers stay; what is loaded stays loaded
//! until the user lets go of it.

use std::collections::HashMap;

/// The two numbers of one asset. 0 stands for none: versions count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AssetVersions {
    /// The newest version that is known to be saved.
    pub announced: u32,
    /// The newest version whose binary was taken.
    pub loaded: u32,
    /// The refinement of the binary that was taken last.
    pub refinement: u8,
}

impl AssetVersions {
    /// Whether a newer version than the loaded one is known to exist.
    pub fn is_stale(self) -> bool {
        self.announced > self.loaded
    }
}

/// What becomes of a binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the newest: take it.
    Take,
    /// This version is loaded already, as fine as this or finer, or a newer one is.
    NotNewer {
        /// The version that is loaded.
        loaded: u32,
        /// Its refinement.
        refinement: u8,
    },
    /// A newer version is announced.
    Superseded {
        /// The version that is announced.
        announced: u32,
    },
}

/// How far the binary of a version was worked out: 0 for geometry with seeded splats, 1 with sound, 2 with
/// trained splats. A finer binary of a version may follow a coarser one.
///
/// Read from the flags in the header of a `.gve_bin`; 0 for bytes that are none, which the reader refuses later.
pub fn refinement_of(file: &[u8]) -> u8 {
    let (Some(b"GVE1"), Some(format), Some(flags)) = (file.get(..4), u16_at(file, 4), u16_at(file, 6)) else {
        return 0;
    };
    match format {
        // Format version 1 knew only whether splats were trained.
        1 if flags & 1 != 0 => 2,
        1 => 0,
        _ => (flags & 3) as u8,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes(two.try_into().ok()?))
}

/// The versions of all assets that a client cares for, by wire id. Does nothing but count.
#[derive(Debug, Clone, Default)]
pub struct VersionCache {
    assets: HashMap<u64, AssetVersions>,
}

impl VersionCache {
    /// The versions of an asset; zeros for one that was never heard of.
    pub fn get(&self, id: u64) -> AssetVersions {
        self.assets.get(&id).copied().unwrap_or_default()
    }

    /// A version was saved. Returns whether that is news.
    pub fn announce(&mut self, id: u64, version: u32) -> bool {
        let asset = self.assets.entry(id).or_default();
        let is_news = version > asset.announced;
        asset.announced = asset.announced.max(version);
        is_news
    }

    /// What would become of a binary of this version and refinement.
    pub fn judge(&self, id: u64, version: u32, refinement: u8) -> Verdict {
        let asset = self.get(id);
        if version < asset.announced {
            Verdict::Superseded { announced: asset.announced }
        } else if (version, refinement) <= (asset.loaded, asset.refinement) {
            Verdict::NotNewer { loaded: asset.loaded, refinement: asset.refinement }
        } else {
            Verdict::Take
        }
    }

    /// A binary of this version and refinement is at hand; if the verdict is to take it, it counts as loaded.
    pub fn take(&mut self, id: u64, version: u32, refinement: u8) -> Verdict {
        let verdict = self.judge(id, version, refinement);
        if verdict == Verdict::Take {
            self.assets.insert(id, AssetVersions { announced: version, loaded: version, refinement });
        }
        verdict
    }

    /// What was loaded is gone, on the user's side: the next binary that is not older than the
    /// announced version is taken.
    pub fn unload(&mut self, id: u64) {
        if let Some(asset) = self.assets.get_mut(&id) {
            (asset.loaded, asset.refinement) = (0, 0);
        }
    }

    /// The store itself says that this is its version now, below what it announced before: it was
    /// emptied or put back. What is loaded counts for nothing any more. 0 for an asset that is gone.
    pub fn rebase(&mut self, id: u64, version: u32) {
        self.assets.insert(id, AssetVersions { announced: version, ..AssetVersions::default() });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn versions(announced: u32, loaded: u32) -> AssetVersions {
        AssetVersions { announced, loaded, refinement: 0 }
    }

    #[test]
    fn the_timeline_of_the_specification() {
        let mut cache = VersionCache::default();
        assert_eq!(cache.take(42, 11, 0), Verdict::Take);
        assert!(!cache.get(42).is_stale());
        assert!(cache.announce(42, 12));
        assert!(cache.get(42).is_stale());
        assert_eq!(cache.take(42, 11, 0), Verdict::Superseded { announced: 12 });
        assert_eq!(cache.take(42, 12, 0), Verdict::Take);
        assert_eq!(cache.get(42), versions(12, 12));
        assert!(!cache.get(42).is_stale());
    }

    #[test]
    fn a_binary_may_overtake_its_announcement() {
        let mut cache = VersionCache::default();
        assert_eq!(cache.take(1, 3, 0), Verdict::Take);
        assert!(!cache.announce(1, 3));
        assert!(!cache.announce(1, 2));
        assert_eq!(cache.get(1), versions(3, 3));
        assert_eq!(cache.take(1, 3, 0), Verdict::NotNewer { loaded: 3, refinement: 0 });
    }

    #[test]
    fn a_finer_binary_of_the_loaded_version_is_taken_and_no_other() {
        let mut cache = VersionCache::default();
        assert_eq!(cache.take(1, 3, 1), Verdict::Take);
        assert_eq!(cache.take(1, 3, 1), Verdict::NotNewer { loaded: 3, refinement: 1 }, "as fine");
        assert_eq!(cache.take(1, 3, 0), Verdict::NotNewer { loaded: 3, refinement: 1 }, "coarser");
        assert_eq!(cache.take(1, 3, 2), Verdict::Take);
        assert_eq!(cache.get(1), AssetVersions { announced: 3, loaded: 3, refinement: 2 });
        assert_eq!(cache.take(1, 2, 3), Verdict::Superseded { announced: 3 }, "older, however fine");
        assert_eq!(cache.take(1, 4, 0), Verdict::Take, "a newer version begins coarse");
        assert_eq!(cache.get(1), AssetVersions { announced: 4, loaded: 4, refinement: 0 });
        cache.announce(1, 5);
        assert_eq!(cache.take(1, 4, 2), Verdict::Superseded { announced: 5 });
        cache.take(1, 5, 2);
        cache.unload(1);
        assert_eq!(cache.take(1, 5, 0), Verdict::Take, "what is gone does not count");
    }

    #[test]
    fn the_refinement_stands_in_the_header() {
        let file =
            |format: u16, flags: u16| [b"GVE1", &format.to_le_bytes()[..], &flags.to_le_bytes()].concat();
        let refinements: Vec<u8> = (0..8).map(|flags| refinement_of(&file(2, flags))).collect();
        assert_eq!(refinements, [0, 1, 2, 3, 0, 1, 2, 3], "two bits of the flags");
        assert_eq!([refinement_of(&file(1, 0)), refinement_of(&file(1, 1))], [0, 2], "trained or not");
        assert_eq!(refinement_of(&file(2, 2)[..7]), 0, "cut short");
        assert_eq!(refinement_of(b"PNG1\x02\x00\x02\x00"), 0, "another kind of file");
    }

    #[test]
    fn two_saves_during_one_compile() {
        let mut cache = VersionCache::default();
        cache.announce(1, 2);
        cache.announce(1, 3);
        assert_eq!(cache.take(1, 2, 0), Verdict::Superseded { announced: 3 });
        assert_eq!(cache.take(1, 3, 0), Verdict::Take);
    }

    #[test]
    fn what_was_unloaded_is_taken_again_but_nothing_older() {
        let mut cache = VersionCache::default();
        cache.take(1, 5, 0);
        cache.unload(1);
        assert_eq!(cache.take(1, 4, 0), Verdict::Superseded { announced: 5 });
        assert_eq!(cache.take(1, 5, 0), Verdict::Take);
    }

    #[test]
    fn a_store_that_begins_again_is_followed_once_it_was_asked() {
        let mut cache = VersionCache::default();
        cache.take(1, 5, 0);
        assert_eq!(cache.take(1, 1, 0), Verdict::Superseded { announced: 5 });
        cache.rebase(1, 1);
        assert!(cache.get(1).is_stale());
        assert_eq!(cache.take(1, 1, 0), Verdict::Take);
    }

    #[derive(Debug, Clone, Copy)]
    enum Arrival {
        Bump(u32),
        Ready(u32, u8),
    }

    /// Whatever arrives: any of the messages about versions up to 8, in any order, any number of times.
    fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
        let ready =
            (1..=8_u32, 0..=2_u8).prop_map(|(version, refinement)| Arrival::Ready(version, refinement));
        let one = prop_oneof![(1..=8_u32).prop_map(Arrival::Bump), ready];
        prop::collection::vec(one, 0..64)
    }

    proptest! {
        #[test]
        fn an_older_version_never_shows_as_current(arrivals in arrivals()) {
            let mut cache = VersionCache::default();
            let (mut heard_of, mut shown) = (0, (0, 0));
            for arrival in arrivals {
                match arrival {
                    Arrival::Bump(version) => {
                        cache.announce(7, version);
                        heard_of = heard_of.max(version);
                    }
                    Arrival::Ready(version, refinement) => {
                        if cache.take(7, version, refinement) == Verdict::Take {
                            prop_assert!((version, refinement) > shown, "the picture never goes back");
                            shown = (version, refinement);
                        }
                        heard_of = heard_of.max(version);
                    }
                }
                let versions = cache.get(7);
                prop_assert_eq!((versions.loaded, versions.refinement), shown);
                prop_assert!(versions.is_stale() || shown.0 == heard_of, "shows {} of {}", shown.0, heard_of);
            }
        }

        #[test]
        fn the_newest_version_gets_through_whatever_else_arrives(
            before in arrivals(), after in arrivals(),
        ) {
            let mut cache = VersionCache::default();
            let newest = std::iter::once(Arrival::Ready(9, 0));
            for arrival in before.into_iter().chain(newest).chain(after) {
                match arrival {
                    Arrival::Bump(version) => { cache.announce(7, version); }
                    Arrival::Ready(version, refinement) => { cache.take(7, version, refinement); }
                }
            }
            prop_assert_eq!(cache.get(7), versions(9, 9));
        }
    }
}
