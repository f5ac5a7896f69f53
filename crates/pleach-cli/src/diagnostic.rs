//! Errors and warnings on standard error, with the source line they are about.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

#[derive(Clone, Copy)]
pub(crate) enum Severity {
    Error,
    Warning,
}

/// Reports an error that is about no place in a source.
pub(crate) fn error(message: impl Display) {
    show(&[Group::with_title(Level::ERROR.primary_title(message.to_string()))]);
}

/// Reports an error at these bytes of a source text.
pub(crate) fn error_at(message: impl Display, path: &str, source: &str, span: &Range<usize>) {
    at(Severity::Error, message, path, source, span, None);
}

/// Reports something at these bytes of a source text, with advice if there is any. Shows the line where they begin.
pub(crate) fn at(
    severity: Severity,
    message: impl Display,
    path: &str,
    source: &str,
    span: &Range<usize>,
    help: Option<&str>,
) {
    let before = source.get(..span.start).unwrap_or(source);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = source
        .get(start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    let column = span.start.min(source.len()) - start;
    let snippet = Snippet::source(line)
        .path(path)
        .line_start(1 + before.matches('\n').count())
        .annotation(AnnotationKind::Primary.span(column..(span.end - start).clamp(column, line.len().max(column))));
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level.primary_title(message.to_string()).element(snippet);
    if let Some(help) = help {
        group = group.element(Level::HELP.message(help));
    }
    show(&[group]);
}

fn show(report: &[Group<'_>]) {
    let stderr = io::stderr();
    let styled = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    // Who closed standard error does not want to know.
    let _ = writeln!(stderr.lock(), "{}", renderer.render(report));
}
