//! Why a recipe cannot be made into a field.

use gve_types::Violation;

/// Why a recipe cannot be made into a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{}", violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct LowerError {
    /// Everything that was found, each with the JSON path of the offender. Never empty.
    pub violations: Vec<Violation>,
}

impl LowerError {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { violations: vec![Violation { path: path.into(), message: message.into() }] }
    }
}
