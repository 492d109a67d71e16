//! The two channels: answers on standard output, everything else on standard error.

use std::io;

use serde_json::Value;

use crate::failure::Failure;

/// Where answers go.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether exactly one JSON document is to be printed.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Prints an answer for people.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        finish(print(&mut io::stdout().lock(), text))
    }

    /// Prints an answer for machines.
    pub(crate) fn document(&mut self, document: &Value) -> Result<(), Failure> {
        finish(print(&mut io::stdout().lock(), &format!("{document:#}\n")))
    }

    /// Prints a remark that is not part of the answer.
    pub(crate) fn note(&mut self, text: &str) -> Result<(), Failure> {
        finish(print(&mut io::stderr().lock(), text))
    }
}

fn print(stream: &mut impl io::Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        stream.write_all(b"\n")?;
    }
    stream.flush()
}

/// A reader that has seen enough, such as `head`, is not a failure.
fn finish(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new("cannot_write", format!("cannot write the answer: {error}")))
        }
        _ => Ok(()),
    }
}
