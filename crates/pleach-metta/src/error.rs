//! Errors of evaluations and programs.

use std::path::PathBuf;
use std::sync::Arc;
use std::{fmt, io};

use pleach::term::{Atom, ParseError};

/// An error that ends an evaluation without results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The limit of steps was exceeded.
    #[error("evaluation took more than {limit} steps")]
    OutOfFuel {
        /// The limit.
        limit: u64,
    },
    /// The limit of memory was exceeded.
    #[error("evaluation held more than {limit} bytes of memory")]
    OutOfMemory {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The evaluator's [interrupt](crate::Interrupt) was raised.
    #[error("evaluation was interrupted at {}", Abridged(.at))]
    Interrupted {
        /// The redex: a call with evaluated arguments, or a special form.
        at: Atom,
    },
    /// A file couldn't be imported.
    #[error("cannot import {path}")]
    Import {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: ImportError,
    },
}

/// The reason why a file can't be imported.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It can't be read.
    #[error(transparent)]
    Read(Arc<io::Error>),
    /// It can't be parsed.
    #[error(transparent)]
    Parse(ParseError),
}

impl PartialEq for ImportError {
    /// Compares errors of reading by their kind and message.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Read(a), Self::Read(b)) => a.kind() == b.kind() && a.to_string() == b.to_string(),
            (Self::Parse(a), Self::Parse(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for ImportError {}

/// An error that ends a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The program can't be parsed.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// An evaluation failed.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

/// Displays the beginning of an atom.
struct Abridged<'a>(&'a Atom);

/// Characters of an atom in an error message.
const MAX_ATOM_CHARS: usize = 200;

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
                // Stops formatting, however large the atom is.
                if rest.is_empty() { Ok(()) } else { Err(fmt::Error) }
            }
        }
        let mut limited = Limited {
            to: f,
            left: MAX_ATOM_CHARS,
        };
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
