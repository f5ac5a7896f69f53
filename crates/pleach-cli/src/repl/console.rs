//! Output of a session.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::ops::Range;

use pleach::Atom;

use crate::diagnostic;
use crate::escape::escaped_lines;
use crate::printer::{Printer, is_error};

/// Standard output and standard error of a session.
pub(super) struct Console {
    printer: Printer,
    /// Whether a user at a terminal reads along.
    pub(super) is_interactive: bool,
    /// Whether an error was reported, or a result was an `(Error …)`.
    pub(super) error_seen: bool,
    pub(super) output_is_closed: bool,
}

impl Console {
    pub(super) fn new(printer: Printer, is_interactive: bool) -> Self {
        Self {
            printer,
            is_interactive,
            error_seen: false,
            output_is_closed: false,
        }
    }

    /// Prints what a command asked for.
    pub(super) fn print(&mut self, text: impl Display) {
        self.print_with(|out| writeln!(out, "{}", escaped_lines(text)));
    }

    pub(super) fn print_with(&mut self, print: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let mut out = BufWriter::new(io::stdout().lock());
        let written = print(&mut out).and_then(|()| out.flush());
        self.output_is_closed |= written.is_err();
    }

    /// Prints a confirmation, on a terminal only: the output of a script holds its results alone.
    pub(super) fn confirm(&mut self, text: impl Display) {
        if self.is_interactive {
            self.print(text);
        }
    }

    /// Prints a result of an evaluation. Returns whether the output is still open.
    pub(super) fn result(&mut self, result: &Atom) -> bool {
        self.error_seen |= is_error(result);
        self.output_is_closed |= self.printer.result(result).is_err();
        !self.output_is_closed
    }

    /// Ends the results of an evaluation.
    pub(super) fn end_results(&mut self) {
        self.output_is_closed |= self.printer.end().is_err();
    }

    /// Drops the results of an evaluation that failed.
    pub(super) fn drop_results(&self) {
        self.printer.fail();
    }

    pub(super) fn error(&mut self, error: impl Display) {
        self.error_seen = true;
        diagnostic::error(error);
    }

    pub(super) fn error_from(&mut self, what: impl Display, error: &dyn Error) {
        self.error_seen = true;
        diagnostic::error_from(what, error);
    }

    pub(super) fn error_at(&mut self, error: impl Display, path: &str, text: &str, span: &Range<usize>) {
        self.error_seen = true;
        diagnostic::error_at(error, path, text, span);
    }
}
