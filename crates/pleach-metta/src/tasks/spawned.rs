//! Siblings in transit between threads.

use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::code::{Activation, Compiled, NodeIndex};
use crate::memo::Memo;
use crate::value::Value;
use pleach::Environment;
use pleach::env::SpaceId;
use pleach::term::{Atom, Variable};

/// A sibling in transit to another thread, which takes the same steps there.
pub(crate) enum SentTask {
    Eval(SentActivation, NodeIndex),
    Expect(SentActivation, NodeIndex, Atom),
    Pairs(SentActivation, NodeIndex, u32),
    Fold(SentActivation, NodeIndex, usize, Value),
    Atom(Atom),
    /// A call; the flag tells whether its head was a symbol before it was evaluated.
    Apply(Vec<Value>, bool, Option<u16>),
}

/// An activation in transit to another thread.
pub(crate) struct SentActivation {
    pub(crate) block: Arc<Compiled>,
    pub(crate) base: u64,
    pub(crate) values: SmallVec<[Value; 4]>,
}

impl SentActivation {
    pub(crate) fn new(act: &Activation) -> Self {
        Self {
            block: Arc::clone(&act.block),
            base: act.base,
            values: act.values.clone(),
        }
    }

    pub(crate) fn arrive(self) -> Rc<Activation> {
        Rc::new(Activation {
            block: Rc::new(self.block),
            base: self.base,
            values: self.values,
        })
    }
}

/// A spawned sibling, with all that another thread needs to evaluate it.
pub(crate) struct SpawnedTask {
    pub(crate) sent: SentTask,
    pub(crate) subst: Entries,
    pub(crate) env: Environment,
    pub(crate) home: Option<SpaceId>,
    pub(crate) normal_stamp: u64,
    pub(crate) path: u128,
    pub(crate) fresh: u64,
    pub(crate) level: u32,
    pub(crate) memo: Option<Memo>,
}

impl SpawnedTask {
    /// Returns its nesting depth.
    pub(crate) fn level(&self) -> u32 {
        self.level
    }
}

/// Bindings in transit to another thread.
pub(crate) type Entries = Vec<(Variable, Atom)>;

/// The outcome of a spawned sibling.
pub(crate) struct TaskResult {
    pub(crate) answers: Vec<(Value, Entries)>,
    /// Variables with ids from here on are the task's own.
    pub(crate) first: u64,
    pub(crate) env: Environment,
    pub(crate) normal_stamp: u64,
    pub(crate) steps: u64,
    pub(crate) names: u64,
    pub(crate) output: String,
    pub(crate) effects: u64,
    pub(crate) reads: u64,
    pub(crate) memo: Option<Memo>,
}
