//! The queue of commits that wait to be merged, so that one thread publishes several at once.

use crate::outcome::Commit;
use crate::sync::{Arc, AtomicBool, AtomicUsize, Mutex, Ordering, lock};

/// The queued commits, in order of arrival.
pub(crate) struct Queue<S> {
    commits: Mutex<Vec<QueuedCommit<S>>>,
    /// Number of `commits`, to be read without the lock. A hint: a stale value costs a lost race, never a commit.
    len: AtomicUsize,
    /// Whether a thread is combining. Advice, not a lock: a thread that has waited long enough combines as well, since
    /// a publication completes its commits before it can be replaced, so no commit is united with a state that contains it.
    has_combiner: AtomicBool,
}

/// A commit in the queue.
pub(crate) struct QueuedCommit<S> {
    pub(crate) state: S,
    pub(crate) completion: Arc<Completion<S>>,
}

impl<S: Clone> Clone for QueuedCommit<S> {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            completion: Arc::clone(&self.completion),
        }
    }
}

/// The cell in which the publishing thread stores the result of a queued commit.
pub(crate) struct Completion<S> {
    result: Mutex<Option<Committed<S>>>,
    /// Whether uniting it panicked on another thread. Then its own thread retries it, and panics.
    is_returned: AtomicBool,
}

/// The result of a commit.
#[derive(Clone)]
pub struct Committed<S> {
    /// How it was made, and the version that contains it.
    pub commit: Commit,
    /// The state that was published.
    pub state: S,
}

impl<S: Clone> Completion<S> {
    /// Stores the result, unless there is one: several threads may combine the same commit, and each result is true.
    pub(crate) fn complete(&self, result: Committed<S>) {
        // A state must not be dropped under the lock: that runs the user's code.
        let late = match &mut *lock(&self.result) {
            Some(_) => Some(result),
            none => none.replace(result),
        };
        drop(late);
    }

    pub(crate) fn result(&self) -> Option<Committed<S>> {
        lock(&self.result).clone()
    }

    pub(crate) fn is_complete(&self) -> bool {
        lock(&self.result).is_some()
    }

    pub(crate) fn return_to_owner(&self) {
        self.is_returned.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_returned(&self) -> bool {
        self.is_returned.load(Ordering::Relaxed)
    }
}

impl<S: Clone> Queue<S> {
    pub(crate) fn new() -> Self {
        Self {
            commits: Mutex::new(Vec::new()),
            len: AtomicUsize::new(0),
            has_combiner: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len.load(Ordering::Relaxed) == 0
    }

    /// Appends a commit, which is removed when the entry is dropped.
    pub(crate) fn push(&self, state: S) -> QueueEntry<'_, S> {
        let completion = Arc::new(Completion {
            result: Mutex::new(None),
            is_returned: AtomicBool::new(false),
        });
        let queued = QueuedCommit {
            state,
            completion: Arc::clone(&completion),
        };
        let mut commits = lock(&self.commits);
        commits.push(queued);
        self.len.store(commits.len(), Ordering::Relaxed);
        drop(commits);
        QueueEntry {
            queue: self,
            completion,
        }
    }

    /// The commits that are queued now.
    pub(crate) fn commits(&self) -> Vec<QueuedCommit<S>> {
        lock(&self.commits).clone()
    }

    /// Makes this thread the combiner, unless another one is.
    pub(crate) fn try_combine(&self) -> Option<Combiner<'_>> {
        // Relaxed: it guards no data.
        let is_free = !self.has_combiner.load(Ordering::Relaxed) && !self.has_combiner.swap(true, Ordering::Relaxed);
        is_free.then_some(Combiner {
            has_combiner: &self.has_combiner,
        })
    }
}

/// A thread's own commit in the queue.
pub(crate) struct QueueEntry<'a, S: Clone> {
    queue: &'a Queue<S>,
    pub(crate) completion: Arc<Completion<S>>,
}

impl<S: Clone> Drop for QueueEntry<'_, S> {
    fn drop(&mut self) {
        let mut commits = lock(&self.queue.commits);
        let index = commits
            .iter()
            .position(|queued| Arc::ptr_eq(&queued.completion, &self.completion));
        let removed = index.map(|index| commits.remove(index));
        self.queue.len.store(commits.len(), Ordering::Relaxed);
        drop(commits);
        drop(removed);
    }
}

/// The role of combining the queued commits, until it is dropped.
pub(crate) struct Combiner<'a> {
    has_combiner: &'a AtomicBool,
}

impl Drop for Combiner<'_> {
    fn drop(&mut self) {
        self.has_combiner.store(false, Ordering::Relaxed);
    }
}
