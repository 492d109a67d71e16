//! Failures for people: the lines of the recipe with the offender underlined.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::failure::{Failure, Finding};

/// Most findings that are shown with their lines.
const MAX_SHOWN: usize = 8;
/// Lines around the offender.
const CONTEXT_LINES: usize = 1;

/// The message as it is printed, in colours where a person sees it.
pub(crate) fn render(failure: &Failure, colours: bool) -> String {
    let plain = !colours || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let renderer = if plain { Renderer::plain() } else { Renderer::styled() };
    if failure.findings.is_empty() {
        return renderer.render(&[Group::with_title(Level::ERROR.primary_title(failure.message.as_str()))]);
    }
    let file = failure.file.as_ref().map(|f| f.display().to_string()).unwrap_or_default();
    let windows: Vec<Window<'_>> =
        failure.findings.iter().take(MAX_SHOWN).map(|f| Window::around(&failure.source, f)).collect();
    let mut text = String::new();
    for (finding, window) in failure.findings.iter().zip(&windows) {
        if !text.is_empty() {
            text.push('\n');
        }
        let title = if finding.path.is_empty() {
            finding.message.clone()
        } else {
            format!("{}: {}", finding.path, finding.message)
        };
        let group: Group<'_> = Level::ERROR.primary_title(title).element(
            Snippet::source(window.text)
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

/// The few lines that are shown. A recipe of 4 MiB is not handed to the renderer whole.
struct Window<'a> {
    text: &'a str,
    first_line: usize,
    span: std::ops::Range<usize>,
}

impl<'a> Window<'a> {
    fn around(source: &'a str, finding: &Finding) -> Self {
        let at = finding.span.start.min(source.len());
        let (before, after) = (&source[..at], &source[at..]);
        let mut starts = before.rmatch_indices('\n').map(|(i, _)| i + 1);
        let start = starts.nth(CONTEXT_LINES).unwrap_or(0);
        let mut ends = after.match_indices('\n').map(|(i, _)| at + i);
        let end = ends.nth(CONTEXT_LINES).unwrap_or(source.len());
        let text = &source[start..end];
        let first_line = 1 + source[..start].matches('\n').count();
        let from = at - start;
        let to = finding.span.end.saturating_sub(start).clamp(from, text.len());
        Self { text, first_line, span: from..to }
    }
}
