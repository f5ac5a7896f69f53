//! Frames: the continuations on the machine's stack, and the transitions between them.

mod combinations;
mod form;
mod query;
mod siblings;

use std::rc::Rc;

pub(crate) use self::combinations::{Combination, Combinations, Product};
pub(crate) use self::form::{Continuation, FormFrame};
pub(crate) use self::query::Query;
pub(crate) use self::siblings::{Branches, Group, Task, TaskKind, TaskSource};
use crate::code::{Activation, NodeIndex};
use crate::head::HeadInfo;
use crate::heap_size::HeapSize;
use crate::memo::MemoFrame;
use crate::subst::Scope;
use crate::value::{Answers, Value};
use pleach::env::SpaceId;
use pleach::term::Atom;

/// The next transition.
pub(crate) enum Step {
    /// Evaluates a node.
    Eval(Rc<Activation>, NodeIndex),
    /// Evaluates an atom.
    Atom(Atom),
    /// Evaluates a sibling of the innermost group, by its index, unless another thread has.
    Sibling(Box<Task>, u64),
    /// Passes answers to the top frame.
    Return(Answers),
}

impl Step {
    pub(crate) fn value(atom: Atom) -> Self {
        Self::Return(Answers::one(Value::raw(atom)))
    }
}

/// A continuation of the answers of a subexpression.
pub(crate) enum Frame {
    /// A call whose arguments have had one answer each so far: they are on the value stack, from `base` on.
    Args(Args),
    /// A call with an argument that had no or several answers.
    Combinations(Box<Combinations>),
    /// Siblings evaluated one after another.
    Branches(Box<Branches>),
    /// Adds the bindings of a scope to those of the answers.
    Scope(Scope),
    /// A special form.
    Form(FormFrame),
    /// Restores the home space.
    Home(Box<SavedHome>),
    /// Checks the answers against a type.
    Expected(Box<Atom>),
    /// Memoizes the answers of a call.
    Memo(Box<MemoFrame>),
    /// The bottom of a task's stack: whoever spawned it takes the answers.
    Task,
}

/// A home space to restore, with the stamp of its definitions when it was left.
pub(crate) struct SavedHome {
    pub(crate) space: Option<SpaceId>,
    pub(crate) definitions: u64,
}

pub(crate) struct Args {
    pub(crate) act: Rc<Activation>,
    pub(crate) at: NodeIndex,
    /// The item under evaluation.
    pub(crate) item: u32,
    pub(crate) base: usize,
    pub(crate) info: Rc<HeadInfo>,
    /// The index of the function type by which arguments are evaluated.
    pub(crate) signature: Option<u16>,
    /// Whether a group of siblings was opened.
    pub(crate) grouped: bool,
}

// One for each level of a program's recursion.
const _: () = assert!(size_of::<Frame>() <= 48);

impl Frame {
    pub(crate) fn measure(&self, sum: &mut HeapSize) {
        sum.bytes(size_of::<Self>());
        match self {
            Self::Args(args) => sum.activation(&args.act),
            Self::Combinations(rows) => rows.measure(sum),
            Self::Branches(branches) => branches.measure(sum),
            Self::Scope(scope) => scope.values().for_each(|atom| sum.atom(atom)),
            Self::Form(waiting) => waiting.measure(sum),
            Self::Expected(of_type) => sum.atom(of_type),
            Self::Home(_) | Self::Memo(_) | Self::Task => {}
        }
    }
}
