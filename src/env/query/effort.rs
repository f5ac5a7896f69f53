//! The work that a join may do.

use std::sync::atomic::AtomicBool;

use super::descent::is_set;
use super::search::Search;

/// The number of entries between two reads of `stop`.
const STOP_INTERVAL: u32 = 256;

/// A limit of steps that all searches of a join share, and a flag that stops it.
pub(super) struct Effort<'a> {
    pub(super) limit: u64,
    /// The number of steps left.
    left: u64,
    pub(super) stop: Option<&'a AtomicBool>,
    /// The number of entries visited and searches ended.
    visited: u32,
}

impl<'a> Effort<'a> {
    pub(super) fn unlimited() -> Self {
        Effort {
            limit: u64::MAX,
            left: u64::MAX,
            stop: None,
            visited: 0,
        }
    }

    pub(super) fn set_limit(&mut self, steps: u64) {
        self.limit = steps;
        self.left = steps;
    }

    pub(super) fn is_limited(&self) -> bool {
        self.limit < u64::MAX
    }

    /// Counts a visit. Returns whether the join is stopped, which it looks at once in a while.
    pub(super) fn visit(&mut self) -> bool {
        self.visited = self.visited.wrapping_add(1);
        self.visited.is_multiple_of(STOP_INTERVAL) && is_set(self.stop)
    }

    /// The next entry of a search, at the cost of its steps.
    pub(super) fn next_entry<'s, V>(&mut self, search: &mut Search<'s, V>) -> Option<&'s V> {
        if !self.is_limited() {
            return search.next_entry();
        }
        search.set_budget(self.left);
        let entry = search.next_entry();
        self.left = search.budget();
        entry
    }
}
