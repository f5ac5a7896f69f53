//! Waiting for a publication: blocking, or as a future of any runtime.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::protocol::{Protocol, State};
use crate::publication::Publication;
use crate::sync;
use crate::watchers::Watcher;

/// A wait for a version.
pub struct VersionWait<'a, S: State> {
    protocol: &'a Protocol<S>,
    /// Registered when the version isn't there at the first poll.
    watcher: Option<Watcher>,
}

impl<'a, S: State> VersionWait<'a, S> {
    /// Creates a wait.
    pub fn new(protocol: &'a Protocol<S>) -> Self {
        Self {
            protocol,
            watcher: None,
        }
    }

    /// Polls for a publication of `version` or a later one. Pending, the task of `context` is woken when there may be
    /// one.
    pub fn poll(&mut self, version: u64, context: &Context<'_>) -> Poll<sync::Arc<Publication<S>>> {
        let reached = || {
            let current = self.protocol.cell.load_full();
            (current.version >= version).then_some(current)
        };
        if let Some(current) = reached() {
            return Poll::Ready(current);
        }
        let watchers = &self.protocol.watchers;
        let watcher = self.watcher.get_or_insert_with(|| watchers.register(0));
        watchers.set_waker(watcher, context.waker());
        // A publication just before the waker was set didn't wake it.
        reached().map_or(Poll::Pending, Poll::Ready)
    }
}

impl<S: State> Drop for VersionWait<'_, S> {
    fn drop(&mut self) {
        if let Some(watcher) = &self.watcher {
            self.protocol.watchers.unregister(watcher);
        }
    }
}

/// Polls until ready, parking the thread in between; `None` after `timeout`.
pub fn block_on<R>(timeout: Duration, mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> Option<R> {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    // `None` if the clock can't represent it: then there is no deadline.
    let deadline = Instant::now().checked_add(timeout);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(ready) = poll(&mut context) {
            return Some(ready);
        }
        match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            None => thread::park(),
            Some(Duration::ZERO) => return None,
            Some(left) => thread::park_timeout(left),
        }
    }
}
