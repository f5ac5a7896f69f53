use super::{
    EXPRESSION, FLOAT, GROUNDED, LONG_EXPRESSION, LONG_STRING, LONG_SYMBOL, MOST_NEGATIVE, MOST_POSITIVE, NEW_VARIABLE,
    OLD_VARIABLE, OPAQUE, SHORT, STRING, TAGGED, ZERO,
};
use crate::varint;

/// The structure of a token, as its first byte determines it: enough to skip the token without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// The first occurrence of a variable; no data.
    NewVariable,
    /// A later occurrence of a variable; its number follows.
    OldVariable,
    /// A leaf, with this number of bytes of data.
    Leaf(usize),
    /// A leaf; the number of its bytes follows, then the bytes.
    LongLeaf,
    /// An expression with this number of items, which follow.
    Expression(usize),
    /// An expression, or a tagged compound, whose tag counts as an item; the number of its items follows, then the items.
    LongExpression,
    /// Not the head of a token.
    Reserved,
}

impl Head {
    /// Decodes a head byte.
    pub(crate) fn of(byte: u8) -> Head {
        let short = usize::from(byte & (SHORT as u8 - 1));
        match byte {
            EXPRESSION.. => Head::Expression(short),
            STRING.. => Head::Leaf(short),
            NEW_VARIABLE => Head::NewVariable,
            OLD_VARIABLE => Head::OldVariable,
            GROUNDED | OPAQUE | LONG_STRING | LONG_SYMBOL => Head::LongLeaf,
            FLOAT => Head::Leaf(8),
            MOST_NEGATIVE..=MOST_POSITIVE => Head::Leaf(usize::from(byte.abs_diff(ZERO))),
            LONG_EXPRESSION | TAGGED => Head::LongExpression,
            _ => Head::Reserved,
        }
    }
}

/// The length and the structure of a token, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The length in bytes.
    pub(crate) length: usize,
    /// The number of items that follow it.
    pub(crate) items: usize,
    /// Whether it is a variable.
    pub(crate) variable: bool,
}

impl Extent {
    /// Returns the extent of the token at the start of `path`; `None` if there is none. O(1): the token isn't
    /// validated.
    pub(crate) fn of(path: &[u8]) -> Option<Extent> {
        let (head, rest) = path.split_first()?;
        let token = |length, items, variable| Extent {
            length,
            items,
            variable,
        };
        let extent = match Head::of(*head) {
            Head::NewVariable => token(1, 0, true),
            Head::OldVariable => token(1 + read_number(rest)?.1, 0, true),
            Head::Leaf(bytes) => token(1 + bytes, 0, false),
            Head::LongLeaf => {
                let (bytes, length) = read_number(rest)?;
                token((1 + length).saturating_add(bytes), 0, false)
            }
            Head::Expression(items) => token(1, items, false),
            Head::LongExpression => {
                let (items, length) = read_number(rest)?;
                token(1 + length, items, false)
            }
            Head::Reserved => return None,
        };
        (extent.length <= path.len()).then_some(extent)
    }

    /// Returns the length in bytes of the atom at the start of `path`, and whether it has a variable; `None` if there
    /// is none.
    pub(crate) fn of_atom(path: &[u8]) -> Option<(usize, bool)> {
        let (mut end, mut missing, mut variable) = (0, 1usize, false);
        while missing > 0 {
            let token = Extent::of(path.get(end..)?)?;
            end += token.length;
            variable |= token.variable;
            missing = (missing - 1).saturating_add(token.items);
        }
        Some((end, variable))
    }
}

/// Reads the number at the start of `bytes`. Returns it and its length in bytes.
pub(crate) fn read_number(bytes: &[u8]) -> Option<(usize, usize)> {
    let (value, length) = varint::read(bytes).ok()?;
    Some((usize::try_from(value).ok()?, length))
}
