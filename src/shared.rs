//! Sharing an environment between threads.
//!
//! A [`SharedEnvironment`] holds the current state of an environment. It is read without locks and replaced atomically.
//!
//! | type | use |
//! |---|---|
//! | [`SharedEnvironment`] | the shared state: reads, writes, commits |
//! | [`Guard`], [`Reader`] | a short read; a loop of reads |
//! | [`Commit`], [`Outcome`] | the result of a commit |
//! | [`Subscription`], [`Event`] | a receiver of every publication |
//! | [`Watch`], [`AnswersChanged`] | a receiver of the changes of a standing query's answers |
//! | [`Shared`], [`Merge`] | the same for a map, a set, or any other value that can be merged |
//!
//! `docs/concurrency.md` is a guide to all calls, their costs and their guarantees.

mod reader;
mod subscription;
mod watch;

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pleach_shared::internal::{Protocol, State, VersionWait, block_on};
pub use pleach_shared::{Commit, Fork, Merge, News, Outcome, Shared};

pub use self::reader::{Guard, Reader};
pub use self::subscription::{Event, Lagged, Subscription, Update};
use crate::env::{Conflict, Conflicts, Environment, Resolution, Snapshot};
use crate::term::{Atom, Term};
pub use watch::{AnswersChanged, Watch};

/// The current state of an environment, shared between threads: read without locks, replaced atomically.
///
/// Readers [`load`](Self::load) the state. They never wait, and each load returns one complete state. Writers either
/// [`update`](Self::update) the state in a closure, or fork it ([`snapshot`](Self::snapshot)), write the fork, and
/// [`commit`](Self::commit) it, which merges it with what others have published meanwhile. A
/// [subscription](Self::subscribe) receives every publication, and a [watch](Self::watch) the changes of a standing query's answers.
///
/// # Choosing a write
/// | call | when another writer was faster | lost writes |
/// |---|---|---|
/// | [`update`](Self::update), [`try_update`](Self::try_update) | runs the closure again on the newer state | none |
/// | [`commit`](Self::commit), [`commit_with`](Self::commit_with), [`commit_with_all`](Self::commit_with_all) | merges with the newer state | none, but see below |
/// | [`publish_if`](Self::publish_if) | publishes nothing and returns the newer state | none |
/// | [`publish`](Self::publish) | overwrites the newer state | those of the other writers |
///
/// # Limits
/// - Two commits that change a state or a binding to equal contents are one change: of two increments, one is lost. Use
///   `update`, or [`commit_with_all`](Self::commit_with_all).
/// - The thread that drops the last reference to an old state frees it. That can be a reader.
/// - A closure runs again after each lost race, so it should have no other effect than its writes.
///
/// # Examples
/// ```
/// use pleach::{Atom, Environment, SharedEnvironment};
///
/// let world = SharedEnvironment::new(Environment::<Atom>::new());
/// std::thread::scope(|threads| {
///     for name in ["ann", "bob"] {
///         let world = &world;
///         threads.spawn(move || {
///             let mut mine = world.snapshot();
///             mine.add_fact(Atom::symbol(name));
///             world.commit(&mut mine);
///         });
///     }
/// });
/// assert_eq!(world.load().len(), 2);
/// ```
///
/// # Implementation
/// The cell is an [`ArcSwap`](https://docs.rs/arc-swap), by Michal Vaner. Racing commits are combined as in *Flat
/// Combining and the Synchronization-Parallelism Tradeoff* (Hendler, Incze, Shavit, Tzafrir, SPAA 2010), but without a
/// lock: union is idempotent, so a thread that has waited long enough combines as well.
pub struct SharedEnvironment<T: Term = Atom> {
    protocol: Protocol<Published<T>>,
}

/// A snapshot, as the state that the protocol publishes.
struct Published<T: Term>(Arc<Snapshot<T>>);

impl<T: Term> Clone for Published<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Term> Published<T> {
    fn of(environment: &Environment<T>) -> Self {
        Self(Arc::clone(environment.snapshot()))
    }

    /// Returns `base` instead of `self` if `self` is a fork of it without changes.
    fn or_if_unchanged(self, base: &Self) -> Self {
        if self.is_noop_after(base) { base.clone() } else { self }
    }

    /// Whether the writes of `other` undo one another, from a state that this one descends from.
    fn contains_changes_of(&self, other: &Self) -> bool {
        let before = other.0.unchanged_from();
        before.is_some_and(|before| Self(self.fork().union(&Environment::at(before)).into_snapshot()).ptr_eq(self))
    }
}

impl<T: Term> State for Published<T> {
    fn unite(&self, other: &Self) -> Self {
        let united = Self(self.fork().union(&other.fork()).into_snapshot()).or_if_unchanged(self);
        if !united.ptr_eq(self) && self.contains_changes_of(other) {
            return self.clone();
        }
        united
    }

    fn is_noop_after(&self, before: &Self) -> bool {
        self.ptr_eq(before)
            || self.0.is_copy_of(&before.0)
            || self
                .0
                .unchanged_from()
                .is_some_and(|from| Arc::ptr_eq(&from, &before.0))
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Term> SharedEnvironment<T> {
    /// Creates a shared environment with the state of `environment` as version 0.
    #[must_use]
    pub fn new(environment: Environment<T>) -> Self {
        Self {
            protocol: Protocol::new(Published(environment.into_snapshot())),
        }
    }
}

/// # Reading
/// Reads never wait, and each returns one complete state.
impl<T: Term> SharedEnvironment<T> {
    /// Loads the current state for a short read.
    ///
    /// Wait-free. It changes no shared reference count as long as the thread holds at most eight guards, and allocates
    /// only on the thread's first call. Drop the guard soon, or take a [`snapshot`](Self::snapshot).
    pub fn load(&self) -> Guard<T> {
        Guard {
            publication: self.protocol.load(),
        }
    }

    /// Forks the current state: one reference-count increment.
    #[must_use]
    pub fn snapshot(&self) -> Environment<T> {
        self.protocol.load().state.fork()
    }

    /// Creates a reader that caches the state: the fastest way to read in a loop.
    pub fn reader(&self) -> Reader<&Self, T> {
        Reader::new(self)
    }

    /// Returns the version of the current state: 0 at first, and one more with each publication. Wait-free.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.protocol.load().version
    }
}

/// # Writing
/// If a closure or the code of a term panics, nothing is published, and the shared environment stays usable.
impl<T: Term> SharedEnvironment<T> {
    /// Runs `write` on a fork of the current state and publishes the fork; runs it again on the newer state if another
    /// writer was faster. Returns the value of the last run.
    ///
    /// Publishes nothing if `write` changed nothing. Lock-free: a retry means that another writer has published.
    /// `write` should be short, and have no other effect.
    ///
    /// ```
    /// # use pleach::{Atom, SharedEnvironment};
    /// let world = SharedEnvironment::<Atom>::default();
    /// world.update(|env| env.add_fact(Atom::symbol("apple")));
    /// assert_eq!((world.load().len(), world.version()), (1, 1));
    /// ```
    pub fn update<R>(&self, mut write: impl FnMut(&mut Environment<T>) -> R) -> R {
        match self.try_update(|environment| Ok::<R, Infallible>(write(environment))) {
            Ok(result) => result,
            Err(never) => match never {},
        }
    }

    /// Updates as [`update`](Self::update) does, with a closure that can fail.
    ///
    /// # Errors
    /// Returns the first error of `write`. Nothing is published then.
    ///
    /// ```
    /// # use pleach::{Atom, SharedEnvironment};
    /// let world = SharedEnvironment::<Atom>::default();
    /// let result = world.try_update(|env| {
    ///     env.add_fact(Atom::symbol("apple"));
    ///     "(pear".parse::<Atom>().map(|pear| env.add_fact(pear))
    /// });
    /// assert!(result.is_err());
    /// assert!(world.load().is_empty());
    /// ```
    pub fn try_update<R, E>(&self, mut write: impl FnMut(&mut Environment<T>) -> Result<R, E>) -> Result<R, E> {
        self.protocol.update(|current| {
            let mut environment = current.fork();
            let result = write(&mut environment)?;
            let written = Published(environment.into_snapshot()).or_if_unchanged(current);
            Ok((written, result))
        })
    }

    /// Publishes the union of the current state and `environment`, in this order, so that `environment` is merged with
    /// what others published since it was forked.
    ///
    /// Afterwards `environment` is a fork of the published state, so nothing counts twice when it is committed again.
    ///
    /// Cost: O(1) if nothing was published meanwhile, otherwise O(d · log n) for the d atoms that `environment`
    /// changed, and O(1) for each version since. Racing commits are united by one thread and published together, in the
    /// order of their arrival; each environment becomes a fork of the whole.
    ///
    /// ```
    /// # use pleach::{Atom, Outcome, SharedEnvironment};
    /// let world = SharedEnvironment::<Atom>::default();
    /// let (mut a, mut b) = (world.snapshot(), world.snapshot());
    /// a.add_fact(Atom::symbol("apple"));
    /// b.add_fact(Atom::symbol("pear"));
    /// assert_eq!(world.commit(&mut a).outcome, Outcome::FastForward);
    /// assert_eq!(world.commit(&mut b).outcome, Outcome::Merged);
    /// assert_eq!((b.len(), a.len()), (2, 1));
    /// assert_eq!(world.commit(&mut a).outcome, Outcome::Unchanged);
    /// assert_eq!((a.len(), world.version()), (2, 2));
    /// ```
    pub fn commit(&self, environment: &mut Environment<T>) -> Commit {
        let committed = self.protocol.commit(&Published::of(environment));
        *environment = committed.state.fork();
        committed.commit
    }

    /// Commits as [`commit`](Self::commit) does, with `resolve` deciding each conflict: a state or binding that both
    /// sides changed differently.
    ///
    /// "Ours" is the current state, "theirs" the environment. `resolve` is called again when another writer was faster.
    /// Lock-free, as [`update`](Self::update) is; these commits are not combined.
    ///
    /// # Errors
    /// Returns all conflicts that `resolve` left unresolved. Nothing is published then, and `environment` is unchanged.
    ///
    /// ```
    /// # use pleach::{Atom, SharedEnvironment, env::resolve};
    /// let world = SharedEnvironment::<Atom>::default();
    /// let mut mine = world.snapshot();
    /// mine.bind("best", Atom::from(1));
    /// world.update(|env| env.bind("best", Atom::from(2)));
    /// assert!(world.commit_with(&mut mine, resolve::fail).is_err());
    /// world.commit_with(&mut mine, resolve::ours)?;
    /// assert_eq!(mine.binding("best"), Some(&Atom::from(2)));
    /// # Ok::<(), pleach::env::Conflicts>(())
    /// ```
    pub fn commit_with(
        &self,
        environment: &mut Environment<T>,
        mut resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Commit, Conflicts<T>> {
        self.commit_union(environment, |ours, theirs| ours.union_with(theirs, &mut resolve))
    }

    /// Commits as [`commit_with`](Self::commit_with) does, but `resolve` decides about each cell that both sides changed, to
    /// equal contents too, as in [`union_with_all`](Environment::union_with_all).
    ///
    /// # Errors
    /// Returns all conflicts that `resolve` left unresolved. Nothing is published then, and `environment` is unchanged.
    ///
    /// ```
    /// # use pleach::{Atom, Environment, SharedEnvironment, env::resolve};
    /// let mut start = Environment::<Atom>::new();
    /// let counter = start.new_state(Atom::from(0));
    /// let world = SharedEnvironment::new(start);
    /// std::thread::scope(|threads| {
    ///     for _ in 0..4 {
    ///         threads.spawn(|| {
    ///             let mut mine = world.snapshot();
    ///             let Some(Atom::Integer(old)) = mine.state(counter) else { return };
    ///             let new = Atom::from(old + 1);
    ///             mine.change_state(counter, new);
    ///             world.commit_with_all(&mut mine, resolve::sum).unwrap();
    ///         });
    ///     }
    /// });
    /// assert_eq!(world.snapshot().state(counter), Some(&Atom::from(4)));
    /// ```
    pub fn commit_with_all(
        &self,
        environment: &mut Environment<T>,
        mut resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Commit, Conflicts<T>> {
        self.commit_union(environment, |ours, theirs| ours.union_with_all(theirs, &mut resolve))
    }

    /// Publishes the union of the current state and `environment` that `unite` returns.
    fn commit_union(
        &self,
        environment: &mut Environment<T>,
        mut unite: impl FnMut(&Environment<T>, &Environment<T>) -> Result<Environment<T>, Conflicts<T>>,
    ) -> Result<Commit, Conflicts<T>> {
        let committed = Published::of(environment);
        let result = self.protocol.commit_with(&committed, |current| {
            let united = unite(&current.fork(), environment)?;
            let united = Published(united.into_snapshot()).or_if_unchanged(current);
            let is_noop = !united.ptr_eq(current) && current.contains_changes_of(&committed);
            Ok(if is_noop { current.clone() } else { united })
        })?;
        *environment = result.state.fork();
        Ok(result.commit)
    }

    /// Replaces the current state by that of `environment`, and returns the replaced one.
    ///
    /// Writes that others published since `environment` was forked are lost; [`commit`](Self::commit) keeps them.
    /// Publishes nothing if `environment` is a fork of the current state without changes. Lock-free.
    pub fn publish(&self, environment: &Environment<T>) -> Environment<T> {
        self.protocol.publish(&Published::of(environment)).state.fork()
    }

    /// Replaces the current state by that of `new` if it is the state of `expected`, by [`Environment::ptr_eq`].
    /// Returns the version of the current state then.
    ///
    /// Publishes nothing if `new` is a fork of `expected` without changes. Lock-free.
    ///
    /// # Errors
    /// Returns the current state if it isn't that of `expected`. Nothing is published then.
    ///
    /// ```
    /// # use pleach::{Atom, SharedEnvironment};
    /// let world = SharedEnvironment::<Atom>::default();
    /// let expected = world.snapshot();
    /// let mut new = expected.clone();
    /// new.add_fact(Atom::symbol("apple"));
    /// assert_eq!(world.publish_if(&expected, &new), Ok(1));
    /// assert!(world.publish_if(&expected, &new).is_err_and(|current| current.ptr_eq(&new)));
    /// ```
    pub fn publish_if(&self, expected: &Environment<T>, new: &Environment<T>) -> Result<u64, Environment<T>> {
        self.protocol
            .publish_if(&Published::of(expected), &Published::of(new))
            .map_err(|current| current.state.fork())
    }
}

/// # Watching
/// Writers never wait for those who watch.
impl<T: Term> SharedEnvironment<T> {
    /// Subscribes to the publications from now on. At least the last `bound` are kept until the subscriber receives
    /// them; one that falls further behind receives [`Event::Lagged`].
    pub fn subscribe(&self, bound: usize) -> Subscription<&Self, T> {
        Subscription::new(self, bound)
    }

    /// Blocks the thread until the current version is `version` or a later one, and forks that state; `None` after
    /// `timeout`. `Duration::MAX` waits forever.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pleach::{Atom, SharedEnvironment};
    /// let world = SharedEnvironment::<Atom>::default();
    /// std::thread::scope(|threads| {
    ///     threads.spawn(|| world.update(|env| env.add_fact(Atom::symbol("apple"))));
    ///     let env = world.wait_for(1, Duration::MAX).unwrap();
    ///     assert!(env.contains(&Atom::symbol("apple")));
    /// });
    /// assert!(world.wait_for(2, Duration::from_millis(1)).is_none());
    /// ```
    pub fn wait_for(&self, version: u64, timeout: Duration) -> Option<Environment<T>> {
        let mut wait = VersionWait::new(&self.protocol);
        let reached = block_on(timeout, |context| wait.poll(version, context))?;
        Some(reached.state.fork())
    }

    /// Waits as [`wait_for`](Self::wait_for) does, as a future of any runtime, without a timeout. Cancel-safe.
    pub async fn reached(&self, version: u64) -> Environment<T> {
        let mut wait = VersionWait::new(&self.protocol);
        let reached = std::future::poll_fn(|context| wait.poll(version, context)).await;
        reached.state.fork()
    }
}

impl<T: Term> fmt::Debug for SharedEnvironment<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.load();
        f.debug_struct("SharedEnvironment")
            .field("version", &current.version())
            .field("environment", &current.fork())
            .finish()
    }
}

impl<T: Term> Default for SharedEnvironment<T> {
    fn default() -> Self {
        Self::new(Environment::new())
    }
}
