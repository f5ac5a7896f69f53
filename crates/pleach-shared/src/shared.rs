//! The shared value.

use std::convert::Infallible;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use crate::follower::{Follower, Step};
use crate::merge::Merge;
use crate::outcome::Commit;
use crate::protocol::{Protocol, State};
use crate::publication::Publication;
use crate::sync;
use crate::wait::{VersionWait, block_on};

/// The current state of a persistent value, shared between threads: read without locks, replaced atomically, committed by
/// three-way merge.
///
/// Readers [`load`](Self::load) the value. They never wait, and each load returns one complete value. Writers either
/// [`update`](Self::update) the value in a closure, or [`fork`](Self::fork) it, write the fork, and
/// [`commit`](Self::commit) it, which merges it with what others have published meanwhile.
///
/// # Choosing a write
/// | call | when another writer was faster | lost writes |
/// |---|---|---|
/// | [`update`](Self::update), [`try_update`](Self::try_update) | runs the closure again on the newer value | none |
/// | [`commit`](Self::commit) | merges with the newer value; of an entry that both changed differently, this fork's change is taken | that of the other to the same entry |
/// | [`commit_with`](Self::commit_with) | asks how to merge | none |
/// | [`publish`](Self::publish) | overwrites the newer value | those of the other writers |
///
/// # Limits
/// - The thread that drops the last reference to an old value frees it. That can be a reader.
/// - A closure runs again after each lost race, so it should have no other effect than its writes.
///
/// # Examples
/// ```
/// use pleach_collections::Map;
/// use pleach_shared::Shared;
///
/// let stock = Shared::new(Map::new());
/// std::thread::scope(|threads| {
///     for (name, count) in [("tea", 3), ("coffee", 2)] {
///         let stock = &stock;
///         threads.spawn(move || {
///             let mut mine = stock.fork();
///             mine.insert(name, count);
///             stock.commit(&mut mine);
///         });
///     }
/// });
/// assert_eq!(stock.snapshot(), Map::from([("tea", 3), ("coffee", 2)]));
/// ```
///
/// # Implementation
/// The cell is an [`ArcSwap`](https://docs.rs/arc-swap), by Michal Vaner. Racing commits are combined as in *Flat Combining
/// and the Synchronization-Parallelism Tradeoff* (Hendler, Incze, Shavit, Tzafrir, SPAA 2010), but without a lock.
pub struct Shared<T: Merge> {
    protocol: Protocol<Entry<T>>,
}

/// A published value, or one to be merged with the published one.
#[derive(Clone)]
struct Entry<T> {
    value: T,
    /// The value that it was forked from; `None` once published, so that old values are freed.
    base: Option<T>,
}

impl<T> Entry<T> {
    fn published(value: T) -> Self {
        Self { value, base: None }
    }
}

impl<T: Merge> State for Entry<T> {
    fn unite(&self, other: &Self) -> Self {
        let Some(base) = &other.base else {
            unreachable!("a commit has a base");
        };
        if other.value.ptr_eq(base) {
            return self.clone();
        }
        if self.value.ptr_eq(base) {
            return Self::published(other.value.clone());
        }
        let merged = self.value.merge(base, &other.value);
        if merged.ptr_eq(&self.value) {
            self.clone()
        } else {
            Self::published(merged)
        }
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        self.value.ptr_eq(&other.value)
    }
}

/// # Reading
/// Reads never wait, and each returns one complete value.
impl<T: Merge> Shared<T> {
    /// Creates a shared value, as version 0.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self {
            protocol: Protocol::new(Entry::published(value)),
        }
    }

    /// Loads the current value for a short read.
    ///
    /// Wait-free. It changes no shared reference count as long as the thread holds at most eight guards. Drop the guard soon,
    /// or take a [`snapshot`](Self::snapshot).
    pub fn load(&self) -> Guard<T> {
        Guard {
            publication: self.protocol.load(),
        }
    }

    /// Clones the current value.
    #[must_use]
    pub fn snapshot(&self) -> T {
        self.protocol.load().state.value.clone()
    }

    /// Forks the current value, to be written and [committed](Self::commit): two clones.
    #[must_use]
    pub fn fork(&self) -> Fork<T> {
        Fork::of(self.snapshot())
    }

    /// Returns the version of the current value: 0 at first, and one more with each publication. Wait-free.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.protocol.load().version
    }
}

/// # Writing
/// If a closure or the code of a key or value panics, nothing is published, and the shared value stays usable.
impl<T: Merge> Shared<T> {
    /// Runs `write` on a clone of the current value and publishes it; runs it again on the newer value if another writer was
    /// faster. Returns the result of the last run.
    ///
    /// Publishes nothing if `write` changed nothing. Lock-free: a retry means that another writer has published.
    ///
    /// ```
    /// # use pleach_collections::Map;
    /// # use pleach_shared::Shared;
    /// let stock = Shared::new(Map::from([("tea", 3)]));
    /// let left = stock.update(|stock| {
    ///     stock["tea"] -= 1;
    ///     stock["tea"]
    /// });
    /// assert_eq!((left, stock.version()), (2, 1));
    /// ```
    pub fn update<R>(&self, mut write: impl FnMut(&mut T) -> R) -> R {
        match self.try_update(|value| Ok::<R, Infallible>(write(value))) {
            Ok(result) => result,
            Err(never) => match never {},
        }
    }

    /// Updates as [`update`](Self::update) does, with a closure that can fail.
    ///
    /// # Errors
    /// Returns the first error of `write`. Nothing is published then.
    pub fn try_update<R, E>(&self, mut write: impl FnMut(&mut T) -> Result<R, E>) -> Result<R, E> {
        self.protocol.update(|current| {
            let mut value = current.value.clone();
            let result = write(&mut value)?;
            Ok((Entry::published(value), result))
        })
    }

    /// Publishes the current value merged with the changes of `fork`, by [`Merge::merge`]. Afterwards `fork` is a fork of the
    /// published value, so nothing counts twice when it is committed again.
    ///
    /// O(1) if nothing was published meanwhile. Racing commits are merged by one thread and published together, in the order
    /// of their arrival; each fork becomes one of the whole.
    ///
    /// ```
    /// # use pleach_collections::Bag;
    /// # use pleach_shared::{Outcome, Shared};
    /// let votes = Shared::new(Bag::new());
    /// let (mut ann, mut bob) = (votes.fork(), votes.fork());
    /// ann.insert("tea", 1);
    /// bob.insert("tea", 1);
    /// assert_eq!(votes.commit(&mut ann).outcome, Outcome::FastForward);
    /// assert_eq!(votes.commit(&mut bob).outcome, Outcome::Merged);
    /// assert_eq!(votes.commit(&mut bob).outcome, Outcome::Unchanged);
    /// assert_eq!(votes.load().count("tea"), 2);
    /// ```
    pub fn commit(&self, fork: &mut Fork<T>) -> Commit {
        let committed = self.protocol.commit(&fork.entry());
        *fork = Fork::of(committed.state.value);
        committed.commit
    }

    /// Commits as [`commit`](Self::commit) does, with `merge` merging the current value, the one that was forked, and that of
    /// the fork, in this order. It is called only if something was published meanwhile, and again when another writer was
    /// faster. Lock-free; these commits are not combined.
    ///
    /// # Errors
    /// Returns the first error of `merge`. Nothing is published then, and `fork` is unchanged.
    ///
    /// ```
    /// # use pleach_collections::Map;
    /// # use pleach_shared::Shared;
    /// let counters = Shared::new(Map::from([("served", 5)]));
    /// let mut mine = counters.fork();
    /// mine["served"] += 1;
    /// counters.update(|counters| counters["served"] += 1);
    /// let sum = |ours: &Map<_, i64>, base: &Map<_, i64>, theirs: &Map<_, i64>| {
    ///     let all = |_: &_, base: Option<&i64>, a: Option<&i64>, b: Option<&i64>| Some(a? + b? - base?);
    ///     Ok::<_, std::convert::Infallible>(ours.merge_all(base, theirs, all))
    /// };
    /// counters.commit_with(&mut mine, sum).unwrap();
    /// assert_eq!(mine["served"], 7);
    /// ```
    pub fn commit_with<E>(
        &self,
        fork: &mut Fork<T>,
        mut merge: impl FnMut(&T, &T, &T) -> Result<T, E>,
    ) -> Result<Commit, E> {
        let entry = fork.entry();
        let committed = self.protocol.commit_with(&entry, |current| {
            if fork.value.ptr_eq(&fork.base) {
                Ok(current.clone())
            } else if current.value.ptr_eq(&fork.base) {
                Ok(Entry::published(fork.value.clone()))
            } else {
                merge(&current.value, &fork.base, &fork.value).map(Entry::published)
            }
        })?;
        *fork = Fork::of(committed.state.value);
        Ok(committed.commit)
    }

    /// Replaces the current value, and returns the replaced one. Lock-free.
    ///
    /// Writes that others published meanwhile are lost; [`commit`](Self::commit) keeps them.
    pub fn publish(&self, value: T) -> T {
        self.protocol.publish(&Entry::published(value)).state.value.clone()
    }
}

/// # Watching
/// Writers never wait for those who watch.
impl<T: Merge> Shared<T> {
    /// Subscribes to the publications from now on. At least the last `bound` are kept until the subscriber receives them; one
    /// that falls further behind receives [`News::lagged`].
    pub fn subscribe(&self, bound: usize) -> Subscription<&Self, T> {
        Subscription::new(self, bound)
    }

    /// Blocks the thread until the current version is `version` or a later one, and clones the value; `None` after `timeout`.
    /// `Duration::MAX` waits forever.
    pub fn wait_for(&self, version: u64, timeout: Duration) -> Option<T> {
        let mut wait = VersionWait::new(&self.protocol);
        let reached = block_on(timeout, |context| wait.poll(version, context))?;
        Some(reached.state.value.clone())
    }

    /// Waits as [`wait_for`](Self::wait_for) does, as a future of any runtime, without a timeout. Cancel-safe.
    pub async fn reached(&self, version: u64) -> T {
        let mut wait = VersionWait::new(&self.protocol);
        let reached = std::future::poll_fn(|context| wait.poll(version, context)).await;
        reached.state.value.clone()
    }
}

impl<T: Merge + Default> Default for Shared<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Merge + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.load();
        f.debug_struct("Shared")
            .field("version", &current.version())
            .field("value", &*current)
            .finish()
    }
}

/// A value [loaded](Shared::load) for a short read.
pub struct Guard<T> {
    publication: sync::Guard<sync::Arc<Publication<Entry<T>>>>,
}

impl<T> Guard<T> {
    /// Returns the version of the value.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.publication.version
    }
}

impl<T> Deref for Guard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.publication.state.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Guard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A [fork](Shared::fork) of a shared value, to be written and committed. It derefs to the value, and keeps the one that it
/// was forked from.
#[derive(Clone, Debug)]
pub struct Fork<T> {
    base: T,
    value: T,
}

impl<T: Clone> Fork<T> {
    fn of(value: T) -> Self {
        Self {
            base: value.clone(),
            value,
        }
    }

    fn entry(&self) -> Entry<T> {
        Entry {
            value: self.value.clone(),
            base: Some(self.base.clone()),
        }
    }

    /// Returns the value that this was forked from.
    #[must_use]
    pub fn base(&self) -> &T {
        &self.base
    }
}

impl<T> Deref for Fork<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Fork<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// A receiver of every publication of a [`Shared`], in order. Made by [`Shared::subscribe`].
///
/// `C` is how the subscription holds the `Shared`: a reference, or an `Arc` if the subscription must outlive the scope.
///
/// # Limits
/// A subscription keeps alive the value that it received last, and as many of the latest publications as its bound, received
/// or not.
///
/// ```
/// # use pleach_collections::Map;
/// # use pleach_shared::Shared;
/// let stock = Shared::new(Map::new());
/// let mut news = stock.subscribe(16);
/// stock.update(|stock| stock.insert("tea", 3));
/// let change = news.try_next().unwrap();
/// assert_eq!(change.before.diff(&change.value).count(), 1);
/// assert!(news.try_next().is_none());
/// ```
pub struct Subscription<C: Deref<Target = Shared<T>>, T: Merge> {
    follower: Follower<ProtocolOf<C>, Entry<T>>,
}

/// The protocol of a `Shared` that is held by `C`.
struct ProtocolOf<C>(C);

impl<T: Merge, C: Deref<Target = Shared<T>>> Deref for ProtocolOf<C> {
    type Target = Protocol<Entry<T>>;

    fn deref(&self) -> &Self::Target {
        &self.0.protocol
    }
}

/// A publication that a [`Subscription`] received.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct News<T> {
    /// The version of the value.
    pub version: u64,
    /// The value that the subscriber received before.
    pub before: T,
    /// The value that was published.
    pub value: T,
    /// Number of publications in between that were dropped, since the subscriber was too slow.
    pub lagged: u64,
}

impl<T: Merge, C: Deref<Target = Shared<T>>> Subscription<C, T> {
    /// Subscribes to the publications from now on. At least the last `bound` publications (1, if `bound` is 0) are kept until
    /// the subscriber receives them.
    pub fn new(shared: C, bound: usize) -> Self {
        Self {
            follower: Follower::new(ProtocolOf(shared), bound),
        }
    }

    /// Returns the version that the subscriber received last: at first, the one that was current when it subscribed.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.follower.seen().version
    }

    /// Returns the next publication, or `None` if there is none yet. Doesn't wait.
    pub fn try_next(&mut self) -> Option<News<T>> {
        let before = self.follower.seen().state.value.clone();
        self.follower.try_next().map(|step| News::of(before, step))
    }

    /// Waits for the next publication. Cancel-safe: dropping the future loses none.
    pub async fn next(&mut self) -> News<T> {
        let before = self.follower.seen().state.value.clone();
        News::of(before, self.follower.next().await)
    }

    /// Blocks the thread until the next publication; `None` after `timeout`. `Duration::MAX` waits forever.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<News<T>> {
        let before = self.follower.seen().state.value.clone();
        self.follower.next_timeout(timeout).map(|step| News::of(before, step))
    }
}

impl<T: Clone> News<T> {
    fn of(before: T, step: Step<Entry<T>>) -> Self {
        let (publication, lagged) = match step {
            Step::Next { next, .. } => (next, 0),
            Step::Lagged { publications, current } => (current, publications - 1),
        };
        Self {
            version: publication.version,
            before,
            value: publication.state.value.clone(),
            lagged,
        }
    }
}

impl<T: Merge, C: Deref<Target = Shared<T>>> fmt::Debug for Subscription<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}
