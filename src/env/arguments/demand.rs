//! What queries have spent for want of an index.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many steps queries must have spent, for each fact, before an index is built: as long as building takes, about.
const STEPS: u64 = if cfg!(pleach_tiny_nodes) { 0 } else { 8 };

/// From how many steps on it is looked at whether an index would pay.
const FIRST_LOOK: u64 = if cfg!(pleach_tiny_nodes) { 1 } else { 2_048 };

/// Steps spent, by index. Two indexes may share a place: then one may be built too early.
#[derive(Default)]
pub(super) struct Demand([Asked; 8]);

#[derive(Default)]
struct Asked {
    /// Since an index was built for this place.
    steps: AtomicU64,
    /// Up to how many it was seen not to pay.
    seen: AtomicU64,
}

// Relaxed all through: these are estimates, and publish nothing.
impl Demand {
    fn place(&self, prefix: &[u8], position: usize) -> &Asked {
        // Not keyed: who makes two indexes share a place gains nothing.
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((prefix, position));
        &self.0[hash as usize % self.0.len()]
    }

    pub(super) fn ask(&self, prefix: &[u8], position: usize, steps: u64) {
        self.place(prefix, position).steps.fetch_add(steps, Ordering::Relaxed);
    }

    /// How many facts an index may have that what was spent would have paid for; `None` if that is not enough to look.
    pub(super) fn affordable(&self, prefix: &[u8], position: usize) -> Option<usize> {
        let place = self.place(prefix, position);
        let steps = place.steps.load(Ordering::Relaxed);
        let looks = steps >= FIRST_LOOK && steps / 2 >= place.seen.load(Ordering::Relaxed);
        looks.then(|| usize::try_from(steps.checked_div(STEPS).unwrap_or(steps)).unwrap_or(usize::MAX))
    }

    /// The index is built, or was seen not to pay yet: then it is looked at again when twice as much was spent.
    pub(super) fn settle(&self, prefix: &[u8], position: usize, built: bool) {
        let place = self.place(prefix, position);
        if built {
            place.steps.store(0, Ordering::Relaxed);
            place.seen.store(0, Ordering::Relaxed);
        } else {
            place.seen.store(place.steps.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}
