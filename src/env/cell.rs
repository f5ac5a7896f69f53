//! Mutable cells of an environment: states, found by id, and bindings, found by name.

use std::fmt;
use std::hash::{Hash, Hasher};

use equivalent::Equivalent;

use super::id::StateId;
use crate::map::{Change, Map};
use crate::term::{Atom, Print, Symbol, Term, alpha_eq};

/// The name of a mutable cell, which holds one term at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cell {
    /// A state made by [`new_state`](crate::Environment::new_state).
    State(StateId),
    /// The atom that a name is [bound](crate::Environment::bind) to.
    Binding(Symbol),
}

impl Cell {
    fn borrowed(&self) -> CellRef<'_> {
        match self {
            Self::State(id) => CellRef::State(*id),
            Self::Binding(name) => CellRef::Binding(name.as_str()),
        }
    }
}

impl Hash for Cell {
    /// As `CellRef`, by the characters of the name: a read has a `&str` and must not ask the interner, which locks.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrowed().hash(state);
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(id) => id.fmt(f),
            // As the parser reads it: a name may hold any character.
            Self::Binding(name) => Print(&Atom::Symbol(*name)).fmt(f),
        }
    }
}

/// A [`Cell`] to look up.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum CellRef<'a> {
    State(StateId),
    Binding(&'a str),
}

impl Equivalent<Cell> for CellRef<'_> {
    fn equivalent(&self, cell: &Cell) -> bool {
        *self == cell.borrowed()
    }
}

/// The term in a cell. Equality is up to the names of variables, as of atoms.
#[derive(Clone, Debug)]
pub(crate) struct Content<T>(pub(crate) T);

impl<T: Term> PartialEq for Content<T> {
    fn eq(&self, other: &Self) -> bool {
        alpha_eq(&self.0, &other.0)
    }
}

pub(crate) type Cells<T> = Map<Cell, Content<T>>;

/// The cells that differ, with their contents before and after, in no order.
pub(crate) fn changes<'a, T: Term>(
    from: &'a Cells<T>,
    to: &'a Cells<T>,
) -> impl Iterator<Item = (Cell, Option<&'a Content<T>>, Option<&'a Content<T>>)> {
    from.diff(to).map(|change| match change {
        Change::Added { key, new } => (*key, None, Some(new)),
        Change::Removed { key, old } => (*key, Some(old), None),
        Change::Changed { key, old, new } => (*key, Some(old), Some(new)),
    })
}

pub(crate) fn set<T: Term>(cells: &mut Cells<T>, cell: Cell, content: Option<Content<T>>) {
    match content {
        Some(content) => drop(cells.insert(cell, content)),
        None => drop(cells.remove(&cell)),
    }
}
