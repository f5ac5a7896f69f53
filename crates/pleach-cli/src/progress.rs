//! How far a long load is: one line on standard error, if that is a terminal.

use std::io::{self, IsTerminal, Write};
use std::mem;
use std::time::{Duration, Instant};

use crate::escape::escaped;

/// What takes no longer shows nothing.
const PATIENCE: Duration = Duration::from_millis(150);
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Progress {
    task: String,
    total: usize,
    /// When to show it next; `None` if nobody would see it.
    next: Option<Instant>,
    shown: bool,
    steps: u32,
}

impl Progress {
    pub(crate) fn new(task: String, total: usize) -> Self {
        Self {
            task,
            total,
            next: io::stderr().is_terminal().then(|| Instant::now() + PATIENCE),
            shown: false,
            steps: 0,
        }
    }

    /// So much is done.
    pub(crate) fn at(&mut self, done: usize) {
        let Some(next) = &mut self.next else { return };
        // A look at the clock takes longer than many a step.
        self.steps = self.steps.wrapping_add(1);
        if !self.steps.is_multiple_of(64) {
            return;
        }
        let now = Instant::now();
        if now < *next {
            return;
        }
        *next = now + PAUSE;
        self.shown = true;
        let percent = (done.saturating_mul(100)).checked_div(self.total).unwrap_or(100);
        // Who closed standard error does not want to know.
        let _ = write!(io::stderr().lock(), "\r\x1b[K{}: {percent} %", escaped(&self.task));
    }
}

impl Progress {
    /// Wipes the line: something else is done.
    pub(crate) fn pause(&mut self) {
        if mem::take(&mut self.shown) {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.pause();
    }
}
