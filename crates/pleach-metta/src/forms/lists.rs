//! `map-atom`, `filter-atom` and `foldl-atom`.

use std::rc::Rc;

use super::{Part, Waiting, with_delta};
use crate::builtin::Special;
use crate::code::{Activation, At, Call, Node};
use crate::functions::{FILTER, TUPLE};
use crate::machine::{Frame, Machine, Step, is_error};
use crate::sibling::{Task, TaskKind};
use crate::value::{Answer, Answers, Value};
use crate::{Stop, error};
use pleach::term::Atom;

impl Machine {
    pub(crate) fn map(&mut self, act: &Rc<Activation>, at: At, call: &Call, special: Special) -> Result<Step, Stop> {
        let items = act.instantiate(call.item(1));
        let Some(items) = items.as_expression() else {
            let reason = Atom::string("an expression is expected as the first argument");
            return Ok(Step::value(error(act.instantiate(at), reason)));
        };
        let mut parts = Vec::with_capacity(items.len() + 2);
        match special {
            Special::FilterAtom => {
                parts.push(Atom::symbol(FILTER));
                let list = Atom::Expression(items.to_vec().into());
                parts.push(Atom::expression([Atom::symbol("quote"), list]));
            }
            _ => parts.push(Atom::symbol(TUPLE)),
        }
        for item in items {
            let value = Value::raw(item.clone());
            match self.match_pattern(Rc::clone(act), call.item(2), &value) {
                Some(found) => parts.push(found.act.instantiate(call.item(3))),
                None => return Ok(Step::Return(Answers::None)),
            }
        }
        Ok(Step::Atom(Atom::Expression(parts.into())))
    }

    /// Folds the items from `index` on; `so_far` is what those before came to.
    pub(crate) fn fold(
        &mut self,
        act: Rc<Activation>,
        at: At,
        index: usize,
        so_far: Option<Value>,
    ) -> Result<Step, Stop> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        let list = self.lazily(&act, call.item(1));
        let so_far = so_far.unwrap_or_else(|| self.lazily(&act, call.item(2)));
        let Some(items) = list.atom.as_expression() else {
            let reason = Atom::string("an expression is expected as the first argument");
            return Ok(Step::value(error(act.instantiate(at), reason)));
        };
        if is_error(&so_far.atom) {
            return Ok(Step::Return(Answers::one(so_far)));
        }
        let Some(item) = items.get(index) else {
            return Ok(if index == 0 {
                Step::Atom(so_far.atom)
            } else {
                Step::Return(Answers::one(so_far))
            });
        };
        self.count(|_| act.instantiate(at))?;
        let item = self.parts_of(&list).part(index, item);
        let first = self.match_pattern(Rc::clone(&act), call.item(3), &so_far);
        let both = first.and_then(|found| self.match_pattern(found.act, call.item(4), &item));
        match both {
            Some(found) => {
                let node = call.item(5);
                self.stack.push(Frame::Form(Waiting {
                    act: Rc::clone(&act),
                    at,
                    part: Part::Folded { index },
                }));
                Ok(Step::Eval(found.act, node))
            }
            None => Ok(Step::Return(Answers::None)),
        }
    }

    /// What is left of a fold, as a sibling.
    pub(crate) fn folded(act: &Rc<Activation>, at: At, index: usize, answer: Answer) -> Task {
        let own = with_delta(act, answer.delta.as_ref());
        Task {
            kind: TaskKind::Fold(own, at, index, answer.value),
            delta: answer.delta,
        }
    }
}

/// The fold of the items from `index` on.
pub(crate) fn rest_of_fold(act: &Activation, at: At, index: usize, so_far: &Atom) -> Atom {
    let mut items = match act.instantiate(at) {
        Atom::Expression(items) => items.to_vec(),
        atom => vec![atom],
    };
    if let Some(list) = items.get_mut(1) {
        let rest = list
            .as_expression()
            .unwrap_or_default()
            .get(index..)
            .unwrap_or_default();
        *list = Atom::expression(rest.iter().cloned());
    }
    if let Some(start) = items.get_mut(2) {
        *start = so_far.clone();
    }
    Atom::Expression(items.into())
}
