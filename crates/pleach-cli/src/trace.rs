//! `--trace`: reductions on standard error, indented by depth.

use std::fmt::{self, Write as _};
use std::io::{self, BufWriter, Stderr, Write};
use std::sync::{Arc, Mutex, PoisonError};

use pleach::Atom;
use pleach_metta::Reduction;

use crate::escape::escaped;

/// Longer atoms are cut.
const MAX_ATOM_CHARS: usize = 100;
/// Deeper reductions are indented no further; their depth is printed instead.
const MAX_INDENT: usize = 30;

#[derive(Clone)]
pub(crate) struct Trace(Arc<Mutex<BufWriter<Stderr>>>);

impl Trace {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(BufWriter::new(io::stderr()))))
    }

    /// Prints the atom of a new evaluation.
    pub(crate) fn begin(&self, atom: &Atom) {
        self.write(&format!("!{}\n", abridged(atom)));
    }

    pub(crate) fn reduction(&self, step: &Reduction<'_>) {
        let mut line = "  ".repeat(1 + step.depth.min(MAX_INDENT));
        if step.depth > MAX_INDENT {
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

    /// Flushes the buffer. Called before results are printed, so that trace and results are in order.
    pub(crate) fn flush(&self) {
        // A closed standard error is left alone.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).flush();
    }

    fn write(&self, text: &str) {
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = to.write_all(text.as_bytes());
    }
}

/// Returns the text of an atom, cut if it is long. Costs no more for a large atom than for a long one.
fn abridged(atom: &Atom) -> String {
    struct Limited {
        text: String,
        chars_left: usize,
    }
    impl fmt::Write for Limited {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for c in text.chars() {
                self.chars_left = self.chars_left.checked_sub(1).ok_or(fmt::Error)?;
                self.text.push(c);
            }
            Ok(())
        }
    }
    let mut limited = Limited {
        text: String::new(),
        chars_left: MAX_ATOM_CHARS,
    };
    // The error of a full buffer stops the formatting.
    if write!(limited, "{}", escaped(atom)).is_err() {
        limited.text.push('…');
    }
    limited.text
}
