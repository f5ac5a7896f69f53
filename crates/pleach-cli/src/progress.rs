//! The progress of a long load: one line on standard error, if that is a terminal.

use std::io::{self, IsTerminal, Write};
use std::mem;
use std::time::{Duration, Instant};

use crate::escape::escaped;

/// Tasks that end earlier show nothing.
const INITIAL_DELAY: Duration = Duration::from_millis(150);
const INTERVAL: Duration = Duration::from_millis(100);
/// Reading the clock takes longer than many a step.
const STEPS_PER_CLOCK_READ: u32 = 64;

pub(crate) struct Progress {
    task: String,
    total: usize,
    /// When to print next; `None` if standard error isn't a terminal.
    next: Option<Instant>,
    is_shown: bool,
    steps: u32,
}

impl Progress {
    pub(crate) fn new(task: String, total: usize) -> Self {
        Self {
            task,
            total,
            next: io::stderr().is_terminal().then(|| Instant::now() + INITIAL_DELAY),
            is_shown: false,
            steps: 0,
        }
    }

    /// Reports a step, after which `done` of the total are done.
    pub(crate) fn step(&mut self, done: usize) {
        let Some(next) = &mut self.next else { return };
        self.steps = self.steps.wrapping_add(1);
        if !self.steps.is_multiple_of(STEPS_PER_CLOCK_READ) {
            return;
        }
        let now = Instant::now();
        if now < *next {
            return;
        }
        *next = now + INTERVAL;
        self.is_shown = true;
        let percent = (done.saturating_mul(100)).checked_div(self.total).unwrap_or(100);
        // A closed standard error is left alone.
        let _ = write!(io::stderr().lock(), "\r\x1b[K{}: {percent} %", escaped(&self.task));
    }

    /// Clears the line before other output.
    pub(crate) fn clear(&mut self) {
        if mem::take(&mut self.is_shown) {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
