//! Why an evaluation or a program ends without results.

use std::fmt;
use std::path::PathBuf;

use pleach::term::{Atom, ParseError};

/// Why an evaluation ended without results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// It took more steps than it was given.
    #[error("evaluation took more than {limit} steps")]
    OutOfFuel {
        /// The limit.
        limit: u64,
    },
    /// It held more memory than it was given.
    #[error("evaluation held more than {limit} bytes of memory")]
    OutOfMemory {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Its [interrupt](super::Interrupt) was raised.
    #[error("evaluation was interrupted at {}", Abridged(.at))]
    Interrupted {
        /// What was being reduced: a call with evaluated arguments, or a special form.
        at: Atom,
    },
    /// A file could not be imported.
    #[error("cannot import {path}: {reason}")]
    Import {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Why a program could not be run to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It can't be read.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// One of its evaluations ended without results.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

/// An atom as a message shows it: the beginning is enough.
struct Abridged<'a>(&'a Atom);

/// An atom takes no more characters of a message.
const LONG: usize = 200;

impl fmt::Display for Abridged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Limited<'a, 'f> {
            to: &'a mut fmt::Formatter<'f>,
            left: usize,
        }
        impl fmt::Write for Limited<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                let end = text.char_indices().nth(self.left).map_or(text.len(), |(at, _)| at);
                let (shown, rest) = text.split_at_checked(end).unwrap_or((text, ""));
                self.to.write_str(shown)?;
                self.left -= shown.chars().count();
                // Ends the printing, however large the atom is.
                if rest.is_empty() { Ok(()) } else { Err(fmt::Error) }
            }
        }
        let mut limited = Limited { to: f, left: LONG };
        match fmt::write(&mut limited, format_args!("{}", self.0)) {
            Err(fmt::Error) if limited.left == 0 => f.write_str("…"),
            result => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_abridges_a_large_atom() {
        let mut atom = Atom::symbol("é");
        for _ in 0..100_000 {
            atom = Atom::expression([Atom::symbol("é"), atom]);
        }
        let text = EvalError::Interrupted { at: atom }.to_string();
        assert!(text.ends_with('…') && text.chars().count() < 250, "{text}");
        let at = Atom::expression([Atom::symbol("f"), Atom::from(1)]);
        assert_eq!(
            EvalError::Interrupted { at }.to_string(),
            "evaluation was interrupted at (f 1)"
        );
    }
}
