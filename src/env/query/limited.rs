//! Queries with a limit of steps.

use std::iter::FusedIterator;
use std::sync::atomic::AtomicBool;

use super::{Answer, Query, QueryError};
use crate::term::Term;

/// The answers to a pattern, up to a limit of steps: see [`Query::with_limit`].
#[must_use = "iterators are lazy"]
pub struct LimitedQuery<'a, T: Term> {
    query: Query<'a, T>,
    limit: u64,
    /// Whether the end was reached and the error returned, if there was one.
    ended: bool,
}

impl<'a, T: Term> LimitedQuery<'a, T> {
    pub(super) fn new(query: Query<'a, T>, limit: u64) -> Self {
        let ended = false;
        LimitedQuery { query, limit, ended }
    }

    /// Makes the query end with [`QueryError::Stopped`] soon after another thread sets `stop`: see
    /// [`Join::with_stop`](super::Join::with_stop).
    pub fn with_stop(mut self, stop: &'a AtomicBool) -> Self {
        self.query.search.set_stop(Some(stop));
        self
    }

    /// Returns the least id above those of all variables so far: see [`Query::fresh`].
    pub fn fresh(&self) -> u64 {
        self.query.fresh()
    }
}

impl<T: Term> FusedIterator for LimitedQuery<'_, T> {}

impl<T: Term> Iterator for LimitedQuery<'_, T> {
    type Item = Result<Answer<T>, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let answer = self.query.next();
        if answer.is_none() && !self.ended {
            self.ended = true;
            if self.query.search.is_exhausted() {
                return Some(Err(QueryError::Limit(self.limit)));
            }
            if self.query.search.is_stopped() {
                return Some(Err(QueryError::Stopped));
            }
        }
        answer.map(Ok)
    }
}
