use std::cell::Cell;
use std::{mem, slice};

use smallvec::SmallVec;

use super::{
    EXPRESSION, FLOAT, GROUNDED, LONG_EXPRESSION, LONG_STRING, LONG_SYMBOL, NEW_VARIABLE, OLD_VARIABLE, OPAQUE, SHORT,
    STRING, SYMBOL, TAGGED, ZERO,
};
use crate::term::small_map::Numbering;
use crate::term::{Float, Leaf, Tag, Term, View, contract};
use crate::varint;

/// An encoder of paths that reuses one buffer.
///
/// ```
/// use pleach::term::{Atom, Encoder};
///
/// let mut encoder = Encoder::new();
/// let [a, b]: [Atom; 2] = ["(p $x)", "(p $y)"].map(|text| text.parse().unwrap());
/// let path = encoder.encode(&a).bytes.to_vec();
/// assert_eq!(encoder.encode(&b).bytes, path);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

/// The path of a term, with properties of the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded<'a> {
    /// The path.
    pub bytes: &'a [u8],
    /// Number of different variables in the term.
    pub variables: usize,
    /// Whether [`Leaf::Opaque`] occurs in the term, so that the path can't be decoded.
    pub opaque: bool,
}

impl Encoder {
    /// Creates an encoder. Allocates nothing.
    pub fn new() -> Encoder {
        Encoder::default()
    }

    /// Encodes a term.
    ///
    /// Cost: O(size). Once the buffer has grown, it allocates only for terms that nest deeply or have many variables.
    pub fn encode<T: Term>(&mut self, term: &T) -> Encoded<'_> {
        self.encode_after(&[], [term])
    }

    /// Encodes terms one after another, behind tokens without variables. The terms have their variables in common.
    pub(crate) fn encode_after<const N: usize, T: Term>(&mut self, tokens: &[u8], terms: [&T; N]) -> Encoded<'_> {
        self.bytes.clear();
        self.bytes.extend_from_slice(tokens);
        self.append_all(terms)
    }

    /// Encodes the expression of these items.
    pub(crate) fn encode_items<T: Term>(&mut self, items: &[T]) -> Encoded<'_> {
        self.bytes.clear();
        write_length(&mut self.bytes, EXPRESSION, LONG_EXPRESSION, items.len());
        self.append_all(items)
    }

    #[inline]
    fn append_all<'t, T: Term>(&mut self, terms: impl IntoIterator<Item = &'t T>) -> Encoded<'_> {
        let bytes = &mut self.bytes;
        let mut variables = Numbering::new();
        let mut opaque = false;
        for term in terms {
            opaque |= append(bytes, &mut variables, term);
        }
        Encoded {
            bytes,
            variables: variables.len(),
            opaque,
        }
    }
}

/// Appends the path of a term, whose variables are numbered after those of earlier terms. Returns whether it has an opaque leaf.
#[inline]
fn append<'t, T: Term>(bytes: &mut Vec<u8>, variables: &mut Numbering<'t>, term: &'t T) -> bool {
    let mut opaque = false;
    let mut outer: SmallVec<[slice::Iter<'_, T>; 16]> = SmallVec::new();
    let mut items = slice::from_ref(term).iter();
    loop {
        let Some(term) = items.next() else {
            match outer.pop() {
                Some(rest) => items = rest,
                None => break,
            }
            continue;
        };
        match term.view() {
            View::Expression(inner) => {
                write_length(bytes, EXPRESSION, LONG_EXPRESSION, inner.len());
                let rest = mem::replace(&mut items, inner.iter());
                if rest.len() > 0 {
                    outer.push(rest);
                }
            }
            View::Tagged(tag, inner) => {
                write_tag(bytes, &tag, inner.len());
                let rest = mem::replace(&mut items, inner.iter());
                if rest.len() > 0 {
                    outer.push(rest);
                }
            }
            View::Leaf(Leaf::Symbol(name)) => write_symbol(bytes, name),
            View::Leaf(Leaf::Variable { name, id }) => match variables.number(name, id) {
                (_, true) => write_variable(bytes, None),
                (number, false) => write_variable(bytes, Some(number)),
            },
            View::Leaf(Leaf::Anonymous) => {
                variables.anonymous();
                write_variable(bytes, None);
            }
            View::Leaf(Leaf::Integer(value)) => write_integer(bytes, value),
            View::Leaf(Leaf::Float(value)) => write_float(bytes, value),
            View::Leaf(Leaf::String(text)) => write_string(bytes, text),
            View::Leaf(Leaf::Grounded(value)) => write_bytes(bytes, GROUNDED, &value),
            View::Leaf(Leaf::Opaque(value)) => {
                opaque = true;
                write_bytes(bytes, OPAQUE, &value);
            }
        }
    }
    opaque
}

/// Calls `encode` with this thread's encoder, so that reads and writes of an environment reuse its buffer.
pub(crate) fn with_encoder<R>(encode: impl FnOnce(&mut Encoder) -> R) -> R {
    thread_local! {
        static ENCODER: Cell<Option<Encoder>> = const { Cell::new(None) };
    }
    // Taken out while in use, since the term's own code may come back here; a fresh one if the thread is about to end.
    let mut encoder = ENCODER.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = encode(&mut encoder);
    // If the thread is about to end, the encoder goes with it.
    let _ = ENCODER.try_with(|slot| slot.set(Some(encoder)));
    result
}

#[inline]
fn write_symbol(bytes: &mut Vec<u8>, name: &str) {
    write_length(bytes, SYMBOL, LONG_SYMBOL, name.len());
    bytes.extend_from_slice(name.as_bytes());
}

#[inline]
fn write_string(bytes: &mut Vec<u8>, text: &str) {
    write_length(bytes, STRING, LONG_STRING, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

#[inline]
fn write_float(bytes: &mut Vec<u8>, value: f64) {
    bytes.push(FLOAT);
    bytes.extend_from_slice(&Float::new(value).to_ordered_bits().to_be_bytes());
}

/// Writes the head of a tagged compound, the number of its items and one more, and its tag, which is a leaf: a symbol, or with
/// data a grounded value whose bytes are the paths of both.
#[cold]
fn write_tag(bytes: &mut Vec<u8>, tag: &Tag<'_>, items: usize) {
    bytes.push(TAGGED);
    varint::write(bytes, (items as u64).saturating_add(1));
    let Some(data) = &tag.data else {
        return write_symbol(bytes, tag.name);
    };
    let mut both = Vec::new();
    write_symbol(&mut both, tag.name);
    match data {
        Leaf::Symbol(name) => write_symbol(&mut both, name),
        Leaf::Integer(value) => write_integer(&mut both, *value),
        Leaf::Float(value) => write_float(&mut both, *value),
        Leaf::String(text) => write_string(&mut both, text),
        Leaf::Grounded(value) => write_bytes(&mut both, GROUNDED, value),
        Leaf::Variable { .. } | Leaf::Anonymous | Leaf::Opaque(_) => {
            contract::broken("the data of a tag is a variable or an opaque value")
        }
    }
    write_bytes(bytes, GROUNDED, &both);
}

#[inline]
fn write_length(bytes: &mut Vec<u8>, short: u8, long: u8, length: usize) {
    if length < SHORT {
        bytes.push(short | length as u8);
    } else {
        bytes.push(long);
        varint::write(bytes, length as u64);
    }
}

/// Writes the token of a variable: its first occurrence, or the one with this number.
pub(crate) fn write_variable(bytes: &mut Vec<u8>, number: Option<u64>) {
    match number {
        None => bytes.push(NEW_VARIABLE),
        Some(number) => {
            bytes.push(OLD_VARIABLE);
            varint::write(bytes, number);
        }
    }
}

fn write_bytes(bytes: &mut Vec<u8>, head: u8, value: &[u8]) {
    bytes.push(head);
    varint::write(bytes, value.len() as u64);
    bytes.extend_from_slice(value);
}

fn write_integer(bytes: &mut Vec<u8>, value: i64) {
    let magnitude = value.unsigned_abs();
    let skipped = magnitude.leading_zeros() as usize / 8;
    let length = (8 - skipped) as u8;
    let (head, written) = if value < 0 {
        (ZERO - length, !magnitude)
    } else {
        (ZERO + length, magnitude)
    };
    bytes.push(head);
    bytes.extend_from_slice(written.to_be_bytes().get(skipped..).unwrap_or_default());
}
