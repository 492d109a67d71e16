//! A walk over the text of a recipe that keeps the JSON path and never recurses.
//!
//! It runs before the parser, which has a recursion limit without a path and keeps the last of two
//! fields of one name, and after it, to find the place of a path in the text.

use std::{borrow::Cow, collections::HashSet, ops::Range};

use crate::{
    limits::{MAX_DEPTH, MAX_NESTED_VALUES},
    recipe::{BYTE_ORDER_MARK, Violation},
    text::shown_short,
};

/// A container that the walk stands in.
enum Level<'a> {
    Object {
        /// The key whose value comes next or is being read, with its quotes.
        key: Option<&'a str>,
        seen: HashSet<Cow<'a, str>>,
    },
    Array {
        index: usize,
    },
}

/// What the walk has come to.
enum Token {
    Key,
    Open,
    Close,
    Scalar,
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
    levels: Vec<Level<'a>>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str) -> Self {
        let at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        Self { text, at, levels: Vec::new() }
    }

    /// The next token and the bytes it covers. Text that is not JSON gives tokens of some kind, but
    /// the walk always ends.
    fn next(&mut self) -> Option<(Token, Range<usize>)> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.at;
            let byte = *bytes.get(start)?;
            self.at += 1;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b':' => {}
                b',' => match self.levels.last_mut() {
                    Some(Level::Object { key, .. }) => *key = None,
                    Some(Level::Array { index }) => *index += 1,
                    None => {}
                },
                b'{' => {
                    self.levels.push(Level::Object { key: None, seen: HashSet::new() });
                    return Some((Token::Open, start..self.at));
                }
                b'[' => {
                    self.levels.push(Level::Array { index: 0 });
                    return Some((Token::Open, start..self.at));
                }
                b'}' | b']' => {
                    self.levels.pop();
                    return Some((Token::Close, start..self.at));
                }
                b'"' => {
                    self.skip_string();
                    let raw = self.text.get(start..self.at).unwrap_or_default();
                    if let Some(Level::Object { key: key @ None, .. }) = self.levels.last_mut() {
                        *key = Some(raw);
                        return Some((Token::Key, start..self.at));
                    }
                    return Some((Token::Scalar, start..self.at));
                }
                _ => {
                    let rest = bytes.get(self.at..).unwrap_or_default();
                    let end = rest.iter().position(|b| b" \t\r\n:,{}[]\"".contains(b));
                    self.at += end.unwrap_or(rest.len());
                    return Some((Token::Scalar, start..self.at));
                }
            }
        }
    }

    /// Moves behind the closing quote.
    fn skip_string(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        self.at = self.at.min(bytes.len());
    }

    /// The path of what stands in the first `levels` containers.
    fn path(&self, levels: usize) -> String {
        let mut path = "$".to_owned();
        for level in self.levels.iter().take(levels) {
            match level {
                Level::Object { key: Some(raw), .. } => {
                    path.push('.');
                    path.push_str(&shown_short(&name(raw)));
                }
                Level::Object { key: None, .. } => {}
                Level::Array { index } => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    fn objects(&self) -> usize {
        self.levels.iter().filter(|level| matches!(level, Level::Object { .. })).count()
    }
}

/// A key without its quotes and escapes.
fn name(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').unwrap_or(raw);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str(raw).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// What is wrong with a value in so many containers, of which so many are objects.
pub(super) fn nesting_fault(containers: usize, objects: usize) -> Option<String> {
    // The recipe itself is an object, each node is one, and only nodes nest.
    if objects > MAX_DEPTH + 2 {
        Some(format!("nodes nest at most {MAX_DEPTH} deep"))
    } else {
        let message = || format!("values nest at most {MAX_NESTED_VALUES} deep");
        (containers > MAX_NESTED_VALUES).then(message)
    }
}

/// Too deep nesting and fields that stand twice, which the parser cannot report.
pub(super) fn first_fault(text: &str) -> Option<Violation> {
    let mut walk = Walk::new(text);
    while let Some((token, _)) = walk.next() {
        let depth = walk.levels.len();
        match token {
            Token::Open => {
                if let Some(message) = nesting_fault(depth, walk.objects()) {
                    return Some(Violation { path: walk.path(depth - 1), message });
                }
            }
            Token::Key => {
                if let Some(Level::Object { key: Some(key), seen }) = walk.levels.last_mut()
                    && !seen.insert(name(key))
                {
                    let message = format!("the field `{}` stands here twice", shown_short(&name(key)));
                    return Some(Violation { path: walk.path(depth), message });
                }
            }
            _ => {}
        }
    }
    None
}

/// The path and the text of the token that the byte at `offset` belongs to, or of the last one
/// before it.
pub(super) fn token_at(text: &str, offset: usize) -> (String, &str) {
    let mut walk = Walk::new(text);
    let mut found = ("$".to_owned(), 0..0);
    while let Some((token, range)) = walk.next() {
        if range.start > offset {
            break;
        }
        let levels = walk.levels.len();
        let above = matches!(token, Token::Open);
        found = (walk.path(levels - usize::from(above)), range);
    }
    (found.0, text.get(found.1).unwrap_or_default())
}

/// Where the value at a JSON path of a [`Violation`] stands in the text of a recipe, in bytes.
///
/// When nothing stands at the path, as with a missing field, the nearest value above it is meant.
/// `None` when the text has no value at all.
pub fn find(text: &str, path: &str) -> Option<Range<usize>> {
    let mut walk = Walk::new(text);
    let mut best: Option<(usize, Range<usize>)> = None;
    // The path of `best`, while its closing bracket is still to come.
    let mut open: Option<usize> = None;
    while let Some((token, range)) = walk.next() {
        let depth = walk.levels.len();
        let (found, inside) = match token {
            Token::Open => (walk.path(depth - 1), depth - 1),
            Token::Scalar => (walk.path(depth), depth),
            Token::Close => {
                if open == Some(depth)
                    && let Some((_, best)) = best.as_mut()
                {
                    best.end = range.end;
                    open = None;
                }
                continue;
            }
            Token::Key => continue,
        };
        let above = path.strip_prefix(found.as_str());
        let meant = above.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        if meant && best.as_ref().is_none_or(|(length, _)| found.len() > *length) {
            best = Some((found.len(), range));
            open = matches!(token, Token::Open).then_some(inside);
        }
    }
    best.map(|(_, range)| range)
}
