//! Errors on standard error, with the source line they are about.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Reports an error that is about no place in a source.
pub(crate) fn error(message: impl Display) {
    show(Group::with_title(Level::ERROR.primary_title(message.to_string())));
}

/// Reports an error at these bytes of a source text. Shows the line where they begin.
pub(crate) fn error_at(message: impl Display, path: &str, source: &str, span: &Range<usize>) {
    let before = source.get(..span.start).unwrap_or(source);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = source[start..].lines().next().unwrap_or_default();
    let column = span.start.min(source.len()) - start;
    let snippet = Snippet::source(line)
        .path(path)
        .line_start(1 + before.matches('\n').count())
        .annotation(AnnotationKind::Primary.span(column..(span.end - start).clamp(column, line.len().max(column))));
    show(Level::ERROR.primary_title(message.to_string()).element(snippet));
}

fn show(group: Group<'_>) {
    let stderr = io::stderr();
    let styled = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    // Who closed standard error does not want to know.
    let _ = writeln!(stderr.lock(), "{}", renderer.render(&[group]));
}
