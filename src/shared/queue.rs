//! The commits that wait to be united, so that one thread publishes them all.

use super::outcome::Commit;
use super::sync::{Arc, AtomicBool, AtomicUsize, Mutex, Ordering, lock};

/// The waiting commits, in the order they came.
pub(super) struct Queue<S> {
    waiting: Mutex<Vec<Request<S>>>,
    /// The number of `waiting`, to be read without the lock. It is a hint: a stale one costs a race, never a commit.
    len: AtomicUsize,
    /// Does somebody unite them now? Advice, not a lock: whoever has waited long enough unites them too, for nothing is
    /// united twice by being united twice.
    is_led: AtomicBool,
}

/// A commit that waits.
pub(super) struct Request<S> {
    pub(super) state: S,
    pub(super) ticket: Arc<Ticket<S>>,
}

impl<S: Clone> Clone for Request<S> {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            ticket: Arc::clone(&self.ticket),
        }
    }
}

/// Where whoever publishes a commit says so.
pub(super) struct Ticket<S> {
    done: Mutex<Option<Done<S>>>,
    /// Did uniting it panic, on the thread of another? Then its own is to try, and to panic.
    is_left_to_owner: AtomicBool,
}

/// What became of a commit.
#[derive(Clone)]
pub(super) struct Done<S> {
    pub(super) commit: Commit,
    /// What was published.
    pub(super) state: S,
}

impl<S: Clone> Ticket<S> {
    /// The first to say counts; all that could be said is true.
    pub(super) fn finish(&self, done: Done<S>) {
        // A state must not be dropped behind the lock: it runs code of the user.
        let late = match &mut *lock(&self.done) {
            Some(_) => Some(done),
            none => none.replace(done),
        };
        drop(late);
    }

    pub(super) fn done(&self) -> Option<Done<S>> {
        lock(&self.done).clone()
    }

    pub(super) fn is_done(&self) -> bool {
        lock(&self.done).is_some()
    }

    pub(super) fn leave_to_owner(&self) {
        self.is_left_to_owner.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_left_to_owner(&self) -> bool {
        self.is_left_to_owner.load(Ordering::Relaxed)
    }
}

impl<S: Clone> Queue<S> {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::new(Vec::new()),
            len: AtomicUsize::new(0),
            is_led: AtomicBool::new(false),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len.load(Ordering::Relaxed) == 0
    }

    /// Puts a commit last, until the place is dropped.
    pub(super) fn join(&self, state: S) -> Place<'_, S> {
        let ticket = Arc::new(Ticket {
            done: Mutex::new(None),
            is_left_to_owner: AtomicBool::new(false),
        });
        let request = Request {
            state,
            ticket: Arc::clone(&ticket),
        };
        let mut waiting = lock(&self.waiting);
        waiting.push(request);
        self.len.store(waiting.len(), Ordering::Relaxed);
        drop(waiting);
        Place { queue: self, ticket }
    }

    /// The commits that wait now.
    pub(super) fn waiting(&self) -> Vec<Request<S>> {
        lock(&self.waiting).clone()
    }

    /// The right to unite them, unless another has it.
    pub(super) fn lead(&self) -> Option<Lead<'_>> {
        // Relaxed: it guards no data.
        let is_free = !self.is_led.load(Ordering::Relaxed) && !self.is_led.swap(true, Ordering::Relaxed);
        is_free.then_some(Lead { is_led: &self.is_led })
    }
}

/// A place in the queue.
pub(super) struct Place<'a, S: Clone> {
    queue: &'a Queue<S>,
    pub(super) ticket: Arc<Ticket<S>>,
}

impl<S: Clone> Drop for Place<'_, S> {
    fn drop(&mut self) {
        let mut waiting = lock(&self.queue.waiting);
        let at = waiting
            .iter()
            .position(|request| Arc::ptr_eq(&request.ticket, &self.ticket));
        let request = at.map(|at| waiting.remove(at));
        self.queue.len.store(waiting.len(), Ordering::Relaxed);
        drop(waiting);
        drop(request);
    }
}

/// The right to unite what waits.
pub(super) struct Lead<'a> {
    is_led: &'a AtomicBool,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.is_led.store(false, Ordering::Relaxed);
    }
}
