//! Why a socket is not, or no longer, connected.

use gve_types::limits::MAX_PAYLOAD_BYTES;

use crate::frame::MessageError;

/// Why a socket is not, or no longer, connected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Nobody answers there.
    #[error("no Architect answers at {url}: {message}")]
    Connect {
        /// The socket's address.
        url: String,
        /// What the system says.
        message: String,
    },
    /// Something answers, but it is no socket of an Architect.
    #[error("{url} does not take the connection: {message}")]
    Handshake {
        /// The socket's address.
        url: String,
        /// What was wrong with the answer.
        message: String,
    },
    /// The connection did not stand in time.
    #[error("{url} did not answer within {secs} s")]
    ConnectTimeout {
        /// The socket's address.
        url: String,
        /// How long it was waited for.
        secs: f32,
    },
    /// The Architect closed the connection.
    #[error("the Architect closed the connection: {code} {reason}")]
    Closed {
        /// The close code, 1006 if none was sent.
        code: u16,
        /// The reason it gave, which may be empty.
        reason: String,
    },
    /// The connection broke.
    #[error("the connection broke: {message}")]
    Broken {
        /// What the system or the WebSocket protocol says.
        message: String,
    },
    /// Nothing arrived for too long, not even answers to pings.
    #[error("nothing arrived for {secs} s")]
    Silent {
        /// How long.
        secs: f32,
    },
    /// A frame could not be sent in time.
    #[error("the Architect took nothing for {secs} s")]
    SendTimeout {
        /// How long it was tried.
        secs: f32,
    },
    /// A frame that is none of the protocol's.
    #[error("a malformed frame from the Architect: {0}")]
    Frame(#[from] MessageError),
    /// A message over the limit.
    #[error("a message of the Architect is over the limit of {limit} bytes ({message})")]
    TooLarge {
        /// The limit in bytes, header included.
        limit: usize,
        /// What the WebSocket library says.
        message: String,
    },
    /// A text message on the binary socket.
    #[error("a text message on the binary socket")]
    UnexpectedText,
    /// A binary message on the socket of events.
    #[error("a binary message on the socket of events")]
    UnexpectedBinary,
    /// A text that is no event.
    #[error("a message that is no event: {message}")]
    BadEvent {
        /// What the parser says.
        message: String,
    },
    /// The user let go of the connection.
    #[error("the client has shut down")]
    Shutdown,
}

/// Most bytes of a message on the binary socket.
pub(crate) const MAX_BINARY_BYTES: usize = MAX_PAYLOAD_BYTES as usize + gve_types::protocol::HEADER_BYTES;
/// Most bytes of a message on the socket of events: the longest is a failed compile's error.
pub(crate) const MAX_EVENT_BYTES: usize = 1 << 20;
