//! Failures for people: the lines of the recipe with the offender underlined.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use gve_types::text::{shown, shown_lines};

use crate::failure::{Failure, Finding, name};

/// Most findings that are shown with their lines.
const MAX_SHOWN: usize = 8;
/// Lines around the offender.
const CONTEXT_LINES: usize = 1;
/// Most characters of a line on either side of the offender.
const LINE_CHARS: usize = 160;

/// The message as it is printed, in colours where a person sees it.
pub(crate) fn render(failure: &Failure, colours: bool) -> String {
    let plain = !colours || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let renderer = if plain { Renderer::plain() } else { Renderer::styled() };
    if failure.findings.is_empty() {
        let title = shown_lines(&failure.message).into_owned();
        return renderer.render(&[Group::with_title(Level::ERROR.primary_title(title))]);
    }
    let file = failure.file.as_deref().map(name).unwrap_or_default();
    let windows: Vec<Window> =
        failure.findings.iter().take(MAX_SHOWN).map(|f| Window::around(&failure.source, f)).collect();
    let mut text = String::new();
    for (finding, window) in failure.findings.iter().zip(&windows) {
        if !text.is_empty() {
            text.push('\n');
        }
        let title = if finding.path.is_empty() {
            shown(&finding.message).into_owned()
        } else {
            shown(&format!("{}: {}", finding.path, finding.message)).into_owned()
        };
        let group: Group<'_> = Level::ERROR.primary_title(title).element(
            Snippet::source(window.text.as_str())
                .line_start(window.first_line)
                .path(file.as_str())
                .fold(false)
                .annotation(AnnotationKind::Primary.span(window.span.clone())),
        );
        text.push_str(&renderer.render(&[group]));
        text.push('\n');
    }
    let hidden = failure.findings.len() - windows.len();
    if hidden > 0 {
        text.push_str(&format!("\nand {hidden} more\n"));
    }
    text
}

/// The few lines that are shown, each cut to what a terminal takes and without anything that it would
/// obey. A recipe of 4 MiB is not handed to the renderer whole.
struct Window {
    text: String,
    first_line: usize,
    span: std::ops::Range<usize>,
}

impl Window {
    fn around(source: &str, finding: &Finding) -> Self {
        let at = finding.span.start.min(source.len());
        let (before, after) = (&source[..at], &source[at..]);
        let mut starts = before.rmatch_indices('\n').map(|(i, _)| i + 1);
        let start = starts.nth(CONTEXT_LINES).unwrap_or(0);
        let mut ends = after.match_indices('\n').map(|(i, _)| at + i);
        let end = ends.nth(CONTEXT_LINES).unwrap_or(source.len());
        let first_line = 1 + source[..start].matches('\n').count();
        let to = finding.span.end.clamp(at, end);
        let mut text = shown_lines(&cut_lines(&source[start..at], true)).into_owned();
        let from = text.len();
        text.push_str(&shown_lines(&cut_lines(&source[at..to], false)));
        let to_shown = text.len();
        text.push_str(&shown_lines(&cut_lines(&source[to..end], false)));
        Self { text, first_line, span: from..to_shown }
    }
}

/// The lines without what would be beyond a terminal's edge; of the last one the end is kept where the
/// offender follows it.
fn cut_lines(text: &str, offender_follows: bool) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let last = lines.len() - 1;
    let cut = |(number, line): (usize, &&str)| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let count = line.chars().count();
        if count <= LINE_CHARS {
            return line.to_owned();
        }
        if offender_follows && number == last {
            return format!("…{}", line.chars().skip(count - LINE_CHARS).collect::<String>());
        }
        format!("{}…", line.chars().take(LINE_CHARS).collect::<String>())
    };
    lines.iter().enumerate().map(cut).collect::<Vec<_>>().join("\n")
}
