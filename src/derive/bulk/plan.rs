//! Rules compiled for relations of interned values.

use crate::term::path::{Extent, Head, with_encoder};
use crate::term::small_map::SmallMap;
use crate::term::walk::for_each;
use crate::term::{Leaf, Term, View};

/// A pattern or a head as a row of a relation.
pub(super) struct Row {
    /// The common prefix of the paths of the relation: the number of items and the head; of a part of one, the arguments that
    /// its facts have in common too.
    pub(super) relation: Vec<u8>,
    pub(super) columns: Vec<Column>,
}

/// An argument.
pub(super) enum Column {
    /// A ground atom, by its path.
    Ground(Vec<u8>),
    Variable(usize),
    /// Any atom: an anonymous variable, or one that only a negated pattern has.
    Any,
    /// An expression with variables.
    Nested(Vec<Piece>),
}

/// A part of the path of an expression with variables.
#[derive(Clone)]
pub(super) enum Piece {
    Literal(Vec<u8>),
    Variable(usize),
}

impl Row {
    /// The row of a pattern; `None` if it isn't an expression whose head is a symbol or a value, or has an opaque value.
    /// Variables get numbers from `variables`.
    pub(super) fn new<'t, T: Term>(pattern: &'t T, variables: &mut Variables<'t>) -> Option<Self> {
        let View::Expression([head, arguments @ ..]) = pattern.view() else {
            return None;
        };
        let path = with_encoder(|encoder| {
            let encoded = encoder.encode(pattern);
            (!encoded.opaque).then(|| encoded.bytes.to_vec())
        })?;
        let whole = Extent::of(&path)?.length;
        let first = Extent::of(path.get(whole..)?)?;
        if first.variable || first.items > 0 || matches!(head.view(), View::Tagged(..)) {
            return None;
        }
        let columns = arguments.iter().map(|argument| Column::new(argument, variables));
        Some(Self {
            columns: columns.collect::<Option<_>>()?,
            relation: path.get(..whole + first.length)?.to_vec(),
        })
    }

    /// The row with any value for the variables from `bound` on; `None` if one occurs twice, or in an expression.
    pub(super) fn opened(mut self, bound: usize) -> Option<Self> {
        let mut open = Vec::new();
        for column in &mut self.columns {
            match column {
                Column::Variable(variable) if *variable >= bound => {
                    if open.contains(variable) {
                        return None;
                    }
                    open.push(*variable);
                    *column = Column::Any;
                }
                Column::Nested(pieces) => {
                    let mut pieces = pieces.iter();
                    if pieces.any(|piece| matches!(piece, Piece::Variable(variable) if *variable >= bound)) {
                        return None;
                    }
                }
                _ => {}
            }
        }
        Some(self)
    }

    /// Restricts the row to the facts that begin with its first ground arguments.
    pub(super) fn narrow(&mut self) {
        let is_ground = |column: &Column| matches!(column, Column::Ground(_));
        let count = self.columns.iter().take_while(|column| is_ground(column)).count();
        for column in self.columns.drain(..count) {
            if let Column::Ground(path) = column {
                self.relation.extend(path);
            }
        }
    }
}

/// The variables of a rule by name and id.
pub(super) struct Variables<'t> {
    numbers: SmallMap<(u64, &'t str), usize>,
    pub(super) len: usize,
}

impl Default for Variables<'_> {
    fn default() -> Self {
        Self {
            numbers: SmallMap::new(),
            len: 0,
        }
    }
}

impl<'t> Variables<'t> {
    fn number(&mut self, name: &'t str, id: u64) -> usize {
        if let Some(known) = self.numbers.get((id, name)) {
            return *known;
        }
        self.numbers.insert((id, name), self.len);
        self.len += 1;
        self.len - 1
    }
}

impl Column {
    fn new<'t, T: Term>(argument: &'t T, variables: &mut Variables<'t>) -> Option<Self> {
        match argument.view() {
            View::Leaf(Leaf::Variable { name, id }) => return Some(Self::Variable(variables.number(name, id))),
            View::Leaf(Leaf::Anonymous) => return Some(Self::Any),
            _ => {}
        }
        let path = with_encoder(|encoder| encoder.encode(argument).bytes.to_vec());
        let mut leaves = Vec::new();
        let mut is_anonymous = false;
        for_each(argument, |term| match term.view() {
            View::Expression(items) | View::Tagged(_, items) => items,
            View::Leaf(Leaf::Variable { name, id }) => {
                leaves.push(variables.number(name, id));
                &[]
            }
            View::Leaf(leaf) => {
                is_anonymous |= matches!(leaf, Leaf::Anonymous);
                &[]
            }
        });
        if is_anonymous {
            return None;
        }
        if leaves.is_empty() {
            return Some(Self::Ground(path));
        }
        // The variables of the path, in the order of the walk.
        let (mut pieces, mut literal, mut leaves, mut start) = (Vec::new(), Vec::new(), leaves.into_iter(), 0);
        while let Some(token) = path.get(start..).and_then(Extent::of) {
            let bytes = &path[start..start + token.length];
            if token.variable {
                debug_assert!(matches!(Head::of(bytes[0]), Head::NewVariable | Head::OldVariable));
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Variable(leaves.next()?));
            } else {
                literal.extend_from_slice(bytes);
            }
            start += token.length;
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Some(Self::Nested(pieces))
    }
}
