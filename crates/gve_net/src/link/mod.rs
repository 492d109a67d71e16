//! A socket that is kept connected: dialling, the rhythm of attempts, and what a loss is called.

mod activity;
mod error;
mod pulse;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use futures_util::{
    SinkExt as _,
    stream::{SplitSink, SplitStream},
};
use tokio::{net::TcpStream, sync::watch, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self, Message,
        error::{CapacityError, ProtocolError},
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};
use url::{Host, Url};

use crate::config::{Config, duration};
pub(crate) use activity::{Activity, Watched};
pub use error::LinkError;
pub(crate) use error::{MAX_BINARY_BYTES, MAX_EVENT_BYTES};
pub(crate) use pulse::Pulse;

pub(crate) type Socket = WebSocketStream<Watched<TcpStream>>;
pub(crate) type Reader = SplitStream<Socket>;
pub(crate) type Writer = SplitSink<Socket, Message>;

/// Bytes read from the system at once. Twice the default: binaries of megabytes are the rule here.
const READ_BUFFER_BYTES: usize = 256 << 10;
/// A connection that stood for so long was a good one: the next loss starts with the shortest wait.
const STABLE: Duration = Duration::from_secs(5);
/// The shortest wait between two attempts, whatever the configuration says.
const MIN_RETRY: Duration = Duration::from_millis(10);
/// The code of a connection that ended without one.
const CLOSED_WITHOUT_CODE: u16 = 1006;
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(250);

/// What happens on a socket while it is connected.
pub(crate) trait Session {
    /// The address of the socket below the server.
    const PATH: [&'static str; 2];
    /// Most bytes of one message.
    const MAX_MESSAGE_BYTES: usize;

    /// Works on the socket until it is lost; returns why. [`LinkError::Shutdown`] ends it for good.
    async fn run(&mut self, socket: Socket, activity: Activity) -> LinkError;

    /// The connection is lost or did not come about; there will be another attempt.
    async fn lost(&mut self, error: LinkError, retry_in: Duration);
}

/// Keeps a socket connected until `stop` turns true.
pub(crate) async fn keep(session: &mut impl Session, config: &Config, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = keep_forever(session, config) => {}
        // The session itself says farewell where it can; this is for the waits in between.
        () = stopped(&mut stop, FAREWELL) => {}
    }
}

async fn keep_forever<S: Session>(session: &mut S, config: &Config) {
    let mut waits = retries(config);
    loop {
        let (error, stood_for) = match dial(config, &S::PATH, S::MAX_MESSAGE_BYTES).await {
            Ok((socket, activity)) => {
                let since = Instant::now();
                (session.run(socket, activity).await, since.elapsed())
            }
            Err(error) => (error, Duration::ZERO),
        };
        if error == LinkError::Shutdown {
            return;
        }
        if stood_for >= STABLE {
            waits = retries(config);
        }
        let wait = waits.next().unwrap_or(MIN_RETRY);
        tracing::debug!(%error, ?wait, "not connected");
        session.lost(error, wait).await;
        tokio::time::sleep(wait).await;
    }
}

/// Resolves some time after `stop` turned true or its sender is gone.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>, grace: Duration) {
    // An error means that nobody is left who could want the connection.
    let _ = stop.wait_for(|stop| *stop).await;
    tokio::time::sleep(grace).await;
}

/// The waits between attempts: from the shortest, doubling, with some chance, without end.
fn retries(config: &Config) -> impl Iterator<Item = Duration> {
    let min = duration(config.retry_min_secs).max(MIN_RETRY);
    ExponentialBuilder::new()
        .with_min_delay(min)
        .with_max_delay(duration(config.retry_max_secs).max(min))
        .with_factor(2.0)
        .with_jitter()
        .without_max_times()
        .build()
}

async fn dial(config: &Config, path: &[&str], max_bytes: usize) -> Result<(Socket, Activity), LinkError> {
    let url = config.socket_url(path);
    let secs = config.connect_timeout_secs;
    match timeout(duration(secs), connect(&url, max_bytes)).await {
        Ok(result) => result,
        Err(_) => Err(LinkError::ConnectTimeout { url: url.into(), secs }),
    }
}

async fn connect(url: &Url, max_bytes: usize) -> Result<(Socket, Activity), LinkError> {
    let refused =
        |error: std::io::Error| LinkError::Connect { url: url.to_string(), message: error.to_string() };
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = match url.host() {
        Some(Host::Ipv4(host)) => TcpStream::connect(SocketAddr::from((host, port))).await,
        Some(Host::Ipv6(host)) => TcpStream::connect(SocketAddr::from((host, port))).await,
        Some(Host::Domain(host)) => TcpStream::connect((host, port)).await,
        None => Err(std::io::Error::other("the address names no host")),
    };
    let stream = stream.map_err(refused)?;
    // Frames are small or flushed whole; waiting to fill packets only delays them.
    stream.set_nodelay(true).map_err(refused)?;
    let activity = Activity::new();
    let watched = Watched { stream, activity: activity.clone() };
    let limits = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(max_bytes))
        .max_frame_size(Some(max_bytes));
    match client_async_with_config(url.as_str(), watched, Some(limits)).await {
        Ok((socket, _)) => Ok((socket, activity)),
        Err(error) => Err(LinkError::Handshake { url: url.to_string(), message: error.to_string() }),
    }
}

/// What a WebSocket error means for the link.
pub(crate) fn lost(error: tungstenite::Error, limit: usize) -> LinkError {
    match error {
        tungstenite::Error::Capacity(error @ CapacityError::MessageTooLong { .. }) => {
            LinkError::TooLarge { limit, message: error.to_string() }
        }
        tungstenite::Error::ConnectionClosed
        | tungstenite::Error::AlreadyClosed
        | tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => closed_silently(),
        error => LinkError::Broken { message: error.to_string() },
    }
}

/// The Architect's farewell.
pub(crate) fn closed(frame: Option<CloseFrame>) -> LinkError {
    match frame {
        Some(frame) => LinkError::Closed { code: frame.code.into(), reason: frame.reason.to_string() },
        None => closed_silently(),
    }
}

/// The Architect is gone and said nothing.
pub(crate) fn closed_silently() -> LinkError {
    LinkError::Closed { code: CLOSED_WITHOUT_CODE, reason: "without a reason".to_owned() }
}

/// Tells the Architect that the client leaves, and why, if it can still be told.
pub(crate) async fn say_farewell(writer: &mut Writer, error: &LinkError) {
    let code = match error {
        LinkError::Shutdown => CloseCode::Away,
        LinkError::Frame(_) | LinkError::BadEvent { .. } => CloseCode::Protocol,
        LinkError::UnexpectedText | LinkError::UnexpectedBinary => CloseCode::Unsupported,
        LinkError::TooLarge { .. } => CloseCode::Size,
        _ => return,
    };
    // A close frame holds at most 123 bytes of reason.
    let mut reason = error.to_string();
    let mut end = reason.len().min(120);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.truncate(end);
    let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    // It leaves either way.
    let _ = timeout(FAREWELL, writer.send(frame)).await;
}
