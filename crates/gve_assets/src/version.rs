//! What tells one version of the format from another, and whether a file is whole: the same in every version.

/// The format version that this build writes.
pub const FORMAT_VERSION: u16 = 2;
/// The oldest format version that this build reads.
pub const OLDEST_FORMAT_VERSION: u16 = 1;

pub(crate) const VERSION_OFFSET: u64 = 4;
pub(crate) const LENGTH_OFFSET: u64 = 20;
