//! The environment: a handle to a snapshot that is forked, written and merged.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::cell::{Cell, Content};
use super::conflict::{Conflict, Conflicts, Resolution, Resolver, resolve};
use super::edit::Counts;
use super::id::{IdSeed, Ids, SpaceId, SpaceKind, StateId};
use super::snapshot::Snapshot;
use super::space::Space;
use super::union::{union, union_of};
use super::union_all::union_all;
use super::world::World;
use crate::history::{MergeBase, Version, merge_base};
use crate::term::{Atom, Symbol, Term};

/// A persistent multiset of rules, facts and types, cloned in O(1) and merged at the cost of the changes.
///
/// An environment is a handle to an immutable [`Snapshot`], to which it derefs: its reads are those of the snapshot and of
/// its [`Space`](super::Space). Cloning it is a **fork**: the clone shares the snapshot until one of the two writes. A write
/// copies the paths that it changes, or changes them in place if no other handle shares them.
/// [`union`](Environment::union) is a three-way merge of two environments and their merge base.
///
/// # Limits
/// - An environment is a multiset: it counts occurrences of an atom, and doesn't know when or by whom they were added.
/// - Atoms that differ only in the names of their variables are one atom. A fact with variables is returned with its
///   variables renamed to `$0`, `$1`, …; a rule is returned as it was first written.
/// - Multiplicities saturate at `u64::MAX`.
/// - A handle keeps possible merge bases alive: a fork keeps the state that it was forked from.
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
    pub(super) snapshot: Arc<Snapshot<T>>,
    /// The number of edits of the snapshot when this handle was made.
    origin: u64,
    /// The seed of the ids that this handle gives out in its next version.
    pub(super) id_seed: Option<IdSeed>,
}

/// # Creating, forking and merging
impl<T: Term> Environment<T> {
    /// Creates an empty environment, related to no other.
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

    /// Returns the current state, which later writes don't change.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot<T>> {
        &self.snapshot
    }

    /// Returns `true` if this handle is the only owner of its state, so that the next write happens in place. O(1).
    ///
    /// It isn't while a clone is at the same state, or has left it and may still be merged against it.
    #[must_use]
    pub fn owns_data(&self) -> bool {
        Arc::strong_count(&self.snapshot) == 1
    }

    /// Returns `true` if this handle was written since it was made by [`new`](Self::new), [`clone`](Self::clone) or
    /// [`union`](Self::union). O(1).
    #[must_use]
    pub fn is_modified(&self) -> bool {
        self.snapshot.edits != self.origin
    }

    /// Makes this handle the only owner of its state, as the first write would. O(1): it copies a small struct, unless the
    /// handle [owns its data](Self::owns_data) already.
    pub fn make_owned(&mut self) {
        self.owned();
    }

    /// The state, for writing: in place if this handle owns it, else as a new version.
    pub(super) fn owned(&mut self) -> &mut Snapshot<T> {
        if Arc::get_mut(&mut self.snapshot).is_none() {
            let seed = self.id_seed;
            self.id_seed = seed.map(|seed| seed.child(u64::MAX));
            self.snapshot = Arc::new(self.snapshot.child(seed));
        }
        match Arc::get_mut(&mut self.snapshot) {
            Some(snapshot) => snapshot,
            None => unreachable!("a new snapshot has one owner"),
        }
    }

    /// Merges two environments: the result has the atoms of both, and counts once what they inherited. The multiplicity of each
    /// atom is `m(A ∪ B) = max(0, m(A) + m(B) − m(L))`, where L is the merge base, or empty if the two are unrelated.
    ///
    /// Definitions keep their order: the inherited ones, then the new ones of `self`, then those of `other`. The union of an
    /// environment with itself or with an ancestor is itself, the same snapshot.
    ///
    /// O(d · log n) for the d atoms that `other` changed since the merge base; O(1) if one of the two is a child of the other.
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

    /// Merges two environments as [`union`](Self::union) does, and calls `resolve` for each cell or space in conflict, in
    /// ascending order: states, bindings, spaces. [`env::resolve`](resolve) has the usual resolvers.
    ///
    /// # Errors
    /// All conflicts for which `resolve` returned [`Resolution::Fail`].
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
    /// assert_eq!(a.union(&b).state(counter), Some(&Atom::from(2)));
    /// let conflicts = a.union_with(&b, resolve::fail).unwrap_err();
    /// assert_eq!(conflicts.0[0].ours, Some(Atom::from(1)));
    /// let seven = a.union_with(&b, |_| Resolution::Value(Atom::from(7)))?;
    /// assert_eq!(seven.state(counter), Some(&Atom::from(7)));
    /// # Ok::<(), pleach::env::Conflicts>(())
    /// ```
    pub fn union_with(
        &self,
        other: &Self,
        mut resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Self, Conflicts<T>> {
        let mut resolver = Resolver::of_differences(&mut resolve);
        union(&self.snapshot, &other.snapshot, &mut resolver).map(Self::at)
    }

    /// Merges two environments as [`union_with`](Self::union_with) does, but calls `resolve` for each cell that both sides
    /// changed since the merge base, to equal contents too: so that two increments by one can be an increment by two.
    ///
    /// In a criss-cross, `resolve` is also asked about the merge bases, twice each, with the sides swapped: it should depend on
    /// its argument only. If it decides for a side there, and not for a content, the cell is [disputed](Conflict::disputed).
    /// This is done anew for each union, and costs what changed in all criss-crosses below.
    ///
    /// # Errors
    /// All conflicts for which `resolve` returned [`Resolution::Fail`].
    ///
    /// ```
    /// use pleach::env::resolve;
    /// # use pleach::{Atom, Environment};
    /// let mut base = Environment::<Atom>::new();
    /// let counter = base.new_state(Atom::from(5));
    /// let (mut a, mut b) = (base.clone(), base.clone());
    /// a.change_state(counter, Atom::from(6));
    /// b.change_state(counter, Atom::from(6));
    ///
    /// assert_eq!(a.union(&b).state(counter), Some(&Atom::from(6))); // equal changes are one
    /// assert_eq!(a.union_with_all(&b, resolve::sum)?.state(counter), Some(&Atom::from(7)));
    /// # Ok::<(), pleach::env::Conflicts>(())
    /// ```
    pub fn union_with_all(
        &self,
        other: &Self,
        mut resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Self, Conflicts<T>> {
        let mut resolver = Resolver::of_all(&mut resolve);
        union(&self.snapshot, &other.snapshot, &mut resolver).map(Self::at)
    }

    /// Merges two environments whose facts are a set, as [`union`](Self::union) does, but takes the greater multiplicity of two
    /// instead of their sum. A fact that one side added or removed since the merge base is added or removed; one that both
    /// added is there once. Conflicts of cells take `other`'s content.
    ///
    /// Use it for facts that are written by [`insert_fact`](Self::insert_fact) and [`remove_all`](Self::remove_all) alone. It is
    /// commutative in multiplicities, associative among forks of one environment, and merging an ancestor changes nothing.
    /// Virtual bases of criss-crosses, nested ones too, are unions of sets.
    ///
    /// **Don't mix it with [`union`](Self::union) in one history.** Nothing records by which rule a version was merged, so a
    /// `union` of two versions that have merged each other's earlier states by `union_of_sets` takes them for sums: a fact
    /// that both sides have once, and nobody removed, can be lost. That includes `union_all`, commits and fork-joins.
    ///
    /// O(d · log n) for the d atoms that `other` changed since the merge base.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let base = Environment::<Atom>::new();
    /// let (mut a, mut b) = (base.clone(), base.clone());
    /// let allow: Atom = "(allow ann)".parse()?;
    /// a.insert_fact(allow.clone());
    /// b.insert_fact(allow.clone());
    /// assert_eq!(a.union(&b).multiplicity(&allow), 2);
    /// let mut both = a.union_of_sets(&b);
    /// assert_eq!(both.multiplicity(&allow), 1);
    /// // So one removal is enough, and it is merged as one.
    /// let other = both.clone();
    /// both.remove_fact(&allow);
    /// assert!(!other.union_of_sets(&both).contains(&allow));
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    #[must_use]
    pub fn union_of_sets(&self, other: &Self) -> Self {
        match self.union_of_sets_with(other, resolve::theirs) {
            Ok(united) => united,
            Err(_) => unreachable!("this resolver always decides"),
        }
    }

    /// Merges two environments as [`union_of_sets`](Self::union_of_sets) does, and calls `resolve` for conflicts as
    /// [`union_with`](Self::union_with) does.
    ///
    /// # Errors
    /// All conflicts for which `resolve` returned [`Resolution::Fail`].
    ///
    /// ```
    /// use pleach::env::resolve;
    /// # use pleach::{Atom, Environment};
    /// let base = Environment::<Atom>::new();
    /// let (mut a, mut b) = (base.clone(), base.clone());
    /// for (fork, owner) in [(&mut a, "ann"), (&mut b, "bob")] {
    ///     fork.insert_fact("(allow ann)".parse()?);
    ///     fork.bind("owner", Atom::symbol(owner));
    /// }
    /// assert!(a.union_of_sets_with(&b, resolve::fail).is_err());
    /// let ours = a.union_of_sets_with(&b, resolve::ours)?;
    /// assert_eq!((ours.len(), ours.binding("owner")), (1, Some(&Atom::symbol("ann"))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn union_of_sets_with(
        &self,
        other: &Self,
        mut resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Self, Conflicts<T>> {
        let mut resolver = Resolver::of_differences(&mut resolve);
        union_of(&self.snapshot, &other.snapshot, Counts::Max, &mut resolver).map(Self::at)
    }

    /// Merges any number of environments in order, as repeated [`union`](Self::union) does. The result is empty if there are
    /// none. Forks of one environment are merged in O(d · log n) for d changed atoms in total.
    #[must_use]
    pub fn union_all<'a>(environments: impl IntoIterator<Item = &'a Self>) -> Self {
        let versions = environments
            .into_iter()
            .map(|environment| Arc::clone(&environment.snapshot));
        match union_all(versions.collect(), &mut Resolver::of_differences(&mut resolve::theirs)) {
            Ok(Some(united)) => Self::at(united),
            Ok(None) => Self::new(),
            Err(_) => unreachable!("this resolver always decides"),
        }
    }

    /// Drops the history of this environment: it keeps no older version alive, and is related only to later forks of it. A
    /// union with any other environment adds up all multiplicities. O(1).
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
        // Ids of its own: the old state continues with its own.
        let world = World {
            ids: Ids::new(self.id_seed),
            ..self.snapshot.world.clone()
        };
        self.id_seed = self.id_seed.map(|seed| seed.child(u64::MAX));
        self.snapshot = Arc::new(Snapshot::with(world, Version::root(), self.snapshot.edits));
    }

    /// Records that this environment includes the changes of `other`, which were merged by hand: it then descends from both,
    /// and its [`union`](Self::union) with `other` is itself. O(1).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut base = Environment::<Atom>::new();
    /// let (mut ours, mut theirs) = (base.clone(), base.clone());
    /// ours.add_fact("(a)".parse()?);
    /// theirs.add_fact("(b)".parse()?);
    /// ours.apply(&base.diff(&theirs));
    /// ours.record_merge(&theirs);
    /// assert_eq!(ours.union(&theirs).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record_merge(&mut self, other: &Self) {
        let (ours, theirs) = (self.snapshot(), other.snapshot());
        if !matches!(merge_base(ours, theirs), MergeBase::Right) {
            let mut merged = ours.as_child_of(&[ours, theirs]);
            // Ids of its own: the old state continues with its own.
            merged.world.ids = Ids::new(None);
            *self = Self::at(Arc::new(merged));
        }
    }

    /// Returns `true` if `other` refers to the same snapshot. O(1).
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.snapshot, &other.snapshot)
    }
}

/// # Named spaces, states and bindings
/// They are part of the environment: forked, written and merged with it.
impl<T: Term> Environment<T> {
    /// Creates an empty space inside this environment. O(log n).
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
        self.insert_space(Arc::default())
    }

    /// Creates an empty [data space](SpaceKind::Data) inside this environment, in which `(= lhs rhs)` and `(: name type)` are
    /// plain facts: calls have no rules there, names no types, and queries find both. O(log n).
    ///
    /// For programs as data: code that is inspected or rewritten, facts of a foreign knowledge base. The space stays one in
    /// forks, unions, patches and files, since its kind is part of its [id](SpaceId).
    ///
    /// ```
    /// use pleach::env::SpaceKind;
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let equations = env.new_data_space();
    /// env.space_mut(equations).unwrap().add_fact("(= (f 1) 2)".parse()?);
    ///
    /// assert_eq!(equations.kind(), SpaceKind::Data);
    /// let space = env.space(equations).unwrap();
    /// assert_eq!((space.fact_count(), space.rule_count()), (1, 0));
    /// assert_eq!(space.rules_for(&"(f 1)".parse()?).count(), 0);
    /// assert_eq!(space.query(&"(= $left $right)".parse()?).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new_data_space(&mut self) -> SpaceId {
        self.insert_space(Space::of_kind(SpaceKind::Data).into())
    }

    /// Inserts a space under a new id of its kind.
    fn insert_space(&mut self, space: Arc<Space<T>>) -> SpaceId {
        let snapshot = self.owned();
        // A seed chosen by the caller may have been used before this environment was saved.
        let id = loop {
            let id = SpaceId::of_kind(snapshot.world.ids.next(), space.kind);
            if !snapshot.world.spaces.contains_key(&id) {
                break id;
            }
        };
        snapshot.world.spaces.insert(id, space);
        snapshot.touched();
        id
    }

    /// Creates a space with the kind and the content of another, which is shared; `None` if that doesn't exist. O(log n).
    ///
    /// The two are separate afterwards: a [union](Self::union) merges spaces of the same id only. Patches and files hold the
    /// content of each.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let notes = env.new_space();
    /// env.space_mut(notes).unwrap().add_fact("(remember milk)".parse()?);
    /// let draft = env.fork_space(notes).unwrap();
    /// env.space_mut(draft).unwrap().add_fact("(remember tea)".parse()?);
    /// assert_eq!(env.spaces().map(|(_, space)| space.len()).sum::<u64>(), 1 + 2);
    /// assert!(env.remove_space(draft));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fork_space(&mut self, id: SpaceId) -> Option<SpaceId> {
        let content = Arc::clone(self.snapshot.world.spaces.get(&id)?);
        debug_assert_eq!(content.kind, id.kind());
        Some(self.insert_space(content))
    }

    /// Removes a named space and its atoms. Returns `false` if it doesn't exist. Atoms that mention its id stay. The id is not
    /// given out again, unless a [seed](Self::set_id_seed) is set that gave it out before. O(log n), and O(n) to drop atoms that no
    /// other handle shares.
    ///
    /// In a union it is a [conflict](Conflict) if the other side changed the space: then the default takes the right operand's.
    pub fn remove_space(&mut self, id: SpaceId) -> bool {
        let exists = self.space(id).is_some();
        if exists {
            let snapshot = self.owned();
            let removed = snapshot.world.spaces.remove(&id);
            snapshot.touched();
            // Last: dropping terms may run foreign code.
            drop(removed);
        }
        exists
    }

    /// Creates a state, a mutable cell, with this content. O(log n).
    pub fn new_state(&mut self, content: T) -> StateId {
        let snapshot = self.owned();
        let mut ids = snapshot.world.ids;
        let id = loop {
            let id = StateId::new(ids.next());
            if !snapshot.world.cells.contains_key(&Cell::State(id)) {
                break id;
            }
        };
        // Cloning terms may panic, so the id is given out afterwards.
        snapshot.world.cells.insert(Cell::State(id), Content(content));
        snapshot.world.ids = ids;
        snapshot.touched();
        id
    }

    /// Replaces the content of a state. Returns `false` if it doesn't exist. O(log n).
    pub fn change_state(&mut self, id: StateId, content: T) -> bool {
        let exists = self.state(id).is_some();
        if exists {
            self.set_cell(Cell::State(id), content);
        }
        exists
    }

    /// Removes a state, and returns its content if it existed. O(log n).
    ///
    /// In a union it is a [conflict](Conflict) if the other side changed the state.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let counter = env.new_state(Atom::from(7));
    /// assert_eq!(env.remove_state(counter), Some(Atom::from(7)));
    /// assert_eq!(env.remove_state(counter), None);
    /// ```
    pub fn remove_state(&mut self, id: StateId) -> Option<T> {
        self.remove_cell(Cell::State(id))
    }

    /// Removes the binding of a name, and returns the term if it was bound. O(log n).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.bind("best", Atom::symbol("tea"));
    /// assert_eq!(env.bindings().next(), Some(("best", &Atom::symbol("tea"))));
    /// assert_eq!(env.unbind("best"), Some(Atom::symbol("tea")));
    /// assert_eq!(env.bindings().next(), None);
    /// ```
    pub fn unbind(&mut self, name: &str) -> Option<T> {
        // An unknown name isn't interned.
        self.binding(name)?;
        self.remove_cell(Cell::Binding(Symbol::new(name)))
    }

    fn remove_cell(&mut self, cell: Cell) -> Option<T> {
        if !self.snapshot.world.cells.contains_key(&cell) {
            return None;
        }
        let snapshot = self.owned();
        let content = snapshot.world.cells.remove(&cell);
        snapshot.touched();
        content.map(|Content(content)| content)
    }

    /// Binds a name to a term, and replaces the earlier binding. O(log n).
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

    /// Sets the seed of the ids that this handle gives out in its next version. By default ids are unique to the handle, and so
    /// depend on the order in which threads run. For deterministic ids, an evaluator gives each of its forks a seed of its
    /// own: a [`child`](IdSeed::child) of its seed, with an index below `u64::MAX`.
    pub fn set_id_seed(&mut self, seed: IdSeed) {
        self.id_seed = Some(seed);
    }

    /// Returns a seed for the ids of an evaluation in this state. It is a function of the history if this handle was given a
    /// [seed](Self::set_id_seed) or is the only owner of its state; else it is unique, since another handle may evaluate the
    /// same state. O(1).
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

impl<T: Term> Clone for Environment<T> {
    /// Forks the environment: one reference-count increment, whatever the size.
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

/// Two environments are equal if their spaces have the same ids and multiplicities, and their cells the same contents. O(d)
/// for d differences between forks.
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
