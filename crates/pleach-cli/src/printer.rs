//! Results on standard output.

use std::fmt::Display;
use std::io::{self, StdoutLock, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use crate::escape::{escaped, escaped_lines};

/// Prints the results of each evaluation as a line `[r1, r2, …]`, among what the program itself prints.
///
/// Either each line in one piece, after the evaluation: so the output is the same whatever threads do. Or each result as
/// it is found: then what the program prints meanwhile breaks the line.
#[derive(Clone)]
pub(crate) struct Printer {
    streams: bool,
    /// Is a line begun, and not ended?
    open: Arc<AtomicBool>,
    pending: Arc<Mutex<String>>,
}

impl Printer {
    pub(crate) fn new(streams: bool) -> Self {
        Self {
            streams,
            open: Arc::default(),
            pending: Arc::default(),
        }
    }

    /// Prints what the program itself says. That may come from a saved world, so control characters but for line feeds and
    /// tabs are escaped here too.
    pub(crate) fn say(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        // A closed standard output is no reason to fail: the next result will tell.
        let _ = self
            .break_line(&mut stdout)
            .and_then(|()| write!(stdout, "{}", escaped_lines(text)));
    }

    /// A result.
    pub(crate) fn result(&self, result: &impl Display) -> io::Result<()> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = self.open.swap(true, Ordering::Relaxed);
        pending.push_str(if begun { ", " } else { "[" });
        pending.push_str(&escaped(result).to_string());
        if self.streams {
            write(&mut io::stdout().lock(), &mut pending)
        } else {
            Ok(())
        }
    }

    /// There are no more results.
    pub(crate) fn end(&self) -> io::Result<()> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = self.open.swap(false, Ordering::Relaxed);
        pending.push_str(if begun { "]\n" } else { "[]\n" });
        write(&mut io::stdout().lock(), &mut pending)
    }

    /// The evaluation has failed: what was not printed yet is dropped, as its environment is.
    pub(crate) fn fail(&self) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.clear();
        let _ = self.break_line(&mut io::stdout().lock());
        self.open.store(false, Ordering::Relaxed);
    }

    /// Leaves a line that was begun on the screen as it is.
    fn break_line(&self, stdout: &mut StdoutLock<'_>) -> io::Result<()> {
        if self.streams && self.open.load(Ordering::Relaxed) {
            stdout.write_all(b"\n")?;
        }
        Ok(())
    }
}

fn write(stdout: &mut StdoutLock<'_>, pending: &mut String) -> io::Result<()> {
    let written = stdout.write_all(pending.as_bytes()).and_then(|()| stdout.flush());
    pending.clear();
    written
}
