//! Source files, each read and parsed as a whole before anything is evaluated.

use std::fmt::Display;
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

/// The worst error of some source files. All of them have been reported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SourceError {
    Syntax,
    Unreadable,
    /// The user pressed Ctrl-C.
    Interrupted,
}

/// Further syntax errors of a file aren't shown: they may follow from earlier ones.
const MAX_ERRORS_PER_FILE: usize = 20;

impl Source {
    /// Reads and parses all files, also after an error.
    pub(crate) fn read_all(paths: &[PathBuf], interrupt: &Interrupt) -> Result<Vec<Self>, SourceError> {
        let mut sources = Vec::new();
        let mut worst = None;
        for path in paths {
            match Self::read(path, interrupt) {
                Ok(source) => sources.push(source),
                Err(error) => worst = worst.max(Some(error)),
            }
        }
        worst.map_or(Ok(sources), Err)
    }

    /// Reads and parses a file. Shows its progress.
    pub(crate) fn read(path: &Path, interrupt: &Interrupt) -> Result<Self, SourceError> {
        let shown = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| {
            diagnostic::error(format_args!("cannot read {shown}: {error}"));
            SourceError::Unreadable
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let start = error.utf8_error().valid_up_to();
            let lossy = String::from_utf8_lossy(error.as_bytes());
            let end = start + char::REPLACEMENT_CHARACTER.len_utf8();
            diagnostic::error_at("invalid UTF-8", &shown, &lossy, &(start..end));
            SourceError::Syntax
        })?;
        let mut progress = Progress::new(format!("reading {shown}"), text.len());
        let mut items = Vec::new();
        let mut errors = 0;
        let mut parser = Parser::new(&text);
        while let Some(item) = parser.next() {
            let item: Item = match item {
                Ok(item) => item,
                Err(error) => {
                    progress.clear();
                    report(&error, &shown, &text);
                    errors += 1;
                    if errors == MAX_ERRORS_PER_FILE {
                        break;
                    }
                    parser.recover();
                    continue;
                }
            };
            progress.step(item.span.end);
            if interrupt.is_raised() {
                progress.clear();
                diagnostic::error_at("interrupted while reading", &shown, &text, &item.span);
                return Err(SourceError::Interrupted);
            }
            items.push(item);
        }
        drop(parser);
        if errors > 0 {
            return Err(SourceError::Syntax);
        }
        Ok(Self {
            path: path.to_path_buf(),
            text,
            items,
        })
    }

    /// Returns the folder of the file, where `import!` looks.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Reports an error at an item.
    pub(crate) fn error_at(&self, message: impl Display, item: &Item) {
        diagnostic::error_at(message, &self.path.display().to_string(), &self.text, &item.span);
    }
}

fn report(error: &ParseError, path: &str, text: &str) {
    let help = (error.kind == ParseErrorKind::UnclosedExpression)
        .then(|| help_for_unclosed(text, error.span.start))
        .flatten();
    diagnostic::at(Severity::Error, &error.kind, path, text, &error.span, help.as_deref());
}

/// Suggests where the `)` of an unclosed parenthesis may be missing: before the next line that isn't indented.
fn help_for_unclosed(text: &str, open: usize) -> Option<String> {
    let before = text.get(..open)?.matches('\n').count();
    let mut lines = text.lines().enumerate().skip(before + 1);
    let (next, _) = lines.find(|(_, line)| line.starts_with(['(', '!']))?;
    Some(format!("is a `)` missing before line {}?", next + 1))
}
