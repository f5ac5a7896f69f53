//! One immutable state of an environment, and where it comes from.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cell::CellRef;
use super::history::Version;
use super::id::{IdSeed, Ids, SpaceId, StateId};
use super::space::Space;
use super::world::World;
use crate::term::{Atom, Term};

/// One immutable state of an [`Environment`](crate::Environment). Derefs to its [`Space`], which has all the reads.
pub struct Snapshot<T: Term = Atom> {
    pub(crate) world: World<T>,
    pub(crate) version: Version<T>,
    /// How many writes led here: it grows with each one, so a handle can tell whether it has written.
    pub(crate) edits: u64,
    /// What [`Snapshot::stamp`] returned for this state, or 0 if nobody has asked.
    stamp: AtomicU64,
}

impl<T: Term> Snapshot<T> {
    /// The empty state, related to no other.
    pub(crate) fn empty() -> Self {
        Self::with(World::empty(), Version::root(), 0)
    }

    pub(crate) fn with(world: World<T>, version: Version<T>, edits: u64) -> Self {
        Self {
            world,
            version,
            edits,
            stamp: AtomicU64::new(0),
        }
    }

    /// The same state, as a new version that comes from `self` and gives out ids of its own. O(1).
    pub(crate) fn child(self: &Arc<Self>, seed: Option<IdSeed>) -> Self {
        let world = World {
            ids: Ids::new(seed),
            ..self.world.clone()
        };
        Self::with(world, Version::child_of([self]), self.edits)
    }

    /// Was this made by leaving `original`, and not written since? O(1).
    pub(crate) fn is_copy_of(&self, original: &Arc<Self>) -> bool {
        self.edits == original.edits
            && self
                .version
                .parents()
                .iter()
                .any(|parent| Arc::ptr_eq(parent, original))
    }

    /// The state that this was made from by writes that changed nothing in the end, if it was, by way of states that only
    /// this one comes from and nobody is at. A merge against either comes to the same. O(1) if the writes don't add up to
    /// nothing, else O(d · log n) for d of them.
    pub(crate) fn unchanged_from(&self) -> Option<Arc<Self>> {
        /// So many states on the way are looked at.
        const MOST_BETWEEN: usize = 32;
        let mut parent = self.version.only_parent()?;
        for _ in 0..MOST_BETWEEN {
            if self.edits == parent.edits || self.holds_the_same(&parent) {
                return Some(parent);
            }
            // A fork that is still there, or another version, could be merged against it. The two are ours and the link to it.
            if Arc::strong_count(&parent) > 2 {
                return None;
            }
            parent = parent.version.only_parent()?;
        }
        None
    }

    /// The space of this id, made by [`new_space`](crate::Environment::new_space). O(1).
    pub fn space(&self, id: SpaceId) -> Option<&Space<T>> {
        self.world.space(Some(id))
    }

    /// What a state holds. O(1).
    pub fn get_state(&self, id: StateId) -> Option<&T> {
        self.world.cells.get(&CellRef::State(id)).map(|content| &content.0)
    }

    /// What a name is bound to. O(1).
    pub fn binding(&self, name: &str) -> Option<&T> {
        self.world.cells.get(&CellRef::Binding(name)).map(|content| &content.0)
    }

    /// A number that no other state in this process has, so that what was computed from this one can be kept under it.
    /// O(1).
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

    /// The state has changed in place.
    pub(crate) fn touched(&mut self) {
        self.edits += 1;
        *self.stamp.get_mut() = 0;
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
