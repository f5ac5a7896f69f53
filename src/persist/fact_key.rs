//! Plain facts: keys, ascending and prefix-compressed, each against the one before, with multiplicities.

use std::ops::Range;

use super::atom::{MAX_SHARED, common_prefix};
use super::block::ContentReader;
use super::error::{Flaw, LoadError};
use crate::env::{SpaceKind, is_definition};
use crate::term::path::{PathErrorKind, Token, read_token, tag};
use crate::term::{Leaf, PathError, Term};
use crate::varint;

/// Encodes plain facts.
#[derive(Default)]
pub(super) struct FactWriter {
    last: Vec<u8>,
}

impl FactWriter {
    /// Appends a fact, whose key is greater than those before, to the content of a block.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, key: &[u8], count: u64) {
        // Each block can be read by itself.
        let shared = match out.is_empty() {
            true => 0,
            false => common_prefix(&self.last, key).min(MAX_SHARED),
        };
        let suffix = key.get(shared..).unwrap_or_default();
        out.push(shared as u8);
        // No key is a prefix of another, so the suffix isn't empty.
        varint::write(
            out,
            (suffix.len() as u64).saturating_sub(1) << 1 | u64::from(count != 1),
        );
        out.extend_from_slice(suffix);
        if count != 1 {
            varint::write(out, count);
        }
        self.last.truncate(shared);
        self.last.extend_from_slice(suffix);
    }
}

/// Facts of one block, decoded.
#[derive(Default)]
pub(super) struct FactBatch {
    keys: Vec<u8>,
    facts: Vec<(Range<usize>, u64)>,
}

impl FactBatch {
    /// Reads the facts of a block in place of those before.
    ///
    /// # Errors
    /// Also if a multiplicity is 0, unless these are changes.
    pub(super) fn read<T: Term>(
        &mut self,
        content: &mut ContentReader<'_>,
        decoder: &mut KeyDecoder,
        are_changes: bool,
    ) -> Result<(), LoadError> {
        self.keys.clear();
        self.facts.clear();
        while !content.is_empty() {
            let start = content.offset();
            let (shared, length) = (usize::from(content.byte()?), content.number()?);
            let suffix = content.take(usize::try_from(length >> 1).unwrap_or(usize::MAX).saturating_add(1))?;
            let count = if length & 1 == 0 { 1 } else { content.number()? };
            let key = decoder
                .next::<T>(shared, suffix, self.facts.is_empty())
                .map_err(|flaw| LoadError::at(start, flaw))?;
            // One occurrence isn't written.
            if (count == 0 && !are_changes) || (count == 1 && length & 1 != 0) {
                return Err(LoadError::at(start, Flaw::Entry));
            }
            let begin = self.keys.len();
            self.keys.extend_from_slice(key);
            self.facts.push((begin..self.keys.len(), count));
        }
        Ok(())
    }

    /// The keys and multiplicities, in the order of keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let facts = self.facts.iter();
        facts.filter_map(|(range, count)| Some((self.keys.get(range.clone())?, *count)))
    }
}

/// Decodes keys of a space, and checks that each is the canonical path of an atom of the term language. The prefix that a
/// key shares with the one before is not checked again.
#[derive(Default)]
pub(super) struct KeyDecoder {
    kind: SpaceKind,
    key: Vec<u8>,
    /// State of the check after each token of the key.
    tokens: Vec<TokenEnd>,
    /// Number of variables that the language is known to accept.
    variables: u64,
}

#[derive(Clone, Copy)]
struct TokenEnd {
    offset: usize,
    /// Number of terms that must follow.
    missing: usize,
    /// Number of variables so far.
    variables: u64,
}

impl KeyDecoder {
    /// A decoder of the keys of a space of this kind.
    pub(super) fn new(kind: SpaceKind) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    /// Decodes the next key of a block.
    pub(super) fn next<T: Term>(&mut self, shared: usize, suffix: &[u8], is_first: bool) -> Result<&[u8], Flaw> {
        let ascends = if is_first {
            shared == 0 && suffix > &self.key[..]
        } else {
            // No path is a prefix of another.
            self.key
                .get(shared..)
                .is_some_and(|rest| !rest.is_empty() && rest < suffix)
        };
        // The shared prefix is maximal, up to its bound.
        let is_maximal = is_first || shared == MAX_SHARED || self.key.get(shared) != suffix.first();
        if !ascends || !is_maximal {
            return Err(Flaw::Order);
        }
        self.key.truncate(shared);
        self.key.extend_from_slice(suffix);
        while self.tokens.last().is_some_and(|token| token.offset > shared) {
            self.tokens.pop();
        }
        self.check::<T>().map_err(Flaw::Path)?;
        if is_definition::<T>(&self.key, self.kind) {
            return Err(Flaw::Atom);
        }
        Ok(&self.key)
    }

    fn check<T: Term>(&mut self) -> Result<(), PathError> {
        let mut at = self.tokens.last().copied().unwrap_or(TokenEnd {
            offset: 0,
            missing: 1,
            variables: 0,
        });
        while at.missing > 0 {
            let fail = |kind| PathError {
                kind,
                offset: at.offset,
            };
            let rest = self.key.get(at.offset..).unwrap_or_default();
            let (token, length) = read_token(rest).map_err(|error| fail(error.kind))?;
            let mut items = 0;
            let has_leaf = match token {
                Token::Expression(arity) | Token::Tagged { items: arity, .. }
                    if arity > rest.len().saturating_sub(length) =>
                {
                    return Err(fail(PathErrorKind::Truncated));
                }
                Token::Expression(arity) => {
                    items = arity;
                    true
                }
                Token::Tagged {
                    name,
                    data,
                    items: arity,
                } => {
                    items = arity;
                    // Each missing term takes a byte at least. Else `has_tag` could be asked for many times more items than
                    // the file has.
                    if at.missing.saturating_sub(1).saturating_add(arity) > rest.len().saturating_sub(length) {
                        return Err(fail(PathErrorKind::Truncated));
                    }
                    let tag = tag(name, data).map_err(|error| fail(error.kind))?;
                    T::has_tag(tag, arity)
                }
                Token::NewVariable => {
                    let number = at.variables;
                    at.variables = number.saturating_add(1);
                    let is_known = number < self.variables;
                    self.variables = self.variables.max(at.variables);
                    is_known || {
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
            at.offset = at.offset.saturating_add(length);
            at.missing = at.missing.saturating_sub(1).saturating_add(items);
            self.tokens.push(at);
        }
        if at.offset < self.key.len() {
            let (kind, offset) = (PathErrorKind::Trailing, at.offset);
            return Err(PathError { kind, offset });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::Atom;
    use crate::term::{Tag, View};

    thread_local! {
        /// The number of items that compounds were asked for with.
        static ASKED: Cell<usize> = const { Cell::new(0) };
    }

    /// Atoms with compounds of any tag.
    #[derive(Clone, Debug)]
    struct Open(Atom);

    impl Term for Open {
        fn view(&self) -> View<'_, Open> {
            match self.0.view() {
                View::Leaf(leaf) => View::Leaf(leaf),
                _ => View::Expression(&[]),
            }
        }

        fn leaf(leaf: Leaf<'_>) -> Option<Open> {
            Atom::leaf(leaf).map(Open)
        }

        fn expression(_: Vec<Open>) -> Open {
            Open(Atom::expression(Vec::<Atom>::new()))
        }

        fn has_tag(_: Tag<'_>, items: usize) -> bool {
            ASKED.set(ASKED.get().saturating_add(items));
            true
        }
    }

    #[test]
    fn nested_tags_are_asked_for_no_more_items_than_the_file_has_bytes() {
        // Each compound has a hundred items, of which the first is the next compound.
        let path = [0x33, 101, 0x81, b'a'].repeat(1_000);
        let error = KeyDecoder::default().next::<Open>(0, &path, true).unwrap_err();
        assert!(matches!(error, Flaw::Path(error) if error.kind == PathErrorKind::Truncated));
        assert!(ASKED.get() <= path.len(), "{} items", ASKED.get());
    }
}
