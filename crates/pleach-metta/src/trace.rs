//! Reports each reduction to an observer.

use crate::canonical::canonical;
use crate::code::{Activation, Node, NodeIndex};
use crate::error::EvalError;
use crate::frame::Step;
use crate::machine::Machine;
use crate::reduction::Reduction;
use crate::value::{Answers, Value};
use pleach::term::Atom;

impl Machine {
    /// Runs as [`run`](Self::run) does, with an observer attached.
    #[cold]
    pub(crate) fn run_traced(&mut self, mut step: Step) -> Result<Answers, EvalError> {
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

    /// Computes an immediate value and reports its arithmetic.
    #[cold]
    pub(crate) fn immediate_traced(&self, act: &Activation, at: NodeIndex) -> Option<Value> {
        match act.node(at) {
            Node::Call(call) if call.is_arithmetic => self.traced_arithmetic(act, at, 0),
            _ => self.immediate(act, at),
        }
    }

    /// Reports the pending reduction with `step` as its reduct.
    #[cold]
    pub(crate) fn reduced(&mut self, step: &Step) {
        self.becomes(|| match step {
            Step::Eval(act, at) => vec![act.instantiate(*at)],
            Step::Atom(atom) => vec![atom.clone()],
            Step::Sibling(task, _) => vec![task.atom()],
            Step::Return(answers) => answers.iter().map(|answer| answer.value.atom.clone()).collect(),
        });
    }

    /// Reports the pending reduction.
    #[cold]
    pub(crate) fn becomes(&mut self, after: impl FnOnce() -> Vec<Atom>) {
        if let Some(before) = self.reducing.take() {
            self.observe(&before, &after(), 0);
        }
    }

    /// Drops the pending reduction: it continues after a subexpression is evaluated.
    #[inline]
    pub(crate) fn suspend_reduction(&mut self) {
        if self.tracing {
            self.reducing = None;
        }
    }

    /// Computes arithmetic and reports it; `deeper` expressions wait beside those on the stack.
    #[cold]
    pub(crate) fn traced_arithmetic(&self, act: &Activation, at: NodeIndex, deeper: usize) -> Option<Value> {
        let value = self.arithmetic(act, at)?;
        self.observe(&act.instantiate(at), std::slice::from_ref(&value), deeper);
        Some(Value::raw(value))
    }

    fn observe(&self, before: &Atom, after: &[Atom], deeper: usize) {
        let Some(observer) = &self.shared.trace else { return };
        // Irreducible.
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
