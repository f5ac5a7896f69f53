//! The tasks of an evaluation: siblings spawned to other threads.
//!
//! Exactly one thread runs a task: one of the pool, one that is blocked joining another task, or the spawning thread,
//! which then evaluates it as if it had never been spawned. A thread that is blocked joining only runs tasks nested
//! deeper than its own: so the native stack is bounded and no two threads wait for each other.

mod spawned;

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

pub(crate) use self::spawned::{Entries, SentActivation, SentTask, SpawnedTask, TaskResult};
use crate::error::EvalError;

/// The outcome of a task; `Err` is a panic.
type TaskOutcome = thread::Result<Result<TaskResult, EvalError>>;

/// The tasks that weren't joined yet.
#[derive(Default)]
pub(crate) struct Tasks {
    state: Mutex<State>,
    changed: Condvar,
    /// Whether the evaluation was cancelled.
    cancelled: AtomicBool,
}

#[derive(Default)]
struct State {
    next: u64,
    /// Tasks that no thread runs yet, the oldest, likely the largest, first.
    waiting: BTreeMap<u64, SpawnedTask>,
    finished: HashMap<u64, TaskOutcome>,
    /// The first error of a task.
    failure: Option<EvalError>,
    /// A panic of a task that won't be joined.
    panic: Option<Box<dyn Any + Send>>,
}

impl Tasks {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if the evaluation was cancelled: with the error of the task that failed first, else with `stop`.
    pub(crate) fn check(&self, stop: impl FnOnce() -> EvalError) -> Result<(), EvalError> {
        // Relaxed: a late reader ends late.
        if !self.cancelled.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(self.lock().failure.clone().unwrap_or_else(stop))
    }

    /// Takes the panic of a task that wasn't joined.
    pub(crate) fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.lock().panic.take()
    }

    /// Spawns a sibling: some thread that waits for a task, or calls [`run_oldest`](Self::run_oldest), runs it.
    pub(crate) fn spawn(self: &Arc<Self>, task: SpawnedTask) -> TaskHandle {
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        state.waiting.insert(id, task);
        drop(state);
        self.changed.notify_all();
        TaskHandle {
            tasks: Arc::clone(self),
            id,
            joined: false,
        }
    }

    /// Runs the oldest task that no thread runs yet, if there is one.
    pub(crate) fn run_oldest(&self, evaluate: impl FnOnce(SpawnedTask) -> Result<TaskResult, EvalError>) {
        let begun = self.lock().begin(0);
        if let Some((id, task)) = begun {
            self.finish(id, || evaluate(task));
        }
    }

    /// Runs a task and keeps its outcome for the thread that joins it.
    fn finish(&self, id: u64, evaluate: impl FnOnce() -> Result<TaskResult, EvalError>) {
        let outcome = catch_unwind(AssertUnwindSafe(evaluate));
        self.lock().finished.insert(id, outcome);
        self.changed.notify_all();
    }

    /// Records the error of a task. Called before its own tasks are dropped, which cancels all.
    pub(crate) fn fail(&self, stop: &EvalError) {
        self.lock().failure.get_or_insert_with(|| stop.clone());
    }
}

impl State {
    /// Takes the oldest task nested deeper than this.
    fn begin(&mut self, level: u32) -> Option<(u64, SpawnedTask)> {
        let mut tasks = self.waiting.iter();
        let id = tasks.find(|(_, sibling)| sibling.level() > level).map(|(id, _)| *id)?;
        self.waiting.remove(&id).map(|sibling| (id, sibling))
    }
}

/// A handle of a spawned sibling. Dropping it cancels all tasks of the evaluation and waits for this one.
pub(crate) struct TaskHandle {
    tasks: Arc<Tasks>,
    id: u64,
    /// Whether it was joined.
    joined: bool,
}

impl TaskHandle {
    /// Joins the task: `None` if no thread runs it, so that it was joined back. Blocks until it has ended, and meanwhile
    /// runs tasks nested deeper than `level`, as `evaluate` does.
    pub(crate) fn join(
        mut self,
        level: u32,
        evaluate: impl Fn(SpawnedTask) -> Result<TaskResult, EvalError>,
    ) -> Option<Result<TaskResult, EvalError>> {
        self.joined = true;
        let mut state = self.tasks.lock();
        if state.waiting.remove(&self.id).is_some() {
            return None;
        }
        loop {
            if let Some(outcome) = state.finished.remove(&self.id) {
                drop(state);
                return Some(outcome.unwrap_or_else(|panic| resume_unwind(panic)));
            }
            state = match state.begin(level) {
                Some((id, task)) => {
                    drop(state);
                    self.tasks.finish(id, || evaluate(task));
                    self.tasks.lock()
                }
                None => self.tasks.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Drop for TaskHandle {
    /// Waits: the evaluation ends when all its tasks have.
    fn drop(&mut self) {
        if self.joined {
            return;
        }
        let mut state = self.tasks.lock();
        if state.waiting.remove(&self.id).is_some() {
            return;
        }
        // Relaxed: as above.
        self.tasks.cancelled.store(true, Ordering::Relaxed);
        loop {
            if let Some(outcome) = state.finished.remove(&self.id) {
                if let Err(panic) = outcome {
                    state.panic.get_or_insert(panic);
                }
                return;
            }
            state = self.tasks.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
