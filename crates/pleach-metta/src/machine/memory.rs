//! Measuring what a machine holds.

use crate::error::EvalError;
use crate::frame::{Frame, Group};
use crate::heap_size::HeapSize;
use crate::machine::Machine;
use crate::memory::{FACT_BYTES, MAX_SPEEDUP};
use crate::tasks::SpawnedTask;
use crate::value::Value;

/// The bytes of a sibling that was spawned: what is sent, with the values of a small activation, its handle, and its places in the
/// queues of tasks and of the pool.
const SPAWNED_BYTES: usize = size_of::<SpawnedTask>() + 8 * size_of::<Value>();

impl Machine {
    /// Measures what the machine holds, if it is due.
    pub(crate) fn check_memory(&mut self) -> Result<(), EvalError> {
        if self.shared.memory.is_none() || self.steps < self.account.next {
            return Ok(());
        }
        self.measure()
    }

    /// Accounts for a large allocation.
    pub(crate) fn allocated(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.account.allocated = self.account.allocated.saturating_add(bytes);
        match self.shared.memory {
            Some(limit) if self.account.allocated > limit / 4 => {
                self.shared.check_memory(bytes)?;
                self.measure()
            }
            _ => Ok(()),
        }
    }

    fn measure(&mut self) -> Result<(), EvalError> {
        let mut sum = HeapSize::default();
        // Reserved capacity counts: it was used once.
        let groups = self.groups.capacity() * size_of::<Group>();
        let frames = (self.stack.capacity() - self.stack.len()) * size_of::<Frame>();
        let values = (self.vals.capacity() - self.vals.len()) * size_of::<Value>();
        sum.bytes(groups + frames + values);
        let spawned: usize = self.groups.iter().map(|group| group.handles.len()).sum();
        sum.bytes(spawned * SPAWNED_BYTES);
        for frame in &self.stack {
            frame.measure(&mut sum);
        }
        for value in &self.vals {
            sum.value(value);
        }
        for atom in self.normal_forms.atoms() {
            sum.atom(atom);
        }
        for atom in self.type_cache.atoms() {
            sum.atom(atom);
        }
        let facts = self.env.fact_count().saturating_sub(self.account.facts);
        let bytes = sum.total() + facts * FACT_BYTES;
        let limit = self.shared.memory.unwrap_or(usize::MAX);
        let grown = bytes.saturating_sub(self.account.bytes) as u128;
        let taken = u128::from(self.steps - self.account.measured);
        let held = self.account.set(bytes)?;
        // Half of the steps to the limit, if all threads grow as this one does.
        let growth = 2 * grown * self.shared.threads as u128;
        let left = (limit.saturating_sub(held) as u128 * taken).checked_div(growth);
        let left = left.and_then(|left| u64::try_from(left).ok()).unwrap_or(u64::MAX);
        let fastest = MAX_SPEEDUP * self.shared.threads as u64;
        self.account.measured = self.steps;
        self.account.next = self.steps + left.clamp(sum.cells() / fastest, sum.cells());
        self.account.allocated = 0;
        Ok(())
    }
}
