//! `map-atom`, `filter-atom` and `foldl-atom`.

use std::rc::Rc;

use crate::builtin::Special;
use crate::builtins::{FILTER, TUPLE};
use crate::code::{Activation, Call, Node, NodeIndex};
use crate::error::EvalError;
use crate::forms::with_subst;
use crate::frame::{Continuation, FormFrame, Frame, Step, Task, TaskKind};
use crate::machine::Machine;
use crate::symbols::{error_atom, is_error};
use crate::traversal::replace;
use crate::value::{Answer, Answers, Value};
use pleach::term::{Atom, Variable};

impl Machine {
    pub(crate) fn map(
        &mut self,
        act: &Rc<Activation>,
        at: NodeIndex,
        call: &Call,
        special: Special,
    ) -> Result<Step, EvalError> {
        let items = act.instantiate(call.item(1));
        let Some(items) = items.as_expression() else {
            let reason = Atom::string("an expression is expected as the first argument");
            return Ok(Step::value(error_atom(act.instantiate(at), reason)));
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

    /// Folds the items from `index` on into the accumulator `so_far`.
    pub(crate) fn fold(
        &mut self,
        act: Rc<Activation>,
        at: NodeIndex,
        index: usize,
        so_far: Option<Value>,
    ) -> Result<Step, EvalError> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        let list = self.lazily(&act, call.item(1));
        let so_far = so_far.unwrap_or_else(|| self.lazily(&act, call.item(2)));
        let Some(items) = list.atom.as_expression() else {
            let reason = Atom::string("an expression is expected as the first argument");
            return Ok(Step::value(error_atom(act.instantiate(at), reason)));
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
        let item = self.normal_items(&list).item(index, item);
        let slots = act.slots_at(&[call.item(3), call.item(4), call.item(5)]);
        let own = self.renamed_slots(&act, &slots);
        let first = self.match_pattern(own, call.item(3), &so_far);
        let both = first.and_then(|found| self.match_pattern(found.act, call.item(4), &item));
        match both {
            Some(found) => {
                let node = call.item(5);
                self.stack.push(Frame::Form(FormFrame {
                    act: Rc::clone(&act),
                    at,
                    then: Continuation::Folded { index },
                }));
                Ok(Step::Eval(found.act, node))
            }
            None => Ok(Step::Return(Answers::None)),
        }
    }

    /// Renames the variables of these slots apart: those of a template are new for each item, wherever else they occur,
    /// as in the reference.
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
            // Other slots keep their variables.
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

    /// Makes a sibling that continues a fold.
    pub(crate) fn folded(act: &Rc<Activation>, at: NodeIndex, index: usize, answer: Answer) -> Task {
        let own = with_subst(act, &answer.subst);
        Task {
            kind: TaskKind::Fold(own, at, index, answer.value),
            subst: answer.subst,
        }
    }
}
