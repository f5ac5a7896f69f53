//! Reduction steps, as observers see them.

use std::sync::Arc;

use pleach::term::Atom;

/// A reduction step, passed to an observer: see [`EvaluatorBuilder::trace`](crate::EvaluatorBuilder::trace).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Reduction<'a> {
    /// Number of expressions that wait for the result. Constant over the iterations of a loop that runs in constant stack.
    pub depth: usize,
    /// The redex: a call with evaluated arguments, or a form such as `if` or `let` as written, with its variables replaced.
    pub before: &'a Atom,
    /// The reducts, before they are evaluated in turn: none, one, or one for each rule or branch.
    pub after: &'a [Atom],
}

pub(crate) type Observer = Arc<dyn Fn(&Reduction<'_>) + Send + Sync>;
