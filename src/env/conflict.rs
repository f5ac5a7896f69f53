//! Conflicts: cells that two forks changed, and spaces that one removed and the other changed.

pub mod resolve;

use std::fmt;

use super::cell::{Cell, Cells, Content, changes, set};
use super::id::SpaceId;
use crate::term::{Atom, Print, Term};

/// The cell or space that a [`Conflict`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Subject {
    /// A cell that both operands changed: to different contents, or, in the methods named `…_all`, to any.
    Cell(Cell),
    /// A space that one operand removed and the other changed.
    Space(SpaceId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cell(cell) => cell.fmt(f),
            Self::Space(id) => id.fmt(f),
        }
    }
}

/// An operand of a union.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a union has two operands")]
pub enum Side {
    /// The left one.
    Ours,
    /// The right one.
    Theirs,
}

/// A question that a union asks its resolver: how to merge changes of both operands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict<T = Atom> {
    /// The cell or space in conflict.
    pub subject: Subject,
    /// The operand that doesn't have the cell or space, if one doesn't.
    pub missing: Option<Side>,
    /// The content that both inherited, if the cell existed; `None` if it is `disputed`, and for a space, like the contents
    /// below.
    pub base: Option<T>,
    /// Whether the merge bases of a criss-cross conflict in this cell or space, so that it has no base value. Then it is a
    /// conflict even if one operand has the content of one of these bases.
    pub disputed: bool,
    /// The content in the left operand.
    pub ours: Option<T>,
    /// The content in the right operand.
    pub theirs: Option<T>,
}

impl<T> Conflict<T> {
    /// Returns the cell, if the conflict is about one.
    #[must_use]
    pub fn cell(&self) -> Option<Cell> {
        match self.subject {
            Subject::Cell(cell) => Some(cell),
            Subject::Space(_) => None,
        }
    }
}

/// The resolution of a [`Conflict`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution<T = Atom> {
    /// The content in the left operand.
    Ours,
    /// The content in the right operand.
    Theirs,
    /// This content. For a space it is as `Fail`.
    Value(T),
    /// None: the union fails with this conflict.
    Fail,
}

/// The error of a merge: the conflicts for which the resolver returned [`Resolution::Fail`], in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicts<T = Atom>(pub Vec<Conflict<T>>);

impl<T: Term> fmt::Display for Conflicts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("changed on both sides:")?;
        for Conflict {
            subject,
            missing,
            ours,
            theirs,
            ..
        } in &self.0
        {
            let print = |term: &Option<T>, side| match (subject, term) {
                (_, Some(term)) => Print(term).to_string(),
                (Subject::Space(_), None) if *missing == Some(side) => "removed".into(),
                (Subject::Space(_), None) => "changed".into(),
                (Subject::Cell(_), None) => "nothing".into(),
            };
            write!(
                f,
                " {subject} ({} or {})",
                print(ours, Side::Ours),
                print(theirs, Side::Theirs)
            )?;
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

impl<'a, T: Term> Resolver<'a, T> {
    /// The content that this resolver decides for whichever operand is the left one; `None` if it gives up, or if its decision
    /// depends on the order of the operands.
    pub(crate) fn decide_symmetrically(&mut self, conflict: &Conflict<T>) -> Option<Option<Content<T>>> {
        let swapped = Conflict {
            missing: missing([conflict.theirs.is_some(), conflict.ours.is_some()]),
            ours: conflict.theirs.clone(),
            theirs: conflict.ours.clone(),
            ..conflict.clone()
        };
        let mut decide = |conflict: &Conflict<T>| match (self.decide)(conflict) {
            Resolution::Ours => Some(conflict.ours.clone().map(Content)),
            Resolution::Theirs => Some(conflict.theirs.clone().map(Content)),
            Resolution::Value(value) => Some(Some(Content(value))),
            Resolution::Fail => None,
        };
        let decided = decide(conflict)?;
        (decide(&swapped)? == decided).then_some(decided)
    }

    /// The conflicts that this resolver gives up on. Those that it decides for `theirs` or for a value are passed to `apply`,
    /// with the content if there is one.
    pub(crate) fn settle(
        &mut self,
        mut conflicts: Vec<Conflict<T>>,
        mut apply: impl FnMut(Subject, Option<T>),
    ) -> Vec<Conflict<T>> {
        // A map's own order is that of hashes.
        conflicts.sort_unstable_by_key(|conflict| conflict.subject);
        conflicts.retain_mut(|conflict| {
            match ((self.decide)(conflict), conflict.subject) {
                (Resolution::Ours, _) => {}
                (Resolution::Theirs, subject) => apply(subject, conflict.theirs.take()),
                (Resolution::Value(value), subject @ Subject::Cell(_)) => apply(subject, Some(value)),
                (Resolution::Value(_), Subject::Space(_)) | (Resolution::Fail, _) => return true,
            }
            false
        });
        conflicts
    }

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
    let conflicts = merge_unilateral(ours, base, disputed, theirs, resolver.decides_all);
    resolver.settle(conflicts, |subject, content| match subject {
        Subject::Cell(cell) => set(ours, cell, content.map(Content)),
        Subject::Space(_) => unreachable!("these are cells"),
    })
}

/// Merges the changes that only `theirs` made since `base` into `ours`, and returns the other cells that both changed, to
/// different contents or, if `all`, to any.
pub(crate) fn merge_unilateral<T: Term>(
    ours: &mut Cells<T>,
    base: &Cells<T>,
    disputed: &[Cell],
    theirs: &Cells<T>,
    all: bool,
) -> Vec<Conflict<T>> {
    let conflict = |cell, disputed, [base, ours, theirs]: [Option<&Content<T>>; 3]| {
        let term = |content: Option<&Content<T>>| content.map(|content| content.0.clone());
        Conflict {
            subject: Subject::Cell(cell),
            missing: missing([ours.is_some(), theirs.is_some()]),
            base: term(base),
            disputed,
            ours: term(ours),
            theirs: term(theirs),
        }
    };
    let mut conflicts = Vec::new();
    for (cell, from, to) in changes(base, theirs) {
        if disputed.binary_search(&cell).is_ok() {
            continue;
        }
        let here = ours.get(&cell);
        if here == from {
            set(ours, cell, to.cloned());
        } else if here != to || all {
            conflicts.push(conflict(cell, false, [from, here, to]));
        }
    }
    for cell in disputed {
        let (here, to) = (ours.get(cell), theirs.get(cell));
        if here != to || all {
            conflicts.push(conflict(*cell, true, [None, here, to]));
        }
    }
    conflicts
}

/// The side that doesn't have something, by whether each has it.
fn missing(has: [bool; 2]) -> Option<Side> {
    match has {
        [false, true] => Some(Side::Ours),
        [true, false] => Some(Side::Theirs),
        _ => None,
    }
}

/// The conflict about a space that only one side has.
pub(crate) fn about_space<T>(id: SpaceId, missing: Side, disputed: bool) -> Conflict<T> {
    Conflict {
        subject: Subject::Space(id),
        missing: Some(missing),
        base: None,
        disputed,
        ours: None,
        theirs: None,
    }
}

/// As [`merge_cells`] without a resolver: leaves the cells in conflict as they are, and returns them in ascending order.
pub(crate) fn disputes<T: Term>(
    ours: &mut Cells<T>,
    base: &Cells<T>,
    disputed: &[Cell],
    theirs: &Cells<T>,
) -> Vec<Cell> {
    let mut conflicts = merge_unilateral(ours, base, disputed, theirs, false);
    conflicts.sort_unstable_by_key(|conflict| conflict.subject);
    conflicts.iter().filter_map(Conflict::cell).collect()
}
