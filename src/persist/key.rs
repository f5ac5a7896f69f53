//! Keys of plain facts: ascending, each written as what it has in common with the one before, and the rest.

use super::error::Flaw;
use crate::env::is_definition;
use crate::term::path::{LIMIT, PathErrorKind, Token, read_token};
use crate::term::{Leaf, PathError, Term};

/// Puts keys together, and tests of each that it is the canonical path of an atom of the language. What a key has in
/// common with the one before is not tested again.
#[derive(Default)]
pub(super) struct Keys {
    key: Vec<u8>,
    /// Where the tokens of the key end, and what is known there.
    marks: Vec<Mark>,
    /// How many variables the language is known to have.
    variables: u64,
}

#[derive(Clone, Copy)]
struct Mark {
    end: usize,
    /// How many items are still to come.
    missing: usize,
    variables: u64,
}

impl Keys {
    /// The next key of a block, or the first.
    pub(super) fn next<T: Term>(&mut self, shared: usize, rest: &[u8], is_first: bool) -> Result<&[u8], Flaw> {
        let ascends = if is_first {
            shared == 0 && rest > &self.key[..]
        } else {
            // As much as can be is shared, so it is the first byte of the rest that differs. No path begins another.
            self.key.get(shared) < rest.first() && shared < self.key.len()
        };
        if !ascends {
            return Err(Flaw::Order);
        }
        if shared.saturating_add(rest.len()) > LIMIT {
            return Err(Flaw::Atom);
        }
        self.key.truncate(shared);
        self.key.extend_from_slice(rest);
        while self.marks.last().is_some_and(|mark| mark.end > shared) {
            self.marks.pop();
        }
        self.check::<T>().map_err(Flaw::Path)?;
        if is_definition::<T>(&self.key) {
            return Err(Flaw::Atom);
        }
        Ok(&self.key)
    }

    fn check<T: Term>(&mut self) -> Result<(), PathError> {
        let mut at = self.marks.last().copied().unwrap_or(Mark {
            end: 0,
            missing: 1,
            variables: 0,
        });
        while at.missing > 0 {
            let fail = |kind| PathError { kind, offset: at.end };
            let rest = self.key.get(at.end..).unwrap_or_default();
            let (token, length) = read_token(rest).map_err(|error| fail(error.kind))?;
            let mut items = 0;
            let has_leaf = match token {
                Token::Expression(arity) if arity > rest.len().saturating_sub(length) => {
                    return Err(fail(PathErrorKind::Truncated));
                }
                Token::Expression(arity) => {
                    items = arity;
                    true
                }
                Token::NewVariable => {
                    let number = at.variables;
                    at.variables = number.saturating_add(1);
                    let known = number < self.variables;
                    self.variables = self.variables.max(at.variables);
                    known || {
                        let name = &*number.to_string();
                        T::has_leaf(Leaf::Variable { name, id: 0 })
                    }
                }
                Token::Variable(number) if number >= at.variables => {
                    return Err(fail(PathErrorKind::UnknownVariable(number)));
                }
                Token::Variable(_) => true,
                Token::Grounded(bytes) => T::has_leaf(Leaf::Grounded(bytes.into())),
                Token::Opaque(_) => false,
                Token::Float(value) => T::has_leaf(Leaf::Float(value.get())),
                Token::Integer(value) => T::has_leaf(Leaf::Integer(value)),
                Token::String(text) => T::has_leaf(Leaf::String(text)),
                Token::Symbol(name) => T::has_leaf(Leaf::Symbol(name)),
            };
            if !has_leaf {
                return Err(fail(PathErrorKind::NotInLanguage));
            }
            at.end = at.end.saturating_add(length);
            at.missing = at.missing.saturating_sub(1).saturating_add(items);
            self.marks.push(at);
        }
        if at.end < self.key.len() {
            let (kind, offset) = (PathErrorKind::Trailing, at.end);
            return Err(PathError { kind, offset });
        }
        Ok(())
    }
}
