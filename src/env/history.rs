//! Versions: where a snapshot comes from, and what two of them have in common.
//!
//! A version is a node in a graph that only grows: a write that leaves a shared snapshot makes a child of it, a union
//! makes a child of both operands. The **merge base** of two versions is their latest common ancestors: those common
//! ancestors that no other common ancestor descends from. They are found as git finds them (`paint_down_to_common` in
//! git's `commit-reach.c`): both sides are painted upwards, latest generation first, until only ancestors of what was
//! found are left. A version's generation is greater than those of its parents, so each is visited once, and nothing
//! older than the base's own generation is.
//!
//! # What is kept alive
//! A version is held by the handles that are at it and by the links of its children. A parent that one child links to,
//! and nothing else holds, can never be a merge base again, since whoever reaches it does so through that child: its own
//! parents take its place. A parent that another parent descends from is reached through that one. [`sweep`] cuts both
//! kinds in all the history that a new version comes from, when as many versions were made since the last time as there
//! were left then: so it costs O(1) a version, amortised, and history stays in proportion to what is alive.
//!
//! # Marks
//! Who keeps states outside of memory **marks** the versions that it keeps. What a version comes from, there, is the marks
//! of the nearest marked versions on all ways back ([`Snapshot::marks`]). A link that is cut leaves its marks behind.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use smallvec::SmallVec;

use super::bases::Virtual;
use super::snapshot::Snapshot;
use crate::term::Term;

/// A snapshot's place in the history graph.
pub(crate) struct Version<T: Term> {
    /// Greater than that of every parent.
    generation: u64,
    /// Behind a lock only so that dead links can be cut, and marks made, while the snapshot is shared; reads of a snapshot
    /// never take it.
    links: Mutex<Links<T>>,
    /// How many versions were made since history was swept, on the longest way there.
    since_sweep: usize,
    /// How many versions that sweep left.
    survivors: usize,
}

type Parents<T> = SmallVec<[Arc<Snapshot<T>>; 2]>;

/// The name of a state that is kept outside of memory.
pub(crate) type Mark = [u8; 32];

/// What a version comes from.
struct Links<T: Term> {
    parents: Parents<T>,
    /// Boxed, for few versions have any.
    marks: Option<Box<Marks>>,
    /// Virtual bases of which this version is the primary, the latest last.
    bases: Vec<Memo<T>>,
}

/// A virtual base that was made. It holds content, no versions, so it keeps no history alive.
struct Memo<T: Term> {
    /// What it is the base of, the version that keeps it included, by address in ascending order. While these are held, no
    /// other version can have their addresses, and none of them can be written in place.
    versions: SmallVec<[Weak<Snapshot<T>>; 2]>,
    base: Arc<Virtual<T>>,
}

impl<T: Term> Memo<T> {
    fn is_of(&self, versions: &[*const Snapshot<T>]) -> bool {
        self.versions.iter().map(Weak::as_ptr).eq(versions.iter().copied())
    }

    /// Can it still be asked for?
    fn is_alive(&self) -> bool {
        self.versions.iter().all(|version| version.strong_count() > 0)
    }
}

/// How many virtual bases a version keeps: so they are in proportion to the versions that are alive. Versions that merge
/// each other again and again need one of each.
const MOST_BASES: usize = 4;

#[derive(Clone, Default)]
pub(super) struct Marks {
    names: BTreeSet<Mark>,
    /// Were they made on the version itself? Then they are all: what it comes from has nothing to add. Else they are those
    /// of versions that it came from and that are gone.
    own: bool,
}

impl<T: Term> Links<T> {
    fn to(parents: Parents<T>) -> Mutex<Self> {
        Mutex::new(Self {
            parents,
            marks: None,
            bases: Vec::new(),
        })
    }

    /// Takes over the marks of a version that it came from.
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

/// How many versions are made, beyond twice those that are alive, before history is swept.
const SWEEP_EVERY: usize = if cfg!(pleach_tiny_nodes) { 0 } else { 16 };

impl<T: Term> Version<T> {
    /// A version that comes from nothing.
    pub(crate) fn root() -> Self {
        #[cfg(test)]
        LIVE.set(LIVE.get() + 1);
        Self {
            generation: 0,
            links: Links::to(SmallVec::new()),
            since_sweep: 0,
            survivors: 0,
        }
    }

    /// A version that comes from `parents`.
    pub(crate) fn child_of<const N: usize>(parents: [&Arc<Snapshot<T>>; N]) -> Self {
        Self::child_of_all(&parents)
    }

    /// A version that comes from `parents`, of which none is there twice.
    pub(crate) fn child_of_all(parents: &[&Arc<Snapshot<T>>]) -> Self {
        let most = |count: fn(&Self) -> usize| parents.iter().map(|parent| count(&parent.version)).max().unwrap_or(0);
        let (mut since_sweep, mut survivors) = (
            most(|version| version.since_sweep) + 1,
            most(|version| version.survivors),
        );
        if since_sweep > SWEEP_EVERY + 2 * survivors {
            (since_sweep, survivors) = (0, sweep(parents));
        }
        #[cfg(test)]
        LIVE.set(LIVE.get() + 1);
        Self {
            generation: parents
                .iter()
                .map(|parent| parent.version.generation + 1)
                .max()
                .unwrap_or(0),
            links: Links::to(parents.iter().map(|parent| Arc::clone(parent)).collect()),
            since_sweep,
            survivors,
        }
    }

    /// The parents as of now. Which they are can change, but never which versions two handles have in common.
    pub(super) fn parents(&self) -> Parents<T> {
        self.lock().parents.clone()
    }

    /// The one version that this comes from, if it comes from one and nothing outside of memory knows this one by a mark.
    pub(super) fn only_parent(&self) -> Option<Arc<Snapshot<T>>> {
        let links = self.lock();
        match links.parents.as_slice() {
            [parent] if links.marks.is_none() => Some(Arc::clone(parent)),
            _ => None,
        }
    }

    /// Takes over the marks of a version that this one comes from and that is gone.
    pub(super) fn inherit(&mut self, marks: Option<Box<Marks>>) {
        self.links().inherit(marks);
    }

    pub(super) fn into_marks(mut self) -> Option<Box<Marks>> {
        self.links().marks.take()
    }

    /// Is it of a later generation, so that `other` can't come from it?
    pub(super) fn is_later(&self, other: &Self) -> bool {
        self.generation > other.generation
    }

    fn lock(&self) -> MutexGuard<'_, Links<T>> {
        // Nothing that can panic runs while the lock is held.
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts the links to parents that nothing else holds, but for one reference each that the caller has.
    fn prune(&self) {
        let mut links = self.lock();
        let mut at = 0;
        while let Some(parent) = links.parents.get(at) {
            let before = links.parents[..at].iter();
            if let Some(other) = before.clone().position(|other| Arc::ptr_eq(other, parent)) {
                links.parents.remove(at);
                // The other link to it may be the last one now.
                at = other;
            } else if Arc::strong_count(parent) == 2 {
                // Nobody else can come by it: its one link is behind the lock that we hold.
                let dead = links.parents.remove(at);
                let mut its = dead.version.lock();
                // In its place, so that the first parent stays the one that the content was copied from.
                links.parents.insert_many(at, its.parents.drain(..));
                links.inherit(its.marks.take());
            } else {
                at += 1;
            }
        }
    }

    /// Drops the virtual bases that nobody can ask for any more.
    fn drop_dead_bases(&self) {
        let mut links = self.lock();
        if links.bases.is_empty() {
            return;
        }
        let (alive, dead): (_, Vec<_>) = std::mem::take(&mut links.bases).into_iter().partition(Memo::is_alive);
        links.bases = alive;
        // Without the lock, for it may run code of the terms.
        drop(links);
        drop(dead);
    }

    fn links(&mut self) -> &mut Links<T> {
        self.links.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts the links to parents that another parent descends from.
    fn reduce(&self) {
        let parents = self.parents();
        let Some(oldest) = parents
            .iter()
            .map(|parent| parent.version.generation)
            .min()
            .filter(|_| parents.len() > 1)
        else {
            return;
        };
        let mut older = HashSet::new();
        let mut todo: Vec<_> = parents.iter().flat_map(|parent| parent.version.parents()).collect();
        while let Some(version) = todo.pop() {
            if version.version.generation >= oldest && older.insert(Arc::as_ptr(&version)) {
                todo.extend(version.version.parents());
            }
        }
        // The caller holds the parents too, so none is dropped here.
        self.lock()
            .parents
            .retain(|parent| !older.contains(&Arc::as_ptr(parent)));
    }
}

/// Cuts dead links in all that `versions` come from, and returns how many versions are left there.
fn sweep<T: Term>(versions: &[&Arc<Snapshot<T>>]) -> usize {
    let mut seen = HashSet::new();
    let mut all: Vec<Arc<Snapshot<T>>> = versions.iter().map(|version| Arc::clone(version)).collect();
    all.retain(|version| seen.insert(Arc::as_ptr(version)));
    let mut next = 0;
    while let Some(version) = all.get(next) {
        let parents = version.version.parents();
        all.extend(parents.into_iter().filter(|parent| seen.insert(Arc::as_ptr(parent))));
        next += 1;
    }
    // The latest first, so that what is cut for one version is gone for those it came from.
    all.sort_unstable_by_key(|version| Reverse(version.version.generation));
    for version in &all {
        version.version.prune();
        version.version.reduce();
        version.version.drop_dead_bases();
    }
    all.iter().filter(|version| Arc::strong_count(version) > 1).count()
}

impl<T: Term> Drop for Version<T> {
    /// Iterative: a chain of a million versions is dropped in constant stack.
    fn drop(&mut self) {
        #[cfg(test)]
        LIVE.set(LIVE.get() - 1);
        let mut todo = std::mem::take(&mut self.links().parents);
        while let Some(parent) = todo.pop() {
            if let Some(mut dead) = Arc::into_inner(parent) {
                todo.append(&mut dead.version.links().parents);
            }
        }
    }
}

impl<T: Term> Snapshot<T> {
    /// Says which states that are kept outside of memory this one is or comes from: all of them, but for those that others
    /// among them come from.
    pub(crate) fn mark(&self, names: impl IntoIterator<Item = Mark>) {
        let names = names.into_iter().collect();
        self.version.lock().marks = Some(Box::new(Marks { names, own: true }));
    }

    /// Which states that are kept outside of memory this one is, or comes from. Visits the versions since.
    pub(crate) fn marks(self: &Arc<Self>) -> BTreeSet<Mark> {
        let mut found = BTreeSet::new();
        let mut seen = HashSet::from([Arc::as_ptr(self)]);
        let mut todo: Parents<T> = SmallVec::from_iter([Arc::clone(self)]);
        while let Some(version) = todo.pop() {
            let links = version.version.lock();
            if let Some(marks) = &links.marks {
                found.extend(&marks.names);
                if marks.own {
                    continue;
                }
            }
            todo.extend(
                links
                    .parents
                    .iter()
                    .filter(|parent| seen.insert(Arc::as_ptr(parent)))
                    .cloned(),
            );
        }
        found
    }
}

/// # Virtual bases
impl<T: Term> Snapshot<T> {
    /// The virtual base of these versions, by address in ascending order, that was kept here.
    pub(super) fn memoized(&self, versions: &[*const Self]) -> Option<Arc<Virtual<T>>> {
        let links = self.version.lock();
        let memo = links.bases.iter().find(|memo| memo.is_of(versions))?;
        Some(Arc::clone(&memo.base))
    }

    /// Keeps the virtual base of these versions with one of them.
    pub(super) fn memoize(versions: &[Arc<Self>], primary: usize, base: &Arc<Virtual<T>>) {
        let mut versions: SmallVec<[_; 2]> = versions.iter().collect();
        let primary = versions[primary];
        versions.sort_unstable_by_key(|version| Arc::as_ptr(version));
        let memo = Memo {
            versions: versions.into_iter().map(Arc::downgrade).collect(),
            base: Arc::clone(base),
        };
        let mut links = primary.version.lock();
        let evicted = (links.bases.len() >= MOST_BASES).then(|| links.bases.remove(0));
        links.bases.push(memo);
        // Without the lock, for it may run code of the terms.
        drop(links);
        drop(evicted);
    }
}

/// The version that this one was copied from.
pub(super) fn first_parent<T: Term>(version: &Arc<Snapshot<T>>) -> Option<Arc<Snapshot<T>>> {
    #[cfg(test)]
    VISITED.set(VISITED.get() + 1);
    version.version.lock().parents.first().cloned()
}

/// What two versions have in common.
pub(crate) enum Base<T: Term> {
    /// The left one is the right one, or descends from it.
    Right,
    /// The right one descends from the left one.
    Left,
    /// The latest common ancestors: none if the two are unrelated, several if they merged each other before.
    Common(Vec<Arc<Snapshot<T>>>),
}

/// The version that `version` is no different from: itself, or the parent that it was copied from and not written since.
pub(super) fn settled<T: Term>(version: &Arc<Snapshot<T>>) -> Arc<Snapshot<T>> {
    let mut settled = Arc::clone(version);
    loop {
        let parent = match settled.version.lock().parents.as_slice() {
            [parent] if parent.edits == settled.edits => Arc::clone(parent),
            _ => break,
        };
        settled = parent;
    }
    settled
}

/// Finds the merge base. Visits the versions that are not older than it; O(1) if one operand is the other or its parent.
pub(crate) fn merge_base<T: Term>(left: &Arc<Snapshot<T>>, right: &Arc<Snapshot<T>>) -> Base<T> {
    let is_parent_of = |old: &Arc<Snapshot<T>>, new: &Arc<Snapshot<T>>| {
        // Most often no lock is needed to know better.
        new.version.is_later(&old.version) && new.version.lock().parents.iter().any(|parent| Arc::ptr_eq(parent, old))
    };
    // The usual cases, before anything is copied.
    if Arc::ptr_eq(left, right) || is_parent_of(right, left) {
        return Base::Right;
    }
    if is_parent_of(left, right) {
        return Base::Left;
    }
    let (left, right) = (&settled(left), &settled(right));
    if Arc::ptr_eq(left, right) {
        return Base::Right;
    }
    let common = latest_common(std::slice::from_ref(left), right);
    if common.iter().any(|base| Arc::ptr_eq(base, right)) {
        Base::Right
    } else if common.iter().any(|base| Arc::ptr_eq(base, left)) {
        Base::Left
    } else {
        Base::Common(common)
    }
}

const OF_LEFT: u8 = 1;
const OF_RIGHT: u8 = 2;
const OF_BOTH: u8 = OF_LEFT | OF_RIGHT;
/// An ancestor of a common ancestor that was found.
const STALE: u8 = 4;

/// The latest versions that `right` and any of `lefts` both are or descend from. None of these descends from another.
pub(super) fn latest_common<T: Term>(lefts: &[Arc<Snapshot<T>>], right: &Arc<Snapshot<T>>) -> Vec<Arc<Snapshot<T>>> {
    let mut paint: HashMap<*const Snapshot<T>, u8> = HashMap::new();
    let mut queue = BinaryHeap::new();
    // How many in the queue are not stale.
    let mut fresh = lefts.len() + 1;
    let lefts = lefts.iter().map(|left| (left, OF_LEFT));
    for (version, colour) in lefts.chain([(right, OF_RIGHT)]) {
        paint.insert(Arc::as_ptr(version), colour);
        queue.push(Queued(Arc::clone(version)));
    }
    let mut found = Vec::new();
    while fresh > 0 {
        let Some(Queued(version)) = queue.pop() else { break };
        #[cfg(test)]
        VISITED.set(VISITED.get() + 1);
        // All that descend from it have been visited, so its paint is final.
        let colour = paint.get(&Arc::as_ptr(&version)).copied().unwrap_or(0);
        let mut inherited = colour;
        if colour & STALE == 0 {
            fresh -= 1;
            if colour == OF_BOTH {
                found.push(Arc::clone(&version));
                inherited |= STALE;
            }
        }
        for parent in version.version.parents() {
            let old = paint.entry(Arc::as_ptr(&parent)).or_insert(0);
            let new = *old | inherited;
            match (*old == 0, new & STALE == 0) {
                (true, true) => fresh += 1,
                (false, false) if *old & STALE == 0 => fresh -= 1,
                _ => {}
            }
            let first = std::mem::replace(old, new) == 0;
            if first {
                queue.push(Queued(parent));
            }
        }
    }
    found
}

/// A version in the queue, the latest generation first.
struct Queued<T: Term>(Arc<Snapshot<T>>);

impl<T: Term> Ord for Queued<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.version.generation.cmp(&other.0.version.generation)
    }
}

impl<T: Term> PartialOrd for Queued<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Term> PartialEq for Queued<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Term> Eq for Queued<T> {}

#[cfg(test)]
thread_local! {
    /// How many versions this thread has made, less those it has dropped.
    static LIVE: std::cell::Cell<isize> = const { std::cell::Cell::new(0) };
    /// How many versions this thread has visited to find merge bases.
    pub(super) static VISITED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    /// How many virtual bases this thread has made.
    pub(super) static MADE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests;
