//! Subscriptions: every publication in order, as the change it made.

use std::fmt;
use std::ops::Deref;
use std::task::{Context, Poll};
use std::time::Duration;

use super::protocol::Publication;
use super::wait::block_on;
use super::watch::Seat;
use super::{Published, SharedEnvironment, sync};
use crate::env::{Environment, Patch};
use crate::term::{Atom, Term};

/// Receives every publication of a [`SharedEnvironment`], in order, each as what it changed.
///
/// The cell keeps the latest publications for its subscribers, and hands no more to each than one pointer. The patch
/// is found when the subscriber asks for it, on its own thread, in O(d · log n) for d changes. A writer never waits for a
/// subscriber: one that falls behind by more than it asked to be kept [is told so](News::Missed), and goes on from the
/// current state.
///
/// `C` is how it holds the cell: a reference, or an `Arc` where the subscription must outlive the scope.
///
/// # Limits
/// A subscription holds the state it has seen last, and the cell holds the publications since, up to the bound: they are
/// freed when the subscriber takes them or is dropped.
///
/// # Examples
/// ```
/// use pleach::{Atom, News, SharedEnvironment};
///
/// let world = SharedEnvironment::<Atom>::default();
/// let mut news = world.subscribe(16);
/// world.update(|env| env.add_fact(Atom::symbol("apple")));
/// world.update(|env| env.add_fact(Atom::symbol("pear")));
///
/// for (version, name) in [(1, "apple"), (2, "pear")] {
///     match news.try_next() {
///         Some(News::Changed(update)) => {
///             assert_eq!((update.version, update.patch.to_string()), (version, format!("+1 {name}\n")));
///         }
///         other => panic!("{other:?}"),
///     }
/// }
/// assert!(news.try_next().is_none());
/// ```
///
/// As a future, on any runtime:
/// ```
/// # use pleach::{Atom, News, SharedEnvironment};
/// async fn follow(world: &SharedEnvironment) -> u64 {
///     let mut news = world.subscribe(16);
///     match news.next().await {
///         News::Changed(update) => update.version,
///         News::Missed(missed) => missed.version,
///     }
/// }
/// # let _ = follow;
/// ```
pub struct Subscription<C: Deref<Target = SharedEnvironment<T>>, T: Term = Atom> {
    cell: C,
    seat: Seat,
    seen: sync::Arc<Publication<Published<T>>>,
}

/// What a [`Subscription`] receives.
#[derive(Debug)]
pub enum News<T: Term = Atom> {
    /// The next publication.
    Changed(Update<T>),
    /// The subscriber was too slow: publications that it has not seen are gone.
    Missed(Missed<T>),
}

/// One publication.
#[derive(Debug)]
pub struct Update<T: Term = Atom> {
    /// Its version, greater by one than that of the one before.
    pub version: u64,
    /// What leads from the state before to this one.
    pub patch: Patch<T>,
    /// The state that was published.
    pub environment: Environment<T>,
}

/// The current state, in place of publications that are gone.
#[derive(Debug)]
pub struct Missed<T: Term = Atom> {
    /// How many publications there were since the one the subscriber saw last, this one included.
    pub publications: u64,
    /// The version of the current state.
    pub version: u64,
    /// The current state.
    pub environment: Environment<T>,
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Subscription<C, T> {
    /// Subscribes to what is published from now on. At least `bound` publications (1, if it is 0) are kept for the
    /// subscriber to take.
    pub fn new(cell: C, bound: usize) -> Self {
        let seat = cell.protocol.audience.join(bound.max(1));
        let seen = cell.protocol.current();
        Self { cell, seat, seen }
    }

    /// The version that the subscriber has seen last: at first, the one that was current when it subscribed.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.seen.version
    }

    /// A fork of the state that the subscriber has seen last.
    #[must_use]
    pub fn environment(&self) -> Environment<T> {
        self.seen.state.fork()
    }

    /// What comes next, if it is there. Never waits.
    pub fn try_next(&mut self) -> Option<News<T>> {
        let protocol = &self.cell.protocol;
        // Settled, so it and all between are among the recent ones, unless they had to go.
        let current = protocol.current();
        let publications = current.version - self.seen.version;
        if publications == 0 {
            return None;
        }
        let next = protocol.audience.recent(self.seen.version + 1);
        let is_next = next.is_some();
        let seen = std::mem::replace(&mut self.seen, next.unwrap_or(current));
        let (version, environment) = (self.seen.version, self.seen.state.fork());
        Some(if is_next {
            News::Changed(Update {
                version,
                patch: seen.state.fork().diff(&environment),
                environment,
            })
        } else {
            News::Missed(Missed {
                publications,
                version,
                environment,
            })
        })
    }

    /// What comes next, or the task of `context` is woken when it may be there. For executors and hand-written futures;
    /// else see [`next`](Self::next).
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<News<T>> {
        if let Some(news) = self.try_next() {
            return Poll::Ready(news);
        }
        self.cell.protocol.audience.wake_up(&self.seat, context.waker());
        // What was published before the waker was there woke nobody.
        self.try_next().map_or(Poll::Pending, Poll::Ready)
    }

    /// What comes next, as a future. Cancel-safe: dropping it loses nothing.
    pub async fn next(&mut self) -> News<T> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// What comes next, unless nothing comes within `timeout`. Blocks this thread; `Duration::MAX` waits for ever.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<News<T>> {
        block_on(timeout, |context| self.poll_next(context))
    }
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Drop for Subscription<C, T> {
    fn drop(&mut self) {
        self.cell.protocol.audience.leave(&self.seat);
    }
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> fmt::Debug for Subscription<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}
