//! Following every publication of a protocol, in order.

use std::ops::Deref;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::protocol::{Protocol, State};
use crate::publication::Publication;
use crate::sync::Arc;
use crate::wait::block_on;
use crate::watchers::Watcher;

/// A follower of the publications of the protocol that `C` derefs to.
pub struct Follower<C: Deref<Target = Protocol<S>>, S: State> {
    protocol: C,
    watcher: Watcher,
    seen: Arc<Publication<S>>,
}

/// A step of a [`Follower`].
pub enum Step<S> {
    /// The next publication, and the one before.
    Next {
        /// The publication that was received last.
        before: Arc<Publication<S>>,
        /// The next one.
        next: Arc<Publication<S>>,
    },
    /// Publications that weren't received were dropped, since the follower was too slow.
    Lagged {
        /// Number of publications since the one that was received last, the current one included.
        publications: u64,
        /// The current publication.
        current: Arc<Publication<S>>,
    },
}

impl<C: Deref<Target = Protocol<S>>, S: State> Follower<C, S> {
    /// Follows the publications from now on. At least the last `bound` publications (1, if `bound` is 0) are kept until the
    /// follower receives them.
    pub fn new(protocol: C, bound: usize) -> Self {
        let watcher = protocol.watchers.register(bound.max(1));
        let seen = protocol.current();
        Self {
            protocol,
            watcher,
            seen,
        }
    }

    /// Returns the publication that was received last.
    pub fn seen(&self) -> &Publication<S> {
        &self.seen
    }

    /// Returns the next step, or `None` if nothing was published. Doesn't wait.
    pub fn try_next(&mut self) -> Option<Step<S>> {
        // Settled, so it and those before are among the recent ones, unless the bound dropped them.
        let current = self.protocol.current();
        let publications = current.version - self.seen.version;
        if publications == 0 {
            return None;
        }
        Some(match self.protocol.watchers.recent(self.seen.version + 1) {
            Some(next) => Step::Next {
                before: std::mem::replace(&mut self.seen, Arc::clone(&next)),
                next,
            },
            None => {
                self.seen = Arc::clone(&current);
                Step::Lagged { publications, current }
            }
        })
    }

    /// Polls for the next step. Pending, the task of `context` is woken when there may be one.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Step<S>> {
        if let Some(step) = self.try_next() {
            return Poll::Ready(step);
        }
        self.protocol.watchers.set_waker(&self.watcher, context.waker());
        // A publication just before the waker was set didn't wake it.
        self.try_next().map_or(Poll::Pending, Poll::Ready)
    }

    /// Waits for the next step. Cancel-safe: dropping the future loses none.
    pub async fn next(&mut self) -> Step<S> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// Blocks the thread until the next step; `None` after `timeout`. `Duration::MAX` waits forever.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Step<S>> {
        block_on(timeout, |context| self.poll_next(context))
    }
}

impl<C: Deref<Target = Protocol<S>>, S: State> Drop for Follower<C, S> {
    fn drop(&mut self) {
        self.protocol.watchers.unregister(&self.watcher);
    }
}
