//! Text that came out of a file or over a wire, made fit to be shown to somebody.
//!
//! A name is whatever its author wrote: an escape sequence that repaints the terminal of whoever looks
//! at it, a line break that forges a line of a log, an override that turns the text around, a megabyte.
//! Everything that prints such text passes it through here.

use std::{borrow::Cow, fmt::Write as _};

/// Most characters of a name that are shown.
const MAX_SHOWN_CHARS: usize = 160;
/// How many of them are left of a longer one.
const KEPT_CHARS: usize = 48;

/// Whether a terminal, a log or a page would obey this character instead of showing it: control
/// characters, what turns the direction of text around, breaks of lines and paragraphs, and what is seen nowhere and
/// makes two names look alike. (Joiners, which have their place in words and emoji, stay.)
pub fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e001f}')
}

/// The text on one line, with a visible symbol for every character that [`is_control`].
pub fn shown(text: &str) -> Cow<'_, str> {
    replace(text, |_| false)
}

/// The text with its lines, and a visible symbol for every other character that [`is_control`].
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    replace(text, |c| c == '\n')
}

/// [`shown`], and no longer than a message can take.
pub fn shown_short(text: &str) -> Cow<'_, str> {
    let mut ends = text.char_indices().map(|(at, _)| at);
    let (kept, rest) = (ends.nth(KEPT_CHARS), ends.nth(MAX_SHOWN_CHARS - KEPT_CHARS - 1));
    match (kept, rest) {
        (Some(end), Some(_)) => {
            let start = text.get(..end).unwrap_or_default();
            Cow::Owned(format!("{}… ({} bytes)", shown(start), text.len()))
        }
        _ => shown(text),
    }
}

fn replace(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_bad = |c: char| is_control(c) && !keep(c);
    if !text.contains(is_bad) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !is_bad(c) => out.push(c),
            // Unicode has a picture of each of these.
            '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => out.push('␡'),
            // Writing to a String cannot fail.
            c => drop(write!(out, "[U+{:04X}]", u32::from(c))),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_obeyed_is_shown() {
        assert_eq!(shown("a\u{1b}[31mred\0\r\n\t\u{7f}"), "a␛[31mred␀␍␊␉␡");
        assert_eq!(shown("\u{9b}2J, \u{202e}gpj.exe\u{2069}"), "[U+009B]2J, [U+202E]gpj.exe[U+2069]");
        assert_eq!(shown("pay\u{200b}pal\u{ad}"), "pay[U+200B]pal[U+00AD]");
        assert_eq!(shown_lines("a\nb\u{1b}\r\n"), "a\nb␛␍\n");
        // Everything that Unicode calls a control character, and all that turns text around.
        let bad: String = ('\0'..='\u{ffff}').filter(|c| is_control(*c)).collect();
        assert!(bad.chars().count() > 70 && !shown(&bad).contains(is_control));
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in ["", "Oak chair", "Stühlchen «№ 7»", "椅子", "👨‍👩‍👧", "می‌خواهم"]
        {
            assert!(matches!(shown(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn long_names_are_cut() {
        let long = "é".repeat(1 << 20);
        assert_eq!(shown_short(&long), format!("{}… (2097152 bytes)", "é".repeat(KEPT_CHARS)));
        let fits = "\u{1}".repeat(MAX_SHOWN_CHARS);
        assert_eq!(shown_short(&fits), "␁".repeat(MAX_SHOWN_CHARS));
        assert!(shown_short(&"x".repeat(MAX_SHOWN_CHARS + 1)).ends_with("x… (161 bytes)"));
    }
}
