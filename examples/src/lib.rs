//! The harness the examples share.
