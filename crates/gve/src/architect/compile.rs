//! Following compiles until they end.
//!
//! The event bus says how far they are, at once; what they ended with is asked for over REST. Because
//! events may be missed while the bus is not connected, the Architect is also asked now and then.

use std::time::{Duration, Instant};

use gve_net::{EventMessage, RestError};
use gve_types::{
    api::ErrorCode,
    compile::{CompileResult, CompileStage, CompileState, CompileStatus},
    event::Event,
};
use serde_json::json;

use super::{
    bars::{Bar, Bars},
    refusal,
    server::Server,
};
use crate::failure::Failure;

/// How often the Architect is asked although no event said that something ended.
const ASK: Duration = Duration::from_millis(500);
/// How long an Architect that is gone is waited for: it repeats its compiles after a restart.
const AWAY: Duration = Duration::from_secs(60);
/// How long one look for events takes.
const GLANCE: Duration = Duration::from_millis(50);

/// A compile that is followed.
pub(crate) struct Compile {
    /// The document's id.
    id: String,
    /// The version that is waited for.
    version: u32,
    bar: Bar,
    asked: Instant,
    /// Since when the Architect cannot be asked.
    away_since: Option<Instant>,
    is_due: bool,
}

/// How a compile ended.
pub(crate) struct Ended {
    /// The document's id.
    pub(crate) id: String,
    /// What came of it, or why it is not known.
    pub(crate) result: Result<CompileResult, Failure>,
}

/// The compiles that are under way.
pub(crate) struct Compiles<'a> {
    server: &'a Server,
    bars: &'a Bars,
    running: Vec<Compile>,
    /// Whether the event bus was lost and is there again.
    returned: bool,
}

impl<'a> Compiles<'a> {
    pub(crate) fn new(server: &'a Server, bars: &'a Bars) -> Self {
        Self { server, bars, running: Vec::new(), returned: false }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Follows the compile of a version; an older one of the same asset is not followed any longer.
    pub(crate) fn follow(&mut self, id: &str, version: u32, name: &str) {
        self.running.retain(|compile| compile.id != id);
        self.running.push(Compile {
            id: id.to_owned(),
            version,
            bar: self.bars.add(name),
            asked: Instant::now(),
            away_since: None,
            // It may have ended before anybody looked.
            is_due: true,
        });
    }

    /// Whether the connection came back since this was last asked.
    pub(crate) fn take_returned(&mut self) -> bool {
        std::mem::take(&mut self.returned)
    }

    /// Looks for a moment at what happens, and returns what has ended.
    pub(crate) fn glance(&mut self) -> Result<Vec<Ended>, Failure> {
        let mut message = self.server.client.recv_event_timeout(GLANCE);
        while let Some(heard) = message {
            self.hear(heard);
            message = self.server.client.try_recv_event();
        }
        let now = Instant::now();
        let mut ended = Vec::new();
        let mut still_running = Vec::new();
        for mut compile in std::mem::take(&mut self.running) {
            if compile.is_due || now.duration_since(compile.asked) >= ASK {
                (compile.is_due, compile.asked) = (false, now);
                if let Some(result) = ask(self.server, &mut compile)? {
                    ended.push(Ended { id: compile.id.clone(), result });
                    continue;
                }
            }
            still_running.push(compile);
        }
        self.running = still_running;
        Ok(ended)
    }

    fn hear(&mut self, message: EventMessage) {
        let event = match message {
            EventMessage::Event(envelope) => envelope.event,
            EventMessage::Connected => {
                self.returned = true;
                return;
            }
            EventMessage::Disconnected { .. } => {
                return self.running.iter().for_each(|c| c.bar.say("the Architect is away"));
            }
            _ => return,
        };
        let (id, ended) = match &event {
            Event::CompileProgressed(progress) => (&progress.asset_id, false),
            Event::CompileComplete(complete) => (&complete.asset_id, true),
            Event::CompileFailed(failed) => (&failed.asset_id, true),
            Event::AssetDeleted(deleted) => (&deleted.asset_id, true),
            _ => return,
        };
        if let Some(compile) = self.running.iter_mut().find(|compile| compile.id == *id) {
            compile.is_due |= ended;
            if let Event::CompileProgressed(progress) = &event {
                compile.bar.set(progress.stage, progress.progress);
            }
        }
    }
}

/// Asks where a compile stands; what it ended with, if it has.
fn ask(server: &Server, compile: &mut Compile) -> Result<Option<Result<CompileResult, Failure>>, Failure> {
    let id = compile.id.clone();
    let status = match server.try_call(|rest| async move { rest.compile_status(&id).await })? {
        Ok(status) => status,
        Err(RestError::Refused { body, .. }) if body.code == ErrorCode::AssetNotFound => {
            return Ok(Some(Err(Failure::new(
                "asset_not_found",
                "the asset was deleted while it was compiled",
            ))));
        }
        // Not answering, or not ready yet after a restart.
        Err(error) => {
            let since = *compile.away_since.get_or_insert_with(Instant::now);
            return Ok((since.elapsed() >= AWAY).then(|| Err(refusal::failure(&error))));
        }
    };
    compile.away_since = None;
    Ok(conclude(compile.version, status))
}

/// What a status means for somebody who waits for this version.
fn conclude(version: u32, status: CompileStatus) -> Option<Result<CompileResult, Failure>> {
    if status.version > version {
        let newer = status.version;
        let message = format!("version {version} gave way to version {newer}, which was saved meanwhile");
        return Some(Err(Failure::new("superseded", message)));
    }
    if status.version < version {
        return None;
    }
    let error = |status: &CompileStatus| status.result.as_ref().and_then(|result| result.error.clone());
    match status.state {
        CompileState::Queued | CompileState::Running => None,
        CompileState::Complete => Some(status.result.ok_or_else(|| {
            Failure::new("bad_answer", "the Architect says that the compile is complete, but not with what")
        })),
        CompileState::Failed => {
            let error = error(&status).unwrap_or_else(|| "the Architect does not say why".to_owned());
            Some(Err(Failure::new("compile_failed", format!("version {version} was not compiled: {error}"))))
        }
        CompileState::Cancelled => {
            let message = format!("the compile of version {version} was cancelled");
            Some(Err(Failure::new("compile_cancelled", message)))
        }
    }
}

/// The stage's name as it stands in the protocol.
pub(crate) fn stage_name(stage: CompileStage) -> String {
    json!(stage).as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(version: u32, state: CompileState, error: Option<&str>) -> CompileStatus {
        let result = serde_json::from_value(json!({
            "success": state == CompileState::Complete, "compile_time_sec": 1, "error": error,
        }));
        CompileStatus {
            asset_id: "0123456789abcdef01234567".to_owned(),
            version,
            state,
            progress: None,
            result: result.ok(),
        }
    }

    fn code(version: u32, status: CompileStatus) -> Option<&'static str> {
        conclude(version, status).map(|result| result.map_or_else(|failure| failure.code, |_| "complete"))
    }

    #[test]
    fn a_version_is_waited_for_until_it_ends_or_is_overtaken() {
        assert_eq!(code(3, status(2, CompileState::Complete, None)), None);
        assert_eq!(code(3, status(3, CompileState::Queued, None)), None);
        assert_eq!(code(3, status(3, CompileState::Running, None)), None);
        assert_eq!(code(3, status(3, CompileState::Complete, None)), Some("complete"));
        assert_eq!(code(3, status(3, CompileState::Failed, Some("no surface"))), Some("compile_failed"));
        assert_eq!(code(3, status(3, CompileState::Cancelled, None)), Some("compile_cancelled"));
        assert_eq!(code(3, status(4, CompileState::Running, None)), Some("superseded"));
        let silent = CompileStatus { result: None, ..status(3, CompileState::Complete, None) };
        assert_eq!(code(3, silent), Some("bad_answer"));
    }
}
