//! Source files, read and parsed whole before anything is evaluated.

use std::fs;
use std::path::{Path, PathBuf};

use pleach::term::parser::{ParseError, ParseErrorKind};
use pleach::term::{Item, Parser};
use pleach_metta::Interrupt;

use crate::diagnostic::{self, Severity};
use crate::progress::Progress;

/// A source file.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) items: Vec<Item>,
}

/// What was wrong with source files, and has been reported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Faults {
    /// They are no programs.
    Syntax,
    /// One could not be read.
    Unreadable,
    /// The user did not want to wait.
    Interrupted,
}

/// No more errors of one file are shown: those after the first may follow from it.
const MOST_ERRORS: usize = 20;

impl Source {
    /// Reads and parses all files, even if some are faulty.
    pub(crate) fn read_all(paths: &[PathBuf], interrupt: &Interrupt) -> Result<Vec<Self>, Faults> {
        let mut sources = Vec::new();
        let mut faults = None;
        for path in paths {
            match Self::read(path, interrupt) {
                Ok(source) => sources.push(source),
                Err(fault) => faults = faults.max(Some(fault)),
            }
        }
        faults.map_or(Ok(sources), Err)
    }

    /// Reads and parses a file. Shows how far it is if that takes long.
    pub(crate) fn read(path: &Path, interrupt: &Interrupt) -> Result<Self, Faults> {
        let shown = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| {
            diagnostic::error(format_args!("cannot read {shown}: {error}"));
            Faults::Unreadable
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let start = error.utf8_error().valid_up_to();
            let lossy = String::from_utf8_lossy(error.as_bytes());
            let end = start + char::REPLACEMENT_CHARACTER.len_utf8();
            diagnostic::error_at("this is not UTF-8", &shown, &lossy, &(start..end));
            Faults::Syntax
        })?;
        let mut progress = Progress::new(format!("reading {shown}"), text.len());
        let mut items = Vec::new();
        let mut errors = 0;
        let mut parser = Parser::new(&text);
        while let Some(item) = parser.next() {
            let item: Item = match item {
                Ok(item) => item,
                Err(error) => {
                    progress.pause();
                    report(&error, &shown, &text);
                    errors += 1;
                    if errors == MOST_ERRORS {
                        break;
                    }
                    parser.recover();
                    continue;
                }
            };
            progress.at(item.span.end);
            if interrupt.is_raised() {
                progress.pause();
                diagnostic::error_at("interrupted while reading", &shown, &text, &item.span);
                return Err(Faults::Interrupted);
            }
            items.push(item);
        }
        drop(parser);
        if errors > 0 {
            return Err(Faults::Syntax);
        }
        Ok(Self {
            path: path.to_path_buf(),
            text,
            items,
        })
    }

    /// The folder that it is in: where `import!` looks.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Reports an error at an item.
    pub(crate) fn error_at(&self, message: impl std::fmt::Display, item: &Item) {
        diagnostic::error_at(message, &self.path.display().to_string(), &self.text, &item.span);
    }
}

fn report(error: &ParseError, path: &str, text: &str) {
    let help = (error.kind == ParseErrorKind::UnclosedExpression).then(|| missing(text, error.span.start));
    let help = help.flatten();
    diagnostic::at(Severity::Error, &error.kind, path, text, &error.span, help.as_deref());
}

/// Where the `)` of a parenthesis that is never closed may be missing: before the next line that is not indented.
fn missing(text: &str, open: usize) -> Option<String> {
    let before = text.get(..open)?.matches('\n').count();
    let mut lines = text.lines().enumerate().skip(before + 1);
    let (next, _) = lines.find(|(_, line)| line.starts_with(['(', '!']))?;
    Some(format!("is a `)` missing before line {}?", next + 1))
}
