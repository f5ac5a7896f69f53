//! Patches: the changes from one environment to another, as a value.

mod definition_order;
#[cfg(feature = "serde")]
mod serde;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::cell::{self, Cell, Cells, Content};
use super::conflict::{Conflict, Conflicts, Resolution, Resolver, Side, Subject, about_space, merge_cells, resolve};
use super::edit::{Delta, Edit, Edits};
use super::environment::Environment;
use super::id::{SpaceId, SpaceKind};
use super::record::{FactChange, count};
use super::snapshot::Snapshot;
use super::space::{Space, decode};
use super::world::World;
use crate::map;
use crate::term::path::with_encoder;
use crate::term::{Atom, Print, Term};

/// A difference between two environments.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change<T = Atom> {
    /// A change of an atom's multiplicity.
    Atom {
        /// The named space it is in, or `None` for the environment's own.
        space: Option<SpaceId>,
        /// The atom.
        atom: T,
        /// The multiplicity before.
        from: u64,
        /// The multiplicity after.
        to: u64,
    },
    /// The creation of a named space, before the changes of its atoms. Its [kind](SpaceId::kind) is part of its id.
    SpaceCreated(SpaceId),
    /// The removal of a named space, after the changes of its atoms, which remove all.
    SpaceRemoved(SpaceId),
    /// A change of a cell's content.
    Cell {
        /// The state or the binding.
        cell: Cell,
        /// The content before, if the cell existed.
        from: Option<T>,
        /// The content after, if the cell exists.
        to: Option<T>,
    },
}

/// The changes from one environment to another: made by [`Environment::diff`], applied by [`Environment::apply`].
///
/// A patch is independent of both environments. The environment's own space comes first, then the named ones, then cells. In
/// each space, plain facts come first, in the order of their paths, then rules and annotations, in the definition order of
/// the second environment.
///
/// ```
/// # use pleach::{Atom, Environment};
/// let mut env = Environment::<Atom>::new();
/// env.add_fact("(p 1)".parse()?);
/// let mut fork = env.clone();
/// fork.add_fact("(p 1)".parse()?);
/// fork.add_rule("(f $x)".parse()?, "$x".parse()?);
///
/// let patch = env.diff(&fork);
/// assert_eq!(patch.to_string(), "+1 (p 1)\n+1 (= (f $x) $x)\n");
///
/// let mut elsewhere = Environment::<Atom>::new();
/// elsewhere.apply(&patch);
/// assert_eq!(elsewhere.len(), 2);
/// elsewhere.apply(&patch.inverse());
/// assert!(elsewhere.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch<T = Atom> {
    changes: Vec<Change<T>>,
}

impl<T> Patch<T> {
    /// Returns `true` if there are no changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Returns the number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Returns an iterator over the changes, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Change<T>> {
        self.changes.iter()
    }
}

impl<T: Clone> Patch<T> {
    /// Returns the patch that undoes this one. Restored definitions come last.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let undo = |change: &Change<T>| match change.clone() {
            Change::Atom { space, atom, from, to } => Change::Atom {
                space,
                atom,
                from: to,
                to: from,
            },
            Change::SpaceCreated(id) => Change::SpaceRemoved(id),
            Change::SpaceRemoved(id) => Change::SpaceCreated(id),
            Change::Cell { cell, from, to } => Change::Cell {
                cell,
                from: to,
                to: from,
            },
        };
        let mut changes: Vec<_> = self.changes.iter().map(undo).collect();
        // A space is created before the changes of its atoms, and removed after them.
        changes.sort_by_key(|change| match change {
            Change::SpaceCreated(id) => (0, Some(*id), 0),
            Change::Atom { space, .. } => (0, *space, 1),
            Change::SpaceRemoved(id) => (0, Some(*id), 2),
            Change::Cell { .. } => (1, None, 0),
        });
        Self { changes }
    }
}

impl<T> FromIterator<Change<T>> for Patch<T> {
    fn from_iter<I: IntoIterator<Item = Change<T>>>(changes: I) -> Self {
        Self {
            changes: changes.into_iter().collect(),
        }
    }
}

impl<T> IntoIterator for Patch<T> {
    type Item = Change<T>;
    type IntoIter = std::vec::IntoIter<Change<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.changes.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Patch<T> {
    type Item = &'a Change<T>;
    type IntoIter = std::slice::Iter<'a, Change<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One change a line: `+1 (an atom)`, `-2 (another)`, `state-1: (old) -> (new)`.
impl<T: Term> fmt::Display for Patch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes.iter().try_for_each(|change| writeln!(f, "{change}"))
    }
}

impl<T: Term> fmt::Display for Change<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Atom { space, atom, from, to } => {
                if let Some(space) = space {
                    write!(f, "{space}: ")?;
                }
                let (sign, by) = if to >= from { ('+', to - from) } else { ('-', from - to) };
                write!(f, "{sign}{by} {}", Print(atom))
            }
            Self::SpaceCreated(id) => f.write_str(&match id.kind() {
                SpaceKind::Program => format!("{id}: created"),
                SpaceKind::Data => format!("{id}: created for data"),
            }),
            Self::SpaceRemoved(id) => write!(f, "{id}: removed"),
            Self::Cell { cell, from, to } => {
                let print = |term: &Option<T>| term.as_ref().map_or("nothing".into(), |term| Print(term).to_string());
                write!(f, "{cell}: {} -> {}", print(from), print(to))
            }
        }
    }
}

impl<T: Term> Patch<T> {
    /// The changes of multiplicities from one space to another.
    pub(crate) fn of_spaces(from: &Space<T>, to: &Space<T>) -> Self {
        let mut changes = Vec::new();
        list(None, from, to, &mut changes);
        Self { changes }
    }
}

impl<T: Term> Snapshot<T> {
    pub(super) fn diff(&self, other: &Self) -> Patch<T> {
        let (from, to) = (&self.world, &other.world);
        let mut changes = Vec::new();
        list(None, &from.root, &to.root, &mut changes);

        let mut spaces = BTreeMap::new();
        for change in from.spaces.diff(&to.spaces) {
            match change {
                map::Change::Added { key, new } => spaces.insert(*key, (None, Some(new))),
                map::Change::Removed { key, old } => spaces.insert(*key, (Some(old), None)),
                map::Change::Changed { key, old, new } => spaces.insert(*key, (Some(old), Some(new))),
            };
        }
        let nothing = Space::default();
        for (id, (old, new)) in spaces {
            if old.is_none() {
                changes.push(Change::SpaceCreated(id));
            }
            list(
                Some(id),
                old.map_or(&nothing, |old| old),
                new.map_or(&nothing, |new| new),
                &mut changes,
            );
            if new.is_none() {
                changes.push(Change::SpaceRemoved(id));
            }
        }

        let mut cells: Vec<_> = cell::changes(&from.cells, &to.cells).collect();
        cells.sort_unstable_by_key(|(cell, ..)| *cell);
        let term = |content: Option<&Content<T>>| content.map(|content| content.0.clone());
        changes.extend(cells.into_iter().map(|(cell, from, to)| Change::Cell {
            cell,
            from: term(from),
            to: term(to),
        }));
        Patch { changes }
    }
}

/// Appends the changes of multiplicities between two spaces.
fn list<T: Term>(space: Option<SpaceId>, from: &Space<T>, to: &Space<T>, list: &mut Vec<Change<T>>) {
    let mut changes = from.facts.diff(&to.facts);
    let mut definitions = Vec::new();
    while let Some(change) = FactChange::next(&mut changes) {
        let multiplicity = change.multiplicity();
        let atom = decode(change.key, multiplicity);
        let found = Change::Atom {
            space,
            atom,
            from: count(change.from),
            to: count(change.to),
        };
        match multiplicity.record().map_or(0, |record| record.order) {
            0 => list.push(found),
            order => definitions.push((order, found)),
        }
    }
    definitions.sort_unstable_by_key(|(order, _)| *order);
    list.extend(definitions.into_iter().map(|(_, found)| found));
}

impl<T: Term> Environment<T> {
    /// Returns the changes from this environment to `other`. O(d · log n) for d differences between forks; O(n) if the two are
    /// unrelated.
    ///
    /// Differences in definition order alone aren't included: see [`reordered`](Self::reordered).
    #[must_use]
    pub fn diff(&self, other: &Self) -> Patch<T> {
        self.snapshot.diff(&other.snapshot)
    }

    /// Applies a patch: adds to and subtracts from multiplicities, creates and removes spaces, and sets cells. The union of two forks is one
    /// of them after applying the patch from their merge base to the other, unless one removed a space that the other changed.
    /// O(log n) a change.
    ///
    /// If nothing changes, since the atoms that the patch removes are absent and its cells have their new contents, this
    /// environment stays at its state.
    pub fn apply(&mut self, patch: &Patch<T>) {
        match self.apply_with(patch, resolve::theirs) {
            Ok(()) => {}
            Err(_) => unreachable!("this resolver always decides"),
        }
    }

    /// Applies a patch as [`apply`](Self::apply) does, and calls `resolve` for each cell that has neither its old nor its new
    /// content, for each space that the patch removes but doesn't empty, and for each space that is gone
    /// and that the patch adds to. Of the latter, [`Resolution::Theirs`] makes a space with the additions only: a patch doesn't
    /// have the atoms that it doesn't change.
    ///
    /// # Errors
    /// All conflicts for which `resolve` returned [`Resolution::Fail`]. Nothing has changed then.
    pub fn apply_with(
        &mut self,
        patch: &Patch<T>,
        mut resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<(), Conflicts<T>> {
        let mut spaces: BTreeMap<Option<SpaceId>, SpacePatch<T>> = BTreeMap::new();
        let (mut from, mut to) = (Cells::new(), Cells::new());
        for change in patch {
            match change {
                Change::Atom { space, atom, from, to } => {
                    let kind = SpaceKind::of(*space);
                    let space = spaces.entry(*space).or_default();
                    let delta = Delta::between(*from, *to);
                    with_encoder(|encoder| space.edits.push(Edit::new(encoder, atom.clone(), delta, kind)));
                }
                Change::SpaceCreated(id) => spaces.entry(Some(*id)).or_default().fate = Some(Fate::Created),
                Change::SpaceRemoved(id) => spaces.entry(Some(*id)).or_default().fate = Some(Fate::Removed),
                Change::Cell {
                    cell,
                    from: old,
                    to: new,
                } => {
                    cell::set(&mut from, *cell, old.clone().map(Content));
                    cell::set(&mut to, *cell, new.clone().map(Content));
                }
            }
        }
        let world = &self.snapshot.world;
        let mut resolver = Resolver::of_differences(&mut resolve);
        let mut cells = world.cells.clone();
        let mut conflicts = merge_cells(&mut cells, &from, &[], &to, &mut resolver);
        let asked = spaces.iter().filter_map(|(id, patch)| {
            let id = (*id)?;
            let missing = patch.conflict(world.space(Some(id)))?;
            Some(about_space(id, missing, false))
        });
        let asked: Vec<_> = asked.collect();
        let mut kept: BTreeSet<_> = asked.iter().map(|conflict: &Conflict<T>| conflict.subject).collect();
        conflicts.extend(resolver.settle(asked, |subject, _| _ = kept.remove(&subject)));
        if !conflicts.is_empty() {
            return Err(Conflicts(conflicts));
        }
        // Each edit by itself: edits that undo one another are detected when states are published.
        spaces.retain(|id, patch| {
            let is_kept = id.is_some_and(|id| kept.contains(&Subject::Space(id)));
            !is_kept && !patch.is_idle(world.space(*id))
        });
        if spaces.is_empty() && cell::changes(&world.cells, &cells).next().is_none() {
            return Ok(());
        }
        let snapshot = self.owned();
        let World {
            root,
            spaces: named,
            cells: old,
            ..
        } = &mut snapshot.world;
        // Dropped last: dropping terms may run foreign code.
        let _old_cells = std::mem::replace(old, cells);
        let mut removed = Vec::new();
        for (id, mut patch) in spaces {
            let space = match (id, patch.fate) {
                (None, _) => &mut *root,
                (Some(id), Some(Fate::Removed)) => {
                    removed.extend(named.remove(&id));
                    continue;
                }
                (Some(id), _) => {
                    std::sync::Arc::make_mut(named.get_or_insert_with(id, || Space::of_kind(id.kind()).into()))
                }
            };
            patch.edits.drain().for_each(|edit| space.apply(edit));
        }
        snapshot.touched();
        Ok(())
    }
}

/// The changes that a patch makes to one space.
struct SpacePatch<T> {
    edits: Edits<T>,
    /// The last creation or removal.
    fate: Option<Fate>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Created,
    Removed,
}

impl<T: Term> Default for SpacePatch<T> {
    fn default() -> Self {
        Self {
            edits: Edits::new(),
            fate: None,
        }
    }
}

impl<T: Term> SpacePatch<T> {
    /// The side that lacks the named space, if that is a conflict: the patch removes a space that it doesn't empty, or adds to
    /// one that is gone.
    fn conflict(&self, space: Option<&Space<T>>) -> Option<Side> {
        match (space, self.fate) {
            (Some(space), Some(Fate::Removed)) => {
                let mut copy = space.clone();
                self.edits.copies().for_each(|edit| copy.apply(edit));
                (!copy.is_empty()).then_some(Side::Theirs)
            }
            (None, None) => self.edits.any_adds().then_some(Side::Ours),
            _ => None,
        }
    }

    /// Whether it changes nothing, at the first edit at least.
    fn is_idle(&self, space: Option<&Space<T>>) -> bool {
        match (space, self.fate) {
            (None, Some(Fate::Removed)) => true,
            (None, Some(Fate::Created)) | (Some(_), Some(Fate::Removed)) => false,
            (None, None) => !self.edits.any_adds(),
            (Some(space), _) => self.edits.are_idle(space),
        }
    }
}
