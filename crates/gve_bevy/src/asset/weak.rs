//! Handles that do not keep their asset.

use std::{
    marker::PhantomData,
    sync::{Arc, Weak},
};

use bevy::{asset::StrongHandle, prelude::*};

/// A handle for caches: the asset lives as long as somebody else uses it.
pub(crate) struct WeakHandle<A: Asset> {
    handle: Weak<StrongHandle>,
    asset: PhantomData<fn() -> A>,
}

impl<A: Asset> WeakHandle<A> {
    pub(crate) fn new(handle: &Handle<A>) -> Self {
        let handle = match handle {
            Handle::Strong(handle) => Arc::downgrade(handle),
            // Names an asset and never keeps it.
            Handle::Uuid(..) => Weak::new(),
        };
        Self { handle, asset: PhantomData }
    }

    /// The handle, if the asset is still used.
    pub(crate) fn upgrade(&self) -> Option<Handle<A>> {
        self.handle.upgrade().map(Handle::Strong)
    }

    /// Whether somebody uses the asset.
    pub(crate) fn is_used(&self) -> bool {
        self.handle.strong_count() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_goes_with_its_last_user() {
        let mut images = Assets::<Image>::default();
        let first = images.add(Image::default());
        let weak = WeakHandle::new(&first);
        let second = weak.upgrade().expect("it is used");
        assert_eq!(first, second);
        drop(first);
        assert!(weak.is_used());
        drop(second);
        assert!(!weak.is_used() && weak.upgrade().is_none());
    }
}
