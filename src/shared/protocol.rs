//! The publishing protocol, over any state that can be united: what `loom` checks is what runs.
//!
//! The cell holds one [`Publication`] at a time; a writer replaces the one it has read, or reads again. What a publication
//! owes to others (to tell the commits that it brought, and the audience) is paid by [`Protocol::settle`], which may be
//! called by anyone, again and again, and **is** called by everyone before replacing it. So debts are paid in the order
//! of versions, and a thread that is stopped between publishing and paying holds up nobody.
//!
//! # Commits that race
//! A commit that finds nobody waiting tries once alone. If it loses, it queues. One of those who wait leads: it unites all
//! that waits, in order, and publishes the result for all of them. The others wait for that, but not for ever: whoever has
//! waited long enough unites them too. No harm is done when two do so, for both start from a publication, only one of them
//! replaces it, and the other then finds the commits told that they are done.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::outcome::{Commit, Outcome};
use super::queue::{Done, Queue, Ticket};
use super::sync::{Arc, Backoff, Cell, Guard};
use super::watch::Audience;

/// What can be published.
pub(super) trait State: Clone {
    /// What both hold: `self`, the very same, if it has all of `other`, and `other` if it has all of `self`.
    fn unite(&self, other: &Self) -> Self;

    /// Are the two the very same?
    fn is(&self, other: &Self) -> bool;

    /// Would nobody see a difference, now or in a later union, if this were not published after `before`?
    fn brings_nothing_to(&self, before: &Self) -> bool {
        self.is(before)
    }
}

/// One state in the life of a cell.
pub(super) struct Publication<S> {
    /// Greater by one than that of the publication it replaced.
    pub(super) version: u64,
    pub(super) state: S,
    /// The commits that are to be told that they are in it.
    batch: Vec<(Arc<Ticket<S>>, Outcome)>,
}

pub(super) struct Protocol<S> {
    pub(super) cell: Cell<Publication<S>>,
    queue: Queue<S>,
    pub(super) audience: Audience<S>,
}

impl<S: State> Protocol<S> {
    pub(super) fn new(state: S) -> Self {
        Self {
            cell: Cell::from_pointee(Publication {
                version: 0,
                state,
                batch: Vec::new(),
            }),
            queue: Queue::new(),
            audience: Audience::new(),
        }
    }

    /// The current publication, for a short read.
    pub(super) fn load(&self) -> Guard<Arc<Publication<S>>> {
        self.cell.load()
    }

    /// The current publication, with its debts paid: only such a one may be replaced.
    pub(super) fn current(&self) -> Arc<Publication<S>> {
        let current = self.cell.load_full();
        self.settle(&current);
        current
    }

    fn settle(&self, publication: &Arc<Publication<S>>) {
        for (ticket, outcome) in &publication.batch {
            ticket.finish(publication.done(*outcome));
        }
        self.audience.announce(publication);
    }

    /// Publishes `state` in place of `current`, unless the cell has moved. Returns its version.
    fn replace(
        &self,
        current: &Arc<Publication<S>>,
        state: S,
        batch: Vec<(Arc<Ticket<S>>, Outcome)>,
    ) -> Option<Arc<Publication<S>>> {
        let next = Arc::new(Publication {
            version: current.version + 1,
            state,
            batch,
        });
        // We hold `current`, so its address is not another's.
        let found = self.cell.compare_and_swap(current, Arc::clone(&next));
        if !Arc::ptr_eq(&found, current) {
            return None;
        }
        drop(found);
        self.settle(&next);
        Some(next)
    }

    /// Publishes `state`, whatever is current, and returns what it replaced; publishes nothing if it brings nothing to that.
    pub(super) fn publish(&self, state: &S) -> Arc<Publication<S>> {
        let mut backoff = Backoff::default();
        loop {
            let current = self.current();
            if state.brings_nothing_to(&current.state) || self.replace(&current, state.clone(), Vec::new()).is_some() {
                return current;
            }
            backoff.wait();
        }
    }

    /// Publishes `state` if `expected` is current, and returns its version; else returns what is current. Publishes nothing
    /// if it brings nothing to that.
    pub(super) fn publish_if(&self, expected: &S, state: &S) -> Result<u64, Arc<Publication<S>>> {
        let mut backoff = Backoff::default();
        loop {
            let current = self.current();
            if !current.state.is(expected) {
                return Err(current);
            }
            if state.brings_nothing_to(&current.state) {
                return Ok(current.version);
            }
            if let Some(next) = self.replace(&current, state.clone(), Vec::new()) {
                return Ok(next.version);
            }
            backoff.wait();
        }
    }

    /// Publishes what `write` makes of the current state, or runs it again on a newer one. Publishes nothing if that is
    /// the same, or if `write` fails, which ends it.
    pub(super) fn update<R, E>(&self, mut write: impl FnMut(&S) -> Result<(S, R), E>) -> Result<R, E> {
        let mut backoff = Backoff::default();
        loop {
            self.let_commits_pass(&mut backoff);
            let current = self.current();
            let (state, result) = write(&current.state)?;
            if state.is(&current.state) || self.replace(&current, state, Vec::new()).is_some() {
                return Ok(result);
            }
            backoff.wait();
        }
    }

    /// A short update after another would make the longer commits lose each race.
    fn let_commits_pass(&self, backoff: &mut Backoff) {
        if !self.queue.is_empty() {
            match self.queue.lead() {
                Some(_lead) => self.combine(None),
                None => backoff.wait(),
            }
        }
    }

    /// Publishes the union of the current state and `state`.
    pub(super) fn commit(&self, state: &S) -> Done<S> {
        if self.queue.is_empty()
            && let Some(done) = self.commit_alone(state)
        {
            return done;
        }
        let place = self.queue.join(state.clone());
        let mut backoff = Backoff::default();
        loop {
            match self.queue.lead() {
                Some(_lead) => self.combine(Some(&place.ticket)),
                None if backoff.is_over() => self.combine(Some(&place.ticket)),
                None => backoff.wait(),
            }
            if let Some(done) = place.ticket.done() {
                return done;
            }
        }
    }

    fn commit_alone(&self, state: &S) -> Option<Done<S>> {
        let current = self.current();
        let united = current.state.unite(state);
        self.forward(&current, state, united)
    }

    /// Publishes the union of the current state and `state` as `unite` makes it, unless that fails.
    pub(super) fn commit_with<E>(&self, state: &S, mut unite: impl FnMut(&S) -> Result<S, E>) -> Result<Done<S>, E> {
        let mut backoff = Backoff::default();
        loop {
            self.let_commits_pass(&mut backoff);
            let current = self.current();
            let united = unite(&current.state)?;
            if let Some(done) = self.forward(&current, state, united) {
                return Ok(done);
            }
            backoff.wait();
        }
    }

    /// Publishes the union of `current` and `committed`, unless the cell has moved.
    fn forward(&self, current: &Arc<Publication<S>>, committed: &S, united: S) -> Option<Done<S>> {
        let outcome = outcome(&current.state, committed, &united);
        match outcome {
            Outcome::Unchanged => Some(current.done(outcome)),
            _ => Some(self.replace(current, united, Vec::new())?.done(outcome)),
        }
    }

    /// Unites what waits, and publishes it if nobody is faster.
    fn combine(&self, own: Option<&Arc<Ticket<S>>>) {
        let current = self.current();
        let mut state = current.state.clone();
        let mut batch = Vec::new();
        for request in self.queue.waiting() {
            let is_own = own.is_some_and(|own| Arc::ptr_eq(own, &request.ticket));
            if request.ticket.is_done() || (request.ticket.is_left_to_owner() && !is_own) {
                continue;
            }
            let united = if is_own {
                state.unite(&request.state)
            } else if let Ok(united) = catch_unwind(AssertUnwindSafe(|| state.unite(&request.state))) {
                united
            } else {
                // Code of the term panicked. That is for the thread whose commit it is, not for this one.
                request.ticket.leave_to_owner();
                continue;
            };
            let outcome = outcome(&state, &request.state, &united);
            state = united;
            batch.push((request, outcome));
        }
        if state.is(&current.state) {
            for (request, outcome) in batch {
                request.ticket.finish(current.done(outcome));
            }
            return;
        }
        let batch = batch
            .into_iter()
            .map(|(request, outcome)| match outcome {
                // Others came after it.
                Outcome::FastForward if !state.is(&request.state) => (request.ticket, Outcome::Merged),
                _ => (request.ticket, outcome),
            })
            .collect();
        self.replace(&current, state, batch);
    }
}

fn outcome<S: State>(current: &S, committed: &S, united: &S) -> Outcome {
    if united.is(current) {
        Outcome::Unchanged
    } else if united.is(committed) {
        Outcome::FastForward
    } else {
        Outcome::Merged
    }
}

impl<S: Clone> Publication<S> {
    fn done(&self, outcome: Outcome) -> Done<S> {
        Done {
            commit: Commit {
                outcome,
                version: self.version,
            },
            state: self.state.clone(),
        }
    }
}
