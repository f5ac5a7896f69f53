//! Versions: the nodes of history in memory.
//!
//! A write that leaves a shared state makes a child of its version, a union makes a child of both operands. The **merge
//! base** of two versions is their latest common ancestors: those that no other common ancestor descends from.
//!
//! # What is kept alive
//! A version is held by the handles at it and by the links of its children. A parent that only one child links to, and no
//! handle holds, can't be a merge base again, since every path to it passes through that child: its own parents take its
//! place. A link to a parent that another parent descends from is redundant. [`sweep`] cuts both kinds in the ancestry of a
//! new version, once as many versions were made since the last sweep as that one left. So a sweep costs O(1) a version,
//! amortized, and history stays in proportion to what is alive.
//!
//! # Marks
//! A store outside of memory **marks** the versions that it keeps with its names for them. The marks of a state are those of
//! the nearest marked versions on all paths to its ancestors ([`marks`]). A link that is cut leaves its marks behind.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use smallvec::SmallVec;

use super::dag::{Dag, Links, Walk};
use crate::address::BuildAddressHasher;

/// A state that has a place in history.
pub(crate) trait Versioned: Sized {
    /// The content of a virtual merge base.
    type Base;

    fn version(&self) -> &Version<Self>;

    fn version_mut(&mut self) -> &mut Version<Self>;

    /// Whether nothing was written since `parent`, from which this was copied.
    fn is_unwritten_since(&self, parent: &Self) -> bool;
}

/// The place of a state in history.
pub(crate) struct Version<N: Versioned> {
    /// Greater than that of every parent.
    generation: u64,
    /// Behind a lock only so that dead links can be cut, and marks made, while the state is shared. Reads of a state never
    /// take it.
    origin: Mutex<Origin<N>>,
    /// The number of versions made since the last sweep, on the longest path from there.
    since_sweep: usize,
    /// The number of versions that the last sweep left.
    survivors: usize,
}

/// The origin of a version.
struct Origin<N: Versioned> {
    parents: Parents<N>,
    /// Boxed, since few versions have any.
    marks: Option<Box<Marks>>,
    /// Virtual merge bases of which this version is the primary, the latest last.
    bases: Vec<Memo<N>>,
}

type Parents<N> = Links<Arc<N>>;

/// The name of a version in a store outside of memory.
pub(crate) type Mark = [u8; 32];

#[derive(Clone, Default)]
pub(crate) struct Marks {
    names: BTreeSet<Mark>,
    /// Whether they were made on the version itself, so that those of its ancestors add nothing. Else they were inherited
    /// from versions whose links were cut.
    own: bool,
}

/// A memoized virtual merge base. It has content and no versions, so it keeps no history alive.
struct Memo<N: Versioned> {
    /// The versions whose merge base it is, by address in ascending order. While these are held, no other version can have
    /// their addresses, and none of them can be written in place.
    versions: SmallVec<[Weak<N>; 2]>,
    base: Arc<N::Base>,
}

/// The number of virtual merge bases that a version keeps. Versions that merge each other repeatedly need one of each other.
const MAX_BASES: usize = 4;

/// The number of versions that are made, beyond twice the survivors, before the next sweep.
const SWEEP_EVERY: usize = if cfg!(pleach_tiny_nodes) { 0 } else { 16 };

impl<N: Versioned> Memo<N> {
    fn is_of(&self, versions: &[*const N]) -> bool {
        self.versions.iter().map(Weak::as_ptr).eq(versions.iter().copied())
    }

    /// Whether all of its versions are alive, so that it can be used again.
    fn is_alive(&self) -> bool {
        self.versions.iter().all(|version| version.strong_count() > 0)
    }
}

impl<N: Versioned> Origin<N> {
    fn new(parents: Parents<N>) -> Mutex<Self> {
        Mutex::new(Self {
            parents,
            marks: None,
            bases: Vec::new(),
        })
    }

    /// Takes over the marks of an ancestor whose link was cut.
    fn inherit(&mut self, marks: Option<Box<Marks>>) {
        match (&mut self.marks, marks) {
            (_, None) => {}
            (Some(marks), Some(_)) if marks.own => {}
            (Some(marks), Some(mut more)) => marks.names.append(&mut more.names),
            (none, Some(mut marks)) => {
                marks.own = false;
                *none = Some(marks);
            }
        }
    }
}

impl<N: Versioned> Version<N> {
    /// A version without parents.
    pub(crate) fn root() -> Self {
        #[cfg(test)]
        LIVE.set(LIVE.get() + 1);
        Self {
            generation: 0,
            origin: Origin::new(SmallVec::new()),
            since_sweep: 0,
            survivors: 0,
        }
    }

    /// A child of these distinct versions.
    pub(crate) fn child_of(parents: &[&Arc<N>]) -> Self {
        let max = |count: fn(&Self) -> usize| parents.iter().map(|parent| count(parent.version())).max().unwrap_or(0);
        let mut since_sweep = max(|version| version.since_sweep) + 1;
        let mut survivors = max(|version| version.survivors);
        if since_sweep > SWEEP_EVERY + 2 * survivors {
            (since_sweep, survivors) = (0, sweep(parents));
        }
        #[cfg(test)]
        LIVE.set(LIVE.get() + 1);
        let generations = parents.iter().map(|parent| parent.version().generation + 1);
        Self {
            generation: generations.max().unwrap_or(0),
            origin: Origin::new(parents.iter().map(|parent| Arc::clone(parent)).collect()),
            since_sweep,
            survivors,
        }
    }

    /// The parents as of now. Links may be cut, but the common ancestors of two handles stay the same.
    pub(crate) fn parents(&self) -> Parents<N> {
        self.lock().parents.clone()
    }

    /// The parent, if there is one only and this version has no marks.
    pub(crate) fn only_parent(&self) -> Option<Arc<N>> {
        let origin = self.lock();
        match origin.parents.as_slice() {
            [parent] if origin.marks.is_none() => Some(Arc::clone(parent)),
            _ => None,
        }
    }

    /// Takes over the marks of an ancestor that is gone.
    pub(crate) fn inherit(&mut self, marks: Option<Box<Marks>>) {
        self.origin_mut().inherit(marks);
    }

    pub(crate) fn into_marks(mut self) -> Option<Box<Marks>> {
        self.origin_mut().marks.take()
    }

    /// Sets the marks of this version: the names of all the versions that it is or descends from in a store, but for
    /// ancestors of others among them.
    pub(crate) fn mark(&self, names: impl IntoIterator<Item = Mark>) {
        let names = names.into_iter().collect();
        self.lock().marks = Some(Box::new(Marks { names, own: true }));
    }

    /// Whether this is of a later generation, so that `other` can't descend from it.
    pub(crate) fn is_later(&self, other: &Self) -> bool {
        self.generation > other.generation
    }

    fn lock(&self) -> MutexGuard<'_, Origin<N>> {
        // Nothing that can panic runs while the lock is held.
        self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn origin_mut(&mut self) -> &mut Origin<N> {
        self.origin.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts the links to parents that nothing else holds, apart from one reference each that the caller has.
    fn prune(&self) {
        let mut origin = self.lock();
        let mut at = 0;
        while let Some(parent) = origin.parents.get(at) {
            let before = origin.parents[..at].iter();
            if let Some(other) = before.clone().position(|other| Arc::ptr_eq(other, parent)) {
                origin.parents.remove(at);
                // The other link to it may be the last one now.
                at = other;
            } else if Arc::strong_count(parent) == 2 {
                // Its only link is behind the lock that is held here, so no other thread can reach it.
                let dead = origin.parents.remove(at);
                let mut its = dead.version().lock();
                // In its place, so that the first parent stays the one that the content was copied from.
                origin.parents.insert_many(at, its.parents.drain(..));
                origin.inherit(its.marks.take());
            } else {
                at += 1;
            }
        }
    }

    /// Cuts the links to parents that another parent descends from.
    fn reduce(&self) {
        let parents = self.parents();
        if parents.len() < 2 {
            return;
        }
        let Ok(redundant) = InMemory::new().redundant(&parents);
        if redundant.contains(&true) {
            let is_redundant = |parent: &Arc<N>| {
                let index = parents.iter().position(|other| Arc::ptr_eq(other, parent));
                index.is_some_and(|index| redundant[index])
            };
            // The caller holds the parents too, so none is dropped here.
            self.lock().parents.retain(|parent| !is_redundant(parent));
        }
    }

    /// Drops memoized virtual merge bases that can't be used again.
    fn drop_dead_bases(&self) {
        let mut origin = self.lock();
        if origin.bases.is_empty() {
            return;
        }
        let (alive, dead): (_, Vec<_>) = std::mem::take(&mut origin.bases).into_iter().partition(Memo::is_alive);
        origin.bases = alive;
        // Without the lock, since it may run code of the terms.
        drop(origin);
        drop(dead);
    }
}

/// Cuts dead links in the ancestry of these versions, and returns the number of versions left there.
fn sweep<N: Versioned>(versions: &[&Arc<N>]) -> usize {
    // The latest first, so that what is cut for one version is gone for its ancestors. Each is held once by this list.
    let Ok(all) = InMemory::new().ancestors(versions.iter().map(|version| Arc::clone(version)));
    for version in &all {
        version.version().prune();
        version.version().reduce();
        version.version().drop_dead_bases();
    }
    all.iter().filter(|version| Arc::strong_count(version) > 1).count()
}

impl<N: Versioned> Drop for Version<N> {
    /// Iterative: a chain of a million versions is dropped in constant stack.
    fn drop(&mut self) {
        #[cfg(test)]
        LIVE.set(LIVE.get() - 1);
        let mut pending = std::mem::take(&mut self.origin_mut().parents);
        while let Some(parent) = pending.pop() {
            if let Some(mut dead) = Arc::into_inner(parent) {
                pending.append(&mut dead.version_mut().origin_mut().parents);
            }
        }
    }
}

/// The graph of all versions in memory.
struct InMemory<N>(PhantomData<N>);

impl<N> InMemory<N> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<N: Versioned> Dag for InMemory<N> {
    type Link = Arc<N>;
    type Node = Arc<N>;
    type Key = *const N;
    type Hasher = BuildAddressHasher;
    // Not the address: results must not depend on it.
    type Tie = ();
    type Error = Infallible;

    fn key(&self, link: &Arc<N>) -> *const N {
        Arc::as_ptr(link)
    }

    fn key_of(&self, node: &Arc<N>) -> *const N {
        Arc::as_ptr(node)
    }

    fn load(&self, link: Arc<N>) -> Result<Arc<N>, Infallible> {
        Ok(link)
    }

    fn generation(&self, node: &Arc<N>) -> u64 {
        node.version().generation
    }

    fn tie(&self, _: &Arc<N>) {}

    fn parents(&self, node: &Arc<N>) -> Parents<N> {
        node.version().parents()
    }
}

/// The marks of a state: the names, in a store outside of memory, of the nearest versions that it is or descends from.
/// Visits the versions since.
pub(crate) fn marks<N: Versioned>(state: &Arc<N>) -> BTreeSet<Mark> {
    let mut found = BTreeSet::new();
    let dag = InMemory::new();
    let Ok(mut walk) = Walk::from(&dag, [Arc::clone(state)]);
    while let Some(version) = walk.pop() {
        let mut is_marked = false;
        if let Some(marks) = &version.version().lock().marks {
            found.extend(&marks.names);
            is_marked = marks.own;
        }
        if !is_marked {
            let Ok(()) = walk.expand(&version);
        }
    }
    found
}

/// Returns the memoized virtual merge base of these versions that `is_wanted`, from their primary. The versions are in
/// ascending order.
pub(crate) fn memoized<N: Versioned>(
    primary: &Arc<N>,
    versions: &[*const N],
    is_wanted: impl Fn(&N::Base) -> bool,
) -> Option<Arc<N::Base>> {
    let origin = primary.version().lock();
    let mut memos = origin.bases.iter();
    let memo = memos.find(|memo| memo.is_of(versions) && is_wanted(&memo.base))?;
    Some(Arc::clone(&memo.base))
}

/// Memoizes the virtual merge base of these versions with one of them.
pub(crate) fn memoize<N: Versioned>(versions: &[Arc<N>], primary: usize, base: &Arc<N::Base>) {
    let mut versions: SmallVec<[_; 2]> = versions.iter().collect();
    let primary = versions[primary];
    versions.sort_unstable_by_key(|version| Arc::as_ptr(version));
    let memo = Memo {
        versions: versions.into_iter().map(Arc::downgrade).collect(),
        base: Arc::clone(base),
    };
    let mut origin = primary.version().lock();
    let evicted = (origin.bases.len() >= MAX_BASES).then(|| origin.bases.remove(0));
    origin.bases.push(memo);
    // Without the lock, since it may run code of the terms.
    drop(origin);
    drop(evicted);
}

/// The version that this one was copied from.
pub(crate) fn first_parent<N: Versioned>(version: &Arc<N>) -> Option<Arc<N>> {
    #[cfg(test)]
    super::VISITED.set(super::VISITED.get() + 1);
    version.version().lock().parents.first().cloned()
}

/// The merge base of two versions.
pub(crate) enum MergeBase<N> {
    /// The left one, which the right one descends from.
    Left,
    /// The right one, which the left one is or descends from.
    Right,
    /// Their latest common ancestors: none if the two are unrelated, several if their histories criss-cross.
    Common(Vec<Arc<N>>),
}

/// Returns the version that has this content: `version`, or its ancestor if nothing was written since.
pub(crate) fn last_written<N: Versioned>(version: &Arc<N>) -> Arc<N> {
    let mut written = Arc::clone(version);
    loop {
        let parent = match written.version().lock().parents.as_slice() {
            [parent] if written.is_unwritten_since(parent) => Arc::clone(parent),
            _ => break,
        };
        written = parent;
    }
    written
}

/// Finds the merge base. Visits the versions that are not older than it; O(1) if one operand is the other or its parent.
pub(crate) fn merge_base<N: Versioned>(left: &Arc<N>, right: &Arc<N>) -> MergeBase<N> {
    let is_parent_of = |old: &Arc<N>, new: &Arc<N>| {
        // Comparing generations first mostly spares the lock.
        let (old_version, new_version) = (old.version(), new.version());
        new_version.is_later(old_version) && new_version.lock().parents.iter().any(|parent| Arc::ptr_eq(parent, old))
    };
    // The usual cases, before anything is copied.
    if Arc::ptr_eq(left, right) || is_parent_of(right, left) {
        return MergeBase::Right;
    }
    if is_parent_of(left, right) {
        return MergeBase::Left;
    }
    let (left, right) = (&last_written(left), &last_written(right));
    if Arc::ptr_eq(left, right) {
        return MergeBase::Right;
    }
    let common = latest_common(std::slice::from_ref(left), right);
    if common.iter().any(|base| Arc::ptr_eq(base, right)) {
        MergeBase::Right
    } else if common.iter().any(|base| Arc::ptr_eq(base, left)) {
        MergeBase::Left
    } else {
        MergeBase::Common(common)
    }
}

/// Returns the latest versions that `right` and any of `lefts` both are or descend from.
pub(crate) fn latest_common<N: Versioned>(lefts: &[Arc<N>], right: &Arc<N>) -> Vec<Arc<N>> {
    let Ok(common) = InMemory::new().latest_common(lefts.iter().cloned(), Arc::clone(right));
    common
}

#[cfg(test)]
thread_local! {
    /// The number of versions that this thread has made, less those it has dropped.
    pub(crate) static LIVE: std::cell::Cell<isize> = const { std::cell::Cell::new(0) };
}
