//! What the publishing protocol is made of: the real thing, or under `--cfg loom` its model, so that `loom` can try every
//! interleaving. The protocol takes nothing shared between threads from anywhere else.

#[cfg(loom)]
mod model;

#[cfg(not(loom))]
pub(super) use {
    arc_swap::{ArcSwap as Cell, Cache, Guard},
    std::hint::spin_loop,
    std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    std::sync::{Arc, Mutex, MutexGuard},
    std::thread::yield_now,
};

#[cfg(loom)]
pub(super) use {
    self::model::{Cache, Cell, Guard},
    loom::hint::spin_loop,
    loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    loom::sync::{Arc, Mutex, MutexGuard},
    loom::thread::yield_now,
};

/// Locks, whether or not a thread has panicked with the lock in hand: no code of a user ever runs there.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Waits a little longer each time: spins at first, then lets other threads run.
#[derive(Default)]
pub(super) struct Backoff {
    rounds: u32,
}

impl Backoff {
    /// Rounds that spin, each twice as long as the one before.
    const SPINS: u32 = if cfg!(loom) { 0 } else { 6 };
    /// Rounds after which waiting on is no use: whoever one waits for may have been stopped.
    const PATIENCE: u32 = if cfg!(loom) { 1 } else { Self::SPINS + 64 };

    pub(super) fn wait(&mut self) {
        if self.rounds < Self::SPINS {
            (0..1 << self.rounds).for_each(|_| spin_loop());
        } else {
            yield_now();
        }
        self.rounds = self.rounds.saturating_add(1);
    }

    /// Has it waited long enough?
    pub(super) fn is_over(&self) -> bool {
        self.rounds >= Self::PATIENCE
    }
}
