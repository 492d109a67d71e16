//! Serde's messages in the words of somebody who writes recipes.

use crate::{recipe::suggest, text::shown_short};

/// Rewrites a message; one of a kind that is not known stays as it is.
pub(super) fn plain(message: &str) -> String {
    rewrite(message).unwrap_or_else(|| shown_short(message).into_owned())
}

fn rewrite(message: &str) -> Option<String> {
    if let Some(rest) = message.strip_prefix("missing field ") {
        return Some(format!("the field {rest} is missing"));
    }
    if let Some(rest) = message.strip_prefix("unknown field `") {
        // The last one: a field may be called anything.
        let (field, expected) = rest.rsplit_once("`, expected ")?;
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        let shown = shown_short(field);
        return Some(match suggest::field(field, &known) {
            Some(meant) => format!("unknown field `{shown}`; did you mean `{meant}`? {}", allowed(&known)),
            None => format!("unknown field `{shown}`; {}", allowed(&known)),
        });
    }
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        let (found, expected) = rest.rsplit_once("`, expected ")?;
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        return Some(format!("expected {}, found \"{}\"", one_of(&known), shown_short(found)));
    }
    if let Some(rest) = message.strip_prefix("invalid length ") {
        let (found, expected) = rest.split_once(", expected ")?;
        return Some(format!("expected {}, found {found}", kind(expected)));
    }
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    Some(format!("expected {}, found {}", kind(expected), value(found)))
}

fn allowed(known: &[&str]) -> String {
    let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    format!("allowed here: {}", names.join(", "))
}

fn one_of(known: &[&str]) -> String {
    known.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" or ")
}

fn kind(expected: &str) -> String {
    match expected {
        "f32" | "f64" => "a number".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "a string" | "string or map" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        other => match other.strip_prefix("an array of length ") {
            Some(length) => format!("a list of {length}"),
            None if other.starts_with("struct ") => "an object".to_owned(),
            None => other.to_owned(),
        },
    }
}

fn value(found: &str) -> String {
    let quoted = ["integer ", "floating point ", "boolean "]
        .iter()
        .find_map(|kind| found.strip_prefix(kind))
        .map(|number| shown_short(number.trim_matches('`')).into_owned());
    match found {
        "map" => "an object".to_owned(),
        "sequence" => "a list".to_owned(),
        _ => quoted.unwrap_or_else(|| match found.strip_prefix("string ") {
            Some(text) => format!("the text {}", shown_short(text)),
            None => shown_short(found).into_owned(),
        }),
    }
}
