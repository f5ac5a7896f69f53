//! The tasks of one evaluation: siblings that were offered to other threads.
//!
//! A task is begun by one thread and no other: a thread of the pool, one that waits for another task, or the one that
//! offered it, which then evaluates it as if it had never been offered. Who waits begins only tasks nested deeper than his
//! own: so the native stack is bounded, and no two can wait for each other.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::parallel::{Finished, Sibling};
use crate::machine::Machine;
use crate::{Shared, Stop};

/// What a task has come to, if it has not panicked.
type Outcome = thread::Result<Result<Finished, Stop>>;

/// The tasks that are not taken back yet.
#[derive(Default)]
pub(crate) struct Tasks {
    state: Mutex<State>,
    changed: Condvar,
    /// Is what tasks come to no longer of interest?
    cancelled: AtomicBool,
}

#[derive(Default)]
struct State {
    next: u64,
    /// Those that nobody has begun, the oldest first: it is likely the largest.
    waiting: BTreeMap<u64, Sibling>,
    finished: HashMap<u64, Outcome>,
    /// What the first of those that failed has failed with.
    failure: Option<Stop>,
    /// A panic in one that nobody wants to know of any more.
    panic: Option<Box<dyn Any + Send>>,
}

impl Tasks {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a task if what it comes to is no longer of interest: with what another has failed with, or else with `stop`.
    pub(crate) fn check(&self, stop: impl FnOnce() -> Stop) -> Result<(), Stop> {
        // Relaxed: who sees it late ends late.
        if !self.cancelled.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(self.lock().failure.clone().unwrap_or_else(stop))
    }

    /// A task has failed. Said before its own tasks are dropped, which cancels all.
    pub(super) fn fail(&self, stop: &Stop) {
        self.lock().failure.get_or_insert_with(|| stop.clone());
    }
}

impl Machine {
    /// The whole evaluation has failed: ends all tasks. If one has panicked, that is why.
    pub(crate) fn abandon(&mut self) {
        self.groups.clear();
        let panic = self.shared.tasks.lock().panic.take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl State {
    /// Begins the oldest task nested deeper than this.
    fn begin(&mut self, level: u32) -> Option<(u64, Sibling)> {
        let mut tasks = self.waiting.iter();
        let id = tasks.find(|(_, sibling)| sibling.level() > level).map(|(id, _)| *id)?;
        self.waiting.remove(&id).map(|sibling| (id, sibling))
    }
}

/// Evaluates a task that was begun.
fn evaluate(shared: &Arc<Shared>, id: u64, sibling: Sibling) {
    let outcome = catch_unwind(AssertUnwindSafe(|| sibling.evaluate(shared)));
    shared.tasks.lock().finished.insert(id, outcome);
    shared.tasks.changed.notify_all();
}

/// A sibling that was offered. To drop it is to say that nobody wants to know any more, of it and of all others.
pub(super) struct Offer {
    shared: Arc<Shared>,
    id: u64,
    /// Was it taken back?
    taken: bool,
}

impl Offer {
    /// Offers a sibling to the threads of the pool.
    pub(super) fn new(shared: &Arc<Shared>, sibling: Sibling) -> Self {
        let mut state = shared.tasks.lock();
        let id = state.next;
        state.next += 1;
        state.waiting.insert(id, sibling);
        drop(state);
        shared.tasks.changed.notify_all();
        if let Some(pool) = &shared.pool {
            let shared = Arc::clone(shared);
            pool.spawn(move || {
                let begun = shared.tasks.lock().begin(0);
                if let Some((id, sibling)) = begun {
                    evaluate(&shared, id, sibling);
                }
            });
        }
        Self {
            shared: Arc::clone(shared),
            id,
            taken: false,
        }
    }

    /// Takes it back: `None` if no thread has begun with it, else what it came to. Waits for that, and begins tasks nested
    /// deeper than `level` meanwhile.
    pub(super) fn take(mut self, level: u32) -> Option<Result<Finished, Stop>> {
        self.taken = true;
        let tasks = &self.shared.tasks;
        let mut state = tasks.lock();
        if state.waiting.remove(&self.id).is_some() {
            return None;
        }
        loop {
            if let Some(outcome) = state.finished.remove(&self.id) {
                drop(state);
                return Some(outcome.unwrap_or_else(|panic| resume_unwind(panic)));
            }
            state = match state.begin(level) {
                Some((id, sibling)) => {
                    drop(state);
                    evaluate(&self.shared, id, sibling);
                    tasks.lock()
                }
                None => tasks.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Drop for Offer {
    /// The evaluation has failed, or is not asked for more: it ends when all its tasks have.
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let tasks = &self.shared.tasks;
        let mut state = tasks.lock();
        if state.waiting.remove(&self.id).is_some() {
            return;
        }
        // Relaxed: see above.
        tasks.cancelled.store(true, Ordering::Relaxed);
        loop {
            if let Some(outcome) = state.finished.remove(&self.id) {
                if let Err(panic) = outcome {
                    state.panic.get_or_insert(panic);
                }
                return;
            }
            state = tasks.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
