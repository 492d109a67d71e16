//! One connection to `/ws/assets` from its beginning to its loss.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;

use super::{AssetMessage, reset::Store, shared::Shared};
use crate::{
    config::Config,
    frame::{ClientFrame, ServerFrame},
    link::{
        Activity, LinkError, MAX_BINARY_BYTES, Pulse, Reader, Session, Socket, Writer, closed,
        closed_silently, lost, say_farewell,
    },
};

/// The socket's side of a connection.
pub(super) struct AssetSession {
    config: Config,
    pulse: Pulse,
    shared: Arc<Shared>,
    requests: mpsc::Receiver<ClientFrame>,
    /// The request that was being sent when the connection broke.
    interrupted: Option<ClientFrame>,
    stop: watch::Receiver<bool>,
    store: Store,
}

/// What is to be sent next.
enum Next {
    Farewell,
    Ping,
    Frame(ClientFrame),
}

impl AssetSession {
    pub(super) fn new(
        config: Config,
        shared: Arc<Shared>,
        requests: mpsc::Receiver<ClientFrame>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let pulse = Pulse::new(&config);
        Self { config, pulse, shared, requests, interrupted: None, stop, store: Store::default() }
    }

    /// Sends subscriptions, requests and pings until something is lost.
    async fn write(&mut self, writer: &mut Writer, activity: &Activity) -> LinkError {
        let mut ticks = self.pulse.ticks();
        loop {
            let interrupted = self.interrupted.take();
            let next = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => Next::Farewell,
                // Before requests, so that whoever subscribes and compiles hears of all of it.
                id = self.shared.next_request() => Next::Frame(ClientFrame::RequestAsset { id }),
                request = next_frame(&mut self.requests, &interrupted) => {
                    request.map_or(Next::Farewell, Next::Frame)
                }
                _ = ticks.tick() => Next::Ping,
            };
            let sent = match next {
                Next::Farewell => return LinkError::Shutdown,
                Next::Ping => {
                    self.interrupted = interrupted;
                    self.pulse.beat(writer, activity, !self.shared.mailbox.has_room()).await
                }
                Next::Frame(frame) => {
                    let is_subscription = matches!(frame, ClientFrame::RequestAsset { .. });
                    // Kept until it is sent, whatever ends this connection. Subscriptions are repeated.
                    self.interrupted = if is_subscription { interrupted } else { Some(frame.clone()) };
                    let sent = self.send(writer, &frame).await;
                    if sent.is_ok() && !is_subscription {
                        self.interrupted = None;
                    }
                    sent
                }
            };
            if let Err(error) = sent {
                return error;
            }
        }
    }

    async fn send(&self, writer: &mut Writer, frame: &ClientFrame) -> Result<(), LinkError> {
        match frame.encode() {
            Ok(bytes) => self.pulse.send(writer, Message::Binary(bytes)).await,
            Err(error) => {
                // Checked when it was asked for, so it says nothing about this connection.
                tracing::error!(%error, "a request cannot be sent");
                Ok(())
            }
        }
    }
}

/// The request that was interrupted, or else the next one.
async fn next_frame(
    requests: &mut mpsc::Receiver<ClientFrame>,
    interrupted: &Option<ClientFrame>,
) -> Option<ClientFrame> {
    match interrupted {
        Some(frame) => Some(frame.clone()),
        None => requests.recv().await,
    }
}

/// Reads frames into the queue until something is lost, and no faster than the user takes them out.
async fn read(reader: &mut Reader, shared: &Shared) -> LinkError {
    loop {
        shared.mailbox.room().await;
        let frame = match reader.next().await {
            Some(Ok(Message::Binary(frame))) => frame,
            Some(Ok(Message::Text(_))) => return LinkError::UnexpectedText,
            Some(Ok(Message::Close(frame))) => return closed(frame),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Err(error)) => return lost(error, MAX_BINARY_BYTES),
            None => return closed_silently(),
        };
        match ServerFrame::decode(&frame) {
            Ok(frame) => shared.mailbox.deliver(|queue| queue.receive(frame)),
            Err(error) => return error.into(),
        }
    }
}

impl Session for AssetSession {
    const PATH: [&'static str; 2] = ["ws", "assets"];
    const MAX_MESSAGE_BYTES: usize = MAX_BINARY_BYTES;

    async fn run(&mut self, socket: Socket, activity: Activity) -> LinkError {
        // Nothing is read meanwhile, so that what the store says is newer than all that is known.
        self.store.follow(&self.config, &self.shared).await;
        activity.touch();
        self.shared.set_connected(true);
        self.shared.mailbox.deliver(super::queue::Queue::connected);
        let (mut writer, mut reader) = socket.split();
        let shared = self.shared.clone();
        let error = tokio::select! {
            error = read(&mut reader, &shared) => error,
            error = self.write(&mut writer, &activity) => error,
        };
        self.shared.set_connected(false);
        say_farewell(&mut writer, &error).await;
        error
    }

    async fn lost(&mut self, error: LinkError, retry_in: Duration) {
        let message = AssetMessage::Disconnected { error, retry_in_secs: retry_in.as_secs_f32() };
        self.shared.mailbox.deliver(|queue| queue.disconnected(message));
    }
}
