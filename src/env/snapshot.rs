//! One immutable state of an environment, with its place in history.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cell::{Cell, CellRef};
use super::id::{IdSeed, Ids, SpaceId, StateId};
use super::query::Answer;
use super::space::Space;
use super::world::{VirtualBase, World};
use crate::history::{self, Mark, MergeBase, Version, Versioned, merge_base};
use crate::term::{Atom, Term};

/// One immutable state of an [`Environment`](crate::Environment). Derefs to its [`Space`], which has all the reads.
pub struct Snapshot<T: Term = Atom> {
    pub(crate) world: World<T>,
    pub(crate) version: Version<Self>,
    /// The number of writes that led here, by which a handle tells whether it has written.
    pub(crate) edits: u64,
    /// The result of [`Snapshot::stamp`], or 0 before the first call.
    stamp: AtomicU64,
}

impl<T: Term> Snapshot<T> {
    /// The empty state, related to no other.
    pub(crate) fn empty() -> Self {
        Self::with(World::empty(), Version::root(), 0)
    }

    pub(crate) fn with(world: World<T>, version: Version<Self>, edits: u64) -> Self {
        Self {
            world,
            version,
            edits,
            stamp: AtomicU64::new(0),
        }
    }

    /// A child with the same content and ids of its own. O(1).
    pub(crate) fn child(self: &Arc<Self>, seed: Option<IdSeed>) -> Self {
        let world = World {
            ids: Ids::new(seed),
            ..self.world.clone()
        };
        Self::with(world, Version::child_of(&[self]), self.edits)
    }

    /// Whether this is a child of `original` that was not written. O(1).
    pub(crate) fn is_copy_of(&self, original: &Arc<Self>) -> bool {
        self.edits == original.edits
            && self
                .version
                .parents()
                .iter()
                .any(|parent| Arc::ptr_eq(parent, original))
    }

    /// Returns the nearest ancestor with the same content, if only this state descends from those between and no handle is at
    /// them. Then a merge with either gives the same. O(1) if the totals differ, else O(d · log n) for d writes.
    pub(crate) fn unchanged_from(&self) -> Option<Arc<Self>> {
        /// The maximum number of ancestors that are compared.
        const MAX_ANCESTORS: usize = 32;
        let mut parent = self.version.only_parent()?;
        for _ in 0..MAX_ANCESTORS {
            if self.edits == parent.edits || self.has_same_content(&parent) {
                return Some(parent);
            }
            // A live fork or another version could be merged against it. The two references are ours and the link to it.
            if Arc::strong_count(&parent) > 2 {
                return None;
            }
            parent = parent.version.only_parent()?;
        }
        None
    }

    /// Returns all answers of a [`query`](super::Space::query), in its order, from a cache if the same query of the same state
    /// was made before.
    ///
    /// The cache is shared with the forks of this environment, and bounded to about a thousand patterns and 65,536 answers. A
    /// hit costs a lookup; unlike other reads it takes a lock, briefly, one of several. Use [`query`](super::Space::query)
    /// for the first few of many answers, or for queries that aren't repeated.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_fact("(edge a b)".parse()?);
    /// let pattern: Atom = "(edge a $to)".parse()?;
    /// assert_eq!(env.answers(&pattern).len(), 1);
    /// env.add_fact("(edge a c)".parse()?);
    /// assert_eq!(env.answers(&pattern).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn answers(&self, pattern: &T) -> Arc<[Answer<T>]> {
        self.world.patterns.answers(&self.world.root, self.stamp(), pattern)
    }

    /// Returns a named space, made by [`new_space`](crate::Environment::new_space). O(1).
    pub fn space(&self, id: SpaceId) -> Option<&Space<T>> {
        self.world.space(Some(id))
    }

    /// Returns an iterator over the named spaces, in ascending order of their ids. O(s · log s) for s spaces.
    pub fn spaces(&self) -> impl ExactSizeIterator<Item = (SpaceId, &Space<T>)> {
        let mut spaces: Vec<_> = self.world.spaces.iter().map(|(id, space)| (*id, &**space)).collect();
        spaces.sort_unstable_by_key(|(id, _)| *id);
        spaces.into_iter()
    }

    /// Returns an iterator over the states and their contents, in ascending order of their ids. O(c · log c) for c states and
    /// bindings.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let counter = env.new_state(Atom::from(0));
    /// env.bind("best", Atom::symbol("tea"));
    /// assert_eq!(env.states().collect::<Vec<_>>(), [(counter, &Atom::from(0))]);
    /// ```
    pub fn states(&self) -> impl Iterator<Item = (StateId, &T)> {
        self.cells().into_iter().filter_map(|(cell, content)| match cell {
            Cell::State(id) => Some((*id, content)),
            Cell::Binding(_) => None,
        })
    }

    /// Returns an iterator over the bound names and their terms, in ascending order of the names. O(c · log c) for c states and
    /// bindings.
    pub fn bindings(&self) -> impl Iterator<Item = (&str, &T)> {
        self.cells().into_iter().filter_map(|(cell, content)| match cell {
            Cell::Binding(name) => Some((name.as_str(), content)),
            Cell::State(_) => None,
        })
    }

    /// Returns all cells with their contents, in order.
    pub(crate) fn cells(&self) -> Vec<(&Cell, &T)> {
        let cells = self.world.cells.iter();
        let mut cells: Vec<_> = cells.map(|(cell, content)| (cell, &content.0)).collect();
        cells.sort_unstable_by_key(|(cell, _)| *cell);
        cells
    }

    /// Returns the content of a state. O(1).
    pub fn state(&self, id: StateId) -> Option<&T> {
        self.world.cells.get(&CellRef::State(id)).map(|content| &content.0)
    }

    /// Returns the term that a name is bound to. O(1).
    pub fn binding(&self, name: &str) -> Option<&T> {
        self.world.cells.get(&CellRef::Binding(name)).map(|content| &content.0)
    }

    /// Returns a number that no other state in this process has, as a key for results computed from this one. O(1).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let before = env.stamp();
    /// assert_eq!(env.clone().stamp(), before);
    /// env.add_fact(Atom::symbol("news"));
    /// assert_ne!(env.stamp(), before);
    /// ```
    pub fn stamp(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: the number only has to be unique, it publishes nothing.
        match self.stamp.load(Ordering::Relaxed) {
            0 => {
                let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
                match self
                    .stamp
                    .compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed)
                {
                    Ok(_) => fresh,
                    Err(stamp) => stamp,
                }
            }
            stamp => stamp,
        }
    }

    /// Records a write in place.
    pub(crate) fn touched(&mut self) {
        self.edits += 1;
        *self.stamp.get_mut() = 0;
        self.world.carried.touched(self.world.root.written);
    }
}

/// # Versions
impl<T: Term> Snapshot<T> {
    /// A child of these distinct versions with the same content as this one.
    pub(crate) fn as_child_of(&self, parents: &[&Arc<Self>]) -> Self {
        let version = if parents.is_empty() {
            Version::root()
        } else {
            Version::child_of(parents)
        };
        let edits = parents.iter().map(|parent| parent.edits).max();
        Self::with(self.world.clone(), version, edits.map_or(0, |edits| edits + 1))
    }

    /// The merge bases of the two versions.
    pub(crate) fn merge_bases(self: &Arc<Self>, other: &Arc<Self>) -> Vec<Arc<Self>> {
        match merge_base(self, other) {
            MergeBase::Left => vec![Arc::clone(self)],
            MergeBase::Right => vec![Arc::clone(other)],
            MergeBase::Common(bases) => bases,
        }
    }

    /// Whether the two are related, and `other` doesn't descend from `self`.
    pub(crate) fn is_ahead_of(self: &Arc<Self>, other: &Arc<Self>) -> bool {
        match merge_base(self, other) {
            MergeBase::Left => false,
            // They may be the same state.
            MergeBase::Right => matches!(merge_base(other, self), MergeBase::Left),
            MergeBase::Common(bases) => !bases.is_empty(),
        }
    }

    /// Sets the names, in a store outside of memory, of all the versions that this one is or descends from, but for
    /// ancestors of others among them.
    pub(crate) fn mark(&self, names: impl IntoIterator<Item = Mark>) {
        self.version.mark(names);
    }

    /// The names, in a store outside of memory, of the nearest versions that this one is or descends from. Visits the
    /// versions since.
    pub(crate) fn marks(self: &Arc<Self>) -> BTreeSet<Mark> {
        history::marks(self)
    }
}

impl<T: Term> Versioned for Snapshot<T> {
    type Base = VirtualBase<T>;

    fn version(&self) -> &Version<Self> {
        &self.version
    }

    fn version_mut(&mut self) -> &mut Version<Self> {
        &mut self.version
    }

    fn is_unwritten_since(&self, parent: &Self) -> bool {
        self.edits == parent.edits
    }
}

impl<T: Term> fmt::Debug for Snapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.world.root.fmt(f)
    }
}

impl<T: Term> Deref for Snapshot<T> {
    type Target = Space<T>;

    fn deref(&self) -> &Space<T> {
        &self.world.root
    }
}
