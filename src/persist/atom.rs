//! Encoding of atoms: the path, prefix-compressed against the atom before, and what a path leaves out, which is the
//! names of variables and the content of opaque values.
//!
//! ```text
//! shared (1 byte)   suffix (counted bytes)   names (number)   each: name (counted), id (number)
//!                                            opaque values (number)   each: counted bytes
//! ```
//! There is one name per variable, in the order of first occurrence; or none, if the names are `0`, `1`, … as in a
//! decoded path. The name of an anonymous variable is the byte ff, which no text has, and its id 0.

use std::ops::ControlFlow;

use smallvec::SmallVec;

use super::block::{ContentReader, write_bytes};
use super::codec::Codec;
use super::error::{Flaw, LoadError, SaveError};
use crate::term::path::decode_with;
use crate::term::small_map::Numbering;
use crate::term::walk::try_for_each;
use crate::term::{Encoder, Leaf, Print, Term, View};
use crate::varint;

/// Greatest prefix that two consecutive paths share: bounded, so that a short file can't expand without limit.
pub(super) const MAX_SHARED: usize = u8::MAX as usize;

/// Stands for the name of an anonymous variable. It isn't UTF-8, so no variable has that name.
const ANONYMOUS: &[u8] = &[0xff];

/// Returns the length of the common prefix of `a` and `b`.
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
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

    /// Starts a sequence that can be read by itself: the next atom is written in full.
    pub(super) fn restart(&mut self) {
        self.last.clear();
    }

    /// Writes an atom. O(size).
    pub(super) fn write<T: Term>(&mut self, out: &mut Vec<u8>, atom: &T) -> Result<(), SaveError>
    where
        C: Codec<T>,
    {
        let encoded = self.encoder.encode(atom);
        let shared = common_prefix(&self.last, encoded.bytes).min(MAX_SHARED);
        let suffix = encoded.bytes.get(shared..).unwrap_or_default();
        out.push(shared as u8);
        write_bytes(out, suffix);
        self.last.truncate(shared);
        self.last.extend_from_slice(suffix);
        if encoded.variables == 0 && !encoded.opaque {
            out.extend([0, 0]);
            return Ok(());
        }
        let Some(side_data) = SideData::of(atom, self.codec) else {
            let atom = Print(atom).to_string();
            return Err(SaveError::Opaque {
                place: None,
                atom: atom.chars().take(200).collect(),
            });
        };
        varint::write(out, side_data.names.len() as u64);
        for name in side_data.names {
            let (name, id) = name.map_or((ANONYMOUS, 0), |(name, id)| (name.as_bytes(), id));
            write_bytes(out, name);
            varint::write(out, id);
        }
        varint::write(out, side_data.values.len() as u64);
        for value in side_data.values {
            write_bytes(out, &value);
        }
        Ok(())
    }
}

/// The parts of an atom that its path leaves out.
#[derive(Default)]
struct SideData<'a> {
    /// Names and ids of the variables, `None` for an anonymous one; empty if they are those of a decoded path.
    names: Vec<Option<(&'a str, u64)>>,
    /// Opaque values, encoded.
    values: Vec<Vec<u8>>,
}

impl<'a> SideData<'a> {
    /// Returns `None` if the codec doesn't encode a value.
    fn of<T: Term>(atom: &'a T, codec: &(impl Codec<T> + ?Sized)) -> Option<Self> {
        let mut side_data = Self::default();
        let mut variables = Numbering::new();
        let mut is_as_decoded = true;
        let unencodable = try_for_each(atom, |term| {
            match term.view() {
                View::Expression(items) | View::Tagged(_, items) => return ControlFlow::Continue(items),
                View::Leaf(Leaf::Variable { name, id }) => {
                    if let (number, true) = variables.number(name, id) {
                        is_as_decoded &= id == 0 && name == number.to_string();
                        side_data.names.push(Some((name, id)));
                    }
                }
                View::Leaf(Leaf::Anonymous) => {
                    variables.anonymous();
                    is_as_decoded = false;
                    side_data.names.push(None);
                }
                View::Leaf(Leaf::Opaque(_)) => match codec.encode(term) {
                    Some(value) => side_data.values.push(value),
                    None => return ControlFlow::Break(()),
                },
                View::Leaf(_) => {}
            }
            ControlFlow::Continue(&[])
        });
        if unencodable.is_break() {
            return None;
        }
        if is_as_decoded {
            side_data.names.clear();
        }
        Some(side_data)
    }
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

    /// Starts a new sequence.
    pub(super) fn restart(&mut self) {
        self.path.clear();
    }

    /// Path of the last atom read.
    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }

    /// Reads the next atom. If it has variables, the caller still has to check that its path is [the one
    /// read](Self::path).
    pub(super) fn read<T: Term>(&mut self, input: &mut ContentReader<'_>) -> Result<T, LoadError>
    where
        C: Codec<T>,
    {
        let start = input.offset();
        let shared = usize::from(input.byte()?);
        let suffix = input.bytes()?;
        if shared > self.path.len() {
            return Err(LoadError::at(start, Flaw::Entry));
        }
        self.path.truncate(shared);
        self.path.extend_from_slice(suffix);

        let name_count = input.number()?;
        // Each variable takes a byte of the path at least.
        if name_count > self.path.len() as u64 {
            return Err(LoadError::at(start, Flaw::Atom));
        }
        let mut names: SmallVec<[_; 8]> = SmallVec::new();
        for _ in 0..name_count {
            let at = input.offset();
            let (name, id) = (input.bytes()?, input.number()?);
            names.push(match (name, std::str::from_utf8(name)) {
                (_, Ok(name)) => Some((name, id)),
                (ANONYMOUS, _) if id == 0 => None,
                _ => return Err(LoadError::at(at, Flaw::Entry)),
            });
        }
        let mut unread_values = input.number()?;
        let (mut named, mut value_error) = (0, None);
        let decoded = decode_with(
            &self.path,
            |number| {
                let decimal;
                let leaf = match names.get(number) {
                    Some(Some((name, id))) => Leaf::Variable { name, id: *id },
                    Some(None) => Leaf::Anonymous,
                    None if names.is_empty() => {
                        decimal = number.to_string();
                        Leaf::Variable { name: &decimal, id: 0 }
                    }
                    None => return None,
                };
                named = number.saturating_add(1);
                T::leaf(leaf)
            },
            |identity| {
                let mut read = || {
                    unread_values = unread_values
                        .checked_sub(1)
                        .ok_or_else(|| LoadError::at(start, Flaw::Opaque))?;
                    let value = self.codec.decode(input.bytes()?);
                    // Another identity would belong under another key.
                    value
                        .filter(|value| matches!(value.view(), View::Leaf(Leaf::Opaque(found)) if found == identity))
                        .ok_or_else(|| LoadError::at(start, Flaw::Opaque))
                };
                read().map_err(|error| value_error = Some(error)).ok()
            },
        );
        match decoded {
            Ok(atom) if (names.is_empty() || named == names.len()) && unread_values == 0 => Ok(atom),
            Ok(_) => Err(LoadError::at(start, Flaw::Atom)),
            Err(error) => Err(value_error.unwrap_or_else(|| LoadError::at(start, Flaw::Path(error)))),
        }
    }
}
