//! One connection to `/ws/events` from its beginning to its loss.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use gve_types::event::EventEnvelope;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

use super::{EventMessage, EventQueue};
use crate::{
    config::Config,
    link::{
        Activity, LinkError, MAX_EVENT_BYTES, Pulse, Reader, Session, Socket, closed, closed_silently, lost,
        say_farewell,
    },
    mailbox::Mailbox,
};

/// The socket's side of a connection.
pub(super) struct EventSession {
    pulse: Pulse,
    mailbox: Arc<Mailbox<EventQueue>>,
    stop: watch::Receiver<bool>,
}

impl EventSession {
    pub(super) fn new(
        config: &Config,
        mailbox: Arc<Mailbox<EventQueue>>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { pulse: Pulse::new(config), mailbox, stop }
    }
}

/// Reads events into the queue until something is lost, and no faster than the user takes them out.
async fn read(reader: &mut Reader, mailbox: &Mailbox<EventQueue>) -> LinkError {
    loop {
        mailbox.room().await;
        let text = match reader.next().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_))) => return LinkError::UnexpectedBinary,
            Some(Ok(Message::Close(frame))) => return closed(frame),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Err(error)) => return lost(error, MAX_EVENT_BYTES),
            None => return closed_silently(),
        };
        match serde_json::from_str::<EventEnvelope>(&text) {
            Ok(event) => mailbox.deliver(|queue| queue.add(EventMessage::Event(event))),
            Err(error) => return LinkError::BadEvent { message: error.to_string() },
        }
    }
}

impl Session for EventSession {
    const PATH: [&'static str; 2] = ["ws", "events"];
    const MAX_MESSAGE_BYTES: usize = MAX_EVENT_BYTES;

    async fn run(&mut self, socket: Socket, activity: Activity) -> LinkError {
        self.mailbox.deliver(|queue| queue.add(EventMessage::Connected));
        let (mut writer, mut reader) = socket.split();
        let pings = async {
            let mut ticks = self.pulse.ticks();
            loop {
                ticks.tick().await;
                if let Err(error) = self.pulse.beat(&mut writer, &activity, !self.mailbox.has_room()).await {
                    return error;
                }
            }
        };
        let error = tokio::select! {
            error = read(&mut reader, &self.mailbox) => error,
            error = pings => error,
            _ = self.stop.wait_for(|stop| *stop) => LinkError::Shutdown,
        };
        say_farewell(&mut writer, &error).await;
        error
    }

    async fn lost(&mut self, error: LinkError, retry_in: Duration) {
        let message = EventMessage::Disconnected { error, retry_in_secs: retry_in.as_secs_f32() };
        self.mailbox.room().await;
        self.mailbox.deliver(|queue| queue.add(message));
    }
}
