//! Mutable cells of an environment: states, found by id, and bindings, found by name; and what happens when two forks
//! change one differently.

use std::fmt;
use std::hash::{Hash, Hasher};

use equivalent::Equivalent;

use super::id::StateId;
use crate::map::{Change, Map};
use crate::term::{Atom, Print, Symbol, Term, alpha_eq};

/// A place that holds one term at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// A state made by [`new_state`](crate::Environment::new_state).
    State(StateId),
    /// What a name is [bound](crate::Environment::bind) to.
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

/// What a cell holds, compared as atoms are: up to the names of variables.
#[derive(Clone, Debug)]
pub(crate) struct Content<T>(pub(crate) T);

impl<T: Term> PartialEq for Content<T> {
    fn eq(&self, other: &Self) -> bool {
        alpha_eq(&self.0, &other.0)
    }
}

/// A cell that two forks left with different contents.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict<T = Atom> {
    /// The cell.
    pub cell: Cell,
    /// What both inherited, if it existed then; `None` if the cell is `disputed`.
    pub base: Option<T>,
    /// Did both inherit versions that conflict with each other in this cell? Then it has no base value, and is a conflict
    /// even if one of the operands holds what one of these versions held.
    pub disputed: bool,
    /// What the left operand holds.
    pub ours: Option<T>,
    /// What the right operand holds.
    pub theirs: Option<T>,
}

/// What to do about a [`Conflict`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution<T = Atom> {
    /// Keep what the left operand holds.
    Ours,
    /// Take what the right operand holds.
    Theirs,
    /// Put this in the cell.
    Value(T),
    /// Give up: there is no union, and the caller gets the conflict.
    Fail,
}

/// The conflicts that a resolver gave up on, in the order of their cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicts<T = Atom>(pub Vec<Conflict<T>>);

impl<T: Term> fmt::Display for Conflicts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("changed differently on both sides:")?;
        for Conflict { cell, ours, theirs, .. } in &self.0 {
            let print = |term: &Option<T>| term.as_ref().map_or("nothing".into(), |term| Print(term).to_string());
            write!(f, " {cell} ({} or {})", print(ours), print(theirs))?;
        }
        Ok(())
    }
}

impl<T: Term + fmt::Debug> std::error::Error for Conflicts<T> {}

/// Resolvers ready-made, for [`union_with`](crate::Environment::union_with).
pub mod resolve {
    use super::{Conflict, Resolution};

    /// The left operand wins.
    pub fn ours<T>(_: &Conflict<T>) -> Resolution<T> {
        Resolution::Ours
    }

    /// The right operand wins, as if it had run after the left one. What [`union`](crate::Environment::union) does.
    pub fn theirs<T>(_: &Conflict<T>) -> Resolution<T> {
        Resolution::Theirs
    }

    /// Nobody wins: the union fails with the list of conflicts.
    pub fn fail<T>(_: &Conflict<T>) -> Resolution<T> {
        Resolution::Fail
    }
}

/// A resolver, borrowed.
pub(crate) type Resolve<'a, T> = &'a mut dyn FnMut(&Conflict<T>) -> Resolution<T>;

pub(crate) type Cells<T> = Map<Cell, Content<T>>;

/// Applies what leads from `base` to `theirs` to `ours`, and returns the conflicts that `resolve` gave up on. Cells in
/// `disputed`, which ascend, have no base value. Costs what `theirs` changed, and the disputed cells.
pub(crate) fn merge<T: Term>(
    ours: &mut Cells<T>,
    base: &Cells<T>,
    disputed: &[Cell],
    theirs: &Cells<T>,
    resolve: Resolve<'_, T>,
) -> Vec<Conflict<T>> {
    let term = |content: Option<&Content<T>>| content.map(|content| content.0.clone());
    let mut conflicts = Vec::new();
    for (cell, from, to) in changes(base, theirs) {
        if disputed.binary_search(&cell).is_ok() {
            continue;
        }
        let here = ours.get(&cell);
        if here == from {
            set(ours, cell, to.cloned());
        } else if here != to {
            conflicts.push(Conflict {
                cell,
                base: term(from),
                disputed: false,
                ours: term(here),
                theirs: term(to),
            });
        }
    }
    for cell in disputed {
        let (here, to) = (ours.get(cell), theirs.get(cell));
        if here != to {
            conflicts.push(Conflict {
                cell: *cell,
                base: None,
                disputed: true,
                ours: term(here),
                theirs: term(to),
            });
        }
    }
    // The map's own order is that of hashes.
    conflicts.sort_unstable_by_key(|conflict| conflict.cell);
    conflicts.retain_mut(|conflict| {
        match resolve(conflict) {
            Resolution::Ours => {}
            Resolution::Theirs => set(ours, conflict.cell, conflict.theirs.take().map(Content)),
            Resolution::Value(value) => set(ours, conflict.cell, Some(Content(value))),
            Resolution::Fail => return true,
        }
        false
    });
    conflicts
}

/// As [`merge`], with nobody to ask: returns the cells in conflict, ascending, and leaves them as they are.
pub(crate) fn disputes<T: Term>(
    ours: &mut Cells<T>,
    base: &Cells<T>,
    disputed: &[Cell],
    theirs: &Cells<T>,
) -> Vec<Cell> {
    let conflicts = merge(ours, base, disputed, theirs, &mut |_| Resolution::Fail);
    conflicts.into_iter().map(|conflict| conflict.cell).collect()
}

/// What two sets of cells hold differently, in no order.
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
