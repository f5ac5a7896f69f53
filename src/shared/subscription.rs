//! Subscriptions: every publication in order, each with the patch from the one before.

use std::fmt;
use std::ops::Deref;
use std::task::{Context, Poll};
use std::time::Duration;

use super::protocol::Publication;
use super::wait::block_on;
use super::watchers::Watcher;
use super::{Published, SharedEnvironment, sync};
use crate::env::{Environment, Patch};
use crate::term::{Atom, Term};

/// A receiver of every publication of a [`SharedEnvironment`], in order.
///
/// The `SharedEnvironment` keeps the latest publications for its subscribers, one pointer each. The patch is computed
/// when the subscriber receives the publication, on its own thread, in O(d · log n) for d changes. A writer never waits
/// for a subscriber: one that falls behind by more than the bound it asked for receives [`Event::Lagged`], and
/// continues from the current state.
///
/// `C` is how the subscription holds the `SharedEnvironment`: a reference, or an `Arc` if the subscription must outlive
/// the scope.
///
/// # Limits
/// A subscription keeps alive the state that it received last, and up to its bound the publications since: these are
/// freed when it receives them or is dropped.
///
/// # Examples
/// ```
/// use pleach::{Atom, Event, SharedEnvironment};
///
/// let world = SharedEnvironment::<Atom>::default();
/// let mut events = world.subscribe(16);
/// world.update(|env| env.add_fact(Atom::symbol("apple")));
/// world.update(|env| env.add_fact(Atom::symbol("pear")));
///
/// for (version, name) in [(1, "apple"), (2, "pear")] {
///     match events.try_next() {
///         Some(Event::Changed(update)) => {
///             assert_eq!((update.version, update.patch.to_string()), (version, format!("+1 {name}\n")));
///         }
///         other => panic!("{other:?}"),
///     }
/// }
/// assert!(events.try_next().is_none());
/// ```
///
/// As a future, on any runtime:
/// ```
/// # use pleach::{Atom, Event, SharedEnvironment};
/// async fn follow(world: &SharedEnvironment) -> u64 {
///     let mut events = world.subscribe(16);
///     match events.next().await {
///         Event::Changed(update) => update.version,
///         Event::Lagged(missed) => missed.version,
///     }
/// }
/// # let _ = follow;
/// ```
pub struct Subscription<C: Deref<Target = SharedEnvironment<T>>, T: Term = Atom> {
    cell: C,
    watcher: Watcher,
    seen: sync::Arc<Publication<Published<T>>>,
}

/// An event that a [`Subscription`] receives.
#[derive(Debug)]
pub enum Event<T: Term = Atom> {
    /// The next publication.
    Changed(Update<T>),
    /// Publications that the subscriber has not received were dropped, since it was too slow.
    Lagged(Lagged<T>),
}

/// A publication, as a change from the one before.
#[derive(Debug)]
#[non_exhaustive]
pub struct Update<T: Term = Atom> {
    /// The version of the state: one more than that of the publication before.
    pub version: u64,
    /// The patch from the state before to this one.
    pub patch: Patch<T>,
    /// The state that was published.
    pub environment: Environment<T>,
}

/// The current state, in place of publications that were dropped.
#[derive(Debug)]
#[non_exhaustive]
pub struct Lagged<T: Term = Atom> {
    /// Number of publications since the one that the subscriber received last, the current one included.
    pub publications: u64,
    /// The version of the current state.
    pub version: u64,
    /// The current state.
    pub environment: Environment<T>,
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Subscription<C, T> {
    /// Subscribes to the publications from now on. At least the last `bound` publications (1, if `bound` is 0) are kept
    /// until the subscriber receives them.
    pub fn new(cell: C, bound: usize) -> Self {
        let watcher = cell.protocol.watchers.register(bound.max(1));
        let seen = cell.protocol.current();
        Self { cell, watcher, seen }
    }

    /// Returns the version that the subscriber received last: at first, the one that was current when it subscribed.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.seen.version
    }

    /// Forks the state that the subscriber received last.
    #[must_use]
    pub fn environment(&self) -> Environment<T> {
        self.seen.state.fork()
    }

    /// Returns the next event, or `None` if nothing was published. Doesn't wait.
    pub fn try_next(&mut self) -> Option<Event<T>> {
        let protocol = &self.cell.protocol;
        // Settled, so it and those before are among the recent ones, unless the bound dropped them.
        let current = protocol.current();
        let publications = current.version - self.seen.version;
        if publications == 0 {
            return None;
        }
        let next = protocol.watchers.recent(self.seen.version + 1);
        let is_next = next.is_some();
        let seen = std::mem::replace(&mut self.seen, next.unwrap_or(current));
        let (version, environment) = (self.seen.version, self.seen.state.fork());
        Some(if is_next {
            Event::Changed(Update {
                version,
                patch: seen.state.fork().diff(&environment),
                environment,
            })
        } else {
            Event::Lagged(Lagged {
                publications,
                version,
                environment,
            })
        })
    }

    /// Polls for the next event. Pending, the task of `context` is woken when there may be one. For executors and
    /// hand-written futures; otherwise use [`next`](Self::next).
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Event<T>> {
        if let Some(event) = self.try_next() {
            return Poll::Ready(event);
        }
        self.cell.protocol.watchers.set_waker(&self.watcher, context.waker());
        // A publication just before the waker was set didn't wake it.
        self.try_next().map_or(Poll::Pending, Poll::Ready)
    }

    /// Waits for the next event. Cancel-safe: dropping the future loses no event.
    pub async fn next(&mut self) -> Event<T> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// Blocks the thread until the next event; `None` after `timeout`. `Duration::MAX` waits forever.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Event<T>> {
        block_on(timeout, |context| self.poll_next(context))
    }
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Drop for Subscription<C, T> {
    fn drop(&mut self) {
        self.cell.protocol.watchers.unregister(&self.watcher);
    }
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> fmt::Debug for Subscription<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}
