//! One live world for many threads.

mod outcome;
mod protocol;
mod queue;
mod reader;
mod subscription;
mod sync;
mod wait;
mod watch;

#[cfg(all(test, loom))]
mod model_check;
#[cfg(all(test, not(loom)))]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::outcome::{Commit, Outcome};
use self::protocol::{Protocol, State};
pub use self::reader::{Guard, Reader};
pub use self::subscription::{Missed, News, Subscription, Update};
use self::wait::{Waiting, block_on};
use crate::env::{Conflict, Conflicts, Environment, Resolution, Snapshot};
use crate::term::{Atom, Term};

/// A cell that holds the current state of a world: read without locks, swapped atomically.
///
/// Readers [`load`](Self::load) the state and never wait, whatever writers do; each load sees one whole state. Writers
/// either [`update`](Self::update) the state in a closure, or fork it ([`snapshot`](Self::snapshot)), write the fork at
/// leisure and [`commit`](Self::commit) it, which merges when the cell has moved meanwhile. Those who want to know of
/// changes [`subscribe`](Self::subscribe).
///
/// # Which write to use
/// | call | when another writer was faster | loses writes |
/// |---|---|---|
/// | [`update`](Self::update), [`try_update`](Self::try_update) | runs the closure again on the newer state | never |
/// | [`commit`](Self::commit), [`commit_with`](Self::commit_with) | merges with the newer state | never |
/// | [`publish_if`](Self::publish_if) | does nothing and says so | never |
/// | [`publish`](Self::publish) | overwrites the newer state | those of the others |
///
/// `docs/concurrency.md` has all calls, their costs and their guarantees.
///
/// # Limits
/// - The cell holds one state. Whoever drops the last reference to an old state frees it, and that can be a reader.
/// - Closures run again when they lose a race; they should do nothing but write.
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
/// The cell is [`ArcSwap`](https://docs.rs/arc-swap), by Michal Vaner. Commits that race are combined as in *Flat
/// Combining and the Synchronization-Parallelism Tradeoff* (Hendler, Incze, Shavit, Tzafrir, SPAA 2010), but no lock is
/// held: a union repeated is a union, so whoever has waited long enough combines as well.
pub struct SharedEnvironment<T: Term = Atom> {
    protocol: Protocol<Published<T>>,
}

/// The state of a world, as the protocol sees it.
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

    /// This state; or `base`, if this is but a copy of it that was not written, or by writes that changed nothing.
    fn unless_unchanged_since(self, base: &Self) -> Self {
        if self.brings_nothing_to(base) {
            base.clone()
        } else {
            self
        }
    }
}

impl<T: Term> State for Published<T> {
    fn unite(&self, other: &Self) -> Self {
        let united = Self(self.fork().union(&other.fork()).into_snapshot()).unless_unchanged_since(self);
        if !united.is(self)
            && let Some(before) = other.0.unchanged_from()
            && Self(self.fork().union(&Environment::at(before)).into_snapshot()).is(self)
        {
            return self.clone();
        }
        united
    }

    fn brings_nothing_to(&self, before: &Self) -> bool {
        self.is(before)
            || self.0.is_copy_of(&before.0)
            || self
                .0
                .unchanged_from()
                .is_some_and(|from| Arc::ptr_eq(&from, &before.0))
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Term> SharedEnvironment<T> {
    /// A cell that holds the state of `environment`, as version 0.
    #[must_use]
    pub fn new(environment: Environment<T>) -> Self {
        Self {
            protocol: Protocol::new(Published(environment.into_snapshot())),
        }
    }
}

/// # Reading
/// Reads never wait, whatever others do, and see one whole state.
impl<T: Term> SharedEnvironment<T> {
    /// The current state, for a short read. Wait-free; it touches no shared reference count as long as the thread holds
    /// few guards (up to eight) at once, and allocates nothing after the thread's first. Hold it briefly, or take a
    /// [`snapshot`](Self::snapshot).
    pub fn load(&self) -> Guard<T> {
        Guard {
            publication: self.protocol.load(),
        }
    }

    /// A fork of the current state: one reference-count increment.
    #[must_use]
    pub fn snapshot(&self) -> Environment<T> {
        self.protocol.load().state.fork()
    }

    /// A reader that keeps the state from one read to the next: the fastest way to read in a loop.
    pub fn reader(&self) -> Reader<&Self, T> {
        Reader::new(self)
    }

    /// The version of the current state: 0 at first, and one more with each publication. Wait-free.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.protocol.load().version
    }
}

/// # Writing
/// If a closure or the code of a term panics, the cell is as it was, and as usable.
impl<T: Term> SharedEnvironment<T> {
    /// Runs `write` on a fork of the current state and publishes the result; or runs it again on the newer state if
    /// another writer was faster. Returns what `write` returned the last time. If it wrote nothing, or what it wrote changes
    /// nothing in the end, nothing is published.
    ///
    /// Lock-free: when it has to run again, another has published. `write` should be short, and do nothing but write.
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

    /// As [`update`](Self::update), for a closure that can fail.
    ///
    /// # Errors
    /// The first one of `write`, which is not run again then. Nothing is published.
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
            let written = Published(environment.into_snapshot()).unless_unchanged_since(current);
            Ok((written, result))
        })
    }

    /// Publishes what `environment` holds, merged with what others published since it was forked: the union of the
    /// current state and `environment`, in this order. `environment` goes on from what was published, so that nothing
    /// counts twice when it commits again.
    ///
    /// Costs O(1) if nothing was published meanwhile, else O(d · log n) for the d atoms that `environment` changed, and a
    /// step for each version since. Commits that race are united by one thread and published together, in the order they
    /// came; each handle goes on from the whole.
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
        let done = self.protocol.commit(&Published::of(environment));
        *environment = done.state.fork();
        done.commit
    }

    /// As [`commit`](Self::commit), but `resolve` decides about each state and binding that both sides changed differently,
    /// "ours" being the cell's and "theirs" the environment's. It can be asked again, when another writer was faster.
    /// Lock-free, as [`update`](Self::update) is: such commits are not combined.
    ///
    /// # Errors
    /// All conflicts that `resolve` gave up on. Nothing is published then, and `environment` is as it was.
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
        let committed = Published::of(environment);
        let done = self.protocol.commit_with(&committed, |current| {
            let united = current.fork().union_with(environment, &mut resolve)?;
            let united = Published(united.into_snapshot()).unless_unchanged_since(current);
            let brings_nothing = !united.is(current) && current.unite(&committed).is(current);
            Ok(if brings_nothing { current.clone() } else { united })
        })?;
        *environment = done.state.fork();
        Ok(done.commit)
    }

    /// Makes the state of `environment` the current one, and returns what it replaces. What other writers published
    /// since `environment` was forked is lost: [`commit`](Self::commit) keeps it. If `environment` was forked from the current
    /// state and changes nothing in it, nothing is published. Lock-free.
    pub fn publish(&self, environment: &Environment<T>) -> Environment<T> {
        self.protocol.publish(&Published::of(environment)).state.fork()
    }

    /// Makes the state of `new` the current one if that of `expected` is, the very same, and returns its version; or that of
    /// `expected`, if `new` was forked from it and changes nothing in it: then nothing is published. Lock-free.
    ///
    /// # Errors
    /// What is current, if it is another. Nothing is published then.
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
/// Nobody who watches ever makes a writer wait.
impl<T: Term> SharedEnvironment<T> {
    /// Receives each publication from now on, in order, as what it changed. At least `bound` of them are kept for the
    /// subscriber; one that falls behind by more is told so and goes on from the current state.
    pub fn subscribe(&self, bound: usize) -> Subscription<&Self, T> {
        Subscription::new(self, bound)
    }

    /// A fork of the current state, as soon as its version is `version` or later; `None` if it is not within `timeout`.
    /// Blocks this thread; `Duration::MAX` waits for ever.
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
        let mut waiting = Waiting::new(&self.protocol);
        let reached = block_on(timeout, |context| waiting.poll(version, context))?;
        Some(reached.state.fork())
    }

    /// [`wait_for`](Self::wait_for) as a future of any runtime, which has the timeout. Cancel-safe.
    pub async fn reached(&self, version: u64) -> Environment<T> {
        let mut waiting = Waiting::new(&self.protocol);
        let reached = std::future::poll_fn(|context| waiting.poll(version, context)).await;
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
