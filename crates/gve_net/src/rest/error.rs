//! Why the REST interface did not do what was asked.

use gve_types::api::ErrorBody;
use url::Url;

/// Why the REST interface did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestError {
    /// Nobody answers there.
    #[error("no Architect answers at {server}: {message}")]
    Unreachable {
        /// The server's address.
        server: String,
        /// What the system says.
        message: String,
    },
    /// The answer did not come in time.
    #[error("{url} did not answer within {secs} s")]
    Timeout {
        /// What was asked.
        url: String,
        /// How long it was waited for, as text.
        secs: String,
    },
    /// The connection broke, or the answer is no HTTP.
    #[error("{url}: {message}")]
    Transport {
        /// What was asked.
        url: String,
        /// What went wrong.
        message: String,
    },
    /// The Architect refused, and says why.
    #[error("{}", .body.message)]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its code, message, findings and versions.
        body: Box<ErrorBody>,
    },
    /// A status that is neither success nor one of the Architect's errors: is this an Architect?
    #[error("{url} answered with status {status}, which is none of the Architect's errors: {text}")]
    UnexpectedStatus {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of what it sent.
        text: String,
    },
    /// An answer over the limit.
    #[error("the answer of {url} is over the limit of {limit} bytes")]
    TooLarge {
        /// What was asked.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// An answer that is not what this route answers.
    #[error("the answer of {url} is not what was expected: {message}")]
    BadAnswer {
        /// What was asked.
        url: String,
        /// What the parser says, with line and column.
        message: String,
    },
    /// Something that cannot be asked for.
    #[error("{what}, found `{found}`")]
    BadArgument {
        /// What was expected.
        what: &'static str,
        /// What was given.
        found: String,
    },
}

impl RestError {
    /// The Architect's own account of the error, if it gave one.
    pub fn body(&self) -> Option<&ErrorBody> {
        match self {
            Self::Refused { body, .. } => Some(body),
            _ => None,
        }
    }

    pub(super) fn from_reqwest(error: &reqwest::Error, url: &Url, timeout_secs: f32) -> Self {
        // The innermost cause says what the system said; the outer ones repeat the address.
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let message = cause.to_string();
        if error.is_connect() {
            let server = url.origin().ascii_serialization();
            return Self::Unreachable { server, message };
        }
        let url = url.to_string();
        if error.is_timeout() {
            return Self::Timeout { url, secs: timeout_secs.to_string() };
        }
        Self::Transport { url, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_architects_words() {
        let body = serde_json::from_str::<ErrorBody>(
            r#"{"code": "version_conflict", "message": "saved on top of 3, stored is 5", "violations": [], "expected_version": 3, "current_version": 5}"#,
        );
        let error =
            RestError::Refused { status: 409, body: Box::new(body.unwrap_or_else(|e| panic!("{e}"))) };
        assert_eq!(error.to_string(), "saved on top of 3, stored is 5");
        assert_eq!(error.body().and_then(|body| body.current_version), Some(5));
    }
}
