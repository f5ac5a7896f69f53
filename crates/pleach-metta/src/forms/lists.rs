//! `map-atom`, `filter-atom` and `foldl-atom`.

use std::rc::Rc;

use super::{Part, Waiting, with_delta};
use crate::builtin::Special;
use crate::code::{Activation, At, Call, Node};
use crate::functions::{FILTER, TUPLE};
use crate::machine::{Frame, Machine, Step, is_error};
use crate::sibling::{Task, TaskKind};
use crate::value::{Answer, Answers, Value, replace};
use crate::{Stop, error};
use pleach::term::{Atom, Variable};

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
        let slots = act.slots_at(&[call.item(2), call.item(3)]);
        for item in items {
            let value = Value::raw(item.clone());
            let own = self.renamed_slots(act, &slots);
            match self.match_pattern(own, call.item(2), &value) {
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
        let slots = act.slots_at(&[call.item(3), call.item(4), call.item(5)]);
        let own = self.renamed_slots(&act, &slots);
        let first = self.match_pattern(own, call.item(3), &so_far);
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

    /// The activation with new variables in these slots: those of a template are new for each item, whoever else holds
    /// them, as in the reference.
    fn renamed_slots(&mut self, act: &Rc<Activation>, slots: &[u32]) -> Rc<Activation> {
        let is_open = |slot: &u32| {
            let value = &act.values[*slot as usize];
            !value.is_set() || !value.atom.is_ground()
        };
        if !slots.iter().any(is_open) {
            return Rc::clone(act);
        }
        let mut own = Activation::clone(act);
        own.base = self.fresh;
        self.fresh += own.values.len() as u64;
        let mut names: Vec<(Variable, Atom)> = Vec::new();
        for slot in 0..own.values.len() as u32 {
            // The others keep their variables.
            if let (false, Atom::Variable(variable)) = (own.values[slot as usize].is_set(), act.variable(slot)) {
                if slots.contains(&slot) {
                    names.push((variable, own.variable(slot)));
                } else {
                    own.values[slot as usize] = Value::raw(Atom::Variable(variable));
                }
            }
        }
        let fresh = &mut self.fresh;
        for slot in slots.iter().filter(|slot| is_open(slot)) {
            own.values[*slot as usize].replace_by(|atom| {
                replace(atom, &mut |variable| {
                    if let Some((_, new)) = names.iter().find(|(known, _)| known == variable) {
                        return Some(new.clone());
                    }
                    let new = Atom::Variable(Variable::numbered(variable.name(), *fresh)?);
                    *fresh += 1;
                    names.push((*variable, new.clone()));
                    Some(new)
                })
            });
        }
        Rc::new(own)
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
