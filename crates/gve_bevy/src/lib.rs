//! GVE-1 assets in Bevy.
