//! The memory limit: each machine measures what it holds, periodically.
//!
//! As a garbage collector does, a machine measures again after as many steps as it found cells the last time, at
//! amortized constant cost. If it has grown so fast that it would exceed the limit before, it measures earlier, up to
//! [`MAX_SPEEDUP`] times as often.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::error::EvalError;
use crate::shared::Shared;

/// The estimated bytes of a fact added to the environment.
pub(crate) const FACT_BYTES: usize = 100;

/// The maximum increase of the measuring rate for a machine that grows, for each thread.
pub(crate) const MAX_SPEEDUP: u64 = 16;

/// The bytes a task was last measured to hold, as part of the sum over all tasks.
pub(crate) struct MemoryAccount {
    shared: Arc<Shared>,
    pub(crate) bytes: usize,
    /// The steps of the last and the next measurement.
    pub(crate) measured: u64,
    pub(crate) next: u64,
    /// The bytes of large allocations since then.
    pub(crate) allocated: usize,
    /// The facts in the environment when the task began.
    pub(crate) facts: usize,
}

impl MemoryAccount {
    pub(crate) fn new(shared: &Arc<Shared>, facts: usize) -> Self {
        Self {
            shared: Arc::clone(shared),
            bytes: 0,
            measured: 0,
            next: 0,
            allocated: 0,
            facts,
        }
    }

    /// Records the bytes of this task. Returns those of all tasks.
    pub(crate) fn set(&mut self, bytes: usize) -> Result<usize, EvalError> {
        let before = std::mem::replace(&mut self.bytes, bytes);
        // Relaxed: only the sum matters. It may wrap temporarily.
        let held = self
            .shared
            .held
            .fetch_add(bytes.wrapping_sub(before), Ordering::Relaxed);
        let held = held.wrapping_add(bytes).wrapping_sub(before);
        self.shared.check_memory(held).map(|()| held)
    }
}

impl Drop for MemoryAccount {
    fn drop(&mut self) {
        self.shared.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Shared {
    /// Fails if `bytes` exceed the limit.
    pub(crate) fn check_memory(&self, bytes: usize) -> Result<(), EvalError> {
        match self.memory {
            Some(limit) if bytes > limit => Err(EvalError::OutOfMemory { limit }),
            _ => Ok(()),
        }
    }

    /// Fails if `bytes`, beside those held, exceed the limit. `beside` is a lower bound of those held.
    pub(crate) fn check_more(&self, beside: usize, bytes: usize) -> Result<(), EvalError> {
        // Relaxed: as above.
        let held = self.held.load(Ordering::Relaxed).max(beside);
        self.check_memory(held.saturating_add(bytes))
    }
}
