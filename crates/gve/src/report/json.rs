//! Failures for machines.

use serde_json::{Map, Value, json};

use crate::failure::{Failure, Finding};

/// Most findings in a document; what follows has usually the same cause.
const MAX_FINDINGS: usize = 100;

/// `{"error": {"code", "message", "file", "path", "line", "column", "findings"}}`; what is not known
/// is left out, and `path`, `line` and `column` are those of the first finding.
pub(crate) fn error(failure: &Failure) -> Value {
    if let Some(document) = &failure.document {
        return document.clone();
    }
    let mut error = Map::new();
    error.insert("code".into(), failure.code.into());
    error.insert("message".into(), failure.message.clone().into());
    if let Some(file) = &failure.file {
        error.insert("file".into(), file.display().to_string().into());
    }
    if let Some(first) = failure.findings.first() {
        error.insert("message".into(), first.message.clone().into());
        error.insert("path".into(), first.path.clone().into());
        error.insert("line".into(), first.line.into());
        error.insert("column".into(), first.column.into());
        let all: Vec<Value> = failure.findings.iter().take(MAX_FINDINGS).map(finding).collect();
        error.insert("findings".into(), all.into());
    }
    json!({ "error": error })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
    })
}
