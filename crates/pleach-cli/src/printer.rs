//! Results on standard output.

use std::fmt::Display;
use std::io::{self, StdoutLock, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pleach::Atom;

use crate::escape::{escaped, escaped_lines};

/// Prints the results of each evaluation as a line `[r1, r2, …]`, among what the program itself prints.
///
/// Unless it streams, prints each line as a whole after the evaluation, so that the output doesn't depend on the number of
/// threads. If it streams, prints each result once it is found; what the program prints meanwhile then breaks the line.
#[derive(Clone)]
pub(crate) struct Printer {
    streams: bool,
    /// Whether a line has begun and not ended.
    in_line: Arc<AtomicBool>,
    pending: Arc<Mutex<String>>,
}

impl Printer {
    pub(crate) fn new(streams: bool) -> Self {
        Self {
            streams,
            in_line: Arc::default(),
            pending: Arc::default(),
        }
    }

    /// Prints output of the program, escaped: a saved world may hold control characters.
    pub(crate) fn program_output(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        // The next result reports a closed output.
        let _ = self
            .break_line(&mut stdout)
            .and_then(|()| write!(stdout, "{}", escaped_lines(text)));
    }

    /// Prints a result.
    pub(crate) fn result(&self, result: &impl Display) -> io::Result<()> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let in_line = self.in_line.swap(true, Ordering::Relaxed);
        pending.push_str(if in_line { ", " } else { "[" });
        pending.push_str(&escaped(result).to_string());
        if self.streams {
            flush(&mut io::stdout().lock(), &mut pending)
        } else {
            Ok(())
        }
    }

    /// Ends the line of an evaluation.
    pub(crate) fn end(&self) -> io::Result<()> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let in_line = self.in_line.swap(false, Ordering::Relaxed);
        pending.push_str(if in_line { "]\n" } else { "[]\n" });
        flush(&mut io::stdout().lock(), &mut pending)
    }

    /// Drops pending results of an evaluation that failed.
    pub(crate) fn fail(&self) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.clear();
        let _ = self.break_line(&mut io::stdout().lock());
        self.in_line.store(false, Ordering::Relaxed);
    }

    /// Starts a new line after results that were streamed.
    fn break_line(&self, stdout: &mut StdoutLock<'_>) -> io::Result<()> {
        if self.streams && self.in_line.load(Ordering::Relaxed) {
            stdout.write_all(b"\n")?;
        }
        Ok(())
    }
}

fn flush(stdout: &mut StdoutLock<'_>, pending: &mut String) -> io::Result<()> {
    let written = stdout.write_all(pending.as_bytes()).and_then(|()| stdout.flush());
    pending.clear();
    written
}

/// Returns whether a result is an `(Error …)`.
pub(crate) fn is_error(result: &Atom) -> bool {
    let head = result.as_expression().and_then(<[Atom]>::first);
    head.and_then(Atom::as_symbol).is_some_and(|head| head == "Error")
}
