//! The two channels: answers on standard output, everything else on standard error.

use std::io;

use gve_types::text::{is_control, shown_lines};
use serde_json::Value;

use crate::failure::Failure;

/// Where answers go.
pub(crate) struct Output {
    json: bool,
    gives_way: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, gives_way: false }
    }

    /// Whether exactly one JSON document is to be printed.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Leaves standard output to the bytes of a file: everything else goes to standard error.
    pub(crate) fn give_way(&mut self) {
        self.gives_way = true;
    }

    /// Prints an answer for people. Whatever a name in it holds, a terminal shows it and obeys nothing.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.verbatim(&shown_lines(text))
    }

    /// Prints a text of our own as it is.
    pub(crate) fn verbatim(&mut self, text: &str) -> Result<(), Failure> {
        if self.gives_way {
            return self.note(text);
        }
        finish(print(&mut io::stdout().lock(), text))
    }

    /// Prints an answer for machines.
    pub(crate) fn document(&mut self, document: &Value) -> Result<(), Failure> {
        self.verbatim(&escaped(&format!("{document:#}\n")))
    }

    /// Prints one of many answers for machines, on a line of its own.
    pub(crate) fn row(&mut self, document: &Value) -> Result<(), Failure> {
        self.verbatim(&escaped(&document.to_string()))
    }

    /// Prints a remark that is not part of the answer.
    pub(crate) fn note(&mut self, text: &str) -> Result<(), Failure> {
        finish(print(&mut io::stderr().lock(), text))
    }
}

/// JSON escapes only the first 32 characters; terminals obey more of them.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_control(c) && c != '\n' {
            // All of them are below U+10000.
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
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
