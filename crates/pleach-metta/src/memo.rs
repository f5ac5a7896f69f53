//! The memo table of calls.
//!
//! It is a persistent map: tasks take a fork, and tables of siblings are merged in order.
//!
//! An entry that tracked no read is valid as long as rules, types and bindings stay the same, whatever facts are
//! written; any other is valid for one state of the environment.

use smallvec::SmallVec;

use crate::value::Value;
use pleach::Map;
use pleach::term::Expression;

/// The call, the index of the function type that its arguments were evaluated by, and the stamp of the definitions.
pub(crate) type Key = (Expression, Option<u16>, u64);

/// The answers of a call, and the steps it took.
#[derive(Clone, Debug)]
pub(crate) struct MemoEntry {
    pub(crate) results: SmallVec<[Value; 1]>,
    pub(crate) steps: u64,
    /// The stamps under which the call was evaluated.
    pub(crate) stamp: u64,
    pub(crate) normal_stamp: u64,
    /// Whether evaluating the call tracked a read.
    pub(crate) reads: bool,
}

impl MemoEntry {
    /// Whether values are in normal form was decided under `normal_stamp`.
    fn holds(&self, stamp: u64, normal_stamp: u64) -> bool {
        self.normal_stamp == normal_stamp && (!self.reads || self.stamp == stamp)
    }
}

/// A memo table.
#[derive(Clone, Debug)]
pub(crate) struct Memo {
    calls: Map<Key, MemoEntry>,
    /// The maximum number of entries.
    limit: usize,
}

impl Memo {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            calls: Map::new(),
            limit,
        }
    }

    /// Returns the entry of a call, if it is valid under these stamps.
    pub(crate) fn get(&self, key: &Key, stamp: u64, normal_stamp: u64) -> Option<&MemoEntry> {
        self.calls.get(key).filter(|known| known.holds(stamp, normal_stamp))
    }

    pub(crate) fn insert(&mut self, key: Key, known: MemoEntry) {
        if self.calls.len() >= self.limit {
            self.calls = Map::new();
        }
        self.calls.insert(key, known);
    }

    /// Merges the table of another task.
    pub(crate) fn absorb(&mut self, theirs: Self) {
        // Both values of a call are valid.
        let all = std::mem::take(&mut self.calls).union(&theirs.calls);
        if all.len() <= self.limit {
            self.calls = all;
        }
    }
}

/// A call under evaluation, to be memoized.
pub(crate) struct MemoFrame {
    pub(crate) key: Key,
    pub(crate) effects: u64,
    pub(crate) reads: u64,
    pub(crate) steps: u64,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
