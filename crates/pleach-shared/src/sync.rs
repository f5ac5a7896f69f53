//! The synchronization primitives of the publishing protocol, or under `--cfg loom` their models, so that `loom` can
//! try every interleaving. The protocol uses no others.

#[cfg(loom)]
#[allow(missing_docs, reason = "a model of `arc-swap`, whose documentation it has")]
mod model;

#[cfg(not(loom))]
pub use arc_swap::{ArcSwap as Cell, Cache, Guard};
#[cfg(not(loom))]
pub(crate) use {
    std::hint::spin_loop,
    std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    std::sync::{Arc, Mutex, MutexGuard},
    std::thread::yield_now,
};

#[cfg(loom)]
pub use self::model::{Cache, Cell, Guard};
#[cfg(loom)]
pub(crate) use {
    loom::hint::spin_loop,
    loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    loom::sync::{Arc, Mutex, MutexGuard},
    loom::thread::yield_now,
};

/// Locks a mutex, poisoned or not: no user code runs under these locks, so a panic leaves no broken state.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Exponential backoff: spins at first, then yields to other threads.
#[derive(Default)]
pub(crate) struct Backoff {
    rounds: u32,
}

impl Backoff {
    /// Number of rounds that spin, each twice as long as the one before.
    const SPIN_ROUNDS: u32 = if cfg!(loom) { 0 } else { 6 };
    /// Number of rounds after which the thread waited for may have been preempted, so that waiting is no longer useful.
    const MAX_ROUNDS: u32 = if cfg!(loom) { 1 } else { Self::SPIN_ROUNDS + 64 };

    pub(crate) fn wait(&mut self) {
        if self.rounds < Self::SPIN_ROUNDS {
            (0..1 << self.rounds).for_each(|_| spin_loop());
        } else {
            yield_now();
        }
        self.rounds = self.rounds.saturating_add(1);
    }

    /// Returns whether the caller should stop waiting and do the work itself.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.rounds >= Self::MAX_ROUNDS
    }
}
