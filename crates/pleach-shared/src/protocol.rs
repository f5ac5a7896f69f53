//! The publishing protocol, generic over the state, so that `loom` checks the code that runs.
//!
//! The cell holds one [`Publication`] at a time. A writer replaces the one it has read by compare-and-swap, or reads
//! again. [`Protocol::settle`] completes the commits of a publication and notifies the watchers. It is idempotent, and
//! every writer calls it before it replaces a publication: so notifications come in the order of versions, and a thread
//! that is preempted between publishing and notifying delays nobody.
//!
//! # Racing commits
//! Racing commits are combined as in flat combining. A commit that finds the queue empty tries once alone; if it loses
//! the race, it joins the queue. One of the queued threads becomes the combiner: it unites all queued commits, in
//! order, and publishes the result for all of them. The others wait, but not forever: a thread that has waited long
//! enough combines as well. Two combiners do no harm: both start from the same publication, only one replaces it, and
//! the other then finds the commits complete.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::outcome::Outcome;
use crate::publication::Publication;
use crate::queue::{Committed, Completion, Queue};
use crate::sync::{Arc, Backoff, Cell, Guard};
use crate::watchers::Watchers;

/// A state that can be published.
pub trait State: Clone {
    /// Returns the union of two states: `self` or `other` itself, by [`ptr_eq`](Self::ptr_eq), if the union equals it.
    fn unite(&self, other: &Self) -> Self;

    /// Returns whether two states are the same allocation.
    fn ptr_eq(&self, other: &Self) -> bool;

    /// Returns whether publishing this after `before` would make no observable difference, now or in a later union.
    fn is_noop_after(&self, before: &Self) -> bool {
        self.ptr_eq(before)
    }
}

/// A cell with a published state, its queue of commits, and its watchers.
pub struct Protocol<S> {
    /// The current publication.
    pub cell: Cell<Publication<S>>,
    queue: Queue<S>,
    pub(crate) watchers: Watchers<S>,
}

impl<S: State> Protocol<S> {
    /// Creates a cell with this state as version 0.
    pub fn new(state: S) -> Self {
        Self {
            cell: Cell::from_pointee(Publication {
                version: 0,
                state,
                batch: Vec::new(),
            }),
            queue: Queue::new(),
            watchers: Watchers::new(),
        }
    }

    /// Returns the current publication, for a short read.
    pub fn load(&self) -> Guard<Arc<Publication<S>>> {
        self.cell.load()
    }

    /// Returns the current publication, settled: only a settled one may be replaced.
    pub fn current(&self) -> Arc<Publication<S>> {
        let current = self.cell.load_full();
        self.settle(&current);
        current
    }

    /// Completes the commits of a publication and notifies the watchers. Idempotent.
    fn settle(&self, publication: &Arc<Publication<S>>) {
        for (completion, outcome) in &publication.batch {
            completion.complete(publication.committed(*outcome));
        }
        self.watchers.notify(publication);
    }

    /// Publishes `state` in place of `current`; `None` if another publication is current.
    fn replace(
        &self,
        current: &Arc<Publication<S>>,
        state: S,
        batch: Vec<(Arc<Completion<S>>, Outcome)>,
    ) -> Option<Arc<Publication<S>>> {
        let next = Arc::new(Publication {
            version: current.version + 1,
            state,
            batch,
        });
        // `current` is held, so no other publication has its address (no ABA problem).
        let found = self.cell.compare_and_swap(current, Arc::clone(&next));
        if !Arc::ptr_eq(&found, current) {
            return None;
        }
        drop(found);
        self.settle(&next);
        Some(next)
    }

    /// Publishes `state`, unless that makes no difference, and returns the publication that was current.
    pub fn publish(&self, state: &S) -> Arc<Publication<S>> {
        let mut backoff = Backoff::default();
        loop {
            let current = self.current();
            if state.is_noop_after(&current.state) || self.replace(&current, state.clone(), Vec::new()).is_some() {
                return current;
            }
            backoff.wait();
        }
    }

    /// Publishes `state` if `expected` is current, unless that makes no difference, and returns the version. Fails with
    /// the current publication.
    pub fn publish_if(&self, expected: &S, state: &S) -> Result<u64, Arc<Publication<S>>> {
        let mut backoff = Backoff::default();
        loop {
            let current = self.current();
            if !current.state.ptr_eq(expected) {
                return Err(current);
            }
            if state.is_noop_after(&current.state) {
                return Ok(current.version);
            }
            if let Some(next) = self.replace(&current, state.clone(), Vec::new()) {
                return Ok(next.version);
            }
            backoff.wait();
        }
    }

    /// Publishes the state that `write` returns for the current one; retries on a newer one if another writer was
    /// faster. Publishes nothing if `write` returns the same state or fails.
    pub fn update<R, E>(&self, mut write: impl FnMut(&S) -> Result<(S, R), E>) -> Result<R, E> {
        let mut backoff = Backoff::default();
        loop {
            self.help_commits(&mut backoff);
            let current = self.current();
            let (state, result) = write(&current.state)?;
            if state.ptr_eq(&current.state) || self.replace(&current, state, Vec::new()).is_some() {
                return Ok(result);
            }
            backoff.wait();
        }
    }

    /// Combines queued commits before a write: otherwise short updates in a row would make longer commits lose every
    /// race.
    fn help_commits(&self, backoff: &mut Backoff) {
        if !self.queue.is_empty() {
            match self.queue.try_combine() {
                Some(_combiner) => self.combine(None),
                None => backoff.wait(),
            }
        }
    }

    /// Publishes the union of the current state and `state`.
    pub fn commit(&self, state: &S) -> Committed<S> {
        if self.queue.is_empty()
            && let Some(committed) = self.try_commit(state)
        {
            return committed;
        }
        let entry = self.queue.push(state.clone());
        let mut backoff = Backoff::default();
        loop {
            match self.queue.try_combine() {
                Some(_combiner) => self.combine(Some(&entry.completion)),
                None if backoff.is_exhausted() => self.combine(Some(&entry.completion)),
                None => backoff.wait(),
            }
            if let Some(committed) = entry.completion.result() {
                return committed;
            }
        }
    }

    fn try_commit(&self, state: &S) -> Option<Committed<S>> {
        let current = self.current();
        let united = current.state.unite(state);
        self.publish_union(&current, state, united)
    }

    /// Publishes the union of the current state and `state` that `unite` returns. Publishes nothing if `unite` fails.
    pub fn commit_with<E>(&self, state: &S, mut unite: impl FnMut(&S) -> Result<S, E>) -> Result<Committed<S>, E> {
        let mut backoff = Backoff::default();
        loop {
            self.help_commits(&mut backoff);
            let current = self.current();
            let united = unite(&current.state)?;
            if let Some(committed) = self.publish_union(&current, state, united) {
                return Ok(committed);
            }
            backoff.wait();
        }
    }

    /// Publishes the union of `current` and `committed`; `None` if another publication is current.
    fn publish_union(&self, current: &Arc<Publication<S>>, committed: &S, united: S) -> Option<Committed<S>> {
        let outcome = outcome(&current.state, committed, &united);
        match outcome {
            Outcome::Unchanged => Some(current.committed(outcome)),
            _ => Some(self.replace(current, united, Vec::new())?.committed(outcome)),
        }
    }

    /// Unites the queued commits and publishes the result, unless another writer is faster.
    fn combine(&self, own: Option<&Arc<Completion<S>>>) {
        let current = self.current();
        let mut state = current.state.clone();
        let mut batch = Vec::new();
        for queued in self.queue.commits() {
            let is_own = own.is_some_and(|own| Arc::ptr_eq(own, &queued.completion));
            if queued.completion.is_complete() || (queued.completion.is_returned() && !is_own) {
                continue;
            }
            let united = if is_own {
                state.unite(&queued.state)
            } else if let Ok(united) = catch_unwind(AssertUnwindSafe(|| state.unite(&queued.state))) {
                united
            } else {
                // The user's code panicked: the panic belongs on the thread that committed.
                queued.completion.return_to_owner();
                continue;
            };
            let outcome = outcome(&state, &queued.state, &united);
            state = united;
            batch.push((queued, outcome));
        }
        if state.ptr_eq(&current.state) {
            for (queued, outcome) in batch {
                queued.completion.complete(current.committed(outcome));
            }
            return;
        }
        let batch = batch
            .into_iter()
            .map(|(queued, outcome)| match outcome {
                // Commits after it in the batch were merged into it.
                Outcome::FastForward if !state.ptr_eq(&queued.state) => (queued.completion, Outcome::Merged),
                _ => (queued.completion, outcome),
            })
            .collect();
        self.replace(&current, state, batch);
    }
}

fn outcome<S: State>(current: &S, committed: &S, united: &S) -> Outcome {
    if united.ptr_eq(current) {
        Outcome::Unchanged
    } else if united.ptr_eq(committed) {
        Outcome::FastForward
    } else {
        Outcome::Merged
    }
}
