//! `--trace`: the reductions of an evaluation on standard error, indented by their depth.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Stderr, Write};
use std::sync::{Arc, Mutex, PoisonError};

use pleach::Atom;
use pleach_metta::Reduction;

use crate::escape::escaped;

/// An atom takes no more characters of a line.
const LONG: usize = 100;
/// Deeper reductions are indented no further, but their depth is told.
const DEEP: usize = 30;

#[derive(Clone)]
pub(crate) struct Trace(Arc<Mutex<BufWriter<Stderr>>>);

impl Trace {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(BufWriter::new(io::stderr()))))
    }

    /// An evaluation begins.
    pub(crate) fn begin(&self, atom: &Atom) {
        self.write(&format!("!{}\n", abridged(atom)));
    }

    pub(crate) fn reduction(&self, step: &Reduction<'_>) {
        let mut line = "  ".repeat(1 + step.depth.min(DEEP));
        if step.depth > DEEP {
            let _ = write!(line, "[{}] ", step.depth);
        }
        line += &abridged(step.before);
        line += " => ";
        match step.after {
            [] => line += "no result",
            [first, rest @ ..] => {
                line += &abridged(first);
                for atom in rest {
                    let _ = write!(line, " | {}", abridged(atom));
                }
            }
        }
        line.push('\n');
        self.write(&line);
    }

    /// Shows what is not yet shown. Before results are printed, so that the two stand in order.
    pub(crate) fn flush(&self) {
        // Who closed standard error does not want to know.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).flush();
    }

    fn write(&self, text: &str) {
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = to.write_all(text.as_bytes());
    }
}

/// An atom's text, or its beginning.
fn abridged(atom: &Atom) -> String {
    struct Limited(String, usize);
    impl std::fmt::Write for Limited {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            for c in text.chars() {
                self.1 = self.1.checked_sub(1).ok_or(std::fmt::Error)?;
                self.0.push(c);
            }
            Ok(())
        }
    }
    let mut text = Limited(String::new(), LONG);
    // Fails when it is full, and so prints no more of a large atom.
    if write!(text, "{}", escaped(atom)).is_err() {
        text.0.push('…');
    }
    text.0
}
