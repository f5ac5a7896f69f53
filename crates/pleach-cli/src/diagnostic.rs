//! Errors, warnings and notes on standard error, with the source line that they are about.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::iter;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::escape::{escaped, escaped_lines};

#[derive(Clone, Copy)]
pub(crate) enum Severity {
    Error,
    Warning,
}

/// Reports an error that has no location in a source text.
pub(crate) fn error(message: impl Display) {
    show_title(Level::ERROR, message);
}

/// Reports what failed, then the error and its sources.
pub(crate) fn error_from(what: impl Display, error: &dyn Error) {
    self::error(format_args!("{what}: {}", with_sources(error)));
}

/// Reports an error and its sources.
pub(crate) fn error_with_sources(error: &dyn Error) {
    self::error(with_sources(error));
}

/// Returns the text of an error, followed by those of its sources.
pub(crate) fn with_sources(error: &dyn Error) -> String {
    let sources = iter::successors(error.source(), |error| (*error).source());
    sources.fold(error.to_string(), |message, source| {
        let source = source.to_string();
        // Errors of other crates may repeat their source.
        if message.ends_with(&source) {
            message
        } else {
            message + ": " + &source
        }
    })
}

/// Reports a warning that has no location in a source text.
pub(crate) fn warning(message: impl Display) {
    show_title(Level::WARNING, message);
}

/// Reports a note.
pub(crate) fn note(message: impl Display) {
    show_title(Level::NOTE, message);
}

fn show_title(level: Level<'_>, message: impl Display) {
    show(&[Group::with_title(level.primary_title(escaped(message).to_string()))]);
}

/// Reports an error at these bytes of a source text.
pub(crate) fn error_at(message: impl Display, path: &str, source: &str, span: &Range<usize>) {
    at(Severity::Error, message, path, source, span, None);
}

/// Reports a message at these bytes of a source text, and shows the line where they begin.
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
    // The line is shown escaped, so the span must be one of the escaped text.
    let end = (span.end - start).clamp(column, line.len().max(column));
    let part = |range: Range<usize>| escaped_lines(line.get(range).unwrap_or_default()).to_string();
    let (head, body, tail) = (part(0..column), part(column..end), part(end..line.len().max(end)));
    let shown = head.len()..head.len() + body.len();
    let snippet = Snippet::source(head + &body + &tail)
        .path(escaped(path).to_string())
        .line_start(1 + before.matches('\n').count())
        .annotation(AnnotationKind::Primary.span(shown));
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level.primary_title(escaped(message).to_string()).element(snippet);
    if let Some(help) = help {
        group = group.element(Level::HELP.message(escaped(help).to_string()));
    }
    show(&[group]);
}

fn show(report: &[Group<'_>]) {
    let stderr = io::stderr();
    let styled = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    // A closed standard error is left alone.
    let _ = writeln!(stderr.lock(), "{}", renderer.render(report));
}
