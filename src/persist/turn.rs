//! Turns of threads at something, during which no lock is held.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// Threads take turns. A thread that asks for a turn within its own is refused: it would wait for itself.
#[derive(Default)]
pub(super) struct Turns {
    holder: Mutex<Option<ThreadId>>,
    free: Condvar,
}

impl Turns {
    fn holder(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn, which lasts until what is returned is dropped; `None` if this thread has it already.
    pub(super) fn take(&self) -> Option<Turn<'_>> {
        let this = thread::current().id();
        let mut holder = self.holder();
        if *holder == Some(this) {
            return None;
        }
        while holder.is_some() {
            holder = self.free.wait(holder).unwrap_or_else(PoisonError::into_inner);
        }
        *holder = Some(this);
        Some(Turn { turns: self })
    }
}

/// A turn.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.turns.holder() = None;
        self.turns.free.notify_one();
    }
}
