//! Cells that two forks changed differently, and how to resolve them.

pub mod resolve;

use std::fmt;

use super::cell::{Cell, Cells, Content, changes, set};
use crate::term::{Atom, Print, Term};

/// A cell that both operands of a union changed: to different contents, or, in the methods named `…_all`, to any.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict<T = Atom> {
    /// The cell.
    pub cell: Cell,
    /// The content that both inherited, if the cell existed; `None` if the cell is `disputed`.
    pub base: Option<T>,
    /// Whether the merge bases of a criss-cross conflict in this cell, so that it has no base value. Then it is a conflict even
    /// if one operand has the content of one of these bases.
    pub disputed: bool,
    /// The content in the left operand.
    pub ours: Option<T>,
    /// The content in the right operand.
    pub theirs: Option<T>,
}

/// The resolution of a [`Conflict`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution<T = Atom> {
    /// The content in the left operand.
    Ours,
    /// The content in the right operand.
    Theirs,
    /// This content.
    Value(T),
    /// None: the union fails with this conflict.
    Fail,
}

/// The error of a merge: the conflicts for which the resolver returned [`Resolution::Fail`], in the order of their cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicts<T = Atom>(pub Vec<Conflict<T>>);

impl<T: Term> fmt::Display for Conflicts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cells changed on both sides:")?;
        for Conflict { cell, ours, theirs, .. } in &self.0 {
            let print = |term: &Option<T>| term.as_ref().map_or("nothing".into(), |term| Print(term).to_string());
            write!(f, " {cell} ({} or {})", print(ours), print(theirs))?;
        }
        Ok(())
    }
}

impl<T: Term + fmt::Debug> std::error::Error for Conflicts<T> {}

/// A borrowed resolver, and the cells that it decides about.
pub(crate) struct Resolver<'a, T> {
    decide: &'a mut dyn FnMut(&Conflict<T>) -> Resolution<T>,
    /// Whether it decides about all cells that both operands changed, and not only where their contents differ.
    pub(crate) decides_all: bool,
}

impl<'a, T> Resolver<'a, T> {
    /// A resolver of the cells that both operands changed to different contents.
    pub(crate) fn of_differences(decide: &'a mut dyn FnMut(&Conflict<T>) -> Resolution<T>) -> Self {
        Self {
            decide,
            decides_all: false,
        }
    }

    /// A resolver of all cells that both operands changed.
    pub(crate) fn of_all(decide: &'a mut dyn FnMut(&Conflict<T>) -> Resolution<T>) -> Self {
        Self {
            decide,
            decides_all: true,
        }
    }
}

/// Merges the changes from `base` to `theirs` into `ours`, and returns the conflicts that the resolver gave up on. The cells
/// in `disputed`, which ascend, have no base value. O(d · log n) for d changed and disputed cells.
pub(crate) fn merge_cells<T: Term>(
    ours: &mut Cells<T>,
    base: &Cells<T>,
    disputed: &[Cell],
    theirs: &Cells<T>,
    resolver: &mut Resolver<'_, T>,
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
        } else if here != to || resolver.decides_all {
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
        if here != to || resolver.decides_all {
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
        match (resolver.decide)(conflict) {
            Resolution::Ours => {}
            Resolution::Theirs => set(ours, conflict.cell, conflict.theirs.take().map(Content)),
            Resolution::Value(value) => set(ours, conflict.cell, Some(Content(value))),
            Resolution::Fail => return true,
        }
        false
    });
    conflicts
}

/// As [`merge_cells`] without a resolver: leaves the cells in conflict as they are, and returns them in ascending order.
pub(crate) fn disputes<T: Term>(
    ours: &mut Cells<T>,
    base: &Cells<T>,
    disputed: &[Cell],
    theirs: &Cells<T>,
) -> Vec<Cell> {
    let mut fail = resolve::fail;
    let conflicts = merge_cells(ours, base, disputed, theirs, &mut Resolver::of_differences(&mut fail));
    conflicts.into_iter().map(|conflict| conflict.cell).collect()
}
