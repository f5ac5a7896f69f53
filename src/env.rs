//! The environment: rules, facts and types that are forked, written and merged.

mod apply;
mod arguments;
mod bases;
mod bulk;
mod cache;
mod cell;
mod check;
mod error;
mod facts;
#[cfg(feature = "rayon")]
mod fork_join;
mod history;
mod id;
mod memory;
mod patch;
mod query;
mod record;
mod redefined;
mod restore;
mod sequence;
mod snapshot;
mod space;
mod suggest;
mod types;
mod union;
mod union_all;
mod world;
mod write;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use pathmap::PathMap;

use self::cell::Content;
pub use self::cell::{Cell, Conflict, Conflicts, Resolution, resolve};
pub use self::error::WriteError;
pub use self::facts::Sharing;
#[cfg(feature = "rayon")]
pub use self::fork_join::{BranchError, ForkScope};
use self::history::Version;
use self::id::Ids;
pub use self::id::{IdSeed, SpaceId, StateId};
pub use self::memory::{Held, Memory};
pub use self::patch::{Change, Patch};
pub use self::query::{Answer, Join, LimitedQuery, Query, QueryError, RulesFor};
pub use self::record::{Head, Multiplicity, Rule};
pub(crate) use self::restore::{Unfit, is_definition};
pub use self::snapshot::Snapshot;
pub use self::space::{Atoms, MatchingRules, Space};
use self::world::World;
pub use self::write::SpaceMut;
use crate::term::{Atom, Leaf, Symbol, Term};

/// A world of rules, facts and types that is copied in O(1) and merged at the cost of what changed.
///
/// An environment is a handle to an immutable [`Snapshot`], to which it derefs: all reads are the snapshot's (they are
/// listed at [`Space`]). Cloning it is a **fork**: the clone shares the snapshot until one of the two writes. A write
/// copies the paths it changes and nothing else; while no other handle shares them, it changes them in place.
/// [`union`](Environment::union) merges two environments against their common ancestors.
///
/// # Limits
/// - An environment is a multiset: it knows how many times an atom was added, not when or by whom.
/// - Atoms that differ only in the names of their variables are one atom. A fact with variables comes back with its
///   variables renamed to `$0`, `$1`, …; a rule comes back as it was written first.
/// - A multiplicity stops at `u64::MAX`.
/// - Handles keep the versions alive that they may need as a merge base: a fork that is kept keeps the state it was
///   forked from.
///
/// # Examples
/// ```
/// use pleach::{Atom, Environment};
///
/// let mut world = Environment::<Atom>::new();
/// world.add_rule("(double $x)".parse()?, "(+ $x $x)".parse()?);
///
/// let mut left = world.clone();
/// let mut right = world.clone();
/// left.add_fact("(seen left)".parse()?);
/// right.add_fact("(seen right)".parse()?);
/// assert_eq!((world.len(), left.len(), right.len()), (1, 2, 2));
///
/// // What both inherited counts once.
/// let both = left.union(&right);
/// assert_eq!(both.len(), 3);
/// assert_eq!(both.rule_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Environment<T: Term = Atom> {
    snapshot: Arc<Snapshot<T>>,
    /// The snapshot's edits when this handle was made.
    origin: u64,
    /// Where the ids come from that are given out once this handle has left the state it is at.
    id_seed: Option<IdSeed>,
}

/// # Making and sharing
impl<T: Term> Environment<T> {
    /// An empty environment, related to no other.
    #[must_use]
    pub fn new() -> Self {
        Self::at(Arc::new(Snapshot::empty()))
    }

    pub(crate) fn into_snapshot(self) -> Arc<Snapshot<T>> {
        self.snapshot
    }

    /// A new handle to a snapshot.
    pub(crate) fn at(snapshot: Arc<Snapshot<T>>) -> Self {
        Self {
            origin: snapshot.edits,
            id_seed: None,
            snapshot,
        }
    }

    /// The state this handle is at. It stays as it is, whatever is written later.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot<T>> {
        &self.snapshot
    }

    /// Does this handle alone hold its state, so that the next write happens in place? O(1).
    ///
    /// It does not while a clone is at the same state, nor while one that has left it may still be merged against it.
    #[must_use]
    pub fn owns_data(&self) -> bool {
        Arc::strong_count(&self.snapshot) == 1
    }

    /// Has anything been written through this handle since it was made, by [`new`](Self::new), by
    /// [`clone`](Self::clone) or by [`union`](Self::union)? O(1). Writes through other handles don't count.
    #[must_use]
    pub fn is_modified(&self) -> bool {
        self.snapshot.edits != self.origin
    }

    /// Becomes the sole owner of the state now, as the first write would. O(1): it copies a small struct, whatever the
    /// size of the environment. Does nothing if this handle [owns its data](Self::owns_data) already.
    pub fn make_owned(&mut self) {
        self.owned();
    }

    /// The state, to be written: in place if this handle owns it, else as a new version.
    fn owned(&mut self) -> &mut Snapshot<T> {
        if Arc::get_mut(&mut self.snapshot).is_none() {
            let seed = self.id_seed;
            self.id_seed = seed.map(|seed| seed.child(u64::MAX));
            self.snapshot = Arc::new(self.snapshot.child(seed));
        }
        match Arc::get_mut(&mut self.snapshot) {
            Some(snapshot) => snapshot,
            None => unreachable!("a snapshot that was just made has one owner"),
        }
    }

    /// The environment with what either has, each atom as often as both have it together less what they inherited:
    /// `m(A ∪ B) = max(0, m(A) + m(B) − m(L))`, where L is their merge base, or empty if they are unrelated.
    ///
    /// Definitions keep their order: the inherited ones, then `self`'s new ones, then `other`'s. The union of an
    /// environment with itself or with one that it descends from is itself, the very same snapshot.
    ///
    /// Costs O(d · log n) for the d atoms that `other` changed since the merge base, and O(1) if one of the two descends
    /// from the other in one step.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut base = Environment::<Atom>::new();
    /// base.add_fact("(apple)".parse()?);
    /// let (mut a, mut b) = (base.clone(), base.clone());
    /// a.add_fact("(apple)".parse()?); // a has 2, of which 1 inherited
    /// b.add_fact("(apple)".parse()?); // so has b
    /// assert_eq!(a.union(&b).multiplicity(&"(apple)".parse()?), 3);
    /// b.remove_fact(&"(apple)".parse()?);
    /// b.remove_fact(&"(apple)".parse()?); // b has removed the inherited one too
    /// assert_eq!(a.union(&b).multiplicity(&"(apple)".parse()?), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match self.union_with(other, resolve::theirs) {
            Ok(union) => union,
            Err(_) => unreachable!("this resolver always decides"),
        }
    }

    /// As [`union`](Self::union), but `resolve` decides about each [`Cell`] that both changed differently: in the order
    /// of the cells, states before bindings. [`env::resolve`](resolve) has the usual resolvers.
    ///
    /// # Errors
    /// All conflicts that `resolve` gave up on.
    ///
    /// ```
    /// use pleach::env::{Resolution, resolve};
    /// # use pleach::{Atom, Environment};
    /// let mut base = Environment::<Atom>::new();
    /// let counter = base.new_state(Atom::from(0));
    /// let (mut a, mut b) = (base.clone(), base.clone());
    /// a.change_state(counter, Atom::from(1));
    /// b.change_state(counter, Atom::from(2));
    ///
    /// assert_eq!(a.union(&b).get_state(counter), Some(&Atom::from(2)));
    /// let conflicts = a.union_with(&b, resolve::fail).unwrap_err();
    /// assert_eq!(conflicts.0[0].ours, Some(Atom::from(1)));
    /// let seven = a.union_with(&b, |_| Resolution::Value(Atom::from(7)))?;
    /// assert_eq!(seven.get_state(counter), Some(&Atom::from(7)));
    /// # Ok::<(), pleach::env::Conflicts>(())
    /// ```
    pub fn union_with(
        &self,
        other: &Self,
        mut resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Self, Conflicts<T>> {
        union::union(&self.snapshot, &other.snapshot, &mut resolve).map(Self::at)
    }

    /// The [`union`](Self::union) of many, in order; empty if there are none. Forks of one environment are united in
    /// O(d · log n) for the d atoms that all of them changed, however many there are.
    #[must_use]
    pub fn union_all<'a>(environments: impl IntoIterator<Item = &'a Self>) -> Self {
        let versions = environments
            .into_iter()
            .map(|environment| Arc::clone(&environment.snapshot));
        match union_all::union_all(versions.collect(), &mut resolve::theirs) {
            Some(united) => Self::at(united),
            None => Self::new(),
        }
    }

    /// Cuts this environment off from its past: it keeps no older version alive, and is unrelated to every environment but
    /// those forked from it from now on. A union with any other sums all that both hold. O(1).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_fact("(a)".parse()?);
    /// let fork = env.clone();
    /// env.forget_history();
    /// assert_eq!(env.union(&fork).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forget_history(&mut self) {
        // Ids of its own: the state it leaves goes on giving out those it gave.
        let world = World {
            ids: Ids::new(self.id_seed),
            ..self.snapshot.world.clone()
        };
        self.id_seed = self.id_seed.map(|seed| seed.child(u64::MAX));
        self.snapshot = Arc::new(Snapshot::with(world, Version::root(), self.snapshot.edits));
    }

    /// Does `other` refer to the very same snapshot? O(1).
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.snapshot, &other.snapshot)
    }
}

/// # Writing
/// A write that leaves a shared state costs O(log n) more than one in place: it copies one path of each structure it
/// touches.
impl<T: Term> Environment<T> {
    /// Adds one occurrence of an atom. O(log n).
    ///
    /// An atom `(= lhs rhs)` is a rule, and `(: name type)` a type annotation, however they are added.
    pub fn add_fact(&mut self, fact: T) {
        self.root().add_fact(fact);
    }

    /// Adds one occurrence of each atom, in order, all or none: if the iterator panics, nothing has changed.
    /// O(log n) each.
    pub fn add_facts_bulk(&mut self, facts: impl IntoIterator<Item = T>) {
        self.root().add_facts_bulk(facts);
    }

    /// Adds one occurrence of the rule `(= lhs rhs)`. O(log n).
    pub fn add_rule(&mut self, lhs: T, rhs: T) {
        self.root().add_rule(lhs, rhs);
    }

    /// Adds one occurrence of each rule `(= lhs rhs)`, in order, all or none. O(log n) each.
    pub fn add_rules_bulk(&mut self, rules: impl IntoIterator<Item = (T, T)>) {
        self.root().add_rules_bulk(rules);
    }

    /// Adds one occurrence of the annotation `(: name type)`. O(log n).
    pub fn add_type(&mut self, name: T, of_type: T) {
        self.root().add_type(name, of_type);
    }

    /// Removes one occurrence of an atom, a rule or an annotation as well. Returns whether there was one. O(log n).
    pub fn remove_fact(&mut self, fact: &T) -> bool {
        self.root().remove_fact(fact)
    }

    /// Removes one occurrence of the rule `(= lhs rhs)`. Returns whether there was one. O(log n).
    pub fn remove_rule(&mut self, lhs: T, rhs: T) -> bool {
        self.root().remove_rule(lhs, rhs)
    }

    /// Makes each atom present as often as it says, 0 included, all or none. Atoms that are not named keep their
    /// multiplicities. O(log n) each.
    pub fn set_multiplicities(&mut self, multiplicities: impl IntoIterator<Item = (T, u64)>) {
        self.root().set_multiplicities(multiplicities);
    }

    /// Adds as many occurrences of each atom as it says, in order, all or none. O(log n) each, whatever the number.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_multiplicities([("(p 1)".parse()?, 3), ("(p 2)".parse()?, 1), ("(p 1)".parse()?, u64::MAX)]);
    /// assert_eq!(env.multiplicity(&"(p 1)".parse()?), u64::MAX);
    /// assert_eq!(env.multiplicity(&"(p 2)".parse()?), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_multiplicities(&mut self, multiplicities: impl IntoIterator<Item = (T, u64)>) {
        self.root().add_multiplicities(multiplicities);
    }

    /// Replaces all atoms by those of a space that [`create_space`](Space::create_space) made and you changed.
    ///
    /// Definitions that stay keep their places; new ones come last, in the order they had where they come from, then in
    /// the order of their paths. O(n).
    ///
    /// # Errors
    /// [`WriteError::Path`] if a path is not the canonical path of an atom. Nothing has changed then.
    pub fn update_pathmap(&mut self, space: PathMap<Multiplicity<T>>) -> Result<(), WriteError> {
        self.root().update_pathmap(space)
    }

    fn root(&mut self) -> SpaceMut<'_, T> {
        SpaceMut {
            environment: self,
            id: None,
        }
    }

    /// Derives the rule index and the type index anew from the facts. It changes nothing that can be observed, since
    /// every write keeps them up to date; kept for those who come from the lock-guarded design. O(n log n).
    pub fn rebuild_rule_index(&mut self) {
        let fresh = self.reindexed();
        self.owned().world.root = fresh;
    }
}

/// # Named spaces, states and bindings
/// They are part of the environment: forked, written apart and merged with it.
impl<T: Term> Environment<T> {
    /// Makes an empty space inside this environment. O(log n).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let notes = env.new_space();
    /// env.space_mut(notes).unwrap().add_fact("(remember milk)".parse()?);
    /// assert_eq!(env.space(notes).unwrap().len(), 1);
    /// assert_eq!(env.len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new_space(&mut self) -> SpaceId {
        let snapshot = self.owned();
        // A seed that the caller chose may have been used before this environment was saved.
        let id = loop {
            let id = SpaceId::new(snapshot.world.ids.next());
            if !snapshot.world.spaces.contains_key(&id) {
                break id;
            }
        };
        snapshot.world.spaces.insert(id, Arc::default());
        snapshot.touched();
        id
    }

    /// A space inside this environment, to be written. `None` if there is none of this id.
    pub fn space_mut(&mut self, id: SpaceId) -> Option<SpaceMut<'_, T>> {
        self.space(id)?;
        Some(SpaceMut {
            environment: self,
            id: Some(id),
        })
    }

    /// Makes a mutable cell that holds `content`. O(log n).
    pub fn new_state(&mut self, content: T) -> StateId {
        let snapshot = self.owned();
        let mut ids = snapshot.world.ids;
        let id = loop {
            let id = StateId::new(ids.next());
            if !snapshot.world.cells.contains_key(&Cell::State(id)) {
                break id;
            }
        };
        // Clones terms, which may panic: the id is given when nothing can any more.
        snapshot.world.cells.insert(Cell::State(id), Content(content));
        snapshot.world.ids = ids;
        snapshot.touched();
        id
    }

    /// Changes what a state holds. Returns whether there is such a state; if not, nothing has changed. O(log n).
    pub fn change_state(&mut self, id: StateId, content: T) -> bool {
        let exists = self.get_state(id).is_some();
        if exists {
            self.set_cell(Cell::State(id), content);
        }
        exists
    }

    /// Binds a name to a term, in the place of what it was bound to. O(log n).
    pub fn bind(&mut self, name: &str, content: T) {
        self.set_cell(Cell::Binding(Symbol::new(name)), content);
    }

    fn set_cell(&mut self, cell: Cell, content: T) {
        let content = Content(content);
        if self.snapshot.world.cells.get(&cell) != Some(&content) {
            let snapshot = self.owned();
            snapshot.world.cells.insert(cell, content);
            snapshot.touched();
        }
    }

    /// Says where the ids come from that this handle gives out once it has left the state it is at. By default they are
    /// unlike those of any other handle in the process, and so depend on the order in which threads ran. An evaluator
    /// that wants the same ids each time gives each of its forks a seed that no other has: a [`child`](IdSeed::child) of
    /// its own, of an index below `u64::MAX`.
    pub fn set_id_seed(&mut self, seed: IdSeed) {
        self.id_seed = Some(seed);
    }

    /// A seed to derive the names of an evaluation's spaces and states from. Another state of this handle has another one.
    /// The same for equal histories if this handle was given a [seed](Self::set_id_seed) or alone holds its state; else one
    /// that no other handle has, since another may be evaluated too. O(1).
    #[must_use]
    pub fn id_seed(&self) -> IdSeed {
        let origin = match self.id_seed {
            Some(seed) => seed,
            None if self.owns_data() => self.snapshot.world.ids.seed(),
            None => IdSeed::unique(),
        };
        origin.child(self.edits)
    }
}

fn rule<T: Term>(lhs: T, rhs: T) -> T {
    T::expression(vec![keyword("="), lhs, rhs])
}

fn annotation<T: Term>(name: T, of_type: T) -> T {
    T::expression(vec![keyword(":"), name, of_type])
}

fn keyword<T: Term>(name: &str) -> T {
    match T::leaf(Leaf::Symbol(name)) {
        Some(symbol) => symbol,
        None => unreachable!("`Term::leaf` builds every symbol"),
    }
}

impl<T: Term> Clone for Environment<T> {
    /// A fork: one reference-count increment, whatever the size.
    fn clone(&self) -> Self {
        Self::at(Arc::clone(&self.snapshot))
    }
}

impl<T: Term> Default for Environment<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Term> Deref for Environment<T> {
    type Target = Snapshot<T>;

    fn deref(&self) -> &Snapshot<T> {
        &self.snapshot
    }
}

/// Two environments are equal if they hold the same: the same atoms equally often, in spaces of the same ids, and cells
/// with the same contents. O(d) for d differences between forks.
impl<T: Term> PartialEq for Environment<T> {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || self.snapshot.world == other.snapshot.world
    }
}

impl<T: Term> Eq for Environment<T> {}

impl<T: Term> fmt::Debug for Environment<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("len", &self.len())
            .field("facts", &self.fact_count())
            .field("rules", &self.rule_count())
            .field("owns_data", &self.owns_data())
            .field("is_modified", &self.is_modified())
            .finish()
    }
}

impl<T: Term> Extend<T> for Environment<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, atoms: I) {
        self.add_facts_bulk(atoms);
    }
}

impl<T: Term> FromIterator<T> for Environment<T> {
    fn from_iter<I: IntoIterator<Item = T>>(atoms: I) -> Self {
        let mut environment = Self::new();
        environment.extend(atoms);
        environment
    }
}
