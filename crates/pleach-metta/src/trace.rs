//! Showing an evaluation's reductions, one by one.

use std::sync::Arc;

use super::Stop;
use super::code::{Activation, At, Node};
use super::machine::{Machine, Step};
use super::results::canonical;
use super::value::{Answers, Value};
use pleach::term::Atom;

/// One step of an evaluation, as an observer sees it: see [`EvaluatorBuilder::trace`](super::EvaluatorBuilder::trace).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Reduction<'a> {
    /// How many expressions wait for the result. It stays the same from call to call of a loop that runs in constant
    /// stack.
    pub depth: usize,
    /// What was reduced: a call with evaluated arguments, or a form such as `if` or `let` as it is written, its variables
    /// replaced.
    pub before: &'a Atom,
    /// What it became, before that is evaluated in turn: nothing, one atom, or one for each rule or branch.
    pub after: &'a [Atom],
}

pub(super) type Observer = Arc<dyn Fn(&Reduction<'_>) + Send + Sync>;

impl Machine {
    /// As [`run`](Self::run).
    #[cold]
    pub(super) fn run_watched(&mut self, mut step: Step) -> Result<Answers, Stop> {
        loop {
            if let Step::Return(answers) = step {
                if self.stack.is_empty() {
                    self.spend()?;
                    return Ok(answers);
                }
                step = Step::Return(answers);
            }
            match self.step(step)? {
                Some(next) => step = next,
                None => return Ok(Answers::None),
            }
        }
    }

    /// As [`quick`](Self::quick), for a node that nothing waits for but what is on the stack.
    #[cold]
    pub(super) fn quick_watched(&self, act: &Activation, at: At) -> Option<Value> {
        match act.node(at) {
            Node::Call(call) if self.is_plain(call.simple) => self.traced_arithmetic(act, at, 0),
            _ => self.quick(act, at),
        }
    }

    /// What is being reduced has come to this, if nobody has said so yet.
    #[cold]
    pub(super) fn reduced(&mut self, step: &Step) {
        self.becomes(|| match step {
            Step::Eval(act, at) => vec![act.instantiate(*at)],
            Step::Atom(atom) => vec![atom.clone()],
            Step::Sibling(task, _) => vec![task.atom()],
            Step::Return(answers) => answers.iter().map(|answer| answer.value.atom.clone()).collect(),
        });
    }

    /// What is being reduced becomes this; what follows is another reduction.
    #[cold]
    pub(super) fn becomes(&mut self, after: impl FnOnce() -> Vec<Atom>) {
        if let Some(before) = self.reducing.take() {
            self.observe(&before, &after(), 0);
        }
    }

    /// What is being reduced waits for a part of it.
    #[inline]
    pub(super) fn not_yet(&mut self) {
        if self.tracing {
            self.reducing = None;
        }
    }

    /// As [`quick`](Self::quick) for arithmetic, for which so many expressions wait beside those on the stack.
    #[cold]
    pub(super) fn traced_arithmetic(&self, act: &Activation, at: At, deeper: usize) -> Option<Value> {
        let value = self.arithmetic(act, at)?;
        self.observe(&act.instantiate(at), std::slice::from_ref(&value), deeper);
        Some(Value::raw(value))
    }

    fn observe(&self, before: &Atom, after: &[Atom], deeper: usize) {
        let Some(observer) = &self.shared.trace else { return };
        // It stands as it is.
        if matches!(after, [after] if after == before) {
            return;
        }
        let before = canonical(before);
        let after: Vec<Atom> = after.iter().map(canonical).collect();
        observer(&Reduction {
            depth: self.stack.len() + deeper,
            before: &before,
            after: &after,
        });
    }
}
