//! The steps that queries have spent for want of an index.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// The steps of queries that pay for indexing one fact: about as long as that takes.
const STEPS_PER_FACT: u64 = if cfg!(pleach_tiny_nodes) { 0 } else { 8 };

/// The minimum number of steps before an index is considered.
const MIN_STEPS: u64 = if cfg!(pleach_tiny_nodes) { 1 } else { 2_048 };

/// The demand for indexes, by hash. Indexes whose hashes collide share a counter, so one may be built too early.
#[derive(Default)]
pub(super) struct Demand([Counter; 8]);

#[derive(Default)]
struct Counter {
    /// The steps since an index of this counter was built.
    steps: AtomicU64,
    /// The steps when an index was last considered and rejected.
    rejected: AtomicU64,
}

// All accesses are relaxed: the counts are estimates and publish nothing.
impl Demand {
    fn counter(&self, prefix: &[u8], position: usize) -> &Counter {
        // Not keyed: provoking a collision gains nothing.
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((prefix, position));
        &self.0[hash as usize % self.0.len()]
    }

    pub(super) fn add(&self, prefix: &[u8], position: usize, steps: u64) {
        self.counter(prefix, position).steps.fetch_add(steps, Ordering::Relaxed);
    }

    /// Returns the number of facts that the steps would have paid for indexing; `None` if they are too few to consider it.
    pub(super) fn affordable(&self, prefix: &[u8], position: usize) -> Option<usize> {
        let counter = self.counter(prefix, position);
        let steps = counter.steps.load(Ordering::Relaxed);
        let is_worth = steps >= MIN_STEPS && steps / 2 >= counter.rejected.load(Ordering::Relaxed);
        is_worth.then(|| usize::try_from(steps.checked_div(STEPS_PER_FACT).unwrap_or(steps)).unwrap_or(usize::MAX))
    }

    /// Records that the index was built, or rejected: then it is considered again after twice as many steps.
    pub(super) fn settle(&self, prefix: &[u8], position: usize, built: bool) {
        let counter = self.counter(prefix, position);
        if built {
            counter.steps.store(0, Ordering::Relaxed);
            counter.rejected.store(0, Ordering::Relaxed);
        } else {
            let steps = counter.steps.load(Ordering::Relaxed);
            counter.rejected.store(steps, Ordering::Relaxed);
        }
    }
}
