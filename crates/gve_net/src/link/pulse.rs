//! Sending in time, pings, and what silence means.

use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::{Activity, LinkError, Writer, lost};
use crate::config::{Config, duration};

/// The shortest time between two pings, whatever the configuration says.
const MIN_PING: Duration = Duration::from_millis(10);

/// How a connection is known to be alive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pulse {
    ping_interval: Duration,
    silence_timeout_secs: f32,
    timeout_secs: f32,
}

impl Pulse {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            ping_interval: duration(config.ping_interval_secs).max(MIN_PING),
            silence_timeout_secs: config.silence_timeout_secs,
            timeout_secs: config.timeout_secs,
        }
    }

    /// When to ping; at once for the first time.
    pub(crate) fn ticks(&self) -> Interval {
        let mut ticks = interval(self.ping_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }

    /// Sends a ping, unless nothing has arrived for too long. While nobody reads, because the user
    /// does not keep up, silence is not the Architect's.
    pub(crate) async fn beat(
        &self,
        writer: &mut Writer,
        activity: &Activity,
        nobody_reads: bool,
    ) -> Result<(), LinkError> {
        if nobody_reads {
            activity.touch();
        }
        let secs = self.silence_timeout_secs;
        if activity.idle() >= duration(secs) {
            return Err(LinkError::Silent { secs });
        }
        self.send(writer, Message::Ping(Bytes::new())).await
    }

    /// Sends a message, in time.
    pub(crate) async fn send(&self, writer: &mut Writer, message: Message) -> Result<(), LinkError> {
        let secs = self.timeout_secs;
        match timeout(duration(secs), writer.send(message)).await {
            Ok(Ok(())) => Ok(()),
            // Nothing that is sent is large enough for a limit.
            Ok(Err(error)) => Err(lost(error, usize::MAX)),
            Err(_) => Err(LinkError::SendTimeout { secs }),
        }
    }
}
