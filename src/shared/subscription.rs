//! Subscriptions: every publication in order, each with the patch from the one before.

use std::fmt;
use std::ops::Deref;
use std::task::{Context, Poll};
use std::time::Duration;

use pleach_shared::internal::{Follower, Protocol, Step};

use super::{Published, SharedEnvironment};
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
/// A subscription keeps alive the state that it received last, and as many of the latest publications as its bound,
/// received or not.
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
    pub(super) follower: Follower<ProtocolOf<C>, Published<T>>,
}

/// The protocol of a `SharedEnvironment` that is held by `C`.
pub(super) struct ProtocolOf<C>(C);

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Deref for ProtocolOf<C> {
    type Target = Protocol<Published<T>>;

    fn deref(&self) -> &Self::Target {
        &self.0.protocol
    }
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
        Self {
            follower: Follower::new(ProtocolOf(cell), bound),
        }
    }

    /// Returns the version that the subscriber received last: at first, the one that was current when it subscribed.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.follower.seen().version
    }

    /// Forks the state that the subscriber received last.
    #[must_use]
    pub fn environment(&self) -> Environment<T> {
        self.follower.seen().state.fork()
    }

    /// Returns the next event, or `None` if nothing was published. Doesn't wait.
    pub fn try_next(&mut self) -> Option<Event<T>> {
        self.follower.try_next().map(Event::of)
    }

    /// Polls for the next event. Pending, the task of `context` is woken when there may be one. For executors and
    /// hand-written futures; otherwise use [`next`](Self::next).
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Event<T>> {
        self.follower.poll_next(context).map(Event::of)
    }

    /// Waits for the next event. Cancel-safe: dropping the future loses no event.
    pub async fn next(&mut self) -> Event<T> {
        Event::of(self.follower.next().await)
    }

    /// Blocks the thread until the next event; `None` after `timeout`. `Duration::MAX` waits forever.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Event<T>> {
        self.follower.next_timeout(timeout).map(Event::of)
    }
}

impl<T: Term> Event<T> {
    fn of(step: Step<Published<T>>) -> Self {
        match step {
            Step::Next { before, next } => {
                let environment = next.state.fork();
                Self::Changed(Update {
                    version: next.version,
                    patch: before.state.fork().diff(&environment),
                    environment,
                })
            }
            Step::Lagged { publications, current } => Self::Lagged(Lagged {
                publications,
                version: current.version,
                environment: current.state.fork(),
            }),
        }
    }
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> fmt::Debug for Subscription<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}
