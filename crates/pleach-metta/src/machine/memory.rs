//! Measuring what a machine holds.

use crate::error::EvalError;
use crate::frame::{Frame, Group};
use crate::heap_size::HeapSize;
use crate::machine::Machine;
use crate::memory::{FACT_BYTES, MAX_SPEEDUP};
use crate::value::Value;

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
        // Half of the steps to the limit at the present growth.
        let left = (limit.saturating_sub(bytes) as u128 * taken).checked_div(2 * grown);
        let left = left.and_then(|left| u64::try_from(left).ok()).unwrap_or(u64::MAX);
        self.account.measured = self.steps;
        self.account.next = self.steps + left.clamp(sum.cells() / MAX_SPEEDUP, sum.cells());
        self.account.allocated = 0;
        self.account.set(bytes)
    }
}
