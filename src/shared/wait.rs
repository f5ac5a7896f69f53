//! Waiting for a publication: on this thread, or as a future of any runtime.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::protocol::{Protocol, Publication, State};
use super::sync;
use super::watch::Seat;

/// One who waits for a version.
pub(super) struct Waiting<'a, S: State> {
    protocol: &'a Protocol<S>,
    /// Taken when it first finds that it has to wait.
    seat: Option<Seat>,
}

impl<'a, S: State> Waiting<'a, S> {
    pub(super) fn new(protocol: &'a Protocol<S>) -> Self {
        Self { protocol, seat: None }
    }

    /// A publication of that version or a later one; or the task of `context` is woken when one may be there.
    pub(super) fn poll(&mut self, version: u64, context: &Context<'_>) -> Poll<sync::Arc<Publication<S>>> {
        let reached = || {
            let current = self.protocol.cell.load_full();
            (current.version >= version).then_some(current)
        };
        if let Some(current) = reached() {
            return Poll::Ready(current);
        }
        let audience = &self.protocol.audience;
        let seat = self.seat.get_or_insert_with(|| audience.join(0));
        audience.wake_up(seat, context.waker());
        // What was published before the waker was there woke nobody.
        reached().map_or(Poll::Pending, Poll::Ready)
    }
}

impl<S: State> Drop for Waiting<'_, S> {
    fn drop(&mut self) {
        if let Some(seat) = &self.seat {
            self.protocol.audience.leave(seat);
        }
    }
}

/// Polls until ready, and parks this thread in between; gives up after `timeout`.
pub(super) fn block_on<R>(timeout: Duration, mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> Option<R> {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    // One that no clock can show is never reached.
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
