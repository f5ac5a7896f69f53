//! Critical sections that run foreign code.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// A critical section that is entered by one thread at a time. A thread that enters it again is refused, where a mutex
/// would deadlock. No mutex is held inside, so a panic there poisons nothing.
#[derive(Default)]
pub(super) struct CriticalSection {
    owner: Mutex<Option<ThreadId>>,
    free: Condvar,
}

impl CriticalSection {
    fn owner(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other thread is inside, and enters until the guard is dropped; `None` if this thread is inside.
    pub(super) fn enter(&self) -> Option<SectionGuard<'_>> {
        let this = thread::current().id();
        let mut owner = self.owner();
        if *owner == Some(this) {
            return None;
        }
        while owner.is_some() {
            owner = self.free.wait(owner).unwrap_or_else(PoisonError::into_inner);
        }
        *owner = Some(this);
        Some(SectionGuard { section: self })
    }
}

/// Leaves the section when dropped.
pub(super) struct SectionGuard<'a> {
    section: &'a CriticalSection,
}

impl Drop for SectionGuard<'_> {
    fn drop(&mut self) {
        *self.section.owner() = None;
        self.section.free.notify_one();
    }
}
