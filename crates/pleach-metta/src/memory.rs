//! The limit of memory: what a machine holds, measured now and then.
//!
//! As a garbage collector does, a machine looks at all it holds when it has taken as many steps as it found cells the last
//! time, so measuring costs no more than a constant share of the evaluation. It looks sooner if it has lately grown so fast
//! that it would be beyond the limit by then, but not more than some times as often.

use std::collections::HashSet;
use std::mem::size_of;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::code::Activation;
use super::machine::{Frame, Machine};
use super::sibling::Group;
use super::value::{Answer, Delta, Value};
use super::{EvalError, Shared, Stop};
use pleach::term::Atom;

/// What a fact that was added is taken to hold in the environment, in bytes.
const FACT: usize = 100;

/// How many times as often as else a machine that grows measures itself, at most.
const OFTEN: u64 = 16;

/// The bytes that one task was last found to hold, as part of the sum of all tasks.
pub(super) struct Holding {
    shared: Arc<Shared>,
    bytes: usize,
    /// The step at which it was measured, and that at which to measure again.
    measured: u64,
    next: u64,
    /// The bytes of what was made at once since then.
    made: usize,
    /// The facts that were there when the task began.
    facts: usize,
}

impl Holding {
    pub(super) fn new(shared: &Arc<Shared>, facts: usize) -> Self {
        Self {
            shared: Arc::clone(shared),
            bytes: 0,
            measured: 0,
            next: 0,
            made: 0,
            facts,
        }
    }

    fn set(&mut self, bytes: usize) -> Result<(), Stop> {
        let before = std::mem::replace(&mut self.bytes, bytes);
        // Relaxed: only the sum matters. It may wrap on the way, and comes back.
        let held = self
            .shared
            .held
            .fetch_add(bytes.wrapping_sub(before), Ordering::Relaxed);
        self.shared.check_memory(held.wrapping_add(bytes).wrapping_sub(before))
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.shared.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Shared {
    /// Is that much too much?
    pub(super) fn check_memory(&self, bytes: usize) -> Result<(), Stop> {
        match self.memory {
            Some(limit) if bytes > limit => Err(EvalError::OutOfMemory { limit }),
            _ => Ok(()),
        }
    }
}

impl Shared {
    /// Is that much too much, beside what the tasks were found to hold, or so much if that is more by now?
    pub(super) fn check_more(&self, beside: usize, bytes: usize) -> Result<(), Stop> {
        // Relaxed: as above.
        let held = self.held.load(Ordering::Relaxed).max(beside);
        self.check_memory(held.saturating_add(bytes))
    }
}

impl Machine {
    /// Measures what the machine holds, if it is time.
    pub(super) fn check_memory(&mut self) -> Result<(), Stop> {
        if self.shared.memory.is_none() || self.steps < self.holding.next {
            return Ok(());
        }
        self.measure()
    }

    /// Some step makes that much at once: few such steps go beyond the limit.
    pub(super) fn made(&mut self, bytes: usize) -> Result<(), Stop> {
        self.holding.made = self.holding.made.saturating_add(bytes);
        match self.shared.memory {
            Some(limit) if self.holding.made > limit / 4 => {
                self.shared.check_memory(bytes)?;
                self.measure()
            }
            _ => Ok(()),
        }
    }

    fn measure(&mut self) -> Result<(), Stop> {
        let mut sum = Sum::default();
        // What was made room for, for it was there when there was more.
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
        for atom in self.inert.atoms() {
            sum.atom(atom);
        }
        for atom in self.known_types.atoms() {
            sum.atom(atom);
        }
        let facts = self.env.fact_count().saturating_sub(self.holding.facts);
        let bytes = sum.bytes + facts * FACT;
        let limit = self.shared.memory.unwrap_or(usize::MAX);
        let grown = bytes.saturating_sub(self.holding.bytes) as u128;
        let taken = u128::from(self.steps - self.holding.measured);
        // Half of the steps after which it would be there, if it went on growing like this.
        let left = (limit.saturating_sub(bytes) as u128 * taken).checked_div(2 * grown);
        let left = left.and_then(|left| u64::try_from(left).ok()).unwrap_or(u64::MAX);
        self.holding.measured = self.steps;
        self.holding.next = self.steps + left.clamp(sum.cells / OFTEN, sum.cells);
        self.holding.made = 0;
        self.holding.set(bytes)
    }
}

/// The bytes and cells that were seen; what is shared is counted once.
#[derive(Default)]
pub(super) struct Sum {
    bytes: usize,
    cells: u64,
    seen: HashSet<usize>,
}

impl Sum {
    pub(super) fn bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.cells += 1;
    }

    /// All of them.
    pub(super) fn total(&self) -> usize {
        self.bytes
    }

    pub(super) fn atom(&mut self, atom: &Atom) {
        /// The reference count and the length of an expression.
        const HEADER: usize = 24;
        let mut pending = vec![std::slice::from_ref(atom)];
        while let Some(items) = pending.pop() {
            for item in items {
                match item {
                    Atom::Expression(items) if !items.is_empty() && self.is_new(items.as_ptr()) => {
                        self.bytes(HEADER + items.len() * size_of::<Atom>());
                        pending.push(items);
                    }
                    Atom::String(text) if self.is_new(text.as_ptr()) => self.bytes(HEADER + text.len()),
                    _ => {}
                }
            }
        }
    }

    pub(super) fn value(&mut self, value: &Value) {
        self.bytes(size_of::<Value>());
        self.atom(&value.atom);
    }

    pub(super) fn answer(&mut self, answer: &Answer) {
        self.bytes(size_of::<Answer>());
        self.atom(&answer.value.atom);
        answer.delta.iter().for_each(|delta| self.delta(delta));
    }

    pub(super) fn delta(&mut self, delta: &Delta) {
        if self.is_new(delta.as_ptr()) {
            self.bytes(size_of_val(&**delta) + 2 * size_of::<usize>());
            delta.iter().for_each(|(_, atom)| self.atom(atom));
        }
    }

    pub(super) fn activation(&mut self, act: &Rc<Activation>) {
        if !self.is_new(Rc::as_ptr(act)) {
            return;
        }
        self.bytes(size_of::<Activation>() + 2 * size_of::<usize>());
        if Rc::strong_count(&act.block) == 1 && Arc::strong_count(&act.block) == 1 {
            // Compiled for this evaluation alone.
            self.bytes(act.block.bytes());
        }
        if act.values.spilled() {
            self.bytes(act.values.len() * size_of::<Value>());
        }
        act.values.iter().for_each(|value| self.atom(&value.atom));
    }

    fn is_new<T>(&mut self, address: *const T) -> bool {
        self.seen.insert(address as usize)
    }
}

impl Frame {
    fn measure(&self, sum: &mut Sum) {
        sum.bytes(size_of::<Self>());
        match self {
            Self::Args(args) => sum.activation(&args.act),
            Self::Rows(rows) => rows.measure(sum),
            Self::Branches(branches) => branches.measure(sum),
            Self::Compose(entries) => entries.iter().for_each(|(_, atom)| sum.atom(atom)),
            Self::Form(waiting) => waiting.measure(sum),
            Self::Expected(of_type) => sum.atom(of_type),
            Self::Home(_) | Self::Memo(_) | Self::Task => {}
        }
    }
}
