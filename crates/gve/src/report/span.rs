//! From a JSON path to the place in the text.

use std::ops::Range;

use gve_types::{Violation, text::shown_short};
use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{Object, ObjectProp, Value},
    common::Ranged as _,
    parse_to_ast,
};

use crate::failure::Finding;

/// Longest stretch that is underlined, in bytes.
const MAX_SPAN: usize = 80;

/// One step of a JSON path.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

/// Finds each violation in the text. One whose path leads nowhere points at the last part that exists.
pub(crate) fn locate(text: &str, violations: &[Violation]) -> Vec<Finding> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()).ok();
    let root = parsed.as_ref().and_then(|p| p.value.as_ref());
    let find = |violation: &Violation| {
        let span = root.map_or(0..0, |root| span_of(root, &violation.path, &violation.message));
        finding(text, clip(text, span), &violation.path, violation.message.clone())
    };
    violations.iter().map(find).collect()
}

/// A finding at a line and column as the JSON parser counts them: from 1, columns in bytes.
pub(crate) fn at_line(text: &str, line: usize, column: usize, message: String) -> Finding {
    let line_start = match line {
        0 | 1 => 0,
        _ => text.match_indices('\n').nth(line - 2).map_or(text.len(), |(i, _)| i + 1),
    };
    let line_end = text[line_start..].find('\n').map_or(text.len(), |i| line_start + i);
    let mut start = (line_start + column.saturating_sub(1)).clamp(line_start, line_end);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let end = text[start..line_end].chars().next().map_or(start, |c| start + c.len_utf8());
    finding(text, start..end, "", message)
}

fn finding(text: &str, span: Range<usize>, path: &str, message: String) -> Finding {
    let before = &text[..span.start];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = 1 + before.matches('\n').count();
    let column = 1 + before[line_start..].chars().count();
    Finding { path: path.to_owned(), message, span, line, column }
}

/// The first line of a span, at most [`MAX_SPAN`] bytes of it.
fn clip(text: &str, span: Range<usize>) -> Range<usize> {
    let start = span.start.min(text.len());
    let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    let mut end = span.end.clamp(start, line_end).min(start + MAX_SPAN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    start..end
}

fn span_of(root: &Value<'_>, path: &str, message: &str) -> Range<usize> {
    let mut value = root;
    let mut span = value.range();
    for step in steps(path) {
        let next = match (&step, value) {
            (Step::Field(name), Value::Object(object)) => property(object, name).map(|p| &p.value),
            (Step::Index(index), Value::Array(array)) => array.elements.get(*index),
            _ => None,
        };
        let Some(next) = next else { break };
        value = next;
        span = value.range();
    }
    // A whole object is a poor place to point at: the field that the message names, or what kind of
    // node it is, says more.
    if let Value::Object(object) = value {
        let named = unknown_field(message).and_then(|name| property(object, name));
        if let Some(property) = named.or_else(|| headline(object)) {
            span = property.range();
        }
    }
    span.start..span.end
}

/// The name in serde's "unknown field `name`, ...".
fn unknown_field(message: &str) -> Option<&str> {
    message.split_once("unknown field `")?.1.split('`').next()
}

/// The field of a name, also of one that paths and messages show otherwise than it is.
fn property<'o, 'a>(object: &'o Object<'a>, name: &str) -> Option<&'o ObjectProp<'a>> {
    object.get(name).or_else(|| object.properties.iter().find(|p| shown_short(p.name.as_str()) == name))
}

fn headline<'o, 'a>(object: &'o Object<'a>) -> Option<&'o ObjectProp<'a>> {
    object.get("op")
}

/// `$.root_node.children[1].radius` step by step.
fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for part in path.trim_start_matches('$').split('.').filter(|p| !p.is_empty()) {
        let (name, indices) = part.split_at(part.find('[').unwrap_or(part.len()));
        if !name.is_empty() {
            steps.push(Step::Field(name));
        }
        for index in indices.split('[').filter_map(|i| i.strip_suffix(']')) {
            if let Ok(index) = index.parse() {
                steps.push(Step::Index(index));
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const TEXT: &str = "{\n  \"root_node\": {\n    \"op\": \"union\",\n    \"children\": [\n      {\"op\": \"sphere\", \"radius\": -1}\n    ]\n  }\n}\n";

    fn find(path: &str, message: &str) -> (usize, usize, &'static str) {
        let violation = Violation { path: path.into(), message: message.into() };
        let found = locate(TEXT, &[violation]).remove(0);
        (found.line, found.column, &TEXT[found.span])
    }

    #[test]
    fn paths_are_taken_apart() {
        let expected = [Step::Field("root_node"), Step::Field("points"), Step::Index(2), Step::Index(0)];
        assert_eq!(steps("$.root_node.points[2][0]"), expected);
        assert!(steps("$").is_empty());
    }

    #[test]
    fn a_value_is_found() {
        assert_eq!(find("$.root_node.children[0].radius", "x"), (5, 34, "-1"));
    }

    #[test]
    fn a_node_is_shown_by_its_op_and_a_field_by_its_name() {
        assert_eq!(find("$.root_node.children[0]", "missing"), (5, 8, "\"op\": \"sphere\""));
        let unknown = "unknown field `radius`, expected one of";
        assert_eq!(find("$.root_node.children[0]", unknown), (5, 24, "\"radius\": -1"));
    }

    #[test]
    fn what_is_missing_points_at_its_parent() {
        assert_eq!(find("$.root_node.children[7].radius", "x").0, 4);
        assert_eq!(find("$.nothing", "x"), (1, 1, "{"));
    }

    #[test]
    fn columns_count_characters() {
        let found = at_line("{\"ä\": x}", 1, 8, String::new());
        assert_eq!((found.line, found.column), (1, 7));
        let beyond = at_line("{", 9, 9, String::new());
        assert_eq!(beyond.span, 1..1);
    }
}
