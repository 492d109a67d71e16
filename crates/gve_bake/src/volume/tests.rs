//! Tests of what is private to the volume.
