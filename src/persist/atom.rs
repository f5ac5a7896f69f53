//! Atoms written in full: their path, less what it has in common with the one before, and what a path leaves out, the
//! names of variables and the insides of opaque values.
//!
//! ```text
//! shared (1 byte)   rest (counted bytes)   names (number)   each: name (counted), id (number)
//!                                          opaque values (number)   each: counted bytes
//! ```
//! There are as many names as variables, in the order in which these occur first; or none, if they are `0`, `1`, … as in
//! a path that is decoded.

use smallvec::SmallVec;

use super::bytes::{Input, put_bytes, put_number};
use super::codec::Codec;
use super::error::{Flaw, LoadError, SaveError};
use crate::term::path::decode_with;
use crate::term::small_map::Numbering;
use crate::term::{Encoder, Leaf, Print, Term, View};

/// How much two paths in a row may have in common: bounded, so that few bytes can't stand for many.
const MOST_SHARED: usize = u8::MAX as usize;

/// The length of what `a` and `b` begin with in common.
pub(super) fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Writes atoms.
pub(super) struct AtomWriter<'c, C: ?Sized> {
    codec: &'c C,
    encoder: Encoder,
    last: Vec<u8>,
}

impl<'c, C: ?Sized> AtomWriter<'c, C> {
    pub(super) fn new(codec: &'c C) -> Self {
        Self {
            codec,
            encoder: Encoder::new(),
            last: Vec::new(),
        }
    }

    /// Forgets the last atom: what comes next is to be read without it.
    pub(super) fn restart(&mut self) {
        self.last.clear();
    }

    /// Writes an atom. O(size).
    pub(super) fn write<T: Term>(&mut self, out: &mut Vec<u8>, atom: &T) -> Result<(), SaveError>
    where
        C: Codec<T>,
    {
        let encoded = self.encoder.encode(atom);
        let shared = common(&self.last, encoded.bytes).min(MOST_SHARED);
        let rest = encoded.bytes.get(shared..).unwrap_or_default();
        out.push(shared as u8);
        put_bytes(out, rest);
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
        if encoded.variables == 0 && !encoded.opaque {
            out.extend([0, 0]);
            return Ok(());
        }
        let Some(beside) = beside(atom, self.codec) else {
            let atom = Print(atom).to_string();
            return Err(SaveError::Opaque {
                atom: atom.chars().take(200).collect(),
            });
        };
        put_number(out, beside.names.len() as u64);
        for (name, id) in beside.names {
            put_bytes(out, name.as_bytes());
            put_number(out, id);
        }
        put_number(out, beside.values.len() as u64);
        for value in beside.values {
            put_bytes(out, &value);
        }
        Ok(())
    }
}

/// What a path leaves out.
#[derive(Default)]
struct Beside<'a> {
    names: Vec<(&'a str, u64)>,
    values: Vec<Vec<u8>>,
}

/// `None` if the codec has no bytes for a value.
fn beside<'a, T: Term>(atom: &'a T, codec: &(impl Codec<T> + ?Sized)) -> Option<Beside<'a>> {
    let mut beside = Beside::default();
    let mut variables = Numbering::new();
    let mut as_decoded = true;
    let mut open = vec![std::slice::from_ref(atom).iter()];
    while let Some(items) = open.last_mut() {
        let Some(term) = items.next() else {
            open.pop();
            continue;
        };
        match term.view() {
            View::Expression(items) => open.push(items.iter()),
            View::Leaf(Leaf::Variable { name, id }) => {
                if let (number, true) = variables.number(name, id) {
                    as_decoded &= id == 0 && name == number.to_string();
                    beside.names.push((name, id));
                }
            }
            View::Leaf(Leaf::Opaque(_)) => beside.values.push(codec.encode(term)?),
            View::Leaf(_) => {}
        }
    }
    if as_decoded {
        beside.names.clear();
    }
    Some(beside)
}

/// Reads atoms.
pub(super) struct AtomReader<'c, C: ?Sized> {
    codec: &'c C,
    path: Vec<u8>,
}

impl<'c, C: ?Sized> AtomReader<'c, C> {
    pub(super) fn new(codec: &'c C) -> Self {
        Self {
            codec,
            path: Vec::new(),
        }
    }

    /// Forgets the last atom.
    pub(super) fn restart(&mut self) {
        self.path.clear();
    }

    /// The path of the last atom.
    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }

    /// The next atom. That it has the [path](Self::path) it was read from is not certain yet, if it has variables.
    pub(super) fn read<T: Term>(&mut self, input: &mut Input<'_>) -> Result<T, LoadError>
    where
        C: Codec<T>,
    {
        let start = input.offset();
        let shared = usize::from(input.byte()?);
        let rest = input.counted()?;
        if shared > self.path.len() {
            return Err(LoadError::at(start, Flaw::Entry));
        }
        self.path.truncate(shared);
        self.path.extend_from_slice(rest);

        let known = input.number()?;
        // Each is in the path.
        if known > self.path.len() as u64 {
            return Err(LoadError::at(start, Flaw::Atom));
        }
        let mut names: SmallVec<[_; 8]> = SmallVec::new();
        for _ in 0..known {
            names.push((input.text()?, input.number()?));
        }
        let mut unread = input.number()?;
        let (mut named, mut unreadable) = (0, None);
        let decoded = decode_with(
            &self.path,
            |number| {
                let decimal;
                let (name, id) = match names.get(number) {
                    Some(found) => *found,
                    None if names.is_empty() => {
                        decimal = number.to_string();
                        (&*decimal, 0)
                    }
                    None => return None,
                };
                named = number.saturating_add(1);
                T::leaf(Leaf::Variable { name, id })
            },
            |identity| {
                let mut read = || {
                    unread = unread
                        .checked_sub(1)
                        .ok_or_else(|| LoadError::at(start, Flaw::Opaque))?;
                    let value = self.codec.decode(input.counted()?);
                    // It must be the very value that was written, or it would be found in another place.
                    value
                        .filter(|value| matches!(value.view(), View::Leaf(Leaf::Opaque(found)) if found == identity))
                        .ok_or_else(|| LoadError::at(start, Flaw::Opaque))
                };
                read().map_err(|error| unreadable = Some(error)).ok()
            },
        );
        match decoded {
            Ok(atom) if (names.is_empty() || named == names.len()) && unread == 0 => Ok(atom),
            Ok(_) => Err(LoadError::at(start, Flaw::Atom)),
            Err(error) => Err(unreadable.unwrap_or_else(|| LoadError::at(start, Flaw::Path(error)))),
        }
    }
}
