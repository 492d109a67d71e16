//! Running the Architect for a demo, a test or a measurement.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::shell::note;

/// The folder with the Python package.
pub const BACKEND: &str = "backend";
/// How long an orderly stop may take before the process is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// What the Architect prints when it can be talked to.
#[derive(Debug, Deserialize)]
pub struct Ready {
    /// Where its REST interface and sockets are.
    pub url: String,
    /// Whether splats can be trained.
    pub can_train: bool,
    /// `cpu` or `cuda`.
    pub device: String,
}

/// A running Architect; it is stopped when this goes.
pub struct Architect {
    child: Child,
    /// What it said when it was ready.
    pub ready: Ready,
}

impl Architect {
    /// Starts it on this machine, with its store in `data`: on `port`, or on a free one if that is taken or 0.
    ///
    /// # Errors
    /// When it does not start; its own words stand above.
    pub fn start(python: &Path, data: &Path, port: u16, args: &[&str]) -> anyhow::Result<Self> {
        let port = if TcpListener::bind(("127.0.0.1", port)).is_ok() { port } else { 0 };
        let mut command = module(python, "architect");
        command
            .args(["serve", "--host", "127.0.0.1", "--port", &port.to_string(), "--data"])
            .arg(data)
            .args(args);
        let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start the Architect")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("its output is piped")?;
        let read = BufReader::new(stdout).read_line(&mut line);
        let ready = read.map_err(anyhow::Error::from).and_then(|_| {
            serde_json::from_str(&line).with_context(|| format!("expected one line of JSON, found {line:?}"))
        });
        match ready {
            Ok(ready) => {
                let architect = Self { child, ready };
                let Ready { url, device, can_train } = &architect.ready;
                let training = if *can_train { "trains splats" } else { "does not train splats" };
                note(&format!("the Architect is ready at {url}; it works on {device} and {training}"));
                Ok(architect)
            }
            Err(error) => {
                let _ = child.kill();
                let status = child.wait()?;
                if line.is_empty() {
                    bail!("the Architect did not start ({status}); its reason stands above");
                }
                bail!("the Architect did not start ({status}): {error:#}");
            }
        }
    }
}

impl Drop for Architect {
    fn drop(&mut self) {
        // Asked politely first, so that it closes its store.
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let deadline = Instant::now() + STOP_TIMEOUT;
        while asked.is_ok() && Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Python module of the backend, ready for arguments.
pub fn module(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", name]).env("PYTHONPATH", BACKEND);
    command
}
